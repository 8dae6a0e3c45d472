/* Importing people from a table. Everything is checked before the first person is added; then they are added in portions, one short
 * transaction each, so that the loop is never held up. The journal names the numbers of the people added: a job that is killed goes on
 * behind the last portion, and one that fails or is cancelled takes them all away again. While it runs, those added so far can be seen, as
 * invited. */
#include "api/events.h"
#include "base/time.h"
#include "base/validate.h"
#include "store/store-group.h"
#include "user/csv.h"
#include "user/user.h"
#include <stdio.h>

#define IMPORT_ROWS_MAX 50000
#define IMPORT_CHECK_ROWS 1000 /* looked up in one step */
#define IMPORT_ADD_ROWS 500    /* added in one transaction; about 20 ms */
#define IMPORT_FAULTS_MAX 50   /* told of */

enum { STAGE_CHECK, STAGE_ADD };
enum { COLUMN_USERNAME, COLUMN_DISPLAY_NAME, COLUMN_EMAIL, COLUMN_ROLE, COLUMN_LANGUAGE, COLUMN_GROUPS, _COLUMN_MAX };
static const char* const column_names[_COLUMN_MAX] = { "username", "display_name", "email", "role", "language", "groups" };

typedef struct Table {
        CsvReader reader;
        int column[_COLUMN_MAX]; /* where it stands in a record; -1 = not there */
} Table;

static void table_done(Table* t) {
        csv_reader_done(&t->reader);
}

static const char* cell(const Table* t, int column) {
        int i = t->column[column];
        return i < 0 || (size_t) i >= t->reader.n_fields ? "" : csv_plain(t->reader.fields[i]);
}

/* Reads the header: the columns in any order, only username is needed. */
static int table_open(Table* t, const char* text, Error* reterr) {
        csv_reader_init(&t->reader, text, strlen(text));
        for (int c = 0; c < _COLUMN_MAX; c++)
                t->column[c] = -1;
        CsvResult result = csv_read(&t->reader);
        if (result != CSV_RECORD)
                return error_field(reterr, ERROR_BAD_FIELD, "csv", "The table has no header: %s.", csv_result_sentence(result));
        for (size_t i = 0; i < t->reader.n_fields; i++) {
                int c = 0;
                while (c < _COLUMN_MAX && !streq(column_names[c], t->reader.fields[i]))
                        c++;
                if (c == _COLUMN_MAX || t->column[c] >= 0)
                        return error_field(reterr, ERROR_BAD_FIELD, "csv", "The header has the column '%.32s', which is unknown or there twice.", t->reader.fields[i]);
                t->column[c] = (int) i;
        }
        if (t->column[COLUMN_USERNAME] < 0)
                return error_field(reterr, ERROR_BAD_FIELD, "csv", "The header has no column 'username'.");
        return 0;
}

static json_t* group_names(const char* text) {
        json_t* names = json_array();
        for (const char* p = text + strspn(text, " "); names && *p;) {
                size_t n = strcspn(p, " ");
                (void) json_array_append_new(names, json_stringn(p, n));
                p += n + strspn(p + n, " ");
        }
        return names;
}

/* Borrowed from the table, but for the groups. */
static void row_read(const Table* t, UserNew* ret, json_t** ret_groups) {
        const char *display_name = cell(t, COLUMN_DISPLAY_NAME), *role = cell(t, COLUMN_ROLE), *language = cell(t, COLUMN_LANGUAGE);
        *ret_groups = *cell(t, COLUMN_GROUPS) ? group_names(cell(t, COLUMN_GROUPS)) : NULL;
        *ret = (UserNew) {
                .username = cell(t, COLUMN_USERNAME),
                .display_name = *display_name ? display_name : NULL,
                .email = cell(t, COLUMN_EMAIL),
                .language = *language ? language : NULL,
                .role = *role ? role_from_string(role) : ROLE_USER,
                .groups = *ret_groups,
        };
}

/* The same whitelists as at the edge. */
static int row_check(const UserNew* n, Error* reterr) {
        if (!username_valid(n->username))
                return error_set(reterr, ERROR_BAD_FIELD, "'%.40s' is no user name", n->username);
        if (n->display_name && (strlen(n->display_name) > 128 || !utf8_valid(n->display_name, strlen(n->display_name)) ||
                                !text_valid(n->display_name, /* newlines= */ false)))
                return error_set(reterr, ERROR_BAD_FIELD, "the display name of %s is too long or has control characters", n->username);
        if (*n->email && !email_valid(n->email))
                return error_set(reterr, ERROR_BAD_FIELD, "'%.80s' is no e-mail address", n->email);
        if (n->role < 0)
                return error_set(reterr, ERROR_BAD_FIELD, "the role of %s is unknown", n->username);
        if (n->language && !language_valid(n->language))
                return error_set(reterr, ERROR_BAD_FIELD, "the language of %s is unknown", n->username);
        return 0;
}

static void fault(json_t* result, unsigned line, const char* text) {
        json_t* faults = json_object_get(result, "faults");
        (void) json_object_set_new(result, "faulty", json_integer(json_get_integer(result, "faulty", 0) + 1));
        size_t n = strlen(text);
        if (json_array_size(faults) < IMPORT_FAULTS_MAX) /* the sentence goes on behind it, so without its full stop */
                (void) json_array_append_new(
                                faults, json_pack("{s:i,s:s#}", "line", (int) line, "text", text, (int) (n - (n > 0 && text[n - 1] == '.'))));
}

typedef struct Seen {
        char* text;    /* owned, lower case */
        unsigned line;
} Seen;

static int seen_compare(const void* a, const void* b) {
        const Seen *x = a, *y = b;
        int order = strcmp(x->text, y->text);
        return order ? order : (x->line > y->line) - (x->line < y->line);
}

typedef struct SeenList {
        Seen* items;
        size_t n, room;
} SeenList;

static void seen_done(SeenList* l) {
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i].text);
        free(l->items);
}

static int seen_add(SeenList* l, const char* text, unsigned line) {
        if (l->n == l->room) {
                size_t room = l->room ? l->room * 2 : 256;
                Seen* items = reallocarray(l->items, room, sizeof(Seen));
                if (!items)
                        return -ENOMEM;
                l->items = items;
                l->room = room;
        }
        char* copy = strdup(text);
        if (!copy)
                return -ENOMEM;
        for (char* p = copy; *p; p++)
                *p = (char) (*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        l->items[l->n++] = (Seen) { copy, line };
        return 0;
}

static void seen_twice(SeenList* l, json_t* result) {
        if (l->n > 0) /* qsort() wants an array even where there is nothing to sort */
                qsort(l->items, l->n, sizeof(Seen), seen_compare);
        for (size_t i = 1; i < l->n; i++)
                if (streq(l->items[i].text, l->items[i - 1].text)) {
                        char text[320];
                        (void) snprintf(text, sizeof(text), "'%.254s' stands in line %u already", l->items[i].text, l->items[i - 1].line);
                        fault(result, l->items[i].line, text);
                }
}

/* First look: the shape of the whole table and what stands in it twice. Pure, so it may be done in one go: 10,000 rows take 10 ms. */
static int check_shape(Table* t, json_t* result, unsigned* ret_rows, Error* reterr) {
        _cleanup_(seen_done) SeenList names = {};
        _cleanup_(seen_done) SeenList emails = {};
        CsvResult c;
        while ((c = csv_read(&t->reader)) == CSV_RECORD) {
                _cleanup_json_ json_t* groups = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                UserNew n;
                row_read(t, &n, &groups);
                if (++*ret_rows > IMPORT_ROWS_MAX)
                        return error_field(reterr, ERROR_TOO_LARGE, "csv", "At most %d people can be imported at once.", IMPORT_ROWS_MAX);
                if (row_check(&n, &e) < 0)
                        fault(result, t->reader.line, e.message);
                if (seen_add(&names, n.username, t->reader.line) < 0 || (*n.email && seen_add(&emails, n.email, t->reader.line) < 0))
                        return error_errno(reterr, -ENOMEM, "Cannot check the table");
        }
        if (c != CSV_END)
                fault(result, t->reader.n_lines + 1, csv_result_sentence(c));
        seen_twice(&names, result);
        seen_twice(&emails, result);
        return 0;
}

/* Goes behind the rows that earlier steps did; the place is kept in the journal. */
static void table_seek(Table* t, const json_t* journal) {
        int64_t at = json_get_integer(journal, "at", 0);
        if (at > 0) {
                t->reader.at = MIN((size_t) at, t->reader.size);
                t->reader.n_lines = (unsigned) json_get_integer(journal, "line", 0);
        }
}

static void table_keep(const Table* t, json_t* journal, int64_t done) {
        (void) json_object_set_new(journal, "at", json_integer((json_int_t) t->reader.at));
        (void) json_object_set_new(journal, "line", json_integer(t->reader.n_lines));
        (void) json_object_set_new(journal, "done", json_integer(done));
}

/* Second look: against the people and groups that are here. 1 = all rows were looked at. */
static int check_names(Manager* m, Job* job, Table* t, Error* reterr) {
        int64_t done = json_get_integer(job->journal, "done", 0);
        table_seek(t, job->journal);
        for (size_t i = 0; i < IMPORT_CHECK_ROWS; i++) {
                _cleanup_json_ json_t* groups = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                UserNew n;
                if (csv_read(&t->reader) != CSV_RECORD)
                        return 1;
                row_read(t, &n, &groups);
                int r = user_check_new(m, &job->actor, &n, &e);
                if (r < 0 && (error_name_http(e.name) >= 500 || e.name == ERROR_STORE_BROKEN))
                        return error_set(reterr, e.name, "%s", e.message);
                if (r < 0)
                        fault(job->result, t->reader.line, e.message);
                done++;
        }
        table_keep(t, job->journal, done);
        return 0;
}

static int refuse(const Job* job, Error* reterr) {
        int64_t faulty = json_get_integer(job->result, "faulty", 0);
        const json_t* first = json_array_get(json_object_get(job->result, "faults"), 0);
        (void) error_set(reterr, ERROR_BAD_FIELD, "Nobody was added: %lld %s not right. Line %lld: %s.", (long long) faulty,
                         faulty == 1 ? "row is" : "rows are", (long long) json_get_integer(first, "line", 0), strempty(json_get_string(first, "text")));
        return error_hint(reterr, "The job's result lists them; mend the table and import it again.");
}

static int check_step(Manager* m, Job* job, Table* t, Error* reterr) {
        unsigned rows = 0;
        int r;
        if (!json_object_get(job->result, "rows")) {
                (void) json_object_set_new(job->result, "faults", json_array());
                r = check_shape(t, job->result, &rows, reterr);
                if (r < 0)
                        return r;
                (void) json_object_set_new(job->result, "rows", json_integer(rows));
                (void) json_object_set_new(job->result, "added", json_integer(0));
                (void) json_object_set_new(job->result, "dry_run", json_boolean(json_get_boolean(job->request, "dry_run", false)));
                r = json_get_integer(job->result, "faulty", 0) > 0; /* a crooked table is not compared with the store */
        } else
                r = check_names(m, job, t, reterr);
        job->percent = 10;
        if (r <= 0)
                return r;
        if (json_get_integer(job->result, "faulty", 0) > 0 && !json_get_boolean(job->request, "dry_run", false))
                return refuse(job, reterr);
        (void) json_object_clear(job->journal);
        return 1;
}

/* The numbers of a portion are in a row, because nobody else writes during its transaction. */
static void journal_range(json_t* journal, int64_t first, int64_t last) {
        json_t* ranges = json_object_get(journal, "ranges");
        if (!ranges)
                (void) json_object_set_new(journal, "ranges", ranges = json_array());
        (void) json_array_append_new(ranges, json_pack("[I,I]", (json_int_t) first, (json_int_t) last));
}

static int add_step(Manager* m, Job* job, Table* t, Error* reterr) {
        int64_t rows = json_get_integer(job->result, "rows", 0), done = json_get_integer(job->journal, "done", 0);
        int64_t first = 0, id = 0;
        bool end = false;
        if (json_get_boolean(job->request, "dry_run", false))
                return 1;
        table_seek(t, job->journal);
        for (size_t i = 0; i < IMPORT_ADD_ROWS; i++) {
                _cleanup_json_ json_t* groups = NULL;
                UserNew n;
                if ((end = csv_read(&t->reader) != CSV_RECORD))
                        break;
                row_read(t, &n, &groups);
                int r = user_add(m, &job->actor, &n, &id, reterr); /* checks once more: somebody may have come meanwhile */
                if (r < 0)
                        return error_context(reterr, "Line %u", t->reader.line);
                first = first ?: id;
                done++;
        }
        if (first)
                journal_range(job->journal, first, id);
        table_keep(t, job->journal, done);
        (void) json_object_set_new(job->result, "added", json_integer(done));
        job->percent = 10 + (unsigned) (done * 90 / MAX(rows, (int64_t) 1));
        if (!end)
                return 0;
        int r = store_user_import_forget(m->store, job->id, reterr);
        return r < 0 ? r : 1;
}

static int import_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_(table_done) Table t = {};
        int r = table_open(&t, strempty(json_get_string(job->request, "csv")), reterr);
        if (r < 0)
                return r;
        return job->stage == STAGE_CHECK ? check_step(m, job, &t, reterr) : add_step(m, job, &t, reterr);
}

static int import_undo(Manager* m, Job* job, Error* reterr) {
        size_t i;
        json_t* range;
        json_array_foreach(json_object_get(job->journal, "ranges"), i, range) {
                int r = store_user_remove_range(
                                m->store, json_integer_value(json_array_get(range, 0)), json_integer_value(json_array_get(range, 1)), reterr);
                if (r < 0)
                        return r;
        }
        if (m->events)
                events_changed(m->events, "user");
        (void) json_object_set_new(job->result, "added", json_integer(0));
        return MIN(store_user_import_forget(m->store, job->id, reterr), 0);
}

const JobClass user_import_job = { .step = import_step, .undo = import_undo };

/* ---- the way out ---- */

static int export_row(const User* u, const char* groups, void* data) {
        FILE* f = data;
        const char* const cells[_COLUMN_MAX] = { u->username, u->display_name, strempty(u->email), role_to_string(u->role), strempty(u->language), groups };
        for (int c = 0; c < _COLUMN_MAX; c++) {
                if (c > 0)
                        (void) fputc(',', f);
                csv_write(f, cells[c]);
        }
        (void) fputs("\r\n", f);
        return ferror(f) ? -ENOMEM : 0;
}

int user_export(Manager* m, char** ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return error_errno(reterr, -ENOMEM, "Cannot export people");
        (void) fputs("username,display_name,email,role,language,groups\r\n", f);
        int r = store_user_walk(m->store, export_row, f, reterr);
        if (fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot export people");
        *ret = TAKE_PTR(text);
        return 0;
}
