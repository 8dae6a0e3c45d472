/* What an app used in the last 30 days, by half hours: a file an app, of fixed size, read when somebody asks and never held in memory
 * (docs/decisions/0045). Each half hour has its place for good, so a clock that is set spoils only what it writes over. */
#pragma once
#include "app/use.h"

#define USE_STEP_SEC 1800
#define USE_STEP_SAMPLES (USE_STEP_SEC / USE_SLOT_SEC)
#define USE_STEPS 1440                                      /* 30 days */
#define USE_DAY_STEPS (USE_SAMPLES / USE_STEP_SAMPLES)      /* what a UseDay knows of */

/* 24 bytes, in the file as they are in memory. A step is a time / USE_STEP_SEC. */
typedef struct UseStep {
        uint32_t step;                       /* 0 = there is none */
        uint32_t memory_mb, memory_most_mb;  /* of its samples: the average, the most */
        uint32_t disk_mb;                    /* as it was measured last; USE_NONE = not measured */
        uint16_t cpu_permille, cpu_most_permille;
        uint16_t samples;                    /* that it is made of; 0 = there is none */
        uint16_t zero;
} UseStep;

/* --- pure --- */
UseStep use_step_of_day(const UseDay* d, int64_t step);
void use_step_add(UseStep* sum, const UseStep* later);      /* the later one's disk is the newer one */

/* --- files: <directory>/<app> --- */
/* Each step at step % USE_STEPS. 1 = read; 0 = there is no file, or it was none of ours and is gone. */
int use_history_read(const char* directory, const char* app, UseStep ret[static USE_STEPS]);
/* Writes those of the steps that the day knows better than the file does. Not synced: what a power cut takes is not worth a write. */
int use_history_keep(const char* directory, const char* app, const UseDay* d, int64_t first, int64_t last);
void use_history_remove(const char* directory, const char* app);
/* Removes those whose app is not there any more. */
void use_history_sweep(const char* directory, bool (*is_there)(const char* app, void* userdata), void* userdata);
