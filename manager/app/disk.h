/* How much of the disk apps take, and what is done about the one that takes too much (docs/decisions/0028). The rules are pure
 * (disk-rule.c); disk.c looks, measures and acts. All sizes are bytes as the disk counts them; -1 = not known. */
#pragma once
#include "base/macro.h"
#include <stddef.h>
#include <stdint.h>

/* What one app takes. Its own use is what it can make bigger by itself: that is what its limit counts. */
typedef struct DiskUse {
        int64_t data;        /* what lies in its data directories */
        int64_t scratch;     /* what it wrote elsewhere in its containers */
        int64_t kept;        /* data of earlier versions and restore points */
        int64_t exports;     /* archives that were made of it for elsewhere, and dumps for one that is being made */
        int64_t files;       /* names in data and scratch */
        int64_t measured_at; /* seconds; 0 = never */
} DiskUse;

/* What it is compared with when the disk runs out. */
typedef struct DiskBase {
        int64_t own, files;
        int64_t free, inodes_free;
        int64_t at; /* seconds; 0 = none yet */
} DiskBase;

typedef enum DiskLevel { DISK_FINE, DISK_NEAR, DISK_REACHED, DISK_OVER } DiskLevel;
/* limit 0 = none. OVER is what an app is stopped for: a twentieth beyond the limit, and no less than 32
 * MB, as it is measured and not counted. */
DiskLevel disk_level(int64_t own, int64_t limit);

/* What stays free for the machine, so that the store, the log and the other apps can write. */
int64_t disk_reserve(int64_t total);

/* Gives free what was kept for the manager's store where the disk is full; disk-room.c. False where there is none. */
bool disk_ballast_drop(const char* state_directory);

/* A look at the file system, every two seconds. */
typedef struct DiskLook {
        int64_t total, free;       /* free: for those who are not root */
        int64_t inodes, inodes_free; /* 0 of 0 where the file system does not count them */
        uint64_t at_usec;          /* CLOCK_BOOTTIME */
} DiskLook;
typedef enum DiskAlarm {
        DISK_CALM,
        DISK_FALLING,   /* at this pace the reserve is reached within seconds: find out who it is */
        DISK_LOW,       /* the reserve is touched */
} DiskAlarm;
DiskAlarm disk_alarm(const DiskLook* before, const DiskLook* now);
bool disk_lacks_files(const DiskLook* now); /* its bytes would do, but it can hold no more files (inodes) */

/* Whether an app has to be measured again. `fallen`: how much less is free than when it was measured. */
typedef struct DiskTurn {
        int64_t own, limit;
        int64_t fallen;
        uint64_t now_usec;         /* CLOCK_BOOTTIME */
        uint64_t soon_usec;        /* somebody said so: then; 0 = nobody */
        uint64_t pause_usec;       /* it could not be measured: not before then, and then in any case; 0 = it could */
        uint64_t since_usec;       /* its last measuring; UINT64_MAX = never measured */
        uint64_t cost_usec;        /* what the last one took, for all that were measured with it */
        uint64_t period_usec;      /* of the routine, with its jitter */
} DiskTurn;
bool disk_due(const DiskTurn* t);

/* Who filled the disk: the one that grew most since it was measured in peace, if that is a part of the
 * loss that counts. Or else the only one that could not be measured, if most of the loss is nobody
 * else's. A suspect that is all 0 is none. */
typedef struct DiskSuspect {
        int64_t grown, grown_files;
        int64_t fallen, fallen_inodes; /* what the file system lost in the same time */
        bool unmeasured;               /* grown and grown_files are not known */
} DiskSuspect;
int disk_culprit(const DiskSuspect* suspects, size_t n); /* its index; -1 = nobody */
int64_t disk_unclaimed(const DiskSuspect* suspects, size_t n, size_t of); /* bytes: what was lost in this one's time and no other took */
