/* Any bytes as a Compose file: no crash, a report with a sentence in each line; what becomes a manifest is one. */
#include "package/compose.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        static const char* const variables[] = { NULL, "A=1\nDB_PASSWORD=se{{cr}}et\nTAG=2\n" };
        for (size_t k = 0; k < ELEMENTS(variables); k++) {
                _cleanup_compose_ Compose c = {};
                _cleanup_error_ Error e = ERROR_NULL;
                const ComposeOptions options = { .variables = variables[k], .host_network = k == 1 };
                size_t i;
                const json_t* line;
                if (compose_read((const char*) data, size, &options, &c, &e) < 0) {
                        assert(error_is_set(&e) && e.name != ERROR_INTERNAL);
                        continue;
                }
                json_array_foreach(json_object_get(c.report, "lines"), i, line)
                        assert(*strempty(json_get_string(line, "sentence")));
                assert(json_get_boolean(c.report, "possible", false) == (c.manifest != NULL));
                if (c.manifest) {
                        _cleanup_json_ json_t* again = NULL;
                        _cleanup_free_ char* text = json_text(c.manifest, false);
                        assert(manifest_check(c.manifest, MANIFEST_LOCAL, &again, &e) >= 0 && json_equal(c.manifest, again));
                        assert(!strstr(text, "se{{cr}}et")); /* secret values are not in it */
                } else
                        assert(compose_refusal(&c, &e) < 0);
        }
        return 0;
}
