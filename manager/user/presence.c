#include "user/presence.h"
#include "base/log.h"
#include "store/store-session.h"

struct Presence {
        Manager* manager;
        sd_event_source* timer; /* armed only while there are notes, so that an idle box does not wake */
        size_t n;
        Note notes[PRESENCE_MAX];
};

static int write_note(Store* s, const Note* n, Error* reterr) {
        int r = n->token ? store_token_used(s, n->id, n->at - n->at % PRESENCE_TOKEN_SEC, reterr) :
                           store_session_seen(s, n->id, n->at - n->at % PRESENCE_SESSION_SEC, n->expires_at, reterr);
        if (r >= 0)
                r = store_user_seen(s, n->user_id, n->at - n->at % PRESENCE_TOKEN_SEC, reterr);
        return r;
}

int presence_write(Presence* p, Error* reterr) {
        int r = 0;
        for (size_t i = 0; i < p->n && r >= 0; i++)
                r = write_note(p->manager->store, &p->notes[i], reterr);
        p->n = 0; /* also after a failure: the next requests make the notes again */
        return MIN(r, 0);
}

static void flush(Presence* p) {
        _cleanup_error_ Error e = ERROR_NULL;
        Store* s = p->manager->store;
        if (p->n == 0 || store_in_transaction(s))
                return;
        if (store_begin(s, &e) < 0 || presence_write(p, &e) < 0 || store_commit(s, &e) < 0) {
                store_rollback(s);
                log_warning("Cannot note who was here, ignoring: %s", strempty(e.message));
        }
}

static int on_timer(sd_event_source* source, uint64_t usec, void* userdata) {
        assert(userdata);
        flush(userdata);
        return 0;
}

int presence_new(Manager* m, Presence** ret) {
        Presence* p = malloc(sizeof(Presence));
        if (!p)
                return -ENOMEM;
        p->manager = m;
        p->timer = NULL;
        p->n = 0;
        *ret = p;
        return 0;
}

Presence* presence_free(Presence* p) {
        if (!p)
                return NULL;
        flush(p);
        sd_event_source_disable_unref(p->timer);
        free(p);
        return NULL;
}

static int arm(Presence* p) {
        if (!p->manager->event)
                return 0;
        uint64_t delay = PRESENCE_DELAY_SEC * USEC_PER_SEC;
        if (p->timer) {
                int r = sd_event_source_set_time_relative(p->timer, delay);
                return r < 0 ? r : sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
        }
        int r = sd_event_add_time_relative(p->manager->event, &p->timer, CLOCK_MONOTONIC, delay, 10 * USEC_PER_SEC, on_timer, p);
        if (r >= 0)
                (void) sd_event_source_set_description(p->timer, "presence");
        return r;
}

void presence_note(Presence* p, const Note* note) {
        for (size_t i = 0; i < p->n; i++)
                if (p->notes[i].token == note->token && streq(p->notes[i].id, note->id)) {
                        p->notes[i] = *note;
                        return;
                }
        if (p->n == PRESENCE_MAX)
                return;
        p->notes[p->n++] = *note;
        if (p->n == 1 && arm(p) < 0)
                log_debug("No timer for presence; housekeeping will write it.");
}
