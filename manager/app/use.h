/* Samples of what an app used: 288 of five minutes are a day. In the row (app.use_hours) they are a JSON array of
 * [time / 300, most memory in MB, thousandths of one processor, disk in MB or -1]. */
#pragma once
#include "base/macro.h"

#define USE_SLOT_SEC 300
#define USE_SAMPLES 288

typedef struct UseSample {
        uint32_t slot;         /* time / USE_SLOT_SEC; 0 = none */
        uint32_t memory_mb;
        uint32_t disk_mb;      /* UINT32_MAX = not measured */
        uint16_t cpu_permille;
} UseSample;

typedef struct AppUse AppUse;
char* app_use_text(const AppUse* u, int64_t now); /* owned */
int app_use_parse(const char* text, AppUse** ret); /* what is no sample is left out */
