#include "audit/audit.h"
#include "base/test.h"
#include <sqlite3.h>

typedef struct Fixture {
        char directory[32], path[64];
        Store* store;
        Audit* audit;
} Fixture;

static void fixture_init(Fixture* f) {
        _cleanup_error_ Error e = ERROR_NULL;
        strcpy(f->directory, "/tmp/test-audit-XXXXXX");
        ASSERT_TRUE(mkdtemp(f->directory));
        (void) snprintf(f->path, sizeof(f->path), "%s/steadbox.db", f->directory);
        ASSERT_OK(store_open(f->path, &f->store, &e));
        ASSERT_OK(audit_new(f->store, &f->audit, &e));
}

static void fixture_done(Fixture* f) {
        f->audit = audit_free(f->audit);
        f->store = store_free(f->store);
        (void) unlink(f->path);
        (void) rmdir(f->directory);
}

static void append(Fixture* f, const char* operation, int64_t actor, bool commit) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t* detail = json_pack("{s:s}", "address", "192.0.2.7");
        ASSERT_OK(store_begin(f->store, &e));
        ASSERT_OK(audit_append(f->audit, &(AuditLine) { .operation = operation, .actor_id = actor, .actor_name = "system", .object = "#7", .result = "ok", .detail = detail }, &e));
        if (commit)
                ASSERT_OK(store_commit(f->store, &e));
        else
                store_rollback(f->store);
}

static int verify(Fixture* f, Error* reterr) {
        int64_t seq = 1;
        uint8_t hash[32] = {};
        int r;
        while ((r = audit_verify_some(f->audit, &seq, hash, 2, reterr)) > 0)
                ;
        return r < 0 ? r : (int) seq - 1;
}

static void tamper(Fixture* f, const char* sql) {
        sqlite3* db = NULL;
        ASSERT_EQ(sqlite3_open(f->path, &db), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        (void) sqlite3_close(db);
}

TEST(chain_verifies_over_rollback_and_erasure) {
        Fixture f;
        fixture_init(&f);
        append(&f, "user.add", 0, true);
        append(&f, "user.add", 7, false);
        append(&f, "user.update", 7, true);
        append(&f, "session.create", 7, true);
        ASSERT_EQ(verify(&f, NULL), 3);
        ASSERT_OK(store_begin(f.store, NULL));
        ASSERT_EQ(audit_erase_person(f.audit, 7, NULL), 3);
        ASSERT_OK(store_commit(f.store, NULL));
        ASSERT_EQ(verify(&f, NULL), 3);
        fixture_done(&f);
}

TEST(chain_shows_every_kind_of_change) {
        static const char* const changes[] = {
                "UPDATE audit SET result = 'refused' WHERE seq = 2",
                "UPDATE audit SET at = at + 1 WHERE seq = 2",
                "UPDATE audit SET object = '#8' WHERE seq = 2",
                "UPDATE audit_detail SET detail = '{}' WHERE seq = 2",
                "DELETE FROM audit_detail WHERE seq = 2; DELETE FROM audit WHERE seq = 2",
        };
        for (size_t i = 0; i < ELEMENTS(changes); i++) {
                Fixture f;
                fixture_init(&f);
                for (int k = 0; k < 5; k++)
                        append(&f, "user.add", 7, true);
                tamper(&f, changes[i]);
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_TRUE(verify(&f, &e) < 0);
                ASSERT_TRUE(error_has_name(&e, ERROR_STORE_BROKEN));
                ASSERT_TRUE(strstr(e.message, "ine 2"));
                fixture_done(&f);
        }
}

TEST_MAIN()
