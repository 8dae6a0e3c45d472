#include "store/store-job.h"
#include "store/store-internal.h"
#include <stdio.h>

#define COLUMNS "sequence, id, kind, object, state, stage, message, request, journal, result, error, actor, role, percent, cancel, " \
        "user_id, created_at, started_at, ended_at, parent"
/* The list shows no requests and journals, which can be large. */
#define LIST_COLUMNS "sequence, id, kind, object, state, stage, message, '{}', '{}', result, error, actor, role, percent, cancel, " \
        "user_id, created_at, started_at, ended_at, parent"
#define FILTER "(:user_id IS NULL OR user_id = :user_id) AND (:state IS NULL OR state = :state)" \
        " AND (:q IS NULL OR instr(lower(kind || ' ' || object || ' ' || actor), lower(:q)) > 0)"

STATEMENT(job_add,
        "INSERT INTO job (id, sequence, kind, object, stage, request, actor, role, user_id, created_at, parent) VALUES (:id, "
        "(SELECT coalesce(max(sequence), 0) + 1 FROM job), :kind, :object, :stage, :request, :actor, :role, :user_id, :at, :parent)");
STATEMENT(job_get, "SELECT " COLUMNS " FROM job WHERE id = :id");
STATEMENT(job_open_count, "SELECT count(*) FROM job WHERE state IN ('queued', 'running') AND (:kind IS NULL OR kind = :kind)");
STATEMENT(job_open,
        "SELECT json_group_array(id) FROM (SELECT id FROM job WHERE state IN ('queued', 'running') ORDER BY sequence)");
STATEMENT(job_cancelled, "SELECT json_group_array(id) FROM job WHERE state = 'running' AND cancel = 1");
STATEMENT(job_begin, "UPDATE job SET state = 'running', started_at = :at WHERE id = :id AND state = 'queued'");
STATEMENT(job_save,
        "UPDATE job SET stage = :stage, percent = :percent, message = :message, journal = :journal, result = :result WHERE id = :id");
STATEMENT(job_cancel, "UPDATE job SET cancel = 1 WHERE id = :id");
STATEMENT(job_cancel_parts,
        "UPDATE job SET cancel = 1 WHERE parent = :id AND state IN ('queued', 'running') AND kind IN (SELECT value FROM json_each(:kinds))");
STATEMENT(job_parts_count, "SELECT count(*) FROM job WHERE parent = :id AND state IN ('queued', 'running')");
STATEMENT(job_end,
        "UPDATE job SET state = :state, stage = :stage, percent = :percent, message = :message, result = :result, error = :error, ended_at = :at, "
        "journal = '{}', request = CASE :state WHEN 'done' THEN '{}' ELSE request END WHERE id = :id");
STATEMENT(job_line_add, "INSERT INTO job_line (job_id, at, level, text) VALUES (:id, :at, :level, :text)");
STATEMENT(job_lines,
        "SELECT json_group_array(json_object('at', at, 'level', level, 'text', text)) FROM "
        "(SELECT at, level, text FROM job_line WHERE job_id = :id ORDER BY id)");
STATEMENT(job_list,
        "SELECT " LIST_COLUMNS " FROM job WHERE " FILTER " AND (:before IS NULL OR sequence < :before) ORDER BY sequence DESC LIMIT :limit");
STATEMENT(job_total, "SELECT count(*) FROM job WHERE " FILTER);
STATEMENT(job_expire,
        "DELETE FROM job WHERE state NOT IN ('queued', 'running') AND sequence <= "
        "coalesce((SELECT sequence FROM job WHERE state NOT IN ('queued', 'running') ORDER BY sequence DESC LIMIT 1 OFFSET :keep), -1)");
STATEMENT(job_drop, "DELETE FROM job WHERE (id = :id OR parent = :id) AND state = 'done'");
STATEMENT(job_forget,
        "UPDATE job SET request = '{}' WHERE state IN ('failed', 'cancelled') AND ended_at < :before AND request <> '{}'");
STATEMENT(job_personal,
        "SELECT json_group_array(json_object('id', id, 'kind', kind, 'object', object, 'state', state, 'created_at', created_at)) "
        "FROM job WHERE user_id = :user_id");
STATEMENT(job_erase, "UPDATE job SET actor = '#' || user_id WHERE user_id = :user_id");

void job_row_done(JobRow* row) {
        char** const owned[] = {
                &row->id, &row->kind, &row->object, &row->state, &row->stage, &row->message, &row->request,
                &row->journal, &row->result, &row->error, &row->actor, &row->role, &row->parent,
        };
        for (size_t i = 0; i < ELEMENTS(owned); i++)
                free(*owned[i]);
        *row = (JobRow) {};
}

static int job_row_from(Query* q, JobRow* ret, Error* reterr) {
        _cleanup_job_row_ JobRow row = { .sequence = query_integer(q, 0) };
        char** const texts[] = {
                &row.id, &row.kind, &row.object, &row.state, &row.stage, &row.message, &row.request,
                &row.journal, &row.result, &row.error, &row.actor, &row.role,
        };
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (!(*texts[i] = strdup(strempty(query_text(q, (int) i + 1)))))
                        return error_errno(reterr, -ENOMEM, "Cannot read a job");
        if (!(row.parent = strdup(strempty(query_text(q, 19)))))
                return error_errno(reterr, -ENOMEM, "Cannot read a job");
        row.percent = (unsigned) query_integer(q, 13);
        row.cancel = query_integer(q, 14);
        row.user_id = query_integer(q, 15);
        row.created_at = query_integer(q, 16);
        row.started_at = query_integer(q, 17);
        row.ended_at = query_integer(q, 18);
        *ret = row;
        row = (JobRow) {};
        return 1;
}

int store_job_add(Store* s, const JobRow* row, Error* reterr) {
        return store_run(s, &job_add, BIND(
                TEXT(id, row->id), TEXT(kind, row->kind), TEXT(object, row->object), TEXT(stage, row->stage),
                TEXT(request, row->request), TEXT(actor, row->actor), TEXT(role, row->role),
                INTEGER_OR_NULL(user_id, row->user_id), INTEGER(at, row->created_at), TEXT(parent, strempty(row->parent))), reterr);
}

int store_job_get(Store* s, const char* id, JobRow* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &job_get, BIND(TEXT(id, id)), &q, reterr);
        if (r < 0)
                return r;
        r = query_next(&q, reterr);
        return r <= 0 ? r : job_row_from(&q, ret, reterr);
}

STATEMENT(job_is_open, "SELECT 1 FROM job WHERE id = :id AND state IN ('queued', 'running')");
int store_job_is_open(Store* s, const char* id, Error* reterr) {
        int64_t yes = 0;
        return store_get_integer(s, &job_is_open, BIND(TEXT(id, id)), &yes, reterr);
}

int store_job_open_count(Store* s, const char* kind, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &job_open_count, BIND(TEXT(kind, kind)), ret, reterr);
}

static int get_array(Store* s, const Statement* statement, const Binding* bindings, json_t** ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_get_text(s, statement, bindings, &text, reterr);
        if (r < 0)
                return r;
        json_t* array = r > 0 ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : json_array();
        if (!array)
                return error_errno(reterr, -ENOMEM, "Cannot read jobs");
        *ret = array;
        return 0;
}

int store_job_open(Store* s, json_t** ret, Error* reterr) {
        return get_array(s, &job_open, BIND_NONE, ret, reterr);
}

int store_job_cancelled(Store* s, json_t** ret, Error* reterr) {
        return get_array(s, &job_cancelled, BIND_NONE, ret, reterr);
}

int store_job_begin(Store* s, const char* id, int64_t at, Error* reterr) {
        return store_run(s, &job_begin, BIND(TEXT(id, id), INTEGER(at, at)), reterr);
}

int store_job_save(Store* s, const char* id, const char* stage, unsigned percent, const char* message, const char* journal, const char* result, Error* reterr) {
        return store_run(s, &job_save, BIND(
                TEXT(id, id), TEXT(stage, stage), INTEGER(percent, percent), TEXT(message, message), TEXT(journal, journal),
                TEXT(result, result)), reterr);
}

int store_job_cancel(Store* s, const char* id, Error* reterr) {
        return store_run(s, &job_cancel, BIND(TEXT(id, id)), reterr);
}

int store_job_cancel_parts(Store* s, const char* id, const char* kinds, Error* reterr) {
        return store_run(s, &job_cancel_parts, BIND(TEXT(id, id), TEXT(kinds, kinds)), reterr);
}

int store_job_parts_count(Store* s, const char* id, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &job_parts_count, BIND(TEXT(id, id)), ret, reterr);
}

int store_job_end(Store* s, const char* id, const char* state, const char* stage, unsigned percent, const char* message, const char* result, const char* error, int64_t at, Error* reterr) {
        return store_run(s, &job_end, BIND(
                TEXT(id, id), TEXT(state, state), TEXT(stage, stage), INTEGER(percent, percent), TEXT(message, message),
                TEXT(result, result), TEXT(error, error), INTEGER(at, at)), reterr);
}

int store_job_line_add(Store* s, const char* id, int64_t at, const char* level, const char* text, Error* reterr) {
        return store_run(s, &job_line_add, BIND(TEXT(id, id), INTEGER(at, at), TEXT(level, level), TEXT(text, text)), reterr);
}

int store_job_lines(Store* s, const char* id, json_t** ret, Error* reterr) {
        return get_array(s, &job_lines, BIND(TEXT(id, id)), ret, reterr);
}

int store_job_list(Store* s, const JobFilter* f, int (*each)(const JobRow* row, void* userdata), void* userdata, int64_t* ret_total, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = store_get_integer(s, &job_total, BIND(
                INTEGER_OR_NULL(user_id, f->user_id), TEXT(state, f->state), TEXT(q, isempty(f->q) ? NULL : f->q)), ret_total, reterr);
        if (r < 0)
                return r;
        r = query_begin(s, &job_list, BIND(
                INTEGER_OR_NULL(user_id, f->user_id), TEXT(state, f->state), TEXT(q, isempty(f->q) ? NULL : f->q),
                INTEGER_OR_NULL(before, f->before), INTEGER(limit, f->limit)), &q, reterr);
        if (r < 0)
                return r;
        while ((r = query_next(&q, reterr)) > 0) {
                _cleanup_job_row_ JobRow row = {};
                r = job_row_from(&q, &row, reterr);
                if (r >= 0)
                        r = each(&row, userdata);
                if (r < 0)
                        return r;
        }
        return r;
}

int store_job_drop(Store* s, const char* id, Error* reterr) {
        return store_run(s, &job_drop, BIND(TEXT(id, id)), reterr);
}

int store_job_expire(Store* s, unsigned keep, int64_t before, Error* reterr) {
        int r = store_run(s, &job_expire, BIND(INTEGER(keep, keep)), reterr);
        return r < 0 ? r : store_run(s, &job_forget, BIND(INTEGER(before, before)), reterr);
}

int store_job_personal(Store* s, int64_t user_id, json_t** ret, Error* reterr) {
        return get_array(s, &job_personal, BIND(INTEGER(user_id, user_id)), ret, reterr);
}

int store_job_erase(Store* s, int64_t user_id, Error* reterr) {
        return store_run(s, &job_erase, BIND(INTEGER(user_id, user_id)), reterr);
}
