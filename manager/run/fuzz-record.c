/* record.json as a broken disk would give it: whatever is taken has passed its check, gives a bundle, and is written as it was read. */
#include "run/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        _cleanup_json_ json_t* j = NULL;
        _cleanup_(app_record_freep) AppRecord *a = NULL, *b = NULL;
        if (json_parse_object((const char*) data, size, &j, NULL) < 0 || app_record_from_json(j, &a, NULL) < 0)
                return 0;
        assert(app_record_check(a, NULL) >= 0);
        _cleanup_json_ json_t* again = app_record_to_json(a);
        assert(app_record_from_json(again, &b, NULL) >= 0);
        for (size_t i = 0; i < a->containers_n; i++) {
                json_t* bundle = bundle_config(a, &a->containers[i]);
                assert(bundle);
                json_decref(bundle);
        }
        return 0;
}
