#include "store/store-domain.h"
#include "store/store-page.h"
#include "store/store-row.h"

#define COLUMNS "name, shown, scope, state, existing, writer, writer_options, writer_result, dkim_selector, dkim_key, facts, id, connected_at," \
        " tested_at, created_at, changed_at, proven_at, checked_at, check_at, is_primary, switched_web, switched_mail"
#define COLUMN(field) ROW_COLUMN(DomainRow, field)
static const RowColumn texts[] = {
        COLUMN(name), COLUMN(shown), COLUMN(scope), COLUMN(state), COLUMN(existing), COLUMN(writer), COLUMN(writer_options),
        COLUMN(writer_result), COLUMN(dkim_selector), COLUMN(dkim_key), COLUMN(facts),
};
static const RowColumn numbers[] = {
        COLUMN(id), COLUMN(connected_at), COLUMN(tested_at), COLUMN(created_at), COLUMN(changed_at), COLUMN(proven_at),
        COLUMN(checked_at), COLUMN(check_at),
};
static const RowColumn truths[] = { COLUMN(primary), COLUMN(switched_web), COLUMN(switched_mail) };
static const RowShape domain_shape = {
        .what = "domains", .size = sizeof(DomainRow), .texts = texts, .texts_n = ELEMENTS(texts), .numbers = numbers,
        .numbers_n = ELEMENTS(numbers), .truths = truths, .truths_n = ELEMENTS(truths),
};

STATEMENT(domain_get, "SELECT " COLUMNS " FROM domain WHERE name = :name");
STATEMENT(domain_get_by_id, "SELECT " COLUMNS " FROM domain WHERE id = :id");
STATEMENT(domain_get_primary, "SELECT " COLUMNS " FROM domain WHERE is_primary = 1");
STATEMENT(domain_all, "SELECT " COLUMNS " FROM domain ORDER BY is_primary DESC, name");
STATEMENT(domain_of_name,
          "SELECT " COLUMNS " FROM domain WHERE name = :name OR substr(:name, -length(name) - 1) = '.' || name ORDER BY length(name) DESC LIMIT 1");

void domain_row_done(DomainRow* row) {
        row_done(&domain_shape, row);
}

void domain_rows_done(DomainRows* rows) {
        rows_done(&domain_shape, rows->items, rows->count);
        *rows = (DomainRows) {};
}

int store_domain_get(Store* s, const char* name, DomainRow* ret, Error* reterr) {
        return row_get(s, &domain_get, BIND(TEXT(name, name)), &domain_shape, ret, reterr);
}

int store_domain_get_by_id(Store* s, int64_t id, DomainRow* ret, Error* reterr) {
        return row_get(s, &domain_get_by_id, BIND(INTEGER(id, id)), &domain_shape, ret, reterr);
}

int store_domain_primary(Store* s, DomainRow* ret, Error* reterr) {
        return row_get(s, &domain_get_primary, BIND_NONE, &domain_shape, ret, reterr);
}

int store_domain_of_name(Store* s, const char* name, DomainRow* ret, Error* reterr) {
        return row_get(s, &domain_of_name, BIND(TEXT(name, name)), &domain_shape, ret, reterr);
}

int store_domain_all(Store* s, DomainRows* ret, Error* reterr) {
        void* items = NULL;
        size_t n = 0;
        int r = rows_get(s, &domain_all, BIND_NONE, &domain_shape, &items, &n, reterr);
        if (r >= 0)
                *ret = (DomainRows) { .items = items, .count = n };
        return r;
}

STATEMENT(domain_add,
          "INSERT INTO domain (name, shown, scope, existing, created_at, changed_at, check_at) VALUES (:name, :shown, :scope, :existing, :now, :now, :now)");
int store_domain_add(Store* s, const char* name, const char* shown, const char* scope, const char* existing, int64_t now, int64_t* ret_id, Error* reterr) {
        int r = store_run(s, &domain_add,
                          BIND(TEXT(name, name), TEXT(shown, shown), TEXT(scope, scope), TEXT(existing, existing), INTEGER(now, now)), reterr);
        if (r >= 0)
                *ret_id = store_last_id(s);
        return MIN(r, 0);
}

STATEMENT(domain_remove, "DELETE FROM domain WHERE id = :id");
int store_domain_remove(Store* s, int64_t id, Error* reterr) {
        return store_run(s, &domain_remove, BIND(INTEGER(id, id)), reterr);
}

STATEMENT(domain_scope_set, "UPDATE domain SET scope = :scope WHERE id = :id");
int store_domain_scope_set(Store* s, int64_t id, const char* scope, Error* reterr) {
        return store_run(s, &domain_scope_set, BIND(TEXT(scope, scope), INTEGER(id, id)), reterr);
}

STATEMENT(domain_switched_set, "UPDATE domain SET switched_web = :web, switched_mail = :mail WHERE id = :id");
int store_domain_switched_set(Store* s, int64_t id, bool web, bool mail, Error* reterr) {
        return store_run(s, &domain_switched_set, BIND(INTEGER(web, web), INTEGER(mail, mail), INTEGER(id, id)), reterr);
}

/* Two statements: the index allows one primary domain at any moment. */
STATEMENT(domain_primary_clear, "UPDATE domain SET is_primary = 0 WHERE is_primary = 1 AND id <> :id");
STATEMENT(domain_primary_set, "UPDATE domain SET is_primary = 1 WHERE id = :id");
int store_domain_primary_set(Store* s, int64_t id, Error* reterr) {
        int r = store_run(s, &domain_primary_clear, BIND(INTEGER(id, id)), reterr);
        return r < 0 ? r : store_run(s, &domain_primary_set, BIND(INTEGER(id, id)), reterr);
}

STATEMENT(domain_prove, "UPDATE domain SET state = 'proven', proven_at = :now WHERE id = :id AND state <> 'proven'");
int store_domain_prove(Store* s, int64_t id, int64_t now, Error* reterr) {
        return store_run(s, &domain_prove, BIND(INTEGER(now, now), INTEGER(id, id)), reterr);
}

STATEMENT(domain_existing_set, "UPDATE domain SET existing = :existing WHERE id = :id");
int store_domain_existing_set(Store* s, int64_t id, const char* existing, Error* reterr) {
        return store_run(s, &domain_existing_set, BIND(TEXT(existing, existing), INTEGER(id, id)), reterr);
}

STATEMENT(domain_dkim_set, "UPDATE domain SET dkim_selector = :selector, dkim_key = :key WHERE id = :id");
int store_domain_dkim_set(Store* s, int64_t id, const char* selector, const char* key, Error* reterr) {
        return store_run(s, &domain_dkim_set, BIND(TEXT(selector, selector), TEXT(key, key), INTEGER(id, id)), reterr);
}

STATEMENT(domain_checked, "UPDATE domain SET facts = :facts, checked_at = :now WHERE id = :id");
int store_domain_checked(Store* s, int64_t id, const char* facts, int64_t now, Error* reterr) {
        return store_run(s, &domain_checked, BIND(TEXT(facts, facts), INTEGER(now, now), INTEGER(id, id)), reterr);
}

STATEMENT(domain_changed, "UPDATE domain SET changed_at = :now, check_at = min(ifnull(check_at, :now), :now) WHERE :id = 0 OR id = :id");
int store_domain_changed(Store* s, int64_t id, int64_t now, Error* reterr) {
        return store_run(s, &domain_changed, BIND(INTEGER(now, now), INTEGER(id, id)), reterr);
}

STATEMENT(domain_check_at_set, "UPDATE domain SET check_at = :at WHERE id = :id");
int store_domain_check_at_set(Store* s, int64_t id, int64_t at, Error* reterr) {
        return store_run(s, &domain_check_at_set, BIND(INTEGER_OR_NULL(at, at), INTEGER(id, id)), reterr);
}

#define OPEN_CHECK_J "kind = 'domain-check' AND j.state IN ('queued', 'running')"
#define OPEN_CHECK "kind = 'domain-check' AND state IN ('queued', 'running')"
STATEMENT(domain_check_open,
          "SELECT j.id FROM job AS j, json_each(j.request, '$.names') AS n WHERE j." OPEN_CHECK_J " AND n.value = :name LIMIT 1");
int store_domain_check_open(Store* s, const char* name, char** ret_job, Error* reterr) {
        return store_get_text(s, &domain_check_open, BIND(TEXT(name, name)), ret_job, reterr);
}

STATEMENT(domain_look_open, "SELECT id FROM job WHERE " OPEN_CHECK " AND json_extract(request, '$.look') = :name LIMIT 1");
int store_domain_look_open(Store* s, const char* name, char** ret_job, Error* reterr) {
        return store_get_text(s, &domain_look_open, BIND(TEXT(name, name)), ret_job, reterr);
}

STATEMENT(domain_last_look,
          "SELECT result FROM job WHERE kind = 'domain-check' AND state = 'done' AND object = :name AND json_extract(result, '$.suggestion') IS NOT NULL"
          " ORDER BY sequence DESC LIMIT 1");
int store_domain_last_look(Store* s, const char* name, char** ret_result, Error* reterr) {
        return store_get_text(s, &domain_last_look, BIND(TEXT(name, name)), ret_result, reterr);
}

STATEMENT(domain_checks_forget,
          "DELETE FROM job WHERE kind = 'domain-check' AND state = 'done' AND actor = 'system' AND ended_at < :before");
int store_domain_checks_forget(Store* s, int64_t before, Error* reterr) {
        return store_run(s, &domain_checks_forget, BIND(INTEGER(before, before)), reterr);
}

STATEMENT(domain_next_check,
          "SELECT min(check_at) FROM domain WHERE check_at IS NOT NULL AND name NOT IN (SELECT n.value FROM job AS j,"
          " json_each(j.request, '$.names') AS n WHERE j." OPEN_CHECK_J ")");
int store_domain_next_check(Store* s, int64_t* ret_at, Error* reterr) {
        return store_get_integer(s, &domain_next_check, BIND_NONE, ret_at, reterr);
}

/* --- the writer --- */

STATEMENT(domain_writer_set,
          "UPDATE domain SET writer = :kind, writer_options = :options, writer_token = :token, writer_result = '{}', connected_at = :now,"
          " tested_at = NULL WHERE id = :id");
int store_domain_writer_set(Store* s, int64_t id, const char* kind, const char* options, const void* token, size_t token_size, int64_t now, Error* reterr) {
        return store_run(s, &domain_writer_set,
                         BIND(TEXT(kind, kind), TEXT(options, options), BLOB(token, token, token_size), INTEGER(now, now), INTEGER(id, id)), reterr);
}

STATEMENT(domain_writer_clear,
          "UPDATE domain SET writer = '', writer_options = '{}', writer_token = NULL, writer_result = '{}', connected_at = NULL, tested_at = NULL"
          " WHERE id = :id");
int store_domain_writer_clear(Store* s, int64_t id, Error* reterr) {
        return store_run(s, &domain_writer_clear, BIND(INTEGER(id, id)), reterr);
}

STATEMENT(domain_writer_token, "SELECT writer_token FROM domain WHERE id = :id AND writer_token IS NOT NULL");
int store_domain_writer_token(Store* s, int64_t id, void** ret_token, size_t* ret_size, Error* reterr) {
        _cleanup_query_ Query q = {};
        size_t size = 0;
        int r = query_begin(s, &domain_writer_token, BIND(INTEGER(id, id)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        const void* blob = query_blob(&q, 0, &size);
        void* copy = malloc(size + 1);
        if (!copy)
                return error_errno(reterr, -ENOMEM, "Cannot read a token");
        memcpy(copy, blob ?: "", blob ? size : 0);
        *ret_token = copy;
        *ret_size = size;
        return 1;
}

STATEMENT(domain_writer_tested, "UPDATE domain SET writer_result = :result, tested_at = :now WHERE id = :id");
int store_domain_writer_tested(Store* s, int64_t id, const char* result, int64_t now, Error* reterr) {
        return store_run(s, &domain_writer_tested, BIND(TEXT(result, result), INTEGER(now, now), INTEGER(id, id)), reterr);
}

STATEMENT(domain_writer_token_set, "UPDATE domain SET writer_token = :token WHERE id = :id");
int store_domain_writer_token_set(Store* s, int64_t id, const void* token, size_t token_size, Error* reterr) {
        return store_run(s, &domain_writer_token_set, BIND(BLOB(token, token, token_size), INTEGER(id, id)), reterr);
}

STATEMENT(domain_written_get, "SELECT ours FROM domain_written WHERE domain_id = :domain AND owner = :owner AND type = :type");
int store_domain_written_get(Store* s, int64_t domain_id, const char* owner, const char* type, char** ret, Error* reterr) {
        return store_get_text(s, &domain_written_get, BIND(INTEGER(domain, domain_id), TEXT(owner, owner), TEXT(type, type)), ret, reterr);
}

STATEMENT(domain_written_set,
          "INSERT INTO domain_written (domain_id, owner, type, ours, written_at) VALUES (:domain, :owner, :type, :ours, :now)"
          " ON CONFLICT (domain_id, owner, type) DO UPDATE SET ours = :ours, written_at = :now");
int store_domain_written_set(Store* s, int64_t domain_id, const char* owner, const char* type, const char* ours, int64_t now, Error* reterr) {
        return store_run(s, &domain_written_set,
                         BIND(INTEGER(domain, domain_id), TEXT(owner, owner), TEXT(type, type), TEXT(ours, ours), INTEGER(now, now)), reterr);
}

/* --- verdicts --- */

#define VERDICT_COLUMNS "id, verdict, now, body, ignored, checked_at, since"
STATEMENT(verdict_get, "SELECT " VERDICT_COLUMNS " FROM domain_verdict WHERE domain_id = :domain AND id = :id");
STATEMENT(verdict_each, "SELECT " VERDICT_COLUMNS " FROM domain_verdict WHERE domain_id = :domain ORDER BY id");

void verdict_row_done(VerdictRow* row) {
        free(row->id);
        free(row->verdict);
        free(row->now);
        free(row->body);
        free(row->ignored);
        *row = (VerdictRow) {};
}

/* Borrowed from the query until its next step. */
static VerdictRow verdict_borrow(Query* q) {
        return (VerdictRow) {
                .id = (char*) query_text(q, 0),
                .verdict = (char*) query_text(q, 1),
                .now = (char*) query_text(q, 2),
                .body = (char*) query_text(q, 3),
                .ignored = (char*) query_text(q, 4),
                .checked_at = query_integer(q, 5),
                .since = query_integer(q, 6),
        };
}

int store_verdict_get(Store* s, int64_t domain_id, const char* id, VerdictRow* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &verdict_get, BIND(INTEGER(domain, domain_id), TEXT(id, id)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        VerdictRow row = verdict_borrow(&q);
        _cleanup_verdict_row_ VerdictRow copy = {
                .id = strdup(row.id), .verdict = strdup(row.verdict), .now = strdup(row.now), .body = strdup(row.body),
                .ignored = row.ignored ? strdup(row.ignored) : NULL, .checked_at = row.checked_at, .since = row.since,
        };
        if (!copy.id || !copy.verdict || !copy.now || !copy.body || (row.ignored && !copy.ignored))
                return error_errno(reterr, -ENOMEM, "Cannot read a verdict");
        *ret = copy;
        copy = (VerdictRow) {};
        return 1;
}

int store_verdict_each(Store* s, int64_t domain_id, int (*each)(const VerdictRow* row, void* userdata), void* userdata, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &verdict_each, BIND(INTEGER(domain, domain_id)), &q, reterr);
        if (r < 0)
                return r;
        while ((r = query_next(&q, reterr)) > 0) {
                VerdictRow row = verdict_borrow(&q);
                r = each(&row, userdata);
                if (r < 0)
                        return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot read verdicts");
        }
        return r;
}

STATEMENT(verdict_put,
          "INSERT INTO domain_verdict (domain_id, id, verdict, now, body, ignored, checked_at, since)"
          " VALUES (:domain, :id, :verdict, :answer, :body, :ignored, :checked, :since)"
          " ON CONFLICT (domain_id, id) DO UPDATE SET verdict = excluded.verdict, now = excluded.now, body = excluded.body,"
          " ignored = excluded.ignored, checked_at = excluded.checked_at, since = excluded.since");
int store_verdict_put(Store* s, int64_t domain_id, const VerdictRow* row, Error* reterr) {
        return store_run(s, &verdict_put,
                         BIND(INTEGER(domain, domain_id), TEXT(id, row->id), TEXT(verdict, row->verdict), TEXT(answer, row->now),
                              TEXT(body, row->body), TEXT(ignored, row->ignored), INTEGER(checked, row->checked_at), INTEGER(since, row->since)),
                         reterr);
}

STATEMENT(verdict_ignore, "UPDATE domain_verdict SET ignored = :ignored WHERE domain_id = :domain AND id = :id");
int store_verdict_ignore(Store* s, int64_t domain_id, const char* id, const char* ignored, Error* reterr) {
        return store_run(s, &verdict_ignore, BIND(INTEGER(domain, domain_id), TEXT(id, id), TEXT(ignored, ignored)), reterr);
}

STATEMENT(verdict_drop_older, "DELETE FROM domain_verdict WHERE domain_id = :domain AND (:before = 0 OR checked_at < :before)");
int store_verdict_drop_older(Store* s, int64_t domain_id, int64_t checked_before, Error* reterr) {
        return store_run(s, &verdict_drop_older, BIND(INTEGER(domain, domain_id), INTEGER(before, checked_before)), reterr);
}

/* --- the timeline --- */

STATEMENT(domain_change_add,
          "INSERT INTO domain_change (domain_id, at, kind, record, before, after, actor_id, actor, sentence)"
          " VALUES (:domain, :at, :kind, :record, :before, :after, :actor_id, :actor, :sentence)");
int store_domain_change_add(Store* s, int64_t domain_id, const DomainChange* c, Error* reterr) {
        return store_run(s, &domain_change_add,
                         BIND(INTEGER(domain, domain_id), INTEGER(at, c->at), TEXT(kind, c->kind), TEXT(record, c->record),
                              TEXT(before, c->before), TEXT(after, c->after), INTEGER_OR_NULL(actor_id, c->actor_id),
                              TEXT(actor, c->actor_id > 0 ? "" : strempty(c->actor)), TEXT(sentence, c->sentence)),
                         reterr);
}

#define CHANGE_FILTER \
        " c.domain_id = :domain AND (:q IS NULL OR c.sentence LIKE :q ESCAPE '\\' OR ifnull(c.record, '') LIKE :q ESCAPE '\\')"
STATEMENT(domain_change_list,
          "SELECT json_object('at', c.at, 'kind', c.kind, 'record', c.record, 'before', c.before, 'after', c.after, 'actor',"
          " coalesce(u.username, CASE WHEN c.actor_id IS NULL THEN c.actor ELSE '#' || c.actor_id END), 'sentence', c.sentence), c.id"
          " FROM domain_change AS c LEFT JOIN user AS u ON u.id = c.actor_id"
          " WHERE" CHANGE_FILTER " AND (:after IS NULL OR c.id < CAST(:after AS INTEGER)) ORDER BY c.id DESC LIMIT :limit");
STATEMENT(domain_change_total, "SELECT count(*) FROM domain_change AS c WHERE" CHANGE_FILTER);
int store_domain_change_list(Store* s, int64_t domain_id, const char* q, const char* after, unsigned limit, char** ret_json, Error* reterr) {
        _cleanup_free_ char* like = NULL;
        int r = like_pattern(q, &like);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list changes");
        return store_page(s, &domain_change_list,
                          BIND(INTEGER(domain, domain_id), TEXT(q, like), TEXT(after, isempty(after) ? NULL : after),
                               INTEGER(limit, (int64_t) limit + 1)),
                          &domain_change_total, BIND(INTEGER(domain, domain_id), TEXT(q, like)), limit, ret_json, reterr);
}

STATEMENT(domain_change_expire,
          "DELETE FROM domain_change WHERE at < :before OR id IN (SELECT id FROM (SELECT id, row_number() OVER"
          " (PARTITION BY domain_id ORDER BY id DESC) AS place FROM domain_change) WHERE place > :keep)");
int store_domain_change_expire(Store* s, int64_t before, unsigned keep, Error* reterr) {
        return store_run(s, &domain_change_expire, BIND(INTEGER(before, before), INTEGER(keep, keep)), reterr);
}

STATEMENT(domain_change_erase, "UPDATE domain_change SET actor_id = NULL, actor = '#' || actor_id WHERE actor_id = :user");
STATEMENT(domain_ignored_erase,
          "UPDATE domain_verdict SET ignored = json_set(ignored, '$.actor', '#' || :user) WHERE json_extract(ignored, '$.actor_id') = :user");
int store_domain_erase(Store* s, int64_t user_id, Error* reterr) {
        int r = store_run(s, &domain_change_erase, BIND(INTEGER(user, user_id)), reterr);
        return r < 0 ? r : store_run(s, &domain_ignored_erase, BIND(INTEGER(user, user_id)), reterr);
}

STATEMENT(domain_personal,
          "SELECT json_group_array(json_object('domain', d.name, 'at', c.at, 'sentence', c.sentence)) FROM domain_change AS c"
          " JOIN domain AS d ON d.id = c.domain_id WHERE c.actor_id = :user");
int store_domain_personal(Store* s, int64_t user_id, json_t** ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_get_text(s, &domain_personal, BIND(INTEGER(user, user_id)), &text, reterr);
        if (r < 0)
                return r;
        json_t* array = r > 0 ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : json_array();
        if (!array)
                return error_errno(reterr, -ENOMEM, "Cannot read changes");
        *ret = array;
        return 0;
}
