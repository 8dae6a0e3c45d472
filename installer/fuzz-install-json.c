/* install.json: whatever comes in, it is refused with a sentence or falls into parts that are good again. */
#include "base/error.h"
#include "install-json.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        _cleanup_(config_freep) Config *c = NULL, *again = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        if (config_parse((const char*) data, size, &c, &e) < 0) {
                assert(error_is_set(&e));
                return 0;
        }
        _cleanup_json_ json_t *rest = config_without_secrets(c), *settings = config_settings(c), *presets = config_presets(c);
        _cleanup_free_ char* text = rest ? json_text(rest, /* canonical= */ false) : NULL;
        assert(!text || !settings || !presets || config_parse(text, strlen(text), &again, NULL) >= 0 || config_has_secrets(c));
        assert(!again || !config_has_secrets(again));
        return 0;
}
