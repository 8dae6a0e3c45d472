#include "store/store-app.h"
#include "store/store-page.h"
#include "store/store-row.h"

/* --- rows --- */

#define TEXTS "id, origin, package, source, version, manifest, images, title, icon, name, shown, extra_names, access, state, wanted, gate," \
        " job, reason, settings, environment, limits, network_out, open_ports, muted, held_version"
#define NUMBERS "slot, maintenance, host_network, auto_update, held_until, soak_until, memory_peak, installed_at, answered_at"
#define COLUMNS TEXTS ", " NUMBERS

#define COLUMN(field) ROW_COLUMN(AppRow, field)
static const RowColumn texts[] = {
        COLUMN(id), COLUMN(origin), COLUMN(package), COLUMN(source), COLUMN(version), COLUMN(manifest), COLUMN(images), COLUMN(title),
        COLUMN(icon), COLUMN(name), COLUMN(shown), COLUMN(extra_names), COLUMN(access), COLUMN(state), COLUMN(wanted), COLUMN(gate),
        COLUMN(job), COLUMN(reason), COLUMN(settings), COLUMN(environment), COLUMN(limits), COLUMN(network_out), COLUMN(open_ports),
        COLUMN(muted), COLUMN(held_version),
};
static const RowColumn numbers[] = {
        COLUMN(slot), COLUMN(maintenance), COLUMN(host_network), COLUMN(auto_update), COLUMN(held_until), COLUMN(soak_until),
        COLUMN(memory_peak), COLUMN(installed_at), COLUMN(answered_at),
};
#define N_COLUMNS (ELEMENTS(texts) + ELEMENTS(numbers))

static const RowShape app_shape = {
        .what = "apps", .size = sizeof(AppRow), .texts = texts, .texts_n = ELEMENTS(texts), .numbers = numbers, .numbers_n = ELEMENTS(numbers),
};

STATEMENT(app_get, "SELECT " COLUMNS " FROM app WHERE id = :id");
STATEMENT(app_by_name,
          "SELECT " COLUMNS " FROM app WHERE name = :name OR EXISTS (SELECT 1 FROM json_each(extra_names) WHERE value = :name)");
STATEMENT(app_all, "SELECT " COLUMNS " FROM app ORDER BY title COLLATE NOCASE, id");
STATEMENT(app_names, "SELECT id, name, shown, extra_names FROM app ORDER BY name");
STATEMENT(app_titles, "SELECT id, title, name FROM app ORDER BY title COLLATE NOCASE, id");
STATEMENT(app_count, "SELECT count(*) FROM app");
STATEMENT(app_add,
          "INSERT INTO app (" COLUMNS ") VALUES (:id, :origin, :package, :source, :version, :manifest, :images, :title, :icon, :name, :shown,"
          " :extra_names, :access, :state, :wanted, :gate, :job, :reason, :settings, :environment, :limits, :network_out, :open_ports, :muted,"
          " :held_version, :slot, :maintenance, :host_network, :auto_update, nullif(:held_until, 0), nullif(:soak_until, 0),"
          " :memory_peak, :installed_at, nullif(:answered_at, 0))");
STATEMENT(app_save,
          "UPDATE app SET origin = :origin, package = :package, source = :source, version = :version, manifest = :manifest, images = :images,"
          " title = :title, icon = :icon, name = :name, shown = :shown, extra_names = :extra_names, access = :access, state = :state,"
          " wanted = :wanted, gate = :gate, job = :job, reason = :reason, settings = :settings, environment = :environment, limits = :limits,"
          " network_out = :network_out, open_ports = :open_ports, muted = :muted, held_version = :held_version,"
          " slot = :slot, maintenance = :maintenance, host_network = :host_network, auto_update = :auto_update,"
          " held_until = nullif(:held_until, 0), soak_until = nullif(:soak_until, 0), installed_at = :installed_at WHERE id = :id");
STATEMENT(app_remove, "DELETE FROM app WHERE id = :id");
STATEMENT(app_free_slot,
          "WITH RECURSIVE n (slot) AS (SELECT 1 UNION ALL SELECT slot + 1 FROM n WHERE slot < :max) SELECT slot FROM n"
          " WHERE slot NOT IN (SELECT slot FROM app) AND slot NOT IN (SELECT slot FROM app_point) LIMIT 1");
STATEMENT(app_answered, "UPDATE app SET answered_at = :at WHERE id = :id");
STATEMENT(app_use, "SELECT use_hours FROM app WHERE id = :id");
STATEMENT(app_used, "UPDATE app SET use_hours = :use, memory_peak = max(memory_peak, :peak) WHERE id = :id");

void app_row_done(AppRow* row) {
        row_done(&app_shape, row);
}

void app_rows_done(AppRows* rows) {
        rows_done(&app_shape, rows->items, rows->count);
        *rows = (AppRows) {};
}

int app_row_text(char** field, const char* value) {
        char* copy = strdup(strempty(value));
        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

int store_app_get(Store* s, const char* id, AppRow* ret, Error* reterr) {
        return row_get(s, &app_get, BIND(TEXT(id, id)), &app_shape, ret, reterr);
}

int store_app_by_name(Store* s, const char* name, AppRow* ret, Error* reterr) {
        return row_get(s, &app_by_name, BIND(TEXT(name, name)), &app_shape, ret, reterr);
}

static int list(Store* s, const Statement* statement, const RowShape* shape, AppRows* ret, Error* reterr) {
        void* items = NULL;
        size_t n = 0;
        int r = rows_get(s, statement, BIND_NONE, shape, &items, &n, reterr);
        if (r >= 0)
                *ret = (AppRows) { .items = items, .count = n };
        return r;
}

int store_app_all(Store* s, AppRows* ret, Error* reterr) {
        return list(s, &app_all, &app_shape, ret, reterr);
}

int store_app_names(Store* s, AppRows* ret, Error* reterr) {
        static const RowColumn some[] = { COLUMN(id), COLUMN(name), COLUMN(shown), COLUMN(extra_names) };
        static const RowShape shape = { .what = "apps", .size = sizeof(AppRow), .texts = some, .texts_n = ELEMENTS(some) };
        return list(s, &app_names, &shape, ret, reterr);
}

int store_app_titles(Store* s, AppRows* ret, Error* reterr) {
        static const RowColumn some[] = { COLUMN(id), COLUMN(title), COLUMN(name) };
        static const RowShape shape = { .what = "apps", .size = sizeof(AppRow), .texts = some, .texts_n = ELEMENTS(some) };
        return list(s, &app_titles, &shape, ret, reterr);
}

int store_app_count(Store* s, int64_t* ret, Error* reterr) {
        return store_get_integer(s, &app_count, BIND_NONE, ret, reterr);
}

/* What others write while a job holds its copy of the row. */
static bool is_measured(const RowColumn* c) {
        return streq(c->name, ":memory_peak") || streq(c->name, ":answered_at");
}

static int write_row(Store* s, const Statement* statement, const AppRow* row, bool measured, Error* reterr) {
        Binding bindings[N_COLUMNS + 1];
        size_t n = 0;
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (measured || !is_measured(&texts[i]))
                        bindings[n++] = (Binding) {
                        .type = BINDING_TEXT, .name = texts[i].name,
                        .data = strempty(*(char* const*) ((const char*) row + texts[i].offset)) };
        for (size_t i = 0; i < ELEMENTS(numbers); i++)
                if (measured || !is_measured(&numbers[i]))
                        bindings[n++] = (Binding) {
                        .type = BINDING_INTEGER, .name = numbers[i].name,
                        .integer = *(const int64_t*) ((const char*) row + numbers[i].offset) };
        bindings[n] = (Binding) { .type = BINDING_END };
        return store_run(s, statement, bindings, reterr);
}

int store_app_add(Store* s, const AppRow* row, Error* reterr) {
        return write_row(s, &app_add, row, /* measured= */ true, reterr);
}

int store_app_save(Store* s, const AppRow* row, Error* reterr) {
        return write_row(s, &app_save, row, /* measured= */ false, reterr);
}

int store_app_remove(Store* s, const char* id, Error* reterr) {
        return store_run(s, &app_remove, BIND(TEXT(id, id)), reterr);
}

int store_app_free_slot(Store* s, int64_t max, int64_t* ret, Error* reterr) {
        *ret = 0;
        int r = store_get_integer(s, &app_free_slot, BIND(INTEGER(max, max)), ret, reterr);
        return MIN(r, 0);
}

int store_app_answered(Store* s, const char* id, int64_t at, Error* reterr) {
        return store_run(s, &app_answered, BIND(TEXT(id, id), INTEGER(at, at)), reterr);
}

int store_app_use(Store* s, const char* id, char** ret, Error* reterr) {
        return store_get_text(s, &app_use, BIND(TEXT(id, id)), ret, reterr);
}

int store_app_used(Store* s, const char* id, const char* use_hours, int64_t memory_peak, Error* reterr) {
        return store_run(s, &app_used, BIND(TEXT(id, id), TEXT(use, use_hours), INTEGER(peak, memory_peak)), reterr);
}

static int get_array(Store* s, const Statement* statement, const Binding* bindings, json_t** ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_get_text(s, statement, bindings, &text, reterr);
        if (r < 0)
                return r;
        json_t* value = r > 0 ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : json_array();
        if (!value)
                return error_errno(reterr, -ENOMEM, "Cannot read apps");
        *ret = value;
        return 0;
}

/* --- secrets --- */

STATEMENT(app_secret_set,
          "INSERT INTO app_secret (app_id, key, value) VALUES (:app, :key, :value)"
          " ON CONFLICT (app_id, key) DO UPDATE SET value = excluded.value");
STATEMENT(app_secret_get, "SELECT value FROM app_secret WHERE app_id = :app AND key = :key");
STATEMENT(app_secret_remove, "DELETE FROM app_secret WHERE app_id = :app AND key = :key");
STATEMENT(app_secret_each, "SELECT app_id, key, value FROM app_secret WHERE :app IS NULL OR app_id = :app ORDER BY app_id, key");

int store_app_secret_set(Store* s, const char* app, const char* key, const void* value, size_t size, Error* reterr) {
        return store_run(s, &app_secret_set, BIND(TEXT(app, app), TEXT(key, key), BLOB(value, value, size)), reterr);
}

int store_app_secret_get(Store* s, const char* app, const char* key, void** ret, size_t* ret_size, Error* reterr) {
        _cleanup_query_ Query q = {};
        size_t size = 0;
        int r = query_begin(s, &app_secret_get, BIND(TEXT(app, app), TEXT(key, key)), &q, reterr);
        if (r >= 0)
                r = query_next(&q, reterr);
        if (r <= 0)
                return r;
        const void* blob = query_blob(&q, 0, &size);
        void* copy = malloc(size + 1);
        if (!copy)
                return error_errno(reterr, -ENOMEM, "Cannot read a secret");
        memcpy(copy, blob ?: "", blob ? size : 0);
        *ret = copy;
        *ret_size = size;
        return 1;
}

int store_app_secret_remove(Store* s, const char* app, const char* key, Error* reterr) {
        return store_run(s, &app_secret_remove, BIND(TEXT(app, app), TEXT(key, key)), reterr);
}

int store_app_secret_each(Store* s, const char* app, AppSecretEach each, void* userdata, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &app_secret_each, BIND(TEXT(app, app)), &q, reterr);
        if (r < 0)
                return r;
        while ((r = query_next(&q, reterr)) > 0) {
                size_t size = 0;
                const void* value = query_blob(&q, 2, &size);
                r = each(query_text(&q, 0), query_text(&q, 1), value, size, userdata);
                if (r < 0)
                        return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot read secrets");
        }
        return r;
}

/* --- who may --- */

STATEMENT(app_groups,
          "SELECT json_group_array(name) FROM (SELECT g.name FROM app_group AS a JOIN user_group AS g ON g.id = a.group_id"
          " WHERE a.app_id = :app ORDER BY g.name)");
STATEMENT(app_groups_clear, "DELETE FROM app_group WHERE app_id = :app");
STATEMENT(app_groups_add,
          "INSERT OR IGNORE INTO app_group (app_id, group_id) SELECT :app, id FROM user_group WHERE name IN (SELECT value FROM json_each(:names))");
STATEMENT(app_operators,
          "SELECT json_group_array(username) FROM (SELECT u.username FROM app_operator AS a JOIN user AS u ON u.id = a.user_id"
          " WHERE a.app_id = :app ORDER BY u.username)");
STATEMENT(app_operators_clear, "DELETE FROM app_operator WHERE app_id = :app");
STATEMENT(app_operators_add,
          "INSERT OR IGNORE INTO app_operator (app_id, user_id) SELECT :app, id FROM user WHERE username IN (SELECT value FROM json_each(:names))");
STATEMENT(app_is_operator, "SELECT 1 FROM app_operator WHERE app_id = :app AND user_id = :user");
STATEMENT(app_is_member,
          "SELECT 1 FROM app_group AS a JOIN user_group_member AS m ON m.group_id = a.group_id WHERE a.app_id = :app AND m.user_id = :user LIMIT 1");
STATEMENT(app_user_unknown, "SELECT value FROM json_each(:names) WHERE value NOT IN (SELECT username FROM user) LIMIT 1");

int store_app_groups(Store* s, const char* app, json_t** ret, Error* reterr) {
        return get_array(s, &app_groups, BIND(TEXT(app, app)), ret, reterr);
}

static int replace_names(Store* s, const Statement* clear, const Statement* add, const char* app, const json_t* names, Error* reterr) {
        _cleanup_free_ char* text = json_text(names, /* canonical= */ false);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot change an app");
        int r = store_run(s, clear, BIND(TEXT(app, app)), reterr);
        return r < 0 ? r : store_run(s, add, BIND(TEXT(app, app), TEXT(names, text)), reterr);
}

int store_app_groups_set(Store* s, const char* app, const json_t* names, Error* reterr) {
        return replace_names(s, &app_groups_clear, &app_groups_add, app, names, reterr);
}

int store_app_operators(Store* s, const char* app, json_t** ret, Error* reterr) {
        return get_array(s, &app_operators, BIND(TEXT(app, app)), ret, reterr);
}

int store_app_operators_set(Store* s, const char* app, const json_t* usernames, Error* reterr) {
        return replace_names(s, &app_operators_clear, &app_operators_add, app, usernames, reterr);
}

int store_app_is_operator(Store* s, const char* app, int64_t user_id, Error* reterr) {
        int64_t yes = 0;
        return store_get_integer(s, &app_is_operator, BIND(TEXT(app, app), INTEGER(user, user_id)), &yes, reterr);
}

int store_app_is_member(Store* s, const char* app, int64_t user_id, Error* reterr) {
        int64_t yes = 0;
        return store_get_integer(s, &app_is_member, BIND(TEXT(app, app), INTEGER(user, user_id)), &yes, reterr);
}

int store_app_user_unknown(Store* s, const json_t* usernames, char** ret, Error* reterr) {
        _cleanup_free_ char* text = json_text(usernames, /* canonical= */ false);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot look for people");
        return store_get_text(s, &app_user_unknown, BIND(TEXT(names, text)), ret, reterr);
}

/* --- versions --- */

#define VERSION_COLUMNS "app_id, version, manifest, images, point, since, left_at, kept_until"
STATEMENT(app_version_get, "SELECT " VERSION_COLUMNS " FROM app_version WHERE app_id = :app AND version = :version");
STATEMENT(app_version_each,
          "SELECT " VERSION_COLUMNS " FROM app_version WHERE :app IS NULL OR app_id = :app ORDER BY app_id, ifnull(left_at, 0) DESC, version DESC");
STATEMENT(app_version_put,
          "INSERT INTO app_version (" VERSION_COLUMNS ") VALUES (:app, :version, :manifest, :images, :point, :since, nullif(:left, 0),"
          " nullif(:kept, 0)) ON CONFLICT (app_id, version) DO UPDATE SET manifest = excluded.manifest, images = excluded.images,"
          " point = excluded.point, since = excluded.since, left_at = excluded.left_at, kept_until = excluded.kept_until");
STATEMENT(app_version_remove, "DELETE FROM app_version WHERE app_id = :app AND version = :version");

#define COLUMN_OF_VERSION(field) ROW_COLUMN(AppVersionRow, field)
static const RowColumn version_texts[] = {
        COLUMN_OF_VERSION(app_id), COLUMN_OF_VERSION(version), COLUMN_OF_VERSION(manifest), COLUMN_OF_VERSION(images),
        COLUMN_OF_VERSION(point),
};
static const RowColumn version_numbers[] = { COLUMN_OF_VERSION(since), COLUMN_OF_VERSION(left_at), COLUMN_OF_VERSION(kept_until) };
static const RowShape version_shape = {
        .what = "versions", .size = sizeof(AppVersionRow), .texts = version_texts, .texts_n = ELEMENTS(version_texts),
        .numbers = version_numbers, .numbers_n = ELEMENTS(version_numbers),
};

void app_version_row_done(AppVersionRow* row) {
        row_done(&version_shape, row);
}

int store_app_version_get(Store* s, const char* app, const char* version, AppVersionRow* ret, Error* reterr) {
        return row_get(s, &app_version_get, BIND(TEXT(app, app), TEXT(version, version)), &version_shape, ret, reterr);
}

int store_app_version_put(Store* s, const AppVersionRow* row, Error* reterr) {
        return store_run(s, &app_version_put, BIND(
                TEXT(app, row->app_id), TEXT(version, row->version), TEXT(manifest, row->manifest), TEXT(images, row->images),
                TEXT(point, strempty(row->point)), INTEGER(since, row->since), INTEGER(left, row->left_at), INTEGER(kept, row->kept_until)), reterr);
}

int store_app_version_remove(Store* s, const char* app, const char* version, Error* reterr) {
        return store_run(s, &app_version_remove, BIND(TEXT(app, app), TEXT(version, version)), reterr);
}

int store_app_version_each(Store* s, const char* app, AppVersionEach each, void* userdata, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &app_version_each, BIND(TEXT(app, app)), &q, reterr);
        if (r < 0)
                return r;
        while ((r = query_next(&q, reterr)) > 0) {
                AppVersionRow row;
                row_borrow(&q, &version_shape, &row);
                r = each(&row, userdata);
                if (r < 0)
                        return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot read versions");
        }
        return r;
}

/* --- points --- */

#define POINT_COLUMNS "id, app_id, kind, record, version, title, name, slot, size, created_at, kept_until"
STATEMENT(app_point_get, "SELECT " POINT_COLUMNS " FROM app_point WHERE id = :id");
STATEMENT(app_point_each,
          "SELECT " POINT_COLUMNS " FROM app_point WHERE (:app IS NULL OR app_id = :app) AND (:kind IS NULL OR kind = :kind)"
          " AND (:before = 0 OR kept_until < :before) ORDER BY created_at DESC, id");
STATEMENT(app_point_put,
          "INSERT INTO app_point (" POINT_COLUMNS ") VALUES (:id, :app, :kind, :record, :version, :title, :name, :slot, :size, :created, :kept)"
          " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, record = excluded.record, version = excluded.version, title = excluded.title,"
          " name = excluded.name, size = excluded.size, created_at = excluded.created_at, kept_until = excluded.kept_until");
STATEMENT(app_point_remove, "DELETE FROM app_point WHERE id = :id");

#define COLUMN_OF_POINT(field) ROW_COLUMN(AppPointRow, field)
static const RowColumn point_texts[] = {
        COLUMN_OF_POINT(id), COLUMN_OF_POINT(app_id), COLUMN_OF_POINT(kind), COLUMN_OF_POINT(record), COLUMN_OF_POINT(version),
        COLUMN_OF_POINT(title), COLUMN_OF_POINT(name),
};
static const RowColumn point_numbers[] = {
        COLUMN_OF_POINT(slot), COLUMN_OF_POINT(size), COLUMN_OF_POINT(created_at), COLUMN_OF_POINT(kept_until),
};
static const RowShape point_shape = {
        .what = "what was put aside", .size = sizeof(AppPointRow), .texts = point_texts, .texts_n = ELEMENTS(point_texts),
        .numbers = point_numbers, .numbers_n = ELEMENTS(point_numbers),
};

void app_point_row_done(AppPointRow* row) {
        row_done(&point_shape, row);
}

int store_app_point_get(Store* s, const char* id, AppPointRow* ret, Error* reterr) {
        return row_get(s, &app_point_get, BIND(TEXT(id, id)), &point_shape, ret, reterr);
}

int store_app_point_put(Store* s, const AppPointRow* row, Error* reterr) {
        return store_run(s, &app_point_put, BIND(
                TEXT(id, row->id), TEXT(app, row->app_id), TEXT(kind, row->kind), TEXT(record, row->record), TEXT(version, row->version),
                TEXT(title, row->title), TEXT(name, row->name), INTEGER(slot, row->slot), INTEGER(size, row->size),
                INTEGER(created, row->created_at), INTEGER(kept, row->kept_until)), reterr);
}

int store_app_point_remove(Store* s, const char* id, Error* reterr) {
        return store_run(s, &app_point_remove, BIND(TEXT(id, id)), reterr);
}

int store_app_point_each(Store* s, const char* app, const char* kind, int64_t before, AppPointEach each, void* userdata, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, &app_point_each, BIND(TEXT(app, app), TEXT(kind, kind), INTEGER(before, before)), &q, reterr);
        if (r < 0)
                return r;
        while ((r = query_next(&q, reterr)) > 0) {
                AppPointRow row;
                row_borrow(&q, &point_shape, &row);
                r = each(&row, userdata);
                if (r < 0)
                        return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot read what was put aside");
        }
        return r;
}

/* --- the timeline --- */

STATEMENT(app_event_add,
          "INSERT INTO app_event (app_id, at, kind, severity, actor_id, actor, sentence) VALUES (:app, :at, :kind, :severity, :actor_id, :actor,"
          " :sentence)");
#define EVENT_FILTER " e.app_id = :app AND (:q IS NULL OR e.sentence LIKE :q ESCAPE '\\')"
STATEMENT(app_event_list,
          "SELECT json_object('at', e.at, 'kind', e.kind, 'severity', e.severity, 'actor', coalesce(u.username, CASE WHEN e.actor_id IS NULL THEN"
          " e.actor ELSE '#' || e.actor_id END), 'sentence', e.sentence), e.id FROM app_event AS e LEFT JOIN user AS u ON u.id = e.actor_id"
          " WHERE" EVENT_FILTER " AND (:after IS NULL OR e.id < CAST(:after AS INTEGER)) ORDER BY e.id DESC LIMIT :limit");
STATEMENT(app_event_total, "SELECT count(*) FROM app_event AS e WHERE" EVENT_FILTER);
STATEMENT(app_event_expire,
          "DELETE FROM app_event WHERE at < :before OR id IN (SELECT id FROM (SELECT id, row_number() OVER"
          " (PARTITION BY app_id ORDER BY id DESC) AS place FROM app_event) WHERE place > :keep)");
STATEMENT(app_personal,
          "SELECT json_object('operates', (SELECT json_group_array(app_id) FROM app_operator WHERE user_id = :user), 'did',"
          " (SELECT json_group_array(json_object('app', app_id, 'at', at, 'sentence', sentence)) FROM app_event WHERE actor_id = :user))");
STATEMENT(app_erase, "UPDATE app_event SET actor_id = NULL, actor = '#' || actor_id WHERE actor_id = :user");

int store_app_event_add(Store* s, const char* app, int64_t at, const char* kind, const char* severity, int64_t actor_id, const char* actor, const char* sentence, Error* reterr) {
        return store_run(s, &app_event_add, BIND(
                TEXT(app, app), INTEGER(at, at), TEXT(kind, kind), TEXT(severity, severity), INTEGER_OR_NULL(actor_id, actor_id),
                TEXT(actor, actor_id > 0 ? "" : strempty(actor)), TEXT(sentence, sentence)), reterr);
}

int store_app_event_list(Store* s, const char* app, const char* q, const char* after, unsigned limit, char** ret_json, Error* reterr) {
        _cleanup_free_ char* like = NULL;
        int r = like_pattern(q, &like);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list what happened");
        return store_page(s, &app_event_list,
                          BIND(TEXT(app, app), TEXT(q, like), TEXT(after, isempty(after) ? NULL : after), INTEGER(limit, (int64_t) limit + 1)),
                          &app_event_total, BIND(TEXT(app, app), TEXT(q, like)), limit, ret_json, reterr);
}

int store_app_event_expire(Store* s, int64_t before, unsigned keep, Error* reterr) {
        return store_run(s, &app_event_expire, BIND(INTEGER(before, before), INTEGER(keep, keep)), reterr);
}

int store_app_personal(Store* s, int64_t user_id, json_t** ret, Error* reterr) {
        return get_array(s, &app_personal, BIND(INTEGER(user, user_id)), ret, reterr);
}

int store_app_erase(Store* s, int64_t user_id, Error* reterr) {
        return store_run(s, &app_erase, BIND(INTEGER(user, user_id)), reterr);
}
