/* The record's forms and what is refused of it; the bundle that comes of it. */
#include "app-slots.h"
#include "base/test.h"
#include "run/bundle.h"
#include "run/record-fields.h"
#include "run/seccomp.h"

#define LAYER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LIST(...) ((const char*[]) { __VA_ARGS__, NULL })

static const char* const layers[] = { LAYER, NULL };
static const char* const args[] = { "/bin/sh", "-c", "echo \"a\n$b\" %n", NULL };
static const char* const env[] = { "A=1", "SECRET=x\ny", NULL };

static AppContainerRecord container(const char* name) {
        return (AppContainerRecord) { .name = name, .layers = layers, .args = args, .env = env, .cwd = "/", .stop_signal = 15, .stop_sec = 10 };
}

static AppRecord record(AppContainerRecord* c, size_t n) {
        return (AppRecord) { .id = "notes", .slot = 5, .title = "Notes", .network_out = "none", .gate = "open", .access = "public", .user_header = "",
                             .memory_max = 128 << 20, .cpu_weight = 100, .tasks_max = 100, .containers = c, .containers_n = n,
                             .note = "{}" };
}

static bool refuses(const AppRecord* a, const char* field) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = app_record_check(a, &e);
        return r < 0 && streq_ptr(e.field, field);
}

TEST(json_and_back_is_the_same) {
        AppMount mounts[] = { { "files", "/data", true }, { "more", "/more/of it", false } };
        AppTaskRecord tasks[] = { { "tidy", "web", "*-*-* 03:00:00", LIST("true"), true } };
        AppPortRecord ports[] = { { "tcp", 2222, 22 } };
        uint32_t groups[] = { 5, 65535 };
        AppContainerRecord c[] = { container("web"), container("db") };
        c[0].after = LIST("db");
        c[0].mounts = mounts;
        c[0].mounts_n = 2;
        c[0].groups = groups;
        c[0].groups_n = 2;
        c[0].powers = LIST("NET_RAW");
        c[0].health = (AppHealth) { LIST("true"), 1, 2, 3, 4 };
        AppRecord a = record(c, 2);
        a.tasks = tasks;
        a.tasks_n = 1;
        a.ports = ports;
        a.ports_n = 1;
        _cleanup_json_ json_t* j = app_record_to_json(&a);
        _cleanup_(app_record_freep) AppRecord* b = NULL;
        ASSERT_TRUE(j);
        ASSERT_OK(app_record_from_json(j, &b, NULL));
        _cleanup_json_ json_t* again = app_record_to_json(b);
        ASSERT_TRUE(json_equal(j, again));
        ASSERT_EQ(b->containers[0].groups[1], 65535);
        ASSERT_STREQ(b->containers[0].mounts[1].path, "/more/of it");
}

TEST(the_bus_knows_the_record_as_it_is) {
        const char* in = NULL;
#define VERB(symbol, method, in_signature, out, sentence) in = streq(method, "AppApply") ? in_signature : in;
#include "tbl/verbs.h"
#undef VERB
        ASSERT_STREQ(in, app_record_type.signature);
}

TEST(every_member_must_be_there_and_of_its_type) {
        AppContainerRecord c = container("web");
        AppRecord a = record(&c, 1);
        _cleanup_json_ json_t* j = app_record_to_json(&a);
        const char* key;
        json_t* value;
        (void) json_object_del(j, "memory_high"); /* which nobody reads any more */
        json_object_foreach(j, key, value) {
                for (int i = 0; i < 2; i++) {
                        _cleanup_json_ json_t* bad = json_deep_copy(j);
                        AppRecord* b = NULL;
                        if (i == 0)
                                (void) json_object_del(bad, key);
                        else
                                (void) json_object_set_new(bad, key, json_real(0.5));
                        ASSERT_TRUE(app_record_from_json(bad, &b, NULL) < 0);
                        ASSERT_TRUE(!b);
                }
        }
}

/* Boxes have files of the release before, and must be able to go back to it, which wants its own word there. */
TEST(the_release_before_reads_and_is_read) {
        AppContainerRecord c = container("web");
        AppRecord a = record(&c, 1);
        _cleanup_json_ json_t* j = app_record_to_json(&a);
        _cleanup_(app_record_freep) AppRecord* b = NULL;
        ASSERT_EQ(json_get_integer(j, "memory_high", 0), 128 << 20);
        (void) json_object_set_new(j, "memory_high", json_integer(64 << 20));
        ASSERT_OK(app_record_from_json(j, &b, NULL));
        ASSERT_EQ(b->memory_max, 128 << 20);
}

/* It knows none and any only. */
TEST(the_release_before_reads_who_may_send_no_mail) {
        static const char* const words[] = { "none", "any", "no-mail" };
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                AppContainerRecord c = container("web");
                AppRecord a = record(&c, 1);
                _cleanup_(app_record_freep) AppRecord *b = NULL, *bad = NULL;
                bool mute = streq(words[i], "no-mail");
                a.network_out = words[i];
                _cleanup_json_ json_t* j = app_record_to_json(&a);
                ASSERT_STREQ(json_get_string(j, "network_out"), mute ? "any" : words[i]);
                ASSERT_EQ(json_is_false(json_object_get(j, "mail")), mute);
                ASSERT_OK(app_record_from_json(j, &b, NULL));
                ASSERT_STREQ(b->network_out, words[i]);
                (void) json_object_set_new(j, "mail", json_string("no"));
                ASSERT_ERROR(app_record_from_json(j, &bad, NULL), EINVAL);
        }
}

TEST(the_machines_network_comes_with_what_it_means) {
        AppContainerRecord c = container("web");
        AppRecord a = record(&c, 1);
        AppPortRecord p = { "tcp", 8123, 8123 };
        a.host_network = true;
        ASSERT_TRUE(refuses(&a, "network_out")); /* nobody can keep it from the world */
        a.network_out = "any";
        a.ports = &p, a.ports_n = 1;
        ASSERT_OK(app_record_check(&a, NULL));
        a.http_port = 80; /* a service of the machine's */
        ASSERT_TRUE(refuses(&a, "http_port"));
        a.http_port = 1024;
        ASSERT_OK(app_record_check(&a, NULL));
        p.port = 8124;
        ASSERT_TRUE(refuses(&a, "ports"));
        p = (AppPortRecord) { "tcp", 22, 22 };
        ASSERT_TRUE(refuses(&a, "ports"));
        a.host_network = false;
        ASSERT_OK(app_record_check(&a, NULL));
}

/* One wrong member at a time, for each string of the record. */
TEST(hostile_words_are_refused) {
        static const char* const words[] = { "", ".", "..", "../x", "/x", "a/b", "a\nb", "a b", "%n", "a\"b", "a;b", "$x", "-a", "a\x01", "A", "a.b",
                                             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\xff", "{}", "a@b" };
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                AppContainerRecord c = container("web");
                AppRecord a = record(&c, 1);
                AppMount m = { words[i], "/data", false };
                AppTaskRecord t = { words[i], "web", "daily", args, true };
                AppPortRecord p = { words[i], 80, 80 };
                a.id = words[i];
                ASSERT_TRUE(refuses(&a, "id"));
                a.id = "notes";
                c.name = words[i];
                ASSERT_TRUE(refuses(&a, "name"));
                c = container("web");
                c.layers = LIST(words[i]);
                ASSERT_TRUE(refuses(&a, "layers"));
                c = container("web");
                c.after = LIST(words[i]);
                ASSERT_TRUE(refuses(&a, "after"));
                c = container("web");
                c.powers = LIST(words[i]);
                ASSERT_TRUE(refuses(&a, "powers"));
                c = container("web");
                c.env = LIST(words[i]);
                ASSERT_TRUE(refuses(&a, "env"));
                c = container("web");
                c.mounts = &m;
                c.mounts_n = 1;
                ASSERT_TRUE(refuses(&a, "data"));
                c = container("web");
                a.tasks = &t;
                a.tasks_n = 1;
                ASSERT_TRUE(refuses(&a, "id"));
                t.id = "tidy";
                t.container = words[i];
                ASSERT_TRUE(refuses(&a, "container"));
                a.tasks_n = 0;
                a.ports = &p;
                a.ports_n = 1;
                ASSERT_TRUE(refuses(&a, "protocol"));
                a.ports_n = 0;
                a.network_out = words[i];
                ASSERT_TRUE(refuses(&a, "network_out"));
                a.network_out = "any";
                a.gate = words[i];
                ASSERT_TRUE(refuses(&a, "gate"));
                a.gate = "open";
                ASSERT_OK(app_record_check(&a, NULL));
        }
}

TEST(paths_calendars_and_titles_are_what_they_say) {
        static const char* const paths[] = { "", "x", "/", "/..", "/a/../b", "/a//b", "/a/", "/./a", "/a\nb", "/proc", "/proc/x", "/sys", "/dev/shm" };
        static const char* const calendars[] = { "", " daily", "daily ", "daily\nUnit=x", "%n", "a=b", "\"x\"", "a;b", "$x" };
        AppContainerRecord c = container("web");
        AppRecord a = record(&c, 1);
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                AppMount m = { "files", paths[i], false };
                c.mounts = &m;
                c.mounts_n = 1;
                ASSERT_TRUE(refuses(&a, "path"));
                c.mounts_n = 0;
                c.scratch = LIST(paths[i]);
                ASSERT_TRUE(refuses(&a, "scratch"));
                c.scratch = NULL;
        }
        for (size_t i = 0; i < ELEMENTS(calendars); i++) {
                AppTaskRecord t = { "tidy", "web", calendars[i], args, true };
                a.tasks = &t;
                a.tasks_n = 1;
                ASSERT_TRUE(refuses(&a, "calendar"));
        }
        a.tasks_n = 0;
        a.title = "a\nb";
        ASSERT_TRUE(refuses(&a, "title"));
        a.title = "Notizen, schöne";
        ASSERT_OK(app_record_check(&a, NULL));
        a.public_paths = LIST("/.well-known/caldav", "/share/", "/");
        ASSERT_OK(app_record_check(&a, NULL));
        a.public_paths = LIST("/a b");
        ASSERT_TRUE(refuses(&a, "public_paths"));
}

TEST(order_without_circles) {
        AppContainerRecord c[] = { container("a"), container("b"), container("c") };
        AppRecord a = record(c, 3);
        c[0].after = LIST("b");
        c[1].after = LIST("c");
        ASSERT_OK(app_record_check(&a, NULL));
        c[2].after = LIST("a");
        ASSERT_TRUE(refuses(&a, "after"));
        c[2].after = LIST("c");
        ASSERT_TRUE(refuses(&a, "after"));
        c[2] = container("a");
        ASSERT_TRUE(refuses(&a, "name"));
}

TEST(numbers_have_bounds) {
        AppContainerRecord c = container("web");
        AppRecord a = record(&c, 1);
        a.slot = 0;
        ASSERT_TRUE(refuses(&a, "slot"));
        a.slot = APP_SLOT_MAX + 1;
        ASSERT_TRUE(refuses(&a, "slot"));
        a.slot = APP_SLOT_MAX;
        a.memory_max = 1;
        ASSERT_TRUE(refuses(&a, "memory_max"));
        a.memory_max = 128 << 20;
        c.uid = 65536;
        ASSERT_TRUE(refuses(&a, "uid"));
        c.uid = 65535;
        c.stop_signal = 65;
        ASSERT_TRUE(refuses(&a, "stop_signal"));
        c.stop_signal = 64;
        ASSERT_OK(app_record_check(&a, NULL));
}

TEST(a_bundle_has_the_powers_of_its_record_and_no_more) {
        AppContainerRecord c = container("web");
        AppRecord a = record(&c, 1);
        _cleanup_json_ json_t* root = bundle_config(&a, &c);
        c.uid = 1000;
        c.powers = LIST("SYS_NICE");
        c.init = true;
        _cleanup_json_ json_t* other = bundle_config(&a, &c);
        const json_t *p = json_object_get(root, "process"), *q = json_object_get(other, "process");
        ASSERT_TRUE(json_is_true(json_object_get(p, "noNewPrivileges")));
        ASSERT_EQ(json_array_size(json_object_get(json_object_get(p, "capabilities"), "effective")), 11);
        ASSERT_EQ(json_array_size(json_object_get(json_object_get(p, "capabilities"), "ambient")), 0);
        ASSERT_EQ(json_array_size(json_object_get(json_object_get(q, "capabilities"), "effective")), 1);
        ASSERT_TRUE(json_list_has(json_object_get(json_object_get(q, "capabilities"), "ambient"), "CAP_SYS_NICE"));
        ASSERT_STREQ(json_string_value(json_array_get(json_object_get(p, "args"), 2)), args[2]);
        ASSERT_STREQ(json_string_value(json_array_get(json_object_get(q, "args"), 0)), "/dev/init");
        ASSERT_TRUE(json_list_has(json_object_get(p, "env"), "SECRET=x\ny"));
        const json_t* map = json_array_get(json_object_get(json_object_get(root, "linux"), "uidMappings"), 0);
        ASSERT_EQ(json_integer_value(json_object_get(map, "hostID")), (json_int_t) (APP_UID_BASE + 5 * APP_UIDS));
        ASSERT_EQ(json_integer_value(json_object_get(map, "size")), (json_int_t) APP_UIDS);
        ASSERT_EQ(json_array_size(json_object_get(json_object_get(root, "linux"), "namespaces")), 7);
        a.host_network = true;
        _cleanup_json_ json_t* host = bundle_config(&a, &c);
        ASSERT_EQ(json_array_size(json_object_get(json_object_get(host, "linux"), "namespaces")), 6);
}

TEST(the_filter_allows_what_programs_need_and_not_what_leads_out) {
        static const char* const never[] = { "mount", "umount2", "unshare", "setns", "bpf", "keyctl", "add_key", "init_module", "kexec_load", "reboot",
                                             "perf_event_open", "io_uring_setup", "open_by_handle_at", "userfaultfd", "clone3", "pivot_root", "swapon" };
        _cleanup_json_ json_t* profile = seccomp_profile(NULL);
        const json_t* rules = json_object_get(profile, "syscalls");
        size_t i;
        json_t* rule;
        ASSERT_STREQ(json_get_string(profile, "defaultAction"), "SCMP_ACT_ERRNO");
        json_array_foreach(rules, i, rule) {
                if (!streq(json_get_string(rule, "action"), "SCMP_ACT_ALLOW"))
                        continue;
                for (size_t k = 0; k < ELEMENTS(never); k++)
                        ASSERT_FALSE(json_list_has(json_object_get(rule, "names"), never[k]));
                /* both only with conditions */
                bool careful = json_list_has(json_object_get(rule, "names"), "clone") || json_list_has(json_object_get(rule, "names"), "socket");
                ASSERT_FALSE(careful && !json_object_get(rule, "args"));
        }
        ASSERT_TRUE(json_list_has(json_object_get(json_array_get(rules, 0), "names"), "futex"));
        ASSERT_TRUE(json_list_has(json_object_get(json_array_get(rules, 0), "names"), "execve"));
}

TEST_MAIN()
