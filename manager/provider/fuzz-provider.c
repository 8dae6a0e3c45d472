/* Answers of providers as a hostile one could send them: the first byte says whose they are. What comes out is in our form, within limits, and
 * can be compared with a plan and written down again. */
#include "base/validate.h"
#include "provider/plan.h"
#include "provider/provider-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void check_value(const char* type, const char* value) {
        _cleanup_free_ char *text = NULL, *back = NULL;
        if (*value == '"') /* kept, because it could not be read */
                return;
        text = record_value_text(type, value);
        assert(text && utf8_valid(value, strlen(value)));
        int r = record_value_parse(type, text, NULL, &back);
        assert(r >= 0 && streq(back, value));
}

static void check_sets(const json_t* sets) {
        size_t i, k;
        json_t *set, *v;
        assert(json_array_size(sets) <= RECORD_SETS_MAX);
        json_array_foreach(sets, i, set) {
                const json_t* values = json_object_get(set, "values");
                assert(json_array_size(values) > 0 && json_array_size(values) <= RECORD_VALUES_MAX);
                json_array_foreach(values, k, v)
                        check_value(json_get_string(set, "type"), json_string_value(v));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        static int (*const parsers[])(const json_t* body, const ParseContext* c, json_t* sets) = {
                cloudflare_records_parse, hetzner_sets_parse, desec_sets_parse, digitalocean_records_parse,
        };
        static const char* const owners[] = { "example.com", "my.example.com", "_sip._tcp.example.com" };
        const ParseContext c = { .zone = "example.com", .owners = owners, .n_owners = ELEMENTS(owners) };
        _cleanup_json_ json_t *body = NULL, *sets = json_array(), *wanted = NULL, *changes = NULL;
        char text[256];
        if (size < 2 || size > 65536 || fetch_body_parse("it", (const char*) data + 1, size - 1, &body, NULL) < 0)
                return 0;
        (void) provider_error_text(body, "secret", text, sizeof(text));
        (void) parsers[data[0] % ELEMENTS(parsers)](body, &c, sets);
        check_sets(sets);
        wanted = json_pack("[{s:s, s:s, s:s, s:[s]}, {s:s, s:s, s:s, s:[s]}]", "id", "a", "owner", "my.example.com", "type", "A", "values", "192.0.2.1", "id",
                           "spf", "owner", "example.com", "type", "TXT", "values", "v=spf1 mx -all");
        int r = plan_make(wanted, sets, NULL, &changes, NULL);
        assert(r >= 0 && json_array_size(changes) == 2);
        _cleanup_json_ json_t* hostile = NULL;
        (void) plan_make(body, sets, body, &hostile, NULL);
        return 0;
}
