/* Starts of the machine and of the manager. */
#pragma once
#include "base/json.h"
#include "store/store.h"

#define START_BOOT_ID_BYTES 40

typedef struct StartRow {
        const char* kind;    /* machine, manager */
        int64_t at;
        const char* boot_id;
        const char* release;
        const char* before;  /* first, clean, crash, power */
} StartRow;
int store_start_add(Store* s, const StartRow* row, Error* reterr);
/* The boot in which the manager last started. 1 = there was one, 0 = never. */
int store_start_last_boot(Store* s, char ret[static START_BOOT_ID_BYTES], Error* reterr);
int store_start_list(Store* s, unsigned limit, json_t** ret, Error* reterr); /* array of Start, newest first */
/* How the run before the newest start of the manager ended; 0 = there is no start. *ret is owned. */
int store_start_before(Store* s, char** ret, int64_t* ret_at, Error* reterr);
int store_start_expire(Store* s, unsigned keep, Error* reterr);
