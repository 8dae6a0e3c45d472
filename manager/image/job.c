/* The manager's side of the two jobs. */
#include "base/log.h"
#include "image/image.h"
#include "image/result.h"
#include "store/store-app.h"
#include <systemd/sd-event.h>

#define SOON_USEC (10 * USEC_PER_SEC) /* whoever asks may still be inside a transaction */

/* --- image-pull --- */

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

/* --- image-clean --- */

static void text_add(const char* text, json_t* named) {
        _cleanup_json_ json_t* json = NULL;
        if (json_parse_object(text, strlen(text), &json, NULL) >= 0)
                image_digests_add(json, named);
}

static int on_version(const AppVersionRow* row, void* userdata) {
        text_add(row->images, userdata);
        return 0;
}

/* Of apps that are here and of versions that are kept. What was uninstalled is fetched again when it comes back. */
static int keep_list(Manager* m, json_t** ret, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        _cleanup_json_ json_t *named = json_object(), *keep = json_array();
        const char* hex;
        json_t* value;
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; r >= 0 && i < rows.count; i++)
                text_add(rows.items[i].images, named);
        if (r >= 0)
                r = store_app_version_each(m->store, /* app= */ NULL, on_version, named, reterr);
        if (r < 0)
                return r;
        json_object_foreach(named, hex, value)
                (void) json_array_append_new(keep, json_string(hex));
        *ret = TAKE_PTR(keep);
        return 0;
}

static int clean_begin(Manager* m, Error* reterr) {
        static const Actor actor = { .via = VIA_SYSTEM, .role = ROLE_ROOT, .name = "system" };
        json_t* keep = NULL;
        char id[JOB_ID_BYTES];
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction t = m->store;
        r = keep_list(m, &keep, reterr);
        if (r >= 0)
                r = jobs_add(m->jobs, JOB_IMAGE_CLEAN, &actor, "images", json_pack("{s:o}", "keep", keep), id, reterr);
        if (r < 0)
                return r;
        t = NULL;
        return store_commit(m->store, reterr);
}

static int on_clean(sd_event_source* source, uint64_t usec, void* userdata) {
        _cleanup_error_ Error e = ERROR_NULL;
        Manager* m = userdata;
        if (m->jobs && clean_begin(m, &e) < 0 && e.name != ERROR_BUSY)
                log_warning("Cannot look for images nobody needs, ignoring: %s", e.message);
        return 0;
}

void images_clean_soon(Manager* m) {
        int r = sd_event_add_time_relative(m->event, /* ret= */ NULL, CLOCK_MONOTONIC, SOON_USEC, USEC_PER_SEC, on_clean, m);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to plan a look for images nobody needs, ignoring: %m");
}

const JobClass image_clean_job = {};
