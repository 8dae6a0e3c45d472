/* Any bytes as a registry's document: an index, a manifest, a configuration. What a job takes, the manager takes from the job. */
#include "image/document.h"
#include "image/result.h"
#include <stdio.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAYERS_TRIED 3 /* configurations are tried with so many layers, at most */

static void document(const char* text, size_t size, const char* type) {
        _cleanup_error_ Error e = ERROR_NULL;
        ImageDocument d;
        if (image_document_parse("x", text, size, type, "amd64", &d, &e) < 0) {
                assert(error_has_name(&e, ERROR_BAD_IMAGE));
                return;
        }
        if (d.is_index) {
                assert(image_hex_valid(d.chosen.hex) && d.chosen.size <= IMAGE_DOCUMENT_MAX && d.layers_n == 0);
                return;
        }
        assert(image_hex_valid(d.config.hex) && d.config.size <= IMAGE_CONFIG_MAX);
        assert(d.layers_n >= 1 && d.layers_n <= d.layers_told && d.layers_told <= IMAGE_LAYERS_MAX);
        for (size_t i = 0; i < d.layers_n; i++) {
                assert(image_hex_valid(d.layers[i].hex) && d.layers[i].size <= IMAGE_LAYER_MAX);
                for (size_t k = 0; k < i; k++)
                        assert(!streq(d.layers[k].hex, d.layers[i].hex));
        }
}

static void configuration(const char* text, size_t size, size_t layers_n) {
        _cleanup_json_ json_t *config = NULL, *result = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        if (image_config_parse("x", text, size, layers_n, "amd64", &config, &e) < 0) {
                assert(error_has_name(&e, ERROR_BAD_IMAGE));
                return;
        }
        result = json_pack("{s:[{s:s, s:s, s:s, s:[s], s:i, s:i, s:O, s:{s:{s:i, s:i, s:[]}}}]}", "images", "reference", "a", "pinned",
                           "a.example/a@sha256:" HEX, "digest", "sha256:" HEX, "layers", HEX, "size", 0, "fetched", 0, "config", config, "users", "",
                           "uid", 0, "gid", 0, "groups");
        assert(result && image_result_check(result, /* look= */ false, &e) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        const char* text = (const char*) data;
        document(text, size, NULL);
        document(text, size, "application/vnd.oci.image.manifest.v1+json");
        for (size_t i = 0; i < LAYERS_TRIED; i++)
                configuration(text, size, i);
        return 0;
}
