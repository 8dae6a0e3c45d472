/* Changing the primary domain: the job asks, step by step, for what only the manager can have done. Nothing is given up before the last step,
 * which is one transaction: whenever it all stops, the primary domain is the old one or the new one. */
#include "domain/primary.h"
#include "base/log.h"
#include "base/time.h"
#include "certificate/certificate.h"
#include "domain/domain-internal.h"
#include "domain/names.h"
#include "system/setting.h"
#include "system/system.h"
#include <stdio.h>

int primary_change(Manager* m, const Actor* actor, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        char my[DOMAIN_NAME_BYTES];
        int r = domain_find(m, name, &row, reterr);
        if (r < 0)
                return r;
        if (setting_locked(m, "domain") && !actor->root)
                return error_set(reterr, ERROR_LOCKED, "Your provider has fixed which domain this box serves.");
        if (row.primary && streq(row.state, "proven"))
                return error_set(reterr, ERROR_WRONG_STATE, "%s is the primary domain already.", row.shown);
        domain_box_name_of(row.name, my);
        json_t* request = json_pack("{s:s, s:s, s:o, s:o}", "domain", row.name, "name", my, "ipv4", domain_addresses(m, /* ipv6= */ false), "ipv6",
                                    domain_addresses(m, /* ipv6= */ true));
        return jobs_add(m->jobs, JOB_DOMAIN_PRIMARY, actor, row.name, request, ret_job, reterr);
}

/* Which certificate the name is to show now: {"certificate", "fingerprint", "trusted"}. */
static json_t* certificate_shown(Manager* m, const char* name) {
        const char* id = certificate_for_name(m, name);
        const char* fingerprint = "";
        size_t i;
        json_t* c;
        json_array_foreach((json_t*) certificates_present(m), i, c)
                if (streq_ptr(json_get_string(c, "id"), id))
                        fingerprint = strempty(json_get_string(c, "fingerprint"));
        return json_pack("{s:s, s:s, s:b}", "certificate", id, "fingerprint", fingerprint, "trusted", (int) certificate_trusted_for(m, id, name));
}

typedef struct Ensuring {
        char job[JOB_ID_BYTES];
        char name[DOMAIN_NAME_BYTES];
} Ensuring;

static void on_ensured(Manager* m, const Error* error, void* userdata) {
        _cleanup_free_ Ensuring* e = userdata;
        Error copy = ERROR_NULL;
        if (!m->jobs)
                return;
        if (!error) {
                jobs_answer_data(m->jobs, e->job, certificate_shown(m, e->name));
                return;
        }
        (void) error_set(&copy, error->name, "%s", error->message);
        if (error->hint)
                (void) error_hint(&copy, "%s", error->hint);
        jobs_answer(m->jobs, e->job, -EIO, &copy);
}

static int ask_certificate(Manager* m, Job* job, const char* name, Error* reterr) {
        if (certificate_trusted_for(m, certificate_for_name(m, name), name)) {
                jobs_answer_data(m->jobs, job->id, certificate_shown(m, name));
                return 0;
        }
        Ensuring* e = calloc(1, sizeof(Ensuring));
        if (!e)
                return error_errno(reterr, -ENOMEM, "Cannot fetch a certificate");
        (void) snprintf(e->job, sizeof(e->job), "%s", job->id);
        (void) snprintf(e->name, sizeof(e->name), "%s", name);
        int r = certificate_ensure(m, name, on_ensured, e, reterr);
        if (r < 0)
                free(e);
        return r;
}

/* One transaction, and no harm when it is asked twice. */
static int switch_write(Manager* m, Job* job, const char* domain, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {}, before = {};
        int r = domain_find(m, domain, &row, reterr);
        if (r >= 0)
                r = store_domain_primary(m->store, &before, reterr);
        if (r < 0 || (row.primary && streq(row.state, "proven")))
                return MIN(r, 0);
        r = store_domain_primary_set(m->store, row.id, reterr);
        if (r >= 0) /* its name was seen to lead here, which is what proven means */
                r = store_domain_prove(m->store, row.id, now_seconds(), reterr);
        if (r >= 0)
                r = domain_history_add(m, row.id, "state", NULL, before.name, row.name, &job->actor, "%s became the primary domain.", row.shown);
        return r;
}

static int ask_switch(Manager* m, Job* job, const char* domain, Error* reterr) {
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction t = m->store;
        if (setting_locked(m, "domain") && !job->actor.root) /* also when an older job is repeated */
                r = error_set(reterr, ERROR_LOCKED, "Your provider has fixed the primary domain.");
        else
                r = switch_write(m, job, domain, reterr);
        if (r >= 0)
                r = store_commit(m->store, reterr);
        if (r < 0)
                return r;
        t = NULL;
        log_notice("The primary domain is '%s' now.", domain);
        served_names_changed(m);
        jobs_answer(m->jobs, job->id, 0, NULL);
        return 0;
}

static int primary_asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        const char* what = strempty(json_get_string(question, "what"));
        const char* name = strempty(json_get_string(job->request, "name"));
        if (streq(what, "certificate"))
                return ask_certificate(m, job, name, reterr);
        if (streq(what, "serve")) { /* the web server follows within a moment; the job looks until it has */
                if (json_get_boolean(question, "first", false))
                        system_apply_soon(m);
                jobs_answer_data(m->jobs, job->id, certificate_shown(m, name));
                return 0;
        }
        if (streq(what, "switch"))
                return ask_switch(m, job, strempty(json_get_string(job->request, "domain")), reterr);
        return error_set(reterr, ERROR_BAD_REQUEST, "The change of the primary domain does not ask for that.");
}

const JobClass domain_primary_job = { .asked = primary_asked };
