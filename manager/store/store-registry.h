/* Logins at registries of images. Passwords come and go sealed; who may have them is image/login.h's to say. */
#pragma once
#include "base/json.h"
#include "store/store.h"

typedef struct RegistryRow {
        char *host, *username, *token_host, *error;
        void* password; /* sealed */
        size_t password_size;
        int64_t created_at, tested_at; /* 0 = never */
} RegistryRow;
void registry_row_done(RegistryRow* row);
#define _cleanup_registry_row_ _cleanup_(registry_row_done)

int store_registry_get(Store* s, const char* host, RegistryRow* ret, Error* reterr); /* 1 found, 0 not */
int store_registry_all(Store* s, RegistryRow** ret, size_t* ret_n, Error* reterr);  /* by host; registry_rows_free() */
void registry_rows_free(RegistryRow* rows, size_t n);
int store_registry_set(Store* s, const RegistryRow* row, Error* reterr);            /* what was tested is forgotten */
int store_registry_password_set(Store* s, const char* host, const void* password, size_t size, Error* reterr);
int store_registry_tested(Store* s, const char* host, const char* error, int64_t now, Error* reterr);
int store_registry_remove(Store* s, const char* host, Error* reterr);               /* 1 removed, 0 there was none */
