#include "app/unit.h"
#include "base/time.h"
#include <signal.h>
#include <stdio.h>

#define ROW_MAX 5                           /* ends in a row: it will not become better by itself soon */
#define ROW_USEC (150 * USEC_PER_SEC)       /* between two of a row; PID 1 waits for a minute at most (helper/render-app.c) */

bool app_unit_parse(const char* unit, char id[static APP_ID_BYTES], char name[static 40]) {
        const char* p = startswith(unit, APP_UNIT_PREFIX);
        size_t n = p ? strcspn(p, "-") : 0;
        if (!p || n == 0 || n >= APP_ID_BYTES || p[n] != '-')
                return false;
        const char* rest = p + n + 1;
        const char* end = strstr(rest, ".service");
        if (!end || end[strlen(".service")] || end == rest || end - rest >= 40)
                return false;
        (void) snprintf(id, APP_ID_BYTES, "%.*s", (int) n, p);
        (void) snprintf(name, 40, "%.*s", (int) (end - rest), rest);
        return true;
}

AppUnitState app_unit_state(const char* active, const char* sub) {
        if (streq(active, "active"))
                return streq(sub, "exited") ? APP_UNIT_DONE : APP_UNIT_RUNNING;
        if (streq(active, "activating") || streq(active, "reloading"))
                return APP_UNIT_STARTING;
        if (streq(active, "deactivating"))
                return APP_UNIT_STOPPING;
        if (streq(active, "failed"))
                return APP_UNIT_FAILED;
        return APP_UNIT_STOPPED;
}

/* PID 1 counts since somebody started the unit, be it a year ago: what matters is how closely the ends follow one another. The first reading
 * of a manager that has just begun says nothing of that. */
void app_unit_told(AppUnitLive* u, uint32_t restarts, bool ended, const AppUnitEnd* end, uint64_t now_usec) {
        if (ended) /* while it runs again there is no end to tell of */
                u->end = *end;
        if (restarts < u->restarts || !u->counted)
                u->row = 0;
        else if (restarts > u->restarts) {
                if (now_usec > u->ended_usec + ROW_USEC)
                        u->row = 0;
                u->row += restarts - u->restarts;
                u->ended_usec = now_usec;
        }
        u->restarts = restarts;
        u->counted = true;
}

bool app_unit_failing(const AppUnitLive* u, uint64_t now_usec) {
        if (u->asked)
                return false; /* it is not known yet why */
        return u->state == APP_UNIT_FAILED || (u->row >= ROW_MAX && now_usec <= u->ended_usec + ROW_USEC);
}

static int why(const AppUnitLive* u, char** ret) {
        const AppUnitEnd* e = &u->end;
        if (streq(e->result, "oom-kill"))
                return asprintf(ret, "The container %s took more memory than it may, and was ended.", u->name);
        if (streq(e->result, "timeout"))
                return asprintf(ret, "The container %s did not start or stop in time.", u->name);
        if (streq(e->result, "protocol")) /* PID 1 did not even see its process */
                return asprintf(ret, "The container %s ended as soon as it was started; the app's log says why.", u->name);
        if (e->code == CLD_KILLED || e->code == CLD_DUMPED) {
                const char* name = sigabbrev_np(e->status);
                return name ? asprintf(ret, "The container %s was ended by signal %d (SIG%s).", u->name, e->status, name)
                            : asprintf(ret, "The container %s was ended by signal %d.", u->name, e->status);
        }
        if (e->code == CLD_EXITED)
                return asprintf(ret, "The container %s ended by itself, with status %d.", u->name, e->status);
        return asprintf(ret, "The container %s could not be started; the app's log says why.", u->name);
}

char* app_unit_failure(const AppUnitLive* u) {
        _cleanup_free_ char* first = NULL;
        char* text = NULL;
        int r = why(u, &first);
        if (r >= 0 && u->state == APP_UNIT_FAILED && u->restarts > 0)
                r = asprintf(&text, "%s After %u more tries it is given up, until somebody starts it.", first, u->restarts);
        else if (r >= 0 && u->state != APP_UNIT_FAILED)
                r = asprintf(&text, "%s That was %u times in a row; it is tried again.", first, u->row);
        else if (r >= 0)
                text = TAKE_PTR(first);
        return r < 0 ? NULL : text;
}
