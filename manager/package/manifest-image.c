/* A bare image as a manifest: what a person says, and later what the image itself says. */
#include "package/manifest-internal.h"
#include <stdio.h>

/* "/var/lib/data" -> "var-lib-data", not longer than a name may be, not one that is there. */
static void data_name(const char* path, const json_t* data, char ret[static 33]) {
        size_t n = 0;
        for (const char* p = path + 1; *p && n < 28; p++) {
                char c = *p >= 'A' && *p <= 'Z' ? (char) (*p - 'A' + 'a') : *p;
                if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
                        ret[n++] = c;
                else if (n > 0 && ret[n - 1] != '-')
                        ret[n++] = '-';
        }
        while (n > 0 && ret[n - 1] == '-')
                n--;
        ret[n] = 0;
        if (n == 0)
                (void) strcpy(ret, "data"), n = 4;
        for (unsigned i = 2; list_find(data, "name", ret, NULL) && i < 100; i++)
                (void) snprintf(ret + n, 33 - n, "-%u", i);
}

static int add_data(json_t* manifest, json_t* container, const char* path) {
        char name[33];
        json_t* data = json_object_get(manifest, "data");
        if (list_find(json_object_get(container, "mounts"), "path", path, NULL))
                return 0;
        data_name(path, data, name);
        if (json_array_append_new(data, json_pack("{s:s}", "name", name)) < 0
                || json_array_append_new(json_object_get(container, "mounts"), json_pack("{s:s, s:s}", "data", name, "path", path)) < 0)
                return -ENOMEM;
        return 0;
}

static int environment_of(const json_t* list, json_t* env, Error* reterr) {
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char* line = strempty(json_string_value(json_array_get(list, i)));
                const char* equals = strchr(line, '=');
                if (!equals || equals == line)
                        return error_field(reterr, ERROR_BAD_FIELD, "environment", "\"%.60s\" in `environment` is not KEY=value.", line);
                /* What a person types is meant as it is. */
                _cleanup_free_ char* value = manifest_escape(equals + 1);
                _cleanup_free_ char* key = strndup(line, (size_t) (equals - line));
                if (!value || !key || json_object_set_new(env, key, json_string(value)) < 0)
                        return error_field(reterr, ERROR_BAD_FIELD, "environment", "\"%.60s\" in `environment` is not text.", line);
        }
        return 0;
}

int manifest_for_image(const ManifestImage* image, json_t** ret, Error* reterr) {
        _cleanup_free_ char* reference = NULL;
        if (image_reference_normalise(image->reference, &reference) < 0)
                return error_field(reterr, ERROR_BAD_FIELD, "image", "\"%.80s\" is not an image, as host/name:tag or host/name@sha256:digest.",
                        strempty(image->reference));
        const char* title = image->title ?: image->id;
        _cleanup_json_ json_t* manifest = json_pack("{s:i, s:s, s:s, s:{s:s}, s:{s:s}, s:[{s:s, s:s, s:{}, s:[]}], s:[], s:b, s:{s:i, s:i}}",
                "format", 1, "id", image->id, "version", "0", "title", "en", title, "summary", "en", reference, "containers", "name", "app",
                "image", reference, "env", "mounts", "data", "downgrade_data_safe", 1, "resources", "memory_mb", 128, "memory_max_mb", 1024);
        if (!manifest)
                return -ENOMEM;
        if (strlen(reference) > 160)
                (void) json_object_set_new(manifest, "summary", json_pack("{s:s%}", "en", reference, (size_t) 160));
        if (image->port > 0)
                (void) json_object_set_new(manifest, "http", json_pack("{s:s, s:i}", "container", "app", "port", (int) image->port));
        json_t* container = json_array_get(json_object_get(manifest, "containers"), 0);
        int r = environment_of(image->environment, json_object_get(container, "env"), reterr);
        for (size_t i = 0; i < json_array_size(image->data) && r >= 0; i++) {
                const char* path = strempty(json_string_value(json_array_get(image->data, i)));
                if (!inside_path_valid(path))
                        return error_field(reterr, ERROR_BAD_FIELD, "data", "\"%.80s\" in `data` is not an absolute path in the image that can hold "
                                                                            "data.", path);
                r = add_data(manifest, container, path);
        }
        return r < 0 ? r : manifest_check(manifest, MANIFEST_LOCAL, ret, reterr);
}

/* Of several exposed ports the one that is known for HTTP, otherwise the only one. */
static unsigned port_of(const json_t* ports) {
        static const unsigned usual[] = { 80, 8080, 3000, 8000, 5000, 8888, 9000 };
        unsigned only = 0, n = 0, best = ELEMENTS(usual);
        for (size_t i = 0; i < json_array_size(ports); i++) {
                const char* text = strempty(json_string_value(json_array_get(ports, i)));
                char* end = NULL;
                unsigned long port = strtoul(text, &end, 10);
                if (port == 0 || port > 65535 || (*end && !streq(end, "/tcp")))
                        continue;
                only = (unsigned) port, n++;
                for (unsigned k = 0; k < best; k++)
                        if (usual[k] == port)
                                best = k;
        }
        return best < ELEMENTS(usual) ? usual[best] : n == 1 ? only : 0;
}

int manifest_image_found(json_t* manifest, const json_t* config, Error* reterr) {
        json_t* container = json_array_get(json_object_get(manifest, "containers"), 0);
        _cleanup_json_ json_t *more = json_deep_copy(manifest), *checked = NULL;
        const json_t* volumes = json_object_get(config, "volumes");
        if (!container || !more)
                return -ENOMEM;
        container = json_array_get(json_object_get(more, "containers"), 0);
        if (json_is_null(json_object_get(more, "http"))) {
                unsigned port = port_of(json_object_get(config, "ports"));
                if (port > 0)
                        (void) json_object_set_new(more, "http", json_pack("{s:s, s:i}", "container", "app", "port", (int) port));
        }
        for (size_t i = 0; i < json_array_size(volumes) && i < 16; i++) {
                const char* path = strempty(json_string_value(json_array_get(volumes, i)));
                if (inside_path_valid(path) && add_data(more, container, path) < 0)
                        return -ENOMEM;
        }
        int r = manifest_check(more, MANIFEST_LOCAL, &checked, reterr);
        if (r < 0)
                return r;
        return json_object_clear(manifest) < 0 || json_object_update(manifest, checked) < 0 ? -ENOMEM : 0;
}
