#include "store/store-finding.h"
#include "store/store-internal.h"

STATEMENT(finding_ignored, "SELECT json_group_object(id, json_object('facts', facts, 'until', until_at)) FROM finding_ignored WHERE until_at > :now");
STATEMENT(finding_ignore,
          "INSERT INTO finding_ignored (id, facts, reason, until_at, actor) VALUES (:id, :facts, :reason, :until, :actor) "
          "ON CONFLICT (id) DO UPDATE SET facts = excluded.facts, reason = excluded.reason, until_at = excluded.until_at, actor = excluded.actor");
STATEMENT(finding_show, "DELETE FROM finding_ignored WHERE id = :id");
STATEMENT(finding_since, "SELECT json_group_object(id, since) FROM finding_since");
STATEMENT(finding_since_drop, "DELETE FROM finding_since WHERE id NOT IN (SELECT key FROM json_each(:since))");
STATEMENT(finding_since_add, "INSERT OR IGNORE INTO finding_since (id, since) SELECT key, value FROM json_each(:since)");

static int object_of(Store* s, const Statement* statement, const Binding* bindings, json_t** ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_get_text(s, statement, bindings, &text, reterr);
        return r < 0 ? r : json_parse_object(strempty(text), strlen(strempty(text)), ret, reterr);
}

int store_finding_ignored(Store* s, int64_t now, json_t** ret, Error* reterr) {
        return object_of(s, &finding_ignored, BIND(INTEGER(now, now)), ret, reterr);
}

int store_finding_ignore(Store* s, const char* id, const char* facts, const char* reason, int64_t until, const char* actor, Error* reterr) {
        return store_run(s, &finding_ignore,
                         BIND(TEXT(id, id), TEXT(facts, facts), TEXT(reason, reason), INTEGER(until, until), TEXT(actor, actor)), reterr);
}

int store_finding_show(Store* s, const char* id, Error* reterr) {
        return store_run(s, &finding_show, BIND(TEXT(id, id)), reterr);
}

int store_finding_since(Store* s, json_t** ret, Error* reterr) {
        return object_of(s, &finding_since, BIND_NONE, ret, reterr);
}

int store_finding_since_set(Store* s, const json_t* since, Error* reterr) {
        _cleanup_free_ char* text = json_text(since, /* canonical= */ true);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot remember findings");
        int r = store_run(s, &finding_since_drop, BIND(TEXT(since, text)), reterr);
        return r < 0 ? r : store_run(s, &finding_since_add, BIND(TEXT(since, text)), reterr);
}
