/* The rules about people against a real store: roles, the last owner, freezing, links, sessions, codes, import, off-boarding. */
#include "api/events.h"
#include "audit/audit.h"
#include "base/seal.h"
#include "base/test.h"
#include "base/time.h"
#include "daemon/nouns.h"
#include "group/group.h"
#include "site/site.h"
#include "store/store-group.h"
#include "store/store-internal.h"
#include "store/test-app-row.h"
#include "user/factor.h"
#include "user/link.h"
#include "user/presence.h"
#include "user/session.h"
#include "user/totp.h"
#include "user/user.h"

/* With an error to fill, because a hint needs one. */
#define ASSERT_REFUSED(x, e)                              \
        do {                                              \
                _cleanup_error_ Error _error = ERROR_NULL; \
                Error* reterr = &_error;                  \
                ASSERT_ERROR(x, e);                       \
        } while (0)

/* What these rules ask of the rest of the manager. */
const NounClass* const noun_table[] = { &user_noun, &group_noun, NULL };
static unsigned n_findings;
int findings_add(Findings* list, Finding f) {
        n_findings++;
        json_decref(f.facts);
        json_decref(f.fix_parameters);
        free(f.sentence);
        return 0;
}
char* site_base_url(Manager* m) {
        return strdup("https://box.example");
}
void events_publish(Events* e, const char* name, json_t* data, int64_t user_id) {
        json_decref(data);
}
void events_changed(Events* e, const char* noun) {
        abort(); /* there is no e here */
}
void events_end_person(Events* e, int64_t user_id, const char* but_session) {
        abort();
}

typedef struct Fixture {
        Manager m;
        char directory[32];
        char path[64];
        Actor root, owner;
} Fixture;

static int64_t person(Fixture* f, const char* name, Role role) {
        int64_t id = 0;
        ASSERT_OK(user_add(&f->m, &f->root, &(UserNew) { .username = name, .role = role, .password_hash = "x" }, &id, NULL));
        return id;
}

static User* get(Fixture* f, const char* name) {
        User* u = NULL;
        ASSERT_OK(user_find(&f->m, name, &u, NULL));
        return u;
}

static Actor actor(int64_t id, const char* name, Role role) {
        Actor a = { .via = VIA_SESSION, .role = role, .user_id = id };
        (void) snprintf(a.username, sizeof(a.username), "%s", name);
        return a;
}

static void setup(Fixture* f) {
        *f = (Fixture) { .directory = "/tmp/test-people-XXXXXX", .root = { .via = VIA_UNIX, .role = ROLE_ROOT, .root = true } };
        assert(mkdtemp(f->directory));
        (void) snprintf(f->path, sizeof(f->path), "%s/db", f->directory);
        ASSERT_OK(store_open(f->path, &f->m.store, NULL));
        ASSERT_OK(seal_new((const uint8_t[32]) { 1, 2, 3 }, &f->m.seal));
        ASSERT_OK(audit_new(f->m.store, &f->m.audit, NULL));
        ASSERT_OK(store_begin(f->m.store, NULL));
        f->owner = actor(person(f, "olga", ROLE_OWNER), "olga", ROLE_OWNER);
}

static void teardown(Fixture* f) {
        char command[128];
        store_rollback(f->m.store);
        f->m.audit = audit_free(f->m.audit);
        f->m.seal = seal_free(f->m.seal);
        f->m.store = store_free(f->m.store);
        (void) snprintf(command, sizeof(command), "rm -r %s", f->directory);
        ASSERT_EQ(system(command), 0);
}
#define FIXTURE _cleanup_(teardown) Fixture f; setup(&f)

TEST(statements_prepare) {
        extern const Statement __start_steadbox_sql[], __stop_steadbox_sql[];
        FIXTURE;
        for (const char* p = (const char*) __start_steadbox_sql; p < (const char*) __stop_steadbox_sql; p += 16) {
                const Statement* s = (const Statement*) p;
                _cleanup_query_ Query q = {};
                _cleanup_error_ Error e = ERROR_NULL;
                if (query_begin(f.m.store, s, BIND_NONE, &q, &e) < 0)
                        TEST_FAIL("%s: %s", s->name, e.message);
        }
}

/* Rows: who; columns: whom. */
TEST(who_may_edit_whom) {
        static const Role roles[] = { ROLE_USER, ROLE_MAIL_MANAGER, ROLE_USER_MANAGER, ROLE_ADMIN, ROLE_OWNER };
        static const char* const table[] = { "-----", "x----", "x----", "xxx--", "xxxxx" };
        for (size_t i = 0; i < ELEMENTS(roles); i++)
                for (size_t k = 0; k < ELEMENTS(roles); k++) {
                        Actor a = actor(1, "a", roles[i]);
                        User u = { .id = 2, .username = (char*) "u", .role = roles[k] };
                        if ((user_may_edit(&a, &u, "edit", NULL) >= 0) != (table[i][k] == 'x'))
                                TEST_FAIL("%s over %s", role_to_string(roles[i]), role_to_string(roles[k]));
                        ASSERT_EQ(user_may_grant(&a, roles[k], NULL) >= 0, role_includes(roles[i], roles[k]));
                }
        Actor self = actor(2, "u", ROLE_OWNER);
        User u = { .id = 2, .username = (char*) "u", .role = ROLE_USER };
        ASSERT_REFUSED(user_may_edit(&self, &u, "edit", reterr), EPERM);
}

TEST(last_owner_stays) {
        FIXTURE;
        _cleanup_(user_freep) User* olga = get(&f, "olga");
        ASSERT_REFUSED(user_deactivate(&f.m, &f.root, olga, reterr), EBUSY);
        ASSERT_REFUSED(user_freeze(&f.m, &f.root, olga, reterr), EBUSY);
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_ERROR(user_update(&f.m, &f.root, olga, &(UserChange) { .role = ROLE_USER }, &e), EBUSY);
        ASSERT_TRUE(error_has_name(&e, ERROR_LAST_OWNER));
        (void) person(&f, "otto", ROLE_OWNER);
        _cleanup_(user_freep) User* otto = get(&f, "otto");
        ASSERT_OK(user_deactivate(&f.m, &f.owner, otto, NULL));
        ASSERT_REFUSED(user_deactivate(&f.m, &f.root, olga, reterr), EBUSY); /* the other one is not active */
        ASSERT_OK(user_activate(&f.m, &f.owner, otto, NULL));
        ASSERT_OK(user_deactivate(&f.m, &f.root, olga, NULL));
        ASSERT_REFUSED(user_freeze(&f.m, &f.root, otto, reterr), EBUSY);
}

TEST(own_role_stays) {
        FIXTURE;
        _cleanup_(user_freep) User* olga = get(&f, "olga");
        (void) person(&f, "otto", ROLE_OWNER);
        ASSERT_REFUSED(user_update(&f.m, &f.owner, olga, &(UserChange) { .role = ROLE_ADMIN }, reterr), EPERM);
        ASSERT_OK(user_update(&f.m, &f.owner, olga, &(UserChange) { .role = ROLE_OWNER, .display_name = "Olga" }, NULL));
}

TEST(names_are_taken_once) {
        FIXTURE;
        int64_t id = 0;
        _cleanup_error_ Error e = ERROR_NULL, e2 = ERROR_NULL, e3 = ERROR_NULL;
        ASSERT_OK(user_add(&f.m, &f.root, &(UserNew) { .username = "anna", .role = ROLE_USER, .email = "Anna@Example.org" }, &id, NULL));
        ASSERT_ERROR(user_add(&f.m, &f.root, &(UserNew) { .username = "anna", .role = ROLE_USER }, &id, &e), EEXIST);
        ASSERT_STREQ(e.field, "username");
        ASSERT_ERROR(user_add(&f.m, &f.root, &(UserNew) { .username = "anni", .role = ROLE_USER, .email = "anna@example.ORG" }, &id, &e2), EEXIST);
        ASSERT_STREQ(e2.field, "email");
        _cleanup_json_ json_t* groups = json_pack("[s]", "crew");
        ASSERT_ERROR(user_add(&f.m, &f.root, &(UserNew) { .username = "anni", .role = ROLE_USER, .groups = groups }, &id, &e3), EINVAL);
        ASSERT_STREQ(e3.field, "groups");
        _cleanup_(user_freep) User* u = NULL;
        ASSERT_EQ(store_user_by_login(f.m.store, "anna@example.org", &u, NULL), 1);
        ASSERT_STREQ(u->username, "anna");
        ASSERT_EQ(u->state, USER_STATE_INVITED);
}

TEST(numbers_are_never_used_again) {
        FIXTURE;
        int64_t first = person(&f, "anna", ROLE_USER);
        ASSERT_EQ(store_user_remove(f.m.store, first, NULL), 1);
        ASSERT_TRUE(person(&f, "anna", ROLE_USER) > first);
}

TEST(freezing) {
        FIXTURE;
        (void) person(&f, "anna", ROLE_USER);
        _cleanup_(user_freep) User* u = get(&f, "anna");
        Actor manager = actor(99, "mia", ROLE_USER_MANAGER);
        ASSERT_OK(user_freeze(&f.m, &f.owner, u, NULL));
        ASSERT_REFUSED(user_update(&f.m, &f.owner, u, &(UserChange) { .display_name = "A", .role = _ROLE_INVALID }, reterr), EBUSY);
        ASSERT_REFUSED(user_deactivate(&f.m, &f.owner, u, reterr), EBUSY);
        ASSERT_REFUSED(user_activate(&f.m, &manager, u, reterr), EPERM);
        ASSERT_OK(user_activate(&f.m, &f.owner, u, NULL));
        ASSERT_EQ(u->state, USER_STATE_ACTIVE);
        ASSERT_OK(user_deactivate(&f.m, &manager, u, NULL));
        ASSERT_OK(user_activate(&f.m, &manager, u, NULL));
}

TEST(sessions) {
        FIXTURE;
        char token[TOKEN_TEXT_BYTES], others[TOKEN_TEXT_BYTES];
        Actor a, b;
        _cleanup_(user_freep) User* olga = get(&f, "olga");
        ASSERT_OK(session_begin(&f.m, olga, "Mozilla/5.0 (X11; Linux x86_64; rv:1) Gecko Firefox/140.0", "192.0.2.1", token, &a, NULL));
        ASSERT_OK(session_begin(&f.m, olga, "", "", others, &b, NULL));
        ASSERT_EQ(session_authenticate(&f.m, token, &a, NULL), 1);
        ASSERT_STREQ(a.username, "olga");
        ASSERT_EQ(a.role, ROLE_OWNER);
        ASSERT_EQ(session_authenticate(&f.m, "nonsense", &b, NULL), 0);
        ASSERT_OK(user_password_set(&f.m, olga, "y", a.session_id, NULL));
        ASSERT_EQ(session_authenticate(&f.m, others, &b, NULL), 0);
        ASSERT_EQ(session_authenticate(&f.m, token, &b, NULL), 1);
        ASSERT_OK(store_session_seen(f.m.store, a.session_id, 1, now_seconds() - 1, NULL)); /* unused for too long */
        ASSERT_EQ(session_authenticate(&f.m, token, &b, NULL), 0);
        ASSERT_OK(session_housekeeping(&f.m, NULL));
        int64_t expires = 0;
        ASSERT_EQ(store_session_expiry(f.m.store, a.session_id, &expires, NULL), 0);
        for (int i = 0; i < SESSIONS_MAX + 5; i++)
                ASSERT_OK(session_begin(&f.m, olga, "", "", token, &a, NULL));
        ASSERT_EQ(store_session_remove_all(f.m.store, olga->id, NULL, NULL), SESSIONS_MAX);
}

/* Reading writes nothing; what was noted is written together. */
TEST(presence) {
        FIXTURE;
        char token[TOKEN_TEXT_BYTES];
        Actor a;
        int64_t expires = 0, begin = 0;
        _cleanup_(user_freep) User* olga = get(&f, "olga");
        ASSERT_OK(presence_new(&f.m, &f.m.presence));
        ASSERT_OK(session_begin(&f.m, olga, "", "", token, &a, NULL));
        ASSERT_EQ(store_session_expiry(f.m.store, a.session_id, &begin, NULL), 1);
        ASSERT_OK(store_session_seen(f.m.store, a.session_id, now_seconds() - 3600, begin - 3600, NULL));
        ASSERT_OK(store_commit(f.m.store, NULL));
        uint64_t generation = store_generation(f.m.store);
        for (int i = 0; i < 10; i++)
                ASSERT_EQ(session_authenticate(&f.m, token, &a, NULL), 1);
        ASSERT_EQ(store_generation(f.m.store), generation);
        f.m.presence = presence_free(f.m.presence);
        ASSERT_EQ(store_generation(f.m.store), generation + 1);
        ASSERT_EQ(store_session_expiry(f.m.store, a.session_id, &expires, NULL), 1);
        ASSERT_TRUE(expires >= begin);
        ASSERT_OK(store_begin(f.m.store, NULL));
}

static const Operation* operation(const char* name) {
        const Operation* o = operation_find(name);
        assert(o);
        return o;
}

TEST(tokens) {
        FIXTURE;
        _cleanup_json_ json_t *scopes = json_pack("[s]", "people:read"), *bad = json_pack("[s]", "people:all"), *made = NULL;
        Actor a;
        _cleanup_error_ Error e = ERROR_NULL, e2 = ERROR_NULL, e3 = ERROR_NULL;
        ASSERT_REFUSED(token_make_for(&f.m, &f.owner, "t", bad, 1, &made, reterr), EINVAL);
        ASSERT_OK(token_make_for(&f.m, &f.owner, "t", scopes, 1, &made, NULL));
        const char* token = json_get_string(made, "token");
        ASSERT_EQ(token_authenticate(&f.m, token, operation("user.list"), &a, NULL), 1);
        ASSERT_EQ(a.via, VIA_TOKEN);
        ASSERT_ERROR(token_authenticate(&f.m, token, operation("user.add"), &a, &e), EPERM);
        ASSERT_TRUE(error_has_name(&e, ERROR_WRONG_SCOPE));
        ASSERT_ERROR(token_authenticate(&f.m, token, operation("account.password"), &a, &e2), EPERM);
        ASSERT_ERROR(token_authenticate(&f.m, "sbt_unknown", operation("user.list"), &a, &e3), EACCES);
        ASSERT_EQ(token_authenticate(&f.m, token, operation("site.show"), &a, NULL), 1);
        (void) person(&f, "otto", ROLE_OWNER);
        _cleanup_(user_freep) User* olga = get(&f, "olga");
        ASSERT_OK(user_deactivate(&f.m, &f.root, olga, NULL));
        ASSERT_REFUSED(token_authenticate(&f.m, token, operation("user.list"), &a, reterr), EACCES);
}

static char* token_of(json_t* link) {
        const char* at = strstr(json_get_string(link, "url"), "/#/link/");
        assert(at);
        return strdup(at + strlen("/#/link/"));
}

TEST(links) {
        FIXTURE;
        (void) person(&f, "anna", ROLE_USER);
        _cleanup_(user_freep) User *u = get(&f, "anna"), *found = NULL, *again = NULL;
        _cleanup_json_ json_t *one = NULL, *two = NULL, *three = NULL;
        _cleanup_(link_done) Link l = {}, l2 = {};
        ASSERT_OK(link_make(&f.m, LINK_KIND_RESET, u, NULL, "", NULL, &one, NULL));
        ASSERT_TRUE(startswith(json_get_string(one, "url"), "https://box.example/#/link/"));
        ASSERT_OK(link_make(&f.m, LINK_KIND_RESET, u, NULL, "other.example:8443", NULL, &two, NULL));
        ASSERT_TRUE(startswith(json_get_string(two, "url"), "https://other.example:8443/#/link/"));
        _cleanup_free_ char *t1 = token_of(one), *t2 = token_of(two), *t3 = NULL;
        ASSERT_REFUSED(link_find(&f.m, t1, &l, &found, reterr), ESTALE); /* the second replaced it */
        ASSERT_OK(link_find(&f.m, t2, &l, &found, NULL));
        ASSERT_EQ(l.kind, LINK_KIND_RESET);
        ASSERT_OK(user_password_set(&f.m, u, "z", NULL, NULL));
        ASSERT_REFUSED(link_find(&f.m, t2, &l2, &again, reterr), ESTALE); /* used */
        ASSERT_OK(link_make(&f.m, LINK_KIND_OWNER, NULL, "o@example.org", "", NULL, &three, NULL));
        t3 = token_of(three);
        ASSERT_OK(link_find(&f.m, t3, &l2, &again, NULL));
        ASSERT_TRUE(!again);
        ASSERT_STREQ(l2.email, "o@example.org");
        uint8_t digest[DIGEST_BYTES];
        _cleanup_json_ json_t* four = NULL;
        digest_sha256("made elsewhere, long", 20, digest);
        link_done(&l2);
        ASSERT_OK(link_make(&f.m, LINK_KIND_OWNER, NULL, NULL, "", digest, &four, NULL));
        ASSERT_TRUE(json_is_null(json_object_get(four, "url")));
        ASSERT_OK(link_find(&f.m, "made elsewhere, long", &l2, &again, NULL));
}

TEST(second_factor) {
        FIXTURE;
        _cleanup_(user_freep) User* u = get(&f, "olga");
        _cleanup_json_ json_t *start = NULL, *codes = NULL;
        ASSERT_REFUSED(factor_confirm(&f.m, u, "123456", &codes, reterr), EBUSY);
        ASSERT_OK(factor_start(&f.m, u, &start, NULL));
        ASSERT_TRUE(!u->totp_secret);
        size_t n = 0;
        _cleanup_free_ uint8_t* secret = NULL;
        ASSERT_OK(seal_decrypt(f.m.seal, "totp", u->totp_pending, u->totp_pending_size, &secret, &n, NULL));
        char code[8];
        uint64_t step = (uint64_t) now_seconds() / 30;
        (void) snprintf(code, sizeof(code), "%06u", totp_code(secret, n, step));
        ASSERT_OK(factor_confirm(&f.m, u, code, &codes, NULL));
        ASSERT_EQ(json_array_size(json_object_get(codes, "codes")), RECOVERY_CODES);
        ASSERT_EQ(factor_check(&f.m, u, code, NULL), 0); /* the code that switched it on is spent */
        (void) snprintf(code, sizeof(code), "%06u", totp_code(secret, n, (uint64_t) u->totp_step + 1));
        ASSERT_EQ(factor_check(&f.m, u, code, NULL), 1);
        ASSERT_EQ(factor_check(&f.m, u, code, NULL), 0);
        const char* recovery = json_string_value(json_array_get(json_object_get(codes, "codes"), 3));
        char typed[32];
        (void) snprintf(typed, sizeof(typed), " %.4s %.4s%s", recovery, recovery + 5, recovery + 10);
        for (char* p = typed; *p; p++)
                *p = (char) (*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
        ASSERT_EQ(recovery_verify(&f.m, u, typed, NULL), 1);
        ASSERT_EQ(factor_check(&f.m, u, typed, NULL), 1); /* verifying did not use it up */
        ASSERT_EQ(factor_check(&f.m, u, typed, NULL), 0);
        ASSERT_EQ(recovery_verify(&f.m, u, typed, NULL), 0);
        int64_t left = 0;
        ASSERT_OK(store_recovery_left(f.m.store, u->id, &left, NULL));
        ASSERT_EQ(left, RECOVERY_CODES - 1);
        ASSERT_OK(factor_reseal(&f.m, 2, NULL));
        _cleanup_(user_freep) User* again = get(&f, "olga");
        (void) snprintf(code, sizeof(code), "%06u", totp_code(secret, n, (uint64_t) again->totp_step + 1));
        (void) factor_check(&f.m, again, code, NULL); /* unseals under the new key; too far ahead to be good */
        ASSERT_TRUE(again->totp_secret_size != u->totp_secret_size || memcmp(again->totp_secret, u->totp_secret, u->totp_secret_size) != 0);
        ASSERT_OK(factor_remove(&f.m, again, NULL));
        ASSERT_OK(store_recovery_left(f.m.store, u->id, &left, NULL));
        ASSERT_EQ(left, 0);
}

TEST(groups) {
        FIXTURE;
        int64_t id = 0, other = 0;
        _cleanup_free_ char* json = NULL;
        _cleanup_json_ json_t *members = json_pack("[ss]", "anna", "olga"), *wrong = json_pack("[s]", "nobody");
        (void) person(&f, "anna", ROLE_USER);
        ASSERT_OK(group_add(&f.m, &f.owner, "crew", NULL, members, &id, NULL));
        ASSERT_REFUSED(group_add(&f.m, &f.owner, "crew", NULL, NULL, &other, reterr), EEXIST);
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_ERROR(group_add(&f.m, &f.owner, "crew2", NULL, wrong, &other, &e), EINVAL);
        ASSERT_STREQ(e.field, "members");
        ASSERT_EQ(store_group_json(f.m.store, id, group_viewer(&f.owner), &json, NULL), 1);
        ASSERT_TRUE(strstr(json, "\"members\":2"));
        Actor manager = actor(99, "mia", ROLE_USER_MANAGER);
        ASSERT_OK(group_leave(&f.m, &manager, id, "anna", NULL));
        ASSERT_OK(group_leave(&f.m, &manager, id, "anna", NULL));
        ASSERT_REFUSED(group_leave(&f.m, &manager, id, "olga", reterr), EPERM);
        ASSERT_OK(group_update(&f.m, id, "crew", "team", "us", NULL));
        ASSERT_OK(group_remove(&f.m, id, NULL));
        ASSERT_REFUSED(group_find(&f.m, "team", &id, reterr), ENOENT);
}

/* The apps without which nobody could open them, as this one is told; the number is of those that are not named. */
#define ASSERT_SOLE(f, group, who, ...)                                                                                     \
        do {                                                                                                                \
                _cleanup_free_ char* _text = NULL;                                                                          \
                ASSERT_EQ(store_group_json((f)->m.store, (group), group_viewer(who), &_text, NULL), 1);                     \
                _cleanup_json_ json_t *_told = json_loads(_text, 0, NULL), *_wanted = json_pack(__VA_ARGS__);               \
                ASSERT_TRUE(json_equal(json_object_get(_told, "sole_apps"), json_object_get(_wanted, "seen")));             \
                ASSERT_TRUE(json_equal(json_object_get(_told, "sole_apps_unseen"), json_object_get(_wanted, "unseen")));    \
        } while (0)

TEST(titles_of_apps_are_told_to_who_may_see_these_apps) {
        FIXTURE;
        int64_t crew = 0, yard = 0;
        _cleanup_free_ char* list = NULL;
        _cleanup_json_ json_t *both = json_pack("[s, s]", "crew", "yard"), *one = json_pack("[s]", "crew"), *operators = json_pack("[s]", "mia");
        Actor mia = actor(person(&f, "mia", ROLE_USER_MANAGER), "mia", ROLE_USER_MANAGER);
        Actor admin = actor(person(&f, "ada", ROLE_ADMIN), "ada", ROLE_ADMIN);
        ASSERT_OK(group_add(&f.m, &f.owner, "crew", NULL, NULL, &crew, NULL));
        ASSERT_OK(group_add(&f.m, &f.owner, "yard", NULL, NULL, &yard, NULL));
        static const char* const apps[] = { "diary", "ledger", "shared", "open" };
        for (size_t i = 0; i < ELEMENTS(apps); i++) {
                AppRow row = test_app_row(apps[i], (int64_t) i + 1, apps[i]);
                row.access = (char*) (i == 3 ? "public" : "groups");
                ASSERT_OK(store_app_add(f.m.store, &row, NULL));
                ASSERT_OK(store_app_groups_set(f.m.store, apps[i], i == 2 ? both : one, NULL));
        }
        ASSERT_SOLE(&f, crew, &f.root, "{s:[s, s], s:i}", "seen", "diary", "ledger", "unseen", 0);
        ASSERT_SOLE(&f, crew, &admin, "{s:[s, s], s:i}", "seen", "diary", "ledger", "unseen", 0);
        ASSERT_SOLE(&f, crew, &mia, "{s:[], s:i}", "seen", "unseen", 2);
        ASSERT_SOLE(&f, yard, &mia, "{s:[], s:i}", "seen", "unseen", 0);
        ASSERT_OK(store_group_list(f.m.store, &(GroupFilter) { .viewer = group_viewer(&mia), .limit = 10 }, &list, NULL));
        ASSERT_TRUE(!strstr(list, "diary") && strstr(list, "\"sole_apps_unseen\":2"));
        ASSERT_OK(store_app_operators_set(f.m.store, "ledger", operators, NULL));
        ASSERT_SOLE(&f, crew, &mia, "{s:[s], s:i}", "seen", "ledger", "unseen", 1);
        ASSERT_OK(group_join(&f.m, &mia, crew, "mia", NULL)); /* they are tiles of hers now */
        ASSERT_SOLE(&f, crew, &mia, "{s:[s, s], s:i}", "seen", "diary", "ledger", "unseen", 0);
}

/* Walks all pages; returns how many items there were and checks that none comes twice. */
static size_t walk(Fixture* f, UserSort sort, unsigned limit, const char* q) {
        char after[160] = "";
        size_t n = 0;
        _cleanup_json_ json_t* seen = json_object();
        for (;;) {
                _cleanup_free_ char* text = NULL;
                UserFilter filter = { .sort = sort, .limit = limit, .after = *after ? after : NULL, .q = q };
                ASSERT_OK(store_user_list(f->m.store, &filter, &text, NULL));
                _cleanup_json_ json_t* page = json_loads(text, 0, NULL);
                ASSERT_TRUE(page);
                json_t *items = json_object_get(page, "items"), *u;
                size_t i;
                json_array_foreach(items, i, u) {
                        ASSERT_TRUE(!json_object_get(seen, json_get_string(u, "username")));
                        (void) json_object_set_new(seen, json_get_string(u, "username"), json_true());
                        n++;
                }
                if (!json_get_string(page, "next"))
                        return n;
                ASSERT_EQ(json_array_size(items), limit);
                (void) snprintf(after, sizeof(after), "%s", json_get_string(page, "next"));
        }
}

TEST(lists) {
        FIXTURE;
        for (int i = 0; i < 57; i++) {
                char name[16], display[32];
                (void) snprintf(name, sizeof(name), "u%03d", i);
                (void) snprintf(display, sizeof(display), "%s %d%%", i % 3 ? "Same" : "SAME", i % 5);
                int64_t id = 0;
                ASSERT_OK(user_add(&f.m, &f.root, &(UserNew) { .username = name, .display_name = display, .role = ROLE_USER }, &id, NULL));
                if (i % 4 == 0)
                        ASSERT_OK(store_user_seen(f.m.store, id, 1000 + i % 8, NULL));
        }
        for (UserSort s = 0; s < _USER_SORT_MAX; s++)
                for (unsigned limit = 1; limit < 70; limit += 8)
                        ASSERT_EQ(walk(&f, s, limit, NULL), 58);
        ASSERT_EQ(walk(&f, USER_SORT_USERNAME, 10, "u00"), 10);
        ASSERT_EQ(walk(&f, USER_SORT_DISPLAY_NAME, 3, "3%"), 11);
        ASSERT_EQ(walk(&f, USER_SORT_DISPLAY_NAME, 3, "_"), 0); /* no wildcard */
        _cleanup_free_ char *one = NULL, *two = NULL, *bad = NULL;
        ASSERT_OK(store_commit(f.m.store, NULL));
        UserFilter filter = { .limit = 5 };
        ASSERT_OK(store_user_list(f.m.store, &filter, &one, NULL));
        ASSERT_OK(store_user_list(f.m.store, &filter, &two, NULL)); /* from memory */
        ASSERT_STREQ(one, two);
        ASSERT_OK(store_begin(f.m.store, NULL));
        (void) person(&f, "aaa", ROLE_USER);
        _cleanup_free_ char* three = NULL;
        ASSERT_OK(store_user_list(f.m.store, &filter, &three, NULL)); /* sees the open transaction */
        ASSERT_TRUE(strstr(three, "\"aaa\"") && !strstr(one, "\"aaa\""));
        filter.after = "d.1";
        ASSERT_REFUSED(store_user_list(f.m.store, &filter, &bad, reterr), EINVAL);
}

static int run(Fixture* f, const JobClass* class, Job* job, unsigned stages, Error* reterr) {
        for (; job->stage < stages; job->stage++) {
                int r;
                do {
                        /* as after a kill: only what is kept in the row goes on */
                        _cleanup_free_ char* kept = json_text(job->journal, false);
                        json_decref(job->journal);
                        job->journal = json_loads(kept, 0, NULL);
                        r = class->step(&f->m, job, reterr);
                } while (r == 0);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void import(Fixture* f, Job* job, const char* csv, bool dry_run) {
        *job = (Job) { .id = "job", .kind = JOB_USER_IMPORT, .actor = f->owner, .journal = json_object(), .result = json_object(),
                       .request = json_pack("{s:s,s:b}", "csv", csv, "dry_run", dry_run) };
}
static void import_done(Job* job) {
        json_decref(job->journal);
        json_decref(job->result);
        json_decref(job->request);
}

TEST(import_all_or_nothing) {
        static const char* const bad[] = {
                "", "name\nanna\n", "username,username\n", "username\nanna\nANNA\n", "username,email\nanna,a@example.org\nbert,A@example.org\n",
                "username\nanna\nanna\n", "username\nanna\nolga\n", "username,role\nanna,king\n", "username,role\nanna,owner\nbert,root\n",
                "username,groups\nanna,unknown\n", "username\nanna\n\"open\n", "username,language\nanna,klingon\n", "username,email\nanna,nonsense\n",
        };
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                FIXTURE;
                Job job;
                int64_t n = 0;
                import(&f, &job, bad[i], false);
                if (run(&f, &user_import_job, &job, 2, NULL) >= 0)
                        TEST_FAIL("%s was imported", bad[i]);
                ASSERT_OK(user_import_job.undo(&f.m, &job, NULL));
                ASSERT_OK(store_user_count(f.m.store, &n, NULL));
                ASSERT_EQ(n, 1);
                import_done(&job);
        }
}

TEST(import_many_and_back) {
        FIXTURE;
        char *csv = NULL, *exported = NULL;
        size_t size = 0;
        int64_t n = 0, group = 0;
        Job job, dry, cancelled;
        ASSERT_OK(group_add(&f.m, &f.owner, "crew", NULL, NULL, &group, NULL));
        FILE* file = open_memstream(&csv, &size);
        (void) fputs("groups;username;display_name\r\n", file);
        for (int i = 0; i < 1801; i++)
                fprintf(file, "crew;p%d;\"Person, %d\"\r\n", i, i);
        (void) fclose(file);
        import(&f, &dry, csv, true);
        ASSERT_OK(run(&f, &user_import_job, &dry, 2, NULL));
        ASSERT_EQ(json_get_integer(dry.result, "rows", 0), 1801);
        import(&f, &job, csv, false);
        ASSERT_OK(run(&f, &user_import_job, &job, 2, NULL));
        ASSERT_EQ(json_get_integer(job.result, "added", 0), 1801);
        ASSERT_OK(store_user_count(f.m.store, &n, NULL));
        ASSERT_EQ(n, 1802);
        ASSERT_OK(user_export(&f.m, &exported, NULL));
        ASSERT_TRUE(strstr(exported, "p7,\"Person, 7\",,user,,crew\r\n"));
        import(&f, &cancelled, "", false);
        json_decref(cancelled.journal);
        cancelled.journal = json_deep_copy(job.journal);
        int64_t own = person(&f, "zoe", ROLE_USER);
        ASSERT_OK(user_import_job.undo(&f.m, &cancelled, NULL)); /* as if it had been cancelled at the end */
        ASSERT_OK(store_user_count(f.m.store, &n, NULL));
        ASSERT_EQ(n, 2);
        ASSERT_TRUE(own > 0);
        import_done(&job);
        import_done(&dry);
        import_done(&cancelled);
        free(csv);
        free(exported);
}

TEST(off_boarding) {
        FIXTURE;
        int64_t id = person(&f, "anna", ROLE_USER), group = 0, lines = 0;
        char token[TOKEN_TEXT_BYTES];
        Actor a;
        _cleanup_json_ json_t *scopes = json_pack("[s]", "account:read"), *made = NULL;
        _cleanup_(user_freep) User *u = get(&f, "anna"), *gone = NULL;
        ASSERT_OK(group_add(&f.m, &f.owner, "crew", NULL, NULL, &group, NULL));
        ASSERT_OK(group_join(&f.m, &f.owner, group, "anna", NULL));
        ASSERT_OK(session_begin(&f.m, u, "", "192.0.2.77", token, &a, NULL));
        ASSERT_OK(token_make_for(&f.m, &a, "t", scopes, 1, &made, NULL));
        ASSERT_OK(user_consent(&f.m, id, "privacy-notice", true, NULL));
        Job job = { .kind = JOB_USER_DELETE, .actor = f.owner, .journal = json_object(), .request = json_pack("{s:I}", "user_id", (json_int_t) id) };
        ASSERT_OK(run(&f, &user_delete_job, &job, 4, NULL));
        ASSERT_EQ(store_user_by_id(f.m.store, id, &gone, NULL), 0);
        ASSERT_EQ(session_authenticate(&f.m, token, &a, NULL), 0);
        job.stage = 3;
        ASSERT_EQ(user_delete_job.step(&f.m, &job, NULL), 1); /* killed behind the last stage: once more does no harm */
        ASSERT_EQ(lines, 0);
        json_decref(job.journal);
        json_decref(job.request);
}

TEST(off_boarding_spares) {
        FIXTURE;
        int64_t id = person(&f, "anna", ROLE_USER);
        _cleanup_(user_freep) User* u = get(&f, "anna");
        ASSERT_OK(user_freeze(&f.m, &f.owner, u, NULL)); /* between the request and the job */
        Job job = { .kind = JOB_USER_DELETE, .actor = f.owner, .journal = json_object(), .request = json_pack("{s:I}", "user_id", (json_int_t) id) };
        ASSERT_REFUSED(user_delete_job.step(&f.m, &job, reterr), EBUSY);
        json_decref(job.request);
        job.request = json_pack("{s:I}", "user_id", (json_int_t) f.owner.user_id);
        ASSERT_REFUSED(user_delete_job.step(&f.m, &job, reterr), EBUSY);
        json_decref(job.journal);
        json_decref(job.request);
}

TEST(findings) {
        FIXTURE;
        n_findings = 0;
        ASSERT_OK(user_noun.findings(&f.m, NULL, NULL));
        ASSERT_EQ(n_findings, 2); /* single owner, no authenticator */
        ASSERT_OK(store_user_recovery_verified(f.m.store, f.owner.user_id, now_seconds(), NULL));
        n_findings = 0;
        ASSERT_OK(user_noun.findings(&f.m, NULL, NULL));
        ASSERT_EQ(n_findings, 1);
        int64_t id = 0;
        ASSERT_OK(user_add(&f.m, &f.root, &(UserNew) { .username = "anna", .role = ROLE_USER }, &id, NULL));
        n_findings = 0;
        ASSERT_OK(user_noun.findings(&f.m, NULL, NULL));
        ASSERT_EQ(n_findings, 2); /* an invitation that is none */
}

TEST(search_and_data) {
        FIXTURE;
        _cleanup_json_ json_t *hits = json_array(), *none = json_array(), *parts = json_object();
        ASSERT_OK(user_noun.search(&f.m, ROLE_OWNER, "OLG", hits, NULL));
        ASSERT_EQ(json_array_size(hits), 1);
        ASSERT_STREQ(json_get_string(json_array_get(hits, 0), "page"), "/people/olga");
        ASSERT_OK(user_noun.search(&f.m, ROLE_USER, "olg", none, NULL));
        ASSERT_EQ(json_array_size(none), 0);
        ASSERT_OK(user_noun.personal_data(&f.m, f.owner.user_id, parts, NULL));
        ASSERT_OK(group_noun.personal_data(&f.m, f.owner.user_id, parts, NULL));
        _cleanup_free_ char* text = json_text(parts, false);
        ASSERT_TRUE(strstr(text, "\"username\":\"olga\"") && !strstr(text, "password_hash") && !strstr(text, "totp_secret"));
}

TEST(agents) {
        static const char* const cases[][2] = {
                { "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux" },
                { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows" },
                { "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1", "Safari on iPhone" },
                { "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android" },
                { "curl/8.5", "curl" }, { "", "Unknown browser" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char words[64];
                agent_words(cases[i][0], words);
                ASSERT_STREQ(words, cases[i][1]);
        }
}

TEST_MAIN()
