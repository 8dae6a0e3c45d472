/* Will it fit? Pure: figures in, figures and a verdict out. */
#pragma once
#include "base/macro.h"

typedef struct Admission {
        int64_t memory_total, memory_available; /* of the machine, bytes (proc_meminfo(5)) */
        int64_t apps_now;     /* what all apps take now: it is in memory_available's absence already */
        int64_t apps_peak;    /* the sum of what each took at its worst, or says it needs where that was not measured */
        int64_t memory_need;  /* of the newcomer */
        int64_t disk_free, disk_need;
} Admission;

typedef struct Verdict {
        int64_t memory_free;  /* beside the peaks of everything that is there; negative = they do not fit as it is */
        int64_t disk_free;    /* beside the reserve */
        bool memory_fits, disk_fits;
} Verdict;

#define ADMISSION_MEMORY_RESERVE ((int64_t) 32 << 20) /* for the kernel and what nobody counts */
#define ADMISSION_DISK_RESERVE ((int64_t) 512 << 20)

Verdict admission_judge(const Admission* a);
