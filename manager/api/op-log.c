#include "api/handlers.h"
#include "api/op-log.h"
#include "daemon/manager.h"
#include "job/job.h"
#include "store/store-audit.h"
#include "store/store-user.h"
#include <stdio.h>

/* People stand in the log by number, everybody else by name. */
static int filter_actor(Store* store, const char* actor, AuditFilter* f, Error* reterr) {
        _cleanup_(user_freep) User* user = NULL;
        if (!actor)
                return 0;
        if (*actor == '#') {
                f->actor_id = MAX(strtoll(actor + 1, NULL, 10), -1LL);
                return 0;
        }
        int r = store_user_by_name(store, actor, &user, reterr);
        if (r > 0)
                f->actor_id = user->id;
        else
                f->actor_name = actor;
        return r;
}

static int filter_object(Store* store, const char* object, char buffer[static 32], AuditFilter* f, Error* reterr) {
        _cleanup_(user_freep) User* user = NULL;
        if (!object)
                return 0;
        f->object = object;
        int r = store_user_by_name(store, object, &user, reterr);
        if (r > 0) {
                (void) snprintf(buffer, 32, "#%lld", (long long) user->id);
                f->object = buffer;
        }
        return r;
}

int log_reply(Request* request, const AuditFilter* filter, Error* reterr) {
        _cleanup_free_ char* items = NULL;
        int64_t next = 0, total = 0;
        int r = store_audit_list(request_manager(request)->store, filter, &items, &next, &total, reterr);
        if (r < 0)
                return r;
        char cursor[32] = "null";
        if (next > 0)
                (void) snprintf(cursor, sizeof(cursor), "\"%lld\"", (long long) next);
        char* text = NULL;
        if (asprintf(&text, "{\"items\":%s,\"next\":%s,\"total\":%lld}", items, cursor, (long long) total) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot list the log");
        return request_reply_text(request, text);
}

int log_filter_page(Request* request, AuditFilter* f, Error* reterr) {
        const char* after = request_string(request, "after");
        f->limit = request_integer(request, "limit", 50);
        f->q = request_string(request, "q");
        if (isempty(f->q))
                f->q = NULL;
        if (after && (after[strspn(after, "0123456789")] || (f->before = strtoll(after, NULL, 10)) <= 0))
                return error_field(reterr, ERROR_BAD_FIELD, "after", "The field after is not a cursor of this list.");
        return 0;
}

int op_log_list(Request* request, Error* reterr) {
        Store* store = request_manager(request)->store;
        char buffer[32];
        AuditFilter f = {
                .from = request_integer(request, "from", 0),
                .to = request_integer(request, "to", 0),
                .operation = request_string(request, "operation"),
                .result = request_string(request, "result"),
        };
        int r = log_filter_page(request, &f, reterr);
        if (r >= 0)
                r = filter_actor(store, request_string(request, "actor"), &f, reterr);
        if (r >= 0)
                r = filter_object(store, request_string(request, "object"), buffer, &f, reterr);
        return r < 0 ? r : log_reply(request, &f, reterr);
}

int op_log_verify(Request* request, Error* reterr) {
        char id[JOB_ID_BYTES];
        int r = jobs_add(request_manager(request)->jobs, JOB_LOG_VERIFY, request_actor(request), "", NULL, id, reterr);
        return r < 0 ? r : request_reply_job(request, id);
}
