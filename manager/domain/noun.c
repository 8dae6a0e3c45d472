/* Domains as a noun: start and end, what is wanted of the world, what is kept of people, what is forgotten when. */
#include "base/log.h"
#include "base/time.h"
#include "domain/domain-internal.h"
#include "store/store-app.h"
#include "store/store-setting.h"
#include <stdio.h>

#define SEEN_KEY "domain_addresses"    /* where the world reached the box when it was last looked at */
#define IMPORTED_KEY "domain_imported" /* the domain of steadbox.json was added once; removing it is final */
#define RETENTION_DAYS 365
#define CHECKS_KEPT_SEC 3600           /* of checks that the timer started and that went well */
#define CHANGES_KEPT 2000              /* of one domain */

/* --- the box's addresses --- */

static int note_addresses(Manager* m, const char* before, const char* after, Error* reterr) {
        _cleanup_domain_rows_ DomainRows rows = {};
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = store_domain_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++)
                r = domain_history_add(m, rows.items[i].id, "state", NULL, before, after, &(Actor) { .name = "system" },
                                       "The box's addresses changed, so its records should follow.");
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

/* The machine may have moved while the manager was down, so what was seen last is kept in the store. */
static void addresses_look(Manager* m) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ char *before = NULL, *after = NULL;
        json_decref(m->domain->addresses);
        m->domain->addresses = NULL;
        _cleanup_json_ json_t* now = json_pack(
                        "{s:o, s:o}", "ipv4", domain_addresses(m, false), "ipv6", domain_addresses(m, true));
        after = now ? json_text(now, /* canonical= */ true) : NULL;
        int r = after ? store_setting_get(m->store, SEEN_KEY, &before, &e) : -ENOMEM;
        if (r < 0 || streq_ptr(before, after))
                return;
        r = store_setting_save(m->store, SEEN_KEY, after, &e);
        if (r >= 0 && before)
                r = note_addresses(m, before, after, &e);
        if (r < 0)
                log_warning("Cannot note the box's addresses, ignoring: %s", strempty(e.message));
        if (before)
                domain_changed(m, 0);
}

/* --- start and end --- */

/* Never in the place of one that somebody chose. */
static int primary_if_none(Manager* m, const char* name, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {}, primary = {};
        int r = store_domain_primary(m->store, &primary, reterr);
        if (r != 0)
                return MIN(r, 0);
        r = domain_find(m, name, &row, reterr);
        return r < 0 ? r : MIN(store_domain_primary_set(m->store, row.id, reterr), 0);
}

static int import_write(Manager* m, const char* name, Error* reterr) {
        static const Actor system_actor = { .via = VIA_SYSTEM, .role = ROLE_ROOT, .root = true, .name = "system" };
        char shown[DOMAIN_SHOWN_BYTES];
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        domain_name_show(name, shown);
        /* Whether mail or a website lives there nobody has asked yet, so nothing of it is touched. */
        r = domain_add(m, &system_actor, name, shown, "subdomain", reterr);
        if (r >= 0)
                r = primary_if_none(m, name, reterr);
        if (r >= 0)
                r = store_setting_set(m->store, IMPORTED_KEY, name, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

/* The customer's domain, as the installer was told it. */
static void import(Manager* m) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ char* imported = NULL;
        char name[DOMAIN_NAME_BYTES];
        const char* domain = json_get_string(m->machine, "domain");
        if (!domain || store_setting_get(m->store, IMPORTED_KEY, &imported, NULL) > 0)
                return;
        if (domain_name_parse("domain", domain, name, &e) < 0 || import_write(m, name, &e) < 0)
                log_warning("Cannot add the domain '%s' of the installation, ignoring: %s", domain, strempty(e.message));
}

static int startup(Manager* m, Error* reterr) {
        m->domain = calloc(1, sizeof(Domain));
        if (!m->domain)
                return error_errno(reterr, -ENOMEM, "Cannot start the domains");
        m->domain->m = m;
        import(m);
        addresses_look(m);
        domain_schedule(m);
        domain_effects_soon(m);
        return 0;
}

static void shutdown_domain(Manager* m) {
        if (!m->domain)
                return;
        domain_writer_shutdown(m);
        (void) sd_event_source_disable_unref(m->domain->timer);
        (void) sd_event_source_disable_unref(m->domain->effects);
        for (size_t i = 0; i < ELEMENTS(m->domain->pages); i++)
                free(m->domain->pages[i]);
        json_decref(m->domain->dkim_gone);
        json_decref(m->domain->summaries);
        json_decref(m->domain->addresses);
        free(m->domain);
        m->domain = NULL;
}

/* --- for all nouns --- */

static int wanted(Manager* m, const DomainView* d, WantedRecords* list, Error* reterr) {
        int r = box_records_add(list, d);
        if (r >= 0)
                r = mail_records_add(list, d);
        if (r < 0)
                return error_errno(reterr, r, "Cannot collect the records of %s", d->name);
        return served_names_wanted(m, d, list, reterr);
}

/* Some allow our authority single names only (issuewild, RFC 8659 4.3): asking for more would fail for ever. */
static bool is_wildcard_forbidden(Manager* m, const DomainRow* row) {
        _cleanup_verdict_row_ VerdictRow verdict = {};
        char id[DOMAIN_NAME_BYTES + 8];
        (void) snprintf(id, sizeof(id), "caa:%s", row->name);
        if (store_verdict_get(m->store, row->id, id, &verdict, NULL) <= 0)
                return false;
        _cleanup_json_ json_t* body = json_loads(verdict.body, JSON_REJECT_DUPLICATES, NULL);
        return streq_ptr(json_get_string(body, "key"), "caa-wildcard");
}

/* Apps below the provider's name of the box. Nobody asks the world about these: a provider who has no wildcard there may be asked in vain. */
static int given_names(Manager* m, json_t* ret_domains, Error* reterr) {
        _cleanup_app_rows_ AppRows apps = {};
        const char* given = json_get_string(json_object_get(m->machine, "provider"), "fallback_name");
        int r = given ? store_app_names(m->store, &apps, reterr) : 0;
        json_t* names = json_array();
        for (size_t i = 0; i < apps.count; i++) {
                _cleanup_json_ json_t* further = json_loads(apps.items[i].extra_names, 0, NULL);
                size_t k;
                json_t* name;
                if (domain_name_is_below(apps.items[i].name, given))
                        (void) json_array_append_new(names, json_string(apps.items[i].name));
                json_array_foreach(further, k, name)
                        if (domain_name_is_below(strempty(json_string_value(name)), given))
                                (void) json_array_append(names, name);
        }
        if (json_array_size(names) > 0)
                (void) json_array_append_new(ret_domains, json_pack("{s:i, s:s, s:b, s:O}", "id", 0, "name", given, "writable", 0, "names", names));
        json_decref(names);
        return MIN(r, 0);
}

static int certificate_domains(Manager* m, json_t* ret_domains, Error* reterr) {
        _cleanup_domain_rows_ DomainRows rows = {};
        int r = store_domain_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                const DomainRow* row = &rows.items[i];
                json_t* facts = json_loads(row->facts, JSON_REJECT_DUPLICATES, NULL);
                json_t* reached = json_object_get(facts, "reached");
                int writable = domain_is_writable(m, row->id, reterr);
                r = writable;
                if (r >= 0)
                        (void) json_array_append_new(
                                        ret_domains,
                                        json_pack("{s:I, s:s, s:b, s:o}", "id", (json_int_t) row->id, "name",
                                                  row->name, "writable",
                                                  writable > 0 && !is_wildcard_forbidden(m, row), "names",
                                                  json_is_array(reached) ? json_incref(reached)
                                                                         : json_array()));
                json_decref(facts);
        }
        return r < 0 ? r : given_names(m, ret_domains, reterr);
}

static int personal_data(Manager* m, int64_t user_id, json_t* ret_parts, Error* reterr) {
        json_t* changes = NULL;
        int r = store_domain_personal(m->store, user_id, &changes, reterr);
        if (r >= 0)
                (void) json_object_set_new(ret_parts, "domains", changes);
        return MIN(r, 0);
}

static int erase(Manager* m, int64_t user_id, Error* reterr) {
        return MIN(store_domain_erase(m->store, user_id, reterr), 0);
}

static int search(Manager* m, int role, const char* q, json_t* ret_hits, Error* reterr) {
        _cleanup_domain_rows_ DomainRows rows = {};
        if (!role_includes((Role) role, ROLE_ADMIN))
                return 0;
        int r = store_domain_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                const DomainRow* row = &rows.items[i];
                char page[DOMAIN_NAME_BYTES + 16];
                if (!strcasestr(row->name, q) && !strcasestr(row->shown, q))
                        continue;
                (void) snprintf(page, sizeof(page), "/domains/%s", row->name);
                if (json_array_append_new(
                                    ret_hits,
                                    json_pack("{s:s, s:s, s:s, s:s}", "kind", "domain", "title", row->shown,
                                              "detail", row->primary ? "Primary domain" : "Domain", "page",
                                              page)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot search domains");
        }
        return MIN(r, 0);
}

static int housekeeping(Manager* m, Error* reterr) {
        _cleanup_free_ char* days = NULL;
        int r = store_setting_get(m->store, "retention_days", &days, reterr);
        if (r < 0)
                return r;
        r = store_domain_change_expire(
                        m->store, now_seconds() - (days ? atoll(days) : RETENTION_DAYS) * 86400,
                        CHANGES_KEPT, reterr);
        if (r >= 0)
                r = store_domain_checks_forget(m->store, now_seconds() - CHECKS_KEPT_SEC, reterr);
        if (m->domain)
                domain_effects_soon(m); /* keys that could not be made */
        return MIN(r, 0);
}

const NounClass domain_noun = {
        .name = "domain",
        .startup = startup,
        .shutdown = shutdown_domain,
        .findings = domain_findings,
        .nginx_names = served_names_nginx,
        .wanted_records = wanted,
        .certificate_domains = certificate_domains,
        .addresses_changed = addresses_look,
        .personal_data = personal_data,
        .erase = erase,
        .search = search,
        .housekeeping = housekeeping,
};
