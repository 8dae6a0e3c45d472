#include "app/disk.h"
#include "base/time.h"

#define MB ((int64_t) 1 << 20)
#define RESERVE_BYTES (512 * MB)
#define RESERVE_PART 10                       /* of a small disk no more than so much of it */
#define INODES_RESERVE_PART 50
#define NEAR_PERCENT 80
#define OVER_PART 20
#define OVER_LEAST (32 * MB)
#define HORIZON_SEC 10                        /* so far ahead is looked */
#define FALL_LEAST (64 * MB)                  /* of the disk, until somebody is measured out of turn */
#define GAP_USEC (20 * USEC_PER_SEC)          /* between two measurings out of turn */
#define COST_PART 100                         /* measuring takes at most this part of the time */
#define GROWN_LEAST (64 * MB)
#define GROWN_FILES_LEAST 10000
#define GROWN_PART 4                          /* of what was lost */

DiskLevel disk_level(int64_t own, int64_t limit) {
        if (limit <= 0 || own < 0)
                return DISK_FINE;
        if (own > limit + MAX(limit / OVER_PART, OVER_LEAST))
                return DISK_OVER;
        return own >= limit ? DISK_REACHED : own / NEAR_PERCENT >= limit / 100 ? DISK_NEAR : DISK_FINE;
}

int64_t disk_reserve(int64_t total) {
        return MIN(RESERVE_BYTES, total / RESERVE_PART);
}

bool disk_lacks_files(const DiskLook* now) {
        return now->free >= disk_reserve(now->total) && now->inodes > 0 && now->inodes_free < now->inodes / INODES_RESERVE_PART;
}

DiskAlarm disk_alarm(const DiskLook* before, const DiskLook* now) {
        int64_t reserve = disk_reserve(now->total), lost = before->free - now->free;
        if (now->free < reserve || disk_lacks_files(now))
                return DISK_LOW;
        if (before->at_usec == 0 || now->at_usec <= before->at_usec || lost <= 0)
                return DISK_CALM;
        double second = (double) lost * (double) USEC_PER_SEC / (double) (now->at_usec - before->at_usec);
        return second * HORIZON_SEC > (double) (now->free - reserve) ? DISK_FALLING : DISK_CALM;
}

bool disk_due(const DiskTurn* t) {
        if (t->pause_usec > 0 || t->soon_usec > 0)
                return t->now_usec >= MAX(t->pause_usec, t->soon_usec);
        if (t->since_usec == UINT64_MAX)
                return true;
        if (t->since_usec < MAX(GAP_USEC, t->cost_usec * COST_PART))
                return false;
        if (t->since_usec >= t->period_usec)
                return true;
        if (t->limit <= 0) /* the machine's reserve looks after those */
                return false;
        return t->fallen >= MAX((t->limit - t->own) / 2, FALL_LEAST);
}

/* Nobody took more than was lost: what came back from an archive lay on the disk before. */
static int64_t taken(int64_t grown, int64_t fallen) {
        return MIN(grown, MAX(fallen, (int64_t) 0));
}

static bool is_worse(const DiskSuspect* a, const DiskSuspect* b) {
        int64_t of_a = taken(a->grown, a->fallen), of_b = taken(b->grown, b->fallen);
        return of_a > of_b || (of_a == of_b && taken(a->grown_files, a->fallen_inodes) > taken(b->grown_files, b->fallen_inodes));
}

int64_t disk_unclaimed(const DiskSuspect* suspects, size_t n, size_t of) {
        int64_t left = MAX(suspects[of].fallen, (int64_t) 0);
        for (size_t i = 0; i < n; i++)
                if (!suspects[i].unmeasured)
                        left -= MAX(taken(suspects[i].grown, suspects[i].fallen), (int64_t) 0);
        return left;
}

static int unmeasured_culprit(const DiskSuspect* suspects, size_t n) {
        int found = -1;
        for (size_t i = 0; i < n; i++) {
                if (suspects[i].unmeasured && found >= 0)
                        return -1; /* it may be the other one */
                if (suspects[i].unmeasured)
                        found = (int) i;
        }
        return found >= 0 && disk_unclaimed(suspects, n, (size_t) found) >= MAX(GROWN_LEAST, suspects[found].fallen / 2) ? found : -1;
}

int disk_culprit(const DiskSuspect* suspects, size_t n) {
        int found = -1;
        for (size_t i = 0; i < n; i++) {
                const DiskSuspect* s = &suspects[i];
                if (s->unmeasured)
                        continue;
                bool bytes = taken(s->grown, s->fallen) >= MAX(GROWN_LEAST, s->fallen / GROWN_PART);
                bool files = taken(s->grown_files, s->fallen_inodes) >= MAX((int64_t) GROWN_FILES_LEAST, s->fallen_inodes / GROWN_PART);
                if ((bytes || files) && (found < 0 || is_worse(s, &suspects[found])))
                        found = (int) i;
        }
        return found >= 0 ? found : unmeasured_culprit(suspects, n);
}
