/* Answers already given, by idempotency key. Bodies are sealed, since an answer may hold a link or a token. */
#pragma once
#include "base/seal.h"
#include "store/store.h"

/* 1 = given before (status and body set, body owned), 0 = new; KEY_REUSED when the digest is another request's. */
int store_idempotency_find(Store* s, const Seal* seal, const char* actor, const char* key, const uint8_t digest[static 32],
                           unsigned* ret_status, char** ret_body, Error* reterr);
int store_idempotency_add(Store* s, const Seal* seal, const char* actor, const char* key, const uint8_t digest[static 32],
                          unsigned status, const char* body, Error* reterr);
int store_idempotency_expire(Store* s, int64_t before, Error* reterr);
