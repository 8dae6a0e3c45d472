/* What apps use: the kernel's accounts of their slices, looked at every minute, kept as five-minute samples of a day, and as half hours of
 * 30 days in a file an app. */
#include "app/use.h"
#include "app/app-internal.h"
#include "app/use-history.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include <fcntl.h>
#include <stdio.h>

#define MINUTE_USEC (60 * USEC_PER_SEC)
#define SAVE_SEC 3600
#define KEPT_A_MINUTE 16        /* files of history: a few small writes each */

struct AppUse {
        UseDay day;
        int64_t saved_at;
        int64_t peak;                      /* bytes, the most since the app was started */
        int64_t memory_now;                /* bytes; -1 = nothing runs */
        uint64_t cpu_usec, cpu_at;         /* the account at the last look, CLOCK_BOOTTIME; 0 = none */
        uint64_t slot_cpu_usec, slot_usec; /* of the sample that is being made */
        int64_t slot;
        int64_t step_kept, step_tried;     /* the last half hour that is in the file, and that should be; 0 = none since the start */
};

static AppUse* use_new(void) {
        AppUse* u = calloc(1, sizeof(AppUse));
        if (!u)
                return NULL;
        u->memory_now = -1;
        use_day_init(&u->day);
        return u;
}

void app_use_free(AppUse* u) {
        free(u);
}

/* --- the kernel's accounts --- */

static int account_read(const Manager* m, const char* app, const char* file, char ret[static 1024]) {
        char path[256];
        (void) snprintf(path, sizeof(path), "%s/steadbox-app-%s.slice/%s", m->apps->cgroups, app, file);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, ret, 1023);
        if (n < 0)
                return -errno;
        ret[n] = 0;
        return 0;
}

static int64_t account_number(const Manager* m, const char* app, const char* file) {
        char text[1024];
        return account_read(m, app, file, text) < 0 || text[0] < '0' || text[0] > '9' ? -1 : atoll(text);
}

int64_t app_account(const Manager* m, const char* app, const char* file, const char* key) {
        char text[1024];
        if (account_read(m, app, file, text) < 0)
                return -1;
        size_t n = strlen(key);
        for (const char* p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
                if (strncmp(p, key, n) == 0 && p[n] == ' ')
                        return atoll(p + n + 1);
        return -1;
}

int64_t app_memory_now(const Manager* m, const AppLive* live) {
        return account_number(m, live->id, "memory.current");
}

int64_t app_memory_of(const Manager* m, const AppLive* live, const char* container) {
        char file[160];
        (void) snprintf(file, sizeof(file), "steadbox-app-%s-%s.service/memory.current", live->id, container);
        return account_number(m, live->id, file);
}

int64_t app_peak_measured(const AppLive* live) {
        return live->use ? live->use->peak : 0;
}

/* --- samples --- */

static void slot_begin(AppUse* u, int64_t slot) {
        if (slot == u->slot)
                return;
        u->slot = slot;
        u->slot_cpu_usec = u->slot_usec = 0;
        *use_day_make(&u->day, slot) = (UseSample) { .disk_mb = USE_NONE };
}

static void look(Manager* m, AppLive* live, int64_t now) {
        AppUse* u = live->use;
        int64_t memory = app_memory_now(m, live), cpu = app_account(m, live->id, "cpu.stat", "usage_usec");
        int64_t peak = account_number(m, live->id, "memory.peak");
        uint64_t clock = now_usec(CLOCK_BOOTTIME);
        u->memory_now = memory;
        app_limit_look(m, live, now);
        if (memory < 0 && cpu < 0) { /* it does not run */
                u->cpu_at = 0;
                return;
        }
        peak = MAX(peak, memory);
        u->peak = MAX(u->peak, peak);
        slot_begin(u, now / USE_SLOT_SEC);
        if (cpu >= 0 && u->cpu_at > 0 && (uint64_t) cpu >= u->cpu_usec && clock > u->cpu_at) {
                u->slot_cpu_usec += (uint64_t) cpu - u->cpu_usec;
                u->slot_usec += clock - u->cpu_at;
        }
        u->cpu_usec = (uint64_t) MAX(cpu, 0);
        u->cpu_at = clock;
        UseSample* s = use_day_make(&u->day, u->slot);
        s->memory_mb = MAX((unsigned) s->memory_mb, use_megabytes(memory >> 20, 0));
        s->cpu_permille = u->slot_usec ? (uint16_t) MIN(u->slot_cpu_usec * 1000 / u->slot_usec, (uint64_t) UINT16_MAX) : 0;
        s->disk_mb = use_megabytes(live->disk_bytes < 0 ? -1 : live->disk_bytes >> 20, USE_NONE);
}

/* --- kept over a restart --- */

void app_use_load(Manager* m, AppLive* live, const AppRow* row) {
        _cleanup_free_ char* text = NULL;
        app_use_free(live->use);
        live->use = use_new();
        if (!live->use)
                return;
        if (store_app_use(m->store, row->id, &text, NULL) > 0)
                use_day_parse(&live->use->day, text);
        live->use->peak = row->memory_peak;
        live->disk_bytes = use_day_disk(&live->use->day);
        live->use->saved_at = now_seconds();
}

static void save(Manager* m, AppLive* live, int64_t now) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ char* text = use_day_text(&live->use->day, now);
        live->use->saved_at = now;
        int r = text ? store_begin(m->store, &e) : -ENOMEM;
        if (r >= 0) {
                r = store_app_used(m->store, live->id, text, live->use->peak, &e);
                if (r >= 0)
                        r = store_commit(m->store, &e);
                else
                        store_rollback(m->store);
        }
        if (r < 0)
                log_warning("Cannot keep what app '%s' used, ignoring: %s", live->id, strempty(e.message));
}

void app_use_save_all(Manager* m) {
        for (size_t i = 0; i < m->apps->live_n; i++)
                if (m->apps->live[i]->use)
                        save(m, m->apps->live[i], now_seconds());
}

/* --- 30 days, by half hours --- */

static const char* history_directory(const Manager* m, char ret[static 256]) {
        (void) snprintf(ret, 256, "%s/use", m->state_directory);
        return ret;
}

static int64_t last_step(int64_t now) {
        return now / USE_STEP_SEC - 1;
}

/* What could not be written is tried again with the next half hour, as long as the day knows of it. */
static void history_keep(Manager* m, AppLive* live, int64_t now) {
        char directory[256];
        AppUse* u = live->use;
        int64_t last = last_step(now), since = last - u->step_kept;
        bool again = u->step_tried != u->step_kept;
        int64_t steps = u->step_kept > 0 && since > 0 ? MIN(since, (int64_t) USE_DAY_STEPS) : USE_DAY_STEPS;
        int r = use_history_keep(history_directory(m, directory), live->id, &u->day, last - steps + 1, last);
        u->step_tried = last;
        if (r >= 0)
                u->step_kept = last;
        else if (!again)
                (void) log_warning_errno(r, "Cannot keep what app '%s' used, trying again later: %m", live->id);
}

void app_use_forget(const Manager* m, const char* app) {
        char directory[256];
        use_history_remove(history_directory(m, directory), app);
}

static bool is_there(const char* app, void* userdata) {
        return app_live(userdata, app);
}

void app_use_sweep(Manager* m) {
        char directory[256];
        use_history_sweep(history_directory(m, directory), is_there, m);
}

/* --- for people --- */

static json_t* sample_json(int64_t at, const UseStep* s) {
        return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "at", (json_int_t) at, "memory_mb", (json_int_t) s->memory_most_mb,
                         "memory_average_mb", (json_int_t) s->memory_mb, "cpu_percent", (json_int_t) (s->cpu_permille + 5) / 10,
                         "cpu_most_percent", (json_int_t) (s->cpu_most_permille + 5) / 10, "disk_mb",
                         s->disk_mb == USE_NONE ? json_null() : json_integer(s->disk_mb));
}

static json_t* day_json(const UseDay* d, int64_t now) {
        json_t* items = json_array();
        for (int64_t slot = now / USE_SLOT_SEC - USE_SAMPLES + 1; slot <= now / USE_SLOT_SEC; slot++) {
                const UseSample* s = use_day_sample(d, slot);
                if (!s)
                        continue;
                const UseStep one = { .memory_mb = s->memory_mb, .memory_most_mb = s->memory_mb, .cpu_permille = s->cpu_permille,
                                      .cpu_most_permille = s->cpu_permille, .disk_mb = s->disk_mb };
                (void) json_array_append_new(items, sample_json((slot + 1) * USE_SLOT_SEC, &one));
        }
        return items;
}

/* The half hours of the last day are in the file only once they are over, and until they could be written. */
static void steps_of_day(const UseDay* d, int64_t now, UseStep steps[static USE_STEPS]) {
        for (int64_t step = MAX(last_step(now) + 2 - USE_DAY_STEPS, (int64_t) 1); step <= last_step(now) + 1; step++) {
                UseStep* there = &steps[step % USE_STEPS];
                UseStep s = use_step_of_day(d, step);
                if (s.samples > 0 && (there->step != s.step || there->samples < s.samples))
                        *there = s;
        }
}

/* The last so many steps, several together. */
static json_t* steps_json(const UseStep steps[static USE_STEPS], int64_t now, int64_t count, int64_t together) {
        json_t* items = json_array();
        int64_t newest = now / (USE_STEP_SEC * together);
        for (int64_t i = MAX(newest - count / together + 1, (int64_t) 0); i <= newest; i++) {
                UseStep sum = {};
                for (int64_t step = i * together; step < (i + 1) * together; step++)
                        if (steps[step % USE_STEPS].step == (uint32_t) step)
                                use_step_add(&sum, &steps[step % USE_STEPS]);
                if (sum.samples > 0)
                        (void) json_array_append_new(items, sample_json((i + 1) * together * USE_STEP_SEC, &sum));
        }
        return items;
}

json_t* app_use_json(const Manager* m, const AppLive* live, const char* period) {
        char directory[256];
        int64_t now = now_seconds();
        if (!live || !live->use)
                return json_array();
        if (streq(period, "day"))
                return day_json(&live->use->day, now);
        _cleanup_free_ UseStep* steps = calloc(USE_STEPS, sizeof(UseStep));
        if (!steps)
                return NULL;
        int r = use_history_read(history_directory(m, directory), live->id, steps);
        if (r <= 0)
                memset(steps, 0, USE_STEPS * sizeof(UseStep));
        if (r < 0)
                (void) log_warning_errno(r, "Cannot read what app '%s' used, ignoring: %m", live->id);
        steps_of_day(&live->use->day, now, steps);
        return streq(period, "week") ? steps_json(steps, now, 7 * USE_DAY_STEPS, 1) : steps_json(steps, now, USE_STEPS, 4);
}

/* --- every minute --- */

/* The one that waits longest and should not any more; also where the clock was set back. */
static AppLive* save_due(const Apps* a, int64_t now) {
        AppLive* found = NULL;
        for (size_t i = 0; i < a->live_n; i++) {
                const AppUse* u = a->live[i]->use;
                if (u && llabs(now - u->saved_at) >= (now < u->saved_at ? 1 : SAVE_SEC) &&
                    (!found || llabs(now - u->saved_at) > llabs(now - found->use->saved_at)))
                        found = a->live[i];
        }
        return found;
}

static int on_sampler(sd_event_source* source, uint64_t usec, void* userdata) {
        Manager* m = userdata;
        int64_t now = now_seconds();
        unsigned kept = 0;
        for (size_t i = 0; i < m->apps->live_n; i++) {
                AppLive* live = m->apps->live[i];
                if (!live->use && !(live->use = use_new()))
                        continue;
                look(m, live, now);
                if (live->use->step_tried != last_step(now) && kept++ < KEPT_A_MINUTE) /* the others a minute later */
                        history_keep(m, live, now);
        }
        AppLive* due = save_due(m->apps, now); /* one short transaction at a time */
        if (due)
                save(m, due, now);
        (void) sd_event_source_set_time_relative(source, MINUTE_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int app_use_start(Manager* m, Error* reterr) {
        int r = sd_event_add_time_relative(m->event, &m->apps->sampler, CLOCK_MONOTONIC, 10 * USEC_PER_SEC, USEC_PER_SEC, on_sampler, m);
        return r < 0 ? error_errno(reterr, r, "Cannot look at what apps use") : 0;
}
