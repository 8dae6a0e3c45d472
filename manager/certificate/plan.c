/* One look at everything: how jobs ended, what is wanted, what is due. Begins and ends its own transaction; what it decides is in the
 * store before anything happens, so a kill leaves nothing half done. */
#include "api/events.h"
#include "audit/audit.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "certificate/certificate-internal.h"
#include "certificate/renew.h"
#include "certificate/wanted.h"
#include "daemon/helper-client.h"
#include "daemon/nouns.h"
#include "site/site.h"
#include "store/store-job.h"
#include "store/store-setting.h"
#include "system/system.h"
#include <limits.h>
#include <stdio.h>

#define LOOK_USEC (3600 * USEC_PER_SEC)  /* at the latest; housekeeping would do the same */
#define CLOCK_PAUSE_SEC 600              /* how long to rest while the clock is not right */
#define CANCELLED_PAUSE_SEC 3600         /* somebody did not want it now */
#define LIMITED_PAUSE_SEC (6 * 3600)     /* an authority refused without saying until when */
#define FAILED_KEPT 8
#define PATIENCE_MAX_SEC (7 * 86400)     /* whatever an authority says: its windows are a week at most, and certificates run out */

static const Actor system_actor = { .via = VIA_SYSTEM, .role = ROLE_ROOT, .name = "system" };

/* --- what is wanted --- */

const char* acme_url_now(Manager* m, bool* ret_staging, char** ret_owned) {
        _cleanup_free_ char *set = NULL, *staging = NULL;
        const char* preset = json_get_string(json_object_get(m->machine, "provider"), "acme_url");
        (void) store_setting_get(m->store, "acme_url", &set, NULL);
        (void) store_setting_get(m->store, "acme_staging", &staging, NULL);
        *ret_staging = staging && (streq(staging, "1") || streq(staging, "true"));
        const char* url = acme_directory(url_https_valid(set) ? set : preset, *ret_staging);
        *ret_owned = url ? strdup(url) : NULL;
        return *ret_owned;
}

/* Names that were given to this box. The host name alone may be anything, so it counts only when somebody asks by hand, or once did. */
static json_t* box_names(Manager* m, bool by_hand) {
        _cleanup_certificate_row_ CertificateRow row = {};
        _cleanup_json_ json_t* all = site_own_names(m);
        json_t *names = json_array(), *name, *before = NULL;
        char hostname[HOST_NAME_MAX + 1] = "";
        const char* fallback = json_get_string(json_object_get(m->machine, "provider"), "fallback_name");
        size_t i;
        (void) gethostname(hostname, sizeof(hostname) - 1);
        if (store_certificate_get(m->store, BOX_CERTIFICATE, &row, NULL) > 0)
                before = json_from(row.names, /* array= */ true);
        json_array_foreach(all, i, name) {
                const char* text = json_string_value(name);
                if (!streq(text, hostname) || streq_ptr(text, fallback) || names_cover(before, text))
                        (void) json_array_append(names, name);
        }
        if (by_hand && json_array_size(names) == 0)
                (void) json_array_append_new(names, json_string(hostname));
        json_decref(before);
        return names;
}

json_t* wanted_now(Manager* m, bool by_hand) {
        _cleanup_json_ json_t *box = box_names(m, by_hand), *domains = json_array(), *extra = json_array();
        _cleanup_error_ Error e = ERROR_NULL;
        for (size_t i = 0; noun_table[i]; i++)
                if (noun_table[i]->certificate_domains && noun_table[i]->certificate_domains(m, domains, &e) < 0) {
                        log_warning("Cannot tell which names lead here: %s", strempty(e.message));
                        return NULL;
                }
        for (size_t i = 0; m->certificates && i < ENSURING_MAX; i++)
                if (m->certificates->ensuring[i].name)
                        (void) json_array_append_new(extra, json_string(m->certificates->ensuring[i].name));
        return certificates_wanted(box, domains, extra);
}

const json_t* want_of_id(const json_t* wanted, const char* id) {
        size_t i;
        json_t* w;
        json_array_foreach(wanted, i, w)
                if (streq_ptr(json_get_string(w, "id"), id))
                        return w;
        return NULL;
}

static int wanted_keep(Manager* m, const json_t* wanted, Error* reterr) {
        size_t i;
        json_t* w;
        json_array_foreach(wanted, i, w) {
                _cleanup_free_ char* names = json_text(json_object_get(w, "names"), /* canonical= */ false);
                CertificateRow row = {
                        .id = (char*) json_get_string(w, "id"),
                        .source = (char*) "acme",
                        .method = (char*) json_get_string(w, "method"),
                        .names = names,
                        .domain_id = json_get_integer(w, "domain_id", 0),
                };
                int r = names ? store_certificate_want(m->store, &row, now_seconds(), reterr) : -ENOMEM;
                if (r < 0)
                        return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot keep what is wanted");
        }
        return 0;
}

/* --- how the last job ended --- */

static int failure_keep(Manager* m, const CertificateRow* row, const json_t* before, const JobRow* job, Error* reterr) {
        _cleanup_json_ json_t *told = json_from(job->error, /* array= */ false), *now = json_object();
        const char* message = strempty(json_get_string(told, "message"));
        json_t* failed_at = json_incref(json_object_get(before, "failed_at")) ?: json_array();
        int64_t retry_at = MAX(json_get_integer(before, "retry_at", 0), renew_wait_of(message));
        if (retry_at <= job->ended_at && streq(strempty(json_get_string(told, "name")), error_name_to_string(ERROR_TOO_MANY)))
                retry_at = job->ended_at + LIMITED_PAUSE_SEC;
        retry_at = MIN(retry_at, job->ended_at + PATIENCE_MAX_SEC);
        if (!streq(job->stage, "prepare")) /* before that no order was made, so nothing counts against the authority's limits */
                (void) json_array_append_new(failed_at, json_integer(job->ended_at));
        while (json_array_size(failed_at) > FAILED_KEPT)
                (void) json_array_remove(failed_at, 0);
        (void) json_object_set(now, "name", json_object_get(told, "name"));
        (void) json_object_set_new(now, "message", json_string(message));
        (void) json_object_set(now, "hint", json_object_get(told, "hint"));
        (void) json_object_set_new(now, "failed_at", failed_at);
        if (retry_at > 0)
                (void) json_object_set_new(now, "retry_at", json_integer(retry_at));
        _cleanup_free_ char* text = json_text(now, /* canonical= */ false);
        return text ? store_certificate_result(m->store, row->id, row->failures + 1, text, reterr) : error_errno(reterr, -ENOMEM, "Cannot keep a failure");
}

static int cancel_keep(Manager* m, const CertificateRow* row, json_t* before, Error* reterr) {
        (void) json_object_del(before, "job");
        (void) json_object_set_new(before, "retry_at", json_integer(now_seconds() + CANCELLED_PAUSE_SEC));
        _cleanup_free_ char* text = json_text(before, /* canonical= */ false);
        return text ? store_certificate_result(m->store, row->id, row->failures, text, reterr) : error_errno(reterr, -ENOMEM, "Cannot keep a cancel");
}

int plan_outcome(Manager* m, CertificateRow* row, Error* reterr) {
        _cleanup_json_ json_t* before = json_from(row->error, /* array= */ false);
        const char* id = json_get_string(before, "job");
        _cleanup_job_row_ JobRow job = {};
        if (isempty(id))
                return 0;
        int r = store_job_get(m->store, id, &job, reterr);
        if (r < 0)
                return r;
        if (r > 0 && (streq(job.state, "queued") || streq(job.state, "running")))
                return 1;
        if (r > 0 && streq(job.state, "done"))
                r = store_certificate_result(m->store, row->id, 0, "{}", reterr);
        else if (r > 0 && streq(job.state, "failed"))
                r = failure_keep(m, row, before, &job, reterr);
        else
                r = cancel_keep(m, row, before, reterr);
        _cleanup_free_ char* same = strdup(row->id);
        if (r < 0 || !same)
                return r < 0 ? r : error_errno(reterr, -ENOMEM, "Cannot read a certificate's row");
        certificate_row_done(row);
        r = store_certificate_get(m->store, same, row, reterr);
        return r < 0 ? r : 0;
}

/* --- fetching --- */

/* A name of this certificate that the web server shows; the job looks whether it really does. Owned, NULL = none. */
static char* name_to_prove(Manager* m, const json_t* names) {
        _cleanup_json_ json_t* served = served_names(m, NULL);
        size_t i;
        json_t* s;
        json_array_foreach(served, i, s) {
                const char* name = json_get_string(s, "name");
                if (dns_name_valid(name) && names_cover(names, name))
                        return strdup(name);
        }
        return NULL;
}

int plan_fetch(Manager* m, CertificateRow* row, const json_t* names, const char* method, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_free_ char *url = NULL, *prove = name_to_prove(m, names);
        bool staging = false;
        if (!acme_url_now(m, &staging, &url)) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "The authority that is set has no test service that Steadbox knows.");
                return error_hint(reterr, "Set the test service's own directory as acme_url, and acme_staging to false.");
        }
        json_t* request = json_pack("{s:s, s:s, s:O, s:s, s:s, s:b, s:o}", "mode", "issue", "certificate", row->id, "names", names, "method",
                                    method, "acme_url", url, "staging", (int) staging, "prove", json_string_or_null(prove));
        int r = jobs_add(m->jobs, JOB_CERTIFICATE, actor, row->id, request, ret_job, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* error = json_from(row->error, /* array= */ false);
        (void) json_object_set_new(error, "job", json_string(ret_job));
        _cleanup_free_ char* text = json_text(error, /* canonical= */ false);
        return text ? store_certificate_tried(m->store, row->id, now_seconds(), text, reterr) : error_errno(reterr, -ENOMEM, "Cannot fetch a certificate");
}

/* --- what is due --- */

typedef struct Look {
        Certificates* c;
        json_t* wanted;
        char* url;        /* of the authority; NULL = none */
        bool staging;
        bool clock_good;
        int64_t now, next;
} Look;

static uint32_t seed_of(const json_t* present) {
        const char* fingerprint = json_get_string(present, "fingerprint");
        return fingerprint ? (uint32_t) strtoul((char[9]) { fingerprint[0], fingerprint[1], fingerprint[2], fingerprint[3], fingerprint[4],
                                                            fingerprint[5], fingerprint[6], fingerprint[7], 0 }, NULL, 16)
                           : 100;
}

static RenewFacts facts_of(const Look* l, const CertificateRow* row, const json_t* names) {
        const json_t* p = present_find(l->c, row->id);
        _cleanup_json_ json_t* error = json_from(row->error, /* array= */ false);
        bool trusted = json_get_boolean(p, "trusted", false);
        return (RenewFacts) {
                .present = present_valid(p, l->now),
                .good = !json_get_boolean(p, "self_signed", true) && (trusted || streq_ptr(row->acme_url, l->url)),
                .covers = names_cover_all(json_object_get(p, "names"), names),
                .not_before = json_get_integer(p, "not_before", 0),
                .not_after = json_get_integer(p, "not_after", 0),
                .tried_at = row->tried_at,
                .failures = row->failures,
                .retry_at = json_get_integer(error, "retry_at", 0),
                .seed = seed_of(p),
        };
}

static Ensuring* who_waits(const Look* l, const json_t* names) {
        for (size_t i = 0; i < ENSURING_MAX; i++) {
                Ensuring* e = &l->c->ensuring[i];
                if (e->name && !*e->job && names_cover(names, e->name))
                        return e;
        }
        return NULL;
}

static int start_due(Look* l, CertificateRow* row, const json_t* w, Ensuring* e) {
        Manager* m = l->c->m;
        _cleanup_error_ Error error = ERROR_NULL;
        char job[JOB_ID_BYTES], object[64];
        int r = plan_fetch(m, row, json_object_get(w, "names"), json_get_string(w, "method"), &system_actor, job, &error);
        if (r < 0) {
                log_info("No certificate job for %s is started now: %s", row->id, strempty(error.message));
                return r;
        }
        for (; e; e = who_waits(l, json_object_get(w, "names")))
                memcpy(e->job, job, sizeof(job));
        log_notice("The certificate '%s' is due; job '%s' fetches it.", row->id, job);
        (void) snprintf(object, sizeof(object), "certificate:%s", row->id);
        return audit_append(m->audit, &(AuditLine) { .operation = "certificate.renew", .actor_name = "system", .object = object, .result = "ok" }, NULL);
}

static int plan_row(Look* l, CertificateRow* row, Error* reterr) {
        Store* s = l->c->m->store;
        const json_t* w = want_of_id(l->wanted, row->id);
        if (!streq(row->source, "acme"))
                return plan_outcome(l->c->m, row, reterr);
        int open = plan_outcome(l->c->m, row, reterr);
        if (open < 0)
                return open;
        if (!w || !l->url)
                return store_certificate_renew_at(s, row->id, 0, reterr);
        const json_t* names = json_object_get(w, "names");
        const json_t* p = present_find(l->c, row->id);
        Ensuring* e = who_waits(l, names);
        RenewFacts facts = facts_of(l, row, names);
        int64_t next = renew_next(&facts);
        if (l->staging && json_get_boolean(p, "trusted", false) && facts.present) /* a test would not replace it */
                next = RENEW_NEVER;
        if (!l->clock_good)
                next = MAX(next, l->now + CLOCK_PAUSE_SEC);
        if (!open && (next <= l->now || (e && facts.retry_at <= l->now)))
                next = start_due(l, row, w, e) < 0 ? l->now + CLOCK_PAUSE_SEC : l->now;
        if (next > l->now)
                l->next = MIN(l->next, next);
        return store_certificate_renew_at(s, row->id, next == RENEW_NEVER ? 0 : MAX(next, l->now), reterr);
}

/* A certificate whose domain is gone goes with it, once the web server no longer shows it; that of apps with the last of them. */
static bool is_orphan(const Look* l, const CertificateRow* row) {
        if (streq(row->id, CERTIFICATE_APPS))
                return !want_of_id(l->wanted, row->id);
        return *row->id == 'd' && row->domain_id == 0;
}

static int rows_plan(Look* l, Error* reterr) {
        Manager* m = l->c->m;
        CertificateRow* rows = NULL;
        size_t n = 0;
        int r = wanted_keep(m, l->wanted, reterr);
        if (r >= 0)
                r = store_certificate_all(m->store, &rows, &n, reterr);
        for (size_t i = 0; r >= 0 && i < n; i++) /* an instant that lies ahead says that our clock went back */
                l->clock_good = l->clock_good && renew_clock_sane(l->now, MAX(rows[i].tried_at, rows[i].created_at));
        json_decref(l->c->known);
        l->c->known = json_object();
        for (size_t i = 0; r >= 0 && i < n; i++) {
                if (!is_orphan(l, &rows[i]))
                        (void) json_object_set_new(l->c->known, rows[i].id, json_true());
                r = is_orphan(l, &rows[i]) ? store_certificate_remove(m->store, rows[i].id, reterr) : plan_row(l, &rows[i], reterr);
        }
        certificate_rows_free(rows, n);
        return r;
}

static void removed(json_t* answer, const Error* error, void* userdata) {
        Manager* m = userdata;
        if (!error)
                certificates_refresh(m);
}

/* What lies there under a name of ours and nobody wants. What a person put there under another name is theirs. The helper refuses while the web server names it; a later look tries again. */
static bool is_ours(const char* id) {
        return (*id == 'd' || *id == 'u') && id[1] && !id[1 + strspn(id + 1, "0123456789")];
}

static void sweep(Look* l) {
        Manager* m = l->c->m;
        size_t i;
        json_t* p;
        json_array_foreach(l->c->present, i, p) {
                _cleanup_certificate_row_ CertificateRow row = {};
                const char* id = strempty(json_get_string(p, "id"));
                if (is_ours(id) && store_certificate_get(m->store, id, &row, NULL) == 0)
                        (void) helper_client_certificate_remove(m->helper, id, removed, m, NULL);
        }
}

/* --- those who wait --- */

static void ensuring_end(Certificates* c, Ensuring* e, const Error* error) {
        Ensuring copy = *e;
        *e = (Ensuring) {};
        copy.done(c->m, error, copy.userdata);
        free(copy.name);
}

static bool is_usable(const Look* l, const char* name) {
        const char* id = certificate_for_name(l->c->m, name);
        const json_t* p = present_find(l->c, id);
        return present_valid(p, l->now) && !json_get_boolean(p, "self_signed", true) && names_cover(json_object_get(p, "names"), name) &&
               (json_get_boolean(p, "trusted", false) || !l->staging);
}

static void ensuring_failed(Look* l, Ensuring* e, const json_t* w) {
        _cleanup_certificate_row_ CertificateRow row = {};
        _cleanup_error_ Error error = ERROR_NULL;
        if (store_certificate_get(l->c->m->store, json_get_string(w, "id"), &row, NULL) <= 0)
                row = (CertificateRow) {};
        _cleanup_json_ json_t* told = json_from(row.error, /* array= */ false);
        const char* hint = json_get_string(told, "hint");
        ErrorName name = error_name_from_string(strempty(json_get_string(told, "name")));
        const char* message = json_get_string(told, "message");
        (void) error_set(&error, name < 0 ? ERROR_UNREACHABLE : name, "%s", isempty(message) ? "No certificate was fetched." : message);
        if (!isempty(hint))
                (void) error_hint(&error, "%s", hint);
        ensuring_end(l->c, e, &error);
}

static void ensuring_look(Look* l, Ensuring* e) {
        const json_t* w = wanted_for_name(l->wanted, e->name);
        _cleanup_job_row_ JobRow job = {};
        if (is_usable(l, e->name)) {
                ensuring_end(l->c, e, NULL);
                return;
        }
        if (!w || !l->url) {
                _cleanup_error_ Error error = ERROR_NULL;
                if (!l->url)
                        (void) error_set(&error, ERROR_WRONG_STATE, "The authority that is set has no test service that Steadbox knows.");
                else
                        (void) error_set(&error, ERROR_NOT_FOUND, "%s is not a name of this box.", e->name);
                ensuring_end(l->c, e, &error);
                return;
        }
        if (!*e->job) { /* the authority said to wait, or another job is under way */
                _cleanup_certificate_row_ CertificateRow row = {};
                if (store_certificate_get(l->c->m->store, json_get_string(w, "id"), &row, NULL) <= 0)
                        return;
                _cleanup_json_ json_t* told = json_from(row.error, /* array= */ false);
                if (json_get_integer(told, "retry_at", 0) > l->now)
                        ensuring_failed(l, e, w);
                return;
        }
        if (store_job_get(l->c->m->store, e->job, &job, NULL) > 0 && (streq(job.state, "queued") || streq(job.state, "running")))
                return;
        if (e->ended_usec == 0) { /* what it left is known after one more listing */
                e->ended_usec = now_usec(CLOCK_MONOTONIC);
                certificates_refresh(l->c->m);
        } else if (l->c->listed_usec > e->ended_usec)
                ensuring_failed(l, e, w);
}

static bool somebody_waits(const Certificates* c) {
        for (size_t i = 0; i < ENSURING_MAX; i++)
                if (c->ensuring[i].name)
                        return true;
        return false;
}

/* --- one look --- */

static int look_write(Look* l, Error* reterr) {
        Store* s = l->c->m->store;
        int r = store_begin(s, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = s;
        r = rows_plan(l, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(s, reterr);
}

static void served_look(Certificates* c, int64_t now) {
        _cleanup_error_ Error e = ERROR_NULL;
        char job[JOB_ID_BYTES];
        if (c->check_at > now)
                return;
        int r = store_begin(c->m->store, &e);
        if (r >= 0)
                r = served_check(c->m, &system_actor, job, &e);
        if (r >= 0)
                r = store_commit(c->m->store, &e);
        else
                store_rollback(c->m->store);
        c->check_at = now + (r < 0 ? 60 : 86400); /* busy: one is under way, which may have looked too early */
}

int plan_look(Certificates* c, uint64_t* ret_next_usec) {
        Look l = { .c = c, .now = now_seconds(), .next = RENEW_NEVER };
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t* wanted = wanted_now(c->m, /* by_hand= */ false);
        _cleanup_free_ char* url = NULL;
        *ret_next_usec = LOOK_USEC;
        if (!wanted)
                return -EIO;
        l.wanted = wanted;
        (void) acme_url_now(c->m, &l.staging, &url);
        l.url = url;
        l.clock_good = !system_clock_doubtful(c->m);
        int r = look_write(&l, &e);
        if (r < 0) {
                log_warning("Cannot look after the certificates, will try again: %s", strempty(e.message));
                *ret_next_usec = 60 * USEC_PER_SEC;
                return r;
        }
        for (size_t i = 0; i < ENSURING_MAX; i++)
                if (c->ensuring[i].name)
                        ensuring_look(&l, &c->ensuring[i]);
        sweep(&l);
        served_look(c, l.now);
        l.next = MIN(l.next, MAX(c->check_at, l.now + 1));
        uint64_t rest = l.next == RENEW_NEVER ? LOOK_USEC : (uint64_t) (l.next - l.now) * USEC_PER_SEC;
        rest = MIN(rest, (uint64_t) LOOK_USEC);
        *ret_next_usec = somebody_waits(c) ? MIN(rest, 2 * USEC_PER_SEC) : rest;
        return 0;
}
