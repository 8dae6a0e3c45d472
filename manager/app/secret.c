/* Secrets of apps: made for each install, sealed in the store. In clear they go to root's record and nowhere else. */
#include "app/app-internal.h"
#include "base/seal.h"
#include "base/time.h"
#include "store/store-secret.h"
#include <sodium.h>
#include <stdio.h>

#define SECRET_BYTES_MAX 256

void app_values_free(json_t* values) {
        const char* key;
        json_t* v;
        json_object_foreach(values, key, v)
                if (json_is_string(v) && values->refcount == 1) /* jansson's own copies */
                        explicit_bzero((char*) json_string_value(v), json_string_length(v));
        json_decref(values);
}

/* --- making --- */

static char* in_letters(const uint8_t* bytes, size_t n, const char* alphabet) {
        char* text = calloc(n + 1, 1);
        size_t letters = strlen(alphabet);
        for (size_t i = 0; text && i < n; i++)
                text[i] = alphabet[bytes[i] % letters];
        return text;
}

/* As many random bytes as asked for, written in the format; letters and password: as many signs. */
static char* secret_new(const char* format, size_t n) {
        uint8_t bytes[SECRET_BYTES_MAX];
        char* text = NULL;
        n = MIN(MAX(n, (size_t) 8), sizeof(bytes));
        random_bytes(bytes, n);
        if (streq(format, "hex")) {
                text = malloc(2 * n + 1);
                if (text)
                        hex_encode(bytes, n, text);
        } else if (streq(format, "base64")) {
                size_t room = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
                text = malloc(room);
                if (text)
                        (void) sodium_bin2base64(text, room, bytes, n, sodium_base64_VARIANT_ORIGINAL);
        } else if (streq(format, "password")) /* without signs that look alike; 32: no bias */
                text = in_letters(bytes, n, "abcdefghjkmnpqrstuvwxyz23456789ABC");
        else
                text = in_letters(bytes, n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789AB");
        explicit_bzero(bytes, sizeof(bytes));
        return text;
}

static int generation(Manager* m, int64_t* ret, Error* reterr) {
        SecretRow row = {};
        int r = store_secret_get(m->store, APP_SEAL_NAME, &row, reterr);
        if (r > 0) {
                *ret = row.generation;
                return 0;
        }
        return r < 0 ? r : store_secret_rotate(m->store, APP_SEAL_NAME, now_seconds(), ret, reterr);
}

static int put(Manager* m, const char* app, const char* key, const char* value, uint64_t g, Error* reterr) {
        _cleanup_free_ uint8_t* blob = NULL;
        size_t size = 0;
        int r = seal_encrypt(m->seal, APP_SEAL_NAME, g, value, strlen(value), &blob, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot seal a secret");
        r = store_app_secret_set(m->store, app, key, blob, size, reterr);
        return MIN(r, 0);
}

int app_secret_put(Manager* m, const char* app, const char* key, const char* value, Error* reterr) {
        int64_t g = 0;
        int r = generation(m, &g, reterr);
        return r < 0 ? r : put(m, app, key, value, (uint64_t) g, reterr);
}

int app_secrets_make(Manager* m, const char* app, const json_t* manifest, Error* reterr) {
        size_t i;
        json_t* s;
        json_array_foreach(json_object_get(manifest, "secrets"), i, s) {
                _cleanup_free_ void* there = NULL;
                size_t size = 0;
                const char* key = strempty(json_get_string(s, "key"));
                int r = store_app_secret_get(m->store, app, key, &there, &size, reterr);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                _cleanup_(erase_and_freep) char* value =
                                secret_new(strempty(json_get_string(s, "format")), (size_t) json_get_integer(s, "bytes", 24));
                if (!value)
                        return error_errno(reterr, -ENOMEM, "Cannot make a secret");
                r = app_secret_put(m, app, key, value, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- opening --- */

typedef struct Walk {
        Manager* m;
        json_t* values;
        uint64_t generation;
        Error* reterr;
} Walk;

static int open_one(const char* app, const char* key, const void* blob, size_t size, void* userdata) {
        Walk* w = userdata;
        uint8_t* value = NULL;
        size_t n = 0;
        int r = seal_decrypt(w->m->seal, APP_SEAL_NAME, blob, size, &value, &n, w->reterr);
        if (r < 0)
                return error_context(w->reterr, "The secret %s of app %s", key, app);
        r = json_object_set_new(w->values, key, json_string((const char*) value));
        erase_and_free((char*) value);
        return r < 0 ? -ENOMEM : 0;
}

int app_secrets_open(Manager* m, const char* app, json_t** ret, Error* reterr) {
        Walk w = { .m = m, .values = json_object(), .reterr = reterr };
        int r = w.values ? store_app_secret_each(m->store, app, open_one, &w, reterr) : error_errno(reterr, -ENOMEM, "Cannot read secrets");
        if (r < 0) {
                app_values_free(w.values);
                return r;
        }
        *ret = w.values;
        return 0;
}

/* --- sealing anew --- */

static int collect_one(const char* app, const char* key, const void* blob, size_t size, void* userdata) {
        Walk* w = userdata;
        uint8_t* value = NULL;
        size_t n = 0;
        int r = seal_decrypt(w->m->seal, APP_SEAL_NAME, blob, size, &value, &n, w->reterr);
        if (r < 0)
                return error_context(w->reterr, "The secret %s of app %s", key, app);
        json_t* item = json_pack("{s:s, s:s, s:s}", "app", app, "key", key, "value", value);
        erase_and_free((char*) value);
        return json_array_append_new(w->values, item) < 0 ? -ENOMEM : 0;
}

/* The rows are walked before any is written: SQLite does not say what a walk sees of rows written meanwhile. */
int app_secrets_reseal(Manager* m, uint64_t g, Error* reterr) {
        _cleanup_json_ json_t* all = json_array();
        Walk w = { .m = m, .values = all, .reterr = reterr };
        size_t i;
        json_t* item;
        int r = store_app_secret_each(m->store, /* app= */ NULL, collect_one, &w, reterr);
        json_array_foreach(all, i, item) {
                json_t* value = json_object_get(item, "value");
                if (r >= 0)
                        r = put(m, json_get_string(item, "app"), json_get_string(item, "key"), json_string_value(value), g, reterr);
                explicit_bzero((char*) json_string_value(value), json_string_length(value));
        }
        return MIN(r, 0);
}

/* --- for the note --- */

static int note_one(const char* app, const char* key, const void* blob, size_t size, void* userdata) {
        json_t* note = userdata;
        size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
        _cleanup_free_ char* text = malloc(room);
        if (!text)
                return -ENOMEM;
        (void) sodium_bin2base64(text, room, blob, size, sodium_base64_VARIANT_ORIGINAL);
        return json_object_set_new(note, key, json_string(text)) < 0 ? -ENOMEM : 0;
}

int app_secrets_note(Manager* m, const char* app, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* note = json_object();
        int r = store_app_secret_each(m->store, app, note_one, note, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(note);
        return 0;
}

int app_secrets_from_note(Manager* m, const char* app, const json_t* note, Error* reterr) {
        const char* key;
        json_t* v;
        json_object_foreach((json_t*) note, key, v) {
                _cleanup_free_ uint8_t* blob = NULL;
                size_t size = 0;
                if (base64_decode(strempty(json_string_value(v)), &blob, &size) < 0)
                        return error_set(reterr, ERROR_STORE_BROKEN, "The secret %s of app %s is damaged.", key, app);
                int r = store_app_secret_set(m->store, app, key, blob, size, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}
