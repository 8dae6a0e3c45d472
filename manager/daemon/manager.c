/* Builds the manager in order and takes it down in the reverse one. */
#include "daemon/manager-internal.h"
#include "api/durable.h"
#include "api/events.h"
#include "api/terminal.h"
#include "api/http.h"
#include "api/limits.h"
#include "api/tag.h"
#include "app/disk.h"
#include "app/gate.h"
#include "audit/audit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/time.h"
#include "daemon/helper-client.h"
#include "daemon/nouns.h"
#include "daemon/quiet.h"
#include "finding/finding.h"
#include "job/job.h"
#include "site/site.h"
#include "store/store-idempotency.h"
#include <fcntl.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#define MACHINE_MAX (256 * 1024)
#define HOUSEKEEPING_USEC (3600 * USEC_PER_SEC)
#define IDEMPOTENCY_SEC 86400 /* how long an answer is kept for its key */
#define HOUSEKEEPING_SLACK_USEC (600 * USEC_PER_SEC)

static int on_signal(sd_event_source* s, const struct signalfd_siginfo* si, void* userdata) {
        return sd_event_exit(sd_event_source_get_event(s), 0);
}

typedef int (*Chore)(Manager* m, Error* reterr);

/* Each chore in a transaction of its own, so that one that fails does not hold the others back. */
static void do_chore(Manager* m, const char* what, Chore chore) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = store_begin(m->store, &e);
        if (r >= 0)
                r = chore(m, &e);
        if (r >= 0)
                r = store_commit(m->store, &e);
        if (r < 0) {
                store_rollback(m->store);
                log_warning("Housekeeping of %s failed, ignoring: %s", what, strempty(e.message));
        }
}

static int forget_answers(Manager* m, Error* reterr) {
        return store_idempotency_expire(m->store, now_seconds() - IDEMPOTENCY_SEC, reterr);
}

static int on_housekeeping(sd_event_source* s, uint64_t usec, void* userdata) {
        Manager* m = userdata;
        for (size_t i = 0; noun_table[i]; i++)
                if (noun_table[i]->housekeeping)
                        do_chore(m, noun_table[i]->name, noun_table[i]->housekeeping);
        do_chore(m, "findings", finding_remember);
        do_chore(m, "answers", forget_answers);
        (void) sd_event_source_set_time_relative(s, HOUSEKEEPING_USEC);
        return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static int event_init(Manager* m, Error* reterr) {
        static const int signals[] = { SIGTERM, SIGINT };
        int r = sd_event_default(&m->event);
        for (size_t i = 0; r >= 0 && i < ELEMENTS(signals); i++)
                r = sd_event_add_signal(m->event, NULL, signals[i], on_signal, m);
        if (r >= 0)
                r = sd_event_set_watchdog(m->event, true);
        if (r >= 0)
                r = sd_event_add_time_relative(m->event, &m->housekeeping, CLOCK_MONOTONIC, 300 * USEC_PER_SEC, HOUSEKEEPING_SLACK_USEC,
                                               on_housekeeping, m);
        if (r < 0)
                return error_errno(reterr, r, "Cannot build the loop");
        (void) sd_event_source_set_description(m->housekeeping, "housekeeping");
        return 0;
}

static int machine_read(Manager* m, const char* path, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        size_t size;
        int r = file_read(AT_FDCWD, path, MACHINE_MAX, &text, &size);
        if (r == -ENOENT) {
                m->machine = json_object();
                return 0;
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", path);
        r = json_parse_object(text, size, &m->machine, reterr);
        return r < 0 ? error_context(reterr, "In %s", path) : 0;
}

static int bus_init(Manager* m, Error* reterr) {
        int r = sd_bus_open_system(&m->bus);
        if (r < 0) {
                log_warning_errno(r, "No system bus, going on without the root helper: %m");
                return 0;
        }
        r = sd_bus_attach_event(m->bus, m->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? error_errno(reterr, r, "Cannot watch the system bus") : 0;
}

static int parts_init(Manager* m, Error* reterr) {
        char path[4096];
        (void) snprintf(path, sizeof(path), "%s/steadbox.db", m->state_directory);
        int r = store_open(path, &m->store, reterr);
        if (r < 0 && error_has_name(reterr, ERROR_STORAGE_FULL) && disk_ballast_drop(m->state_directory)) {
                error_done(reterr);
                *reterr = ERROR_NULL;
                r = store_open(path, &m->store, reterr);
        }
        if (r >= 0)
                r = seal_new_from_credential(&m->seal, reterr);
        if (r >= 0)
                r = audit_new(m->store, &m->audit, reterr);
        if (r >= 0)
                r = site_new(m, &m->site, reterr);
        if (r >= 0)
                r = bus_init(m, reterr);
        if (r < 0)
                return r;
        r = pool_new(m->event, &m->pool);
        if (r >= 0)
                r = durable_new(m, &m->durable);
        if (r >= 0)
                r = limits_new(&m->limits);
        if (r >= 0)
                r = events_new(m, &m->events);
        if (r >= 0)
                r = helper_client_new(m->bus, &m->helper);
        if (r >= 0)
                r = quiet_new(m, &m->quiet);
        return r < 0 ? error_errno(reterr, r, "Cannot build the manager") : 0;
}

int manager_new(const ManagerOptions* o, Manager** ret, Error* reterr) {
        _cleanup_(manager_freep) Manager* m = calloc(1, sizeof(Manager));
        if (!m || !(m->state_directory = strdup(o->state_directory)) || !(m->runtime_directory = strdup(o->runtime_directory)))
                return error_errno(reterr, -ENOMEM, "Cannot build the manager");
        m->started_at = now_seconds();
        int r = event_init(m, reterr);
        if (r >= 0)
                r = machine_read(m, o->machine_file, reterr);
        if (r >= 0)
                r = parts_init(m, reterr);
        if (r >= 0)
                r = http_new(m, o->admin_fd, o->web_fd, &m->http, reterr);
        if (r >= 0)
                r = jobs_new(m, &m->jobs, reterr);
        for (size_t i = 0; r >= 0 && noun_table[i]; i++)
                if (noun_table[i]->startup) {
                        r = noun_table[i]->startup(m, reterr);
                        if (r < 0)
                                (void) error_context(reterr, "Starting %s", noun_table[i]->name);
                }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int manager_run(Manager* m) {
        (void) sd_notifyf(0, "READY=1\nSTATUS=Serving.");
        int r = sd_event_loop(m->event);
        (void) sd_notify(0, "STOPPING=1");
        return r;
}

Manager* manager_free(Manager* m) {
        if (!m)
                return NULL;
        for (size_t i = 0; m->store && noun_table[i]; i++)
                if (noun_table[i]->shutdown)
                        noun_table[i]->shutdown(m);
        m->jobs = jobs_free(m->jobs);
        m->pool = pool_free(m->pool); /* answers what was being checked */
        m->durable = durable_free(m->durable);
        m->terminals = terminals_free(m->terminals);
        if (m->events)
                events_end_all(m->events);
        m->http = http_free(m->http);
        m->events = events_free(m->events);
        m->helper = helper_client_free(m->helper);
        m->limits = limits_free(m->limits);
        m->quiet = quiet_free(m->quiet);
        m->site = site_free(m->site);
        m->tag_cache = tag_cache_free(m->tag_cache);
        m->finding_memory = finding_memory_free(m->finding_memory);
        m->gate = gate_free(m->gate);
        m->audit = audit_free(m->audit);
        m->seal = seal_free(m->seal);
        m->store = store_free(m->store);
        (void) sd_bus_flush_close_unref(m->bus);
        sd_event_source_disable_unref(m->housekeeping);
        (void) sd_event_unref(m->event);
        json_decref(m->machine);
        free(m->state_directory);
        free(m->runtime_directory);
        free(m);
        return NULL;
}
