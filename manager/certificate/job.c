/* The job that fetches or takes in one certificate, seen from here: what it may ask, and what becomes of its end. */
#include "base/log.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/validate.h"
#include "certificate/certificate-internal.h"
#include "certificate/renew.h"
#include "certificate/wanted.h"
#include "daemon/helper-client.h"
#include "domain/domain.h"
#include "system/system.h"
#include <stdio.h>

#define ACCOUNT_SEAL "acme"
#define UPLOAD_SEAL "certkey"
#define KEY_MAX 8192
#define LATER_MAX_SEC (7 * 86400)

/* A question whose answer comes later. */
typedef struct Asking {
        Manager* m;
        char job[JOB_ID_BYTES];
} Asking;

static Asking* asking_new(Manager* m, const Job* job) {
        Asking* a = calloc(1, sizeof(Asking));
        if (a) {
                a->m = m;
                memcpy(a->job, job->id, sizeof(a->job));
        }
        return a;
}

static void answer(Asking* a, const Error* error) {
        Error e = ERROR_NULL;
        if (a->m->jobs) {
                if (error) {
                        (void) error_set(&e, error->name, "%s", strempty(error->message));
                        if (error->hint)
                                (void) error_hint(&e, "%s", error->hint);
                }
                jobs_answer(a->m->jobs, a->job, error ? -EIO : 0, &e);
        }
        free(a);
}

/* The text goes to the caller, who wipes it. */
static int unseal(Manager* m, const char* name, const void* blob, size_t size, char** ret, Error* reterr) {
        uint8_t* text = NULL;
        size_t n;
        int r = seal_decrypt(m->seal, name, blob, size, &text, &n, reterr);
        if (r >= 0)
                *ret = (char*) text;
        return r;
}

/* --- the account --- */

static int account_get(Manager* m, Job* job, Error* reterr) {
        _cleanup_free_ void* blob = NULL;
        _cleanup_(erase_and_freep) char* key = NULL;
        size_t size = 0;
        int r = store_acme_account_get(m->store, strempty(json_get_string(job->request, "acme_url")), &blob, &size, reterr);
        if (r > 0)
                r = unseal(m, ACCOUNT_SEAL, blob, size, &key, reterr);
        if (r < 0)
                return r;
        jobs_answer_data(m->jobs, job->id, json_pack("{s:o}", "key", json_string_or_null(key)));
        return 0;
}

static int account_write(Manager* m, const char* url, const char* key, Error* reterr) {
        _cleanup_free_ uint8_t* blob = NULL;
        size_t size = 0;
        int r = seal_encrypt(m->seal, ACCOUNT_SEAL, 1, key, strlen(key), &blob, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot seal the account's key");
        r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = store_acme_account_set(m->store, url, blob, size, now_seconds(), reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

static int account_keep(Manager* m, Job* job, const json_t* question, Error* reterr) {
        const char* key = json_get_string(question, "key");
        const char* url = json_get_string(job->request, "acme_url");
        if (isempty(url) || !key || strlen(key) > KEY_MAX || !startswith(key, "-----BEGIN "))
                return error_set(reterr, ERROR_BAD_REQUEST, "That is no account key.");
        int r = account_write(m, url, key, reterr);
        if (r < 0)
                return r;
        jobs_answer(m->jobs, job->id, 0, NULL);
        return 0;
}

/* --- the challenge by DNS --- */

static void on_written(Manager* m, const Error* error, void* userdata) {
        answer(userdata, error);
}

/* RFC 8555 8.4: the digest in base64url, 43 characters, at _acme-challenge below a name of this very certificate. */
static bool challenge_valid(const Job* job, const char* name, const char* value) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        const char* of = name ? startswith(name, "_acme-challenge.") : NULL;
        size_t i;
        json_t* n;
        if (!of || !value || strlen(value) != 43 || strspn(value, digits) != 43)
                return false;
        json_array_foreach(json_object_get(job->request, "names"), i, n) {
                const char* text = strempty(json_string_value(n));
                if (streq(startswith(text, "*.") ?: text, of))
                        return true;
        }
        return false;
}

/* Remembered in the journal, so that what is left behind after a kill is taken away when the job is over. */
static void journal_note(Job* job, const char* name, const char* value, bool drop) {
        json_t* list = json_object_get(job->journal, "dns");
        size_t i;
        json_t* item;
        if (!list) {
                list = json_array();
                (void) json_object_set_new(job->journal, "dns", list);
        }
        json_array_foreach(list, i, item)
                if (streq_ptr(json_get_string(item, "value"), value) && streq_ptr(json_get_string(item, "name"), name)) {
                        if (drop)
                                (void) json_array_remove(list, i);
                        return;
                }
        if (!drop)
                (void) json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "value", value));
}

static int dns_write(Manager* m, Job* job, const json_t* question, bool drop, Error* reterr) {
        const char* name = json_get_string(question, "name");
        const char* value = json_get_string(question, "value");
        if (!challenge_valid(job, name, value))
                return error_set(reterr, ERROR_NOT_ALLOWED, "A certificate job may only write the answer to its own challenge.");
        Asking* a = asking_new(m, job);
        if (!a)
                return error_errno(reterr, -ENOMEM, "Cannot write the challenge's answer");
        journal_note(job, name, value, drop);
        int r = domain_write_txt(m, name, value, drop, on_written, a, reterr);
        if (r < 0)
                free(a);
        return r;
}

static void on_leftover(Manager* m, const Error* error, void* userdata) {
        if (error)
                log_warning("The answer to a challenge stays in a zone, which does no harm: %s", strempty(error->message));
}

static void leftovers_drop(Manager* m, const Job* job) {
        size_t i;
        json_t* item;
        json_array_foreach(json_object_get(job->journal, "dns"), i, item)
                (void) domain_write_txt(m, json_get_string(item, "name"), json_get_string(item, "value"), /* drop= */ true, on_leftover, NULL, NULL);
}

/* --- the authority's patience --- */

/* It said when it may be asked again; that outlives the job. */
static int later_keep(Manager* m, Job* job, const json_t* question, Error* reterr) {
        _cleanup_certificate_row_ CertificateRow row = {};
        int64_t at = json_get_integer(question, "at", 0), now = now_seconds();
        if (at <= now)
                return error_set(reterr, ERROR_BAD_REQUEST, "That is no time to wait for.");
        at = MIN(at, now + LATER_MAX_SEC); /* a stranger's words; believed without bound they would let the certificate lapse */
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = store_certificate_get(m->store, job->object, &row, reterr);
        if (r > 0) {
                _cleanup_json_ json_t* error = json_from(row.error, /* array= */ false);
                (void) json_object_set_new(error, "retry_at", json_integer(at));
                _cleanup_free_ char* text = json_text(error, /* canonical= */ false);
                r = text ? store_certificate_result(m->store, row.id, row.failures, text, reterr) : -ENOMEM;
        }
        if (r < 0)
                return r;
        transaction = NULL;
        r = store_commit(m->store, reterr);
        if (r < 0)
                return r;
        jobs_answer(m->jobs, job->id, 0, NULL);
        return 0;
}

/* --- an uploaded pair --- */

static int upload_tell(Manager* m, Job* job, Error* reterr) {
        _cleanup_free_ void* blob = NULL;
        _cleanup_(erase_and_freep) char* text = NULL;
        size_t size = 0;
        json_t* pair = NULL;
        int r = store_certificate_upload_get(m->store, job->object, &blob, &size, reterr);
        if (r > 0)
                r = unseal(m, UPLOAD_SEAL, blob, size, &text, reterr);
        if (r < 0)
                return r;
        if (!text || json_parse_object(text, strlen(text), &pair, NULL) < 0)
                return error_set(reterr, ERROR_NOT_FOUND, "What was uploaded is no longer here.");
        jobs_answer_data(m->jobs, job->id, pair);
        return 0;
}

static bool upload_names_valid(const json_t* names) {
        size_t i;
        json_t* name;
        json_array_foreach(names, i, name) {
                const char* text = strempty(json_string_value(name));
                if (!dns_name_valid(startswith(text, "*.") ?: text) && !ip_address_valid(text))
                        return false;
        }
        return json_array_size(names) > 0 && json_array_size(names) <= CERTIFICATE_NAMES_MAX;
}

/* The worker has read a stranger's certificate, so what it says is looked at. */
static int names_set(Manager* m, Job* job, const json_t* question, Error* reterr) {
        const json_t* names = json_object_get(question, "names");
        _cleanup_free_ char* text = upload_names_valid(names) ? json_text(names, /* canonical= */ false) : NULL;
        if (!text)
                return error_set(reterr, ERROR_BAD_REQUEST, "The certificate has no name of a host.");
        (void) json_object_set(job->journal, "names", (json_t*) names);
        return 0;
}

/* --- adoption --- */

static void on_adopted(json_t* result, const Error* error, void* userdata) {
        Asking* a = userdata;
        if (!error)
                certificates_refresh(a->m);
        answer(a, error);
}

/* The worker has put chain and key where the helper looks; the helper judges them again, since a worker met the outside world. */
static int adopt(Manager* m, Job* job, const json_t* question, Error* reterr) {
        const char* names[CERTIFICATE_NAMES_MAX + 1] = {};
        bool upload = streq_ptr(json_get_string(job->request, "mode"), "upload");
        size_t i;
        json_t* name;
        if (upload) {
                int r = names_set(m, job, question, reterr);
                if (r < 0)
                        return r;
        }
        json_array_foreach(json_object_get(upload ? question : job->request, "names"), i, name)
                if (i < CERTIFICATE_NAMES_MAX)
                        names[i] = json_string_value(name);
        Asking* a = asking_new(m, job);
        if (!a)
                return error_errno(reterr, -ENOMEM, "Cannot adopt a certificate");
        int r = helper_client_certificate_adopt(m->helper, job->object, job->id, names, on_adopted, a, reterr);
        if (r < 0)
                free(a);
        return r;
}

static int asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        const char* what = strempty(json_get_string(question, "what"));
        if (streq(what, "account"))
                return account_get(m, job, reterr);
        if (streq(what, "account-keep"))
                return account_keep(m, job, question, reterr);
        if (streq(what, "dns-put") || streq(what, "dns-drop"))
                return dns_write(m, job, question, streq(what, "dns-drop"), reterr);
        if (streq(what, "later"))
                return later_keep(m, job, question, reterr);
        if (streq(what, "upload"))
                return upload_tell(m, job, reterr);
        if (streq(what, "adopt"))
                return adopt(m, job, question, reterr);
        return error_set(reterr, ERROR_BAD_REQUEST, "A certificate job may not ask for that.");
}

/* --- the end --- */

/* Also when somebody repeated an older job by hand, which the row does not speak of. */
static int failures_forget(Manager* m, Job* job, Error* reterr) {
        _cleanup_certificate_row_ CertificateRow row = {};
        int r = store_certificate_get(m->store, job->object, &row, reterr);
        if (r <= 0)
                return r;
        _cleanup_json_ json_t* error = json_from(row.error, /* array= */ false);
        const char* other = json_get_string(error, "job");
        return isempty(other) || streq(other, job->id) ? store_certificate_result(m->store, row.id, 0, "{}", reterr) : 0;
}

static int finished(Manager* m, Job* job, Error* reterr) {
        bool upload = streq_ptr(json_get_string(job->request, "mode"), "upload");
        _cleanup_free_ char* names = NULL;
        int r = 0;
        if (upload) {
                const json_t* list = json_object_get(job->journal, "names") ?: json_object_get(job->result, "names");
                names = json_text(list, /* canonical= */ false);
                r = store_certificate_upload_set(m->store, job->object, NULL, 0, reterr);
        }
        if (r >= 0)
                r = failures_forget(m, job, reterr);
        if (r >= 0 && !json_get_boolean(job->result, "kept_old", false))
                r = store_certificate_signed(m->store, job->object, strempty(json_get_string(job->request, "acme_url")), names, reterr);
        return r < 0 ? r : 0;
}

/* What was uploaded and refused is of no use, least of all its key. */
static int undo(Manager* m, Job* job, Error* reterr) {
        if (!streq_ptr(json_get_string(job->request, "mode"), "upload"))
                return 0;
        return present_find(m->certificates, job->object) ? store_certificate_upload_set(m->store, job->object, NULL, 0, reterr)
                                                          : store_certificate_remove(m->store, job->object, reterr);
}

static void ended(Manager* m, Job* job, bool done) {
        leftovers_drop(m, job);
        if (!m->certificates)
                return;
        if (done)
                m->certificates->check_wanted = true;
        certificates_refresh(m);
        certificates_look_soon(m->certificates, USEC_PER_SEC / 10);
}

const JobClass certificate_job = { .asked = asked, .finished = finished, .undo = undo, .ended = ended };

/* --- asked for by people --- */

static void failures_of(const json_t* error, int64_t* ret, size_t max, size_t* ret_n) {
        size_t i;
        json_t* at;
        json_array_foreach(json_object_get(error, "failed_at"), i, at)
                if (*ret_n < max)
                        ret[(*ret_n)++] = json_integer_value(at);
}

int certificate_upload(
                Manager* m, const char* chain, const char* key, const Actor* actor, char ret_id[static 33], char ret_job[static JOB_ID_BYTES],
                Error* reterr) {
        _cleanup_json_ json_t* pair = json_pack("{s:s, s:s}", "chain", chain, "key", key);
        _cleanup_(erase_and_freep) char* text = pair ? json_text(pair, /* canonical= */ false) : NULL;
        _cleanup_free_ uint8_t* blob = NULL;
        size_t size = 0;
        int64_t number = 0;
        int r = text ? seal_encrypt(m->seal, UPLOAD_SEAL, 1, text, strlen(text), &blob, &size) : -ENOMEM;
        json_t* copy = json_object_get(pair, "key");
        explicit_bzero((char*) strempty(json_string_value(copy)), json_string_length(copy));
        if (r < 0)
                return error_errno(reterr, r, "Cannot keep the certificate");
        r = store_certificate_upload_next(m->store, &number, reterr);
        if (r < 0)
                return r;
        (void) snprintf(ret_id, 33, "u%lld", (long long) number);
        CertificateRow row = { .id = ret_id, .source = (char*) "upload", .method = (char*) "", .names = (char*) "[]" };
        r = store_certificate_want(m->store, &row, now_seconds(), reterr);
        if (r >= 0)
                r = store_certificate_upload_set(m->store, ret_id, blob, size, reterr);
        if (r >= 0)
                r = jobs_add(m->jobs, JOB_CERTIFICATE, actor, ret_id, json_pack("{s:s, s:s}", "mode", "upload", "certificate", ret_id), ret_job, reterr);
        if (r < 0)
                return r;
        json_t* note = json_pack("{s:s}", "job", ret_job);
        _cleanup_free_ char* error = json_text(note, /* canonical= */ false);
        json_decref(note);
        return error ? store_certificate_tried(m->store, ret_id, now_seconds(), error, reterr) : error_errno(reterr, -ENOMEM, "Cannot keep the certificate");
}

static int may_ask_now(const CertificateRow* row, Error* reterr) {
        _cleanup_json_ json_t* error = json_from(row->error, /* array= */ false);
        int64_t failed_at[16];
        size_t n = 0;
        failures_of(error, failed_at, ELEMENTS(failed_at), &n);
        int64_t wait = renew_by_hand_wait(failed_at, n, row->failures > 0 ? json_get_integer(error, "retry_at", 0) : 0, now_seconds());
        if (wait <= 0)
                return 0;
        (void) error_set(reterr, ERROR_TOO_MANY, "The authority has refused too often; it is asked again in %lld minutes at the earliest: %s",
                         (long long) (wait / 60 + 1), strempty(json_get_string(error, "message")));
        if (reterr)
                reterr->retry_after = (unsigned) wait;
        return error_hint(reterr, "Mend the reason meanwhile; it is tried again by itself.");
}

static int join_open(Manager* m, CertificateRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        int r = plan_outcome(m, row, reterr);
        if (r <= 0)
                return r;
        _cleanup_json_ json_t* error = json_from(row->error, /* array= */ false);
        (void) snprintf(ret_job, JOB_ID_BYTES, "%s", strempty(json_get_string(error, "job")));
        return 1;
}

static int row_wanted(Manager* m, const char* id, const json_t* w, CertificateRow* ret, Error* reterr) {
        _cleanup_free_ char* names = json_text(json_object_get(w, "names"), /* canonical= */ false);
        CertificateRow row = {
                .id = (char*) id, .source = (char*) "acme", .method = (char*) json_get_string(w, "method"), .names = names,
                .domain_id = json_get_integer(w, "domain_id", 0),
        };
        if (!names)
                return error_errno(reterr, -ENOMEM, "Cannot fetch a certificate");
        int r = store_certificate_want(m->store, &row, now_seconds(), reterr);
        return r < 0 ? r : store_certificate_get(m->store, id, ret, reterr);
}

int certificate_renew(Manager* m, const char* id, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_certificate_row_ CertificateRow row = {};
        _cleanup_json_ json_t* wanted = wanted_now(m, /* by_hand= */ streq(id, BOX_CERTIFICATE));
        const json_t* w = want_of_id(wanted, id);
        int r = store_certificate_get(m->store, id, &row, reterr);
        if (r < 0)
                return r;
        if (r > 0 && streq(row.source, "upload")) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "This certificate was uploaded, so nobody here can renew it.");
                return error_hint(reterr, "Upload its successor; the old one may then be removed.");
        }
        if (r == 0 && !w && !streq(id, BOX_CERTIFICATE))
                return error_set(reterr, ERROR_NOT_FOUND, "There is no certificate %.64s.", id);
        if (!w && streq(id, BOX_CERTIFICATE)) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "This box has no domain name, and authorities sign only those.");
                return error_hint(reterr, "Give the machine a host name under a domain that points here.");
        }
        if (!w) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "No name of this certificate leads to this box, so the authority would refuse.");
                return error_hint(reterr, "See the domain's records, and mend those of its names.");
        }
        certificate_row_done(&row);
        r = row_wanted(m, id, w, &row, reterr);
        if (r < 0)
                return r;
        r = join_open(m, &row, ret_job, reterr);
        if (r != 0)
                return r < 0 ? r : 0;
        r = may_ask_now(&row, reterr);
        return r < 0 ? r : plan_fetch(m, &row, json_object_get(w, "names"), json_get_string(w, "method"), actor, ret_job, reterr);
}

/* Out of the list at once, so that names go back to others; from the disk when nginx shows those. */
int certificate_remove(Manager* m, const char* id, Error* reterr) {
        _cleanup_certificate_row_ CertificateRow row = {};
        int r = store_certificate_get(m->store, id, &row, reterr);
        if (r < 0)
                return r;
        if (r == 0 && !present_find(m->certificates, id))
                return error_set(reterr, ERROR_NOT_FOUND, "There is no certificate %.64s.", id);
        if (r == 0 || !streq(row.source, "upload")) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "Steadbox keeps this certificate up itself; only uploaded ones are removed.");
                return error_hint(reterr, "Remove its names or its domain, and it goes with them.");
        }
        r = store_certificate_remove(m->store, id, reterr);
        if (r < 0)
                return r;
        if (m->certificates)
                (void) json_object_del(m->certificates->known, id);
        system_apply_soon(m); /* then the helper takes it away: a look sweeps after every change of the web server */
        return 0;
}
