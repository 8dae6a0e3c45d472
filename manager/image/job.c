/* The manager's side of the two jobs. */
#include "image/image.h"
#include "image/result.h"

static int pull_asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        if (!streq_ptr(json_get_string(question, "what"), "credentials"))
                return error_set(reterr, ERROR_BAD_REQUEST, "This is not a question for the manager.");
        jobs_answer_data(m->jobs, job->id, json_null()); /* the box has no account anywhere: images are asked for as a stranger */
        return 0;
}

static int pull_finished(Manager* m, Job* job, Error* reterr) {
        return image_result_check(job->result, reterr);
}

const JobClass image_pull_job = { .asked = pull_asked, .finished = pull_finished };
