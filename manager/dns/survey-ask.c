/* How the survey asks: gates, questions to servers, lookups at the resolver, visits by HTTP. */
#include "dns/survey-internal.h"
#include <stdio.h>

void gate_hold(Gate* g) {
        g->held++;
}

void gate_release(Gate* g) {
        assert(g->held > 0);
        if (--g->held == 0 && g->open)
                g->open(g->userdata);
}

static void wait_for(Gate*** list, size_t* n, Gate* gate) {
        Gate** bigger = reallocarray(*list, *n + 1, sizeof(Gate*));
        if (!bigger) /* then this answer is not waited for */
                return;
        *list = bigger;
        (*list)[(*n)++] = gate;
        gate_hold(gate);
}

/* Whoever waits may ask on, even for the same thing; so the list is taken first. */
static void wake(Gate*** list, size_t* n) {
        Gate** waiting = TAKE_PTR(*list);
        size_t count = *n;
        *n = 0;
        for (size_t i = 0; i < count; i++)
                gate_release(waiting[i]);
        free(waiting);
}

/* --- questions --- */

static void ask_unlink(Ask* a) {
        *(a->before ? &a->before->next : &a->survey->asks) = a->next;
        if (a->next)
                a->next->before = a->before;
}

static void ask_free(Ask* a) {
        free(a->server);
        free(a->name);
        free(a);
}

static void ask_end(Ask* a, const DnsAnswer* answer) {
        Gate* gate = a->gate;
        ask_unlink(a);
        a->survey->answered++;
        a->heard(a, answer);
        ask_free(a);
        if (gate)
                gate_release(gate);
}

static void on_answer(const DnsAnswer* answer, void* userdata) {
        ask_end(userdata, answer);
}

static void ask(
                Survey* s,
                Gate* gate,
                Dns* dns,
                const char* const* servers,
                size_t n_servers,
                const char* server,
                const char* name,
                const char* type,
                unsigned flags,
                void (*heard)(Ask* a, const DnsAnswer* answer),
                void* to) {
        Ask* a = calloc(1, sizeof(Ask));
        char* server_copy = strdup(server);
        char* name_copy = strdup(name);
        assert(a && server_copy && name_copy); /* a short-lived worker may end where memory does */
        *a = (Ask) { .survey = s, .gate = gate, .heard = heard, .to = to, .server = server_copy, .name = name_copy, .type = type };
        a->next = s->asks;
        if (s->asks)
                s->asks->before = a;
        s->asks = a;
        if (gate)
                gate_hold(gate);
        s->asked++;
        if (s->expired || n_servers == 0 || dns_ask(dns, name, type, flags, servers, n_servers, on_answer, a, &a->question, NULL) < 0)
                ask_end(a, NULL);
}

static void heard_seen(Ask* a, const DnsAnswer* answer) {
        Seen* to = a->to;
        seen_done(to);
        (void) seen_take(answer, a->server, a->name, a->type, /* resolver= */ false, to);
}

static size_t count(const char* const* list) {
        size_t n = 0;
        while (list[n])
                n++;
        return n;
}

void ask_seen(Site* site, Gate* gate, const Server* server, const char* name, const char* type, Seen* to) {
        Survey* s = site->survey;
        ask(s, gate, s->own, (const char* const*) server->addresses, server->n_addresses, server->name, name, type, 0, heard_seen, to);
}

void ask_heard(
                Site* site,
                Gate* gate,
                const char* const* servers,
                size_t n_servers,
                const char* name,
                const char* type,
                void (*heard)(Ask* a, const DnsAnswer* answer),
                void* to) {
        ask(site->survey, gate, site->survey->own, servers, n_servers, "parent", name, type, 0, heard, to);
}

/* --- lookups at the resolver --- */

static size_t hash(const char* name, const char* type) {
        uint32_t h = 2166136261u; /* FNV-1a; nobody gains by collisions among his own names */
        for (const char* p = name; *p; p++)
                h = (h ^ (uint8_t) *p) * 16777619u;
        for (const char* p = type; *p; p++)
                h = (h ^ (uint8_t) *p) * 16777619u;
        return h % ELEMENTS(((Survey*) NULL)->lookups);
}

static Lookup* lookup_find(const Survey* s, const char* name, const char* type, bool quick) {
        for (Lookup* l = s->lookups[hash(name, type)]; l; l = l->next)
                if (l->quick == quick && streq(l->name, name) && streq(l->type, type))
                        return l;
        return NULL;
}

static void heard_lookup(Ask* a, const DnsAnswer* answer) {
        Lookup* l = a->to;
        (void) seen_take(answer, "resolver", l->name, l->type, /* resolver= */ true, &l->seen);
        l->known = true;
        wake(&l->waiting, &l->n_waiting);
}

static const Lookup* begin_lookup(Survey* s, Gate* gate, const char* name, const char* type, bool quick) {
        Lookup* l = lookup_find(s, name, type, quick);
        if (!l) {
                if (s->n_lookups == LOOKUPS_MAX || !(l = calloc(1, sizeof(Lookup))))
                        return NULL;
                size_t h = hash(name, type);
                *l = (Lookup) { .next = s->lookups[h], .quick = quick, .name = strdup(name), .type = strdup(type), .seen.extended_error = -1 };
                assert(l->name && l->type);
                s->lookups[h] = l;
                s->n_lookups++;
                wait_for(&l->waiting, &l->n_waiting, gate);
                unsigned flags = DNS_RECURSE | (quick ? DNS_CHECKING_DISABLED : streq(type, "SOA") ? DNS_DNSSEC : 0);
                ask(s, NULL, quick ? s->finder : s->resolver, s->options->resolvers, count(s->options->resolvers), "resolver", l->name, l->type,
                    flags, heard_lookup, l);
        } else if (!l->known)
                wait_for(&l->waiting, &l->n_waiting, gate);
        return l;
}

static const Seen* seen_of(const Lookup* l) {
        return l && l->known ? &l->seen : NULL;
}

static json_t* addresses_seen(const Seen* v4, const Seen* v6) {
        json_t* out = json_array();
        if (v4)
                (void) json_array_extend(out, v4->values);
        if (v6)
                (void) json_array_extend(out, v6->values);
        return out;
}

const Lookup* lookup(Survey* s, Gate* gate, const char* name, const char* type) {
        return begin_lookup(s, gate, name, type, /* quick= */ false);
}

const Seen* looked_up(const Survey* s, const char* name, const char* type) {
        return seen_of(lookup_find(s, name, type, /* quick= */ false));
}

void lookup_addresses(Survey* s, Gate* gate, const char* name) {
        (void) lookup(s, gate, name, "A");
        (void) lookup(s, gate, name, "AAAA");
}

json_t* looked_up_addresses(const Survey* s, const char* name) {
        return addresses_seen(looked_up(s, name, "A"), looked_up(s, name, "AAAA"));
}

void find_lookup(Survey* s, Gate* gate, const char* name, const char* type) {
        (void) begin_lookup(s, gate, name, type, /* quick= */ true);
}

const Seen* found(const Survey* s, const char* name, const char* type) {
        return seen_of(lookup_find(s, name, type, /* quick= */ true));
}

void find_addresses(Survey* s, Gate* gate, const char* name) {
        find_lookup(s, gate, name, "A");
        find_lookup(s, gate, name, "AAAA");
}

json_t* found_addresses(const Survey* s, const char* name) {
        return addresses_seen(found(s, name, "A"), found(s, name, "AAAA"));
}

/* --- visits --- */

static void on_visited(unsigned status, const char* text, const char* problem, void* userdata) {
        Visited* v = userdata;
        size_t n = strlen(v->survey->identity);
        v->known = true;
        v->here = status == 200 && n > 0 && strncmp(text, v->survey->identity, n) == 0 && (text[n] == 0 || text[n] == '\n');
        if (!v->here)
                v->problem = strdup(problem ?: status == 200 || status == 404 ? "another web server answers" : "another web server answers or it fails");
        wake(&v->waiting, &v->n_waiting);
}

const Visited* visited(const Survey* s, const char* name, const char* address) {
        for (const Visited* v = s->visited; v; v = v->next)
                if (streq(v->name, name) && (!address || streq(v->address, address)))
                        return v;
        return NULL;
}

const Visited* visit_name(Survey* s, Gate* gate, const char* name, const char* address) {
        Visited* v = (Visited*) visited(s, name, address);
        char url[2 * DNS_NAME_BYTES];
        if (v) {
                if (!v->known)
                        wait_for(&v->waiting, &v->n_waiting, gate);
                return v;
        }
        if (!(v = calloc(1, sizeof(Visited))))
                return NULL;
        *v = (Visited) { .next = s->visited, .survey = s, .name = strdup(name), .address = strdup(address) };
        assert(v->name && v->address);
        s->visited = v;
        (void) snprintf(url, sizeof(url), "http://%s" IDENTITY_PATH, name);
        const VisitWanted wanted = {
                .url = url, .address = address, .port = s->options->http_port ?: 80, .patience_usec = VISIT_USEC, .max = 4096
        };
        wait_for(&v->waiting, &v->n_waiting, gate);
        if (s->expired || visits_go(s->visits, &wanted, on_visited, v, NULL) < 0)
                on_visited(0, "", "it was not tried", v);
        return v;
}

/* --- the end --- */

/* Whatever was not heard by now is silence. New questions end at once. */
void survey_expire(Survey* s) {
        s->expired = true;
        while (s->asks) {
                Ask* a = s->asks;
                if (a->question)
                        dns_cancel(a->question);
                ask_end(a, NULL);
        }
        s->visits = visits_free(s->visits); /* without a call; so they are told here */
        for (size_t i = 0; i < s->n_sites; i++) {
                for (size_t k = 0; k < s->sites[i].n_records; k++)
                        record_expire(&s->sites[i].records[k]);
                extras_expire(&s->sites[i]);
        }
        for (Visited* v = s->visited; v; v = v->next)
                if (!v->known)
                        on_visited(0, "", "nobody answered in time", v);
}

void asks_free(Survey* s) {
        while (s->asks) {
                Ask* a = s->asks;
                ask_unlink(a);
                ask_free(a);
        }
        for (size_t i = 0; i < ELEMENTS(s->lookups); i++)
                for (Lookup *l = s->lookups[i], *next; l; l = next) {
                        next = l->next;
                        seen_done(&l->seen);
                        free(l->waiting);
                        free(l->name);
                        free(l->type);
                        free(l);
                }
        for (Visited *v = s->visited, *next; v; v = next) {
                next = v->next;
                free(v->waiting);
                free(v->name);
                free(v->address);
                free(v->problem);
                free(v);
        }
}
