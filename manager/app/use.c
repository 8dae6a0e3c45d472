/* What apps use: the kernel's accounts of their slices, looked at every minute, kept as five-minute samples of a day. */
#include "app/use.h"
#include "app/app-internal.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include <fcntl.h>
#include <stdio.h>

#define MINUTE_USEC (60 * USEC_PER_SEC)
#define SAVE_SEC 3600

struct AppUse {
        UseDay day;
        int64_t saved_at;
        int64_t peak;                      /* bytes, the most since the app was started */
        int64_t memory_now;                /* bytes; -1 = nothing runs */
        uint64_t cpu_usec, cpu_at;         /* the account at the last look, CLOCK_BOOTTIME; 0 = none */
        uint64_t slot_cpu_usec, slot_usec; /* of the sample that is being made */
        int64_t slot;
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

json_t* app_use_json(const AppLive* live) {
        json_t* items = json_array();
        int64_t now = now_seconds();
        for (int64_t slot = now / USE_SLOT_SEC - USE_SAMPLES + 1; live && live->use && slot <= now / USE_SLOT_SEC; slot++) {
                const UseSample* s = use_day_sample(&live->use->day, slot);
                if (!s)
                        continue;
                (void) json_array_append_new(
                                items, json_pack("{s:I, s:I, s:I, s:o}", "at", (json_int_t) (slot + 1) * USE_SLOT_SEC, "memory_mb",
                                                 (json_int_t) s->memory_mb, "cpu_percent", (json_int_t) (s->cpu_permille + 5) / 10, "disk_mb",
                                                 s->disk_mb == USE_NONE ? json_null() : json_integer(s->disk_mb)));
        }
        return items;
}

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
        for (size_t i = 0; i < m->apps->live_n; i++) {
                AppLive* live = m->apps->live[i];
                if (!live->use && !(live->use = use_new()))
                        continue;
                look(m, live, now);
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
