#include "job/job-message.h"
#include "base/validate.h"

void message_done(Message* m) {
        json_decref(m->whole);
        *m = (Message) {};
}

static int bad(Error* reterr, const char* what) {
        return error_set(reterr, ERROR_BAD_REQUEST, "The worker's message is wrong: %s.", what);
}

/* Texts are shown to people and kept: no control characters, and not longer than a sentence needs. Cut at a character's border. */
static const char* text_of(json_t* object, const char* key) {
        json_t* value = json_object_get(object, key);
        const char* s = json_string_value(value);
        if (!s || !text_valid(s, /* newlines= */ false))
                return NULL;
        size_t n = strlen(s);
        if (n <= MESSAGE_TEXT_MAX)
                return s;
        for (n = MESSAGE_TEXT_MAX; n > 0 && ((unsigned char) s[n] & 0xc0) == 0x80;)
                n--;
        if (json_string_setn(value, s, n) < 0)
                return NULL;
        return json_string_value(value);
}

static int parse_log(Message* m, json_t* log, Error* reterr) {
        static const char* const levels[] = { "info", "warning", "error" };
        const char* level = json_get_string(log, "level");
        m->kind = MESSAGE_LOG;
        m->text = text_of(log, "text");
        for (size_t i = 0; level && i < ELEMENTS(levels); i++)
                if (streq(level, levels[i]))
                        m->level = levels[i];
        return m->text && m->level ? 0 : bad(reterr, "a log line needs level and text");
}

static int parse_error(Message* m, json_t* error, Error* reterr) {
        const char* name = json_get_string(error, "name");
        m->kind = MESSAGE_ERROR;
        m->object = error;
        m->text = text_of(error, "message");
        if (!m->text || !name || error_name_from_string(name) < 0)
                return bad(reterr, "an error needs a known name and a message");
        return 0;
}

static int parse_progress(Message* m, Error* reterr) {
        json_t* percent = json_object_get(m->whole, "percent");
        m->kind = MESSAGE_PROGRESS;
        m->stage = json_get_string(m->whole, "stage");
        m->text = text_of(m->whole, "message");
        if (json_is_integer(percent)) {
                if (json_integer_value(percent) < 0 || json_integer_value(percent) > 100)
                        return bad(reterr, "percent is outside 0 to 100");
                m->percent = (int) json_integer_value(percent);
        }
        return m->stage || m->text || m->percent >= 0 ? 0 : bad(reterr, "it says nothing that is known");
}

static int parse(Message* m, Error* reterr) {
        json_t* part;
        if ((part = json_object_get(m->whole, "hello"))) {
                m->kind = MESSAGE_HELLO;
                m->id = json_string_value(part);
                return m->id && id_valid(m->id) ? 0 : bad(reterr, "hello needs a job's id");
        }
        if ((part = json_object_get(m->whole, "log")))
                return parse_log(m, part, reterr);
        if ((part = json_object_get(m->whole, "error")))
                return parse_error(m, part, reterr);
        bool ask = (part = json_object_get(m->whole, "ask"));
        if (part || (part = json_object_get(m->whole, "result"))) {
                m->kind = ask ? MESSAGE_ASK : MESSAGE_RESULT;
                m->object = part;
                return json_is_object(part) ? 0 : bad(reterr, "an object is wanted");
        }
        return parse_progress(m, reterr);
}

int message_parse(const char* line, size_t size, Message* ret, Error* reterr) {
        Message m = { .percent = -1 };
        int r = json_parse_object(line, size, &m.whole, reterr);
        if (r < 0)
                return r;
        r = parse(&m, reterr);
        if (r < 0) {
                message_done(&m);
                return r;
        }
        *ret = m;
        return 0;
}
