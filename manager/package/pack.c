#include "package/pack.h"
#include "base/file.h"
#include "base/validate.h"
#include "package/catalogue-index.h"
#include "package/icon.h"
#include "package/manifest-internal.h"
#include <dirent.h>
#include <fcntl.h>

/* --- reading a directory --- */

static int read_json(int directory, const char* name, json_t** ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        int r = file_read(directory, name, MANIFEST_BYTES_MAX, &text, &size);
        if (r < 0)
                return r == -ENOENT ? r : error_errno(reterr, r, "Cannot read %s", name);
        r = json_parse_object(text, size, ret, reterr);
        return r < 0 ? error_context(reterr, "%s", name) : 0;
}

static int read_icon(int directory, json_t* manifest, Error* reterr) {
        static const char* const names[] = { "icon.svg", "icon.png" };
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_free_ char *bytes = NULL, *url = NULL;
                size_t size = 0;
                int r = file_read(directory, names[i], MANIFEST_ICON_BYTES_MAX, &bytes, &size);
                if (r == -ENOENT)
                        continue;
                if (r == -EFBIG)
                        return error_field(reterr, ERROR_TOO_LARGE, "icon", "%s is too large; draw it simpler.", names[i]);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot read %s", names[i]);
                r = icon_from_bytes(bytes, size, &url, reterr);
                if (r < 0)
                        return error_context(reterr, "%s", names[i]);
                return json_object_set_new(manifest, "icon", json_string(url)) < 0 ? -ENOMEM : 0;
        }
        return 0;
}

/* "description.de.md" -> description, de */
static bool is_text(const char* name, const char** ret_key, char ret_language[static 6]) {
        static const char* const keys[] = { "description", "notes" };
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                const char* rest = startswith(name, keys[i]);
                size_t n = rest && *rest == '.' ? strcspn(rest + 1, ".") : 0;
                if (n < 2 || n > 5 || !streq(rest + 1 + n, ".md"))
                        continue;
                memcpy(ret_language, rest + 1, n);
                ret_language[n] = 0;
                *ret_key = keys[i];
                return language_valid(ret_language);
        }
        return false;
}

static int read_text(int directory, const char* name, json_t* manifest, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        const char* key = NULL;
        char language[6];
        size_t size = 0;
        if (!is_text(name, &key, language))
                return 0;
        int r = file_read(directory, name, 20000, &text, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", name);
        json_t* texts = json_object_get(manifest, key);
        if (!texts) {
                texts = json_object();
                if (json_object_set_new(manifest, key, texts) < 0)
                        return -ENOMEM;
        }
        if (json_object_get(texts, language))
                return error_field(reterr, ERROR_BAD_FIELD, key, "%s and manifest.json both have %s in %s; keep one.", name, key, language);
        json_t* value = json_stringn(text, size);
        if (!value)
                return error_field(reterr, ERROR_BAD_FIELD, key, "%s is not UTF-8.", name);
        return json_object_set_new(texts, language, value) < 0 ? -ENOMEM : 0;
}

typedef int (*EachFile)(int directory, const char* name, json_t* into, Error* reterr);

static int each_file(int directory, EachFile each, json_t* into, Error* reterr) {
        int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* d = fd >= 0 ? fdopendir(fd) : NULL;
        if (!d)
                return error_errno(reterr, -errno, "Cannot list the directory");
        int r = 0;
        for (struct dirent* entry; r >= 0 && (entry = readdir(d));)
                r = each(directory, entry->d_name, into, reterr);
        (void) closedir(d);
        return r;
}

int pack_read(const char* path, json_t** ret, Error* reterr) {
        _cleanup_close_ int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_json_ json_t* manifest = NULL;
        if (directory < 0)
                return error_errno(reterr, -errno, "Cannot open %s", path);
        int r = read_json(directory, "manifest.json", &manifest, reterr);
        if (r == -ENOENT && !error_is_set(reterr))
                return error_set(reterr, ERROR_NOT_FOUND, "%s has no manifest.json, so it is not a package's directory.", path);
        if (r >= 0)
                r = read_icon(directory, manifest, reterr);
        if (r >= 0)
                r = each_file(directory, read_text, manifest, reterr);
        if (r < 0)
                return error_context(reterr, "%s", path);
        (void) json_object_del(manifest, "$schema");
        *ret = TAKE_PTR(manifest);
        return 0;
}

/* --- writing --- */

static int write_signed(int directory, const char* name, const char* text, const MinisignSecret* secret, const char* comment, Error* reterr) {
        _cleanup_free_ char *signature = NULL, *signature_name = NULL;
        int r = minisign_sign(secret, text, strlen(text), comment, &signature, reterr);
        if (r < 0)
                return r;
        if (asprintf(&signature_name, "%s.minisig", name) < 0)
                return -ENOMEM;
        r = file_write(directory, name, text, strlen(text), 0644);
        if (r >= 0)
                r = file_write(directory, signature_name, signature, strlen(signature), 0644);
        return r < 0 ? error_errno(reterr, r, "Cannot write %s", name) : 0;
}

int pack_write(const json_t* manifest, const MinisignSecret* secret, const char* output, char** ret_file, Error* reterr) {
        _cleanup_free_ char *text = json_text(manifest, true), *name = NULL, *comment = NULL, *icon = NULL;
        _cleanup_json_ json_t* checked = NULL;
        if (!text)
                return -ENOMEM;
        int r = manifest_parse(text, strlen(text), &checked, &icon, reterr);
        if (r < 0)
                return r;
        const char *id = json_get_string(checked, "id"), *version = json_get_string(checked, "version");
        if (asprintf(&name, "%s-%s.json", id, version) < 0 || asprintf(&comment, "package %s %s", id, version) < 0)
                return -ENOMEM;
        r = directory_make(output, 0755);
        _cleanup_close_ int directory = r < 0 ? -EBADF : open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0)
                return error_errno(reterr, r < 0 ? r : -errno, "Cannot open %s", output);
        r = write_signed(directory, name, text, secret, comment, reterr);
        if (r >= 0)
                *ret_file = TAKE_PTR(name);
        return r;
}

/* --- the index --- */

typedef struct IndexedDirectory {
        MinisignPublic key;
        json_t* offers;
} IndexedDirectory;

static int read_signature(int directory, const char* name, char** ret, Error* reterr) {
        _cleanup_free_ char* signature_name = NULL;
        size_t size = 0;
        if (asprintf(&signature_name, "%s.minisig", name) < 0)
                return -ENOMEM;
        int r = file_read(directory, signature_name, MINISIGN_SIGNATURE_MAX, ret, &size);
        return r < 0 ? error_errno(reterr, r, "Cannot read %s", signature_name) : 0;
}

static int add_offer(const char* name, const char* text, size_t size, const char* signature, IndexedDirectory* d, Error* reterr) {
        uint8_t digest[DIGEST_BYTES];
        char hex[2 * DIGEST_BYTES + 1];
        _cleanup_json_ json_t *json = NULL, *manifest = NULL;
        _cleanup_free_ char* icon = NULL;
        digest_sha256(text, size, digest);
        hex_encode(digest, sizeof(digest), hex);
        int r = json_parse_object(text, size, &json, reterr);
        if (r < 0)
                return error_context(reterr, "%s", name);
        _cleanup_json_ json_t* offer = json_pack("{s:s?, s:s?, s:s, s:s}", "package", json_get_string(json, "id"), "version",
                json_get_string(json, "version"), "file", name, "sha256", hex);
        if (!offer)
                return -ENOMEM;
        r = catalogue_package_parse(&d->key, offer, text, size, signature, &manifest, &icon, reterr);
        return r < 0 ? error_context(reterr, "%s", name) : json_array_append(d->offers, offer) < 0 ? -ENOMEM : 0;
}

static int read_packages(int directory, IndexedDirectory* d, Error* reterr) {
        int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* list = fd >= 0 ? fdopendir(fd) : NULL;
        if (!list)
                return error_errno(reterr, -errno, "Cannot list the directory");
        int r = 0;
        for (struct dirent* entry; r >= 0 && (entry = readdir(list));) {
                _cleanup_free_ char *text = NULL, *signature = NULL;
                size_t size = 0, n = strlen(entry->d_name);
                if (n < 6 || entry->d_name[0] == '.' || !streq(entry->d_name + n - 5, ".json") || streq(entry->d_name, "index.json"))
                        continue;
                r = file_read(directory, entry->d_name, CATALOGUE_PACKAGE_BYTES_MAX, &text, &size);
                if (r < 0)
                        r = error_errno(reterr, r, "Cannot read %s", entry->d_name);
                if (r >= 0)
                        r = read_signature(directory, entry->d_name, &signature, reterr);
                if (r >= 0)
                        r = add_offer(entry->d_name, text, size, signature, d, reterr);
        }
        (void) closedir(list);
        return r;
}

static int by_package_newest_first(const void* a, const void* b) {
        const json_t *x = *(json_t* const*) a, *y = *(json_t* const*) b;
        int r = strcmp(json_get_string(x, "package"), json_get_string(y, "package"));
        return r ? r : manifest_version_compare(json_get_string(y, "version"), json_get_string(x, "version"));
}

static json_t* sorted(const json_t* offers) {
        size_t n = json_array_size(offers);
        json_t** items = calloc(n + 1, sizeof(json_t*));
        json_t* list = json_array();
        for (size_t i = 0; items && i < n; i++)
                items[i] = json_array_get(offers, i);
        if (items && n > 0)
                qsort(items, n, sizeof(json_t*), by_package_newest_first);
        for (size_t i = 0; items && i < n; i++)
                (void) json_array_append(list, items[i]);
        free(items);
        return list;
}

/* The index that is there, or none: 0. One that is not ours is an error, lest its serial be lost. */
static int read_before(int directory, const MinisignPublic* key, json_t** ret, Error* reterr) {
        _cleanup_free_ char *text = NULL, *signature = NULL;
        size_t size = 0;
        int r = file_read(directory, "index.json", CATALOGUE_INDEX_BYTES_MAX, &text, &size);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot read index.json");
        r = read_signature(directory, "index.json", &signature, reterr);
        if (r >= 0)
                r = catalogue_index_parse(key, text, size, signature, 0, 0, ret, reterr);
        return r < 0 ? error_context(reterr, "The index.json that is there") : 1;
}

static json_t* ends(const json_t* before, const json_t* asked) {
        json_t* all = json_deep_copy(json_object_get(before, "end_of_life")) ?: json_object();
        const char* package;
        json_t* date;
        json_object_foreach((json_t*) asked, package, date)
                if (json_string_length(date) > 0)
                        (void) json_object_set(all, package, date);
                else
                        (void) json_object_del(all, package);
        return all;
}

int pack_index(const char* path, const MinisignSecret* secret, const PackIndex* o, unsigned* ret_offers, Error* reterr) {
        _cleanup_json_ json_t *before = NULL, *offers = json_array(), *index = NULL, *checked = NULL;
        _cleanup_close_ int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        IndexedDirectory d = { .offers = offers };
        char comment[64];
        if (directory < 0)
                return error_errno(reterr, -errno, "Cannot open %s", path);
        minisign_public_of(secret, &d.key);
        int r = read_before(directory, &d.key, &before, reterr);
        if (r >= 0)
                r = read_packages(directory, &d, reterr);
        if (r < 0)
                return r;
        int64_t last = json_get_integer(before, "serial", 0), serial = o->serial > 0 ? o->serial : last + 1;
        const char* name = o->name ?: json_get_string(before, "name");
        if (serial <= last)
                return error_set(reterr, ERROR_WRONG_STATE, "The index that is there has serial %lld; boxes would refuse a smaller one.", (long long) last);
        index = json_pack("{s:i, s:I, s:I, s:I, s:s, s:o, s:o}", "format", 1, "serial", (json_int_t) serial, "made_at", (json_int_t) o->made_at,
                "expires_at", (json_int_t) (o->made_at + (int64_t) o->days * 86400), "name", name ?: "Apps", "end_of_life",
                ends(before, o->end_of_life), "offers", sorted(offers));
        _cleanup_free_ char* text = index ? json_text(index, true) : NULL;
        if (!text)
                return -ENOMEM;
        r = rules_check(catalogue_index_rules, index, NULL, &checked, reterr);
        (void) snprintf(comment, sizeof(comment), "catalogue %lld", (long long) serial);
        if (r >= 0)
                r = write_signed(directory, "index.json", text, secret, comment, reterr);
        if (r >= 0)
                *ret_offers = (unsigned) json_array_size(offers);
        return r;
}

/* --- the schema --- */

json_t* pack_schema(void) {
        json_t* schema = rules_schema(manifest_rules);
        json_t* properties = json_object_get(schema, "properties");
        (void) json_object_set_new(properties, "icon", json_pack("{s:s, s:s, s:i}", "type", "string", "description",
                "A data: URL of an SVG or PNG in base64; pack makes it from icon.svg or icon.png.", "maxLength", (int) MANIFEST_ICON_BYTES_MAX));
        (void) json_object_set_new(properties, "$schema", json_pack("{s:s}", "type", "string"));
        (void) json_object_set_new(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
        (void) json_object_set_new(schema, "title", json_string("manifest.json of a Steadbox package"));
        return schema;
}
