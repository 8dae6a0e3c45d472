/* Which names the box answers to, against a real store: what follows from domains and what the last check saw, what people made, and that
 * nothing is left of a domain that is gone. */
#include "base/test.h"
#include "certificate/certificate.h"
#include "daemon/nouns.h"
#include "domain/domain-internal.h"
#include "domain/names.h"
#include "site/site.h"
#include "store/test-app-row.h"
#include "store/store-name.h"
#include "system/system.h"
#include "system/wanted.h"

/* --- the rest of the manager --- */

const NounClass* const noun_table[] = { NULL };
static unsigned applied;
void system_names_now(Manager* m) {
        applied++;
}
void certificates_wanted_changed(Manager* m) {
}
bool certificate_trusted_for(Manager* m, const char* id, const char* name) {
        return false;
}
json_t* site_own_names(Manager* m) {
        return json_pack("[s, s, s]", "c123.provider.example", "203.0.113.5", "2001:db8::5");
}
void domain_publish(Manager* m) {
}
void domain_changed(Manager* m, int64_t id) {
}
void domain_box_name_of(const char* domain, char ret[static DOMAIN_NAME_BYTES]) {
        (void) snprintf(ret, DOMAIN_NAME_BYTES, "my.%s", domain);
}
int domain_of_name(Manager* m, const char* name, int64_t* ret_id, char ret_domain[static DOMAIN_NAME_BYTES], Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = store_domain_of_name(m->store, name, &row, reterr);
        if (r > 0) {
                *ret_id = row.id;
                (void) snprintf(ret_domain, DOMAIN_NAME_BYTES, "%s", row.name);
        }
        return r;
}
static unsigned wanted;
int address_records_add(WantedRecords* list, const DomainView* d, const char* label, const char* part, const char* why, Severity severity, bool hold) {
        ASSERT_TRUE(streq(label, "shop") || streq(label, "box"));
        wanted++;
        return 0;
}
/* As system/wanted.c, but the names are only counted. */
int nginx_names_add(NginxNames* list, NginxName name) {
        list->count++;
        return 0;
}

typedef struct Fixture {
        Manager m;
        char directory[32], path[64];
} Fixture;

static void setup(Fixture* f) {
        *f = (Fixture) { .directory = "/tmp/test-names-XXXXXX" };
        assert(mkdtemp(f->directory));
        (void) snprintf(f->path, sizeof(f->path), "%s/db", f->directory);
        ASSERT_OK(store_open(f->path, &f->m.store, NULL));
        ASSERT_OK(store_begin(f->m.store, NULL));
}

static void down(Fixture* f) {
        char command[64];
        store_rollback(f->m.store);
        f->m.store = store_free(f->m.store);
        (void) snprintf(command, sizeof(command), "rm -r %s", f->directory);
        ASSERT_EQ(system(command), 0);
}

static int64_t add(Fixture* f, const char* name, const char* scope) {
        int64_t id = 0;
        ASSERT_OK(store_domain_add(f->m.store, name, name, scope, "{}", 1000, &id, NULL));
        return id;
}

static void verdict(Fixture* f, int64_t id, const char* record, const char* verdict) {
        VerdictRow row = { .id = (char*) record, .verdict = (char*) verdict, .now = (char*) "[]", .body = (char*) "{}", .checked_at = 1000, .since = 1000 };
        ASSERT_OK(store_verdict_put(f->m.store, id, &row, NULL));
        ASSERT_OK(store_domain_checked(f->m.store, id, "{}", 1000, NULL));
}

/* "kind target" of the name, or NULL. Valid until the next call. */
static const char* served(Fixture* f, const char* name) {
        static char text[600];
        _cleanup_served_names_ ServedNames list = {};
        ASSERT_OK(served_names_collect(&f->m, &list, NULL));
        for (size_t i = 0; i < list.count; i++)
                if (streq(list.items[i].name, name)) {
                        (void) snprintf(text, sizeof(text), "%s %s", list.items[i].kind, list.items[i].target);
                        return text;
                }
        return NULL;
}

static int try_add(Fixture* f, const char* kind, const char* name, const char* target, Error* reterr) {
        _cleanup_json_ json_t* answer = NULL;
        return name_add(&f->m, kind, name, target, NULL, &answer, reterr);
}

TEST(own_names_come_first) {
        Fixture f;
        setup(&f);
        ASSERT_STREQ(served(&f, "*"), "box ");
        ASSERT_STREQ(served(&f, "c123.provider.example"), "box ");
        ASSERT_TRUE(!served(&f, "203.0.113.5")); /* * is for them */
        (void) add(&f, "c123.provider.example", "subdomain"); /* somebody adds what the box is called already */
        ASSERT_STREQ(served(&f, "c123.provider.example"), "box ");
        down(&f);
}

static void app(Fixture* f, const char* id, int64_t slot, const char* name, const char* further) {
        AppRow row = test_app_row(id, slot, name);
        row.extra_names = (char*) further;
        ASSERT_OK(store_app_add(f->m.store, &row, NULL));
}

TEST(apps_have_names_and_keep_them) {
        Fixture f;
        setup(&f);
        int64_t id = add(&f, "example.com", "web");
        _cleanup_error_ Error e = ERROR_NULL;
        verdict(&f, id, "a:example.com", "missing");
        app(&f, "notes", 1, "notes.example.com", "[\"n.example.com\"]");
        app(&f, "shop", 2, "example.com", "[]");
        app(&f, "thief", 3, "my.example.com", "[\"*\"]"); /* which no check lets through */
        ASSERT_STREQ(served(&f, "notes.example.com"), "app notes");
        ASSERT_STREQ(served(&f, "n.example.com"), "app notes");
        ASSERT_STREQ(served(&f, "example.com"), "app shop");
        ASSERT_STREQ(served(&f, "www.example.com"), "redirect example.com");
        ASSERT_STREQ(served(&f, "my.example.com"), "box ");
        ASSERT_STREQ(served(&f, "*"), "box ");
        ASSERT_TRUE(try_add(&f, "redirect", "notes.example.com", "elsewhere.example", &e) < 0);
        ASSERT_EQ(e.name, ERROR_NAME_TAKEN);
        _cleanup_error_ Error e2 = ERROR_NULL;
        ASSERT_TRUE(try_add(&f, "alias", "n.example.com", "my.example.com", &e2) < 0);
        ASSERT_EQ(e2.name, ERROR_NAME_TAKEN);
        ASSERT_OK(store_app_remove(f.m.store, "shop", NULL));
        ASSERT_STREQ(served(&f, "example.com"), "redirect my.example.com");
        down(&f);
}

TEST(apps_may_live_below_what_the_provider_calls_the_box) {
        Fixture f;
        setup(&f);
        _cleanup_error_ Error e1 = ERROR_NULL, e2 = ERROR_NULL, e3 = ERROR_NULL;
        _cleanup_json_ json_t* machine = json_pack("{s:{s:s}}", "provider", "fallback_name", "c123.provider.example");
        ASSERT_TRUE(served_name_check(&f.m, "notes.c123.provider.example", NULL) < 0); /* another machine's */
        f.m.machine = machine;
        ASSERT_OK(served_name_check(&f.m, "notes.c123.provider.example", NULL)); /* there is no domain at all yet */
        ASSERT_OK(served_name_check(&f.m, "a.notes.c123.provider.example", NULL));
        ASSERT_TRUE(served_name_check(&f.m, "c123.provider.example", &e1) < 0);
        ASSERT_EQ(e1.name, ERROR_NAME_TAKEN);
        ASSERT_TRUE(served_name_check(&f.m, "notes.c1234.provider.example", NULL) < 0);
        ASSERT_TRUE(served_name_check(&f.m, "notesc123.provider.example", NULL) < 0);
        ASSERT_TRUE(served_name_check(&f.m, "provider.example", NULL) < 0);
        app(&f, "notes", 1, "notes.c123.provider.example", "[]");
        ASSERT_STREQ(served(&f, "notes.c123.provider.example"), "app notes");
        ASSERT_STREQ(served(&f, "c123.provider.example"), "box ");
        ASSERT_TRUE(served_name_check(&f.m, "notes.c123.provider.example", &e2) < 0);
        ASSERT_EQ(e2.name, ERROR_NAME_TAKEN);
        ASSERT_TRUE(try_add(&f, "redirect", "other.c123.provider.example", "elsewhere.example", &e3) < 0); /* only apps */
        down(&f);
}

TEST(a_website_that_lives_elsewhere_is_left_alone) {
        Fixture f;
        setup(&f);
        int64_t id = add(&f, "example.com", "web");
        ASSERT_STREQ(served(&f, "my.example.com"), "box ");
        ASSERT_TRUE(!served(&f, "example.com")); /* nobody has looked */
        verdict(&f, id, "a:example.com", "waits");
        ASSERT_TRUE(!served(&f, "example.com"));
        verdict(&f, id, "a:example.com", "unreachable");
        ASSERT_TRUE(!served(&f, "example.com"));
        verdict(&f, id, "a:example.com", "missing"); /* free */
        ASSERT_STREQ(served(&f, "example.com"), "redirect my.example.com");
        ASSERT_STREQ(served(&f, "www.example.com"), "redirect my.example.com");
        verdict(&f, id, "a:www.example.com", "waits");
        ASSERT_TRUE(!served(&f, "example.com")); /* a website moves as a whole */
        ASSERT_OK(store_domain_switched_set(f.m.store, id, /* web= */ true, /* mail= */ false, NULL));
        ASSERT_STREQ(served(&f, "www.example.com"), "redirect my.example.com");
        ASSERT_OK(store_domain_scope_set(f.m.store, id, "subdomain", NULL));
        ASSERT_TRUE(!served(&f, "example.com") && !served(&f, "www.example.com"));
        down(&f);
}

TEST(the_mail_policy_waits_for_mail) {
        Fixture f;
        setup(&f);
        int64_t id = add(&f, "example.com", "everything");
        verdict(&f, id, "mx:example.com", "waits");
        ASSERT_TRUE(!served(&f, "mta-sts.example.com"));
        verdict(&f, id, "mx:example.com", "ok");
        ASSERT_STREQ(served(&f, "mta-sts.example.com"), "policy mail.example.com");
        ASSERT_OK(store_domain_scope_set(f.m.store, id, "web", NULL));
        ASSERT_TRUE(!served(&f, "mta-sts.example.com"));
        down(&f);
}

TEST(what_people_make_goes_with_its_domain) {
        Fixture f;
        _cleanup_error_ Error e = ERROR_NULL;
        setup(&f);
        int64_t id = add(&f, "example.com", "web"), other = add(&f, "example.org", "subdomain");
        (void) add(&f, "deep.example.com", "subdomain");
        ASSERT_OK(store_domain_switched_set(f.m.store, id, true, false, NULL));
        ASSERT_OK(try_add(&f, "redirect", "shop.example.com", "shop.example.net", NULL));
        ASSERT_OK(try_add(&f, "alias", "box.example.org", "my.example.com", NULL));
        ASSERT_OK(try_add(&f, "alias", "example.com", "my.example.com", NULL)); /* the apex may be the box itself */
        ASSERT_OK(try_add(&f, "redirect", "a.deep.example.com", "example.net", NULL));
        ASSERT_STREQ(served(&f, "shop.example.com"), "redirect shop.example.net");
        ASSERT_STREQ(served(&f, "example.com"), "alias my.example.com");
        ASSERT_STREQ(served(&f, "www.example.com"), "redirect my.example.com");
        ASSERT_TRUE(try_add(&f, "alias", "more.example.org", "shop.example.com", &e) < 0);
        ASSERT_STREQ(e.field, "target");
        DomainView view = { .id = other, .name = "example.org", .ipv4 = json_pack("[s]", "203.0.113.5"), .ipv6 = json_pack("[s]", "2001:db8::5") };
        wanted = 0;
        ASSERT_OK(served_names_wanted(&f.m, &view, NULL, NULL));
        ASSERT_EQ(wanted, 1);
        view.id = id;
        view.name = "example.com";
        wanted = 0;
        ASSERT_OK(served_names_wanted(&f.m, &view, NULL, NULL)); /* neither the apex, which the domain wants itself, nor what is in deep. */
        ASSERT_EQ(wanted, 1);
        json_decref((json_t*) view.ipv4);
        json_decref((json_t*) view.ipv6);
        /* gone, with aliases that led there; deep.example.com is a domain of its own, but below it */
        ASSERT_OK(store_name_remove_below(f.m.store, "example.com", NULL));
        ASSERT_OK(store_domain_remove(f.m.store, id, NULL));
        ASSERT_TRUE(!served(&f, "shop.example.com") && !served(&f, "box.example.org") && !served(&f, "example.com"));
        down(&f);
}

TEST(visitors_are_not_sent_round_in_circles) {
        Fixture f;
        setup(&f);
        (void) add(&f, "example.com", "subdomain");
        ASSERT_OK(try_add(&f, "redirect", "a.example.com", "b.example.com", NULL)); /* which may come later */
        ASSERT_OK(try_add(&f, "redirect", "b.example.com", "c.example.com", NULL));
        ASSERT_TRUE(try_add(&f, "redirect", "c.example.com", "a.example.com", NULL) < 0);
        ASSERT_TRUE(try_add(&f, "redirect", "c.example.com", "c.example.com", NULL) < 0);
        ASSERT_OK(try_add(&f, "redirect", "c.example.com", "my.example.com", NULL));
        down(&f);
}

TEST(headers_of_a_name_stay_with_it) {
        Fixture f;
        _cleanup_json_ json_t *words = json_pack("[s, s]", "no-index", "no-referrer"), *none = json_array(), *answer = NULL, *after = NULL;
        NameRows rows = {};
        setup(&f);
        (void) add(&f, "example.com", "subdomain");
        ASSERT_OK(name_update(&f.m, "my.example.com", NULL, words, &answer, NULL));
        ASSERT_TRUE(json_equal(json_object_get(answer, "headers"), words));
        ASSERT_FALSE(json_get_boolean(answer, "removable", true));
        ASSERT_TRUE(name_remove(&f.m, "my.example.com", NULL) < 0);
        ASSERT_OK(name_update(&f.m, "my.example.com", NULL, none, &after, NULL));
        ASSERT_EQ(json_array_size(json_object_get(after, "headers")), 0);
        ASSERT_OK(store_name_all(f.m.store, &rows, NULL));
        ASSERT_EQ(rows.count, 0); /* nothing is kept of nothing */
        name_rows_done(&rows);
        down(&f);
}

TEST(rows_are_limited) {
        Fixture f;
        _cleanup_error_ Error e = ERROR_NULL;
        setup(&f);
        (void) add(&f, "example.com", "subdomain");
        for (unsigned i = 0; i < SERVED_ROWS_MAX; i++) {
                char name[64];
                (void) snprintf(name, sizeof(name), "n%u.example.com", i);
                NameRow row = { .name = name, .shown = name, .kind = (char*) "redirect", .target = (char*) "x.example", .headers = (char*) "[]" };
                ASSERT_OK(store_name_put(f.m.store, &row, 1000, NULL));
        }
        ASSERT_TRUE(try_add(&f, "redirect", "more.example.com", "x.example", &e) < 0);
        ASSERT_EQ(e.name, ERROR_TOO_LARGE);
        /* and with as many domains as there may be, all still fits what nginx is given */
        for (unsigned i = 1; i < DOMAINS_MAX; i++) {
                char name[64], record[80];
                (void) snprintf(name, sizeof(name), "d%u.example", i);
                int64_t id = add(&f, name, "everything");
                (void) snprintf(record, sizeof(record), "a:%s", name);
                verdict(&f, id, record, "ok");
                (void) snprintf(record, sizeof(record), "mx:%s", name);
                verdict(&f, id, record, "ok");
        }
        NginxNames* all = calloc(1, sizeof(NginxNames));
        ASSERT_TRUE(all != NULL);
        ASSERT_OK(served_names_nginx(&f.m, all, NULL));
        ASSERT_TRUE(all->count > 900 && all->count <= NGINX_NAMES_MAX);
        free(all);
        down(&f);
}

TEST_MAIN()
