/* When the world is asked: every six hours with jitter, every minute for an hour after something that is wanted changed. One timer for
 * all domains; a box without any has none. */
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "domain/domain-internal.h"

#define BREATH_USEC (300 * USEC_PER_MSEC)  /* several changes in a row are asked about once */
#define AGAIN_USEC (60 * USEC_PER_SEC)     /* no room for a job, or no disk */
#define FAR_ACCURACY_USEC (60 * USEC_PER_SEC)
#define NEAR_ACCURACY_USEC (2 * USEC_PER_SEC)

/* changed_at: when something that is wanted changed, 0 = long ago. */
int64_t check_next(int64_t now, int64_t changed_at) {
        if (changed_at <= now && now - changed_at < CHANGED_SEC)
                return now + CHECK_CHANGED_SEC;
        uint32_t random = 0;
        random_bytes(&random, sizeof(random));
        return now + CHECK_EVERY_SEC - CHECK_JITTER_SEC + random % (2 * CHECK_JITTER_SEC);
}

static void arm(Domain* d, uint64_t usec);

static int on_due(sd_event_source* source, uint64_t usec, void* userdata) {
        Domain* d = userdata;
        Store* s = d->m->store;
        _cleanup_error_ Error e = ERROR_NULL;
        int r = store_begin(s, &e);
        if (r >= 0) {
                r = domain_check_due(d->m, now_seconds(), &e);
                if (r > 0)
                        r = store_commit(s, &e);
                store_rollback(s); /* nothing was due, or it failed; does nothing after a commit */
        }
        if (r < 0) {
                log_info("No check of domains is started now: %s", strempty(e.message));
                arm(d, AGAIN_USEC);
        } else
                domain_schedule(d->m);
        return 0;
}

static void arm(Domain* d, uint64_t usec) {
        uint64_t accuracy = usec <= BREATH_USEC ? 1 : usec <= 10 * AGAIN_USEC ? NEAR_ACCURACY_USEC : FAR_ACCURACY_USEC;
        d->timer = sd_event_source_disable_unref(d->timer);
        int r = sd_event_add_time_relative(d->m->event, &d->timer, CLOCK_MONOTONIC, usec, accuracy, on_due, d);
        if (r < 0)
                (void) log_error_errno(r, "Failed to plan the next check of domains: %m");
        else
                (void) sd_event_source_set_description(d->timer, "domain-check");
}

/* A clock that was wrong by a day may have left moments that are far off; none is believed to be further than the longest pause. */
void domain_schedule(Manager* m) {
        int64_t at = 0, now = now_seconds();
        if (!m->domain)
                return;
        m->domain->timer = sd_event_source_disable_unref(m->domain->timer);
        int r = store_domain_next_check(m->store, &at, NULL);
        if (r < 0)
                arm(m->domain, AGAIN_USEC);
        else if (r > 0) {
                int64_t wait = MIN(at - now, (int64_t) (CHECK_EVERY_SEC + CHECK_JITTER_SEC));
                arm(m->domain, wait <= 0 ? BREATH_USEC : (uint64_t) wait * USEC_PER_SEC);
        }
}

void domain_changed(Manager* m, int64_t id) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = store_domain_changed(m->store, id, now_seconds(), &e);
        if (r < 0)
                log_warning("Cannot note that a domain changed, ignoring: %s", strempty(e.message));
        domain_publish(m);
        domain_schedule(m);
        domain_write_due(m, id);
        domain_effects_soon(m);
}

/* --- what follows a change, once it is committed --- */

static int on_effects(sd_event_source* source, void* userdata) {
        Manager* m = userdata;
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        dkim_forget_gone(m);
        dkim_ensure_all(m);
        domain_effects(m);
        return 0;
}

void domain_effects_soon(Manager* m) {
        Domain* d = m->domain;
        if (!d)
                return;
        int r = 0;
        if (!d->effects) {
                r = sd_event_add_defer(m->event, &d->effects, on_effects, m);
                if (r >= 0) /* requests first */
                        r = sd_event_source_set_priority(d->effects, SD_EVENT_PRIORITY_NORMAL + 5);
        } else
                r = sd_event_source_set_enabled(d->effects, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to plan what follows a change of domains, ignoring: %m");
}
