/* One wanted record: asked at the resolver and at every server of its zone; then what hangs on the answer is followed (aliases, hosts of
 * MX, includes of SPF, a policy by HTTPS, whose web server it is); then it is judged, at once, so that people see it tick. */
#include "dns/policy.h"
#include "dns/survey-internal.h"
#include <stdio.h>

int record_init(Record* r, Site* site, const json_t* wanted) {
        const char* owner = json_get_string(wanted, "owner");
        const char* type = json_get_string(wanted, "type");
        *r = (Record) {
                .site = site,
                .item = {
                        .id = json_get_string(wanted, "id"),
                        .check = json_get_string(wanted, "check"),
                        .part = json_get_string(wanted, "part"),
                        .owner = owner,
                        .type = type,
                        .why = json_get_string(wanted, "why"),
                        .severity = json_get_string(wanted, "severity"),
                        .hold = json_get_boolean(wanted, "hold", false),
                },
                .gate = { .open = record_step, .userdata = r },
        };
        if (!r->item.id || !r->item.check || !r->item.part || !owner || !type || !r->item.severity)
                return -EINVAL;
        if (!(r->wanted = values_canonical(type, json_object_get(wanted, "values"))))
                return -ENOMEM;
        r->item.wanted = r->wanted;
        size_t i;
        json_t* v;
        json_array_foreach(json_object_get(site->request, "names"), i, v)
                r->served |= streq(strempty(json_string_value(v)), owner);
        const json_t* const both[] = { site->survey->ipv4, site->survey->ipv6 };
        for (size_t k = 0; k < 2 && streq(type, "PTR"); k++)
                json_array_foreach(both[k], i, v) {
                        char reverse[DNS_NAME_BYTES];
                        if (zone_reverse(json_string_value(v), NULL, reverse) >= 0 && streq(reverse, owner))
                                r->address = json_string_value(v);
                }
        return 0;
}

void record_done(Record* r) {
        for (size_t i = 0; i < r->n_own; i++)
                seen_done(&r->own[i]);
        free(r->own);
        json_decref(r->wanted);
        json_decref(r->chain);
        free(r->policy_text);
        free(r->policy_problem);
}

const Seen* record_resolver(const Record* r) {
        return looked_up(r->site->survey, r->item.owner, r->item.type);
}

void record_lookup(Record* r) {
        (void) lookup(r->site->survey, &r->gate, r->item.owner, r->item.type);
}

void record_ask(Record* r) {
        Site* site = r->site;
        if (!site->zone || !domain_name_is_below(r->item.owner, site->zone))
                return;
        if (!(r->own = calloc(MAX(site->n_servers, 1u), sizeof(Seen))))
                return;
        for (size_t i = 0; i < site->n_servers; i++) {
                Seen* to = &r->own[r->n_own++];
                *to = (Seen) { .class = SEEN_SILENT, .extended_error = -1 };
                ask_seen(site, &r->gate, &site->servers[i], r->item.owner, r->item.type, to);
        }
}

/* --- following --- */

static Evidence evidence_of(const Record* r) {
        const Site* site = r->site;
        return (Evidence) {
                .domain = site->name,
                .zone = site->zone ?: site->name,
                .nowhere = site->nowhere && domain_name_is_below(r->item.owner, site->name),
                .own = r->own,
                .n_own = r->n_own,
                .resolver = record_resolver(r),
                .ipv4 = site->survey->ipv4,
                .ipv6 = site->survey->ipv6,
                .alias_loop = r->alias_loop,
                .alias_long = r->alias_long,
                .chain = r->chain,
                .policy = r->policy,
        };
}

static const char* last_of(const json_t* array) {
        return json_string_value(json_array_get(array, json_array_size(array) - 1));
}

/* Where the resolver gives up on an alias, step by step along it, to tell a loop from a dead end. True = something is awaited. */
static bool follow_chain(Record* r, const Seen* take, const char* end) {
        Survey* s = r->site->survey;
        if (!r->chain)
                r->chain = json_deep_copy(take->aliases);
        for (const char* at = last_of(r->chain) ?: end;;) {
                const Seen* step = lookup(s, &r->gate, at, "CNAME") ? looked_up(s, at, "CNAME") : NULL;
                if (r->gate.held > 1)
                        return true;
                const char* next = step && step->class == SEEN_GOOD ? json_string_value(json_array_get(step->values, 0)) : NULL;
                if (!next)
                        return false;
                r->alias_loop = values_have(r->chain, next) || streq(next, r->item.owner);
                r->alias_long = !r->alias_loop && json_array_size(r->chain) == ALIASES_MAX;
                if (!r->alias_long)
                        (void) json_array_append_new(r->chain, json_string(next));
                if (r->alias_loop || r->alias_long)
                        return false;
                at = last_of(r->chain);
        }
}

static void follow_alias(Record* r, const Seen* take, Evidence* e) {
        Survey* s = r->site->survey;
        if (json_array_size(take->aliases) == 0 || json_array_size(take->values) > 0 || take->alias_loop || streq(r->item.check, "cname"))
                return;
        const char* end = last_of(take->aliases);
        (void) lookup(s, &r->gate, end, r->item.type);
        e->end = looked_up(s, end, r->item.type);
        if (e->end && e->end->alias_loop)
                e->alias_loop = r->alias_loop = true;
        if (e->end && e->end->class != SEEN_GOOD && !r->alias_loop && !follow_chain(r, take, end)) {
                e->alias_loop = r->alias_loop;
                e->alias_long = r->alias_long;
        }
        e->chain = r->chain;
}

/* The addresses that the answer ends in: its own, or those at the end of its aliases. */
static const json_t* addresses_of(const Seen* take, const Evidence* e) {
        return json_array_size(take->values) == 0 && e->end ? e->end->values : take->values;
}

/* Whether a visit there ends here matters for names our web server answers to. */
static void follow_visit(Record* r, const Seen* take, Evidence* e) {
        const json_t* addresses = addresses_of(take, e);
        const char* first = json_string_value(json_array_get(addresses, 0));
        if (!r->served || !first || r->alias_loop)
                return;
        size_t i;
        json_t* v;
        json_array_foreach(addresses, i, v) /* an address of somebody else first: it is what is in question */
                if (!site_is_ours(r->site->survey, json_string_value(v))) {
                        first = json_string_value(v);
                        break;
                }
        const Visited* visit = visit_name(r->site->survey, &r->gate, r->item.owner, first);
        e->identity_here = visit && visit->known && visit->here;
}

static void follow_cname(Record* r, Evidence* e) {
        Survey* s = r->site->survey;
        lookup_addresses(s, &r->gate, r->item.owner);
        const Seen *v4 = looked_up(s, r->item.owner, "A"), *v6 = looked_up(s, r->item.owner, "AAAA");
        e->end = v4 && (json_array_size(v4->values) > 0 || !v6) ? v4 : v6;
        if (e->end)
                follow_visit(r, e->end, e);
}

/* {host: leads here} of all hosts of values. */
static json_t* follow_hosts(Record* r, const json_t* values) {
        Survey* s = r->site->survey;
        json_t *hosts = json_object(), *v;
        size_t i, k;
        json_array_foreach(values, i, v) {
                const char* space = strrchr(strempty(json_string_value(v)), ' ');
                if (!space || streq(space, " .") || i == 10)
                        continue;
                lookup_addresses(s, &r->gate, space + 1);
                _cleanup_json_ json_t* addresses = looked_up_addresses(s, space + 1);
                json_t* address;
                bool here = json_array_size(addresses) > 0;
                json_array_foreach(addresses, k, address)
                        here = here && site_is_ours(s, json_string_value(address));
                (void) json_object_set_new(hosts, space + 1, json_boolean(here));
        }
        return hosts;
}

/* --- SPF --- */

typedef struct SpfWorld {
        Record* r;
        const json_t* own; /* the record itself, as its own servers have it */
} SpfWorld;

static int spf_lookup(const char* name, const char* type, const json_t** ret, void* userdata) {
        SpfWorld* w = userdata;
        Survey* s = w->r->site->survey;
        if (streq(type, "TXT") && streq(name, w->r->item.owner)) {
                *ret = w->own;
                return 1;
        }
        if (!lookup(s, &w->r->gate, name, type))
                return -ENOBUFS;
        const Seen* seen = looked_up(s, name, type);
        if (!seen)
                return 0;
        *ret = seen->values;
        return seen->class == SEEN_GOOD ? 1 : -ETIME;
}

/* How bad a result is for the mail of this box. */
static int rank(SpfResult r) {
        static const int ranks[_SPF_RESULT_MAX] = {
                [SPF_PASS] = 0, [SPF_TEMPERROR] = 1, [SPF_NEUTRAL] = 2, [SPF_NONE] = 3, [SPF_SOFTFAIL] = 4, [SPF_FAIL] = 5, [SPF_PERMERROR] = 6,
        };
        return ranks[r];
}

static void follow_spf(Record* r, const Seen* take, Evidence* e) {
        const json_t* const both[] = { r->site->survey->ipv4, r->site->survey->ipv6 };
        SpfWorld w = { .r = r, .own = take->values };
        SpfOutcome worst = {};
        const char* address = NULL;
        for (size_t k = 0; k < 2; k++) {
                size_t i;
                json_t* v;
                json_array_foreach(both[k], i, v) {
                        SpfOutcome o;
                        if (spf_check(r->item.owner, strempty(json_string_value(v)), spf_lookup, &w, &o) <= 0)
                                continue;
                        if (!address || rank(o.result) > rank(worst.result)) {
                                worst = o;
                                address = json_string_value(v);
                        }
                }
        }
        if (!address || r->gate.held > 1)
                return;
        r->spf = worst;
        r->spf_address = address;
        e->spf = &r->spf;
        e->spf_address = address;
}

/* --- mail's policies --- */

static void on_policy(unsigned status, const char* text, const char* problem, void* userdata) {
        Record* r = userdata;
        char said[64];
        (void) snprintf(said, sizeof(said), "it answers %u", status);
        r->policy_text = strdup(text);
        r->policy_problem = strdup(problem ?: said);
        r->policy = (Shown) { .asked = true, .good = status == 200, .text = r->policy_text, .problem = r->policy_problem };
        gate_release(&r->gate);
}

void record_expire(Record* r) {
        if (r->policy_asked && !r->policy.asked)
                on_policy(0, "", "nobody answered in time", r);
}

static void follow_policy(Record* r, const Seen* take, Evidence* e) {
        Survey* s = r->site->survey;
        char host[DNS_NAME_BYTES], url[2 * DNS_NAME_BYTES];
        if (json_array_size(take->values) == 0)
                return;
        (void) snprintf(host, sizeof(host), "mta-sts.%s", r->site->name);
        (void) snprintf(url, sizeof(url), "https://%s/.well-known/mta-sts.txt", host);
        lookup_addresses(s, &r->gate, host);
        if (r->gate.held > 1 || r->policy_asked)
                return;
        _cleanup_json_ json_t* addresses = looked_up_addresses(s, host);
        const char* address = json_string_value(json_array_get(addresses, 0));
        r->policy_asked = true;
        gate_hold(&r->gate);
        const VisitWanted wanted = { .url = url, .address = address, .port = 443, .patience_usec = VISIT_USEC, .max = VISIT_BYTES_MAX };
        if (!address || !s->visits || visits_go(s->visits, &wanted, on_policy, r, NULL) < 0)
                on_policy(0, "", address ? "nobody answered in time" : "the name has no address", r);
}

static void follow_dmarc(Record* r, const Seen* take, Evidence* e, char name[static DNS_NAME_BYTES]) {
        const char* above = domain_name_registered(r->site->name);
        _cleanup_json_ json_t* own = values_of_check("dmarc", take->values);
        if (!above || streq(above, r->site->name) || json_array_size(own) > 0)
                return;
        (void) snprintf(name, DNS_NAME_BYTES, "_dmarc.%s", above);
        (void) lookup(r->site->survey, &r->gate, name, "TXT");
        e->inherited = looked_up(r->site->survey, name, "TXT");
        e->inherited_at = above;
}

static void follow(Record* r, const Seen* take, Evidence* e, json_t** ret_hosts, char name[static DNS_NAME_BYTES]) {
        const char* check = r->item.check;
        follow_alias(r, take, e);
        if (streq(check, "a") || streq(check, "aaaa"))
                follow_visit(r, take, e);
        else if (streq(check, "cname"))
                follow_cname(r, e);
        else if (streq(check, "mx"))
                e->hosts = *ret_hosts = follow_hosts(r, take->values);
        else if (streq(check, "spf"))
                follow_spf(r, take, e);
        else if (streq(check, "dmarc"))
                follow_dmarc(r, take, e, name);
        else if (streq(check, "mta-sts"))
                follow_policy(r, take, e);
}

/* --- judging --- */

static json_t* wanted_hosts(const Site* site) {
        json_t *out = json_object(), *v;
        for (size_t k = 0; k < site->n_records; k++) {
                size_t i;
                json_array_foreach(streq(site->records[k].item.check, "mx") ? site->records[k].wanted : NULL, i, v) {
                        const char* space = strrchr(strempty(json_string_value(v)), ' ');
                        if (space)
                                (void) json_object_set_new(out, space + 1, json_true());
                }
        }
        return out;
}

static json_t* judge_ptr(const Record* r) {
        _cleanup_json_ json_t *forward = json_object(), *names = json_copy(r->wanted);
        const Seen* answer = record_resolver(r);
        size_t i;
        json_t* v;
        json_array_foreach(answer ? answer->values : NULL, i, v)
                (void) json_object_set_new(forward, json_string_value(v), looked_up_addresses(r->site->survey, json_string_value(v)));
        const char* should = strempty(json_string_value(json_array_get(r->wanted, 0)));
        (void) json_array_extend(names, r->site->survey->box_names);
        (void) json_array_extend(names, json_object_get(r->site->request, "names"));
        return verdict_ptr(&r->item, r->address ?: r->item.owner, answer, forward, names, should);
}

static void follow_ptr(Record* r) {
        const Seen* answer = record_resolver(r);
        size_t i;
        json_t* v;
        json_array_foreach(answer ? answer->values : NULL, i, v)
                if (i < 4)
                        lookup_addresses(r->site->survey, &r->gate, strempty(json_string_value(v)));
}

/* The gate opened: nothing is awaited. Each step may find that something else must be known first. */
void record_step(void* userdata) {
        Record* r = userdata;
        Evidence e = evidence_of(r);
        VerdictKey trouble;
        json_t* verdict = NULL;
        _cleanup_json_ json_t *hosts = NULL, *servers = json_array();
        char name[DNS_NAME_BYTES];
        if (r->judged)
                return;
        gate_hold(&r->gate);
        for (size_t i = 0; i < r->site->n_servers; i++)
                (void) json_array_append_new(servers, json_string(r->site->servers[i].name));
        e.servers = servers;
        const Seen* take = evidence_take(&r->item, &e, &trouble);
        if (streq(r->item.check, "ptr"))
                follow_ptr(r);
        else if (take)
                follow(r, take, &e, &hosts, name);
        if (r->gate.held > 1) { /* the last answer opens the gate again */
                gate_release(&r->gate);
                return;
        }
        if (streq(r->item.check, "mta-sts")) {
                e.policy = r->policy;
                e.hosts = hosts = wanted_hosts(r->site);
        }
        r->judged = true;
        verdict = streq(r->item.check, "ptr") ? judge_ptr(r) : verdict_record(&r->item, &e);
        site_tell(r->site, verdict);
        r->gate.held--; /* for good */
        gate_release(&r->site->end);
}
