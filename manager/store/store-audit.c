#include "store/store-audit.h"
#include "store/store-internal.h"
#include <stdio.h>

#define AUDIT_COLUMNS "a.seq, a.at, coalesce(a.actor_id, 0), a.operation, a.actor_name, a.object, a.result, a.detail_hash, a.hash"

STATEMENT(audit_last, "SELECT " AUDIT_COLUMNS " FROM audit a ORDER BY seq DESC LIMIT 1");
STATEMENT(audit_insert,
          "INSERT INTO audit (seq, at, operation, actor_id, actor_name, object, result, detail_hash, hash) VALUES "
          "(:seq, :at, :operation, :actor_id, :actor_name, :object, :result, :detail_hash, :hash)");
STATEMENT(audit_detail_insert, "INSERT INTO audit_detail (seq, salt, detail) VALUES (:seq, :salt, :detail)");
STATEMENT(audit_walk,
          "SELECT " AUDIT_COLUMNS ", d.detail, d.salt FROM audit a LEFT JOIN audit_detail d USING (seq) "
          "WHERE a.seq >= :from ORDER BY a.seq LIMIT :count");
STATEMENT(audit_erase_person,
          "DELETE FROM audit_detail WHERE seq IN (SELECT seq FROM audit WHERE actor_id = :id UNION "
          "SELECT seq FROM audit WHERE object = '#' || :id)");
STATEMENT(audit_expire, "DELETE FROM audit_detail WHERE seq IN (SELECT seq FROM audit WHERE at < :before)");
/* One statement for every mix of filters: what is not asked for is NULL and costs nothing. People's numbers become their names here. */
#define AUDIT_WHERE                                                                                                          \
        "(:before IS NULL OR a.seq < :before) AND (:from IS NULL OR a.at >= :from) AND (:to IS NULL OR a.at <= :to) "        \
        "AND (:actor_id IS NULL OR a.actor_id = :actor_id) AND (:actor_name IS NULL OR a.actor_name = :actor_name) "         \
        "AND (:operation IS NULL OR a.operation = :operation OR a.operation GLOB :operation || '.*') "                       \
        "AND (:object IS NULL OR a.object = :object) AND (:result IS NULL OR a.result = :result) "                           \
        "AND (:q IS NULL OR instr(a.operation, :q) OR instr(a.object, :q) OR instr(a.actor_name, :q) OR "                    \
        "     instr(coalesce(u.username, ''), :q) OR instr(coalesce(d.detail, ''), :q))"
STATEMENT(audit_list,
          "SELECT json_group_array(json(line)), min(seq), count(*) FROM (SELECT a.seq AS seq, json_object('seq', a.seq, 'at', a.at, "
          "'operation', a.operation, 'actor', coalesce(u.username, CASE WHEN a.actor_id IS NULL THEN a.actor_name ELSE '#' || a.actor_id END), "
          "'object', coalesce((SELECT username FROM user WHERE a.object GLOB '#[0-9]*' AND id = CAST(substr(a.object, 2) AS INTEGER)), a.object), "
          "'result', a.result, 'detail', json(coalesce(d.detail, '{}')), 'erased', json(iif(d.seq IS NULL, 'true', 'false'))) AS line "
          "FROM audit a LEFT JOIN audit_detail d USING (seq) LEFT JOIN user u ON u.id = a.actor_id "
          "WHERE " AUDIT_WHERE " ORDER BY a.seq DESC LIMIT :limit)");
STATEMENT(audit_total, "SELECT count(*) FROM audit");

static char* copy_text(Query* q, int column) {
        return strdup(strempty(query_text(q, column)));
}

static int row_from(Query* q, AuditRow* ret, Error* reterr) {
        size_t detail_size, hash_size;
        const void* detail_hash = query_blob(q, 7, &detail_size);
        const void* hash = query_blob(q, 8, &hash_size);
        if (detail_size != sizeof(ret->detail_hash) || hash_size != sizeof(ret->hash))
                return error_set(reterr, ERROR_STORE_BROKEN, "Line %lld of the log has a hash of the wrong size.", (long long) query_integer(q, 0));
        ret->seq = query_integer(q, 0);
        ret->at = query_integer(q, 1);
        ret->actor_id = query_integer(q, 2);
        memcpy(ret->detail_hash, detail_hash, sizeof(ret->detail_hash));
        memcpy(ret->hash, hash, sizeof(ret->hash));
        return 0;
}

void audit_row_done(AuditRow* row) {
        free(row->operation);
        free(row->actor_name);
        free(row->object);
        free(row->result);
        *row = (AuditRow) {};
}

int store_audit_last(Store* s, AuditRow* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &audit_last, BIND_NONE, &q, reterr);
        if (r < 0 || (r = query_next(&q, reterr)) <= 0)
                return r;
        AuditRow row = {};
        r = row_from(&q, &row, reterr);
        if (r < 0)
                return r;
        row.operation = copy_text(&q, 3);
        row.actor_name = copy_text(&q, 4);
        row.object = copy_text(&q, 5);
        row.result = copy_text(&q, 6);
        *ret = row;
        return 1;
}

int store_audit_insert(Store* s, const AuditRow* row, const void* salt, size_t salt_size, const char* detail, Error* reterr) {
        int r = store_run(s, &audit_insert,
                          BIND(INTEGER(seq, row->seq), INTEGER(at, row->at), TEXT(operation, row->operation),
                               INTEGER_OR_NULL(actor_id, row->actor_id), TEXT(actor_name, row->actor_name), TEXT(object, row->object),
                               TEXT(result, row->result), BLOB(detail_hash, row->detail_hash, sizeof(row->detail_hash)),
                               BLOB(hash, row->hash, sizeof(row->hash))),
                          reterr);
        if (r < 0)
                return r;
        return store_run(s, &audit_detail_insert, BIND(INTEGER(seq, row->seq), BLOB(salt, salt, salt_size), TEXT(detail, detail)), reterr);
}

int store_audit_walk(Store* s, int64_t from, unsigned count, AuditVisit visit, void* userdata, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &audit_walk, BIND(INTEGER(from, from), INTEGER(count, count)), &q, reterr);
        while (r >= 0 && (r = query_next(&q, reterr)) > 0) {
                AuditRow row = {};
                r = row_from(&q, &row, reterr);
                if (r < 0)
                        return r;
                row.operation = (char*) strempty(query_text(&q, 3));
                row.actor_name = (char*) strempty(query_text(&q, 4));
                row.object = (char*) strempty(query_text(&q, 5));
                row.result = (char*) strempty(query_text(&q, 6));
                row.detail = query_text(&q, 9);
                row.salt = query_blob(&q, 10, &row.salt_size);
                r = visit(&row, userdata, reterr);
        }
        return MIN(r, 0);
}

int store_audit_erase_person(Store* s, int64_t user_id, Error* reterr) {
        return store_run(s, &audit_erase_person, BIND(INTEGER(id, user_id)), reterr);
}

int store_audit_expire_details(Store* s, int64_t before, Error* reterr) {
        return store_run(s, &audit_expire, BIND(INTEGER(before, before)), reterr);
}

int store_audit_list(Store* s, const AuditFilter* f, char** ret, int64_t* ret_next, int64_t* ret_total, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &audit_list,
                            BIND(INTEGER_OR_NULL(before, f->before), INTEGER(limit, f->limit), INTEGER_OR_NULL(from, f->from),
                                 INTEGER_OR_NULL(to, f->to), INTEGER_OR_NULL(actor_id, f->actor_id), TEXT(actor_name, f->actor_name),
                                 TEXT(operation, f->operation), TEXT(object, f->object), TEXT(result, f->result), TEXT(q, f->q)),
                            &q, reterr);
        if (r < 0 || (r = query_next(&q, reterr)) < 0)
                return r;
        assert(r > 0); /* an aggregate always has its row */
        char* text = strdup(query_text(&q, 0));
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot list the log");
        *ret = text;
        *ret_next = query_integer(&q, 2) == f->limit ? query_integer(&q, 1) : 0;
        r = store_get_integer(s, &audit_total, BIND_NONE, ret_total, reterr);
        if (r < 0)
                free(TAKE_PTR(*ret));
        return MIN(r, 0);
}
