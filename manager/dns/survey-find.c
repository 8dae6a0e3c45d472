/* Finds where a domain's zone begins, what the zone above says of it, and the addresses of all its servers; then sends off the questions
 * for them. Where a zone begins is told by whose SOA comes along (RFC 2308 3); where the resolver cannot tell, the zone above is asked. */
#include "dns/survey-internal.h"
#include <stdio.h>

/* --- servers --- */

static Server* server_of(Site* site, const char* name) {
        for (size_t i = 0; i < site->n_servers; i++)
                if (streq(site->servers[i].name, name))
                        return &site->servers[i];
        return NULL;
}

static bool has_glue(const Site* site, const char* name) {
        for (size_t i = 0; i < site->n_glue; i++)
                if (streq(site->glue[i][0], name))
                        return true;
        return false;
}

static void server_add(Site* site, const char* name) {
        if (site->n_servers == SERVERS_MAX || server_of(site, name) || streq(name, "."))
                return;
        Server* s = &site->servers[site->n_servers];
        *s = (Server) { .name = strdup(name), .soa.extended_error = -1, .ns.extended_error = -1 };
        assert(s->name);
        site->n_servers++;
        find_addresses(site->survey, has_glue(site, name) ? &site->later : &site->addresses, name);
}

static void servers_add(Site* site, const json_t* names) {
        size_t i;
        json_t* v;
        json_array_foreach(names, i, v)
                server_add(site, strempty(json_string_value(v)));
}

static void address_add(Server* s, const char* address) {
        for (size_t i = 0; i < s->n_addresses; i++)
                if (streq(s->addresses[i], address))
                        return;
        if (s->n_addresses < SERVER_ADDRESSES_MAX && (s->addresses[s->n_addresses] = strdup(address)))
                s->n_addresses++;
}

/* IPv4 first where the box has it: a server is one server by whatever address. What the zone above said about addresses serves where the
 * resolver found none. */
static void server_addresses(Site* site, Server* s) {
        static const char* const types[] = { "A", "AAAA" };
        bool v6_only = json_array_size(site->survey->ipv4) == 0 && json_array_size(site->survey->ipv6) > 0;
        for (size_t k = 0; k < 2; k++) {
                const Seen* seen = found(site->survey, s->name, types[v6_only ? 1 - k : k]);
                size_t i;
                json_t* v;
                json_array_foreach(seen ? seen->values : NULL, i, v)
                        address_add(s, strempty(json_string_value(v)));
        }
        const Seen *v4 = found(site->survey, s->name, "A"), *v6 = found(site->survey, s->name, "AAAA");
        s->nameless = v4 && v6 && v4->class == SEEN_GOOD && v6->class == SEEN_GOOD && s->n_addresses == 0;
        for (size_t i = 0; i < site->n_glue && s->n_addresses == 0; i++)
                if (streq(site->glue[i][0], s->name))
                        address_add(s, site->glue[i][1]);
}

/* All addresses that can be known are. Everything is asked at every server. */
static void on_addresses(void* userdata) {
        Site* site = userdata;
        gate_hold(&site->ask);
        for (size_t i = 0; i < site->n_servers; i++) {
                Server* s = &site->servers[i];
                server_addresses(site, s);
                if (!site->zone || s->n_addresses == 0)
                        continue;
                s->asked = true;
                ask_seen(site, &site->ask, s, site->zone, "SOA", &s->soa);
                ask_seen(site, &site->ask, s, site->zone, "NS", &s->ns);
        }
        for (size_t i = 0; i < site->n_records; i++) {
                record_ask(&site->records[i]);
                gate_release(&site->records[i].gate);
        }
        if (site->zone)
                (void) lookup(site->survey, &site->extras, site->zone, "SOA"); /* now with signatures */
        gate_release(&site->extras);
        gate_release(&site->ask);
}

/* --- the zone above --- */

static void glue_add(Site* site, const DnsRecord* d) {
        if (site->n_glue == ELEMENTS(site->glue) || (!streq(d->type, "A") && !streq(d->type, "AAAA")))
                return;
        char** pair = site->glue[site->n_glue];
        pair[0] = strdup(d->owner);
        pair[1] = strdup(d->value);
        assert(pair[0] && pair[1]);
        site->n_glue++;
}

/* Answer of the zone above to "who serves the domain?": a referral (NS in the authority section, not authoritative), or, where one server
 * has both zones, the answer itself. */
static void heard_parent(Ask* a, const DnsAnswer* answer) {
        Site* site = a->to;
        const char *cut = NULL, *soa = NULL;
        if (!answer || answer->outcome != DNS_ANSWERED || (answer->rcode != 0 && answer->rcode != 3))
                return;
        for (size_t i = 0; i < answer->n_records; i++) {
                const DnsRecord* d = &answer->records[i];
                if (d->section == DNS_ADDITIONAL)
                        glue_add(site, d);
                else if (streq(d->type, "NS") && domain_name_is_below(site->zone ?: site->name, d->owner) && !streq_ptr(d->owner, site->parent)) {
                        cut = d->owner;
                        (void) json_array_append_new(site->above, json_string(d->value));
                } else if (streq(d->type, "SOA"))
                        soa = d->owner;
        }
        (void) values_sort(site->above);
        site->parent_known = cut || answer->authoritative;
        if (cut) { /* it exists, whatever the resolver remembers */
                site->nowhere = false;
                if (!site->zone || !streq(site->zone, cut)) {
                        free(site->zone);
                        site->zone = strdup(cut);
                }
        } else if (answer->authoritative && soa) {
                site->nowhere = answer->rcode == 3 && (streq(soa, ".") || domain_name_is_public(soa));
                if (!site->nowhere && !site->zone)
                        site->zone = strdup(soa);
        }
}

static void on_referral(void* userdata) {
        Site* site = userdata;
        if (!site->zone && !site->nowhere) /* nobody could say; what is asked for is asked of whom the resolver named */
                site->zone = strdup(site->name);
        if (!site->nowhere) {
                servers_add(site, site->above);
                const Seen* ns = site->zone ? found(site->survey, site->zone, "NS") : NULL;
                servers_add(site, ns ? ns->values : NULL);
        }
        gate_release(&site->addresses);
}

static void on_parent_addresses(void* userdata) {
        Site* site = userdata;
        const Seen* ns = site->parent ? found(site->survey, site->parent, "NS") : NULL;
        const char* addresses[2 * SERVERS_MAX];
        _cleanup_json_ json_t* all = json_array();
        size_t i, n = 0;
        json_t* v;
        gate_hold(&site->referral);
        json_array_foreach(ns ? ns->values : NULL, i, v) {
                _cleanup_json_ json_t* of_one = found_addresses(site->survey, strempty(json_string_value(v)));
                (void) json_array_extend(all, of_one);
        }
        json_array_foreach(all, i, v)
                if (n < DNS_SERVERS_MAX)
                        addresses[n++] = strempty(json_string_value(v));
        if (n > 0)
                ask_heard(site, &site->referral, addresses, n, site->zone ?: site->name, "NS", heard_parent, site);
        gate_release(&site->referral);
}

/* Some of the servers above are enough. */
static void on_nameservers(void* userdata) {
        Site* site = userdata;
        const Seen* above = site->parent ? found(site->survey, site->parent, "NS") : NULL;
        const Seen* ours = site->zone ? found(site->survey, site->zone, "NS") : NULL;
        size_t i;
        json_t* v;
        gate_hold(&site->parent_addresses);
        json_array_foreach(above ? above->values : NULL, i, v)
                if (i < 4)
                        find_addresses(site->survey, &site->parent_addresses, strempty(json_string_value(v)));
        if (ours && !site->nowhere)
                servers_add(site, ours->values);
        site->referral.open = on_referral;
        gate_release(&site->parent_addresses);
}

/* --- where the zone begins --- */

static const Seen* soa_of(const Site* site, const char* name) {
        const Seen* s = found(site->survey, name, "SOA");
        return s && s->class == SEEN_GOOD && s->zone ? s : NULL;
}

/* The zone that the nearest ancestor the resolver knows lies in. */
static const char* zone_above(const Site* site, const char* name) {
        for (const char* p = zone_parent(name); p; p = zone_parent(p)) {
                const Seen* s = soa_of(site, p);
                if (s && (streq(s->zone, ".") || domain_name_is_below(p, s->zone)))
                        return s->zone;
        }
        return NULL;
}

static void decide_zone(Site* site) {
        const Seen* s = soa_of(site, site->name);
        bool public = s && (streq(s->zone, ".") || domain_name_is_public(s->zone));
        if (public && s->rcode == 3)
                site->nowhere = true; /* unless the zone above knows better than the resolver's memory */
        else if (s && domain_name_is_below(site->name, s->zone))
                site->zone = strdup(s->zone);
        const char* above = zone_above(site, site->zone ?: site->name);
        site->parent = above ? strdup(above) : NULL;
}

void site_find_now(Site* site) {
        if (site->is_found)
                return;
        site->is_found = true;
        decide_zone(site);
        gate_hold(&site->nameservers);
        gate_hold(&site->addresses); /* released when the zone above has spoken, in on_referral() */
        /* Where the zone above answers, what the resolver says of a zone whose servers may be dead is not waited for. */
        find_lookup(site->survey, site->parent ? &site->later : &site->nameservers, site->zone ?: site->name, "NS");
        if (site->parent)
                find_lookup(site->survey, &site->nameservers, site->parent, "NS");
        gate_release(&site->nameservers);
}

static void on_found(void* userdata) {
        site_find_now(userdata);
}

/* Whichever of the zones above it will be, the way to its servers is known then. */
static void on_level(void* userdata) {
        Above* above = userdata;
        const Seen* ns = found(above->site->survey, above->name, "NS");
        size_t i;
        json_t* v;
        json_array_foreach(ns ? ns->values : NULL, i, v)
                if (i < 4)
                        find_addresses(above->site->survey, &above->site->later, strempty(json_string_value(v)));
}

void site_find(Site* site) {
        unsigned n = 0;
        site->find = (Gate) { .open = on_found, .userdata = site };
        site->nameservers = (Gate) { .open = on_nameservers, .userdata = site };
        site->parent_addresses = (Gate) { .open = on_parent_addresses, .userdata = site };
        site->referral = (Gate) { .userdata = site };
        site->later = (Gate) { .userdata = site };
        site->addresses = (Gate) { .open = on_addresses, .userdata = site };
        gate_hold(&site->find);
        for (const char* p = site->name; p && n < LEVELS_MAX; p = zone_parent(p)) {
                Above* above = &site->levels[n++];
                find_lookup(site->survey, &site->find, p, "SOA");
                *above = (Above) { .site = site, .name = p, .gate = { .open = on_level, .userdata = above } };
                find_lookup(site->survey, p == site->name ? &site->later : &above->gate, p, "NS");
        }
        gate_release(&site->find);
}

/* An answer of whatever kind from anybody but our own resolver, or one that it had from others. */
bool site_cut_off(const Site* site) {
        for (size_t i = 0; i < LEVELS_MAX && site->levels[i].name; i++) {
                const Seen* s = found(site->survey, site->levels[i].name, "SOA");
                if (s && s->class == SEEN_GOOD)
                        return false;
        }
        for (size_t i = 0; i < site->n_servers; i++)
                if (site->servers[i].asked && site->servers[i].soa.server && site->servers[i].soa.class != SEEN_SILENT)
                        return false;
        return !site->parent_known;
}

bool site_is_ours(const Survey* s, const char* address) {
        return values_have(s->ipv4, address) || values_have(s->ipv6, address);
}
