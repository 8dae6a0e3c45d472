/* The rules about domains against a real store: adding, wanted records, verdicts, history, putting aside, schedule. The outside is played. */
#include "api/events.h"
#include "base/test.h"
#include "base/time.h"
#include "certificate/certificate.h"
#include "daemon/helper-client.h"
#include "daemon/nouns.h"
#include "domain/domain-internal.h"
#include "domain/primary.h"
#include "job/job-internal.h"
#include "net/link.h"
#include "site/site.h"
#include "store/test-app-row.h"
#include "store/store-setting.h"
#include "system/setting.h"
#include "system/system.h"
#include <stdio.h>

#define ASSERT_REFUSED(x, e)                              \
        do {                                              \
                _cleanup_error_ Error _error = ERROR_NULL; \
                Error* reterr = &_error;                  \
                ASSERT_ERROR(x, e);                       \
        } while (0)

/* --- what the domains ask of the rest of the manager --- */

const NounClass* const noun_table[] = { &domain_noun, NULL };
static struct {
        unsigned applied, changed, findings;
        char finding[64], sentence[512], page[300];
} world;

int findings_add(Findings* list, Finding f) {
        world.findings++;
        (void) snprintf(world.finding, sizeof(world.finding), "%s", f.id);
        (void) snprintf(world.sentence, sizeof(world.sentence), "%s", f.sentence);
        (void) snprintf(world.page, sizeof(world.page), "%s", f.fix_page);
        json_decref(f.facts);
        json_decref(f.fix_parameters);
        free(f.sentence);
        return 0;
}
int nginx_names_add(NginxNames* list, NginxName name) {
        return 0;
}
void events_publish(Events* e, const char* name, json_t* data, int64_t user_id) {
        json_decref(data);
}
void events_changed(Events* e, const char* noun) {
        abort(); /* there is no e here */
}
void system_apply_soon(Manager* m) {
        world.applied++;
}
void system_names_now(Manager* m) {
        world.applied++;
}

static json_t* machine_addresses; /* what the kernel would say */
int link_addresses(json_t** ret) {
        *ret = json_deep_copy(machine_addresses);
        return 0;
}
bool setting_locked(Manager* m, const char* key) {
        return json_is_true(json_object_get(m->machine, "locked-for-test"));
}
json_t* site_names(Manager* m) {
        return json_pack("[s, s, s]", "c123.provider.example", "203.0.113.5", "2001:db8::5");
}
int helper_client_dkim_key_ensure(HelperClient* c, const char* domain, const char* selector, HelperDone done, void* userdata, Error* reterr) {
        abort(); /* there is no helper here */
}
int helper_client_dkim_key_remove(HelperClient* c, const char* domain, const char* selector, HelperDone done, void* userdata, Error* reterr) {
        abort();
}
int served_names_nginx(Manager* m, NginxNames* list, Error* reterr) {
        return 0;
}
int served_names_wanted(Manager* m, const DomainView* d, WantedRecords* list, Error* reterr) {
        return 0;
}
static unsigned written, certificates_looked;
const char* certificate_for_name(Manager* m, const char* name) {
        return BOX_CERTIFICATE;
}
void certificates_wanted_changed(Manager* m) {
        certificates_looked++;
}
static char primary_tried[DOMAIN_NAME_BYTES];
int primary_change(Manager* m, const Actor* actor, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        ASSERT_TRUE(store_in_transaction(m->store));
        (void) snprintf(primary_tried, sizeof(primary_tried), "%s", name);
        return 0;
}
int domain_is_writable(Manager* m, int64_t id, Error* reterr) {
        return 0;
}
void domain_write_due(Manager* m, int64_t id) {
        written++;
}
void domain_writer_shutdown(Manager* m) {
}
json_t* domain_writer_json(const DomainRow* row) {
        return json_null();
}

/* --- the box --- */

typedef struct Fixture {
        Manager m;
        char directory[32];
        char path[64];
        Actor owner, root;
} Fixture;

static const JobClass* const classes[_JOB_KIND_MAX] = { [JOB_DOMAIN_CHECK] = &domain_check_job };
static int start(Jobs* j, const char* kind, const char* id, Error* reterr) {
        return 0; /* a worker that never says a word */
}
static void stop(Jobs* j, const char* kind, const char* id) {
}
static int look(Jobs* j, const char* kind, const char* id) {
        return -ENOTCONN;
}

static void open_store(Fixture* f) {
        ASSERT_OK(store_open(f->path, &f->m.store, NULL));
        ASSERT_OK(jobs_new_with(&f->m, (JobsOptions) { .classes = classes, .listen_fd = -EBADF, .start = start, .stop = stop, .look = look,
                                                       .doubt_usec = USEC_PER_SEC }, &f->m.jobs, NULL));
        ASSERT_OK(domain_noun.startup(&f->m, NULL));
}

static void close_store(Fixture* f) {
        domain_noun.shutdown(&f->m);
        f->m.jobs = jobs_free(f->m.jobs);
        f->m.store = store_free(f->m.store);
}

static void setup(Fixture* f, const char* addresses) {
        *f = (Fixture) {
                .directory = "/tmp/test-domain-XXXXXX",
                .owner = { .via = VIA_SESSION, .role = ROLE_OWNER, .user_id = 7, .username = "ada" },
                .root = { .via = VIA_UNIX, .role = ROLE_ROOT, .root = true, .name = "unix:root" },
        };
        memset(&world, 0, sizeof(world));
        assert(mkdtemp(f->directory));
        (void) snprintf(f->path, sizeof(f->path), "%s/db", f->directory);
        machine_addresses = json_loads(addresses ?: "[\"203.0.113.5\", \"2001:db8::5\"]", 0, NULL);
        f->m.machine = json_pack("{s:{s:s}}", "provider", "fallback_name", "c123.provider.example");
        f->m.runtime_directory = f->directory;
        ASSERT_OK(sd_event_new(&f->m.event));
        open_store(f);
}

static void down(Fixture* f) {
        char command[64];
        close_store(f);
        (void) sd_event_unref(f->m.event);
        json_decref(f->m.machine);
        json_decref(machine_addresses);
        (void) snprintf(command, sizeof(command), "rm -r %s", f->directory);
        ASSERT_EQ(system(command), 0);
}

static void begin(Fixture* f) {
        ASSERT_OK(store_begin(f->m.store, NULL));
}
static void commit(Fixture* f) {
        ASSERT_OK(store_commit(f->m.store, NULL));
}

static int try_add(Fixture* f, const Actor* actor, const char* name, const char* scope, Error* reterr) {
        begin(f);
        int r = domain_add(&f->m, actor, name, name, scope, reterr);
        if (r >= 0)
                commit(f);
        else
                store_rollback(f->m.store);
        return r;
}

static void add(Fixture* f, const char* name, const char* scope) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (try_add(f, &f->owner, name, scope, &e) < 0)
                TEST_FAIL("%s: %s", name, e.message);
}

static DomainRow row_of(Fixture* f, const char* name) {
        DomainRow row = {};
        ASSERT_EQ(store_domain_get(f->m.store, name, &row, NULL), 1);
        return row;
}

static json_t* records_of(Fixture* f, const char* name) {
        _cleanup_domain_row_ DomainRow row = row_of(f, name);
        json_t* items = NULL;
        ASSERT_OK(domain_records(&f->m, &row, &items, NULL));
        return items;
}

static const json_t* find(const json_t* items, const char* id) {
        size_t i;
        json_t* item;
        json_array_foreach(items, i, item)
                if (streq(json_get_string(item, "id"), id))
                        return item;
        return NULL;
}

static void assert_verdict(Fixture* f, const char* domain, const char* id, const char* verdict) {
        _cleanup_json_ json_t* items = records_of(f, domain);
        const json_t* item = find(items, id);
        if (!item || !streq(json_get_string(item, "verdict"), verdict))
                TEST_FAIL("%s is %s, not %s", id, item ? json_get_string(item, "verdict") : "not there", verdict);
}

static unsigned history_count(Fixture* f, const char* domain, const char* kind) {
        _cleanup_domain_row_ DomainRow row = row_of(f, domain);
        _cleanup_free_ char* text = NULL;
        unsigned n = 0;
        size_t i;
        json_t* change;
        ASSERT_OK(store_domain_change_list(f->m.store, row.id, NULL, NULL, 1000, &text, NULL));
        _cleanup_json_ json_t* list = json_loads(text, 0, NULL);
        json_array_foreach(json_object_get(list, "items"), i, change)
                n += streq(json_get_string(change, "kind"), kind);
        return n;
}

/* --- adding --- */

TEST(a_domain_is_added_once_with_all_it_wants) {
        Fixture f;
        _cleanup_json_ json_t *shown = NULL, *items = NULL;
        setup(&f, NULL);
        add(&f, "example.com", "everything");
        ASSERT_TRUE(world.applied > 0);
        ASSERT_OK(domain_show(&f.m, "example.com", &shown, NULL));
        ASSERT_STREQ(json_get_string(shown, "state"), "pending");
        ASSERT_STREQ(json_get_string(shown, "box_name"), "my.example.com");
        ASSERT_STREQ(json_get_string(shown, "severity"), "ok");
        items = records_of(&f, "example.com");
        static const char* const ids[] = {
                "a:my.example.com", "aaaa:my.example.com", "a:example.com", "aaaa:www.example.com", "a:mail.example.com", "mx:example.com",
                "spf:example.com", "dmarc:_dmarc.example.com", "mta-sts:_mta-sts.example.com", "tls-rpt:_smtp._tls.example.com",
                "srv:_imaps._tcp.example.com", "srv:_submissions._tcp.example.com", "a:mta-sts.example.com",
        };
        for (size_t i = 0; i < ELEMENTS(ids); i++) {
                const json_t* item = find(items, ids[i]);
                ASSERT_TRUE(item);
                ASSERT_STREQ(json_get_string(item, "verdict"), "unknown");
                ASSERT_FALSE(json_is_true(json_object_get(item, "counts")));
        }
        ASSERT_EQ(history_count(&f, "example.com", "add"), 1);
        ASSERT_REFUSED(try_add(&f, &f.owner, "example.com", "web", reterr), EEXIST);
        down(&f);
}

TEST(names_that_make_no_sense_are_refused) {
        static const struct {
                const char *name, *scope;
                ErrorName error;
        } cases[] = {
                { "co.uk", "web", ERROR_BAD_FIELD },
                { "com", "web", ERROR_BAD_FIELD },
                { "example.com", "subdomain", ERROR_DOMAIN_TAKEN },
                { "my.example.com", "web", ERROR_DOMAIN_TAKEN },
                { "mail.example.com", "everything", ERROR_DOMAIN_TAKEN },
                { "shop.example.com", "subdomain", ERROR_DOMAIN_TAKEN },
                { "example.net", "web", ERROR_DOMAIN_TAKEN }, /* my.example.net is here as a domain */
                { "c123.provider.example", "subdomain", ERROR_DOMAIN_TAKEN },
        };
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "everything");
        add(&f, "my.example.net", "web");
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_TRUE(try_add(&f, &f.owner, cases[i].name, cases[i].scope, &e) < 0);
                if (e.name != cases[i].error)
                        TEST_FAIL("%s: %s", cases[i].name, e.message);
                ASSERT_STREQ(e.field, "name");
        }
        char longest[DOMAIN_NAME_BYTES] = "";
        for (size_t i = 0; i < 60; i++)
                (void) strcat(longest, "abc.");
        (void) strcat(longest, "com");
        ASSERT_REFUSED(try_add(&f, &f.owner, longest, "web", reterr), EINVAL);
        add(&f, "shop.example.com", "everything"); /* its own website and mail: that makes sense */
        down(&f);
}

TEST(what_the_provider_locked_only_root_adds_and_removes) {
        Fixture f;
        setup(&f, NULL);
        (void) json_object_set_new(f.m.machine, "locked-for-test", json_true());
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(try_add(&f, &f.owner, "example.com", "web", &e) < 0);
        ASSERT_EQ(e.name, ERROR_LOCKED);
        ASSERT_OK(try_add(&f, &f.root, "example.com", "subdomain", NULL));
        begin(&f);
        ASSERT_REFUSED(domain_remove(&f.m, &f.owner, "example.com", reterr), EPERM);
        ASSERT_OK(domain_update(&f.m, &f.owner, "example.com", "everything", NULL)); /* which domain is fixed, not what it is for */
        commit(&f);
        down(&f);
}

TEST(the_domain_of_the_installation_is_added_once) {
        Fixture f;
        _cleanup_domain_row_ DomainRow row = {};
        setup(&f, NULL);
        close_store(&f);
        (void) json_object_set_new(f.m.machine, "domain", json_string("Customer.example"));
        open_store(&f);
        ASSERT_EQ(store_domain_get(f.m.store, "customer.example", &row, NULL), 1);
        ASSERT_STREQ(row.scope, "subdomain");
        ASSERT_STREQ(row.state, "pending");
        ASSERT_TRUE(row.primary);
        begin(&f);
        ASSERT_REFUSED(domain_remove(&f.m, &f.owner, "customer.example", reterr), EBUSY);
        ASSERT_OK(store_domain_primary_set(f.m.store, 0, NULL)); /* as if another one had become it */
        ASSERT_OK(domain_remove(&f.m, &f.owner, "customer.example", NULL));
        commit(&f);
        close_store(&f);
        open_store(&f);
        ASSERT_EQ(store_domain_get(f.m.store, "customer.example", &(DomainRow) {}, NULL), 0);
        down(&f);
}

/* --- what is wanted --- */

TEST(a_box_without_a_family_wants_none_of_its_records) {
        Fixture f;
        setup(&f, "[\"203.0.113.5\"]");
        add(&f, "example.com", "web");
        _cleanup_json_ json_t* items = records_of(&f, "example.com");
        const json_t *v4 = find(items, "a:my.example.com"), *v6 = find(items, "aaaa:my.example.com");
        ASSERT_STREQ(json_string_value(json_array_get(json_object_get(v4, "wanted"), 0)), "203.0.113.5");
        ASSERT_EQ(json_array_size(json_object_get(v6, "wanted")), 0);
        ASSERT_TRUE(strstr(json_get_string(v6, "why"), "no IPv6 address"));
        down(&f);
        setup(&f, "[\"2001:db8::5\"]");
        add(&f, "example.com", "web");
        _cleanup_json_ json_t* others = records_of(&f, "example.com");
        ASSERT_EQ(json_array_size(json_object_get(find(others, "a:my.example.com"), "wanted")), 0);
        ASSERT_TRUE(strstr(json_get_string(find(others, "a:my.example.com"), "why"), "no IPv4 address"));
        down(&f);
}

TEST(addresses_nobody_can_reach_are_not_wanted) {
        static const struct {
                const char *all, *v4, *v6;
        } cases[] = {
                { "[\"203.0.113.5\", \"10.0.0.2\", \"fd00::1\", \"2001:db8::1\"]", "[\"203.0.113.5\"]", "[\"2001:db8::1\"]" },
                { "[\"192.168.1.5\", \"2001:db8::1\"]", "[\"192.168.1.5\"]", "[\"2001:db8::1\"]" }, /* translated, most likely */
                { "[\"100.64.3.4\", \"203.0.113.5\", \"fe80::1\"]", "[\"203.0.113.5\"]", "[]" },
                { "[\"100.128.3.4\", \"172.32.0.1\", \"172.16.0.1\"]", "[\"100.128.3.4\", \"172.32.0.1\"]", "[]" },
                { "[\"10.77.0.2\", \"fd12:3456::1\"]", "[\"10.77.0.2\"]", "[]" }, /* IPv4 only in the world's eyes */
                { "[\"fdff::1\"]", "[]", "[]" },
                { "[]", "[]", "[]" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* all = json_loads(cases[i].all, 0, NULL);
                _cleanup_json_ json_t *v4 = addresses_pick(all, false), *v6 = addresses_pick(all, true);
                _cleanup_json_ json_t *w4 = json_loads(cases[i].v4, 0, NULL), *w6 = json_loads(cases[i].v6, 0, NULL);
                ASSERT_TRUE(json_equal(v4, w4));
                ASSERT_TRUE(json_equal(v6, w6));
        }
}

TEST(the_settings_say_where_the_world_reaches_the_box) {
        Fixture f;
        setup(&f, "[\"10.0.0.2\"]");
        begin(&f);
        ASSERT_OK(store_setting_set(f.m.store, "public_ipv4", "198.51.100.7", NULL));
        commit(&f);
        _cleanup_json_ json_t* v4 = domain_addresses(&f.m, false);
        ASSERT_EQ(json_array_size(v4), 1);
        ASSERT_STREQ(json_string_value(json_array_get(v4, 0)), "198.51.100.7");
        add(&f, "example.com", "web");
        ASSERT_OK(domain_noun.findings(&f.m, NULL, NULL));
        ASSERT_EQ(world.findings, 0);
        begin(&f);
        ASSERT_OK(store_setting_set(f.m.store, "public_ipv4", "", NULL));
        commit(&f);
        ASSERT_OK(domain_noun.findings(&f.m, NULL, NULL));
        ASSERT_STREQ(world.finding, "domain.private-address");
        down(&f);
}

TEST(records_follow_the_addresses_and_the_timeline_says_so) {
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "subdomain");
        json_decref(machine_addresses);
        machine_addresses = json_pack("[s]", "198.51.100.9");
        domain_noun.addresses_changed(&f.m);
        _cleanup_json_ json_t* items = records_of(&f, "example.com");
        ASSERT_STREQ(json_string_value(json_array_get(json_object_get(find(items, "a:my.example.com"), "wanted"), 0)), "198.51.100.9");
        ASSERT_EQ(history_count(&f, "example.com", "state"), 1);
        ASSERT_TRUE(written > 0);
        unsigned before = written;
        domain_noun.addresses_changed(&f.m); /* the same again is no news */
        ASSERT_EQ(written, before);
        ASSERT_EQ(history_count(&f, "example.com", "state"), 1);
        close_store(&f); /* and what changes while we are down is seen at the start */
        json_decref(machine_addresses);
        machine_addresses = json_pack("[s]", "198.51.100.10");
        open_store(&f);
        ASSERT_EQ(history_count(&f, "example.com", "state"), 2);
        down(&f);
}

TEST(a_zone_file_says_the_same) {
        Fixture f;
        char key[401];
        setup(&f, NULL);
        add(&f, "example.com", "everything");
        _cleanup_domain_row_ DomainRow row = row_of(&f, "example.com");
        memset(key, 'A', 400);
        key[400] = 0;
        begin(&f);
        ASSERT_EQ(store_domain_dkim_set(f.m.store, row.id, "steadbox1", key, NULL), 1);
        commit(&f);
        domain_row_done(&row);
        row = row_of(&f, "example.com");
        _cleanup_wanted_records_ WantedRecords wanted = {};
        ASSERT_OK(domain_wanted(&f.m, &row, &wanted, NULL));
        _cleanup_free_ char* text = zone_text("example.com", &wanted);
        ASSERT_TRUE(strstr(text, "\nmy.example.com. 3600 IN A 203.0.113.5\n"));
        ASSERT_TRUE(strstr(text, "\nmy.example.com. 3600 IN AAAA 2001:db8::5\n"));
        ASSERT_TRUE(strstr(text, "; waits for the switch: example.com. 3600 IN MX 10 mail.example.com.\n"));
        ASSERT_TRUE(strstr(text, "\"v=spf1 mx -all\""));
        ASSERT_TRUE(strstr(text, "_imaps._tcp.example.com. 3600 IN SRV 0 1 993 mail.example.com.\n"));
        const char* dkim = strstr(text, "steadbox1._domainkey.example.com. 3600 IN TXT \"v=DKIM1; k=rsa; p=");
        ASSERT_TRUE(dkim);
        const char* first = strchr(dkim, '"') + 1;
        ASSERT_EQ(strcspn(first, "\""), 255); /* RFC 1035 3.3 */
        ASSERT_TRUE(startswith(first + 255, "\" \"A"));
        WantedSet odd = { .owner = (char*) "o.example", .type = (char*) "TXT", .values = json_pack("[s]", "a\"b\\c\\200d") };
        _cleanup_free_ char* quoted = zone_text("example", &(WantedRecords) { .sets = &odd, .count = 1 });
        ASSERT_TRUE(strstr(quoted, "o.example. 3600 IN TXT \"a\\\"b\\\\c\\200d\"\n"));
        json_decref(odd.values);
        down(&f);
}

/* --- what a check says --- */

typedef struct Check {
        Job job;
        char id[JOB_ID_BYTES];
} Check;

/* A check that runs, as its worker would see it. */
static Check check_begin(Fixture* f, const char* domain) {
        Check c = {};
        _cleanup_job_row_ JobRow row = {};
        begin(f);
        ASSERT_OK(domain_check(&f->m, &f->owner, domain, c.id, NULL));
        commit(f);
        ASSERT_EQ(store_job_get(f->m.store, c.id, &row, NULL), 1);
        memcpy(c.job.id, c.id, sizeof(c.id));
        c.job.kind = JOB_DOMAIN_CHECK;
        c.job.request = json_loads(row.request, 0, NULL);
        c.job.result = json_object();
        return c;
}

static void check_end(Fixture* f, Check* c, bool done) {
        begin(f);
        ASSERT_OK(done ? domain_check_job.finished(&f->m, &c->job, NULL) : domain_check_job.undo(&f->m, &c->job, NULL));
        ASSERT_OK(store_job_end(f->m.store, c->id, done ? "done" : "failed", "judge", 100, "", "{}", "{}", now_seconds(), NULL));
        commit(f);
        domain_check_job.ended(&f->m, &c->job, done);
        json_decref(c->job.request);
        json_decref(c->job.result);
}

static json_t* item(const char* check, const char* owner, const char* type, const char* wanted, const char* now, const char* verdict, const char* severity) {
        char id[400];
        (void) snprintf(id, sizeof(id), "%s:%s", check, owner);
        return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:o, s:o, s:s, s:s, s:s, s:n, s:s, s:{s:s}, s:[s], s:s}", "id", id, "check", check, "part",
                         streq(check, "mx") || streq(check, "spf") ? "mail" : streq(check, "delegation") ? "zone" : "box", "owner", owner, "type", type,
                         "wanted", json_loads(wanted, 0, NULL), "now", json_loads(now, 0, NULL), "verdict", verdict, "severity", severity,
                         "sentence", "Mail for example.com goes to old.host, so this box receives none.", "hint", "key", "mx-elsewhere", "facts",
                         "owner", owner, "asked", "192.0.2.1", "why", "Because.");
}

/* Takes over items and facts. */
static int say(Fixture* f, Check* c, const char* domain, json_t* items, json_t* facts, Error* reterr) {
        _cleanup_json_ json_t* question = json_pack("{s:s, s:s, s:b, s:o, s:o}", "what", "verdicts", "domain", domain, "done", facts != NULL, "items",
                                                    items, "facts", facts ?: json_null());
        return domain_check_job.asked(&f->m, &c->job, question, reterr);
}

static void say_one(Fixture* f, Check* c, json_t* i) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (say(f, c, "example.com", json_pack("[o]", i), NULL, &e) < 0)
                TEST_FAIL("%s", e.message);
}

#define MX_WANTED "[\"10 mail.example.com\"]"
#define MY_WANTED "[\"203.0.113.5\"]"
static json_t* facts(bool here) {
        return json_pack("{s:s, s:[s,s], s:s, s:s, s:b, s:[s,s]}", "zone", "example.com", "nameservers", "ns1.example.net", "ns2.example.net",
                         "provider", "hetzner", "dnssec", "unsigned", "leads_here", (int) here, "reached", "my.example.com", "www.bank.example");
}

TEST(verdicts_are_kept_and_only_changes_are_history) {
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "everything");
        Check c = check_begin(&f, "example.com");
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, "[]", "missing", "bad"));
        assert_verdict(&f, "example.com", "a:my.example.com", "missing");
        ASSERT_EQ(history_count(&f, "example.com", "answer"), 0); /* the first answer is no change */
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, "[]", "missing", "bad"));
        ASSERT_EQ(history_count(&f, "example.com", "answer"), 0);
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, "[\"192.0.2.9\", \"192.0.2.8\"]", "different", "bad"));
        ASSERT_EQ(history_count(&f, "example.com", "answer"), 1);
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, "[\"192.0.2.8\", \"192.0.2.9\"]", "different", "bad"));
        ASSERT_EQ(history_count(&f, "example.com", "answer"), 1); /* the order of a set means nothing */
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, "[]", "unreachable", "bad"));
        ASSERT_EQ(history_count(&f, "example.com", "answer"), 2);
        _cleanup_json_ json_t* silent = records_of(&f, "example.com");
        ASSERT_EQ(json_array_size(json_object_get(find(silent, "a:my.example.com"), "now")), 2); /* silence is no answer */
        _cleanup_domain_row_ DomainRow row = row_of(&f, "example.com");
        _cleanup_json_ json_t* summary = NULL;
        ASSERT_OK(domain_summary(&f.m, &row, &summary, NULL));
        ASSERT_STREQ(json_get_string(summary, "severity"), "warn"); /* a dead server is never a missing record */
        ASSERT_STREQ(json_get_string(summary, "worst_severity"), "ok");
        ASSERT_OK(domain_noun.findings(&f.m, NULL, NULL));
        ASSERT_EQ(world.findings, 0);
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, MY_WANTED, "ok", "bad"));
        assert_verdict(&f, "example.com", "a:my.example.com", "ok");
        check_end(&f, &c, true);
        down(&f);
}

static const WantedSet* wanted_find(const WantedRecords* list, const char* id) {
        for (size_t i = 0; i < list->count; i++)
                if (streq(list->sets[i].id, id))
                        return &list->sets[i];
        return NULL;
}

TEST(what_stands_elsewhere_waits_until_the_switch) {
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "everything");
        Check c = check_begin(&f, "example.com");
        json_t* items = json_pack("[o, o]", item("mx", "example.com", "MX", MX_WANTED, "[\"10 old.host\"]", "waits", "bad"),
                                  item("spf", "example.com", "TXT", "[\"v=spf1 mx -all\"]", "[]", "missing", "warn"));
        ASSERT_OK(say(&f, &c, "example.com", items, facts(false), NULL));
        check_end(&f, &c, true);
        assert_verdict(&f, "example.com", "mx:example.com", "waits");
        assert_verdict(&f, "example.com", "spf:example.com", "waits"); /* mail as a whole lives elsewhere */
        _cleanup_domain_row_ DomainRow row = row_of(&f, "example.com");
        ASSERT_TRUE(strstr(row.existing, "old.host") && strstr(row.existing, "\"web\":null"));
        _cleanup_wanted_records_ WantedRecords wanted = {};
        ASSERT_OK(domain_wanted(&f.m, &row, &wanted, NULL));
        ASSERT_TRUE(wanted_find(&wanted, "mta-sts:_mta-sts.example.com")->waits);
        ASSERT_FALSE(wanted_find(&wanted, "a:example.com")->waits); /* nothing else lives at the website */
        ASSERT_TRUE(wanted_find(&wanted, "a:example.com")->hold);
        ASSERT_FALSE(wanted_find(&wanted, "a:my.example.com")->hold);
        begin(&f);
        ASSERT_OK(domain_switch(&f.m, &f.owner, "example.com", "web", NULL));
        ASSERT_REFUSED(domain_switch_back(&f.m, &f.owner, "example.com", "mail", reterr), EBUSY);
        ASSERT_OK(domain_switch_back(&f.m, &f.owner, "example.com", "web", NULL));
        ASSERT_REFUSED(domain_switch_back(&f.m, &f.owner, "example.com", "web", reterr), EBUSY);
        ASSERT_OK(domain_switch(&f.m, &f.owner, "example.com", "web", NULL));
        ASSERT_REFUSED(domain_switch(&f.m, &f.owner, "example.com", "web", reterr), EBUSY);
        ASSERT_OK(domain_update(&f.m, &f.owner, "example.com", "subdomain", NULL));
        ASSERT_REFUSED(domain_switch(&f.m, &f.owner, "example.com", "mail", reterr), EBUSY);
        commit(&f);
        domain_row_done(&row);
        row = row_of(&f, "example.com");
        ASSERT_FALSE(row.switched_web); /* what it no longer is for was taken back */
        down(&f);
}

TEST(whoever_leads_here_is_proven) {
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "web");
        Check c = check_begin(&f, "example.com");
        ASSERT_OK(say(&f, &c, "example.com", json_pack("[o]", item("a", "my.example.com", "A", MY_WANTED, MY_WANTED, "ok", "bad")), facts(true), NULL));
        check_end(&f, &c, true);
        _cleanup_domain_row_ DomainRow row = row_of(&f, "example.com");
        ASSERT_STREQ(row.state, "proven");
        ASSERT_TRUE(row.proven_at > 0 && row.checked_at > 0);
        ASSERT_TRUE(strstr(row.facts, "hetzner"));
        _cleanup_json_ json_t* domains = json_array();
        ASSERT_OK(domain_noun.certificate_domains(&f.m, domains, NULL));
        const json_t* names = json_object_get(json_array_get(domains, 0), "names");
        ASSERT_EQ(json_array_size(names), 1); /* names that nobody asked about are not believed */
        ASSERT_STREQ(json_string_value(json_array_get(names, 0)), "my.example.com");
        ASSERT_EQ(history_count(&f, "example.com", "state"), 1);
        ASSERT_FALSE(row.primary);
        domain_effects(&f.m);
        ASSERT_STREQ(primary_tried, "example.com"); /* but it shall become it: there is no other */
        *primary_tried = 0;
        domain_effects(&f.m);
        ASSERT_STREQ(primary_tried, ""); /* not again at once */
        begin(&f);
        ASSERT_OK(store_domain_primary_set(f.m.store, row.id, NULL));
        ASSERT_REFUSED(domain_remove(&f.m, &f.owner, "example.com", reterr), EBUSY);
        commit(&f);
        down(&f);
}

TEST(a_worker_that_lies_about_the_form_is_refused) {
        static const struct {
                const char* key;
                const char* json;
        } wrong[] = {
                { "id", "\"mx:other.com\"" }, { "id", "7" }, { "check", "\"rm\"" }, { "check", "null" }, { "part", "\"all\"" },
                { "owner", "\"exa mple.com\"" }, { "owner", "\"\"" }, { "owner", "\"<b>\"" }, { "type", "\"mx\"" }, { "type", "\"MX; DROP\"" },
                { "wanted", "\"x\"" }, { "wanted", "[1]" }, { "wanted", "{}" }, { "now", "[\"a\\u0007\"]" }, { "now", "[\"a\\nb\"]" }, { "now", "null" },
                { "verdict", "\"unknown\"" }, { "verdict", "\"fine\"" }, { "severity", "\"worst\"" }, { "sentence", "null" },
                { "sentence", "\"\\u001b[2J\"" }, { "hint", "3" }, { "key", "\"../x\"" }, { "key", "\"A b\"" }, { "facts", "[]" },
                { "facts", "{\"a\":{\"b\":1}}" }, { "facts", "{\"a b\":1}" }, { "asked", "[null]" }, { "why", "[]" },
        };
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "everything");
        Check c = check_begin(&f, "example.com");
        for (size_t i = 0; i < ELEMENTS(wrong); i++) {
                json_t* bad = item("mx", "example.com", "MX", MX_WANTED, "[]", "missing", "bad");
                (void) json_object_set_new(bad, wrong[i].key, json_loads(wrong[i].json, JSON_DECODE_ANY, NULL));
                _cleanup_error_ Error e = ERROR_NULL;
                if (say(&f, &c, "example.com", json_pack("[o, o]", item("a", "my.example.com", "A", MY_WANTED, "[]", "missing", "bad"), bad), NULL, &e) >= 0)
                        TEST_FAIL("%s %s was taken", wrong[i].key, wrong[i].json);
                ASSERT_EQ(e.name, ERROR_BAD_REQUEST);
                ASSERT_FALSE(store_in_transaction(f.m.store));
        }
        assert_verdict(&f, "example.com", "a:my.example.com", "unknown"); /* all of a message or none of it */
        char* large = malloc(9001);
        memset(large, 'a', 9000);
        large[9000] = 0;
        json_t* i = item("mx", "example.com", "MX", MX_WANTED, "[]", "missing", "bad");
        (void) json_object_set_new(i, "now", json_pack("[s]", large));
        ASSERT_REFUSED(say(&f, &c, "example.com", json_pack("[o]", i), NULL, reterr), EINVAL);
        free(large);
        json_t* many = json_array();
        for (unsigned n = 0; n < 501; n++)
                (void) json_array_append_new(many, item("a", "my.example.com", "A", MY_WANTED, "[]", "missing", "bad"));
        ASSERT_REFUSED(say(&f, &c, "example.com", many, NULL, reterr), EINVAL);
        ASSERT_REFUSED(say(&f, &c, "other.com", json_array(), NULL, reterr), EINVAL);
        ASSERT_REFUSED(say(&f, &c, "example.com", json_array(), json_pack("{s:[i]}", "nameservers", 1), reterr), EINVAL);
        _cleanup_json_ json_t* nothing = json_object();
        ASSERT_REFUSED(domain_check_job.asked(&f.m, &c.job, nothing, reterr), EINVAL);
        check_end(&f, &c, false);
        down(&f);
}

static void lives(Fixture* f, const char* id, int64_t slot, const char* name, const char* further) {
        AppRow row = test_app_row(id, slot, name);
        row.extra_names = (char*) further;
        ASSERT_OK(store_app_add(f->m.store, &row, NULL));
}

TEST(a_domain_with_apps_in_it_stays) {
        Fixture f;
        _cleanup_error_ Error e1 = ERROR_NULL, e2 = ERROR_NULL;
        setup(&f, NULL);
        add(&f, "example.com", "web");
        add(&f, "example.org", "web");
        begin(&f);
        lives(&f, "notes", 1, "notes.example.com", "[\"n.example.org\"]");
        lives(&f, "shop", 2, "example.com", "[]");
        lives(&f, "wiki", 3, "wiki.c123.provider.example", "[]"); /* in neither */
        ASSERT_TRUE(domain_remove(&f.m, &f.owner, "example.com", &e1) < 0);
        ASSERT_EQ(e1.name, ERROR_WRONG_STATE);
        ASSERT_STREQ(e1.message, "Apps live in example.com: notes (notes.example.com), shop (example.com).");
        ASSERT_TRUE(strstr(e1.hint, "app.configure"));
        ASSERT_TRUE(domain_remove(&f.m, &f.owner, "example.org", &e2) < 0); /* a further name is one too */
        ASSERT_STREQ(e2.message, "Apps live in example.org: notes (n.example.org).");
        ASSERT_OK(store_app_remove(f.m.store, "notes", NULL));
        ASSERT_OK(store_app_remove(f.m.store, "shop", NULL));
        ASSERT_OK(domain_remove(&f.m, &f.owner, "example.org", NULL));
        ASSERT_OK(domain_remove(&f.m, &f.owner, "example.com", NULL));
        commit(&f);
        down(&f);
}

TEST(a_domain_may_go_while_it_is_asked_about) {
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "web");
        Check c = check_begin(&f, "example.com");
        begin(&f);
        ASSERT_OK(domain_remove(&f.m, &f.owner, "example.com", NULL));
        commit(&f);
        ASSERT_OK(say(&f, &c, "example.com", json_pack("[o]", item("a", "my.example.com", "A", MY_WANTED, "[]", "missing", "bad")), facts(true), NULL));
        check_end(&f, &c, true);
        ASSERT_EQ(store_domain_get(f.m.store, "example.com", &(DomainRow) {}, NULL), 0);
        down(&f);
}

TEST(put_aside_until_the_answer_changes) {
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "everything");
        begin(&f); /* before anybody asked */
        ASSERT_OK(domain_ignore(&f.m, &f.owner, "example.com", "a:my.example.com", "We know", NULL));
        ASSERT_REFUSED(domain_ignore(&f.m, &f.owner, "example.com", "a:nothing.example.com", "x", reterr), ENOENT);
        commit(&f);
        Check c = check_begin(&f, "example.com");
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, "[]", "missing", "bad"));
        _cleanup_json_ json_t* aside = records_of(&f, "example.com");
        ASSERT_STREQ(json_get_string(json_object_get(find(aside, "a:my.example.com"), "ignored"), "reason"), "We know");
        ASSERT_FALSE(json_is_true(json_object_get(find(aside, "a:my.example.com"), "counts")));
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, "[]", "unreachable", "bad"));
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, "[]", "missing", "bad"));
        _cleanup_json_ json_t* still = records_of(&f, "example.com");
        ASSERT_TRUE(json_is_object(json_object_get(find(still, "a:my.example.com"), "ignored")));
        say_one(&f, &c, item("a", "my.example.com", "A", MY_WANTED, "[\"192.0.2.66\"]", "different", "bad"));
        _cleanup_json_ json_t* back = records_of(&f, "example.com");
        ASSERT_TRUE(json_is_null(json_object_get(find(back, "a:my.example.com"), "ignored")));
        ASSERT_TRUE(json_is_true(json_object_get(find(back, "a:my.example.com"), "counts")));
        check_end(&f, &c, true);
        begin(&f);
        ASSERT_OK(domain_ignore(&f.m, &f.owner, "example.com", "a:my.example.com", "Again", NULL));
        ASSERT_OK(domain_noun.erase(&f.m, 7, NULL));
        commit(&f);
        _cleanup_json_ json_t* erased = records_of(&f, "example.com");
        ASSERT_STREQ(json_get_string(json_object_get(find(erased, "a:my.example.com"), "ignored"), "actor"), "#7");
        _cleanup_json_ json_t* parts = json_object();
        ASSERT_OK(domain_noun.personal_data(&f.m, 7, parts, NULL));
        ASSERT_EQ(json_array_size(json_object_get(parts, "domains")), 0);
        down(&f);
}

TEST(what_a_whole_check_does_not_speak_of_is_forgotten) {
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "web");
        _cleanup_domain_row_ DomainRow row = row_of(&f, "example.com");
        begin(&f);
        ASSERT_OK(store_verdict_put(f.m.store, row.id, &(VerdictRow) { .id = (char*) "wildcard:example.com", .verdict = (char*) "wrong", .now = (char*) "[]",
                .body = (char*) "{\"check\":\"wildcard\",\"severity\":\"bad\"}", .checked_at = now_seconds() - 100, .since = 1 }, NULL));
        commit(&f);
        assert_verdict(&f, "example.com", "wildcard:example.com", "wrong");
        Check c = check_begin(&f, "example.com");
        ASSERT_OK(say(&f, &c, "example.com", json_array(), facts(false), NULL));
        check_end(&f, &c, true);
        _cleanup_json_ json_t* items = records_of(&f, "example.com");
        ASSERT_FALSE(find(items, "wildcard:example.com"));
        down(&f);
}

TEST(findings_name_the_worst_and_its_page) {
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "everything");
        ASSERT_OK(domain_noun.findings(&f.m, NULL, NULL));
        ASSERT_EQ(world.findings, 0); /* nobody asked yet */
        Check c = check_begin(&f, "example.com");
        json_t* items = json_pack("[o, o]", item("mx", "example.com", "MX", MX_WANTED, "[]", "missing", "bad"),
                                  item("a", "my.example.com", "A", MY_WANTED, MY_WANTED, "ok", "bad"));
        ASSERT_OK(say(&f, &c, "example.com", items, facts(true), NULL));
        check_end(&f, &c, true);
        ASSERT_OK(domain_noun.findings(&f.m, NULL, NULL));
        ASSERT_EQ(world.findings, 1);
        ASSERT_STREQ(world.finding, "domain.mail-broken");
        ASSERT_STREQ(world.page, "/domains/example.com");
        ASSERT_TRUE(startswith(world.sentence, "example.com: "));
        _cleanup_json_ json_t* sorted = records_of(&f, "example.com");
        ASSERT_STREQ(json_get_string(json_array_get(sorted, 0), "id"), "mx:example.com"); /* worst first */
        down(&f);
}

/* --- when --- */

static int64_t open_checks(Fixture* f) {
        int64_t n = 0;
        ASSERT_OK(store_job_open_count(f->m.store, "domain-check", &n, NULL));
        return n;
}

TEST(a_domain_is_asked_about_once_at_a_time) {
        Fixture f;
        char a[JOB_ID_BYTES], b[JOB_ID_BYTES], all[JOB_ID_BYTES], looked[JOB_ID_BYTES], again[JOB_ID_BYTES];
        setup(&f, NULL);
        begin(&f);
        ASSERT_REFUSED(domain_check_all(&f.m, &f.owner, all, reterr), EBUSY);
        store_rollback(f.m.store);
        add(&f, "example.com", "web");
        add(&f, "example.org", "web");
        begin(&f);
        ASSERT_OK(domain_check(&f.m, &f.owner, "example.com", a, NULL));
        ASSERT_OK(domain_check(&f.m, &f.owner, "example.com", b, NULL));
        ASSERT_STREQ(a, b);
        ASSERT_OK(domain_check_all(&f.m, &f.owner, all, NULL)); /* the other one */
        ASSERT_FALSE(streq(a, all));
        ASSERT_OK(domain_check(&f.m, &f.owner, "example.org", b, NULL));
        ASSERT_STREQ(b, all);
        ASSERT_OK(domain_check_all(&f.m, &f.owner, b, NULL)); /* nothing is left to ask about */
        ASSERT_EQ(domain_check_due(&f.m, now_seconds() + 100000, NULL), 0);
        ASSERT_OK(domain_look(&f.m, &f.owner, "example.net", looked, NULL));
        ASSERT_OK(domain_look(&f.m, &f.owner, "example.net", again, NULL));
        ASSERT_STREQ(looked, again);
        commit(&f);
        ASSERT_EQ(open_checks(&f), 3);
        close_store(&f); /* the manager is killed and comes back; the checks go on */
        open_store(&f);
        begin(&f);
        ASSERT_OK(domain_check(&f.m, &f.owner, "example.com", b, NULL));
        commit(&f);
        ASSERT_STREQ(a, b);
        ASSERT_EQ(open_checks(&f), 3);
        down(&f);
}

static int look_ends(Fixture* f, const char* result, Error* reterr) {
        Job job = { .request = json_pack("{s:s}", "look", "example.com"), .result = json_loads(result, 0, NULL) };
        begin(f);
        int r = domain_check_job.finished(&f->m, &job, reterr);
        store_rollback(f->m.store);
        json_decref(job.request);
        json_decref(job.result);
        return r;
}

TEST(what_a_look_finds_is_text_about_the_name_that_was_asked_for) {
        Fixture f;
        char large[20000];
        setup(&f, NULL);
        ASSERT_OK(look_ends(&f, "{\"name\":\"example.com\",\"web\":{\"addresses\":[\"192.0.2.1\"]},\"mail\":null,\"exists\":true}", NULL));
        ASSERT_REFUSED(look_ends(&f, "{\"name\":\"example.org\"}", reterr), EINVAL);
        ASSERT_REFUSED(look_ends(&f, "{}", reterr), EINVAL);
        ASSERT_REFUSED(look_ends(&f, "{\"name\":\"example.com\",\"web\":{\"sentence\":\"\\u001b[2J\"}}", reterr), EINVAL);
        ASSERT_REFUSED(look_ends(&f, "{\"name\":\"example.com\",\"mail\":{\"hosts\":[\"a\\nb\"]}}", reterr), EINVAL);
        (void) snprintf(large, sizeof(large), "{\"name\":\"example.com\",\"x\":\"%017000d\"}", 1);
        ASSERT_REFUSED(look_ends(&f, large, reterr), EINVAL);
        down(&f);
}

TEST(when_the_next_check_is_due) {
        for (unsigned i = 0; i < 1000; i++) {
                int64_t usual = check_next(1000000, 0), fresh = check_next(1000000, 1000000 - 3599), odd = check_next(1000000, 2000000);
                ASSERT_TRUE(usual >= 1000000 + CHECK_EVERY_SEC - CHECK_JITTER_SEC && usual < 1000000 + CHECK_EVERY_SEC + CHECK_JITTER_SEC);
                ASSERT_EQ(fresh, 1000000 + 60);
                ASSERT_TRUE(odd > 1000060); /* a change in the future: the clock was wrong */
        }
        Fixture f;
        int64_t at = 0, now = now_seconds();
        setup(&f, NULL);
        ASSERT_EQ(store_domain_next_check(f.m.store, &at, NULL), 0); /* no domain, no timer */
        ASSERT_FALSE(f.m.domain->timer);
        add(&f, "example.com", "web");
        ASSERT_EQ(store_domain_next_check(f.m.store, &at, NULL), 1);
        ASSERT_TRUE(at <= now + 1);
        ASSERT_TRUE(f.m.domain->timer);
        Check c = check_begin(&f, "example.com");
        ASSERT_EQ(store_domain_next_check(f.m.store, &at, NULL), 0); /* its end plans the next */
        check_end(&f, &c, true);
        ASSERT_EQ(store_domain_next_check(f.m.store, &at, NULL), 1);
        ASSERT_TRUE(at >= now + 59 && at <= now + 62);
        Check failing = check_begin(&f, "example.com");
        check_end(&f, &failing, false);
        ASSERT_EQ(store_domain_next_check(f.m.store, &at, NULL), 1);
        ASSERT_TRUE(at >= now + 59);
        down(&f);
}

TEST(the_timer_starts_a_check_and_people_see_nothing_of_it) {
        Fixture f;
        setup(&f, NULL);
        add(&f, "example.com", "web");
        add(&f, "example.org", "web");
        for (unsigned i = 0; i < 50 && open_checks(&f) == 0; i++)
                ASSERT_OK(sd_event_run(f.m.event, 100 * USEC_PER_MSEC));
        ASSERT_EQ(open_checks(&f), 1); /* both in one job */
        down(&f);
}

TEST(checks_nobody_asked_for_leave_the_list_of_jobs) {
        Fixture f;
        static const struct {
                const char *id, *actor, *state;
                int64_t ended;
                bool stays;
        } jobs[] = {
                { "old", "system", "done", -4000, false }, { "young", "system", "done", -10, true },
                { "asked", "ada", "done", -4000, true },   { "failed", "system", "failed", -4000, true },
        };
        setup(&f, NULL);
        begin(&f);
        for (size_t i = 0; i < ELEMENTS(jobs); i++) {
                ASSERT_OK(store_job_add(f.m.store, &(JobRow) { .id = (char*) jobs[i].id, .kind = (char*) "domain-check", .object = (char*) "",
                        .stage = (char*) "find", .request = (char*) "{}", .actor = (char*) jobs[i].actor, .role = (char*) "admin", .created_at = 1 }, NULL));
                ASSERT_OK(store_job_end(f.m.store, jobs[i].id, jobs[i].state, "judge", 100, "", "{}", "{}", now_seconds() + jobs[i].ended, NULL));
        }
        ASSERT_OK(domain_noun.housekeeping(&f.m, NULL));
        commit(&f);
        for (size_t i = 0; i < ELEMENTS(jobs); i++) {
                _cleanup_job_row_ JobRow row = {};
                ASSERT_EQ(store_job_get(f.m.store, jobs[i].id, &row, NULL), jobs[i].stays ? 1 : 0);
        }
        down(&f);
}

TEST(who_listens_on_a_port) {
        static const char table[] =
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
                "   0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
                "   1: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0\n"
                "   2: 0500A8C0:0019 0100A8C0:C001 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0\n";
        ASSERT_FALSE(port_is_listening(table, 25)); /* on loopback only, and a connection from here */
        ASSERT_TRUE(port_is_listening(table, 443));
        ASSERT_TRUE(port_is_listening("   0: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 0A 0\n", 25));
        ASSERT_FALSE(port_is_listening("", 25));
        ASSERT_FALSE(port_is_listening("nonsense\n\n", 25));
}

TEST(the_timeline_has_pages_and_is_cut) {
        Fixture f;
        _cleanup_free_ char *first = NULL, *second = NULL;
        setup(&f, NULL);
        add(&f, "example.com", "web");
        _cleanup_domain_row_ DomainRow row = row_of(&f, "example.com");
        begin(&f);
        for (int i = 0; i < 10; i++)
                ASSERT_OK(domain_history_add(&f.m, row.id, "answer", "a:x", "1", "2", NULL, "Change %d%%", i));
        commit(&f);
        ASSERT_OK(store_domain_change_list(f.m.store, row.id, NULL, NULL, 4, &first, NULL));
        _cleanup_json_ json_t* page = json_loads(first, 0, NULL);
        ASSERT_EQ(json_array_size(json_object_get(page, "items")), 4);
        ASSERT_EQ(json_get_integer(page, "total", 0), 11);
        ASSERT_STREQ(json_get_string(json_array_get(json_object_get(page, "items"), 0), "sentence"), "Change 9%");
        ASSERT_OK(store_domain_change_list(f.m.store, row.id, NULL, json_get_string(page, "next"), 100, &second, NULL));
        _cleanup_json_ json_t* rest = json_loads(second, 0, NULL);
        ASSERT_EQ(json_array_size(json_object_get(rest, "items")), 7);
        begin(&f);
        ASSERT_EQ(store_domain_change_expire(f.m.store, 0, 3, NULL), 8);
        commit(&f);
        down(&f);
}

TEST(lists_have_the_primary_first_and_pages) {
        Fixture f;
        _cleanup_json_ json_t *first = NULL, *second = NULL, *found = NULL;
        setup(&f, NULL);
        add(&f, "a.example", "web");
        add(&f, "b.example", "web");
        add(&f, "c.example", "web");
        _cleanup_domain_row_ DomainRow row = row_of(&f, "c.example");
        begin(&f);
        ASSERT_OK(store_domain_primary_set(f.m.store, row.id, NULL));
        commit(&f);
        ASSERT_OK(domain_list(&f.m, NULL, NULL, 2, &first, NULL));
        ASSERT_STREQ(json_get_string(json_array_get(json_object_get(first, "items"), 0), "name"), "c.example");
        ASSERT_STREQ(json_get_string(first, "next"), "a.example");
        ASSERT_OK(domain_list(&f.m, NULL, "a.example", 2, &second, NULL));
        ASSERT_EQ(json_array_size(json_object_get(second, "items")), 1);
        ASSERT_TRUE(json_is_null(json_object_get(second, "next")));
        ASSERT_OK(domain_list(&f.m, "B.EX", NULL, 50, &found, NULL));
        ASSERT_EQ(json_get_integer(found, "total", 0), 1);
        int64_t id = 0;
        char domain[DOMAIN_NAME_BYTES];
        ASSERT_EQ(domain_of_name(&f.m, "x.y.b.example", &id, domain, NULL), 1);
        ASSERT_STREQ(domain, "b.example");
        ASSERT_EQ(domain_of_name(&f.m, "b.example.org", &id, domain, NULL), 0);
        ASSERT_EQ(domain_of_name(&f.m, "xb.example", &id, domain, NULL), 0);
        down(&f);
}

TEST_MAIN()
