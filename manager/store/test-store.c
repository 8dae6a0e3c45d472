/* The store's schema: a store of every release, moved to today, is the same as a fresh one and has lost nothing. */
#include "base/file.h"
#include "base/test.h"
#include "store/store-domain.h"
#include "store/store-internal.h"
#include "store/store-setting.h"
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define DUMP_MAX (1 << 20)

static void run_sql(const char* path, const char* sql) {
        sqlite3* db = NULL;
        char* complaint = NULL;
        ASSERT_EQ(sqlite3_open(path, &db), SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, &complaint) != SQLITE_OK)
                TEST_FAIL("%s", complaint);
        ASSERT_EQ(sqlite3_close(db), SQLITE_OK);
}

static char* dump_of(unsigned version) {
        char path[256];
        char* text = NULL;
        size_t size = 0;
        (void) snprintf(path, sizeof(path), "%s/store/schema-%u.sql", FIXTURES, version);
        ASSERT_OK(file_read(AT_FDCWD, path, DUMP_MAX, &text, &size));
        return text;
}

/* Remarks and white space say nothing to SQLite; it keeps them all the same. */
static char* bare(const char* sql) {
        char* out = calloc(1, strlen(sql) + 1);
        char* p = out;
        for (const char* c = sql; *c; c++) {
                if (startswith(c, "--"))
                        c += strcspn(c, "\n");
                if (!*c)
                        break;
                if (!isspace((unsigned char) *c))
                        *p++ = *c;
        }
        return out;
}

/* All tables, columns and indices as text. */
static char* schema_of(const char* path) {
        sqlite3* db = NULL;
        sqlite3_stmt* s = NULL;
        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        ASSERT_EQ(sqlite3_open(path, &db), SQLITE_OK);
        ASSERT_EQ(sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name", -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
                _cleanup_free_ char* sql = bare((const char*) sqlite3_column_text(s, 1));
                fprintf(f, "%s: %s\n", (const char*) sqlite3_column_text(s, 0), sql);
        }
        (void) sqlite3_finalize(s);
        ASSERT_EQ(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL), SQLITE_OK);
        ASSERT_EQ(sqlite3_step(s), SQLITE_ROW);
        fprintf(f, "version %d\n", sqlite3_column_int(s, 0));
        (void) sqlite3_finalize(s);
        ASSERT_EQ(sqlite3_close(db), SQLITE_OK);
        (void) fclose(f);
        return text;
}

static void open_and_close(const char* path) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_(store_freep) Store* s = NULL;
        if (store_open(path, &s, &e) < 0)
                TEST_FAIL("%s", e.message);
}

static void same_lines(const char* a, const char* b) {
        while (*a || *b) {
                size_t n = strcspn(a, "\n"), k = strcspn(b, "\n");
                if (n != k || strncmp(a, b, n) != 0)
                        TEST_FAIL("moved: %.*s\nfresh: %.*s", (int) n, a, (int) k, b);
                a += n + (a[n] == '\n');
                b += k + (b[k] == '\n');
        }
}

TEST(every_released_schema_moves_to_today) {
        char directory[] = "/tmp/test-store-XXXXXX", command[64], old[64], fresh[64];
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(fresh, sizeof(fresh), "%s/fresh", directory);
        open_and_close(fresh);
        _cleanup_free_ char* today = schema_of(fresh);
        for (unsigned version = 1; version < STORE_VERSION; version++) {
                _cleanup_free_ char* dump = dump_of(version);
                char number[64];
                (void) snprintf(old, sizeof(old), "%s/%u", directory, version);
                (void) snprintf(number, sizeof(number), "PRAGMA user_version = %u", version);
                run_sql(old, dump);
                run_sql(old, number);
                run_sql(old, "INSERT INTO setting (key, value, changed_at) VALUES ('box_name', 'Kept', 1);"
                             "INSERT INTO user (username, display_name, role, created_at) VALUES ('ada', 'Ada', 'owner', 1);");
                open_and_close(old);
                open_and_close(old); /* a second start changes nothing */
                _cleanup_free_ char* moved = schema_of(old);
                same_lines(moved, today);

                _cleanup_(store_freep) Store* s = NULL;
                _cleanup_free_ char* name = NULL;
                int64_t id = 0;
                ASSERT_OK(store_open(old, &s, NULL));
                ASSERT_EQ(store_setting_get(s, "box_name", &name, NULL), 1);
                ASSERT_STREQ(name, "Kept");
                ASSERT_OK(store_begin(s, NULL));
                ASSERT_OK(store_domain_add(s, "example.com", "example.com", "web", "{}", 1, &id, NULL));
                ASSERT_OK(store_commit(s, NULL));
        }
        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        ASSERT_EQ(system(command), 0);
}

/* Expand now, contract one release later: what the release before wrote it must still be able to write. */
TEST(the_release_before_may_open_what_we_wrote) {
        char directory[] = "/tmp/test-store-XXXXXX", command[64], path[64];
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/db", directory);
        open_and_close(path);
        sqlite3* db = NULL;
        sqlite3_stmt* s = NULL;
        ASSERT_EQ(sqlite3_open(path, &db), SQLITE_OK);
        ASSERT_EQ(sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = 'least_version'", -1, &s, NULL), SQLITE_OK);
        ASSERT_EQ(sqlite3_step(s), SQLITE_ROW);
        ASSERT_TRUE(atoi((const char*) sqlite3_column_text(s, 0)) < STORE_VERSION);
        (void) sqlite3_finalize(s);
        ASSERT_EQ(sqlite3_close(db), SQLITE_OK);
        run_sql(path, "INSERT INTO setting (key, value, changed_at) VALUES ('a', 'b', 1);"
                      "INSERT INTO job (id, sequence, kind, object, stage, request, actor, role, created_at)"
                      " VALUES ('x', 1, 'log-verify', '', 'walk', '{}', 'system', 'root', 1);");
        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        ASSERT_EQ(system(command), 0);
}

static void count(void* userdata) {
        ++*(unsigned*) userdata;
}

TEST(commits_are_told_of) {
        char directory[] = "/tmp/test-store-XXXXXX", command[64], path[64];
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/db", directory);
        unsigned told = 0;
        int64_t id = 0;
        Store* s = NULL;
        ASSERT_OK(store_open(path, &s, NULL));
        store_on_write(s, count, &told);
        for (int i = 0; i < 2; i++) {
                ASSERT_OK(store_begin(s, NULL));
                ASSERT_OK(store_domain_add(s, "example.com", "example.com", "web", "{}", 1, &id, NULL));
                ASSERT_EQ(told, 0);
                if (i == 0)
                        store_rollback(s);
                else
                        ASSERT_OK(store_commit(s, NULL));
        }
        ASSERT_EQ(told, 1);
        store_on_write(s, NULL, NULL);
        ASSERT_OK(store_begin(s, NULL));
        ASSERT_OK(store_domain_add(s, "example.org", "example.org", "web", "{}", 1, &id, NULL));
        ASSERT_OK(store_commit(s, NULL));
        ASSERT_EQ(told, 1);
        (void) store_free(s);
        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        ASSERT_EQ(system(command), 0);
}

STATEMENT(test_big, "INSERT INTO setting (key, value, changed_at) VALUES ('big', hex(randomblob(3000000)), 1) ON CONFLICT (key) DO UPDATE SET value = excluded.value");

static void write_big(Store* s, const char* path) {
        ASSERT_OK(store_begin(s, NULL));
        ASSERT_OK(store_run(s, &test_big, BIND_NONE, NULL));
        ASSERT_OK(store_commit(s, NULL));
        ASSERT_TRUE(store_log_is_due(s, 1));
        ASSERT_OK(store_copy_log(path));
        store_log_copied(s, 0, 1);
        ASSERT_TRUE(!store_log_is_due(s, 1)); /* until a commit says how long it is */
}

TEST(a_long_log_is_copied_and_begins_anew) {
        char directory[] = "/tmp/test-store-XXXXXX", command[64], path[64], log[70];
        struct stat first, third;
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/db", directory);
        (void) snprintf(log, sizeof(log), "%s-wal", path);
        Store* s = NULL;
        ASSERT_OK(store_open(path, &s, NULL));
        write_big(s, path);
        ASSERT_EQ(stat(log, &first), 0);
        write_big(s, path);
        write_big(s, path);
        ASSERT_EQ(stat(log, &third), 0);
        ASSERT_TRUE(third.st_size < 2 * first.st_size);
        (void) store_free(s);
        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        ASSERT_EQ(system(command), 0);
}

/* A limit on the file in place of a full disk: what is committed stands in the log meanwhile, and nothing is tried with every commit. */
TEST(a_log_that_cannot_be_copied_is_tried_a_while_later) {
        const uint64_t now = 1000 * USEC_PER_SEC;
        char directory[] = "/tmp/test-store-XXXXXX", command[64], path[64];
        struct rlimit before, little;
        struct stat st;
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/db", directory);
        Store* s = NULL;
        ASSERT_OK(store_open(path, &s, NULL));
        ASSERT_OK(store_run(s, &test_big, BIND_NONE, NULL));
        ASSERT_TRUE(store_log_is_due(s, now));
        ASSERT_EQ(stat(path, &st), 0);
        ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
        little = (struct rlimit) { .rlim_cur = (rlim_t) st.st_size, .rlim_max = before.rlim_max };
        (void) signal(SIGXFSZ, SIG_IGN);
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
        int r = store_copy_log(path);
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
        ASSERT_ERROR(r, EIO);
        store_log_copied(s, r, now);
        ASSERT_OK(store_run(s, &test_big, BIND_NONE, NULL));
        ASSERT_TRUE(!store_log_is_due(s, now + STORE_LOG_AGAIN_USEC - 1));
        ASSERT_TRUE(store_log_is_due(s, now + STORE_LOG_AGAIN_USEC));
        ASSERT_OK(store_copy_log(path));
        store_log_copied(s, 0, now + STORE_LOG_AGAIN_USEC);
        ASSERT_OK(store_run(s, &test_big, BIND_NONE, NULL));
        ASSERT_TRUE(store_log_is_due(s, now + STORE_LOG_AGAIN_USEC + 1));
        (void) store_free(s);
        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        ASSERT_EQ(system(command), 0);
}

static int64_t blocks_of(const char* path) {
        struct stat st;
        ASSERT_OK(stat(path, &st) < 0 ? -errno : 0);
        return (int64_t) st.st_blocks * 512;
}

/* In a process of its own that ends without closing anything, as a kill would. False where the file system takes no blocks ahead. */
static bool keep_and_die(const char* path) {
        pid_t pid = fork();
        ASSERT_OK(pid);
        if (pid == 0) {
                Store* s = NULL;
                bool kept = store_open(path, &s, NULL) >= 0 && store_log_keep(s) == -EBADF && store_log_defer(s) >= 0;
                int r = kept ? store_log_keep(s) : -EIO;
                _exit(r == -EOPNOTSUPP ? 77 : r < 0 || store_run(s, &test_big, BIND_NONE, NULL) < 0 || store_run(s, &test_big, BIND_NONE, NULL) < 0);
        }
        int status = 0;
        ASSERT_EQ(waitpid(pid, &status, 0), pid);
        ASSERT_TRUE(WIFEXITED(status));
        if (WEXITSTATUS(status) != 77)
                ASSERT_EQ(WEXITSTATUS(status), 0);
        return WEXITSTATUS(status) == 0;
}

/* Over a kill, and wherever it begins anew: its blocks stay its own. */
TEST(room_of_the_log_is_kept) {
        char directory[] = "/tmp/test-store-XXXXXX", command[64], path[64], log[70];
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/db", directory);
        (void) snprintf(log, sizeof(log), "%s-wal", path);
        bool kept = keep_and_die(path);
        ASSERT_TRUE(!kept || blocks_of(log) >= 16 << 20);
        Store* s = NULL;
        ASSERT_OK(store_open(path, &s, NULL));
        for (int i = 0; kept && i < 2; i++) {
                write_big(s, path);
                ASSERT_TRUE(blocks_of(log) >= 16 << 20);
        }
        store_log_leave(s);
        (void) store_free(s);
        ASSERT_TRUE(!kept || blocks_of(log) >= 16 << 20);
        open_and_close(path);
        ASSERT_TRUE(access(log, F_OK) < 0);
        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        ASSERT_EQ(system(command), 0);
}

TEST_MAIN()
