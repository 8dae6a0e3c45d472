/* Verdicts about a domain as a whole: delegation, nameservers, DNSSEC, authorities, reverse names, what stands in front. */
#include "dns/policy.h"
#include "dns/verdict.h"
#include <stdio.h>
#include <strings.h>

static void fact(json_t* facts, const char* name, const char* value) {
        (void) json_object_set_new(facts, name, json_string(strempty(value)));
}

static void fact_list(json_t* facts, const char* name, const json_t* values) {
        _cleanup_free_ char* joined = values_joined(values);
        fact(facts, name, joined);
}

static json_t* facts_of(const ZoneEvidence* z) {
        json_t* facts = json_object();
        fact(facts, "domain", z->domain);
        fact(facts, "zone", z->zone ?: z->domain);
        fact(facts, "parent", !z->parent || streq(z->parent, ".") ? "The root of DNS" : z->parent);
        return facts;
}

/* --- delegation --- */

typedef struct Servers {
        json_t *all, *good, *silent, *lame, *nameless; /* names; owned */
} Servers;

static void servers_done(Servers* s) {
        json_decref(s->all);
        json_decref(s->good);
        json_decref(s->silent);
        json_decref(s->lame);
        json_decref(s->nameless);
}

static Servers servers_sorted(const ZoneEvidence* z) {
        Servers s = { json_array(), json_array(), json_array(), json_array(), json_array() };
        for (size_t i = 0; i < z->n_servers; i++) {
                const ServerView* v = &z->servers[i];
                json_t* to = !v->addressed                                ? s.nameless :
                                !v->soa || v->soa->class == SEEN_SILENT   ? s.silent :
                                v->soa->class == SEEN_GOOD && json_array_size(v->soa->values) > 0 ? s.good :
                                                                            s.lame;
                (void) json_array_append_new(to, json_string(v->name));
                (void) json_array_append_new(s.all, json_string(v->name));
        }
        return s;
}

json_t* verdict_delegation(const VerdictItem* item, const ZoneEvidence* z) {
        _cleanup_(servers_done) Servers s = servers_sorted(z);
        json_t* facts = facts_of(z);
        fact_list(facts, "servers", json_array_size(z->above) > 0 ? z->above : s.all);
        const json_t* now = json_array_size(z->above) > 0 ? z->above : s.all;
        VerdictKey key = VERDICT_DELEGATION_OK;
        if (z->nowhere)
                key = VERDICT_DELEGATION_MISSING;
        else if (!z->parent_known && json_array_size(s.good) == 0)
                key = VERDICT_DELEGATION_UNKNOWN;
        else if (json_array_size(s.good) > 0)
                key = VERDICT_DELEGATION_OK;
        else if (json_array_size(s.nameless) == z->n_servers)
                key = VERDICT_DELEGATION_NAMELESS;
        else if (json_array_size(s.lame) > 0)
                key = VERDICT_DELEGATION_LAME;
        else
                key = VERDICT_DELEGATION_SILENT;
        return verdict_new(key, item, now, s.good, facts);
}

/* --- nameservers --- */

/* Third word of "primary mailbox serial ...". */
static const char* serial_of(const Seen* soa, char ret[static 16]) {
        ret[0] = 0;
        if (soa && json_array_size(soa->values) > 0)
                (void) sscanf(strempty(json_string_value(json_array_get(soa->values, 0))), "%*s %*s %15s", ret);
        return ret;
}

static bool serials_differ(const ZoneEvidence* z, json_t* ret_lines) {
        char first[16] = "", serial[16];
        bool differ = false;
        for (size_t i = 0; i < z->n_servers; i++) {
                const Seen* soa = z->servers[i].soa;
                _cleanup_free_ char* line = NULL;
                if (!soa || soa->class != SEEN_GOOD || !*serial_of(soa, serial))
                        continue;
                if (!*first)
                        memcpy(first, serial, sizeof(first));
                differ |= !streq(first, serial);
                if (asprintf(&line, "%s has %s", z->servers[i].name, serial) >= 0)
                        (void) json_array_append_new(ret_lines, json_string(line));
        }
        return differ;
}

static const json_t* below(const ZoneEvidence* z) {
        for (size_t i = 0; i < z->n_servers; i++)
                if (z->servers[i].ns && z->servers[i].ns->class == SEEN_GOOD && json_array_size(z->servers[i].ns->values) > 0)
                        return z->servers[i].ns->values;
        return NULL;
}

json_t* verdict_nameservers(const VerdictItem* item, const ZoneEvidence* z) {
        _cleanup_(servers_done) Servers s = servers_sorted(z);
        _cleanup_json_ json_t *serials = json_array(), *above = values_canonical("NS", z->above);
        json_t* facts = facts_of(z);
        json_t* i_named = (json_t*) below(z);
        json_t* dead = json_copy(s.silent);
        (void) json_array_extend(dead, s.nameless);
        bool differ = serials_differ(z, serials);
        fact_list(facts, "servers", json_array_size(s.good) > 0 ? s.good : s.all);
        fact_list(facts, "silent", dead);
        fact_list(facts, "lame", s.lame);
        fact_list(facts, "above", above);
        fact_list(facts, "below", i_named);
        fact_list(facts, "serials", serials);
        VerdictKey key = VERDICT_NAMESERVERS_OK;
        if (z->n_servers == 0)
                key = VERDICT_LATE;
        else if (json_array_size(s.lame) > 0)
                key = VERDICT_NAMESERVERS_LAME;
        else if (json_array_size(s.good) == 0)
                key = VERDICT_NAMESERVERS_UNKNOWN;
        else if (json_array_size(dead) > 0)
                key = VERDICT_NAMESERVERS_SILENT;
        else if (json_array_size(above) > 0 && i_named && !json_equal(above, i_named))
                key = VERDICT_NAMESERVERS_PARENT;
        else if (differ)
                key = VERDICT_NAMESERVERS_SERIALS;
        else if (z->n_servers == 1)
                key = VERDICT_NAMESERVERS_ONE;
        json_decref(dead);
        return verdict_new(key, item, s.all, s.good, facts);
}

/* --- DNSSEC --- */

/* RFC 8914 4; only those a resolver gives for answers it does not believe. */
static const char* reason_of(const Seen* s) {
        static const struct {
                int code;
                const char* text;
        } reasons[] = {
                { 1, "they are made by a method nobody knows" },  { 2, "the parent's DS record is of a kind nobody knows" },
                { 5, "their state cannot be decided" },           { 6, "they do not match" },
                { 7, "they have run out" },                       { 8, "they are not valid yet" },
                { 9, "the key that the parent vouches for is missing" }, { 10, "they are missing, though the parent says the zone is signed" },
                { 11, "the key is not meant for zones" },         { 12, "nothing proves that what is missing is missing" },
        };
        for (size_t i = 0; s && i < ELEMENTS(reasons); i++)
                if (reasons[i].code == s->extended_error)
                        return reasons[i].text;
        return NULL;
}

/* A resolver that cannot fetch the keys says the same as one that was given wrong ones. Only when the zone above answered us and not most of
 * the zone's own servers are silent is it the signatures. */
static bool is_chain_reachable(const ZoneEvidence* z) {
        size_t good = 0;
        for (size_t i = 0; i < z->n_servers; i++)
                good += z->servers[i].soa && z->servers[i].soa->class == SEEN_GOOD;
        return z->parent_known && good > 0 && 2 * good >= z->n_servers;
}

json_t* verdict_dnssec(const VerdictItem* item, const ZoneEvidence* z, const char** ret_state) {
        json_t* facts = facts_of(z);
        const Seen* s = z->secured;
        const Seen* failed = z->bogus ?: s;
        VerdictKey key = VERDICT_DNSSEC_UNKNOWN;
        bool disbelieved = s && s->class == SEEN_FAILED && reason_of(s) && (!z->unchecked || z->unchecked->class == SEEN_GOOD);
        _cleanup_json_ json_t* asked = json_pack("[s]", "resolver");
        *ret_state = "unknown";
        fact(facts, "reason", s && s->class == SEEN_FAILED ? "our resolver finds no answer at all" : "our resolver does not answer");
        if ((z->bogus || disbelieved) && is_chain_reachable(z)) {
                key = VERDICT_DNSSEC_BOGUS;
                *ret_state = "bogus";
                fact(facts, "reason", reason_of(failed) ?: "they do not match");
                fact(facts, "detail", failed->extended_text);
        } else if (s && s->class == SEEN_GOOD) {
                key = s->authenticated ? VERDICT_DNSSEC_SIGNED : VERDICT_DNSSEC_UNSIGNED;
                *ret_state = s->authenticated ? "signed" : "unsigned";
        }
        return verdict_new(key, item, NULL, asked, facts);
}

/* --- CAA --- */

json_t* verdict_caa(const VerdictItem* item, const char* zone, const Seen* levels, const char* const* at, size_t n, const json_t* issuers) {
        _cleanup_(caa_meaning_done) CaaMeaning m = {};
        _cleanup_json_ json_t* asked = json_pack("[s]", "resolver");
        json_t* facts = json_object();
        const json_t* now = NULL;
        VerdictKey key = VERDICT_CAA_OPEN;
        fact(facts, "zone", zone);
        fact(facts, "issuer", json_string_value(json_array_get(issuers, 0)));
        for (size_t i = 0; i < n && !now; i++) {
                fact(facts, "at", at[i]);
                if (levels[i].class != SEEN_GOOD && levels[i].class != SEEN_ELSEWHERE)
                        return verdict_new(VERDICT_CAA_UNCLEAR, item, NULL, asked, facts);
                if (json_array_size(levels[i].values) > 0)
                        now = levels[i].values;
        }
        if (now && caa_read(now, issuers, &m) >= 0) {
                fact_list(facts, "allowed", m.issuers);
                if (json_array_size(m.issuers) == 0)
                        fact(facts, "allowed", "nobody");
                fact(facts, "methods", m.methods);
                fact(facts, "tag", m.tag);
                key = m.any ? VERDICT_CAA_OPEN : m.critical ? VERDICT_CAA_CRITICAL : VERDICT_CAA_OK;
                if (!m.any && !m.critical && json_array_size(issuers) == 0)
                        key = VERDICT_CAA_SKIPPED;
                else if (!m.any && !m.critical && !m.allowed)
                        key = *m.methods ? VERDICT_CAA_METHOD : VERDICT_CAA_FORBIDS;
                else if (key == VERDICT_CAA_OK && !m.wildcard)
                        key = VERDICT_CAA_WILDCARD;
        }
        return verdict_new(key, item, now, asked, facts);
}

/* --- reverse names --- */

json_t* verdict_ptr(
                const VerdictItem* item,
                const char* address,
                const Seen* answer,
                const json_t* forward,
                const json_t* names,
                const char* should) {
        _cleanup_json_ json_t* asked = json_pack("[s]", "resolver");
        json_t* facts = json_object();
        fact(facts, "address", address);
        fact(facts, "wanted", should);
        if (!answer || answer->class != SEEN_GOOD)
                return verdict_new(VERDICT_PTR_UNKNOWN, item, NULL, asked, facts);
        VerdictKey key = VERDICT_PTR_MISSING;
        size_t i;
        json_t* v;
        json_array_foreach(answer->values, i, v) { /* the best name counts */
                const char* name = strempty(json_string_value(v));
                bool ours = values_have(names, name), confirmed = values_have(json_object_get(forward, name), address);
                VerdictKey one = !confirmed ? VERDICT_PTR_UNCONFIRMED : ours ? VERDICT_PTR_OK : VERDICT_PTR_ELSEWHERE;
                if (!ours && !confirmed)
                        one = VERDICT_PTR_ELSEWHERE;
                if (key == VERDICT_PTR_MISSING || one == VERDICT_PTR_OK)
                        key = one;
        }
        return verdict_new(key, item, answer->values, asked, facts);
}

/* --- what stands in front, what is left over --- */

json_t* verdict_proxy(const VerdictItem* item, const char* domain, const json_t* visits) {
        _cleanup_json_ json_t *straight = json_array(), *fronted = json_array(), *unreached = json_array(), *addresses = json_array();
        json_t *facts = json_object(), *v;
        const char* problem = "";
        size_t i;
        fact(facts, "domain", domain);
        json_array_foreach(visits, i, v) {
                bool ours = json_get_boolean(v, "ours", false), here = json_get_boolean(v, "here", false);
                json_t* list = ours && here ? straight : ours ? unreached : here ? fronted : NULL;
                if (list)
                        (void) json_array_append(list, json_object_get(v, "name"));
                if (list == fronted)
                        (void) json_array_extend(addresses, json_object_get(v, "addresses"));
                if (list == unreached)
                        problem = strempty(json_get_string(v, "problem"));
        }
        (void) values_sort(addresses);
        fact_list(facts, "addresses", addresses);
        fact(facts, "problem", problem);
        VerdictKey key = json_array_size(unreached) > 0 ? VERDICT_PROXY_UNREACHED :
                        json_array_size(fronted) > 0    ? VERDICT_PROXY_IN_FRONT :
                        json_array_size(straight) > 0   ? VERDICT_PROXY_NONE :
                                                          VERDICT_PROXY_UNKNOWN;
        fact_list(facts, "names", json_array_size(unreached) > 0 ? unreached : json_array_size(fronted) > 0 ? fronted : straight);
        return verdict_new(key, item, addresses, NULL, facts);
}

json_t* verdict_wildcard(const VerdictItem* item, const char* domain, const Seen* v4, const Seen* v6, const Evidence* box) {
        _cleanup_json_ json_t* now = json_array();
        json_t *facts = json_object(), *v;
        bool known = v4 && v6 && v4->class == SEEN_GOOD && v6->class == SEEN_GOOD;
        size_t i, foreign = 0;
        if (known) {
                (void) json_array_extend(now, v4->values);
                (void) json_array_extend(now, v6->values);
        }
        json_array_foreach(now, i, v)
                foreign += !values_have(box->ipv4, strempty(json_string_value(v))) && !values_have(box->ipv6, strempty(json_string_value(v)));
        fact(facts, "domain", domain);
        VerdictKey key = !known ? VERDICT_WILDCARD_UNKNOWN : json_array_size(now) == 0 ? VERDICT_WILDCARD_NONE :
                        foreign == 0 ? VERDICT_WILDCARD_HERE : VERDICT_WILDCARD_ELSEWHERE;
        return verdict_new(key, item, now, NULL, facts);
}

/* RFC 5782 2.1: an answer within 127.0.0.0/8 means listed; 127.255.255.0/24 is how lists say that they do not answer us. */
static bool is_listed(const Seen* s, bool* ret_answered) {
        size_t i;
        json_t* v;
        bool listed = false;
        *ret_answered = s->class == SEEN_GOOD;
        json_array_foreach(s->values, i, v) {
                const char* text = strempty(json_string_value(v));
                if (startswith(text, "127.255.255."))
                        *ret_answered = false;
                else
                        listed |= startswith(text, "127.") != NULL;
        }
        return *ret_answered && listed;
}

json_t* verdict_blocklist(
                const VerdictItem* item, const char* address, const Seen* answers, const char* const* lists, const char* const* pages, size_t n) {
        _cleanup_json_ json_t *listed = json_array(), *asked = json_array();
        json_t* facts = json_object();
        fact(facts, "page", "");
        for (size_t i = 0; i < n; i++) {
                bool answered;
                bool on = is_listed(&answers[i], &answered);
                if (answered)
                        (void) json_array_append_new(asked, json_string(lists[i]));
                if (on) {
                        (void) json_array_append_new(listed, json_string(lists[i]));
                        fact(facts, "page", pages[i]);
                }
        }
        fact(facts, "address", address);
        fact_list(facts, "lists", asked);
        fact_list(facts, "listed", listed);
        VerdictKey key = json_array_size(asked) == 0 ? VERDICT_BLOCKLIST_UNKNOWN :
                        json_array_size(listed) > 0  ? VERDICT_BLOCKLIST_LISTED :
                                                       VERDICT_BLOCKLIST_CLEAN;
        return verdict_new(key, item, listed, asked, facts);
}
