/* Tables that say what a JSON object may hold. One walk checks a stranger's object, writes absent keys out with their defaults and refuses
 * keys that are not there; the same tables are printed as JSON Schema, so that what is documented is what is checked. */
#pragma once
#include "base/json.h"

typedef enum RuleKind {
        RULE_STRING,
        RULE_INTEGER,
        RULE_BOOLEAN,
        RULE_STRINGS,
        RULE_INTEGERS,
        RULE_TEXTS,     /* {"en": "..", "de": ".."}: languages; English must be there */
        RULE_VARIABLES, /* {"NAME": "text"} */
        RULE_OBJECT,
        RULE_OBJECTS,
} RuleKind;

typedef struct Rule {
        const char* key;
        RuleKind kind;
        const char* otherwise;        /* JSON for where the key is absent ("null" also lets null in); NULL = the key is required */
        int64_t min, max;             /* integers: value; strings, texts: bytes; lists, variables: how many */
        int64_t item_max;             /* members of lists and variables: bytes of each; integers: the largest */
        bool lines;                   /* texts may have several lines */
        bool (*valid)(const char* s); /* of a string, or each member */
        const char* choices;          /* "a|b": the only ones */
        const char* pattern;          /* what valid() wants, for the schema; may be wider */
        const char* must;             /* "an absolute path without ..": what is said when valid() refuses */
        const struct Rule* rules;     /* of an object, or each */
        const char* about;
} Rule;

/* Where in the document: "containers[0].image" */
typedef struct RulePath {
        char text[192];
} RulePath;
RulePath rule_path(const RulePath* up, const char* key);
RulePath rule_path_at(const RulePath* up, size_t index);

/* *ret is owned, with exactly the keys of the table. */
int rules_check(const Rule* rules, const json_t* object, const RulePath* path, json_t** ret, Error* reterr);
/* The table as a JSON Schema object (draft 2020-12); owned, NULL on out of memory. */
json_t* rules_schema(const Rule* rules);
bool rule_choice(const char* choices, const char* s);
