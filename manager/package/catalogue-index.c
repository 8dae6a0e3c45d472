#include "package/catalogue-index.h"
#include "package/manifest-internal.h"
#include "base/validate.h"
#include <stdio.h>

static bool sha256_valid(const char* s) {
        return strlen(s) == 64 && s[strspn(s, "0123456789abcdef")] == 0;
}

static bool file_valid(const char* s) {
        size_t n = strlen(s);
        return n > 5 && streq(s + n - 5, ".json") && s[0] != '.' && !strstr(s, "..")
                && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~_-")] == 0;
}

static const Rule offer_rules[] = {
        { "package", RULE_STRING, NULL, 1, 32, .valid = id_valid, .must = "1 to 32 of a-z and 0-9", .about = "The package." },
        { "version", RULE_STRING, NULL, 1, 64, .valid = manifest_version_valid, .must = "a version", .about = "Its version." },
        { "file", RULE_STRING, NULL, 6, 120, .valid = file_valid, .must = "a file name that ends in .json", .about = "Its file." },
        { "sha256", RULE_STRING, NULL, 64, 64, .valid = sha256_valid, .must = "64 hex digits", .about = "Its file's SHA-256." },
        {},
};
const Rule catalogue_index_rules[] = {
        { "format", RULE_INTEGER, NULL, 1, 1, .about = "1." },
        { "serial", RULE_INTEGER, NULL, 1, INT64_C(1) << 53, .about = "Larger than that of every index before." },
        { "made_at", RULE_INTEGER, NULL, 0, INT64_C(1) << 53, .about = "When it was made." },
        { "expires_at", RULE_INTEGER, NULL, 0, INT64_C(1) << 53, .about = "Until when it is good." },
        { "name", RULE_STRING, NULL, 1, 64, .about = "What people call the catalogue." },
        { "end_of_life", RULE_VARIABLES, "{}", 0, 256, 10, .about = "Packages that nobody cares for any more after a date." },
        { "offers", RULE_OBJECTS, NULL, 0, CATALOGUE_OFFERS_MAX, .rules = offer_rules, .about = "What is offered." },
        {},
};

static int check_offers(const json_t* index, Error* reterr) {
        const json_t* offers = json_object_get(index, "offers");
        _cleanup_json_ json_t* newest = json_object(); /* package -> the last version seen, which must sink */
        for (size_t i = 0; i < json_array_size(offers); i++) {
                const json_t* offer = json_array_get(offers, i);
                const char *package = json_get_string(offer, "package"), *version = json_get_string(offer, "version");
                const char* before = json_get_string(newest, package);
                if (before && manifest_version_compare(version, before) >= 0)
                        return error_set(reterr, ERROR_BAD_FIELD, "The catalogue's index has %s %s behind %s; the newest must come first.", package,
                                version, before);
                if (json_object_set_new(newest, package, json_string(version)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int check_time(const json_t* index, int64_t serial_least, int64_t now, Error* reterr) {
        int64_t serial = json_get_integer(index, "serial", 0), made = json_get_integer(index, "made_at", 0);
        int64_t expires = json_get_integer(index, "expires_at", 0);
        if (serial < serial_least)
                return error_set(reterr, ERROR_WRONG_STATE, "The catalogue's index has serial %lld, and %lld was here already: somebody shows an old "
                        "one.", (long long) serial, (long long) serial_least);
        if (now == 0)
                return 0;
        if (made > now + CATALOGUE_CLOCK_SKEW)
                return error_set(reterr, ERROR_WRONG_STATE, "The catalogue's index comes from the future; please look at the box's clock.");
        if (expires <= now)
                return error_set(reterr, ERROR_WRONG_STATE, "The catalogue's index has expired: whoever makes it has not renewed it.");
        if (expires - made > CATALOGUE_LIFE_MAX)
                return error_set(reterr, ERROR_BAD_FIELD, "The catalogue's index would be good for more than %d days.", CATALOGUE_LIFE_MAX / 86400);
        return 0;
}

int catalogue_index_parse(const MinisignPublic* key, const char* text, size_t size, const char* signature, int64_t serial_least, int64_t now,
        json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *json = NULL, *index = NULL;
        if (size > CATALOGUE_INDEX_BYTES_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "The catalogue's index is larger than %u KiB.", CATALOGUE_INDEX_BYTES_MAX / 1024);
        int r = minisign_verify(key, text, size, signature, NULL, reterr);
        if (r >= 0)
                r = json_parse_object(text, size, &json, reterr);
        if (r >= 0)
                r = rules_check(catalogue_index_rules, json, NULL, &index, reterr);
        if (r >= 0)
                r = check_offers(index, reterr);
        if (r >= 0)
                r = check_time(index, serial_least, now, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(index);
        return r;
}

int catalogue_package_parse(const MinisignPublic* key, const json_t* offer, const char* text, size_t size, const char* signature, json_t** ret,
        char** ret_icon, Error* reterr) {
        const char *package = strempty(json_get_string(offer, "package")), *version = strempty(json_get_string(offer, "version"));
        uint8_t digest[DIGEST_BYTES];
        char hex[2 * DIGEST_BYTES + 1];
        _cleanup_json_ json_t* manifest = NULL;
        _cleanup_free_ char* icon = NULL;
        digest_sha256(text, size, digest);
        hex_encode(digest, sizeof(digest), hex);
        int r = 0;
        if (size > CATALOGUE_PACKAGE_BYTES_MAX)
                r = error_set(reterr, ERROR_TOO_LARGE, "It is larger than %u KiB.", CATALOGUE_PACKAGE_BYTES_MAX / 1024);
        else if (!streq(hex, strempty(json_get_string(offer, "sha256"))))
                r = error_set(reterr, ERROR_BAD_FIELD, "Its SHA-256 is not the index's: half of it, or another file.");
        if (r >= 0)
                r = minisign_verify(key, text, size, signature, NULL, reterr);
        if (r >= 0)
                r = manifest_parse(text, size, &manifest, &icon, reterr);
        if (r >= 0 && (!streq(json_get_string(manifest, "id"), package) || !streq(json_get_string(manifest, "version"), version)))
                r = error_set(reterr, ERROR_BAD_FIELD, "It says of itself that it is %s %s.", json_get_string(manifest, "id"),
                        json_get_string(manifest, "version"));
        if (r < 0)
                return error_context(reterr, "The package %s %s of the catalogue", package, version);
        *ret = TAKE_PTR(manifest);
        *ret_icon = TAKE_PTR(icon);
        return 0;
}
