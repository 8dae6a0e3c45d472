#include "package/manifest-internal.h"
#include "package/icon.h"

static int normalise(const json_t* json, ManifestOrigin origin, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *author = NULL, *whole = NULL;
        int r = rules_check(manifest_rules, json, NULL, &author, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* written = json_deep_copy(author); /* lists that are added to are nobody else's */
        if (!written)
                return -ENOMEM;
        r = manifest_expand_addons(written, reterr);
        if (r >= 0)
                r = rules_check(manifest_rules, written, NULL, &whole, reterr); /* with addons it may have become too much */
        if (r >= 0)
                r = manifest_check_whole(whole, origin, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(whole);
        return r;
}

/* Limits that follow from one another. */
static int check_resources(const json_t* manifest, Error* reterr) {
        const json_t* resources = json_object_get(manifest, "resources");
        if (json_get_integer(resources, "memory_max_mb", 0) < json_get_integer(resources, "memory_mb", 0))
                return error_field(reterr, ERROR_BAD_FIELD, "resources.memory_max_mb",
                        "resources.memory_max_mb is less than memory_mb, what the app needs.");
        return 0;
}

int manifest_check(const json_t* json, ManifestOrigin origin, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* manifest = NULL;
        int r = normalise(json, origin, &manifest, reterr);
        if (r >= 0)
                r = check_resources(manifest, reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* text = json_text(manifest, false);
        if (!text)
                return -ENOMEM;
        if (strlen(text) > MANIFEST_BYTES_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "The manifest has more than %u KiB, written out.", MANIFEST_BYTES_MAX / 1024);
        *ret = TAKE_PTR(manifest);
        return 0;
}

int manifest_parse(const char* text, size_t size, json_t** ret, char** ret_icon, Error* reterr) {
        _cleanup_json_ json_t *json = NULL, *manifest = NULL;
        _cleanup_free_ char* icon = NULL;
        if (size > MANIFEST_BYTES_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "The manifest has more than %u KiB.", MANIFEST_BYTES_MAX / 1024);
        int r = json_parse_object(text, size, &json, reterr);
        if (r < 0)
                return r;
        const json_t* drawn = json_object_get(json, "icon");
        if (drawn && !json_is_string(drawn))
                return error_field(reterr, ERROR_BAD_FIELD, "icon", "icon must be a data: URL.");
        if (drawn) {
                r = icon_check(json_string_value(drawn), reterr);
                if (r < 0)
                        return r;
                icon = strdup(json_string_value(drawn));
                if (!icon)
                        return -ENOMEM;
        }
        (void) json_object_del(json, "icon");
        (void) json_object_del(json, "$schema"); /* for editors */
        r = manifest_check(json, MANIFEST_PACKAGE, &manifest, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(manifest);
        if (ret_icon)
                *ret_icon = TAKE_PTR(icon);
        return 0;
}
