/* Brings the box to what the nouns want: firewall, then a certificate so that nginx can start, then nginx's names. Each helper verb is
 * idempotent, so the whole chain is run again whenever anything may have changed, and after a failure with growing pauses. */
#include "base/log.h"
#include "base/time.h"
#include "certificate/certificate.h"
#include "daemon/nouns.h"
#include "site/site.h"
#include "system/system-internal.h"
#include "system/wanted.h"

#define SOON_USEC (200 * USEC_PER_MSEC)
#define SETTLE_USEC (2 * USEC_PER_SEC)     /* addresses come in bursts */
#define AGAIN_USEC (5 * USEC_PER_SEC)
#define AGAIN_MAX_USEC (300 * USEC_PER_SEC)

static System* applying(void* userdata) {
        Manager* m = userdata;
        return m->system && m->system->applying ? m->system : NULL;
}

static void arm(System* s, uint64_t usec);

static void apply_end(System* s) {
        s->applying = false;
        s->whole_done = true;
        s->tries = 0;
        for (size_t i = 0; noun_table[i]; i++)
                if (noun_table[i]->applied)
                        noun_table[i]->applied(s->m);
        if (s->apply_again) {
                s->apply_again = false;
                arm(s, 1);
        }
        system_refresh(s->m, 0);
}

static void apply_failed(System* s, const char* what, const Error* error) {
        unsigned doublings = MIN(s->tries, 10u);
        uint64_t wait = MIN(AGAIN_USEC << doublings, AGAIN_MAX_USEC);
        s->applying = s->apply_again = s->whole_done = false;
        if (s->tries++ % 8 == 0) /* not every minute of a broken day */
                log_warning("Cannot bring %s up to date, will try again: %s", what, error ? strempty(error->message) : "");
        apply_soon(s, wait);
}

static void on_names(json_t* answer, const Error* error, void* userdata) {
        System* s = applying(userdata);
        if (s && error)
                apply_failed(s, "the web server", error);
        else if (s)
                apply_end(s);
}

static void apply_names(System* s) {
        _cleanup_error_ Error e = ERROR_NULL;
        /* After a start it takes a moment to learn which certificates are in place; without that every name would show the box's own, which
         * browsers refuse. Whoever looks after certificates has this done again as soon as they are listed. */
        if (s->m->certificates && !certificates_present(s->m)) {
                s->applying = s->apply_again = false;
                return;
        }
        NginxNames* names = calloc(1, sizeof(NginxNames));
        int r = names ? wanted_names(s->m, noun_table, names, &e) : error_errno(&e, -ENOMEM, "Cannot collect names");
        if (r >= 0)
                r = helper_client_nginx_apply(s->m->helper, names->items, names->count, on_names, s->m, &e);
        if (names)
                nginx_names_done(names);
        free(names);
        if (r < 0)
                apply_failed(s, "the web server", &e);
}

static void on_self_signed(json_t* answer, const Error* error, void* userdata) {
        System* s = applying(userdata);
        if (!s)
                return;
        if (error && error->name != ERROR_CONFLICT) /* conflict: a real one is there, which is better */
                apply_failed(s, "the certificate", error);
        else
                apply_names(s);
}

static void apply_certificate(System* s) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t* names = site_own_names(s->m);
        const char* name = json_string_value(json_array_get(names, 0)) ?: "localhost.localdomain";
        if (helper_client_certificate_self_sign(s->m->helper, BOX_CERTIFICATE, name, on_self_signed, s->m, &e) < 0)
                apply_failed(s, "the certificate", &e);
}

static void on_firewall(json_t* answer, const Error* error, void* userdata) {
        System* s = applying(userdata);
        if (!s)
                return;
        if (error)
                log_warning("Cannot bring the firewall up to date: %s", strempty(error->message));
        apply_certificate(s); /* a box without a firewall still serves; the firewall page shows the truth */
}

static void on_firewall_alone(json_t* answer, const Error* error, void* userdata) {
        if (error) /* it is tried again with all the rest */
                log_warning("Cannot bring the firewall up to date: %s", strempty(error->message));
}

void system_firewall_now(Manager* m) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ Ports* ports = m->system && m->bus ? calloc(1, sizeof(Ports)) : NULL;
        if (!ports)
                return;
        int r = wanted_ports(m, noun_table, ports, &e);
        if (r >= 0)
                r = helper_client_firewall_apply(m->helper, ports->items, ports->count, on_firewall_alone, m, &e);
        if (r < 0)
                log_warning("Cannot bring the firewall up to date: %s", strempty(e.message));
}

static void look_at_addresses(System* s) {
        _cleanup_json_ json_t* before = TAKE_PTR(s->addresses);
        (void) link_addresses(&s->addresses);
        if (!before || !s->addresses || json_equal(before, s->addresses))
                return;
        for (size_t i = 0; noun_table[i]; i++)
                if (noun_table[i]->addresses_changed)
                        noun_table[i]->addresses_changed(s->m);
}

static void apply_whole(System* s) {
        _cleanup_error_ Error e = ERROR_NULL;
        Ports* ports = calloc(1, sizeof(Ports));
        int r = ports ? wanted_ports(s->m, noun_table, ports, &e) : error_errno(&e, -ENOMEM, "Cannot collect ports");
        if (r >= 0)
                r = helper_client_firewall_apply(s->m->helper, ports->items, ports->count, on_firewall, s->m, &e);
        free(ports);
        if (r < 0)
                apply_failed(s, "the firewall", &e);
}

static int on_apply(sd_event_source* source, uint64_t usec, void* userdata) {
        System* s = userdata;
        s->apply_timer = sd_event_source_disable_unref(s->apply_timer);
        if (s->applying) {
                s->apply_again = true;
                return 0;
        }
        bool whole = s->whole_due || !s->whole_done;
        s->whole_due = false;
        s->applying = true;
        look_at_addresses(s);
        if (whole)
                apply_whole(s);
        else
                apply_names(s);
        return 0;
}

/* What was planned for earlier stays so: somebody may wait for it. */
static void arm(System* s, uint64_t usec) {
        uint64_t planned = UINT64_MAX, at = now_usec(CLOCK_MONOTONIC) + usec;
        if (!s->m->bus) /* no helper in unit tests and on a developer's machine */
                return;
        if (s->apply_timer && sd_event_source_get_time(s->apply_timer, &planned) >= 0 && planned <= at)
                return;
        s->apply_timer = sd_event_source_disable_unref(s->apply_timer);
        int r = sd_event_add_time(s->m->event, &s->apply_timer, CLOCK_MONOTONIC, at, usec < SOON_USEC ? 1 : 0, on_apply, s);
        if (r < 0)
                (void) log_error_errno(r, "Failed to plan the update of firewall and web server: %m");
        else
                (void) sd_event_source_set_description(s->apply_timer, "apply");
}

void apply_soon(System* s, uint64_t usec) {
        s->whole_due = true;
        arm(s, usec);
}

void system_apply_soon(Manager* m) {
        if (m->system)
                apply_soon(m->system, SOON_USEC);
}

void system_names_now(Manager* m) {
        if (m->system)
                arm(m->system, 1);
}

static int on_links(sd_event_source* source, int fd, uint32_t revents, void* userdata) {
        System* s = userdata;
        _cleanup_json_ json_t* now = NULL;
        link_monitor_drain(s->monitor);
        if (link_addresses(&now) >= 0 && s->addresses && !json_equal(now, s->addresses))
                apply_soon(s, SETTLE_USEC);
        return 0;
}

int apply_watch(System* s) {
        int r = link_monitor_new(&s->monitor);
        if (r >= 0)
                r = sd_event_add_io(s->m->event, &s->monitor_io, link_monitor_fd(s->monitor), EPOLLIN, on_links, s);
        if (r >= 0)
                (void) sd_event_source_set_description(s->monitor_io, "links");
        return r;
}
