/* Sealing keys by name and generation; never their values, which the store does not have. */
#pragma once
#include "base/json.h"
#include "store/store.h"

typedef struct SecretRow {
        int64_t generation; /* 0 = never used yet */
        int64_t created_at, used_at;
} SecretRow;
int store_secret_get(Store* s, const char* name, SecretRow* ret, Error* reterr); /* 1 found, 0 not */
/* The next generation from now on; the first where there was none. */
int store_secret_rotate(Store* s, const char* name, int64_t now, int64_t* ret_generation, Error* reterr);
