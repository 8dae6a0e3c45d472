/* Any bytes as a package: no crash; what is accepted is accepted again unchanged, and nothing in it is beyond what a record may hold. */
#include "package/manifest.h"
#include "run/record.h"

static void within_limits(const json_t* manifest) {
        size_t i;
        const json_t* container;
        assert(json_array_size(json_object_get(manifest, "containers")) <= APP_CONTAINERS_MAX);
        json_array_foreach(json_object_get(manifest, "containers"), i, container) {
                assert(json_array_size(json_object_get(container, "args")) <= APP_ARGS_MAX);
                assert(json_array_size(json_object_get(container, "mounts")) <= APP_MOUNTS_MAX);
                assert(json_object_size(json_object_get(container, "env")) <= APP_ENV_MAX);
                assert(image_reference_pinned(json_get_string(container, "image")));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        _cleanup_json_ json_t *manifest = NULL, *again = NULL;
        _cleanup_free_ char* icon = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        int r = manifest_parse((const char*) data, size, &manifest, &icon, &e);
        if (r < 0) {
                assert(error_is_set(&e));
                return 0;
        }
        within_limits(manifest);
        assert(manifest_check(manifest, MANIFEST_PACKAGE, &again, &e) >= 0);
        assert(json_equal(manifest, again));
        assert(manifest_version_compare(json_get_string(manifest, "version"), json_get_string(again, "version")) == 0);
        return 0;
}
