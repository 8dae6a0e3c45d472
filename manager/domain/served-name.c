/* Which names the box answers to, and how. */
#include "domain/names.h"
#include "certificate/certificate.h"
#include "daemon/nouns.h"
#include "domain/domain-internal.h"
#include "site/site.h"
#include "store/store-app.h"
#include "store/store-name.h"
#include "system/system.h"
#include <stdio.h>

static void served_name_done(ServedName* n) {
        free(n->name);
        free(n->target);
        free(n->domain);
        free(n->shown);
        free(n->headers);
        *n = (ServedName) {};
}

void served_names_done(ServedNames* list) {
        for (size_t i = 0; i < list->count; i++)
                served_name_done(&list->items[i]);
        free(list->items);
        *list = (ServedNames) {};
}

static ServedName* find(const ServedNames* list, const char* name) {
        for (size_t i = 0; i < list->count; i++)
                if (streq(list->items[i].name, name))
                        return &list->items[i];
        return NULL;
}

/* What is there already stays: the box's own names come first. */
static int add(ServedNames* list, const char* name, const char* kind, const char* serve, const char* target, const DomainRow* domain) {
        if (find(list, name))
                return 0;
        ServedName* bigger = reallocarray(list->items, list->count + 1, sizeof(ServedName));
        if (!bigger)
                return -ENOMEM;
        list->items = bigger;
        ServedName n = {
                .name = strdup(name),
                .kind = kind,
                .serve = serve,
                .target = strdup(target),
                .domain = strdup(domain ? domain->name : ""),
                .domain_id = domain ? domain->id : 0,
                .shown = strdup(""),
                .headers = strdup(""),
        };
        if (!n.name || !n.target || !n.domain || !n.shown || !n.headers) {
                served_name_done(&n);
                return -ENOMEM;
        }
        list->items[list->count++] = n;
        return 0;
}

/* --- names that follow from the domains --- */

static int own_names(Manager* m, ServedNames* list) {
        _cleanup_json_ json_t* own = site_own_names(m);
        size_t i;
        json_t* name;
        int r = add(list, "*", "box", "box", "", NULL);
        json_array_foreach(own, i, name) {
                const char* text = json_string_value(name);
                if (r >= 0 && !strchr(text, ':') && text[strspn(text, "0123456789.")]) /* a name, not an address */
                        r = add(list, text, "box", "box", "", NULL);
        }
        return r;
}

/* Whether nothing else lives in this part of the domain, as far as the last check saw. While it could not be seen, nobody knows. */
static int part_is_ours(Manager* m, const DomainRow* d, bool switched, const char* const* ids, Error* reterr) {
        bool seen = false;
        if (switched)
                return 1;
        for (; d->checked_at != 0 && *ids; ids++) {
                _cleanup_verdict_row_ VerdictRow row = {};
                int r = store_verdict_get(m->store, d->id, *ids, &row, reterr);
                if (r < 0)
                        return r;
                if (r > 0 && (streq(row.verdict, "waits") || streq(row.verdict, "unreachable")))
                        return 0;
                seen |= r > 0;
        }
        return seen;
}

#define ID_BYTES (DOMAIN_NAME_BYTES + 16)

/* Until an app is put there, the website's names lead to the box's own page. */
static int web_names(Manager* m, ServedNames* list, const DomainRow* d, const char* my, Error* reterr) {
        char ids[4][ID_BYTES], www[DOMAIN_NAME_BYTES];
        if (streq(d->scope, "subdomain"))
                return 0;
        (void) snprintf(www, sizeof(www), "www.%s", d->name);
        (void) snprintf(ids[0], ID_BYTES, "a:%s", d->name);
        (void) snprintf(ids[1], ID_BYTES, "aaaa:%s", d->name);
        (void) snprintf(ids[2], ID_BYTES, "a:%s", www);
        (void) snprintf(ids[3], ID_BYTES, "aaaa:%s", www);
        int r = part_is_ours(m, d, d->switched_web, (const char*[]) { ids[0], ids[1], ids[2], ids[3], NULL }, reterr);
        if (r > 0)
                r = add(list, d->name, "redirect", "redirect", my, d);
        return r < 0 || !find(list, d->name) ? r : add(list, www, "redirect", "redirect", my, d);
}

static int mail_names(Manager* m, ServedNames* list, const DomainRow* d, Error* reterr) {
        char id[ID_BYTES], policy[DOMAIN_NAME_BYTES], server[DOMAIN_NAME_BYTES];
        if (!streq(d->scope, "everything"))
                return 0;
        (void) snprintf(id, sizeof(id), "mx:%s", d->name);
        (void) snprintf(policy, sizeof(policy), "mta-sts.%s", d->name);
        (void) snprintf(server, sizeof(server), "mail.%s", d->name);
        int r = part_is_ours(m, d, d->switched_mail, (const char*[]) { id, NULL }, reterr);
        return r > 0 ? add(list, policy, "policy", "mta-sts", server, d) : r;
}

static int domain_names(Manager* m, ServedNames* list, const DomainRow* d, Error* reterr) {
        char my[DOMAIN_NAME_BYTES];
        domain_box_name_of(d->name, my);
        int r = add(list, my, "box", "box", "", d);
        if (r >= 0)
                r = web_names(m, list, d, my, reterr);
        if (r >= 0)
                r = mail_names(m, list, d, reterr);
        return r;
}

/* --- apps --- */

static const DomainRow* domain_above(const DomainRows* domains, const char* name);

/* An app takes the place of what only follows from its domain, and the domain's www leads to the app at its apex then. */
static int put_app(ServedNames* list, const AppRow* app, const char* name, const char* serve, const DomainRow* d) {
        char www[DOMAIN_NAME_BYTES];
        ServedName* there = find(list, name);
        if (there && !streq(there->kind, "redirect"))
                return 0;
        if (there)
                served_name_done(there), *there = list->items[--list->count];
        int r = add(list, name, "app", serve, app->id, d);
        if (r < 0 || !d || !streq(d->name, name))
                return r;
        (void) snprintf(www, sizeof(www), "www.%s", name);
        there = find(list, www);
        if (!there || !streq(there->kind, "redirect"))
                return 0;
        char* target = strdup(name);
        if (!target)
                return -ENOMEM;
        free(there->target);
        there->target = target;
        return 0;
}

static int apps_put(ServedNames* list, const AppRows* apps, const DomainRows* domains) {
        int r = 0;
        for (size_t i = 0; i < apps->count && r >= 0; i++) {
                const AppRow* app = &apps->items[i];
                _cleanup_json_ json_t* further = json_loads(app->extra_names, 0, NULL);
                size_t k;
                json_t* name;
                r = put_app(list, app, app->name, "app", domain_above(domains, app->name));
                json_array_foreach(further, k, name)
                        if (r >= 0 && json_is_string(name))
                                r = put_app(list, app, json_string_value(name), "app-alias", domain_above(domains, json_string_value(name)));
        }
        return r;
}

/* --- what people made --- */

/* Of domains the longest that name is in; NULL = none. */
static const DomainRow* domain_above(const DomainRows* domains, const char* name) {
        const DomainRow* best = NULL;
        for (size_t i = 0; i < domains->count; i++)
                if (domain_name_is_below(name, domains->items[i].name) && (!best || strlen(domains->items[i].name) > strlen(best->name)))
                        best = &domains->items[i];
        return best;
}

static char* words_joined(const char* json) {
        _cleanup_json_ json_t* words = json_loads(json, 0, NULL);
        char* joined = calloc(1, 256); /* more than the whole closed list */
        size_t i, n = 0;
        json_t* word;
        if (joined)
                json_array_foreach(words, i, word)
                        n += (size_t) snprintf(joined + MIN(n, 255u), 256 - MIN(n, 255u), "%s%s", n ? " " : "", strempty(json_string_value(word)));
        return joined;
}

static int dress(ServedName* n, const NameRow* row, bool removable) {
        char *headers = words_joined(row->headers), *shown = strdup(row->shown);
        if (!headers || !shown) {
                free(headers);
                free(shown);
                return -ENOMEM;
        }
        free(n->headers);
        free(n->shown);
        n->headers = headers;
        n->shown = shown;
        n->removable = removable;
        return 0;
}

/* A redirect of somebody's takes the place of one that only follows from the domain. */
static int put_redirect(ServedNames* list, const NameRow* row, const DomainRow* d) {
        ServedName* there = find(list, row->name);
        if (there && !streq(there->kind, "redirect"))
                return 0;
        if (there) {
                char* target = strdup(row->target);
                if (!target)
                        return -ENOMEM;
                free(there->target);
                there->target = target;
                return dress(there, row, /* removable= */ true);
        }
        int r = add(list, row->name, "redirect", "redirect", row->target, d);
        return r < 0 ? r : dress(&list->items[list->count - 1], row, /* removable= */ true);
}

static int put_alias(ServedNames* list, const NameRow* row, const DomainRow* d) {
        const ServedName* target = find(list, row->target);
        ServedName* there = find(list, row->name);
        const char* serve = target && streq(target->kind, "box") ? target->serve : NULL;
        if (there && !streq(there->kind, "redirect"))
                return 0;
        if (there) /* the apex, which would lead to the box's page */
                served_name_done(there), *there = list->items[--list->count];
        int r = add(list, row->name, "alias", serve, row->target, d);
        return r < 0 ? r : dress(&list->items[list->count - 1], row, /* removable= */ true);
}

static int rows_put(ServedNames* list, const NameRows* rows, const DomainRows* domains) {
        int r = 0;
        for (size_t i = 0; i < rows->count && r >= 0; i++) {
                const NameRow* row = &rows->items[i];
                ServedName* there = find(list, row->name);
                const DomainRow* d = domain_above(domains, row->name);
                if (streq(row->kind, "headers"))
                        r = there ? dress(there, row, /* removable= */ false) : 0;
                else if (d)
                        r = streq(row->kind, "alias") ? put_alias(list, row, d) : put_redirect(list, row, d);
        }
        return r;
}

int served_names_collect(Manager* m, ServedNames* ret, Error* reterr) {
        _cleanup_served_names_ ServedNames list = {};
        _cleanup_domain_rows_ DomainRows domains = {};
        _cleanup_name_rows_ NameRows rows = {};
        _cleanup_app_rows_ AppRows apps = {};
        int r = store_domain_all(m->store, &domains, reterr);
        if (r >= 0)
                r = store_name_all(m->store, &rows, reterr);
        if (r >= 0)
                r = store_app_names(m->store, &apps, reterr);
        if (r >= 0)
                r = own_names(m, &list);
        for (size_t i = 0; i < domains.count && r >= 0; i++)
                r = domain_names(m, &list, &domains.items[i], reterr);
        if (r >= 0)
                r = apps_put(&list, &apps, &domains);
        if (r >= 0)
                r = rows_put(&list, &rows, &domains);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot collect the names of the box");
        *ret = list;
        list = (ServedNames) {};
        return 0;
}

/* --- what follows from them --- */

int served_names_nginx(Manager* m, NginxNames* to, Error* reterr) {
        _cleanup_served_names_ ServedNames list = {};
        int r = served_names_collect(m, &list, reterr);
        for (size_t i = 0; i < list.count && r >= 0; i++) {
                const ServedName* n = &list.items[i];
                const char* target = streq(n->kind, "alias") ? "" : n->target;
                if (n->serve)
                        r = nginx_names_add(to, (NginxName) { .name = n->name, .kind = n->serve, .target = target, .headers = n->headers });
        }
        return r;
}

/* Addresses for one name, unless the domain wants it itself or the name is in another domain. */
static int wanted_for(Manager* m, const DomainView* domain, const char* name, const char* why, WantedRecords* list, Error* reterr) {
        char owner[DOMAIN_NAME_BYTES], label[DOMAIN_NAME_BYTES];
        int64_t id = 0;
        (void) snprintf(label, sizeof(label), "www.%s", domain->name);
        if (streq(name, domain->name) || streq(name, label) || !domain_name_is_below(name, domain->name))
                return 0;
        int r = domain_of_name(m, name, &id, owner, reterr);
        if (r <= 0 || id != domain->id)
                return MIN(r, 0);
        (void) snprintf(label, sizeof(label), "%.*s", (int) (strlen(name) - strlen(domain->name) - 1), name);
        return address_records_add(list, domain, label, "box", why, SEVERITY_WARN, /* hold= */ false);
}

static int wanted_for_apps(Manager* m, const DomainView* domain, WantedRecords* list, Error* reterr) {
        static const char why[] = "An app of this box lives there.";
        _cleanup_app_rows_ AppRows apps = {};
        int r = store_app_names(m->store, &apps, reterr);
        for (size_t i = 0; i < apps.count && r >= 0; i++) {
                _cleanup_json_ json_t* further = json_loads(apps.items[i].extra_names, 0, NULL);
                size_t k;
                json_t* name;
                r = wanted_for(m, domain, apps.items[i].name, why, list, reterr);
                json_array_foreach(further, k, name)
                        if (r >= 0 && json_is_string(name))
                                r = wanted_for(m, domain, json_string_value(name), why, list, reterr);
        }
        return r;
}

/* What people added, and where apps live: the domain's own names are wanted by the domain. */
int served_names_wanted(Manager* m, const DomainView* domain, WantedRecords* list, Error* reterr) {
        _cleanup_name_rows_ NameRows rows = {};
        int r = store_name_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++)
                if (!streq(rows.items[i].kind, "headers"))
                        r = wanted_for(m, domain, rows.items[i].name, "This name was added to the box.", list, reterr);
        return r < 0 ? r : wanted_for_apps(m, domain, list, reterr);
}

void served_names_changed(Manager* m) {
        system_names_now(m);
        certificates_wanted_changed(m);
        domain_publish(m);
}
