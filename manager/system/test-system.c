#include "base/test.h"
#include "api/events.h"
#include "base/file.h"
#include "config.h"
#include "noun.h"
#include "store/store-secret.h"
#include "store/store-setting.h"
#include "store/store-start.h"
#include "system/firewall.h"
#include "system/inventory.h"
#include "system/setting.h"
#include "system/start.h"
#include "system/support.h"
#include "system/wanted.h"
#include <fcntl.h>
#include <stdio.h>

static char* fixture(const char* name) {
        char path[4096];
        char* text = NULL;
        (void) snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
        ASSERT_OK(file_read(AT_FDCWD, path, 1024 * 1024, &text, NULL));
        return text;
}

TEST(the_kernels_rules_become_sentences) {
        _cleanup_free_ char* text = fixture("nft-ruleset.json");
        _cleanup_json_ json_t* ruleset = json_loads(text, 0, NULL);
        _cleanup_json_ json_t* f = firewall_describe(ruleset);
        static const struct {
                const char* text;
                const char* sentence;
        } wanted[] = {
                { "ct state established, related accept comment \"answers\"", "Lets in the answers to what this machine asked." },
                { "meta iif lo accept comment \"loopback\"", "Lets programs on this machine talk to each other." },
                { "ip protocol icmp icmp type { destination-unreachable, time-exceeded } accept comment \"icmp-errors\"",
                  "Lets in the network's error reports (IPv4)." },
                { "ip protocol icmp icmp type echo-request limit rate 20/second accept comment \"icmp-ping\"",
                  "Answers pings, at most 20 a second (IPv4)." },
                { "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment \"dhcpv6\"", "Lets the machine get its address (DHCPv6)." },
                { "tcp dport 443 counter packets 0 bytes 0 accept comment \"port-web\"", "Lets everybody reach TCP port 443 (web)." },
                { "counter packets 0 bytes 0 comment \"refused\"", "Counts what was refused: all the rest." },
                { "ip daddr 169.254.169.254 meta skuid != 0 counter packets 0 bytes 0 drop comment \"metadata\"",
                  "Keeps programs from the provider's metadata service." },
        };
        json_t* rules = json_object_get(f, "rules");
        ASSERT_TRUE(json_is_true(json_object_get(f, "active")));
        ASSERT_EQ(json_array_size(rules), ELEMENTS(wanted));
        for (size_t i = 0; i < ELEMENTS(wanted); i++) {
                ASSERT_STREQ(json_get_string(json_array_get(rules, i), "text"), wanted[i].text);
                ASSERT_STREQ(json_get_string(json_array_get(rules, i), "sentence"), wanted[i].sentence);
        }
        ASSERT_STREQ(json_string_value(json_array_get(json_object_get(f, "foreign"), 0)), "ip other");
        ASSERT_TRUE(strstr(json_get_string(f, "text"), "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n"));
}

/* A comment is only text: a rule that says "port-web" but drops is not called an open door. */
TEST(a_lying_comment_is_not_believed) {
        static const char text[] =
                "{\"nftables\":[{\"table\":{\"family\":\"inet\",\"name\":\"steadbox\"}},{\"rule\":{\"family\":\"inet\",\"table\":\"steadbox\","
                "\"chain\":\"input\",\"comment\":\"port-web\",\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\","
                "\"field\":\"dport\"}},\"right\":443}},{\"drop\":null}]}}]}";
        _cleanup_json_ json_t* ruleset = json_loads(text, 0, NULL);
        _cleanup_json_ json_t* f = firewall_describe(ruleset);
        ASSERT_STREQ(json_get_string(json_array_get(json_object_get(f, "rules"), 0), "sentence"), "Drops what matches; this rule is not ours.");
}

TEST(nonsense_is_no_firewall) {
        static const char* const texts[] = { "{}", "[]", "{\"nftables\":7}", "{\"nftables\":[1,[],{\"rule\":1},{\"rule\":{}},{\"table\":{}}]}" };
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                _cleanup_json_ json_t* ruleset = json_loads(texts[i], 0, NULL);
                _cleanup_json_ json_t* f = firewall_describe(ruleset);
                ASSERT_TRUE(json_is_false(json_object_get(f, "active")));
        }
        _cleanup_json_ json_t* f = firewall_describe(NULL);
        ASSERT_TRUE(f);
}

TEST(the_kernels_files_are_understood) {
        Memory m;
        memory_parse("MemTotal:        1000 kB\nMemFree: 1 kB\nMemAvailable:    600 kB\nSwapTotal: 50 kB\nSwapFree: 40 kB\n", &m);
        ASSERT_EQ(m.total, 1000 * 1024);
        ASSERT_EQ(m.available, 600 * 1024);
        ASSERT_EQ(m.swap - m.swap_free, 10 * 1024);
        memory_parse("", &m);
        ASSERT_EQ(m.total, 0);

        _cleanup_free_ char* os = os_name_parse("NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n");
        ASSERT_STREQ(os, "Debian GNU/Linux 13 (trixie)");
        ASSERT_EQ(start_ticks_parse("1 (a b) c) S 0 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4711 9 9"), 4711);
        ASSERT_EQ(start_ticks_parse("garbage"), 0);

        static const char mountinfo[] =
                "22 1 254:1 /srv /srv\\040x rw - ext4 /dev/vda1 rw\n"
                "23 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw\n"
                "24 1 0:20 / /proc rw - proc proc rw\n"
                "25 1 254:2 / /data\\040disk rw - xfs /dev/vdb rw\n"
                "26 1 0:50 / /run/app rw - overlay overlay rw\n"
                "broken line\n";
        _cleanup_json_ json_t* mounts = mounts_parse(mountinfo);
        ASSERT_EQ(json_array_size(mounts), 2);
        ASSERT_STREQ(json_get_string(json_array_get(mounts, 0), "mount"), "/");
        ASSERT_STREQ(json_get_string(json_array_get(mounts, 1), "mount"), "/data disk");
}

TEST(this_machine_is_described) {
        _cleanup_json_ json_t* s = inventory_read();
        ASSERT_EQ(json_object_size(s), 16);
        ASSERT_TRUE(json_get_integer(s, "memory_bytes", 0) > 0);
        ASSERT_TRUE(json_get_integer(s, "booted_at", 0) > 1600000000);
        ASSERT_EQ(json_array_size(json_object_get(s, "load")), 3);
}

TEST(time_zones_come_from_the_tab_files) {
        char directory[] = "/tmp/test-zones.XXXXXX", path[64], command[64];
        static const char tab[] = "# comment\nDE\t+5230+01322\tEurope/Berlin\tmost of Germany\nAD,FR\t+4852+00220\tEurope/Paris\n\n";
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/zone1970.tab", directory);
        ASSERT_OK(file_write(AT_FDCWD, path, tab, strlen(tab), 0600));
        (void) snprintf(path, sizeof(path), "%s/zone.tab", directory);
        ASSERT_OK(file_write(AT_FDCWD, path, tab, strlen(tab), 0600));
        _cleanup_json_ json_t* all = timezone_list(directory, NULL);
        ASSERT_EQ(json_array_size(all), 3);
        ASSERT_TRUE(timezone_known(directory, "Europe/Paris"));
        ASSERT_TRUE(timezone_known(directory, "UTC"));
        ASSERT_FALSE(timezone_known(directory, "Europe"));
        ASSERT_FALSE(timezone_known("/nowhere", "Europe/Paris"));
        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        ASSERT_EQ(system(command), 0);
}

/* --- with a store --- */

typedef struct Fixture {
        Manager m;
        char directory[64];
} Fixture;

static void up(Fixture* f) {
        _cleanup_error_ Error e = ERROR_NULL;
        char path[96];
        *f = (Fixture) { .directory = "/tmp/test-system.XXXXXX" };
        ASSERT_TRUE(mkdtemp(f->directory));
        (void) snprintf(path, sizeof(path), "%s/db", f->directory);
        ASSERT_OK(store_open(path, &f->m.store, &e));
        f->m.state_directory = f->directory;
        f->m.machine = json_pack("{s:[s, s]}", "locked", "timezone", "domain");
}

static void down(Fixture* f) {
        char command[96];
        (void) store_free(f->m.store);
        json_decref(f->m.machine);
        (void) snprintf(command, sizeof(command), "rm -r %s", f->directory);
        ASSERT_EQ(system(command), 0);
}

static const char* start_once(Fixture* f, const char* boot, char ret[static 16]) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ char* before = NULL;
        int64_t at = 0;
        f->m.started_at++;
        ASSERT_OK(start_record(&f->m, boot, 100, &e));
        ASSERT_EQ(store_start_before(f->m.store, &before, &at, &e), 1);
        (void) snprintf(ret, 16, "%s", before);
        return ret;
}

TEST(starts_know_how_the_run_before_ended) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t* starts = NULL;
        char before[16];
        Fixture f;
        up(&f);
        ASSERT_STREQ(start_once(&f, "boot-a", before), "first");
        start_mark_clean(&f.m);
        ASSERT_STREQ(start_once(&f, "boot-a", before), "clean");
        ASSERT_STREQ(start_once(&f, "boot-a", before), "crash");
        ASSERT_STREQ(start_once(&f, "boot-b", before), "power");
        start_mark_clean(&f.m);
        ASSERT_STREQ(start_once(&f, "boot-c", before), "clean");
        ASSERT_OK(store_start_list(f.m.store, 100, &starts, &e));
        ASSERT_EQ(json_array_size(starts), 8); /* five of the manager, three of the machine */
        ASSERT_OK(store_start_expire(f.m.store, 2, &e));
        json_decref(starts);
        starts = NULL;
        ASSERT_OK(store_start_list(f.m.store, 100, &starts, &e));
        ASSERT_EQ(json_array_size(starts), 2);
        down(&f);
}

TEST(settings_are_written_once) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t* fields = json_pack("{s:s, s:i, s:s}", "controller", "Ada", "retention_days", 90, "timezone", "UTC");
        _cleanup_json_ json_t *changed = json_array(), *again = json_array();
        _cleanup_free_ char* days = NULL;
        Fixture f;
        up(&f);
        ASSERT_EQ(setting_write(&f.m, fields, changed, &e), 2);
        ASSERT_EQ(setting_write(&f.m, fields, again, &e), 0);
        ASSERT_EQ(json_array_size(changed), 2);
        ASSERT_EQ(store_setting_get(f.m.store, "retention_days", &days, &e), 1);
        ASSERT_STREQ(days, "90");
        ASSERT_TRUE(setting_locked(&f.m, "timezone"));
        ASSERT_FALSE(setting_locked(&f.m, "hostname"));
        down(&f);
}

TEST(secrets_count_generations) {
        _cleanup_error_ Error e = ERROR_NULL;
        SecretRow row = {};
        int64_t generation = 0;
        Fixture f;
        up(&f);
        ASSERT_EQ(store_secret_get(f.m.store, "totp", &row, &e), 0);
        ASSERT_OK(store_secret_rotate(f.m.store, "totp", 10, &generation, &e));
        ASSERT_EQ(generation, 1);
        ASSERT_OK(store_secret_rotate(f.m.store, "totp", 20, &generation, &e));
        ASSERT_EQ(generation, 2);
        ASSERT_EQ(store_secret_get(f.m.store, "totp", &row, &e), 1);
        ASSERT_EQ(row.created_at, 20);
        down(&f);
}

static int two_ports(Manager* m, Ports* list, Error* reterr) {
        ASSERT_OK(ports_add(list, (Port) { "tcp", 443, "web", "world" }));
        return ports_add(list, (Port) { "udp", 443, "web", "world" });
}

static int two_names(Manager* m, NginxNames* list, Error* reterr) {
        ASSERT_OK(nginx_names_add(list, (NginxName) { "a.example", "box", "", "box" }));
        ASSERT_ERROR(nginx_names_add(list, (NginxName) { "a.example", "redirect", "b.example", "box" }), EEXIST);
        return 0;
}

TEST(nouns_wishes_are_collected) {
        static const NounClass one = { .name = "one", .ports = two_ports, .nginx_names = two_names }, other = { .name = "two", .ports = two_ports };
        static const NounClass* const nouns[] = { &one, &other, NULL };
        Ports ports = {};
        NginxNames names = {};
        ASSERT_OK(wanted_ports(NULL, nouns, &ports, NULL));
        ASSERT_EQ(ports.count, 2); /* the same door twice is one door */
        ASSERT_OK(wanted_names(NULL, nouns, &names, NULL));
        ASSERT_EQ(names.count, 1);
        ASSERT_STREQ(names.items[0].certificate, "box");
        nginx_names_done(&names);
}

TEST(bundles_are_read_by_id_only) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        up(&f);
        ASSERT_TRUE(!support_bundle_read(&f.m, "../db", &e));
        ASSERT_TRUE(error_has_name(&e, ERROR_NOT_FOUND));
        down(&f);
}

TEST_MAIN()
