/* The job that asks the world about domains: what it is asked, and what happens with what it says. */
#include "api/events.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "domain/domain-internal.h"
#include "site/site.h"
#include "store/store-setting.h"
#include "system/system.h"
#include <fcntl.h>
#include <stdio.h>

#define PROC_NET_MAX (4 << 20)
#define LOOK_BYTES_MAX 16384
#define CHECKED_AT_ONCE 50 /* domains of one job */

/* --- what the box is, for the request --- */

/* Lines of proc_net_tcp(5): "  0: 00000000:0019 00000000:0000 0A ...". State 0A is LISTEN; loopback does not count. */
bool port_is_listening(const char* table, uint16_t port) {
        for (const char* line = table; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                char local[33], remote[33];
                unsigned local_port = 0, remote_port = 0, state = 0;
                if (sscanf(line, " %*u: %32[0-9A-F]:%4X %32[0-9A-F]:%4X %2X", local, &local_port, remote,
                           &remote_port, &state) != 5)
                        continue;
                bool loopback = streq(local, "0100007F") || streq(local, "00000000000000000000000001000000");
                if (state == 0x0a && local_port == port && !loopback)
                        return true;
        }
        return false;
}

bool box_takes_mail(void) {
        static const char* const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
        for (size_t i = 0; i < ELEMENTS(tables); i++) {
                _cleanup_free_ char* text = NULL;
                size_t size = 0;
                if (file_read(AT_FDCWD, tables[i], PROC_NET_MAX, &text, &size) >= 0 && port_is_listening(text, 25))
                        return true;
        }
        return false;
}

/* CAA identities (RFC 8659 4.2) of authorities whose directory people use; of others nothing is known. */
static json_t* issuers(Manager* m) {
        static const struct {
                const char* host;
                const char* identity;
        } known[] = {
                { "letsencrypt.org/", "letsencrypt.org" },
                { ".zerossl.com/", "sectigo.com" },
                { ".buypass.com/", "buypass.com" },
                { ".pki.goog/", "pki.goog" },
                { ".ssl.com/", "ssl.com" },
        };
        _cleanup_free_ char* set = NULL;
        (void) store_setting_get(m->store, "acme_url", &set, NULL);
        const char* url = !isempty(set) ? set : json_get_string(json_object_get(m->machine, "provider"), "acme_url");
        if (isempty(url)) /* the usual one */
                return json_pack("[s]", known[0].identity);
        for (size_t i = 0; i < ELEMENTS(known); i++)
                if (strstr(url, known[i].host))
                        return json_pack("[s]", known[i].identity);
        return json_array();
}

static bool outside_allowed(Manager* m) {
        _cleanup_free_ char* value = NULL;
        (void) store_setting_get(m->store, "outside_checks", &value, NULL);
        return streq_ptr(value, "1") || streq_ptr(value, "true");
}

static json_t* box_names(Manager* m) {
        _cleanup_json_ json_t* all = site_names(m);
        json_t* names = json_array();
        size_t i;
        json_t* name;
        json_array_foreach(all, i, name) {
                const char* s = json_string_value(name);
                if (!strchr(s, ':') && s[strspn(s, "0123456789.")])
                        (void) json_array_append(names, name);
        }
        return names;
}

/* --- the request --- */

static json_t* record_json(const WantedSet* s) {
        return json_pack(
                        "{s:s, s:s, s:s, s:s, s:s, s:O, s:s, s:s, s:b}", "id", s->id, "owner", s->owner,
                        "type", s->type, "check", s->check, "part", s->part, "values", s->values, "why",
                        s->why, "severity", severity_to_string((int) s->severity), "hold", (int) s->hold);
}

/* Names of the domain that should lead here: whatever has an address of ours. */
json_t* domain_served_names(const WantedRecords* list) {
        json_t* names = json_array();
        for (size_t i = 0; i < list->count; i++) {
                const WantedSet* s = &list->sets[i];
                bool known = json_array_size(s->values) == 0 || (!streq(s->type, "A") && !streq(s->type, "AAAA"));
                if (!known && !json_list_has(names, s->owner))
                        (void) json_array_append_new(names, json_string(s->owner));
        }
        return names;
}

static int domain_json(Manager* m, const DomainRow* row, json_t** ret, Error* reterr) {
        _cleanup_wanted_records_ WantedRecords wanted = {};
        int r = domain_wanted(m, row, &wanted, reterr);
        if (r < 0)
                return r;
        json_t* records = json_array();
        for (size_t i = 0; i < wanted.count; i++)
                (void) json_array_append_new(records, record_json(&wanted.sets[i]));
        *ret = json_pack(
                        "{s:s, s:s, s:s, s:b, s:b, s:b, s:o, s:o}", "name", row->name, "shown", row->shown,
                        "scope", row->scope, "primary", (int) row->primary, "switched_web",
                        (int) row->switched_web, "switched_mail", (int) row->switched_mail, "names",
                        domain_served_names(&wanted), "records", records);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot ask about %s", row->name);
}

static int request_new_check(Manager* m, const DomainRows* rows, const bool* chosen, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *domains = json_array(), *names = json_array();
        for (size_t i = 0; i < rows->count; i++) {
                json_t* d = NULL;
                if (!chosen[i])
                        continue;
                int r = domain_json(m, &rows->items[i], &d, reterr);
                if (r < 0)
                        return r;
                (void) json_array_append_new(domains, d);
                (void) json_array_append_new(names, json_string(rows->items[i].name));
        }
        *ret = json_pack(
                        "{s:o, s:o, s:o, s:b, s:o, s:b, s:O, s:O, s:I}", "ipv4", domain_addresses(m, false),
                        "ipv6", domain_addresses(m, true), "box_names", box_names(m), "outside",
                        (int) outside_allowed(m), "issuers", issuers(m), "mail_ready", (int) box_takes_mail(),
                        "domains", domains, "names", names, "asked_at", (json_int_t) now_seconds());
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot ask about domains");
}

/* The rows chosen become one job; each is due again as usual unless the job's end says otherwise, so that no domain is ever forgotten. */
static int
check_add(Manager* m,
          const Actor* actor,
          const DomainRows* rows,
          const bool* chosen,
          size_t n,
          char ret_job[static JOB_ID_BYTES],
          Error* reterr) {
        json_t* request = NULL;
        const char* object = "";
        int r = request_new_check(m, rows, chosen, &request, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < rows->count && n == 1; i++)
                if (chosen[i])
                        object = rows->items[i].name;
        r = jobs_add(m->jobs, JOB_DOMAIN_CHECK, actor, object, request, ret_job, reterr);
        for (size_t i = 0; i < rows->count && r >= 0; i++)
                if (chosen[i])
                        r = store_domain_check_at_set(m->store, rows->items[i].id, check_next(now_seconds(), 0), reterr);
        return MIN(r, 0);
}

/* --- asking for a check --- */

/* 1 and the job, when one that is open covers the domain. */
static int join(Manager* m, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_free_ char* id = NULL;
        int r = store_domain_check_open(m->store, name, &id, reterr);
        if (r > 0)
                (void) snprintf(ret_job, JOB_ID_BYTES, "%s", id);
        return r;
}

int domain_check(Manager* m, const Actor* actor, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = domain_find(m, name, &row, reterr);
        if (r >= 0)
                r = join(m, name, ret_job, reterr);
        if (r != 0)
                return MIN(r, 0);
        return check_add(m, actor, &(DomainRows) { .items = &row, .count = 1 }, (const bool[]) { true }, 1, ret_job, reterr);
}

/* Of the rows those that are due and that no open job asks about. Returns how many; *ret_joined gets one of the others' jobs. */
static int
choose(Manager* m,
       const DomainRows* rows,
       int64_t due_until,
       bool* chosen,
       char ret_joined[static JOB_ID_BYTES],
       Error* reterr) {
        int n = 0;
        for (size_t i = 0; i < rows->count && n < CHECKED_AT_ONCE; i++) {
                if (rows->items[i].check_at > due_until)
                        continue;
                int r = join(m, rows->items[i].name, ret_joined, reterr);
                if (r < 0)
                        return r;
                chosen[i] = r == 0;
                n += r == 0;
        }
        return n;
}

int domain_check_all(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_domain_rows_ DomainRows rows = {};
        bool chosen[DOMAINS_MAX] = {};
        int r = store_domain_all(m->store, &rows, reterr);
        if (r < 0)
                return r;
        if (rows.count == 0)
                return error_set(reterr, ERROR_WRONG_STATE, "There are no domains yet.");
        int n = choose(m, &rows, INT64_MAX, chosen, ret_job, reterr);
        if (n <= 0) /* all are being asked about: join one of those jobs */
                return n;
        return check_add(m, actor, &rows, chosen, (size_t) n, ret_job, reterr);
}

/* Returns how many were due. */
int domain_check_due(Manager* m, int64_t now, Error* reterr) {
        static const Actor system_actor = { .via = VIA_SYSTEM, .role = ROLE_ROOT, .name = "system" };
        _cleanup_domain_rows_ DomainRows rows = {};
        bool chosen[DOMAINS_MAX] = {};
        char job[JOB_ID_BYTES];
        int r = store_domain_all(m->store, &rows, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < rows.count; i++)
                if (rows.items[i].check_at == 0)
                        rows.items[i].check_at = INT64_MAX;
        int n = choose(m, &rows, now, chosen, job, reterr);
        if (n <= 0)
                return n;
        r = check_add(m, &system_actor, &rows, chosen, (size_t) n, job, reterr);
        return r < 0 ? r : n;
}

int domain_look(Manager* m, const Actor* actor, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_free_ char* id = NULL;
        int r = domain_check_ownable(name, reterr);
        if (r >= 0)
                r = store_domain_look_open(m->store, name, &id, reterr);
        if (r > 0)
                (void) snprintf(ret_job, JOB_ID_BYTES, "%s", id);
        if (r != 0)
                return MIN(r, 0);
        json_t* request =
                        json_pack("{s:s, s:o, s:o}", "look", name, "ipv4", domain_addresses(m, false),
                                  "ipv6", domain_addresses(m, true));
        return jobs_add(m->jobs, JOB_DOMAIN_CHECK, actor, name, request, ret_job, reterr);
}

/* --- the job --- */

static int asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        VerdictsNews news = {};
        if (!streq_ptr(json_get_string(question, "what"), "verdicts"))
                return error_set(reterr, ERROR_BAD_REQUEST, "A check may only tell its verdicts.");
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = verdicts_take(m, job, question, &news, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        r = store_commit(m->store, reterr);
        if (r < 0)
                return r;
        if (news.id)
                domain_publish(m); /* open pages show the verdicts as they come */
        if (news.done)
                domain_write_due(m, news.id);
        if (news.proven || (news.done && news.changed))
                domain_effects_soon(m);
        jobs_answer(m->jobs, job->id, 0, NULL);
        return 0;
}

/* What a domain is due next, once its job is over. One that could not be asked about is asked again soon, but never in a hurry. */
static int plan_next(Manager* m, const Job* job, bool failed, Error* reterr) {
        int64_t now = now_seconds();
        size_t i;
        json_t* name;
        json_array_foreach(json_object_get(job->request, "names"), i, name) {
                _cleanup_domain_row_ DomainRow row = {};
                int r = store_domain_get(m->store, json_string_value(name), &row, reterr);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                int64_t at = check_next(now, row.changed_at);
                if (failed)
                        at = MIN(at, now + CHECK_FAILED_SEC);
                if (row.changed_at > json_get_integer(job->request, "asked_at", 0)) /* it was asked about what is no longer wanted */
                        at = failed ? at : now;
                r = store_domain_check_at_set(m->store, row.id, at, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What a look found is shown, and kept with the domain when that is added: text, and not more of it than people read. */
static bool texts_fit(const json_t* j) {
        const char* key;
        size_t i;
        json_t* v;
        if (json_is_string(j))
                return text_valid(json_string_value(j), /* newlines= */ false);
        json_array_foreach((json_t*) j, i, v)
                if (!texts_fit(v))
                        return false;
        json_object_foreach((json_t*) j, key, v)
                if (!text_valid(key, /* newlines= */ false) || !texts_fit(v))
                        return false;
        return true;
}

static int look_check(const Job* job, const char* name, Error* reterr) {
        _cleanup_free_ char* text = json_text(job->result, /* canonical= */ false);
        if (!streq_ptr(json_get_string(job->result, "name"), name))
                return error_set(reterr, ERROR_BAD_REQUEST, "The look's answer speaks of another domain.");
        if (!text || strlen(text) > LOOK_BYTES_MAX || !texts_fit(job->result))
                return error_set(reterr, ERROR_BAD_REQUEST, "The look's answer is too long or not text.");
        return 0;
}

static int finished(Manager* m, Job* job, Error* reterr) {
        const char* name = json_get_string(job->request, "look");
        return name ? look_check(job, name, reterr) : plan_next(m, job, /* failed= */ false, reterr);
}

static int undo(Manager* m, Job* job, Error* reterr) {
        return plan_next(m, job, /* failed= */ true, reterr);
}

static void ended(Manager* m, Job* job, bool done) {
        domain_schedule(m);
        domain_publish(m);
}

const JobClass domain_check_job = { .asked = asked, .finished = finished, .undo = undo, .ended = ended };
