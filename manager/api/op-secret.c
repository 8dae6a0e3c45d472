/* Secrets at the edge: what there is, how old, never a value. */
#include "api/handlers.h"
#include "app/app.h"
#include "base/time.h"
#include "daemon/manager.h"
#include "domain/writer.h"
#include "image/login.h"
#include "store/store-secret.h"
#include "user/factor.h"
#include <stdio.h>

static const struct {
        const char* name;
        const char* kind;
        const char* sentence;
        int (*reseal)(Manager* m, uint64_t generation, Error* reterr); /* NULL = cannot be rotated here */
} secrets[] = {
        { "box.key", "credential",
          "The key from which all others of this box are derived. PID 1 unseals it for the manager alone; it changes with a restore.", NULL },
        { "totp", "sealing key", "Seals the authenticators' secrets of all people.", factor_reseal },
        { "apps", "sealing key", "Seals the passwords and keys that were made for apps.", app_secrets_reseal },
        { "registry", "sealing key", "Seals the passwords for private registries of images.", logins_reseal },
        { "dns", "sealing key", "Seals the tokens of DNS providers.", domain_writer_reseal },
};

static json_t* secret_json(Manager* m, size_t i, Error* reterr) {
        SecretRow row = {};
        if (store_secret_get(m->store, secrets[i].name, &row, reterr) < 0)
                return NULL;
        return json_pack(
                "{s:s, s:s, s:s, s:o, s:o, s:b}", "name", secrets[i].name, "kind", secrets[i].kind, "sentence", secrets[i].sentence,
                "created_at", json_time_or_null(row.created_at), "used_at", json_time_or_null(row.used_at), "rotatable",
                secrets[i].reseal != NULL);
}

int op_secret_list(Request* request, Error* reterr) {
        json_t* items = json_array();
        for (size_t i = 0; i < ELEMENTS(secrets); i++) {
                json_t* item = secret_json(request_manager(request), i, reterr);
                if (!item) {
                        json_decref(items);
                        return -EIO;
                }
                (void) json_array_append_new(items, item);
        }
        return request_reply_items(request, items);
}

int op_secret_rotate(Request* request, Error* reterr) {
        Manager* m = request_manager(request);
        const char* name = request_string(request, "name");
        char object[80];
        (void) snprintf(object, sizeof(object), "secret:%.64s", name);
        request_audit_object(request, object);
        for (size_t i = 0; i < ELEMENTS(secrets); i++) {
                int64_t generation = 0;
                if (!streq(secrets[i].name, name))
                        continue;
                if (!secrets[i].reseal)
                        return error_set(reterr, ERROR_WRONG_STATE, "%s cannot be rotated while the box runs.", name);
                int r = store_secret_rotate(m->store, name, now_seconds(), &generation, reterr);
                if (r >= 0)
                        r = secrets[i].reseal(m, (uint64_t) generation, reterr);
                if (r < 0)
                        return r;
                json_t* item = secret_json(m, i, reterr);
                return item ? request_reply(request, item) : -EIO;
        }
        return error_set(reterr, ERROR_NOT_FOUND, "There is no secret of this name.");
}
