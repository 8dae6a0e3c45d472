/* What is in place, as the helper says; which of it a name should show; who waits for one. */
#include "api/events.h"
#include "base/log.h"
#include "base/time.h"
#include "certificate/certificate-internal.h"
#include "certificate/wanted.h"
#include "daemon/helper-client.h"
#include "system/system.h"

#define SOON_USEC (200 * USEC_PER_MSEC)
#define LIST_AGAIN_USEC (5 * USEC_PER_SEC)

json_t* json_from(const char* text, bool array) {
        json_t* j = json_loads(isempty(text) ? "null" : text, JSON_REJECT_DUPLICATES, NULL);
        if (array ? json_is_array(j) : json_is_object(j))
                return j;
        json_decref(j);
        return array ? json_array() : json_object();
}

const json_t* certificates_present(Manager* m) {
        return m->certificates ? m->certificates->present : NULL;
}

const json_t* present_find(const Certificates* c, const char* id) {
        size_t i;
        json_t* item;
        json_array_foreach(c ? c->present : NULL, i, item)
                if (streq_ptr(json_get_string(item, "id"), id))
                        return item;
        return NULL;
}

bool present_valid(const json_t* present, int64_t now) {
        return present && json_get_integer(present, "not_before", INT64_MAX) <= now + 3600 && now < json_get_integer(present, "not_after", 0);
}

/* --- which one a name shows --- */

/* Trusted before others, uploaded before fetched, then the one that lasts longest. Negative: it will not do. */
static int64_t rank(const json_t* c, const char* name, int64_t now) {
        bool upload = *strempty(json_get_string(c, "id")) == 'u';
        if ((json_get_boolean(c, "self_signed", true) && !upload) || !present_valid(c, now) || !names_cover(json_object_get(c, "names"), name))
                return -1;
        int64_t class = json_get_boolean(c, "trusted", false) ? 2 : 0;
        class += upload;
        return (class << 40) + MIN(json_get_integer(c, "not_after", 0), ((int64_t) 1 << 40) - 1);
}

static bool is_leaving(const Certificates* c, const char* id) {
        return c->known && !streq(id, BOX_CERTIFICATE) && !json_object_get(c->known, id);
}

const char* certificate_for_name(Manager* m, const char* name) {
        const char* best = BOX_CERTIFICATE;
        int64_t best_rank = -1, now = now_seconds();
        size_t i;
        json_t* c;
        json_array_foreach(certificates_present(m), i, c) {
                int64_t r = rank(c, name, now);
                if (r <= best_rank || is_leaving(m->certificates, json_get_string(c, "id")))
                        continue;
                best_rank = r;
                best = json_get_string(c, "id");
        }
        return best;
}

bool certificate_trusted_for(Manager* m, const char* id, const char* name) {
        const json_t* c = present_find(m->certificates, id);
        return json_get_boolean(c, "trusted", false) && rank(c, name, now_seconds()) >= 0;
}

/* --- listing --- */

static void on_listed(json_t* answer, const Error* error, void* userdata) {
        Manager* m = userdata;
        Certificates* c = m->certificates;
        if (!c)
                return;
        c->listing = false;
        if (c->list_again) {
                c->list_again = false;
                certificates_refresh(m);
                return;
        }
        if (error) {
                log_warning("Cannot list the certificates, will try again: %s", strempty(error->message));
                certificates_look_soon(c, LIST_AGAIN_USEC);
                return;
        }
        bool news = !json_equal(c->present, answer); /* false too where there was none before */
        json_decref(c->present);
        c->present = json_incref(answer);
        c->listed_usec = now_usec(CLOCK_MONOTONIC);
        certificates_look_soon(c, 1);
        if (!news)
                return;
        system_apply_soon(m); /* names may show another one now */
        events_changed(m->events, "certificate");
        events_publish(m->events, "finding", json_object(), /* user_id= */ 0);
}

void certificates_refresh(Manager* m) {
        Certificates* c = m->certificates;
        if (!c || !m->bus)
                return;
        if (c->listing) {
                c->list_again = true;
                return;
        }
        c->listing = helper_client_certificate_list(m->helper, on_listed, m, NULL) >= 0;
        if (!c->listing)
                certificates_look_soon(c, LIST_AGAIN_USEC);
}

/* --- looking --- */

static int on_timer(sd_event_source* source, uint64_t usec, void* userdata) {
        Certificates* c = userdata;
        uint64_t next = 0;
        c->timer = sd_event_source_disable_unref(c->timer);
        c->timer_usec = 0;
        if (!c->present) {
                certificates_refresh(c->m);
                return 0;
        }
        (void) plan_look(c, &next);
        if (next > 0)
                certificates_look_soon(c, next);
        return 0;
}

/* The earlier of two wishes counts. */
void certificates_look_soon(Certificates* c, uint64_t usec) {
        uint64_t at = now_usec(CLOCK_BOOTTIME) + usec;
        if (!c || !c->m->event || (c->timer && c->timer_usec <= at))
                return;
        c->timer = sd_event_source_disable_unref(c->timer);
        int r = sd_event_add_time(c->m->event, &c->timer, CLOCK_BOOTTIME, at, USEC_PER_MSEC * 50, on_timer, c);
        if (r < 0) {
                (void) log_error_errno(r, "Failed to plan the next look at the certificates: %m");
                return;
        }
        c->timer_usec = at;
        (void) sd_event_source_set_description(c->timer, "certificates");
}

void certificates_wanted_changed(Manager* m) {
        certificates_look_soon(m->certificates, SOON_USEC);
}

/* --- waiting for one --- */

int certificate_ensure(Manager* m, const char* name, CertificateDone done, void* userdata, Error* reterr) {
        Certificates* c = m->certificates;
        for (size_t i = 0; c && i < ENSURING_MAX; i++) {
                Ensuring* e = &c->ensuring[i];
                if (e->name)
                        continue;
                *e = (Ensuring) { .name = strdup(name), .done = done, .userdata = userdata };
                if (!e->name)
                        return error_errno(reterr, -ENOMEM, "Cannot wait for a certificate");
                certificates_look_soon(c, 1);
                return 0;
        }
        return error_set(reterr, ERROR_BUSY, "Too many wait for certificates already.");
}
