/* What lives at a domain that is not ours yet? Looked up, told, nothing judged. */
#include "dns/survey-internal.h"
#include <stdio.h>

static void www_of(const Site* site, char ret[static DNS_NAME_BYTES]) {
        (void) snprintf(ret, DNS_NAME_BYTES, "www.%s", site->name);
}

void look_lookup(Site* site) {
        char www[DNS_NAME_BYTES];
        www_of(site, www);
        lookup_addresses(site->survey, &site->extras, site->name);
        lookup_addresses(site->survey, &site->extras, www);
        (void) lookup(site->survey, &site->extras, site->name, "MX");
}

static bool all_here(const Site* site, const char* name, const json_t* addresses) {
        size_t i;
        json_t* v;
        bool ours = json_array_size(addresses) > 0;
        json_array_foreach(addresses, i, v)
                ours = ours && site_is_ours(site->survey, json_string_value(v));
        const Visited* visit = visited(site->survey, name, NULL);
        return ours || (visit && visit->here);
}

/* The hosts that mail goes to are looked up, and whose web server answers. */
void look_step(void* userdata) {
        Site* site = userdata;
        char www[DNS_NAME_BYTES];
        if (site->followed) {
                gate_release(&site->end);
                return;
        }
        site->followed = true;
        www_of(site, www);
        gate_hold(&site->extras);
        const char* const names[] = { site->name, www };
        for (size_t k = 0; k < 2; k++) {
                _cleanup_json_ json_t* addresses = looked_up_addresses(site->survey, names[k]);
                const char* first = json_string_value(json_array_get(addresses, 0));
                if (first)
                        (void) visit_name(site->survey, &site->extras, names[k], first);
        }
        const Seen* mx = looked_up(site->survey, site->name, "MX");
        size_t i;
        json_t* v;
        json_array_foreach(mx ? mx->values : NULL, i, v) {
                const char* space = strrchr(strempty(json_string_value(v)), ' ');
                if (space && i < 8)
                        lookup_addresses(site->survey, &site->extras, space + 1);
        }
        gate_release(&site->extras);
}

static json_t* web_of(Site* site) {
        char www[DNS_NAME_BYTES], text[1024];
        www_of(site, www);
        const char* const names[] = { www, site->name };
        for (size_t k = 0; k < 2; k++) {
                _cleanup_json_ json_t* addresses = looked_up_addresses(site->survey, names[k]);
                const Seen* seen = looked_up(site->survey, names[k], "A");
                if (json_array_size(addresses) == 0)
                        continue;
                const char* alias = seen ? json_string_value(json_array_get(seen->aliases, 0)) : NULL;
                const char* who = zone_parked(site->above, alias, addresses);
                bool here = all_here(site, names[k], addresses);
                _cleanup_free_ char* joined = values_joined(addresses);
                if (here)
                        (void) snprintf(text, sizeof(text), "%s leads to this box already.", names[k]);
                else if (who)
                        (void) snprintf(text, sizeof(text), "%s shows a parking page of %s.", names[k], who);
                else
                        (void) snprintf(text, sizeof(text), "A website lives at %s (%s).", names[k], joined);
                return json_pack("{s:s, s:O, s:b, s:b, s:s}", "owner", names[k], "addresses", addresses, "here", here, "parked", who != NULL,
                                 "sentence", text);
        }
        return NULL;
}

static json_t* mail_of(Site* site) {
        const Seen* mx = looked_up(site->survey, site->name, "MX");
        _cleanup_json_ json_t* hosts = json_array();
        char text[1024];
        size_t i;
        json_t* v;
        bool here = true;
        json_array_foreach(mx ? mx->values : NULL, i, v) {
                const char* space = strrchr(strempty(json_string_value(v)), ' ');
                if (!space || streq(space, " ."))
                        continue;
                _cleanup_json_ json_t* addresses = looked_up_addresses(site->survey, space + 1);
                here = here && all_here(site, space + 1, addresses);
                (void) json_array_append_new(hosts, json_string(space + 1));
        }
        if (json_array_size(hosts) == 0)
                return NULL;
        _cleanup_free_ char* joined = values_joined(hosts);
        (void) snprintf(text, sizeof(text), here ? "Mail for %s goes to this box already (%s)." : "Mail for %s goes to %s.", site->name, joined);
        return json_pack("{s:O, s:b, s:s}", "hosts", hosts, "here", here, "sentence", text);
}

static bool elsewhere(const json_t* found) {
        return found && !json_get_boolean(found, "here", false) && !json_get_boolean(found, "parked", false);
}

/* The least that disturbs nothing. */
static const char* suggestion_of(const json_t* web, const json_t* mail) {
        return elsewhere(web) ? "subdomain" : elsewhere(mail) ? "web" : "everything";
}

static void sentence_of(const Site* site, const json_t* web, const json_t* mail, bool known, char ret[static 512]) {
        if (site->nowhere)
                (void) snprintf(ret, 512, "%s is not registered, or has no nameservers.", site->name);
        else if (!known)
                (void) snprintf(ret, 512, "Nobody answers about %s now, so what lives there is not known.", site->name);
        else if (elsewhere(web) && elsewhere(mail))
                (void) snprintf(ret, 512, "A website and mail live at %s already. Nothing of them is touched.", site->name);
        else if (elsewhere(web))
                (void) snprintf(ret, 512, "A website lives at %s already. It is not touched.", site->name);
        else if (elsewhere(mail))
                (void) snprintf(ret, 512, "Mail of %s is settled elsewhere. It is not touched.", site->name);
        else
                (void) snprintf(ret, 512, "Nothing lives at %s yet.", site->name);
}

json_t* look_judge(Site* site) {
        _cleanup_json_ json_t *web = web_of(site), *mail = mail_of(site), *names = json_array();
        const Seen *a = looked_up(site->survey, site->name, "A"), *mx = looked_up(site->survey, site->name, "MX");
        bool known = a && a->class == SEEN_GOOD && mx && mx->class == SEEN_GOOD;
        char text[512];
        for (size_t k = 0; k < site->n_servers; k++)
                (void) json_array_append_new(names, json_string(site->servers[k].name));
        sentence_of(site, web, mail, known, text);
        char shown[DOMAIN_SHOWN_BYTES];
        domain_name_show(site->name, shown);
        json_t* registered = site->nowhere ? json_false() : site->parent_known || known ? json_true() : json_null();
        /* Where nothing is known the cautious answer is the smallest one. */
        const char* suggestion = known ? suggestion_of(web, mail) : site->nowhere ? "everything" : "subdomain";
        return json_pack("{s:s, s:s, s:b, s:s?, s:o, s:O, s:s?, s:O?, s:O?, s:s, s:s}", "name", site->name, "shown", shown, "exists",
                         !site->nowhere && known && a->rcode == 0, "zone", site->zone, "registered", registered, "nameservers", names,
                         "provider", zone_provider(names), "web", web, "mail", mail, "suggestion", suggestion, "sentence", text);
}
