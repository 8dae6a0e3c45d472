/* Jobs at the edge. People see their own; administrators see all. What is not theirs is not there. */
#include "api/handlers.h"
#include "job/job-row.h"
#include "job/job.h"
#include "store/store-job.h"
#include <stdio.h>

#define LIMIT_DEFAULT 50

/* The operation that begins a kind of job: whoever may not do that may not repeat it either. */
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

int op_job_retry(Request* request, Error* reterr) {
        Manager* m = request_manager(request);
        const Actor* actor = request_actor(request);
        _cleanup_job_row_ JobRow row = {};
        char id[JOB_ID_BYTES];
        int r = job_read(request, &row, reterr);
        if (r < 0)
                return r;
        audit_job(request, &row);
        JobKind kind = job_kind_from_string(row.kind);
        if (kind < 0)
                return error_set(reterr, ERROR_WRONG_STATE, "This release does not know this kind of job.");
        if (!role_includes(actor->role, operation_table[job_operation[kind]].who))
                return error_set(reterr, ERROR_NOT_ALLOWED, "Your role does not allow \"%s\".", job_type_table[kind].sentence);
        if (!streq(row.state, "failed") && !streq(row.state, "cancelled"))
                return error_set(reterr, ERROR_WRONG_STATE, "Only a failed or cancelled job can be tried again.");
        json_t* again = json_loads(row.request, JSON_REJECT_DUPLICATES, NULL);
        r = jobs_add(m->jobs, kind, actor, row.object, again, id, reterr);
        return r < 0 ? r : request_reply_job(request, id);
}
