#include "certificate/renew.h"
#include <time.h>

#define BY_HAND_MAX 3             /* failed orders an hour that people may cause */
#define GROWTH_PAUSE_SEC 60       /* names often come several at a time */
#define SLACK_SEC 3600

/* A hundredth part of span for each of 0..199 minus 100: -1 .. +1 of it. */
static int64_t spread(int64_t span, uint32_t seed) {
        return span * ((int64_t) (seed % 201) - 100) / 100;
}

int64_t renew_pause(unsigned failures, uint32_t seed) {
        static const int64_t minutes[] = { 0, 10, 60, 180, 360, 720, 1440 };
        int64_t pause = minutes[MIN(failures, (unsigned) ELEMENTS(minutes) - 1)] * 60;
        return pause + spread(pause / 10, seed);
}

int64_t renew_next(const RenewFacts* f) {
        int64_t due;
        if (!f->present || !f->good)
                due = 0;
        else if (!f->covers)
                due = f->tried_at + GROWTH_PAUSE_SEC;
        else {
                int64_t life = f->not_after - f->not_before;
                due = f->not_before + life / 3 * 2 + spread(life / 60, f->seed);
        }
        if (f->failures > 0)
                due = MAX(due, f->tried_at + renew_pause(f->failures, f->seed));
        return MAX(due, f->retry_at);
}

int64_t renew_wait_of(const char* sentence) {
        static const char* const words[] = { "retry after ", "Retry after ", "retry-after: " };
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                struct tm tm = {};
                const char* p = strstr(sentence, words[i]);
                if (!p)
                        continue;
                p += strlen(words[i]);
                const char* end = strptime(p, "%Y-%m-%d %H:%M:%S UTC", &tm) ?: strptime(p, "%Y-%m-%dT%H:%M:%SZ", &tm);
                time_t at = end ? timegm(&tm) : -1;
                if (at > 0)
                        return at;
        }
        return 0;
}

int64_t renew_by_hand_wait(const int64_t* failed_at, size_t n, int64_t retry_at, int64_t now) {
        size_t recent = 0;
        if (retry_at > now)
                return retry_at - now;
        for (size_t i = 0; i < n; i++)
                recent += failed_at[i] > now - 3600 && failed_at[i] <= now;
        if (recent < BY_HAND_MAX)
                return 0;
        int64_t oldest = failed_at[n - recent];
        return MAX(oldest + 3600 - now, (int64_t) 1);
}

bool renew_clock_sane(int64_t now, int64_t known_past) {
        return now + SLACK_SEC >= known_past;
}
