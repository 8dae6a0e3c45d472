#include "store/store-idempotency.h"
#include "base/time.h"
#include "store/store-internal.h"

#define SEAL_NAME "answers"

STATEMENT(idempotency_find, "SELECT request_sha256, status, body FROM idempotency WHERE actor = :actor AND key = :key");
STATEMENT(idempotency_add,
          "INSERT INTO idempotency (actor, key, request_sha256, status, body, created_at) VALUES (:actor, :key, :digest, :status, :body, :now)");
STATEMENT(idempotency_expire, "DELETE FROM idempotency WHERE created_at < :before");

int store_idempotency_find(Store* s, const Seal* seal, const char* actor, const char* key, const uint8_t digest[static 32],
                           unsigned* ret_status, char** ret_body, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &idempotency_find, BIND(TEXT(actor, actor), TEXT(key, key)), &q, reterr);
        if (r < 0 || (r = query_next(&q, reterr)) <= 0)
                return r;
        size_t n;
        const void* kept = query_blob(&q, 0, &n);
        if (n != 32 || memcmp(kept, digest, 32) != 0)
                return error_set(reterr, ERROR_KEY_REUSED, "This Idempotency-Key was used for another request. Use a new one.");
        const void* blob = query_blob(&q, 2, &n);
        uint8_t* body = NULL;
        size_t size;
        r = seal_decrypt(seal, SEAL_NAME, blob, n, &body, &size, reterr);
        if (r < 0)
                return r;
        *ret_status = (unsigned) query_integer(&q, 1);
        *ret_body = (char*) body;
        return 1;
}

int store_idempotency_add(Store* s, const Seal* seal, const char* actor, const char* key, const uint8_t digest[static 32],
                          unsigned status, const char* body, Error* reterr) {
        _cleanup_free_ uint8_t* blob = NULL;
        size_t n;
        int r = seal_encrypt(seal, SEAL_NAME, 1, body, strlen(body), &blob, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot keep the answer");
        return store_run(s, &idempotency_add,
                         BIND(TEXT(actor, actor), TEXT(key, key), BLOB(digest, digest, 32), INTEGER(status, status), BLOB(body, blob, n),
                              INTEGER(now, now_seconds())),
                         reterr);
}

int store_idempotency_expire(Store* s, int64_t before, Error* reterr) {
        return store_run(s, &idempotency_expire, BIND(INTEGER(before, before)), reterr);
}
