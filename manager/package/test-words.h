/* For tests: whether a manifest that somebody hostile had a hand in holds anything that a unit, a file
 * name, a configuration or a bundle would carry through. */
#pragma once
#include "base/test.h"
#include "base/json.h"
#include "base/validate.h"

/* Words that end up in units, file names and configurations hold nothing but what such words may hold;
 * commands and variables go into a bundle as JSON and hold no control characters but newline and tab. */
static inline bool word_is_plain(const char* s) {
        for (; *s; s++)
                if ((unsigned char) *s < 0x20 || *s == 0x7f || strchr("\"'\\$%;{}`|<>&\n", *s))
                        return false;
        return true;
}

/* key: what value is called; what: the text that it came from, for who reads of a failure. */
static inline void words_look(const json_t* value, const char* key, const char* what) {
        static const char* const free_texts[] = {
                "env",   "args", "command", "title", "summary", "description", "notes", "purpose",
                "label", "help", "reason",  "dump",  "restore", "initial",     "choices",
        };
        bool is_free = false;
        const char* name;
        json_t* member;
        size_t i;
        for (i = 0; i < ELEMENTS(free_texts); i++)
                is_free = is_free || streq(key, free_texts[i]);
        if (json_is_string(value) && !(is_free ? text_valid(json_string_value(value), true) : word_is_plain(json_string_value(value))))
                TEST_FAIL("%s: %s is \"%s\"", what, key, json_string_value(value));
        json_array_foreach((json_t*) value, i, member)
                words_look(member, key, what);
        json_object_foreach((json_t*) value, name, member) {
                if (!word_is_plain(name))
                        TEST_FAIL("%s: %s has the key \"%s\"", what, key, name);
                words_look(member, is_free ? key : name, what);
        }
}
