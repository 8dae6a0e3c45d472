/* Checks of a domain as a whole, which no single record is wanted for: delegation, nameservers, DNSSEC, authorities, reverse names, what
 * stands in front, wildcards, parking, and with the owner's consent block lists and port 25. */
#include "base/time.h"
#include "dns/survey-internal.h"
#include <stdio.h>
#include <sys/random.h>

/* Lists that answer low volumes without an agreement; what a refusal looks like is judged too (127.255.255.x). */
static const char* const lists[] = { "zen.spamhaus.org", "bl.spamcop.net", "psbl.surriel.com" };
static const char* const list_pages[] = {
        "https://check.spamhaus.org/", "https://www.spamcop.net/bl.shtml", "https://psbl.org/remove",
};
/* Whoever answers proves that the way out is open; several, as one may be down or turn us away. */
static const char* const mail_hosts[MAIL_HOSTS] = { "gmail-smtp-in.l.google.com", "mx00.gmx.net", "mx1.mail.icloud.com" };

/* --- items --- */

typedef struct Own {
        VerdictItem item;
        char id[DNS_NAME_BYTES + 32];
} Own;

static void own_item(Own* o, const char* check, const char* part, const char* owner, const char* severity, const char* why) {
        (void) snprintf(o->id, sizeof(o->id), "%s:%s", check, owner);
        o->item = (VerdictItem) { .id = o->id, .check = check, .part = part, .owner = owner, .severity = severity, .why = why };
}

/* A wanted record of the same kind is judged by itself. */
static bool wanted(const Site* site, const char* check) {
        for (size_t i = 0; i < site->n_records; i++)
                if (streq(site->records[i].item.check, check))
                        return true;
        return false;
}

/* --- asking --- */

/* my.<domain>, where it is among the names that should lead here; else the domain itself. Borrowed. */
static const char* box_name(const Site* site) {
        size_t i;
        json_t* v;
        json_array_foreach(json_object_get(site->request, "names"), i, v) {
                const char* below = startswith(strempty(json_string_value(v)), "my.");
                if (below && streq(below, site->name))
                        return json_string_value(v);
        }
        return site->name;
}

static void each_address(Site* site, void (*what)(Site* site, const char* address)) {
        const json_t* const both[] = { site->survey->ipv4, site->survey->ipv6 };
        for (size_t k = 0; k < 2; k++) {
                size_t i;
                json_t* v;
                json_array_foreach(both[k], i, v)
                        what(site, json_string_value(v));
        }
}

static void ptr_lookup(Site* site, const char* address) {
        char reverse[DNS_NAME_BYTES];
        if (zone_reverse(address, NULL, reverse) >= 0)
                (void) lookup(site->survey, &site->extras, reverse, "PTR");
}

static void blocklist_lookup(Site* site, const char* address) {
        for (size_t i = 0; i < ELEMENTS(lists); i++) {
                char name[DNS_NAME_BYTES];
                if (zone_reverse(address, lists[i], name) >= 0)
                        (void) lookup(site->survey, &site->extras, name, "A");
        }
}

void extras_lookup(Site* site) {
        Survey* s = site->survey;
        uint32_t random = 0;
        if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
                random = (uint32_t) now_usec(CLOCK_MONOTONIC); /* it must only be new, not secret */
        if (asprintf(&site->random_name, "steadbox-%08x.%s", random, site->name) < 0 || strlen(site->random_name) > 253) {
                free(site->random_name);
                site->random_name = NULL;
        }
        if (site->random_name)
                lookup_addresses(s, &site->extras, site->random_name);
        unsigned levels = 0;
        for (const char* p = box_name(site); p && !streq(p, ".") && levels < LEVELS_MAX; p = zone_parent(p), levels++)
                (void) lookup(s, &site->extras, p, "CAA");
        if (!streq(site->scope, "subdomain")) {
                char www[DNS_NAME_BYTES];
                (void) snprintf(www, sizeof(www), "www.%s", site->name);
                (void) lookup(s, &site->extras, site->name, "A");
                (void) lookup(s, &site->extras, www, "A");
        }
        if (site->mail && !wanted(site, "ptr"))
                each_address(site, ptr_lookup);
        size_t i;
        json_t* v;
        json_array_foreach(s->box_names, i, v) /* most likely how the box is called in reverse */
                lookup_addresses(s, &site->later, strempty(json_string_value(v)));
        if (site->mail && s->outside) {
                each_address(site, blocklist_lookup);
                for (i = 0; i < ELEMENTS(mail_hosts); i++)
                        lookup_addresses(s, &site->extras, mail_hosts[i]);
        }
}

/* --- judging --- */

static ZoneEvidence zone_evidence(const Site* site, ServerView views[static SERVERS_MAX]) {
        ZoneEvidence z = {
                .domain = site->name,
                .zone = site->zone,
                .parent = site->parent,
                .nowhere = site->nowhere,
                .parent_known = site->parent_known,
                .above = site->above,
                .servers = views,
                .n_servers = site->n_servers,
                .secured = site->zone ? looked_up(site->survey, site->zone, "SOA") : looked_up(site->survey, site->name, "SOA"),
                .unchecked = found(site->survey, site->zone ?: site->name, "SOA"),
        };
        for (size_t i = 0; i < site->n_servers; i++) {
                const Server* s = &site->servers[i];
                views[i] = (ServerView) { s->name, !s->nameless, s->asked ? &s->soa : NULL, s->asked ? &s->ns : NULL };
        }
        for (size_t i = 0; i < site->n_records && !z.bogus; i++) { /* one set may be broken in a zone that is whole otherwise */
                const Record* r = &site->records[i];
                const Seen* seen = record_resolver(r);
                bool own = false;
                for (size_t k = 0; k < r->n_own; k++)
                        own |= r->own[k].class == SEEN_GOOD;
                if (own && seen && seen->class == SEEN_FAILED && seen->extended_error >= 5 && seen->extended_error <= 12)
                        z.bogus = seen;
        }
        return z;
}

static const char* judge_zone(Site* site) {
        ServerView views[SERVERS_MAX];
        ZoneEvidence z = zone_evidence(site, views);
        const char* state = "unknown";
        Own o;
        own_item(&o, "delegation", "zone", site->name, "bad", "So that the world finds the domain's nameservers.");
        if (site_cut_off(site))
                site_tell(site, verdict_new(VERDICT_NO_WAY_OUT, &o.item, NULL, NULL, json_pack("{s:s}", "domain", site->name)));
        else
                site_tell(site, verdict_delegation(&o.item, &z));
        if (site->nowhere)
                return state;
        own_item(&o, "nameservers", "zone", site->zone ?: site->name, "warn", "So that every answer is the same, whichever server is asked.");
        site_tell(site, verdict_nameservers(&o.item, &z));
        own_item(&o, "dnssec", "zone", site->zone ?: site->name, "bad", "So that resolvers which check signatures find the domain.");
        site_tell(site, verdict_dnssec(&o.item, &z, &state));
        return state;
}

static void judge_caa(Site* site) {
        Seen levels[LEVELS_MAX];
        const char* at[LEVELS_MAX];
        size_t n = 0;
        Own o;
        for (const char* p = box_name(site); p && !streq(p, ".") && n < LEVELS_MAX; p = zone_parent(p)) {
                const Seen* seen = looked_up(site->survey, p, "CAA");
                levels[n] = seen ? *seen : (Seen) { .class = SEEN_SILENT };
                at[n++] = p;
        }
        own_item(&o, "caa", "zone", site->name, "bad", "So that our certificate authority may sign for the domain.");
        o.item.type = "CAA";
        site_tell(site, verdict_caa(&o.item, site->zone ?: site->name, levels, at, n, site->survey->issuers));
}

static void judge_ptr(Site* site, const char* address) {
        char reverse[DNS_NAME_BYTES], should[DNS_NAME_BYTES];
        Survey* s = site->survey;
        Own o;
        if (zone_reverse(address, NULL, reverse) < 0)
                return;
        (void) snprintf(should, sizeof(should), "mail.%s", site->name);
        const Seen* answer = looked_up(s, reverse, "PTR");
        _cleanup_json_ json_t *forward = json_object(), *names = json_pack("[s]", should);
        size_t i;
        json_t* v;
        json_array_foreach(answer ? answer->values : NULL, i, v)
                (void) json_object_set_new(forward, json_string_value(v), looked_up_addresses(s, json_string_value(v)));
        (void) json_array_extend(names, s->box_names);
        (void) json_array_extend(names, json_object_get(site->request, "names"));
        own_item(&o, "ptr", "mail", reverse, "warn", "Many mail servers take nothing from an address without a name.");
        o.item.type = "PTR";
        site_tell(site, verdict_ptr(&o.item, address, answer, forward, names, should));
}

/* Each name the web server answers to, with what a visit there met. */
static json_t* visits_of(const Site* site) {
        json_t *out = json_array(), *name;
        size_t i;
        json_array_foreach(json_object_get(site->request, "names"), i, name) {
                bool ours = true, any = false, here = false;
                const char* problem = NULL;
                json_t* addresses = json_array();
                for (const Visited* v = site->survey->visited; v; v = v->next) {
                        if (!streq(v->name, json_string_value(name)))
                                continue;
                        bool own = site_is_ours(site->survey, v->address);
                        any = true;
                        ours &= own;
                        here |= v->here;
                        problem = v->here ? problem : v->problem;
                        if (!own)
                                (void) json_array_append_new(addresses, json_string(v->address));
                }
                if (any)
                        (void) json_array_append_new(out, json_pack("{s:O, s:o, s:b, s:b, s:s?}", "name", name, "addresses", addresses, "ours",
                                                                    ours, "here", here, "problem", problem));
                else
                        json_decref(addresses);
        }
        return out;
}

static void judge_web(Site* site) {
        _cleanup_json_ json_t* visits = visits_of(site);
        Own o;
        own_item(&o, "proxy", "web", site->name, "warn", "So that visits reach this box and nobody reads along unnoticed.");
        site_tell(site, verdict_proxy(&o.item, site->name, visits));
        own_item(&o, "wildcard", "zone", site->name, "note", "So that names nobody made lead nowhere strange.");
        Evidence box = { .ipv4 = site->survey->ipv4, .ipv6 = site->survey->ipv6 };
        const Seen* v4 = site->random_name ? looked_up(site->survey, site->random_name, "A") : NULL;
        const Seen* v6 = site->random_name ? looked_up(site->survey, site->random_name, "AAAA") : NULL;
        site_tell(site, verdict_wildcard(&o.item, site->name, v4, v6, &box));
}

static void judge_parking(Site* site) {
        char www[DNS_NAME_BYTES];
        const char* who = NULL;
        bool known = false;
        json_t* facts = json_object();
        _cleanup_json_ json_t* names = json_array();
        Own o;
        (void) snprintf(www, sizeof(www), "www.%s", site->name);
        const char* const both[] = { site->name, www };
        for (size_t i = 0; i < 2; i++) {
                const Seen* seen = looked_up(site->survey, both[i], "A");
                known |= seen && seen->class == SEEN_GOOD;
                const char* alias = seen ? json_string_value(json_array_get(seen->aliases, 0)) : NULL;
                const char* one = zone_parked(site->above, alias, seen ? seen->values : NULL);
                if (one)
                        (void) json_array_append_new(names, json_string(both[i]));
                who = who ?: one;
        }
        _cleanup_free_ char* joined = values_joined(names);
        (void) json_object_set_new(facts, "domain", json_string(site->name));
        (void) json_object_set_new(facts, "names", json_string(joined));
        (void) json_object_set_new(facts, "who", json_string(strempty(who)));
        own_item(&o, "parking", "web", site->name, "warn", "So that visitors see your website and no advertising.");
        site_tell(site, verdict_new(who ? VERDICT_PARKING_LEFT : known ? VERDICT_PARKING_NONE : VERDICT_LATE, &o.item, NULL, NULL, facts));
}

static void judge_blocklist(Site* site, const char* address) {
        Seen answers[ELEMENTS(lists)];
        char name[DNS_NAME_BYTES], reverse[DNS_NAME_BYTES];
        Own o;
        for (size_t i = 0; i < ELEMENTS(lists); i++) {
                const Seen* seen = zone_reverse(address, lists[i], name) < 0 ? NULL : looked_up(site->survey, name, "A");
                answers[i] = seen ? *seen : (Seen) { .class = SEEN_SILENT };
        }
        if (zone_reverse(address, NULL, reverse) < 0)
                return;
        own_item(&o, "blocklist", "mail", reverse, "warn", "Receivers ask these lists before they take mail.");
        site_tell(site, verdict_blocklist(&o.item, address, answers, lists, list_pages, ELEMENTS(lists)));
}

static void judge_outside(Site* site) {
        Own o;
        if (site->survey->outside)
                each_address(site, judge_blocklist);
        else {
                own_item(&o, "blocklist", "mail", site->name, "note", "Receivers ask these lists before they take mail.");
                site_tell(site, verdict_new(VERDICT_BLOCKLIST_SKIPPED, &o.item, NULL, NULL, NULL));
        }
        own_item(&o, "port25", "mail", site->name, "warn", "So that mail from this box reaches other servers.");
        json_t* facts = json_object();
        _cleanup_json_ json_t* hosts = json_array();
        for (size_t i = 0; i < ELEMENTS(mail_hosts); i++)
                (void) json_array_append_new(hosts, json_string(mail_hosts[i]));
        _cleanup_free_ char* joined = values_joined(hosts);
        (void) json_object_set_new(facts, "host", json_string(strempty(site->port25_host)));
        (void) json_object_set_new(facts, "hosts", json_string(joined));
        VerdictKey key = !site->survey->outside ? VERDICT_PORT25_SKIPPED :
                        site->port25_host       ? VERDICT_PORT25_OPEN :
                        site->port25_tried      ? VERDICT_PORT25_CLOSED :
                                                  VERDICT_PORT25_UNKNOWN;
        site_tell(site, verdict_new(key, &o.item, NULL, NULL, facts));
}

json_t* site_facts(const Site* site, const char* dnssec) {
        _cleanup_json_ json_t *names = json_array(), *visits = visits_of(site), *reached = json_array();
        const char* box = box_name(site);
        bool here = false;
        size_t i;
        json_t* v;
        for (size_t k = 0; k < site->n_servers; k++)
                (void) json_array_append_new(names, json_string(site->servers[k].name));
        json_array_foreach(visits, i, v) {
                if (!json_get_boolean(v, "here", false))
                        continue;
                here |= streq_ptr(json_get_string(v, "name"), box);
                (void) json_array_append(reached, json_object_get(v, "name"));
        }
        return json_pack("{s:s?, s:O, s:s?, s:s, s:b, s:O}", "zone", site->zone, "nameservers", names, "provider", zone_provider(names),
                         "dnssec", dnssec, "leads_here", here, "reached", reached);
}

/* --- port 25 --- */

static void port25_heard(Site* site) {
        if (site->port25_waiting > 0 && --site->port25_waiting == 0)
                gate_release(&site->extras);
}

static void on_port25(unsigned status, const char* text, const char* problem, void* userdata) {
        Port25* p = userdata;
        Site* site = p->site;
        if (status > 0 && !site->port25_host)
                site->port25_host = p->host;
        port25_heard(site);
}

void extras_expire(Site* site) {
        if (site->port25_waiting > 0) {
                site->port25_waiting = 0;
                gate_release(&site->extras);
        }
}

static void port25_begin(Site* site) {
        Survey* s = site->survey;
        for (size_t i = 0; i < ELEMENTS(mail_hosts) && s->outside && site->mail && s->visits; i++) {
                _cleanup_json_ json_t* addresses = looked_up_addresses(s, mail_hosts[i]);
                const char* address = NULL;
                char url[2 * DNS_NAME_BYTES];
                size_t k;
                json_t* v;
                json_array_foreach(addresses, k, v) /* by a family that this box has */
                        if (json_array_size(strchr(json_string_value(v), ':') ? s->ipv6 : s->ipv4) > 0)
                                address = address ?: json_string_value(v);
                (void) snprintf(url, sizeof(url), "smtp://%s/%s", mail_hosts[i], site->name);
                const VisitWanted to = { .url = url, .address = address, .port = 25, .patience_usec = VISIT_USEC, .max = 4096 };
                site->port25[i] = (Port25) { site, mail_hosts[i] };
                if (address && visits_go(s->visits, &to, on_port25, &site->port25[i], NULL) >= 0)
                        site->port25_waiting++;
        }
        site->port25_tried = site->port25_waiting > 0;
        if (site->port25_tried)
                gate_hold(&site->extras);
}

static void ptr_follow(Site* site, const char* address) {
        char reverse[DNS_NAME_BYTES];
        const Seen* answer = zone_reverse(address, NULL, reverse) < 0 ? NULL : looked_up(site->survey, reverse, "PTR");
        size_t i;
        json_t* v;
        json_array_foreach(answer ? answer->values : NULL, i, v)
                if (i < 4)
                        lookup_addresses(site->survey, &site->extras, strempty(json_string_value(v)));
}

/* The gate of the extras opens twice: when the first answers are in, and when what hangs on them is. */
void extras_step(void* userdata) {
        Site* site = userdata;
        if (!site->followed) {
                site->followed = true;
                gate_hold(&site->extras);
                if (site->mail && !wanted(site, "ptr"))
                        each_address(site, ptr_follow);
                port25_begin(site);
                gate_release(&site->extras);
                return;
        }
        gate_release(&site->end);
}

void extras_judge(Site* site) {
        const char* dnssec = judge_zone(site);
        site->dnssec = dnssec;
        if (!wanted(site, "caa") && !site->nowhere)
                judge_caa(site);
        if (site->mail && !wanted(site, "ptr"))
                each_address(site, judge_ptr);
        if (!site->nowhere) {
                judge_web(site);
                if (!streq(site->scope, "subdomain"))
                        judge_parking(site);
        }
        if (site->mail)
                judge_outside(site);
}
