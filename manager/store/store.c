#include "store/store-internal.h"
#include "base/secret.h"
#include "store/migrations.h"
#include "store/store-page.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define STATEMENTS_MAX 256
#define LOG_PAGES_LONG 1000 /* 4 MiB: then it is copied into the file */
#define LOG_KEPT_BYTES 16777216 /* as journal_size_limit: the log is never cut below this while it is open */
#define CHECK_AT_START_BYTES (32 * 1024 * 1024) /* quick_check of this much takes about 50 ms */

struct Store {
        sqlite3* db;
        char* path;
        uint64_t generation;
        bool transaction;
        int log_pages; /* in the write-ahead log after the last commit */
        uint64_t log_again_usec; /* CLOCK_MONOTONIC: it could not be copied, and is not tried before then */
        void (*written)(void* userdata);
        void* written_userdata;
        void (*full)(void* userdata);
        void* full_userdata;
        int log_fd; /* of the log, once syncing is deferred */
        Memo* memo; /* lists answered lately */
        struct {
                const Statement* key;
                sqlite3_stmt* value;
        } cache[STATEMENTS_MAX]; /* open addressing by the statement's address */
};

static const char store_schema[] =
#include "manager/store/schema.inc"
        ;

static bool is_full(Store* s, int code) {
        int e = sqlite3_system_errno(s->db);
        return (code & 0xff) == SQLITE_FULL ||
               (((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) && (e == ENOSPC || e == EDQUOT));
}

static int store_error(Store* s, int code, Error* reterr) {
        if (is_full(s, code)) {
                if (s->full)
                        s->full(s->full_userdata);
                return error_set(reterr, ERROR_STORAGE_FULL, "The disk is full, so nothing was changed. Free some space; no restart is needed.");
        }
        switch (code & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return error_set(reterr, ERROR_STORE_BROKEN, "The store %s is damaged: %s.", s->path, sqlite3_errmsg(s->db));
        case SQLITE_CONSTRAINT:
                return error_set(reterr, ERROR_CONFLICT, "This conflicts with what is there.");
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return error_set(reterr, ERROR_BUSY, "The store is in use by another program.");
        case SQLITE_IOERR:
                return error_set(reterr, ERROR_INTERNAL, "The disk refuses: %s.", sqlite3_errmsg(s->db));
        default:
                return error_set(reterr, ERROR_INTERNAL, "The store refuses: %s.", sqlite3_errmsg(s->db));
        }
}

static int execute(Store* s, const char* sql, Error* reterr) {
        int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
        return code == SQLITE_OK ? 0 : store_error(s, code, reterr);
}

static int on_commit(void* userdata) {
        Store* s = userdata;
        s->generation++;
        return 0;
}

static int on_log(void* userdata, sqlite3* db, const char* name, int pages) {
        Store* s = userdata;
        s->log_pages = pages;
        if (s->written)
                s->written(s->written_userdata);
        return SQLITE_OK;
}

static int integer_of(Store* s, const char* sql, int64_t* ret, Error* reterr) {
        sqlite3_stmt* statement = NULL;
        int code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
                *ret = sqlite3_column_int64(statement, 0);
                code = SQLITE_OK;
        } else if (code == SQLITE_DONE) {
                *ret = 0;
                code = SQLITE_OK;
        }
        (void) sqlite3_finalize(statement);
        return code == SQLITE_OK ? 0 : store_error(s, code, reterr);
}

/* Every pragma of the project. FULL, because an acknowledged write must outlive a power cut; a small cache, because the kernel has one. */
static int configure(Store* s, Error* reterr) {
        static const char sql[] =
                "PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                "PRAGMA cache_size = -512; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0;"
                "PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 0; PRAGMA cell_size_check = ON;";
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void) sqlite3_extended_result_codes(s->db, 1);
        return execute(s, sql, reterr);
}

/* Each step is one transaction together with its number, so that a kill leaves the old or the new schema. */
static int migrate(Store* s, Error* reterr) {
        int64_t version = 0, least = 0;
        int r = integer_of(s, "PRAGMA user_version", &version, reterr);
        if (r < 0)
                return r;
        if (version > STORE_VERSION) {
                r = integer_of(s, "SELECT value FROM meta WHERE key = 'least_version'", &least, reterr);
                if (r < 0)
                        return r;
                if (least > STORE_VERSION)
                        return error_set(reterr, ERROR_STORE_NEWER,
                                         "The store %s has schema %lld and this release knows %d. Install the newer release again, or "
                                         "restore a backup made with this one; nothing was changed.",
                                         s->path, (long long) version, STORE_VERSION);
                return 0; /* a newer release widened it and said that we may go on */
        }
        while (version < STORE_VERSION) {
                char number[64];
                int64_t next = version == 0 ? STORE_VERSION : version + 1; /* schema.sql is already today's */
                (void) snprintf(number, sizeof(number), "PRAGMA user_version = %lld", (long long) next);
                r = execute(s, "BEGIN IMMEDIATE", reterr);
                if (r >= 0)
                        r = execute(s, version == 0 ? store_schema : store_migrations[version - 1], reterr);
                if (r >= 0)
                        r = execute(s, number, reterr);
                if (r >= 0)
                        r = execute(s, "COMMIT", reterr);
                if (r < 0) {
                        (void) execute(s, "ROLLBACK", NULL);
                        return error_context(reterr, "Moving the store to schema %lld", (long long) next);
                }
                version = next;
        }
        return 0;
}

int store_check(Store* s, Error* reterr) {
        sqlite3_stmt* statement = NULL;
        int code = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &statement, NULL), r = 0;
        if (code == SQLITE_OK)
                code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
                r = store_error(s, code, reterr);
        else {
                const char* verdict = (const char*) sqlite3_column_text(statement, 0);
                if (!streq_ptr(verdict, "ok"))
                        r = error_set(reterr, ERROR_STORE_BROKEN, "The store %s is damaged: %.200s.", s->path, strempty(verdict));
        }
        (void) sqlite3_finalize(statement);
        return r;
}

int store_open(const char* path, Store** ret, Error* reterr) {
        _cleanup_(store_freep) Store* s = calloc(1, sizeof(Store));
        if (s)
                s->log_fd = -EBADF;
        if (!s || !(s->path = strdup(path)))
                return error_errno(reterr, -ENOMEM, "Cannot open the store");
        (void) sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 256, 64);
        (void) sqlite3_config(SQLITE_CONFIG_MULTITHREAD); /* each connection stays with one thread; see store_copy_log() */

        struct stat st = {};
        bool exists = stat(path, &st) >= 0 && st.st_size > 0;
        mode_t old = umask(0077);
        int code = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
        (void) umask(old);
        if (code != SQLITE_OK)
                return error_set(reterr, ERROR_STORE_BROKEN, "Cannot open the store %s: %s.", path, s->db ? sqlite3_errmsg(s->db) : "out of memory");

        int r = configure(s, reterr);
        if (r >= 0 && exists && st.st_size <= CHECK_AT_START_BYTES)
                r = store_check(s, reterr);
        if (r >= 0)
                r = migrate(s, reterr);
        if (r < 0) {
                if (error_has_name(reterr, ERROR_STORE_BROKEN))
                        (void) error_hint(reterr, "Restore the last backup, or move the file aside to begin anew; it was not changed.");
                return r;
        }
        random_bytes(&s->generation, 6); /* 48 bits: leaves room to count */
        (void) sqlite3_commit_hook(s->db, on_commit, s);
        (void) sqlite3_wal_hook(s->db, on_log, s);
        *ret = TAKE_PTR(s);
        return 0;
}

Store* store_free(Store* s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < STATEMENTS_MAX; i++)
                (void) sqlite3_finalize(s->cache[i].value);
        (void) sqlite3_close(s->db);
        if (s->log_fd >= 0)
                (void) close(s->log_fd);
        (void) memo_free(s->memo);
        free(s->path);
        free(s);
        return NULL;
}

/* The log keeps its inode while we have the database open. Closing this descriptor drops no lock: SQLite's are on the other two files. */
int store_log_defer(Store* s) {
        _cleanup_free_ char* path = NULL;
        if (asprintf(&path, "%s-wal", s->path) < 0)
                return -ENOMEM;
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        if (execute(s, "PRAGMA synchronous = NORMAL", NULL) < 0) {
                (void) close(fd);
                return -EIO;
        }
        s->log_fd = fd;
        return 0;
}

int store_log_sync(Store* s) {
        return s->log_fd < 0 || fdatasync(s->log_fd) >= 0 ? 0 : -errno;
}

/* Behind the end of the file, so that SQLite does not see them. */
int store_log_keep(Store* s) {
        struct stat st;
        if (s->log_fd < 0)
                return -EBADF;
        if (fstat(s->log_fd, &st) < 0)
                return -errno;
        off_t bytes = MAX((off_t) LOG_KEPT_BYTES, st.st_size + LOG_KEPT_BYTES / 2);
        if ((off_t) st.st_blocks * 512 >= bytes)
                return 0;
        return fallocate(s->log_fd, FALLOC_FL_KEEP_SIZE, 0, bytes) < 0 ? -errno : 0;
}

uint64_t store_generation(const Store* s) {
        return s->generation;
}

int store_begin(Store* s, Error* reterr) {
        assert(!s->transaction);
        int r = execute(s, "BEGIN IMMEDIATE", reterr);
        s->transaction = r >= 0;
        return r;
}

int store_commit(Store* s, Error* reterr) {
        assert(s->transaction);
        int r = execute(s, "COMMIT", reterr);
        if (r < 0) {
                store_rollback(s);
                return r;
        }
        s->transaction = false;
        return 0;
}

void store_rollback(Store* s) {
        if (!s->transaction)
                return;
        s->transaction = false;
        if (!sqlite3_get_autocommit(s->db)) /* SQLite rolls back by itself on some errors, such as a full disk */
                (void) execute(s, "ROLLBACK", NULL);
}

void store_log_leave(Store* s) {
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

bool store_in_transaction(const Store* s) {
        return s->transaction;
}

Memo** store_memo(Store* s) {
        return &s->memo;
}

void store_on_write(Store* s, void (*written)(void* userdata), void* userdata) {
        s->written = written;
        s->written_userdata = userdata;
}

void store_on_full(Store* s, void (*full)(void* userdata), void* userdata) {
        s->full = full;
        s->full_userdata = userdata;
}

bool store_log_is_due(const Store* s, uint64_t now_usec) {
        return s->log_pages >= LOG_PAGES_LONG && now_usec >= s->log_again_usec;
}

const char* store_path(const Store* s) {
        return s->path;
}

int store_copy_log(const char* path) {
        sqlite3* db = NULL;
        int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
        if (code == SQLITE_OK) /* before it has read anything it knows of no log, and copies none */
                code = sqlite3_exec(db, "PRAGMA user_version", NULL, NULL, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL); /* what is left over is copied next time */
        (void) sqlite3_close(db);
        return code == SQLITE_OK ? 0 : -EIO;
}

void store_log_copied(Store* s, int result, uint64_t now_usec) {
        s->log_pages = 0; /* until the next commit tells */
        s->log_again_usec = result < 0 ? now_usec + STORE_LOG_AGAIN_USEC : 0;
}

void store_trim(Store* s) {
        s->memo = memo_free(s->memo);
        for (size_t i = 0; i < STATEMENTS_MAX; i++)
                if (s->cache[i].value && !sqlite3_stmt_busy(s->cache[i].value)) {
                        (void) sqlite3_finalize(s->cache[i].value);
                        s->cache[i].value = NULL;
                        s->cache[i].key = NULL;
                }
        (void) sqlite3_db_release_memory(s->db);
}

static int statement_prepare(Store* s, const Statement* statement, Query* q, Error* reterr) {
        size_t at = ((uintptr_t) statement / sizeof(Statement)) % STATEMENTS_MAX;
        for (size_t i = 0; i < STATEMENTS_MAX; i++, at = (at + 1) % STATEMENTS_MAX) {
                if (s->cache[at].key == statement) {
                        if (sqlite3_stmt_busy(s->cache[at].value))
                                break; /* a query within itself: give it one of its own */
                        q->statement = s->cache[at].value;
                        q->borrowed = true;
                        return 0;
                }
                if (s->cache[at].key)
                        continue;
                int code = sqlite3_prepare_v3(s->db, statement->sql, -1, SQLITE_PREPARE_PERSISTENT, &s->cache[at].value, NULL);
                if (code != SQLITE_OK)
                        return store_error(s, code, reterr);
                s->cache[at].key = statement;
                q->statement = s->cache[at].value;
                q->borrowed = true;
                return 0;
        }
        int code = sqlite3_prepare_v2(s->db, statement->sql, -1, &q->statement, NULL);
        return code == SQLITE_OK ? 0 : store_error(s, code, reterr);
}

static int bind(sqlite3_stmt* statement, const Binding* b) {
        int at = sqlite3_bind_parameter_index(statement, b->name);
        assert(at > 0);
        switch (b->type) {
        case BINDING_TEXT:
                return sqlite3_bind_text(statement, at, b->data, -1, SQLITE_STATIC);
        case BINDING_INTEGER:
                return sqlite3_bind_int64(statement, at, b->integer);
        case BINDING_BLOB:
                return sqlite3_bind_blob64(statement, at, b->data, b->size, SQLITE_STATIC);
        default:
                return sqlite3_bind_null(statement, at);
        }
}

int query_begin(Store* s, const Statement* statement, const Binding* bindings, Query* ret, Error* reterr) {
        Query q = { .store = s };
        int r = statement_prepare(s, statement, &q, reterr);
        if (r < 0)
                return r;
        for (const Binding* b = bindings; b->type != BINDING_END; b++) {
                int code = bind(q.statement, b);
                if (code != SQLITE_OK) {
                        query_end(&q);
                        return store_error(s, code, reterr);
                }
        }
        *ret = q;
        return 0;
}

int query_next(Query* q, Error* reterr) {
        int code = sqlite3_step(q->statement);
        if (code == SQLITE_ROW)
                return 1;
        return code == SQLITE_DONE ? 0 : store_error(q->store, code, reterr);
}

void query_end(Query* q) {
        if (q->statement && q->borrowed) {
                (void) sqlite3_reset(q->statement);
                (void) sqlite3_clear_bindings(q->statement);
        } else
                (void) sqlite3_finalize(q->statement);
        *q = (Query) {};
}

const char* query_text(Query* q, int column) {
        return (const char*) sqlite3_column_text(q->statement, column);
}

int64_t query_integer(Query* q, int column) {
        return sqlite3_column_int64(q->statement, column);
}

const void* query_blob(Query* q, int column, size_t* ret_size) {
        const void* data = sqlite3_column_blob(q->statement, column);
        *ret_size = (size_t) sqlite3_column_bytes(q->statement, column);
        return data;
}

int store_run(Store* s, const Statement* statement, const Binding* bindings, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, statement, bindings, &q, reterr);
        if (r < 0)
                return r;
        while ((r = query_next(&q, reterr)) > 0)
                ;
        return r < 0 ? r : sqlite3_changes(s->db);
}

int store_get_text(Store* s, const Statement* statement, const Binding* bindings, char** ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, statement, bindings, &q, reterr);
        if (r < 0)
                return r;
        r = query_next(&q, reterr);
        if (r <= 0 || !query_text(&q, 0))
                return MIN(r, 0);
        char* text = strdup(query_text(&q, 0));
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot read the store");
        *ret = text;
        return 1;
}

int store_get_integer(Store* s, const Statement* statement, const Binding* bindings, int64_t* ret, Error* reterr) {
        _cleanup_query_ Query q = {};
        int r = query_begin(s, statement, bindings, &q, reterr);
        if (r < 0)
                return r;
        r = query_next(&q, reterr);
        if (r <= 0 || sqlite3_column_type(q.statement, 0) == SQLITE_NULL)
                return MIN(r, 0);
        *ret = query_integer(&q, 0);
        return 1;
}

int64_t store_last_id(const Store* s) {
        return sqlite3_last_insert_rowid(s->db);
}
