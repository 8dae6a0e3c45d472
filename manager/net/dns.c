/* Which server is asked when, for many questions at a time: one epoll for all sockets, one timer for all
 * deadlines. */
#include "net/dns-internal.h"
#include "base/secret.h"
#include "base/time.h"
#include <stdio.h>
#include <sys/epoll.h>

#define BATCH 64
#define TRY_LEAST_USEC (100 * USEC_PER_MSEC)
#define SHORTAGE_USEC (50 * USEC_PER_MSEC)
#define RANDOM_IDS 128
#define OPEN_MAX                                                                                            \
        2 /* sockets a question keeps: the present one, and the one before for an answer that comes late */

enum { RCODE_NOERROR = 0, RCODE_FORMERR = 1, RCODE_NXDOMAIN = 3, RCODE_NOTIMP = 4 };

/* One of a question's servers. */
typedef struct Choice {
        DnsServer* server;
        bool asked;
        bool struck; /* is not asked again: refused, unreachable, or answered what helps nobody */
        bool plain;  /* understands no EDNS (RFC 6891 7) */
} Choice;

struct DnsQuestion {
        Dns* dns;
        DnsQuestion *prev, *next; /* in waiting or active */
        DnsWanted wanted;
        unsigned flags;
        Choice choices[DNS_SERVERS_MAX];
        unsigned n_choices, n_struck, turn;
        DnsExchange exchanges[OPEN_MAX];
        unsigned current; /* of exchanges */
        uint64_t begun_usec, deadline_usec, next_usec, try_usec;
        DnsAnswer fallback; /* believed when nobody knows better */
        bool has_fallback, active, over;
        bool silent, garbled; /* what went wrong so far */
        DnsDone done;
        void* userdata;
};

typedef struct List {
        DnsQuestion *first, *last;
        unsigned n;
} List;

struct Dns {
        sd_event_source *sockets, *timer, *begin;
        DnsOptions options;
        int epoll;
        List waiting, active;
        uint64_t armed_usec;             /* UINT64_MAX = the timer is off */
        struct epoll_event batch[BATCH]; /* being worked on; entries of sockets closed meanwhile are NULL */
        int n_batch;
        DnsServers servers;
        uint16_t ids[RANDOM_IDS];
        unsigned n_ids; /* left in ids */
        uint64_t sent;
        bool busy; /* inside a callback */
        uint8_t buffer[DNS_MESSAGE_MAX];
};

static void list_add(List* l, DnsQuestion* q) {
        q->prev = l->last;
        q->next = NULL;
        *(l->last ? &l->last->next : &l->first) = q;
        l->last = q;
        l->n++;
}

static void list_remove(List* l, DnsQuestion* q) {
        *(q->prev ? &q->prev->next : &l->first) = q->next;
        *(q->next ? &q->next->prev : &l->last) = q->prev;
        l->n--;
}

static uint16_t random_id(Dns* d) {
        if (d->n_ids == 0) {
                random_bytes(d->ids, sizeof(d->ids));
                d->n_ids = RANDOM_IDS;
        }
        return d->ids[--d->n_ids];
}

static void close_exchange(DnsExchange* e) {
        Dns* d = e->question->dns;
        for (int i = 0; e->fd >= 0 && i < d->n_batch; i++)
                if (d->batch[i].data.ptr == e)
                        d->batch[i].data.ptr = NULL;
        dns_exchange_close(e);
}

static DnsQuestion* question_free(DnsQuestion* q) {
        if (!q)
                return NULL;
        for (unsigned i = 0; i < OPEN_MAX; i++)
                close_exchange(&q->exchanges[i]);
        list_remove(q->active ? &q->dns->active : &q->dns->waiting, q);
        dns_answer_done(&q->fallback);
        free(q);
        return NULL;
}

/* The one place where a question ends with a call. */
static void finish(DnsQuestion* q, DnsAnswer* a, const DnsServer* server) {
        q->over = true;
        for (unsigned i = 0; i < q->n_choices; i++)
                a->tried += q->choices[i].asked;
        a->usec = now_usec(CLOCK_MONOTONIC) - q->begun_usec;
        if (server)
                (void) snprintf(a->server, sizeof(a->server), "%.*s", (int) strcspn(server->text, "@"),
                                server->text);
        for (unsigned i = 0; i < OPEN_MAX; i++)
                close_exchange(&q->exchanges[i]);
        q->done(a, q->userdata);
        question_free(q);
}

/* Nobody is left to ask, or the time is over. */
static void give_up(DnsQuestion* q) {
        _cleanup_(dns_answer_done) DnsAnswer a = { .extended_error = -1 };
        if (q->has_fallback) {
                finish(q, &q->fallback, /* server= */ NULL);
                return;
        }
        a.outcome = q->garbled ? DNS_GARBLED : q->silent ? DNS_TIMEOUT : DNS_UNREACHABLE;
        finish(q, &a, /* server= */ NULL);
}

static void strike(DnsQuestion* q, unsigned choice) {
        if (!q->choices[choice].struck)
                q->n_struck++;
        q->choices[choice].struck = true;
}

/* Patience with one server: all get their turn before the deadline, however many they are. */
static uint64_t patience(const DnsQuestion* q) {
        unsigned round = MIN(q->turn / q->n_choices, 16U);
        return q->try_usec << round;
}

static void arm(Dns* d, uint64_t usec) {
        if (usec >= d->armed_usec)
                return;
        d->armed_usec = usec;
        (void) sd_event_source_set_time(d->timer, usec);
        (void) sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
}

static void wait_until(DnsQuestion* q, uint64_t usec) {
        q->next_usec = MIN(usec, q->deadline_usec);
        arm(q->dns, q->next_usec);
}

/* A socket for this server: the one that is open already, else the older of the two. */
static DnsExchange* exchange_for(DnsQuestion* q, unsigned choice) {
        for (unsigned i = 0; i < OPEN_MAX; i++)
                if (q->exchanges[i].fd >= 0 && !q->exchanges[i].tcp && q->exchanges[i].server == choice) {
                        q->current = i;
                        return &q->exchanges[i];
                }
        q->current = (q->current + 1) % OPEN_MAX;
        close_exchange(&q->exchanges[q->current]);
        return &q->exchanges[q->current];
}

static int open_exchange(DnsExchange* e, unsigned choice, bool tcp) {
        DnsQuestion* q = e->question;
        uint8_t query[DNS_QUERY_MAX];
        size_t size = dns_query_build(&q->wanted, q->flags, !q->choices[choice].plain, query);
        e->server = choice;
        q->choices[choice].asked = true;
        q->dns->sent++;
        return dns_exchange_open(
                        e, q->dns->epoll, &q->choices[choice].server->address, tcp, random_id(q->dns), query,
                        size);
}

/* Whether we are short of something ourselves, which says nothing about the server. EAGAIN: no port is free. */
static bool is_shortage(int r) {
        return r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS || r == -EAGAIN;
}

static int ask_choice(DnsQuestion* q, unsigned choice) {
        DnsExchange* e = exchange_for(q, choice);
        if (e->fd < 0)
                return open_exchange(e, choice, /* tcp= */ false);
        q->dns->sent++;
        return dns_exchange_repeat(e);
}

/* Asks the next server in line, or ends the question. */
static void ask_next(DnsQuestion* q) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        while (q->n_struck < q->n_choices && now < q->deadline_usec) {
                unsigned choice = q->turn % q->n_choices;
                uint64_t usec = patience(q);
                q->turn++;
                if (q->choices[choice].struck)
                        continue;
                int r = ask_choice(q, choice);
                if (r >= 0 || is_shortage(r)) {
                        q->turn -= r < 0;
                        wait_until(q, now + (r < 0 ? SHORTAGE_USEC : usec));
                        return;
                }
                strike(q, choice);
        }
        give_up(q);
}

/* Over TCP to the server that answered e. The patience begins anew: this server lives. */
static void go_on_by_tcp(DnsExchange* e) {
        DnsQuestion* q = e->question;
        unsigned choice = e->server;
        close_exchange(e);
        q->current = (unsigned) (e - q->exchanges);
        if (open_exchange(e, choice, /* tcp= */ true) >= 0) {
                wait_until(q, now_usec(CLOCK_MONOTONIC) + 2 * q->dns->options.try_usec);
                return;
        }
        strike(q, choice);
        ask_next(q);
}

/* The server behind e will not help; is it the one that is being waited for? */
static void pass_over(DnsExchange* e) {
        DnsQuestion* q = e->question;
        bool current = e == &q->exchanges[q->current];
        strike(q, e->server);
        close_exchange(e);
        if (current || q->n_struck == q->n_choices)
                ask_next(q);
}

static void keep_fallback(DnsQuestion* q, DnsAnswer* a, const DnsServer* server) {
        bool better = !q->has_fallback || (a->rcode == RCODE_NOERROR && q->fallback.rcode != RCODE_NOERROR);
        if (!better)
                return;
        dns_answer_done(&q->fallback);
        q->fallback = *a;
        (void) snprintf(q->fallback.server, sizeof(q->fallback.server), "%.*s",
                        (int) strcspn(server->text, "@"), server->text);
        q->has_fallback = true;
        *a = (DnsAnswer) { .extended_error = -1 };
}

static void on_answer(DnsExchange* e, DnsAnswer* a) {
        DnsQuestion* q = e->question;
        Choice* c = &q->choices[e->server];
        c->server->heard = true;
        c->server->silent = 0;
        if (a->truncated && !e->tcp) {
                keep_fallback(q, a, c->server);
                go_on_by_tcp(e);
                return;
        }
        if (a->rcode == RCODE_NOERROR || a->rcode == RCODE_NXDOMAIN) {
                finish(q, a, c->server);
                return;
        }
        if ((a->rcode == RCODE_FORMERR || a->rcode == RCODE_NOTIMP) && !c->plain) {
                c->plain = true;
                close_exchange(e);
                if (open_exchange(e, e->server, e->tcp) >= 0)
                        return;
        } else
                keep_fallback(q, a, c->server);
        pass_over(e);
}

static void on_exchange(DnsExchange* e) {
        DnsQuestion* q = e->question;
        _cleanup_(dns_answer_done) DnsAnswer a = { .extended_error = -1 };
        const uint8_t* packet;
        size_t size;
        int r = dns_exchange_move(e, q->dns->epoll, q->dns->buffer, &packet, &size);
        if (r < 0) {
                q->garbled = q->garbled || r == -EPROTO;
                pass_over(e);
                return;
        }
        if (r == 0)
                return;
        r = dns_packet_read(packet, size, e->id, &q->wanted, &a);
        if (r > 0) {
                on_answer(e, &a);
                return;
        }
        /* Over UDP somebody else may have sent this: the real answer may still come. A connection can be
         * trusted to be one with the server. */
        q->garbled = q->garbled || r < 0 || e->tcp;
        if (e->tcp)
                pass_over(e);
}

static void begin_waiting(Dns* d) {
        while (d->waiting.first && d->active.n < d->options.window) {
                DnsQuestion* q = d->waiting.first;
                bool dead = true;
                list_remove(&d->waiting, q);
                list_add(&d->active, q);
                q->active = true;
                for (unsigned i = 0; i < q->n_choices; i++)
                        dead = dead && dns_server_dead(q->choices[i].server);
                q->begun_usec = now_usec(CLOCK_MONOTONIC);
                q->deadline_usec = q->begun_usec + (dead ? MIN(2 * q->try_usec, d->options.deadline_usec)
                                                         : d->options.deadline_usec);
                ask_next(q);
        }
}

static int on_sockets(sd_event_source* s, int fd, uint32_t revents, void* userdata) {
        Dns* d = userdata;
        int n = epoll_wait(d->epoll, d->batch, BATCH, 0);
        d->busy = true;
        d->n_batch = MAX(n, 0);
        for (int i = 0; i < d->n_batch; i++)
                if (d->batch[i].data.ptr)
                        on_exchange(d->batch[i].data.ptr);
        d->n_batch = 0;
        begin_waiting(d);
        d->busy = false;
        return 0;
}

static void on_silence(DnsQuestion* q) {
        DnsExchange* e = &q->exchanges[q->current];
        q->silent = true;
        if (e->fd >= 0)
                q->choices[e->server].server->silent++;
        if (e->fd >= 0 && e->tcp) {
                strike(q, e->server);
                close_exchange(e);
        }
        ask_next(q);
}

static int on_timer(sd_event_source* s, uint64_t usec, void* userdata) {
        Dns* d = userdata;
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        d->busy = true;
        d->armed_usec = UINT64_MAX;
        /* From the start after each: a question's end may take others with it. Each either ends or waits for
         * a later time. */
        for (DnsQuestion* q = d->active.first; q;)
                if (q->next_usec <= now) {
                        on_silence(q);
                        q = d->active.first;
                } else
                        q = q->next;
        begin_waiting(d);
        for (DnsQuestion* q = d->active.first; q; q = q->next)
                arm(d, q->next_usec);
        d->busy = false;
        return 0;
}

static int on_begin(sd_event_source* s, void* userdata) {
        Dns* d = userdata;
        d->busy = true;
        begin_waiting(d);
        d->busy = false;
        return 0;
}

static int add_sources(Dns* d, sd_event* event) {
        int r = sd_event_add_io(event, &d->sockets, d->epoll, EPOLLIN, on_sockets, d);
        if (r >= 0)
                r = sd_event_add_time(event, &d->timer, CLOCK_MONOTONIC, UINT64_MAX, 1, on_timer, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(event, &d->begin, on_begin, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->begin, SD_EVENT_OFF);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(d->sockets, "dns-sockets");
        (void) sd_event_source_set_description(d->timer, "dns-deadlines");
        (void) sd_event_source_set_description(d->begin, "dns-begin");
        return 0;
}

int dns_new(sd_event* event, const DnsOptions* options, Dns** ret) {
        _cleanup_(dns_freep) Dns* d = calloc(1, sizeof(Dns));
        if (!d)
                return -ENOMEM;
        d->armed_usec = UINT64_MAX;
        d->options = options ? *options : (DnsOptions) {};
        d->options.port = d->options.port ?: 53;
        d->options.try_usec = d->options.try_usec ?: 800 * USEC_PER_MSEC;
        d->options.deadline_usec = d->options.deadline_usec ?: 5 * USEC_PER_SEC;
        d->options.window = d->options.window ?: 256;
        d->epoll = epoll_create1(EPOLL_CLOEXEC);
        int r = d->epoll < 0 ? -errno : add_sources(d, event);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

Dns* dns_free(Dns* d) {
        if (!d)
                return NULL;
        assert(!d->busy);
        while (d->active.first)
                question_free(d->active.first);
        while (d->waiting.first)
                question_free(d->waiting.first);
        (void) sd_event_source_disable_unref(d->sockets);
        (void) sd_event_source_disable_unref(d->timer);
        (void) sd_event_source_disable_unref(d->begin);
        dns_servers_done(&d->servers);
        if (d->epoll >= 0)
                (void) close(d->epoll);
        free(d);
        return NULL;
}

/* In the order given, but those that never answer come last. */
static int choose_servers(DnsQuestion* q, const char* const* servers, size_t n, Error* reterr) {
        DnsServer* all[DNS_SERVERS_MAX];
        n = MIN(n, (size_t) DNS_SERVERS_MAX);
        for (size_t i = 0; i < n; i++) {
                int r = dns_server_get(&q->dns->servers, servers[i], q->dns->options.port, &all[i]);
                if (r == -EINVAL)
                        return error_set(
                                        reterr, ERROR_BAD_REQUEST, "'%.64s' is no address of a DNS server.",
                                        servers[i]);
                if (r < 0)
                        return error_errno(reterr, r, "The question could not be noted");
        }
        for (int dead = 0; dead < 2; dead++)
                for (size_t i = 0; i < n; i++)
                        if (dns_server_dead(all[i]) == (dead != 0))
                                q->choices[q->n_choices++].server = all[i];
        const DnsOptions* o = &q->dns->options;
        uint64_t share = o->deadline_usec * 3 / 4 / n;
        share = MAX(share, TRY_LEAST_USEC);
        q->try_usec = MIN(o->try_usec, share);
        return 0;
}

int dns_ask(Dns* d,
            const char* name,
            const char* type,
            unsigned flags,
            const char* const* servers,
            size_t n_servers,
            DnsDone done,
            void* userdata,
            DnsQuestion** ret,
            Error* reterr) {
        _cleanup_free_ DnsQuestion* q = calloc(1, sizeof(DnsQuestion));
        if (!q)
                return error_errno(reterr, -ENOMEM, "The question could not be noted");
        *q = (DnsQuestion) { .dns = d, .flags = flags, .done = done, .userdata = userdata };
        for (unsigned i = 0; i < OPEN_MAX; i++) {
                q->exchanges[i].question = q;
                q->exchanges[i].fd = -EBADF;
        }
        if (n_servers == 0)
                return error_set(reterr, ERROR_BAD_REQUEST, "There is no server to ask.");
        int r = dns_wanted_make(name, type, &q->wanted, reterr);
        if (r >= 0)
                r = choose_servers(q, servers, n_servers, reterr);
        if (r < 0)
                return r;
        list_add(&d->waiting, q);
        if (!d->busy) /* else at the end of the callback we are in */
                (void) sd_event_source_set_enabled(d->begin, SD_EVENT_ONESHOT);
        if (ret)
                *ret = q;
        (void) TAKE_PTR(q);
        return 0;
}

void dns_cancel(DnsQuestion* q) {
        if (q && !q->over)
                question_free(q);
}

uint64_t dns_sent(const Dns* d) {
        return d->sent;
}
