#include "system/certificate.h"
#include "audit/audit.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "daemon/helper-client.h"
#include "site/site.h"
#include "store/store-setting.h"
#include "system/system-internal.h"
#include <limits.h>
#include <stdio.h>

#define ACME_URL "https://acme-v02.api.letsencrypt.org/directory"
#define NAMES_MAX 16
#define TRIED_KEY "certificate_tried_at"
#define PAUSE_SEC (12 * 3600) /* authorities limit failed orders; twice a day stays far below */

/* Names that were given to this box. The host name alone may be anything, so it counts only when somebody asks by hand. */
static json_t* names_wanted(Manager* m, bool by_hand) {
        json_t* names = json_array();
        _cleanup_json_ json_t* all = site_names(m);
        char hostname[HOST_NAME_MAX + 1] = "";
        const char* fallback = json_get_string(json_object_get(m->machine, "provider"), "fallback_name");
        size_t i;
        json_t* name;
        (void) gethostname(hostname, sizeof(hostname) - 1);
        json_array_foreach(all, i, name) {
                const char* text = json_string_value(name);
                if (dns_name_valid(text) && (!streq(text, hostname) || streq_ptr(text, fallback)) && json_array_size(names) < NAMES_MAX)
                        (void) json_array_append(names, name);
        }
        if (by_hand && json_array_size(names) == 0 && dns_name_valid(hostname))
                (void) json_array_append_new(names, json_string(hostname));
        return names;
}

static const char* acme_url(Manager* m) {
        const char* url = json_get_string(json_object_get(m->machine, "provider"), "acme_url");
        return url_https_valid(url) ? url : ACME_URL;
}

static int fetch(Manager* m, const char* id, json_t* names, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        char now[32];
        (void) snprintf(now, sizeof(now), "%lld", (long long) now_seconds());
        int r = store_setting_set(m->store, TRIED_KEY, now, reterr);
        if (r < 0) {
                json_decref(names);
                return r;
        }
        json_t* request = json_pack("{s:s, s:o, s:s}", "certificate", id, "names", names, "acme_url", acme_url(m));
        return jobs_add(m->jobs, JOB_CERTIFICATE, actor, id, request, ret_job, reterr);
}

int certificate_fetch(Manager* m, const char* id, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        if (!streq(id, BOX_CERTIFICATE))
                return error_set(reterr, ERROR_NOT_FOUND, "There is no certificate %.64s.", id);
        json_t* names = names_wanted(m, /* by_hand= */ true);
        if (json_array_size(names) == 0) {
                json_decref(names);
                (void) error_set(reterr, ERROR_WRONG_STATE, "This box has no domain name, and authorities sign only those.");
                return error_hint(reterr, "Give the machine a host name under a domain that points here.");
        }
        return fetch(m, id, names, actor, ret_job, reterr);
}

static bool is_due(const json_t* c, int64_t now) {
        int64_t from = json_get_integer(c, "not_before", 0), until = json_get_integer(c, "not_after", 0);
        return json_get_boolean(c, "self_signed", false) || now >= from + (until - from) / 3 * 2;
}

int certificate_renew_due(Manager* m, Error* reterr) {
        static const Actor system_actor = { .via = VIA_SYSTEM, .role = ROLE_ROOT, .name = "system" };
        _cleanup_free_ char* tried = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        char job[JOB_ID_BYTES];
        size_t i;
        json_t* c;
        int64_t now = now_seconds();
        int r = store_setting_get(m->store, TRIED_KEY, &tried, reterr);
        if (r < 0 || (tried && now - atoll(tried) < PAUSE_SEC))
                return r < 0 ? r : 0;
        json_array_foreach(system_certificates(m), i, c) {
                if (!streq(json_get_string(c, "id"), BOX_CERTIFICATE) || !is_due(c, now))
                        continue;
                /* A trusted one for the bare host name was once asked for by hand: then it is kept up. */
                json_t* names = names_wanted(m, /* by_hand= */ !json_get_boolean(c, "self_signed", false));
                if (json_array_size(names) == 0) {
                        json_decref(names);
                        return 0;
                }
                r = fetch(m, BOX_CERTIFICATE, names, &system_actor, job, &e);
                if (r < 0) {
                        log_info("No certificate job is started now: %s", strempty(e.message));
                        return 0;
                }
                log_notice("The certificate '%s' is due; job '%s' fetches it.", BOX_CERTIFICATE, job);
                AuditLine line = { .operation = "certificate.renew", .actor_name = "system", .object = "certificate:" BOX_CERTIFICATE, .result = "ok" };
                return audit_append(m->audit, &line, reterr);
        }
        return 0;
}

/* --- the job --- */

typedef struct Adopting {
        Manager* m;
        char job[JOB_ID_BYTES];
} Adopting;

static void on_adopted(json_t* answer, const Error* error, void* userdata) {
        _cleanup_free_ Adopting* a = userdata;
        Error e = ERROR_NULL;
        if (!a->m->jobs)
                return;
        if (error)
                (void) error_set(&e, error->name, "%s", error->message);
        jobs_answer(a->m->jobs, a->job, error ? -EIO : 0, &e);
}

/* The worker has put chain and key where the helper looks; the helper judges them again, since a worker met the outside world. */
static int certificate_asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        const char* names[NAMES_MAX + 1] = {};
        size_t i;
        json_t* name;
        if (!streq_ptr(json_get_string(question, "what"), "adopt"))
                return error_set(reterr, ERROR_BAD_REQUEST, "A certificate job may only ask for its adoption.");
        json_array_foreach(json_object_get(job->request, "names"), i, name)
                if (i < NAMES_MAX)
                        names[i] = json_string_value(name);
        Adopting* a = calloc(1, sizeof(Adopting));
        if (!a)
                return error_errno(reterr, -ENOMEM, "Cannot adopt a certificate");
        a->m = m;
        memcpy(a->job, job->id, sizeof(a->job));
        int r = helper_client_certificate_adopt(m->helper, job->object, job->id, names, on_adopted, a, reterr);
        if (r < 0)
                free(a);
        return r;
}

static void certificate_ended(Manager* m, Job* job, bool done) {
        if (done)
                system_certificates_changed(m);
}

extern const JobClass certificate_job;
const JobClass certificate_job = { .asked = certificate_asked, .ended = certificate_ended };
