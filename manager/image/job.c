/* The manager's side of the two jobs. */
#include "image/image.h"
#include "api/events.h"
#include "base/log.h"
#include "image/login.h"
#include "image/reference.h"
#include "image/result.h"
#include "store/store-job.h"

static const char* login_host(const Job* job) {
        return json_get_string(json_object_get(job->request, "login"), "host");
}

static const char* login_tag(const Job* job) {
        return json_get_string(json_object_get(job->request, "login"), "tag");
}

/* What speaks to strangers may ask for the passwords of those it was sent to, and for no others. */
static bool is_sent_to(const Job* job, const char* host) {
        size_t i;
        const json_t* image;
        if (streq_ptr(login_host(job), host))
                return true;
        json_array_foreach(json_object_get(job->request, "images"), i, image) {
                _cleanup_error_ Error ignored = ERROR_NULL;
                ImageReference reference;
                if (image_reference_parse(strempty(json_get_string(image, "reference")), &reference, &ignored) >= 0 && streq(reference.host, host))
                        return true;
        }
        return false;
}

static int pull_asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        if (!streq_ptr(json_get_string(question, "what"), "credentials"))
                return error_set(reterr, ERROR_BAD_REQUEST, "This is not a question for the manager.");
        const char* host = strempty(json_get_string(question, "registry"));
        json_t* login = NULL;
        if (!is_sent_to(job, host))
                return error_set(reterr, ERROR_BAD_REQUEST, "This job was not sent to %.253s.", host);
        int r = login_open(m, host, &login, reterr);
        if (r >= 0)
                jobs_answer_data(m->jobs, job->id, login);
        return r;
}

static int pull_finished(Manager* m, Job* job, Error* reterr) {
        const char* host = login_host(job);
        return host ? login_tested(m, host, login_tag(job), "", reterr) : image_result_check(job->result, json_get_boolean(job->request, "look", false), reterr);
}

static int failure_keep(Manager* m, const Job* job, const char* host, Error* reterr) {
        _cleanup_job_row_ JobRow row = {};
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = store_job_get(m->store, job->id, &row, reterr);
        _cleanup_json_ json_t* error = r > 0 ? json_loads(row.error, JSON_REJECT_DUPLICATES, NULL) : NULL;
        const char* sentence = json_get_string(error, "message");
        if (r <= 0 || !streq(row.state, "failed") || isempty(sentence)) /* one that was cancelled found out nothing */
                return r;
        r = login_tested(m, host, login_tag(job), sentence, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

/* A test that failed has an outcome, too. */
static void pull_ended(Manager* m, Job* job, bool done) {
        _cleanup_error_ Error e = ERROR_NULL;
        const char* host = login_host(job);
        if (!host)
                return;
        if (!done && failure_keep(m, job, host, &e) < 0)
                log_warning("Cannot keep how the login of '%s' was tested, ignoring: %s", host, strempty(e.message));
        events_changed(m->events, "registry");
}

const JobClass image_pull_job = { .asked = pull_asked, .finished = pull_finished, .ended = pull_ended };
