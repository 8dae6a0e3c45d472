#include "store/store-secret.h"
#include "store/store-internal.h"

STATEMENT(secret_get, "SELECT generation, created_at, used_at FROM secret WHERE name = :name");
STATEMENT(secret_rotate,
        "INSERT INTO secret (name, generation, created_at) VALUES (:name, 1, :now) "
        "ON CONFLICT (name) DO UPDATE SET generation = generation + 1, created_at = :now RETURNING generation");

int store_secret_get(Store* s, const char* name, SecretRow* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &secret_get, BIND(TEXT(name, name)), &q, reterr);
        if (r < 0)
                return r;
        r = query_next(&q, reterr);
        if (r > 0)
                *ret = (SecretRow) { query_integer(&q, 0), query_integer(&q, 1), query_integer(&q, 2) };
        return r;
}

int store_secret_rotate(Store* s, const char* name, int64_t now, int64_t* ret_generation, Error* reterr) {
        int r = store_get_integer(s, &secret_rotate, BIND(TEXT(name, name), INTEGER(now, now)), ret_generation, reterr);
        return r < 0 ? r : 0;
}
