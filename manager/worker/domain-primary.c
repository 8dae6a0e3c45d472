/* Proves my.<domain> from outside the manager before it becomes the box's name: DNS leads here, who answers there is this box, an authority
 * has signed its certificate, and the web server shows exactly that one. Whatever fails, nothing was changed. */
#include "base/time.h"
#include "base/validate.h"
#include "identity.h"
#include "net/dns.h"
#include "net/probe.h"
#include "worker/worker.h"
#include <stdio.h>

#define ADDRESSES_MAX 16
#define LOOKS 60 /* at what the web server shows, one a second: its reloads are joined, and a busy machine is slow */

typedef struct Primary {
        Worker* w;
        const char* name;     /* my.<domain> */
        const char* resolver; /* the box's own */
        const char* server;   /* where our web server is */
        unsigned http_port, https_port;
        char identity[IDENTITY_BYTES];
} Primary;

/* --- resolve --- */

typedef struct Lookup {
        sd_event* event;
        const char* name;
        unsigned open;            /* questions under way */
        bool answered;            /* at least one answer came */
        char why[128];            /* what was wrong with the last that did not */
        char addresses[ADDRESSES_MAX][64];
        size_t n;
} Lookup;

static void on_addresses(const DnsAnswer* a, void* userdata) {
        Lookup* l = userdata;
        if (a->outcome == DNS_ANSWERED && (a->rcode == 0 || a->rcode == 3))
                l->answered = true;
        else
                (void) snprintf(l->why, sizeof(l->why), "%s, code %u%s%.60s", dns_outcome_to_string(a->outcome), a->rcode, a->extended_text ? ": " : "",
                                strempty(a->extended_text));
        for (size_t i = 0; i < a->n_records && l->n < ADDRESSES_MAX; i++) {
                const DnsRecord* record = &a->records[i];
                if (record->section == DNS_ANSWER && (streq(record->type, "A") || streq(record->type, "AAAA")) && ip_address_valid(record->value))
                        (void) snprintf(l->addresses[l->n++], sizeof(l->addresses[0]), "%s", record->value);
        }
        if (--l->open == 0)
                (void) sd_event_exit(l->event, 0);
}

static int lookup(const Primary* p, Lookup* l, Error* reterr) {
        _cleanup_(dns_freep) Dns* dns = NULL;
        const char* const servers[] = { p->resolver };
        int r = sd_event_new(&l->event);
        if (r >= 0)
                r = dns_new(l->event, &(DnsOptions) {}, &dns);
        if (r >= 0)
                r = dns_ask(dns, p->name, "A", DNS_RECURSE, servers, 1, on_addresses, l, NULL, reterr);
        if (r >= 0) {
                l->open++;
                r = dns_ask(dns, p->name, "AAAA", DNS_RECURSE, servers, 1, on_addresses, l, NULL, reterr);
        }
        if (r >= 0) {
                l->open++;
                r = sd_event_loop(l->event);
        }
        dns = dns_free(dns);
        l->event = sd_event_unref(l->event);
        return r < 0 && !error_is_set(reterr) ? error_errno(reterr, r, "Cannot look up %s", p->name) : r;
}

/* One address of the name: an address that somebody else answers at is wrong whatever it looks like; one where nobody answers may be
 * ours behind address translation that does not lead back in, so it counts when it is what we want to have in DNS. */
static int look_at(const Primary* p, const char* address, Error* reterr) {
        const json_t* request = worker_request(p->w);
        char identity[IDENTITY_BYTES] = "";
        _cleanup_error_ Error e = ERROR_NULL;
        int r = probe_identity(p->name, address, p->http_port, identity, &e);
        if (r > 0 && streq(identity, p->identity))
                return 0;
        bool ours = json_list_has(json_object_get(request, "ipv4"), address) || json_list_has(json_object_get(request, "ipv6"), address);
        if (r < 0 && ours) {
                worker_log(p->w, "warning", "%s is this box's address, but it cannot be reached from here: %s", address, strempty(e.message));
                return 0;
        }
        if (r < 0)
                (void) error_set(reterr, ERROR_WRONG_STATE, "%s leads to %s, where nobody answers.", p->name, address);
        else
                (void) error_set(reterr, ERROR_WRONG_STATE, "%s leads to %s, and it is not this box that answers there.", p->name, address);
        return error_hint(reterr, "Set its records as the domain's page shows them, and wait until old answers have expired.");
}

static int resolve(const Primary* p, Error* reterr) {
        Lookup l = { .name = p->name };
        worker_progress(p->w, "resolve", 5, "Asking where %s leads", p->name);
        int r = lookup(p, &l, reterr);
        if (r < 0)
                return r;
        if (l.n == 0 && *l.why)
                return error_set(reterr, ERROR_UNREACHABLE, "It cannot be found out where %s leads (%s).", p->name, l.why);
        if (l.n == 0) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "%s leads nowhere: it has no address in DNS.", p->name);
                return error_hint(reterr, "Set its records as the domain's page shows them.");
        }
        for (size_t i = 0; i < l.n; i++) {
                r = look_at(p, l.addresses[i], reterr);
                if (r < 0)
                        return r;
        }
        worker_log(p->w, "info", "%s leads to this box (%zu addresses)", p->name, l.n);
        return 0;
}

/* --- certificate, serve, prove --- */

static int cancelled(const Primary* p, Error* reterr) {
        return worker_cancelled(p->w) ? error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.") : 0;
}

static int certificate(const Primary* p, Error* reterr) {
        _cleanup_json_ json_t* answer = NULL;
        worker_progress(p->w, "certificate", 20, "Fetching a certificate for %s", p->name);
        int r = worker_ask(p->w, json_pack("{s:s}", "what", "certificate"), &answer, reterr);
        if (r < 0)
                return r;
        if (!json_get_boolean(answer, "trusted", false))
                return error_set(reterr, ERROR_WRONG_STATE, "There is no certificate for %s that browsers would accept.", p->name);
        return 0;
}

static int serve_and_prove(const Primary* p, Error* reterr) {
        char identity[IDENTITY_BYTES] = "";
        worker_progress(p->w, "serve", 60, "Telling the web server");
        for (unsigned i = 0; i < LOOKS; i++) {
                _cleanup_json_ json_t* answer = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                int r = worker_ask(p->w, json_pack("{s:s, s:b}", "what", "serve", "first", (int) (i == 0)), &answer, reterr);
                if (r >= 0)
                        r = cancelled(p, reterr);
                if (r < 0)
                        return r;
                worker_progress(p->w, "prove", 75, "Looking at what %s shows", p->name);
                r = json_get_boolean(answer, "trusted", false)
                                ? probe_fingerprint(p->name, p->server, p->https_port, strempty(json_get_string(answer, "fingerprint")), identity, &e)
                                : 0;
                if (r > 0 && streq(identity, p->identity))
                        return 0;
                if (r < 0 && i + 1 == LOOKS)
                        return error_set(reterr, e.name, "%s", strempty(e.message));
                (void) usleep(1000 * 1000);
        }
        return error_set(reterr, ERROR_HELPER_FAILED, "The web server does not show the certificate of %s.", p->name);
}

int domain_primary_main(Worker* w, json_t** ret_result, Error* reterr) {
        const json_t* request = worker_request(w);
        const char *http = secure_getenv("STEADBOX_HTTP_PORT"), *https = secure_getenv("STEADBOX_HTTPS_PORT"); /* tests have no port 80 */
        Primary p = {
                .w = w,
                .name = json_get_string(request, "name"),
                .resolver = secure_getenv("STEADBOX_RESOLVER") ?: "127.0.0.1",
                .server = "127.0.0.1",
                .http_port = http ? (unsigned) atoi(http) : 80,
                .https_port = https ? (unsigned) atoi(https) : 443,
        };
        if (!dns_name_valid(p.name))
                return error_set(reterr, ERROR_BAD_REQUEST, "The request names no domain.");
        int r = identity_get(p.identity);
        if (r < 0)
                return error_errno(reterr, r, "This machine has no identity");
        r = resolve(&p, reterr);
        if (r >= 0)
                r = cancelled(&p, reterr);
        if (r >= 0)
                r = certificate(&p, reterr);
        if (r >= 0)
                r = serve_and_prove(&p, reterr);
        if (r < 0)
                return r;
        worker_progress(w, "switch", 95, "Changing over to %s", p.name);
        r = worker_ask(w, json_pack("{s:s}", "what", "switch"), NULL, reterr);
        if (r < 0)
                return r;
        *ret_result = json_pack("{s:s, s:s}", "domain", strempty(json_get_string(request, "domain")), "name", p.name);
        worker_progress(w, NULL, 100, "The box is %s now", p.name);
        return 0;
}
