#include "daemon/quiet.h"
#include "api/tag.h"
#include "daemon/log-copy.h"
#include <malloc.h>

#define QUIET_USEC (5 * USEC_PER_SEC)

struct Quiet {
        Manager* manager;
        sd_event_source* timer; /* armed only after something happened: an idle manager does not wake up for it */
        bool armed, busy_again;
};

static int arm(Quiet* q) {
        q->armed = true;
        (void) sd_event_source_set_time_relative(q->timer, QUIET_USEC);
        return sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
}

static int on_quiet(sd_event_source* s, uint64_t usec, void* userdata) {
        Quiet* q = userdata;
        q->armed = false;
        if (q->busy_again) {
                q->busy_again = false;
                return arm(q);
        }
        tag_cache_trim(q->manager->tag_cache);
        store_trim(q->manager->store);
        (void) malloc_trim(0);
        return 0;
}

/* Jobs, timers and what PID 1 says move the store, too, with nobody connected. */
static void on_written(void* userdata) {
        manager_was_busy(userdata);
}

int quiet_new(Manager* m, Quiet** ret) {
        Quiet* q = calloc(1, sizeof(Quiet));
        if (!q)
                return -ENOMEM;
        q->manager = m;
        int r = sd_event_add_time_relative(m->event, &q->timer, CLOCK_MONOTONIC, QUIET_USEC, USEC_PER_SEC, on_quiet, q);
        if (r < 0) {
                free(q);
                return r;
        }
        q->armed = true;
        (void) sd_event_source_set_description(q->timer, "quiet");
        store_on_write(m->store, on_written, m);
        *ret = q;
        return 0;
}

Quiet* quiet_free(Quiet* q) {
        if (q) {
                store_on_write(q->manager->store, NULL, NULL);
                sd_event_source_disable_unref(q->timer);
        }
        free(q);
        return NULL;
}

void manager_was_busy(Manager* m) {
        if (!m->quiet)
                return;
        log_copy_if_long(m);
        if (m->quiet->armed)
                m->quiet->busy_again = true;
        else
                (void) arm(m->quiet);
}
