#include "store/store-setting.h"
#include "base/time.h"
#include "store/store-internal.h"

STATEMENT(setting_get, "SELECT value FROM setting WHERE key = :key");
STATEMENT(setting_set,
          "INSERT INTO setting (key, value, changed_at) VALUES (:key, :value, :now) "
          "ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at");
STATEMENT(setting_changed_at, "SELECT max(changed_at) FROM setting WHERE key IN (SELECT value FROM json_each(:keys))");

int store_setting_get(Store* s, const char* key, char** ret, Error* reterr) {
        return store_get_text(s, &setting_get, BIND(TEXT(key, key)), ret, reterr);
}

int store_setting_set(Store* s, const char* key, const char* value, Error* reterr) {
        int r = store_run(s, &setting_set, BIND(TEXT(key, key), TEXT(value, value), INTEGER(now, now_seconds())), reterr);
        return r < 0 ? r : 0;
}

int store_setting_save(Store* s, const char* key, const char* value, Error* reterr) {
        int r = store_begin(s, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = s;
        r = store_setting_set(s, key, value, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(s, reterr);
}

int store_setting_changed_at(Store* s, const char* keys, int64_t* ret, Error* reterr) {
        *ret = 0;
        return store_get_integer(s, &setting_changed_at, BIND(TEXT(keys, keys)), ret, reterr);
}
