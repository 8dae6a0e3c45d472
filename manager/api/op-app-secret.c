/* The first passwords that apps were given: those of their package's secrets that say "show". Read by administrators, and noted in the log. */
#include "api/handlers.h"
#include "base/seal.h"
#include "base/secret.h"
#include "daemon/manager.h"
#include "store/store-app.h"
#include <stdio.h>

#define APP_SEAL "apps"

static int secret_open(Manager* m, const char* app, const char* key, json_t* items, Error* reterr) {
        _cleanup_free_ void* blob = NULL;
        _cleanup_(erase_and_freep) char* value = NULL;
        uint8_t* bytes = NULL;
        size_t size = 0, value_size = 0;
        int r = store_app_secret_get(m->store, app, key, &blob, &size, reterr);
        if (r <= 0)
                return r;
        r = seal_decrypt(m->seal, APP_SEAL, blob, size, &bytes, &value_size, reterr);
        if (r < 0)
                return r;
        value = (char*) bytes; /* seal_decrypt() puts a NUL behind it */
        json_t* item = json_pack("{s:s, s:s#}", "key", key, "value", value, value_size);
        return json_array_append_new(items, item) < 0 ? error_errno(reterr, -ENOMEM, "Cannot show a secret") : 0;
}

int op_app_secrets(Request* r, Error* reterr) {
        Manager* m = request_manager(r);
        const char* app = request_string(r, "app");
        _cleanup_app_row_ AppRow row = {};
        char object[64];
        size_t i;
        json_t* secret;
        (void) snprintf(object, sizeof(object), "app:%.32s", app);
        request_audit_object(r, object);
        int k = store_app_get(m->store, app, &row, reterr);
        if (k <= 0)
                return k < 0 ? k : error_set(reterr, ERROR_NOT_FOUND, "There is no app %.32s.", app);
        _cleanup_json_ json_t *manifest = json_loads(row.manifest, JSON_REJECT_DUPLICATES, NULL), *items = json_array();
        json_array_foreach(json_object_get(manifest, "secrets"), i, secret) {
                k = json_get_boolean(secret, "show", false) ? secret_open(m, app, strempty(json_get_string(secret, "key")), items, reterr) : 0;
                if (k < 0)
                        return k;
        }
        return request_reply_items(r, TAKE_PTR(items));
}
