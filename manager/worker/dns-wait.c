/* Waits until the world can see what was written: the zone's own servers are asked, each of them, for an authority may ask any. */
#include "base/log.h"
#include "base/time.h"
#include "net/dns.h"
#include "worker/certificate-internal.h"
#include <stdio.h>

#define WAIT_USEC (180 * USEC_PER_SEC)   /* providers take seconds, some a minute or two */
#define AGAIN_USEC (1 * USEC_PER_SEC)
#define DEAD_ROUNDS 3                    /* a server that never answered that often holds nobody up */
#define RESOLVER "127.0.0.1"             /* the box's own */
#define ADDRESS_BYTES 72

typedef struct Server {
        char name[256];
        char address[ADDRESS_BYTES];     /* with @port in tests */
        bool shows;
        unsigned silent;                 /* rounds in a row */
} Server;

typedef struct Waiting {
        Worker* w;
        Dns* dns;
        sd_event* event;
        const char* name;
        const char* value;
        const char* resolver;
        const char* port;                /* tests: the servers' port */
        char zone[256];
        Server servers[DNS_SERVERS_MAX];
        size_t n_servers;
        unsigned open;                   /* questions without an answer */
} Waiting;

static int rest(Waiting* w) {
        while (w->open > 0) {
                int r = sd_event_run(w->event, 200 * USEC_PER_MSEC);
                if (r < 0)
                        return r;
                if (worker_cancelled(w->w))
                        return -ECANCELED;
        }
        return 0;
}

static void ask(Waiting* w, const char* name, const char* type, unsigned flags, const char* server, DnsDone done, void* userdata) {
        const char* const servers[] = { server };
        if (dns_ask(w->dns, name, type, flags, servers, 1, done, userdata, NULL, NULL) >= 0)
                w->open++;
}

/* --- who answers for the zone --- */

/* The owner of the SOA, which comes along whether the name is there or not (RFC 2308 3). */
static void on_soa(const DnsAnswer* a, void* userdata) {
        Waiting* w = userdata;
        w->open--;
        for (size_t i = 0; a->outcome == DNS_ANSWERED && i < a->n_records; i++)
                if (streq(a->records[i].type, "SOA") && a->records[i].section != DNS_ADDITIONAL)
                        (void) snprintf(w->zone, sizeof(w->zone), "%s", a->records[i].owner);
}

typedef struct Lookup {
        Waiting* w;
        char name[256];
} Lookup;

static void on_address(const DnsAnswer* a, void* userdata) {
        Lookup* l = userdata;
        Waiting* w = l->w;
        w->open--;
        for (size_t i = 0; a->outcome == DNS_ANSWERED && i < a->n_records && w->n_servers < DNS_SERVERS_MAX; i++) {
                const DnsRecord* r = &a->records[i];
                if (r->section != DNS_ANSWER || !(streq(r->type, "A") || streq(r->type, "AAAA")))
                        continue;
                Server* s = &w->servers[w->n_servers++];
                (void) snprintf(s->name, sizeof(s->name), "%s", l->name);
                (void) snprintf(s->address, sizeof(s->address), "%.45s%s%s", r->value, w->port ? "@" : "", strempty(w->port));
        }
}

typedef struct Names {
        Waiting* w;
        Lookup found[DNS_SERVERS_MAX];
        size_t n;
} Names;

static void on_ns(const DnsAnswer* a, void* userdata) {
        Names* names = userdata;
        names->w->open--;
        for (size_t i = 0; a->outcome == DNS_ANSWERED && i < a->n_records && names->n < DNS_SERVERS_MAX; i++) {
                const DnsRecord* r = &a->records[i];
                if (r->section != DNS_ANSWER || !streq(r->type, "NS"))
                        continue;
                Lookup* l = &names->found[names->n++];
                l->w = names->w;
                (void) snprintf(l->name, sizeof(l->name), "%s", r->value);
        }
}

static int servers_find(Waiting* w) {
        Names names = { .w = w };
        ask(w, w->name, "SOA", DNS_RECURSE, w->resolver, on_soa, w);
        int r = rest(w);
        if (r < 0 || !*w->zone)
                return r;
        ask(w, w->zone, "NS", DNS_RECURSE, w->resolver, on_ns, &names);
        r = rest(w);
        for (size_t i = 0; r >= 0 && i < names.n; i++) {
                ask(w, names.found[i].name, "A", DNS_RECURSE, w->resolver, on_address, &names.found[i]);
                ask(w, names.found[i].name, "AAAA", DNS_RECURSE, w->resolver, on_address, &names.found[i]);
        }
        return r < 0 ? r : rest(w);
}

/* --- what they show --- */

typedef struct Look {
        Waiting* w;
        Server* server;
} Look;

static void on_txt(const DnsAnswer* a, void* userdata) {
        Look* l = userdata;
        l->w->open--;
        l->server->silent = a->outcome == DNS_ANSWERED ? 0 : l->server->silent + 1;
        for (size_t i = 0; a->outcome == DNS_ANSWERED && i < a->n_records; i++)
                if (streq(a->records[i].type, "TXT") && streq(a->records[i].value, l->w->value))
                        l->server->shows = true;
}

static int look(Waiting* w) {
        Look looks[DNS_SERVERS_MAX];
        for (size_t i = 0; i < w->n_servers; i++) {
                looks[i] = (Look) { w, &w->servers[i] };
                if (!w->servers[i].shows)
                        ask(w, w->name, "TXT", 0, w->servers[i].address, on_txt, &looks[i]);
        }
        return rest(w);
}

/* The first that does not show it yet; NULL = all do that speak at all, and one at least does. */
static const Server* missing(const Waiting* w) {
        const Server* silent = NULL;
        bool shown = false;
        for (size_t i = 0; i < w->n_servers; i++) {
                const Server* s = &w->servers[i];
                shown = shown || s->shows;
                if (!s->shows && s->silent < DEAD_ROUNDS)
                        return s;
                if (!s->shows)
                        silent = s;
        }
        return shown ? NULL : silent;
}

static int watch(Waiting* w, Error* reterr) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + WAIT_USEC;
        for (;;) {
                int r = look(w);
                const Server* s = missing(w);
                if (r < 0 || !s)
                        return r;
                if (now_usec(CLOCK_MONOTONIC) >= deadline) {
                        (void) error_set(reterr, ERROR_UNREACHABLE, "%s (%s), which answers for %s, does not show the answer to the authority's challenge after %u seconds%s.",
                                         s->name, s->address, w->zone, (unsigned) (WAIT_USEC / USEC_PER_SEC),
                                         s->silent > 0 ? "; it does not answer at all" : "");
                        return error_hint(reterr, "Its provider may copy changes slowly, or that server is not told of them; it is tried again by itself.");
                }
                w->open++; /* a pause in which the loop runs on, so that being cancelled is heard */
                uint64_t until = now_usec(CLOCK_MONOTONIC) + AGAIN_USEC;
                while (now_usec(CLOCK_MONOTONIC) < until)
                        if ((r = sd_event_run(w->event, 100 * USEC_PER_MSEC)) < 0 || worker_cancelled(w->w))
                                return r < 0 ? r : -ECANCELED;
                w->open--;
        }
}

int dns_wait(Worker* worker, const char* name, const char* value, Error* reterr) {
        Waiting w = {
                .w = worker, .name = name, .value = value,
                .resolver = secure_getenv("STEADBOX_RESOLVER") ?: RESOLVER, .port = secure_getenv("STEADBOX_DNS_PORT"),
        };
        int r = sd_event_new(&w.event);
        if (r >= 0)
                r = dns_new(w.event, NULL, &w.dns);
        if (r >= 0)
                r = servers_find(&w);
        if (r >= 0 && w.n_servers == 0)
                worker_log(worker, "warning", "Who answers for %s cannot be looked up, so the authority is asked at once", name);
        else if (r >= 0)
                r = watch(&w, reterr);
        (void) dns_free(w.dns);
        (void) sd_event_unref(w.event);
        if (r == -ECANCELED)
                return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
        return r < 0 && !error_is_set(reterr) ? error_errno(reterr, r, "Cannot look whether %s can be seen", name) : r;
}
