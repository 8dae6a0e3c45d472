#include "app/version.h"
#include "package/manifest.h"
#include <stdio.h>
#include <time.h>

/* The newest on offer that can follow `from` directly, not newer than `to`. */
static const json_t* step_from(const char* from, const char* to, const json_t* manifests) {
        const json_t* best = NULL;
        const char* best_version = from;
        size_t i;
        json_t* m;
        json_array_foreach(manifests, i, m) {
                const char* version = strempty(json_get_string(m, "version"));
                if (manifest_version_compare(version, best_version) <= 0 || (to && manifest_version_compare(version, to) > 0))
                        continue;
                if (manifest_may_follow(m, from, NULL) < 0)
                        continue;
                best = m;
                best_version = version;
        }
        return best;
}

static int no_way(const char* title, const char* from, const char* to, bool some, Error* reterr) {
        if (!to)
                return error_set(reterr, ERROR_WRONG_STATE, "%s %s is the newest version there is.", title, from);
        if (manifest_version_compare(to, from) == 0)
                return error_set(reterr, ERROR_WRONG_STATE, "%s is at version %s already.", title, to);
        if (manifest_version_compare(to, from) < 0) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "Version %s is older than %s: an update does not go back.", to, from);
                return error_hint(reterr, "Going back is app.rollback, to a version that is kept.");
        }
        if (!some)
                return error_set(reterr, ERROR_NOT_FOUND, "The catalogue has no version %s of %s.", to, title);
        (void) error_set(reterr, ERROR_WRONG_STATE, "No way leads from %s %s to %s: it cannot take over data that old, and no version between them can.", title, from, to);
        return error_hint(reterr, "Perhaps the catalogue had one that it has no more; ask who makes the package.");
}

int version_way(const char* title, const char* from, const char* to, const json_t* manifests, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* way = json_array();
        const char* at = from;
        bool some = false;
        size_t i;
        json_t* m;
        json_array_foreach(manifests, i, m)
                some = some || streq_ptr(json_get_string(m, "version"), to);
        while (json_array_size(way) < VERSION_HOPS_MAX && (!to || !streq(at, to))) {
                const json_t* next = step_from(at, to, manifests);
                if (!next)
                        break;
                at = json_get_string(next, "version");
                (void) json_array_append_new(way, json_string(at));
        }
        if (json_array_size(way) == 0 || (to && !streq(at, to)))
                return no_way(title, from, to, some, reterr);
        *ret = TAKE_PTR(way);
        return 0;
}

VersionReturn version_return(bool touched, bool admitted, bool older_bears_data) {
        if (!touched)
                return VERSION_RETURN_NOTHING;
        if (!admitted)
                return VERSION_RETURN_ALL;
        return older_bears_data ? VERSION_RETURN_CODE : VERSION_RETURN_ASK;
}

const char* version_return_to_string(VersionReturn r) {
        static const char* const words[] = {
                [VERSION_RETURN_NOTHING] = "nothing", [VERSION_RETURN_ALL] = "all", [VERSION_RETURN_CODE] = "code", [VERSION_RETURN_ASK] = "ask",
        };
        return words[r];
}

int64_t version_soak_until(int64_t until, int64_t now, int64_t soak_seconds) {
        return MIN(until, now + soak_seconds);
}

VersionCare version_care(const char* end, int64_t now) {
        int year, month, day;
        char rest;
        if (!end || sscanf(end, "%4d-%2d-%2d%c", &year, &month, &day, &rest) != 3)
                return VERSION_CARED_FOR;
        struct tm last = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
        int64_t begin = (int64_t) timegm(&last);
        if (now >= begin + 86400)
                return VERSION_CARE_ENDED;
        return now >= begin - INT64_C(86400) * VERSION_CARE_DAYS ? VERSION_CARE_ENDS : VERSION_CARED_FOR;
}

int window_parse(const char* text, unsigned* ret_from, unsigned* ret_to) {
        unsigned h1, m1, h2, m2;
        char rest;
        if (strspn(text, "0123456789:-") != strlen(text) || strlen(text) != 11 ||
            sscanf(text, "%2u:%2u-%2u:%2u%c", &h1, &m1, &h2, &m2, &rest) != 4 || h1 > 23 || h2 > 23 || m1 > 59 || m2 > 59)
                return -EINVAL;
        *ret_from = h1 * 60 + m1;
        *ret_to = h2 * 60 + m2;
        return 0;
}

bool window_has(unsigned from, unsigned to, unsigned minute) {
        if (from == to)
                return true;
        return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

unsigned window_minute(unsigned from, unsigned to, uint32_t spread) {
        unsigned length = from == to ? 1440 : (to + 1440 - from) % 1440;
        return (from + spread % MAX(length / 2, 1u)) % 1440; /* in its first half: the work needs time too */
}
