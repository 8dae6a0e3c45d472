#include "provider/test-work.h"

Outside outside;

json_t* parse(const char* text) {
        _cleanup_free_ char* copy = strdup(text);
        for (char* p = copy; *p; p++)
                if (*p == '\'')
                        *p = '"';
        json_t* j = json_loads(copy, JSON_REJECT_DUPLICATES, NULL);
        if (!j)
                TEST_FAIL("not JSON: %s", copy);
        return j;
}

int outside_wait(uint64_t usec, void* userdata) {
        outside.waited_usec += usec;
        return 0;
}

static bool on_cancelled(void* userdata) {
        if (outside.cancel_after < 0)
                return false;
        return outside.cancel_after-- <= 0 ? (outside.cancel_after = 0, true) : false;
}

static int on_tell(json_t* message, void* userdata, Error* reterr) {
        if (outside.tell_until == 0) {
                json_decref(message);
                return error_set(reterr, ERROR_WRONG_STATE, "Killed.");
        }
        if (outside.tell_until > 0)
                outside.tell_until--;
        (void) json_array_append_new(outside.told, message);
        return 0;
}

static void on_progress(const char* stage, int percent, const char* sentence, void* userdata) {
        ASSERT_TRUE(percent >= 0 && percent <= 100 && !isempty(stage) && !isempty(sentence) && !strstr(sentence, TOKEN));
}

int work_with(const char* token, const char* kind, const char* mode, const char* domain, const char* more, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* request = parse(more ?: "{}");
        (void) json_object_update_new(request, json_pack("{s:s, s:s, s:s}", "mode", mode, "domain", domain, "kind", kind));
        const ProviderOptions o = { .token = token, .options = json_object_get(request, "options"), .base_url = outside.url, .cancelled = on_cancelled,
                                    .wait = outside_wait };
        const WorkEvents events = { .tell = on_tell, .progress = on_progress };
        int r = work_run(request, &o, &events, ret, reterr);
        if (r < 0) {
                ASSERT_TRUE(error_is_set(reterr));
                ASSERT_FALSE(strstr(reterr->message, TOKEN));
        }
        return r;
}

const char* action_of(const json_t* result, size_t i) {
        return json_get_string(json_array_get(json_object_get(result, "changes"), i), "action");
}
