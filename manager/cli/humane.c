#include "cli/humane.h"
#include <ctype.h>
#include <stdio.h>
#include <time.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Writes the day, or day and time, as they are where the person is. */
static void local(int64_t at, bool with_time, char ret[static HUMANE_MAX]) {
        time_t t = (time_t) at;
        struct tm tm;
        if (!localtime_r(&t, &tm))
                (void) snprintf(ret, HUMANE_MAX, "%lld", (long long) at);
        else if (with_time)
                (void) strftime(ret, HUMANE_MAX, "%Y-%m-%d %H:%M:%S", &tm);
        else
                (void) strftime(ret, HUMANE_MAX, "%Y-%m-%d", &tm);
}

void humane_moment(int64_t at, int64_t now, char ret[static HUMANE_MAX]) {
        int64_t away = at > now ? at - now : now - at;
        char text[32];

        if (away >= 2 * DAY) {
                local(at, /* with_time= */ false, ret);
                return;
        }
        if (away < MINUTE)
                (void) snprintf(text, sizeof(text), "%lld s", (long long) away);
        else if (away < 2 * HOUR)
                (void) snprintf(text, sizeof(text), "%lld min", (long long) (away / MINUTE));
        else
                (void) snprintf(text, sizeof(text), "%lld h", (long long) (away / HOUR));
        (void) snprintf(ret, HUMANE_MAX, at > now ? "in %s" : "%s ago", text);
}

void humane_time(int64_t at, int64_t now, char ret[static HUMANE_MAX]) {
        char when[HUMANE_MAX], distance[HUMANE_MAX];
        int64_t away = at > now ? at - now : now - at;
        local(at, /* with_time= */ true, when);
        humane_moment(at, now, distance);
        if (away >= 2 * DAY)
                (void) snprintf(ret, HUMANE_MAX, "%.40s", when);
        else
                (void) snprintf(ret, HUMANE_MAX, "%.40s (%.20s)", when, distance);
}

int humane_parse_moment(const char* s, int64_t* ret) {
        static const char* const formats[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S" };
        for (size_t i = 0; i < ELEMENTS(formats); i++) {
                struct tm tm = { .tm_isdst = -1 };
                const char* end = strptime(s, formats[i], &tm);
                if (!end || *end)
                        continue;
                time_t at = mktime(&tm);
                if (at < 0)
                        return -EINVAL;
                *ret = at;
                return 0;
        }
        return -EINVAL;
}

void humane_size(int64_t bytes, char ret[static HUMANE_MAX]) {
        static const char* const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
        double n = (double) bytes;
        size_t u = 0;
        while (n >= 1024 && u + 1 < ELEMENTS(units)) {
                n /= 1024;
                u++;
        }
        (void) snprintf(ret, HUMANE_MAX, u == 0 || n >= 100 ? "%.0f %s" : "%.1f %s", n, units[u]);
}

void humane_label(const char* property, char ret[static HUMANE_MAX]) {
        static const char* const endings[] = { "_at", "_bytes" };
        size_t n = strlen(property);
        for (size_t i = 0; i < ELEMENTS(endings); i++) {
                size_t m = strlen(endings[i]);
                if (n > m && streq(property + n - m, endings[i]))
                        n -= m;
        }
        n = MIN(n, (size_t) HUMANE_MAX - 1);
        for (size_t i = 0; i < n; i++)
                ret[i] = property[i] == '_' ? ' ' : property[i];
        ret[n] = 0;
        ret[0] = (char) toupper((unsigned char) ret[0]);
}
