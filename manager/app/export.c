/* Job app-export: a tar archive that runs elsewhere. Behind the shut door the package's own commands dump what they know how to, then the app stands
 * only while its data is copied: nobody writes between the two. The archive is made of dumps and copy. */
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "app/app-internal.h"
#include "app/compose-write.h"
#include "app/dump.h"
#include "app/move.h"
#include "app/sweep.h"
#include "app/update.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#define CHUNK_BYTES ((size_t) 2 * 1024 * 1024)
#define SWEPT_AT_ONCE 4 /* the rest in an hour */

enum { DUMP, COPY, WRITE };

int app_export(Manager* m, const Actor* actor, const char* app, bool compose, bool secrets, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        return app_job_begin(m, JOB_APP_EXPORT, actor, app, json_pack("{s:b, s:b}", "compose", (int) compose, "secrets", (int) secrets), ret_job, reterr);
}

static bool has_dumps(const AppRow* row) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        size_t i;
        const json_t* data;
        json_array_foreach(json_object_get(manifest, "data"), i, data)
                if (json_is_object(json_object_get(data, "dump")))
                        return true;
        return false;
}

static bool was_running(const Job* job) {
        return streq(strempty(json_get_string(job->journal, "wanted")), "running");
}

/* An app that stands has nothing that could dump it; its data is whole then. */
static int export_dump(Manager* m, Job* job, AppRow* row, Error* reterr) {
        int r = move_begin(m, job, row, reterr);
        if (r != 1 || !was_running(job) || !has_dumps(row))
                return r;
        r = move_shut(m, job, row, MOVE_KEEP_COPY, reterr);
        return r == 1 ? app_step_dumps(m, job, row, move_id(job, "export"), reterr) : r;
}

static int export_copy(Manager* m, Job* job, AppRow* row, Error* reterr) {
        int r = move_begin(m, job, row, reterr);
        if (r == 1)
                r = move_close(m, job, row, MOVE_KEEP_COPY, NULL, reterr);
        if (r == 1)
                r = move_keep(m, job, row, reterr);
        if (r == 1 && was_running(job))
                r = move_start(m, job, row, "0", reterr);
        return r == 1 ? move_admit(m, job, row, /* proven= */ false, reterr) : r;
}

static int export_write(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* result = NULL;
        const char *point = move_id(job, "point"), *id = move_id(job, "export");
        int r = 1;
        if (!json_object_get(job->journal, "written")) {
                job_say(job, "Writing the archive of %s", row->title);
                const json_t* dumps = json_object_get(job->journal, "dumps");
                r = app_step_data(m, job, "write", row, "export", json_pack("{s:s, s:s, s:b, s:b, s:o}", "export", id, "point", point, "compose",
                                  (int) json_get_boolean(job->request, "compose", true), "secrets", (int) json_get_boolean(job->request, "secrets", false),
                                  "dumps", dumps ? json_deep_copy(dumps) : json_array()), &result, reterr);
                if (r != 1)
                        return r;
                (void) json_object_set_new(job->journal, "written", json_true());
                (void) json_object_set_new(job->result, "export", json_string(id));
                (void) json_object_set_new(job->result, "app", json_string(row->id));
                (void) json_object_set(job->result, "size", json_object_get(result, "size"));
                if (dumps)
                        (void) json_object_set(job->result, "dumps", (json_t*) dumps);
        }
        if (json_object_get(job->journal, "dumps"))
                r = app_step_data(m, job, "drop-dumps", row, "remove", json_pack("{s:s}", "dumps", id), NULL, reterr);
        if (r == 1)
                r = app_step_data(m, job, "drop", row, "remove", json_pack("{s:s}", "point", point), NULL, reterr);
        if (r != 1)
                return r;
        r = store_app_point_remove(m->store, point, reterr);
        if (r >= 0)
                r = app_job_over(m, row->id, NULL, NULL, reterr);
        return r < 0 ? r : 1;
}

static int export_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = app_job_row(m, job, &row, reterr);
        if (r < 0)
                return r;
        move_reboot_check(job);
        switch (job->stage) {
        case DUMP:
                return export_dump(m, job, &row, reterr);
        case COPY:
                return export_copy(m, job, &row, reterr);
        default:
                return export_write(m, job, &row, reterr);
        }
}

static int export_undo(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        VersionReturn how;
        app_calls_drop(m->apps, job->id); /* a dump that still runs would go on writing into what is removed below */
        int r = app_job_row(m, job, &row, NULL);
        if (r < 0)
                return 1;
        r = move_back(m, job, &row, &how, reterr);
        if (r == 1 && json_get_string(job->journal, "point"))
                r = app_step_data(m, job, "undo-drop", &row, "remove", json_pack("{s:s}", "point", move_id(job, "point")), NULL, reterr);
        if (r == 1 && json_get_string(job->journal, "export") && has_dumps(&row))
                r = app_step_data(m, job, "undo-dumps", &row, "remove", json_pack("{s:s}", "dumps", move_id(job, "export")), NULL, reterr);
        if (r == 1 && json_get_string(job->journal, "export"))
                r = app_step_data(m, job, "undo-export", &row, "remove", json_pack("{s:s}", "export", move_id(job, "export")), NULL, reterr);
        if (r != 1)
                return move_undone(job, r);
        r = json_get_string(job->journal, "point") ? store_app_point_remove(m->store, move_id(job, "point"), reterr) : 0;
        if (r >= 0)
                r = app_job_over(m, row.id, NULL, NULL, reterr);
        return r < 0 ? r : 1;
}

static void export_ended(Manager* m, Job* job, bool done) {
        if (m->apps)
                app_calls_drop(m->apps, job->id);
        app_job_ended(m, job, done);
}

const JobClass app_export_job = { .step = export_step, .undo = export_undo, .stranded = app_job_stranded, .ended = export_ended };

/* --- what the writing program asks --- */

static int texts(Manager* m, const char* app, const json_t* request, json_t** ret, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_(app_record_freep) AppRecord* record = NULL;
        _cleanup_(app_values_freep) json_t* values = NULL;
        _cleanup_json_ json_t *manifest = NULL, *images = NULL;
        int r = store_app_get(m->store, app, &row, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no app %s.", app);
        if (r >= 0)
                r = app_record_make(m, &row, &record, reterr);
        if (r >= 0)
                r = app_secrets_open(m, app, &values, reterr);
        if (r < 0)
                return r;
        manifest = app_manifest(&row);
        images = json_loads(row.images, JSON_REJECT_DUPLICATES, NULL);
        const ComposeTexts what = {
                .record = record,
                .manifest = manifest,
                .images = images,
                .values = values,
                .dumps = json_object_get(request, "dumps"),
                .name = row.name,
                .compose = json_get_boolean(request, "compose", true),
                .secrets = json_get_boolean(request, "secrets", false),
        };
        *ret = compose_texts(&what);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot write a Compose file");
}

/* {"what": "texts", "export": id}: only for the export job that is open. */
static int data_asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        json_t* list = NULL;
        if (!streq(strempty(json_get_string(question, "what")), "texts") || !streq(strempty(json_get_string(job->request, "action")), "export"))
                return error_set(reterr, ERROR_BAD_REQUEST, "Nothing of that kind is told.");
        int r = texts(m, job->object, job->request, &list, reterr);
        if (r < 0)
                return r;
        jobs_answer_data(m->jobs, job->id, list);
        return 0;
}

const JobClass app_data_job = { .asked = data_asked };

/* --- in time --- */

/* The files are root's: a job removes them. */
void app_exports_sweep(Manager* m) {
        _cleanup_json_ json_t* list = json_array();
        size_t i;
        json_t* v;
        int r = sweep_look(EXPORT_DIRECTORY, now_seconds() - EXPORT_KEPT_SECONDS, SWEPT_AT_ONCE, list);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to look for exports of yesterday, ignoring: %m");
        json_array_foreach(list, i, v) {
                char job[JOB_ID_BYTES];
                json_t* request = json_pack("{s:s, s:O}", "action", "remove", "export", v);
                (void) jobs_add(m->jobs, JOB_APP_DATA, &app_system_actor, "", request, job, NULL); /* BUSY: in an hour again */
        }
}

/* --- reading it out --- */

int app_export_read(Manager* m, const char* export_id, int64_t offset, json_t** ret, Error* reterr) {
        char path[128];
        struct stat st;
        (void) snprintf(path, sizeof(path), EXPORT_DIRECTORY "/%.32s.tar", export_id);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no export %s; exports are kept for a day.", export_id);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(reterr, -errno, "Cannot read the export");
        if (offset > st.st_size)
                return error_field(reterr, ERROR_BAD_FIELD, "offset", "The export has %lld bytes.", (long long) st.st_size);
        _cleanup_free_ uint8_t* bytes = malloc(CHUNK_BYTES);
        size_t room = sodium_base64_encoded_len(CHUNK_BYTES, sodium_base64_VARIANT_ORIGINAL);
        _cleanup_free_ char* base64 = malloc(room);
        ssize_t n = bytes && base64 ? pread(fd, bytes, CHUNK_BYTES, offset) : -1;
        if (n < 0)
                return error_errno(reterr, bytes && base64 ? -errno : -ENOMEM, "Cannot read the export");
        (void) sodium_bin2base64(base64, room, bytes, (size_t) n, sodium_base64_VARIANT_ORIGINAL);
        (void) snprintf(path, sizeof(path), "%.32s.tar", export_id);
        *ret = json_pack("{s:s, s:I, s:I, s:o, s:s}", "name", path, "size", (json_int_t) st.st_size, "offset", (json_int_t) offset, "next",
                         offset + n < st.st_size ? json_integer((json_int_t) (offset + n)) : json_null(), "base64", base64);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot read the export");
}
