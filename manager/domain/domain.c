#include "domain/domain-internal.h"
#include "api/events.h"
#include "base/log.h"
#include "base/time.h"
#include "certificate/certificate.h"
#include "domain/primary.h"
#include "site/site.h"
#include "store/store-app.h"
#include "store/store-name.h"
#include "system/setting.h"
#include "system/system.h"
#include <stdio.h>

#define APPS_SAID 8 /* of those that keep a domain from being removed */
#define PRIMARY_AGAIN_USEC (3600 * USEC_PER_SEC) /* its certificate may take a while; authorities limit tries */
#define NAME_MAX_OCTETS (DOMAIN_NAME_BYTES - 1 - 24) /* room for the longest name that is wanted below it, _submissions._tcp. and alike */

void domain_publish(Manager* m) {
        if (m->domain) {
                json_decref(m->domain->summaries);
                m->domain->summaries = NULL;
        }
        if (m->events)
                events_changed(m->events, "domain");
}

void domain_box_name_of(const char* domain, char ret[static DOMAIN_NAME_BYTES]) {
        (void) snprintf(ret, DOMAIN_NAME_BYTES, "my.%s", domain); /* domain_add() refuses names too long for that */
}

bool domain_scope_has(const char* scope, const char* part) {
        if (streq(part, "mail"))
                return streq(scope, "everything");
        return !streq(part, "web") || !streq(scope, "subdomain");
}

int domain_find(Manager* m, const char* name, DomainRow* ret, Error* reterr) {
        int r = store_domain_get(m->store, name, ret, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no domain %s here.", name);
        return MIN(r, 0);
}

int domain_of_name(Manager* m, const char* name, int64_t* ret_id, char ret_domain[static DOMAIN_NAME_BYTES], Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = store_domain_of_name(m->store, name, &row, reterr);
        if (r <= 0)
                return r;
        *ret_id = row.id;
        (void) snprintf(ret_domain, DOMAIN_NAME_BYTES, "%s", row.name);
        return 1;
}

/* --- showing --- */

static json_t* parsed(const char* text) {
        json_t* j = json_loads(strempty(text), JSON_REJECT_DUPLICATES, NULL);
        return j ?: json_object();
}

static int domain_json(Manager* m, const DomainRow* row, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* summary = NULL;
        char box_name[DOMAIN_NAME_BYTES];
        int r = domain_summary(m, row, &summary, reterr);
        if (r < 0)
                return r;
        domain_box_name_of(row->name, box_name);
        *ret = json_pack(
                        "{s:s, s:s, s:s, s:s, s:b, s:s, s:b, s:b, s:o, s:o, s:O, s:O, s:O, s:O, s:o, s:I, "
                        "s:o, s:o, s:o}",
                        "name", row->name, "shown", row->shown, "scope", row->scope, "state", row->state,
                        "primary", (int) row->primary, "box_name", box_name, "switched_web",
                        (int) row->switched_web, "switched_mail", (int) row->switched_mail, "existing",
                        parsed(row->existing), "writer", domain_writer_json(row), "records",
                        json_object_get(summary, "records"), "ok", json_object_get(summary, "ok"),
                        "severity", json_object_get(summary, "severity"), "sentence",
                        json_object_get(summary, "sentence"), "certificate",
                        json_string_or_null(certificate_for_name(m, box_name)), "created_at",
                        (json_int_t) row->created_at, "proven_at", json_time_or_null(row->proven_at),
                        "checked_at", json_time_or_null(row->checked_at), "check_at",
                        json_time_or_null(row->check_at));
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot show %s", row->name);
}

int domain_show(Manager* m, const char* name, json_t** ret, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = domain_find(m, name, &row, reterr);
        return r < 0 ? r : domain_json(m, &row, ret, reterr);
}

static bool matches(const DomainRow* row, const char* q) {
        return isempty(q) || strcasestr(row->name, q) || strcasestr(row->shown, q);
}

/* Rows come with the primary one first and the others by name; the cursor is the last name of a page. */
static bool is_behind(const DomainRow* row, const char* after, bool after_primary) {
        if (isempty(after))
                return true;
        return !row->primary && (after_primary || strcmp(row->name, after) > 0);
}

int domain_list(Manager* m, const char* q, const char* after, unsigned limit, json_t** ret, Error* reterr) {
        _cleanup_domain_rows_ DomainRows rows = {};
        _cleanup_json_ json_t* items = json_array();
        const char* next = NULL;
        int64_t total = 0;
        int r = store_domain_all(m->store, &rows, reterr);
        bool after_primary = r >= 0 && rows.count > 0 && rows.items[0].primary && streq_ptr(rows.items[0].name, after);
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                json_t* item = NULL;
                if (!matches(&rows.items[i], q))
                        continue;
                total++;
                if (!is_behind(&rows.items[i], after, after_primary) || next)
                        continue;
                if (json_array_size(items) == limit) {
                        next = json_get_string(json_array_get(items, limit - 1), "name");
                        continue;
                }
                r = domain_json(m, &rows.items[i], &item, reterr);
                if (r >= 0)
                        (void) json_array_append_new(items, item);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O, s:o, s:I}", "items", items, "next", json_string_or_null(next), "total", (json_int_t) total);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot list domains");
}

/* --- adding --- */

/* Root may: who can write steadbox.json can lift the lock as well, and the installer adds what it locks. */
static int lock_check(Manager* m, const Actor* actor, Error* reterr) {
        return setting_locked(m, "domain") && !actor->root
                        ? error_set(reterr, ERROR_LOCKED, "Your provider has fixed which domain this box serves.")
                        : 0;
}

static const char* const reserved_labels[] = { "my", "www", "mail", "mta-sts", "autoconfig" };

/* Whether name is one that a domain has for itself, such as mail.<domain>. */
static bool is_reserved_in(const char* name, const char* domain) {
        for (size_t i = 0; i < ELEMENTS(reserved_labels); i++) {
                const char* rest = startswith(name, reserved_labels[i]);
                if (rest && *rest == '.' && streq(rest + 1, domain))
                        return true;
        }
        return false;
}

static int neighbour_check(const char* name, const char* scope, const DomainRow* other, Error* reterr) {
        if (streq(other->name, name))
                return error_field(reterr, ERROR_DOMAIN_TAKEN, "name", "%s is here already.", other->shown);
        if (is_reserved_in(name, other->name)) {
                (void) error_field(
                                reterr, ERROR_DOMAIN_TAKEN, "name",
                                "%s is a name that %s has here for itself.", name, other->shown);
                return error_hint(reterr, "It needs no adding; see the records of %s.", other->shown);
        }
        if (is_reserved_in(other->name, name)) {
                (void) error_field(
                                reterr, ERROR_DOMAIN_TAKEN, "name",
                                "%s is here as a domain, and %s would need that name for itself.",
                                other->shown, name);
                return error_hint(reterr, "Remove %s first.", other->shown);
        }
        if (streq(scope, "subdomain") && domain_name_is_below(name, other->name)) {
                (void) error_field(
                                reterr, ERROR_DOMAIN_TAKEN, "name",
                                "%s is part of %s, which is here already.", name, other->shown);
                return error_hint(
                                reterr, "Single names below it are added with name.add. Add it as a domain "
                                        "if its website or mail is to be here.");
        }
        return 0;
}

int domain_check_ownable(const char* name, Error* reterr) {
        if (!domain_name_is_public(name))
                return 0;
        (void) error_field(reterr, ERROR_BAD_FIELD, "name", "%s is open to everybody, so nobody can own it.", name);
        return error_hint(reterr, "Give the name you registered below it, such as example.%s.", name);
}

static int name_check(Manager* m, const char* name, const char* scope, Error* reterr) {
        _cleanup_domain_rows_ DomainRows rows = {};
        const char* fallback = json_get_string(json_object_get(m->machine, "provider"), "fallback_name");
        int r = domain_check_ownable(name, reterr);
        if (r < 0)
                return r;
        if (strlen(name) > NAME_MAX_OCTETS)
                return error_field(
                                reterr, ERROR_BAD_FIELD, "name",
                                "The name has more than %d octets, so none fits below it.", NAME_MAX_OCTETS);
        if (fallback && (streq(fallback, name) || is_reserved_in(fallback, name) || is_reserved_in(name, fallback)))
                return error_field(
                                reterr, ERROR_DOMAIN_TAKEN, "name",
                                "%s is the name your provider gave this box; it is served already.",
                                fallback);
        r = store_domain_all(m->store, &rows, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < rows.count; i++) {
                r = neighbour_check(name, scope, &rows.items[i], reterr);
                if (r < 0)
                        return r;
        }
        if (rows.count >= DOMAINS_MAX)
                return error_set(reterr, ERROR_WRONG_STATE, "A box serves %d domains at most.", DOMAINS_MAX);
        return 0;
}

/* What a look at it found before it was added: {web, mail}, as the worker said it. Owned text. */
static char* existing_text(Manager* m, const char* name) {
        _cleanup_free_ char* text = NULL;
        if (store_domain_last_look(m->store, name, &text, NULL) <= 0)
                return strdup("{}");
        _cleanup_json_ json_t* look = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        json_t* web = json_object_get(look, "web");
        json_t* mail = json_object_get(look, "mail");
        _cleanup_json_ json_t* existing = json_pack("{s:O, s:O}", "web", web ?: json_null(), "mail", mail ?: json_null());
        return existing ? json_text(existing, /* canonical= */ true) : NULL;
}

int domain_add(Manager* m, const Actor* actor, const char* name, const char* shown, const char* scope, Error* reterr) {
        int64_t id = 0;
        int r = lock_check(m, actor, reterr);
        if (r >= 0)
                r = name_check(m, name, scope, reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* existing = existing_text(m, name);
        if (!existing)
                return error_errno(reterr, -ENOMEM, "Cannot add a domain");
        r = store_domain_add(m->store, name, shown, scope, existing, now_seconds(), &id, reterr);
        if (r >= 0)
                r = domain_history_add(m, id, "add", NULL, NULL, scope, actor, "%s was added.", shown);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot add a domain");
        domain_publish(m);
        domain_schedule(m);
        domain_effects_soon(m);
        system_names_now(m); /* after the commit, on the next turn of the loop */
        return 0;
}

/* --- changing --- */

int domain_update(Manager* m, const Actor* actor, const char* name, const char* scope, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = domain_find(m, name, &row, reterr);
        if (r < 0 || !scope || streq(scope, row.scope))
                return r;
        r = store_domain_scope_set(m->store, row.id, scope, reterr);
        if (r >= 0) /* what is no longer served here is no longer switched: coming back asks again */
                r = store_domain_switched_set(m->store, row.id, row.switched_web && domain_scope_has(scope, "web"),
                                              row.switched_mail && domain_scope_has(scope, "mail"), reterr);
        if (r >= 0)
                r = domain_history_add(
                                m, row.id, "state", NULL, row.scope, scope, actor, "%s is now for: %s.",
                                row.shown, scope);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot change %s", name);
        domain_changed(m, row.id);
        system_names_now(m);
        return 0;
}

/* Notes (notes.example.com), Shop (example.com) */
static int apps_say(Manager* m, const DomainRow* domain, FILE* f, size_t* ret_count, Error* reterr) {
        _cleanup_app_rows_ AppRows apps = {};
        size_t n = 0, k;
        int r = store_app_all(m->store, &apps, reterr);
        for (size_t i = 0; i < apps.count && r >= 0; i++) {
                _cleanup_json_ json_t* names = json_loads(apps.items[i].extra_names, 0, NULL);
                json_t* name;
                if (!json_is_array(names) || json_array_insert_new(names, 0, json_string(apps.items[i].name)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot look which apps live there");
                json_array_foreach(names, k, name) {
                        char of[DOMAIN_NAME_BYTES];
                        int64_t id = 0;
                        if (r < 0 || (r = domain_of_name(m, strempty(json_string_value(name)), &id, of, reterr)) <= 0 || id != domain->id)
                                continue;
                        if (n++ < APPS_SAID)
                                fprintf(f, "%s%s (%s)", n > 1 ? ", " : "", apps.items[i].title, json_string_value(name));
                }
        }
        *ret_count = n;
        return MIN(r, 0);
}

/* Their names would lead nowhere, without anybody having said so. */
static int apps_check(Manager* m, const DomainRow* domain, Error* reterr) {
        _cleanup_free_ char* list = NULL;
        size_t size = 0, n = 0;
        FILE* f = open_memstream(&list, &size);
        if (!f)
                return error_errno(reterr, -ENOMEM, "Cannot look which apps live there");
        int r = apps_say(m, domain, f, &n, reterr);
        if (fclose(f) != 0)
                return error_errno(reterr, -ENOMEM, "Cannot look which apps live there");
        if (r < 0 || n == 0)
                return r;
        (void) error_set(reterr, ERROR_WRONG_STATE, "Apps live in %s: %s%s.", domain->shown, list, n > APPS_SAID ? " and more" : "");
        return error_hint(reterr, "Move each to another name with app.configure, or uninstall it; then the domain can go.");
}

int domain_remove(Manager* m, const Actor* actor, const char* name, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = domain_find(m, name, &row, reterr);
        if (r >= 0)
                r = lock_check(m, actor, reterr);
        if (r < 0)
                return r;
        if (row.primary) {
                (void) error_set(reterr, ERROR_WRONG_STATE,
                                "The box's own name is in %s, so it cannot be removed.", row.shown);
                return error_hint(reterr, "Make another domain the primary one first.");
        }
        r = apps_check(m, &row, reterr);
        if (r >= 0)
                r = store_name_remove_below(m->store, row.name, reterr);
        if (r >= 0)
                r = store_domain_remove(m->store, row.id, reterr);
        if (r < 0)
                return r;
        dkim_forget(m, &row);
        domain_publish(m);
        domain_schedule(m);
        domain_effects_soon(m);
        system_names_now(m);
        return 0;
}

int domain_switch(Manager* m, const Actor* actor, const char* name, const char* part, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = domain_find(m, name, &row, reterr);
        if (r < 0)
                return r;
        const bool mail = streq(part, "mail");
        if (!domain_scope_has(row.scope, part)) {
                (void) error_set(reterr, ERROR_WRONG_STATE,
                                "%s of %s is not this box's affair: it is here for: %s.",
                                mail ? "Mail" : "The website", row.shown, row.scope);
                return error_hint(reterr, "Change what the domain is for first.");
        }
        if (mail ? row.switched_mail : row.switched_web)
                return error_set(
                                reterr, ERROR_WRONG_STATE, "%s of %s was switched already.",
                                mail ? "Mail" : "The website", row.shown);
        if (mail && !box_takes_mail()) {
                (void) error_set(reterr, ERROR_WRONG_STATE,
                                "Nothing on this box takes mail yet (port 25), so mail for %s would be lost "
                                "on the way.",
                                row.shown);
                return error_hint(reterr, "Set up mail on this box first, then switch.");
        }
        r = store_domain_switched_set(
                        m->store, row.id, mail ? row.switched_web : true, mail ? true : row.switched_mail,
                        reterr);
        if (r >= 0)
                r = domain_history_add(
                                m, row.id, "switch", NULL, NULL, part, actor,
                                "%s of %s was switched to this box.", mail ? "Mail" : "The website",
                                row.shown);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot switch %s", name);
        domain_changed(m, row.id);
        system_names_now(m);
        return 0;
}

int domain_switch_back(Manager* m, const Actor* actor, const char* name, const char* part, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = domain_find(m, name, &row, reterr);
        if (r < 0)
                return r;
        const bool mail = streq(part, "mail");
        if (!(mail ? row.switched_mail : row.switched_web))
                return error_set(
                                reterr, ERROR_WRONG_STATE, "%s of %s was not switched to this box.",
                                mail ? "Mail" : "The website", row.shown);
        r = store_domain_switched_set(m->store, row.id, mail && row.switched_web, !mail && row.switched_mail, reterr);
        if (r >= 0)
                r = domain_history_add(
                                m, row.id, "switch", NULL, part, NULL, actor,
                                "The switch of %s of %s was taken back.", mail ? "mail" : "the website",
                                row.shown);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot take back the switch of %s", name);
        domain_changed(m, row.id);
        system_names_now(m);
        return 0;
}

/* --- putting aside --- */

static char* ignored_text(const Actor* actor, const char* reason) {
        _cleanup_json_ json_t* ignored = json_pack(
                "{s:s, s:s, s:I, s:I}", "reason", reason, "actor", actor->user_id > 0 ? "" : actor->name, "actor_id",
                (json_int_t) actor->user_id, "at", (json_int_t) now_seconds());
        return ignored ? json_text(ignored, /* canonical= */ true) : NULL;
}

/* A record that nobody asked about yet gets a row that says so, for the reason to stand in. */
static int ignore_write(Manager* m, const DomainRow* row, const char* record, const char* ignored, Error* reterr) {
        int r = store_verdict_ignore(m->store, row->id, record, ignored, reterr);
        if (r != 0 || !ignored)
                return MIN(r, 0);
        VerdictRow v = {.id = (char*) record,
                        .verdict = (char*)"unknown",
                        .now = (char*)"[]",
                        .body = (char*)"{\"set\":true}",
                        .ignored = (char*) ignored};
        return MIN(store_verdict_put(m->store, row->id, &v, reterr), 0);
}

int domain_ignore(Manager* m, const Actor* actor, const char* name, const char* record, const char* reason, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_json_ json_t* item = NULL;
        _cleanup_free_ char* ignored = NULL;
        int r = domain_find(m, name, &row, reterr);
        if (r >= 0)
                r = domain_record(m, &row, record, &item, reterr);
        if (r < 0)
                return r;
        if (!isempty(reason) && !(ignored = ignored_text(actor, reason)))
                return error_errno(reterr, -ENOMEM, "Cannot put a record aside");
        r = ignore_write(m, &row, record, ignored, reterr);
        if (r >= 0)
                r = domain_history_add(
                                m, row.id, "ignore", record, NULL, ignored ? reason : NULL, actor,
                                ignored ? "%s does not count, because: %s" : "%s counts again.%s", record,
                                ignored ? reason : "");
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot put a record aside");
        domain_publish(m);
        return 0;
}

/* --- proving --- */

int domain_prove(Manager* m, const DomainRow* row, const char* why, Error* reterr) {
        int r = store_domain_prove(m->store, row->id, now_seconds(), reterr);
        if (r > 0)
                r = domain_history_add(
                                m, row->id, "state", NULL, row->state, "proven", NULL, "%s is proven. %s",
                                row->shown, why);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot prove %s", row->name);
        domain_publish(m);
        domain_effects_soon(m);
        return 0;
}

/* The first domain that leads here gives the box its name. Whatever comes after is somebody's decision. */
static int first_primary_begin(Manager* m, Error* reterr) {
        static const Actor itself = { .via = VIA_SYSTEM, .role = ROLE_ROOT, .root = true, .name = "system" };
        _cleanup_domain_rows_ DomainRows rows = {};
        const DomainRow* first = NULL;
        char job[JOB_ID_BYTES];
        int r = store_domain_all(m->store, &rows, reterr);
        if (r < 0 || rows.count == 0 || rows.items[0].primary)
                return r;
        for (size_t i = 0; i < rows.count; i++)
                if (streq(rows.items[i].state, "proven") && (!first || rows.items[i].proven_at < first->proven_at))
                        first = &rows.items[i];
        if (!first)
                return 0;
        m->domain->primary_usec = now_usec(CLOCK_MONOTONIC);
        r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = primary_change(m, &itself, first->name, job, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

void domain_effects(Manager* m) {
        _cleanup_error_ Error e = ERROR_NULL;
        uint64_t tried = m->domain->primary_usec;
        certificates_wanted_changed(m);
        system_names_now(m);
        if (tried && now_usec(CLOCK_MONOTONIC) - tried < PRIMARY_AGAIN_USEC)
                return;
        if (first_primary_begin(m, &e) < 0)
                log_info("No primary domain is tried for now: %s", strempty(e.message));
}
