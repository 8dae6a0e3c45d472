#include "store/store-start.h"
#include "store/store-internal.h"
#include <stdio.h>

STATEMENT(start_add, "INSERT INTO start (kind, at, boot_id, release, before) VALUES (:kind, :at, :boot_id, :release, :before)");
STATEMENT(start_last_boot, "SELECT boot_id FROM start WHERE kind = 'manager' ORDER BY id DESC LIMIT 1");
STATEMENT(start_list,
        "SELECT json_group_array(json_object('kind', kind, 'at', at, 'release', release, 'before', before)) FROM "
        "(SELECT * FROM start ORDER BY id DESC LIMIT :limit)");
STATEMENT(start_before, "SELECT before, at FROM start WHERE kind = 'manager' ORDER BY id DESC LIMIT 1");
STATEMENT(start_expire, "DELETE FROM start WHERE id <= (SELECT max(id) FROM start) - :keep");

int store_start_add(Store* s, const StartRow* row, Error* reterr) {
        return store_run(s, &start_add, BIND(
                TEXT(kind, row->kind), INTEGER(at, row->at), TEXT(boot_id, row->boot_id), TEXT(release, row->release),
                TEXT(before, row->before)), reterr);
}

int store_start_last_boot(Store* s, char ret[static START_BOOT_ID_BYTES], Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_get_text(s, &start_last_boot, BIND_NONE, &text, reterr);
        if (r > 0)
                (void) snprintf(ret, START_BOOT_ID_BYTES, "%s", text);
        return r;
}

int store_start_list(Store* s, unsigned limit, json_t** ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_get_text(s, &start_list, BIND(INTEGER(limit, limit)), &text, reterr);
        if (r < 0)
                return r;
        json_t* array = text ? json_loads(text, 0, NULL) : json_array();
        if (!array)
                return error_errno(reterr, -ENOMEM, "Cannot list the starts");
        *ret = array;
        return 0;
}

int store_start_before(Store* s, char** ret, int64_t* ret_at, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &start_before, BIND_NONE, &q, reterr);
        if (r < 0)
                return r;
        r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        char* before = strdup(query_text(&q, 0));
        if (!before)
                return error_errno(reterr, -ENOMEM, "Cannot read the starts");
        *ret = before;
        *ret_at = query_integer(&q, 1);
        return 1;
}

int store_start_expire(Store* s, unsigned keep, Error* reterr) {
        return store_run(s, &start_expire, BIND(INTEGER(keep, keep)), reterr);
}
