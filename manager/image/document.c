#include "image/document.h"
#include <signal.h>
#include <stdio.h>

#define TEXTS_MAX 512     /* variables, arguments, labels of one image */
#define TEXT_MAX 32768    /* bytes of one */
#define INDEX_MAX 512     /* manifests in an index */

const char* image_architecture(void) {
#if defined(__x86_64__)
        return "amd64";
#elif defined(__aarch64__)
        return "arm64";
#else
        return "unknown";
#endif
}

static int refuse(const char* what, const char* why, Error* reterr) {
        return error_set(reterr, ERROR_BAD_IMAGE, "The image %s is refused: %s.", what, why);
}

static bool is_one_of(const char* s, const char* const* list) {
        for (size_t i = 0; s && list[i]; i++)
                if (streq(s, list[i]))
                        return true;
        return false;
}

static const char* const index_types[] = { "application/vnd.oci.image.index.v1+json",
                                           "application/vnd.docker.distribution.manifest.list.v2+json", NULL };
static const char* const manifest_types[] = { "application/vnd.oci.image.manifest.v1+json",
                                              "application/vnd.docker.distribution.manifest.v2+json", NULL };
static const char* const config_types[] = { "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json", NULL };
static const char* const layer_types[] = {
        "application/vnd.oci.image.layer.v1.tar",        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",   "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.docker.image.rootfs.diff.tar.zstd", NULL,
};

static int blob_of(const char* what, const json_t* descriptor, uint64_t max, ImageBlob* ret, Error* reterr) {
        const char* hex = startswith(strempty(json_get_string(descriptor, "digest")), "sha256:");
        int64_t size = json_get_integer(descriptor, "size", -1);
        if (!image_hex_valid(hex))
                return refuse(what, "a part of it is not named by a SHA-256 digest", reterr);
        if (size < 0 || (uint64_t) size > max)
                return refuse(what, "a part of it has an impossible size", reterr);
        memcpy(ret->hex, hex, IMAGE_HEX_BYTES);
        ret->size = (uint64_t) size;
        return 0;
}

/* --- index --- */

static bool is_for_us(const json_t* descriptor, const char* architecture) {
        const json_t* platform = json_object_get(descriptor, "platform");
        const char* variant = json_get_string(platform, "variant");
        if (!streq_ptr(json_get_string(platform, "os"), "linux") || !streq_ptr(json_get_string(platform, "architecture"), architecture))
                return false;
        /* Later variants of amd64 ask for more than every machine has; arm64 has only v8. */
        return isempty(variant) || streq(variant, "v1") || streq(variant, "v8");
}

static int index_parse(const char* what, const json_t* list, const char* architecture, ImageDocument* ret, Error* reterr) {
        if (json_array_size(list) > INDEX_MAX)
                return refuse(what, "its index is too long", reterr);
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t* descriptor = json_array_get(list, i);
                if (!is_for_us(descriptor, architecture))
                        continue;
                if (!is_one_of(json_get_string(descriptor, "mediaType"), manifest_types))
                        continue; /* attestations and the like */
                ret->is_index = true;
                return blob_of(what, descriptor, IMAGE_DOCUMENT_MAX, &ret->chosen, reterr);
        }
        return error_set(reterr, ERROR_BAD_IMAGE, "There is no version of the image %s for machines like this one (linux/%s).", what, architecture);
}

/* --- manifest --- */

static int layer_add(const char* what, const json_t* descriptor, ImageDocument* d, Error* reterr) {
        const char* type = json_get_string(descriptor, "mediaType");
        ImageBlob blob;
        if (!is_one_of(type, layer_types))
                return error_set(
                        reterr, ERROR_BAD_IMAGE, "The image %s is refused: Steadbox does not know layers of the kind '%.100s'.", what, strempty(type));
        int r = blob_of(what, descriptor, IMAGE_LAYER_MAX, &blob, reterr);
        if (r < 0)
                return r;
        /* The kernel takes no directory twice, and below its second coming a layer shows nothing. */
        for (size_t i = 0; i < d->layers_n; i++)
                if (streq(d->layers[i].hex, blob.hex)) {
                        memmove(d->layers + i, d->layers + i + 1, (d->layers_n - i - 1) * sizeof(ImageBlob));
                        d->layers_n--;
                        break;
                }
        d->layers[d->layers_n++] = blob;
        return 0;
}

static int manifest_parse(const char* what, const json_t* m, ImageDocument* d, Error* reterr) {
        const json_t *config = json_object_get(m, "config"), *layers = json_object_get(m, "layers");
        if (!is_one_of(json_get_string(config, "mediaType"), config_types))
                return refuse(what, "it is not the image of a program", reterr);
        d->layers_told = json_array_size(layers);
        if (d->layers_told == 0 || d->layers_told > IMAGE_LAYERS_MAX)
                return error_set(reterr, ERROR_BAD_IMAGE, "The image %s is refused: it has %zu layers; 1 to %d are allowed.", what, d->layers_told,
                                 IMAGE_LAYERS_MAX);
        int r = blob_of(what, config, IMAGE_CONFIG_MAX, &d->config, reterr);
        for (size_t i = 0; r >= 0 && i < d->layers_told; i++)
                r = layer_add(what, json_array_get(layers, i), d, reterr);
        return r;
}

int image_document_parse(
        const char* what, const char* text, size_t size, const char* content_type, const char* architecture, ImageDocument* ret, Error* reterr) {
        _cleanup_json_ json_t* m = NULL;
        ImageDocument d = {};
        if (size > IMAGE_DOCUMENT_MAX || json_parse_object(text, size, &m, NULL) < 0)
                return refuse(what, "its manifest is not JSON as it should be", reterr);
        if (json_get_integer(m, "schemaVersion", 0) == 1)
                return refuse(what, "it is in Docker's old format (schema 1), which names no digests; it must be built again", reterr);
        if (json_get_integer(m, "schemaVersion", 0) != 2)
                return refuse(what, "its manifest is of an unknown version", reterr);
        const char* type = json_get_string(m, "mediaType") ?: content_type;
        const json_t *manifests = json_object_get(m, "manifests"), *layers = json_object_get(m, "layers");
        if (json_is_array(manifests) == json_is_array(layers)) /* one document read in two ways: CVE-2021-41190 */
                return refuse(what, "its manifest is neither an index nor an image", reterr);
        if (type && !is_one_of(type, json_is_array(manifests) ? index_types : manifest_types))
                return error_set(reterr, ERROR_BAD_IMAGE, "The image %s is refused: its manifest is of the unknown kind '%.100s'.", what, type);
        int r = json_is_array(manifests) ? index_parse(what, manifests, architecture, &d, reterr) : manifest_parse(what, m, &d, reterr);
        if (r < 0)
                return r;
        *ret = d;
        return 0;
}

/* --- configuration --- */

static int signal_number(const char* s) {
        const char* name = startswith(s, "SIG") ?: s;
        char* end;
        long n = strtol(name, &end, 10);
        if (end != name && *end == 0)
                return n >= 1 && n <= 64 ? (int) n : -EINVAL;
        const char* real_time = startswith(name, "RTMIN+");
        if (real_time && strspn(real_time, "0123456789") == strlen(real_time) && strlen(real_time) <= 2 && *real_time)
                return 34 + MIN(atoi(real_time), 30); /* glibc keeps two for itself: signal(7) */
        for (int i = 1; i < 32; i++)
                if (streq_ptr(sigabbrev_np(i), name))
                        return i;
        return -EINVAL;
}

/* Array of strings within limits; absent and null are empty. */
static int texts_take(const json_t* from, json_t* to) {
        if (!from || json_is_null(from))
                return 0;
        if (!json_is_array(from) || json_array_size(from) > TEXTS_MAX)
                return -EINVAL;
        for (size_t i = 0; i < json_array_size(from); i++) {
                json_t* s = json_array_get(from, i);
                if (!json_is_string(s) || json_string_length(s) > TEXT_MAX)
                        return -EINVAL;
                (void) json_array_append(to, s);
        }
        return 0;
}

/* The keys of an object, as an array. */
static int keys_take(const json_t* from, json_t* to) {
        const char* key;
        json_t* value;
        if (!from || json_is_null(from))
                return 0;
        if (!json_is_object(from) || json_object_size(from) > TEXTS_MAX)
                return -EINVAL;
        json_object_foreach((json_t*) from, key, value) {
                if (strlen(key) > TEXT_MAX)
                        return -EINVAL;
                (void) json_array_append_new(to, json_string(key));
        }
        return 0;
}

static int labels_take(const json_t* from, json_t* to) {
        const char* key;
        json_t* value;
        if (!from || json_is_null(from))
                return 0;
        if (!json_is_object(from) || json_object_size(from) > TEXTS_MAX)
                return -EINVAL;
        json_object_foreach((json_t*) from, key, value)
                if (json_is_string(value) && json_string_length(value) <= TEXT_MAX)
                        (void) json_object_set(to, key, value);
        return 0;
}

static int settings_take(const json_t* from, json_t* to) {
        static const struct {
                const char *from, *to;
                int (*take)(const json_t* from, json_t* to);
        } parts[] = {
                { "Entrypoint", "entrypoint", texts_take }, { "Cmd", "command", texts_take }, { "Env", "env", texts_take },
                { "ExposedPorts", "ports", keys_take },     { "Volumes", "volumes", keys_take }, { "Labels", "labels", labels_take },
        };
        for (size_t i = 0; i < ELEMENTS(parts); i++) {
                json_t* part = parts[i].take == labels_take ? json_object() : json_array();
                (void) json_object_set_new(to, parts[i].to, part);
                if (parts[i].take(json_object_get(from, parts[i].from), part) < 0)
                        return -EINVAL;
        }
        const char* cwd = json_get_string(from, "WorkingDir");
        const char* user = strempty(json_get_string(from, "User"));
        int stop_signal = signal_number(json_get_string(from, "StopSignal") ?: "TERM");
        if (isempty(cwd))
                cwd = "/";
        if (*cwd != '/' || strlen(cwd) > 4095 || strlen(user) > 256 || stop_signal < 0)
                return -EINVAL;
        (void) json_object_set_new(to, "cwd", json_string(cwd));
        (void) json_object_set_new(to, "user", json_string(user));
        (void) json_object_set_new(to, "stop_signal", json_integer(stop_signal));
        return 0;
}

int image_config_parse(
        const char* what, const char* text, size_t size, size_t layers_n, const char* architecture, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *c = NULL, *config = json_object();
        if (size > IMAGE_CONFIG_MAX || json_parse_object(text, size, &c, NULL) < 0)
                return refuse(what, "its configuration is not JSON as it should be", reterr);
        const char *os = strempty(json_get_string(c, "os")), *machine = strempty(json_get_string(c, "architecture"));
        if (!streq(os, "linux") || !streq(machine, architecture))
                return error_set(
                        reterr, ERROR_BAD_IMAGE, "The image %s is made for %.40s/%.40s; this machine is linux/%s.", what, os, machine, architecture);
        if (json_array_size(json_object_get(json_object_get(c, "rootfs"), "diff_ids")) != layers_n)
                return refuse(what, "its configuration and its manifest name different layers", reterr);
        if (settings_take(json_object_get(c, "config"), config) < 0)
                return refuse(what, "its configuration holds something that cannot be", reterr);
        *ret = TAKE_PTR(config);
        return 0;
}
