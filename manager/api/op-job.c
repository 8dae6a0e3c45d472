/* Jobs at the edge. People see their own; administrators see all. What is not theirs is not there. */
#include "api/handlers.h"
#include "app/run.h"
#include "app/update.h"
#include "job/job-row.h"
#include "job/job.h"
#include "store/store-job.h"
#include <stdio.h>

#define LIMIT_DEFAULT 50

/* The operation that begins a kind of job: whoever may not do that may not repeat it either. None (0): it is not repeated. */
static const OperationSymbol job_operation[_JOB_KIND_MAX] = {
        [JOB_USER_DELETE] = OP_USER_DELETE,
        [JOB_USER_IMPORT] = OP_USER_IMPORT,
        [JOB_LOG_VERIFY] = OP_LOG_VERIFY,
        [JOB_SUPPORT_BUNDLE] = OP_SUPPORT_BUNDLE,
        [JOB_DNS_WRITE] = OP_DOMAIN_WRITE,
        [JOB_CERTIFICATE] = OP_CERTIFICATE_RENEW,
        [JOB_DOMAIN_CHECK] = OP_DOMAIN_CHECK,
        [JOB_CERTIFICATE_CHECK] = OP_CERTIFICATE_CHECK,
        [JOB_DOMAIN_PRIMARY] = OP_DOMAIN_PRIMARY,
        [JOB_CATALOGUE_REFRESH] = OP_CATALOGUE_REFRESH,
        [JOB_APP_RUN] = OP_APP_RESTART,
        [JOB_APP_UPDATE] = OP_APP_UPDATE,
        [JOB_APP_UPDATE_ALL] = OP_APP_UPDATE_ALL,
        [JOB_APP_ROLLBACK] = OP_APP_ROLLBACK,
        [JOB_APP_UNINSTALL] = OP_APP_UNINSTALL,
        [JOB_APP_ARCHIVE_REMOVE] = OP_APP_ARCHIVE_REMOVE,
        [JOB_APP_EXPORT] = OP_APP_EXPORT,
};

static bool sees_all(const Actor* a) {
        return role_includes(a->role, ROLE_ADMIN);
}

static int job_read(Request* request, JobRow* ret, Error* reterr) {
        const Actor* actor = request_actor(request);
        const char* id = request_string(request, "id");
        _cleanup_job_row_ JobRow row = {};
        int r = store_job_get(request_manager(request)->store, id, &row, reterr);
        if (r < 0)
                return r;
        if (r == 0 || (!sees_all(actor) && (actor->user_id <= 0 || actor->user_id != row.user_id)))
                return error_set(reterr, ERROR_NOT_FOUND, "There is no such job.");
        *ret = row;
        row = (JobRow) {};
        return 0;
}

typedef struct Listing {
        json_t* items;
        int64_t last;
} Listing;

static int list_each(const JobRow* row, void* userdata) {
        Listing* l = userdata;
        l->last = row->sequence;
        return json_array_append_new(l->items, job_row_to_json(row)) < 0 ? -ENOMEM : 0;
}

int op_job_list(Request* request, Error* reterr) {
        const Actor* actor = request_actor(request);
        const char* after = request_string(request, "after");
        int64_t total = 0;
        JobFilter filter = {
                .user_id = sees_all(actor) ? 0 : actor->user_id > 0 ? actor->user_id : INT64_MAX,
                .state = request_string(request, "state"),
                .q = request_string(request, "q"),
                .limit = (unsigned) request_integer(request, "limit", LIMIT_DEFAULT),
        };
        if (after && ((filter.before = strtoll(after, NULL, 10)) <= 0 || after[strspn(after, "0123456789")]))
                return error_field(reterr, ERROR_BAD_FIELD, "after", "This is not a cursor of this list.");
        Listing l = { .items = json_array() };
        int r = store_job_list(request_manager(request)->store, &filter, list_each, &l, &total, reterr);
        if (r < 0) {
                json_decref(l.items);
                return r;
        }
        json_t* next = json_null();
        if (json_array_size(l.items) >= filter.limit) {
                char cursor[32];
                (void) snprintf(cursor, sizeof(cursor), "%lld", (long long) l.last);
                next = json_string(cursor);
        }
        return request_reply(request, json_pack("{s:o, s:o, s:I}", "items", l.items, "next", next, "total", (json_int_t) total));
}

int op_job_show(Request* request, Error* reterr) {
        _cleanup_job_row_ JobRow row = {};
        int r = job_read(request, &row, reterr);
        return r < 0 ? r : request_reply(request, job_row_to_json(&row));
}

int op_job_log(Request* request, Error* reterr) {
        _cleanup_job_row_ JobRow row = {};
        json_t* lines = NULL;
        int r = job_read(request, &row, reterr);
        if (r >= 0)
                r = store_job_lines(request_manager(request)->store, row.id, &lines, reterr);
        return r < 0 ? r : request_reply_items(request, lines);
}

static void audit_job(Request* request, const JobRow* row) {
        char object[64];
        (void) snprintf(object, sizeof(object), "job:%s", row->id);
        request_audit_object(request, object);
        request_audit_detail(request, "kind", json_string(row->kind));
}

int op_job_cancel(Request* request, Error* reterr) {
        Manager* m = request_manager(request);
        _cleanup_job_row_ JobRow row = {};
        int r = job_read(request, &row, reterr);
        if (r < 0)
                return r;
        audit_job(request, &row);
        r = jobs_cancel(m->jobs, row.id, reterr);
        if (r < 0)
                return r;
        row.cancel = true;
        return request_reply(request, job_row_to_json(&row));
}

/* An app may be somebody else's by now, or another job may be at it: so it is asked for as it was the first time. */
static int app_again(Request* r, JobKind kind, const JobRow* job, const json_t* request, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        Manager* m = request_manager(r);
        const Actor* actor = request_actor(r);
        const char *action = strempty(json_get_string(request, "action")), *version = json_get_string(request, "version");
        bool anew;
        int k = app_authorise(m, actor, job->object, &row, reterr);
        if (k < 0)
                return k;
        switch (kind) {
        case JOB_APP_RUN:
                if (streq(action, "start"))
                        return app_start(m, actor, &row, ret_job, reterr);
                if (streq(action, "stop"))
                        return app_stop(m, actor, &row, ret_job, reterr);
                if (streq(action, "restart"))
                        return app_restart(m, actor, &row, ret_job, reterr);
                anew = json_get_boolean(request, "start", false) && streq(row.wanted, "running");
                return app_run_begin(m, actor, row.id, (AppRun) { "configure", .stop = anew, .apply = true, .start = anew }, ret_job, reterr);
        case JOB_APP_UPDATE:
                return app_update(m, actor, row.id, version, ret_job, reterr);
        case JOB_APP_ROLLBACK:
                return app_rollback(m, actor, row.id, strempty(version), json_get_boolean(request, "data", false), json_get_string(request, "point"),
                                    json_get_string(request, "why"), ret_job, reterr);
        case JOB_APP_UNINSTALL:
                return app_uninstall(m, actor, &row, json_get_boolean(request, "archive", true), ret_job, reterr);
        default:
                return app_export(m, actor, row.id, json_get_boolean(request, "compose", true), json_get_boolean(request, "secrets", false), ret_job, reterr);
        }
}

static int begin_again(Request* r, JobKind kind, const JobRow* job, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        Manager* m = request_manager(r);
        _cleanup_json_ json_t* request = json_loads(job->request, JSON_REJECT_DUPLICATES, NULL);
        switch (kind) {
        case JOB_APP_RUN:
        case JOB_APP_UPDATE:
        case JOB_APP_ROLLBACK:
        case JOB_APP_UNINSTALL:
        case JOB_APP_EXPORT:
                return app_again(r, kind, job, request, ret_job, reterr);
        case JOB_APP_UPDATE_ALL:
                return app_update_all(m, request_actor(r), ret_job, reterr);
        case JOB_APP_ARCHIVE_REMOVE:
                return app_archive_remove(m, request_actor(r), job->object, ret_job, reterr);
        default:
                return jobs_add(m->jobs, kind, request_actor(r), job->object, TAKE_PTR(request), ret_job, reterr);
        }
}

/* Parts of other jobs, and what cannot be begun by itself: what they were for is not there any more, or has gone on without them. */
static int check_whole(const JobRow* row, JobKind kind, Error* reterr) {
        if (!isempty(row->parent))
                (void) error_set(reterr, ERROR_WRONG_STATE, "This was a part of another job.");
        else if (kind < 0)
                return error_set(reterr, ERROR_WRONG_STATE, "This release does not know this kind of job.");
        else if (job_operation[kind] == 0)
                (void) error_set(reterr, ERROR_WRONG_STATE, "\"%s\" cannot be tried again from here.", job_type_table[kind].sentence);
        else
                return 0;
        return error_hint(reterr, "Begin anew what it was for.");
}

int op_job_retry(Request* request, Error* reterr) {
        const Actor* actor = request_actor(request);
        _cleanup_job_row_ JobRow row = {};
        char id[JOB_ID_BYTES];
        int r = job_read(request, &row, reterr);
        if (r < 0)
                return r;
        audit_job(request, &row);
        JobKind kind = job_kind_from_string(row.kind);
        r = check_whole(&row, kind, reterr);
        if (r < 0)
                return r;
        if (!role_includes(actor->role, operation_table[job_operation[kind]].who))
                return error_set(reterr, ERROR_NOT_ALLOWED, "Your role does not allow \"%s\".", job_type_table[kind].sentence);
        if (!streq(row.state, "failed") && !streq(row.state, "cancelled"))
                return error_set(reterr, ERROR_WRONG_STATE, "Only a failed or cancelled job can be tried again.");
        r = begin_again(request, kind, &row, id, reterr);
        return r < 0 ? r : request_reply_job(request, id);
}
