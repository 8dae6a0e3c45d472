/* Samples of what an app used: 288 of five minutes are a day. In the row (app.use_hours) they are a JSON array of
 * [time / 300, most memory in MB, thousandths of one processor, disk in MB or -1]. Pure: the caller brings the clock. */
#pragma once
#include "base/macro.h"
#include <stdint.h>

#define USE_SLOT_SEC 300
#define USE_SAMPLES 288
#define USE_NONE 0xffffffu     /* of memory: there is no sample; of the disk: not measured */

/* Eight bytes: there is a day of them for each app. What is more than 16 TB is told as 16 TB. */
typedef struct UseSample {
        uint64_t memory_mb : 24, disk_mb : 24, cpu_permille : 16;
} UseSample;

/* A slot is a time / USE_SLOT_SEC. */
typedef struct UseDay {
        UseSample samples[USE_SAMPLES]; /* a ring by slot: the day up to the newest */
        int64_t newest;                 /* slot; 0 = there is no sample */
} UseDay;

void use_day_init(UseDay* d);
/* The sample of a slot; NULL where there is none, or it is not of the day before the newest. */
const UseSample* use_day_sample(const UseDay* d, int64_t slot);
/* Room for a sample, made or there already. What lies between it and the newest was not seen; one a day older than the newest, after a
 * clock was set back, begins a new day. */
UseSample* use_day_make(UseDay* d, int64_t slot);
unsigned use_megabytes(int64_t mb, unsigned unknown); /* for a sample; unknown where mb < 0 */
int64_t use_day_disk(const UseDay* d);                /* of the newest sample that knows, bytes; -1 = none */
char* use_day_text(const UseDay* d, int64_t now);     /* owned; now in seconds */
void use_day_parse(UseDay* d, const char* text);      /* what is no sample is left out */
