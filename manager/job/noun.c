/* Jobs as a noun: what is kept of a person, what is forgotten when. */
#include "base/time.h"
#include "noun.h"
#include "store/store-job.h"

#define ENDED_MAX 500
#define REQUEST_DAYS 7 /* a failed job's request may name people; who wants to try again does so within a week */

static int personal_data(Manager* m, int64_t user_id, json_t* ret_parts, Error* reterr) {
        json_t* jobs = NULL;
        int r = store_job_personal(m->store, user_id, &jobs, reterr);
        if (r >= 0)
                (void) json_object_set_new(ret_parts, "jobs", jobs);
        return r;
}

static int erase(Manager* m, int64_t user_id, Error* reterr) {
        int r = store_job_erase(m->store, user_id, reterr);
        return r < 0 ? r : 0;
}

static int housekeeping(Manager* m, Error* reterr) {
        int r = store_job_expire(m->store, ENDED_MAX, now_seconds() - REQUEST_DAYS * 86400, reterr);
        return r < 0 ? r : 0;
}

const NounClass job_noun = {
        .name = "job",
        .personal_data = personal_data,
        .erase = erase,
        .housekeeping = housekeeping,
};
