/* Pure parts of the installer: install.json and its schema, the journal, what the kernel's and dpkg's files say, blacking out. */
#include "base/file.h"
#include "base/test.h"
#include "dpkg.h"
#include "install-json.h"
#include "journal.h"
#include "machine.h"
#include "scrub.h"
#include <fcntl.h>

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO1RKZtJ8oom+3iea/oz0ibUCuopLIwbVmgkg5GuRsmg ada@example"

static const char whole[] =
        "{\"version\":1,\"hostname\":\"c123\",\"domain\":\"customer.example\",\"timezone\":\"Europe/Berlin\",\"language\":\"de\","
        "\"template\":\"team\",\"ssh_keys\":[\"" KEY "\"],"
        "\"owner\":{\"username\":\"ada\",\"email\":\"Ada@Customer.example\","
        "\"password_hash\":\"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l$YWFhYWFhYWFhYWFhYWFhYWFhYWE\"},"
        "\"provider\":{\"name\":\"Example H\xc3\xb6sting\",\"logo\":\"data:image/png;base64,iVBORw0KGgo=\",\"colour\":\"#2f6F4f\","
        "\"fallback_name\":\"c123.provider.example\",\"acme_url\":\"https://acme.example/directory\",\"fleet_key\":\"QUJDREVGR0hJSktMTU5PUFFSU1RVVg==\","
        "\"relay\":{\"host\":\"smtp.provider.example\",\"port\":587,\"username\":\"c123\",\"password\":\"pa\\\"ss\"},"
        "\"catalogue\":{\"url\":\"https://apps.example/\",\"deny\":[\"wiki\"]}},"
        "\"backup\":{\"targets\":[{\"kind\":\"s3\",\"host\":\"s3.example.org\",\"bucket\":\"b\",\"username\":\"id\",\"password\":\"geheim+42\"},"
        "{\"kind\":\"sftp\",\"host\":\"b.example.org\"}],\"schedule\":\"daily\",\"keep\":{\"daily\":7}},"
        "\"updates\":{\"channel\":\"stable\",\"window\":\"02:00-05:00\"},\"locked\":[\"domain\",\"backup.targets\"]}";

TEST(whole_file_is_good_and_falls_into_parts) {
        _cleanup_(config_freep) Config* c = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(config_parse(whole, strlen(whole), &c, &e));
        ASSERT_STREQ(config_string(c, "provider.fallback_name"), "c123.provider.example");
        ASSERT_STREQ(config_string(c, "owner.nothing"), NULL);
        ASSERT_TRUE(config_has_secrets(c));

        _cleanup_json_ json_t* settings = config_settings(c);
        _cleanup_free_ char* text = json_text(settings, true);
        ASSERT_TRUE(strstr(text, "c123.provider.example") && strstr(text, "\"locked\"") && strstr(text, "b.example.org"));
        ASSERT_TRUE(!strstr(text, "owner") && !strstr(text, "ssh-") && !strstr(text, "pa\\\"ss") && !strstr(text, "geheim") && !strstr(text, "QUJD"));

        _cleanup_json_ json_t* rest = config_without_secrets(c);
        _cleanup_free_ char* rest_text = json_text(rest, true);
        ASSERT_TRUE(strstr(rest_text, "\"ada\"") && strstr(rest_text, "ssh-ed25519"));
        ASSERT_TRUE(!strstr(rest_text, "argon2id") && !strstr(rest_text, "geheim"));
        _cleanup_(config_freep) Config* again = NULL;
        ASSERT_OK(config_parse(rest_text, strlen(rest_text), &again, &e));
        ASSERT_FALSE(config_has_secrets(again));

        _cleanup_json_ json_t* presets = config_presets(c);
        _cleanup_free_ char* presets_text = json_text(presets, true);
        ASSERT_STREQ(presets_text, "{\"backup\":{\"targets\":[{\"password\":\"geheim+42\"},{}]},"
                                   "\"provider\":{\"fleet_key\":\"QUJDREVGR0hJSktMTU5PUFFSU1RVVg==\",\"relay\":{\"password\":\"pa\\\"ss\"}}}");
}

TEST(empty_file_is_good) {
        _cleanup_(config_freep) Config* c = NULL;
        ASSERT_OK(config_parse("{}", 2, &c, NULL));
        ASSERT_FALSE(config_has_secrets(c));
        _cleanup_json_ json_t* presets = config_presets(c);
        ASSERT_EQ(json_object_size(presets), 0);
}

TEST(bad_input_is_refused_with_the_field) {
        static const struct {
                const char *text, *field;
                ErrorName name;
        } cases[] = {
                { "", NULL, ERROR_BAD_JSON },
                { "[]", NULL, ERROR_BAD_JSON },
                { "{} {}", NULL, ERROR_BAD_JSON },
                { "{\"hostname\":\"a\",\"hostname\":\"b\"}", NULL, ERROR_BAD_JSON },
                { "{\"hostname\":\"a\xff\"}", NULL, ERROR_BAD_JSON },
                { "{\"hostname\":\"a\\u0000b\"}", NULL, ERROR_BAD_JSON },
                { "{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}", NULL, ERROR_BAD_JSON },
                { "{\"version\":2}", "version", ERROR_BAD_FIELD },
                { "{\"version\":\"1\"}", "version", ERROR_BAD_FIELD },
                { "{\"version\":1.0}", "version", ERROR_BAD_FIELD },
                { "{\"hostname\":\"\"}", "hostname", ERROR_BAD_FIELD },
                { "{\"hostname\":\"a; reboot\"}", "hostname", ERROR_BAD_FIELD },
                { "{\"hostname\":null}", "hostname", ERROR_BAD_FIELD },
                { "{\"hostname\":\"192.0.2.1\"}", "hostname", ERROR_BAD_FIELD },
                { "{\"timezone\":\"../etc/passwd\"}", "timezone", ERROR_BAD_FIELD },
                { "{\"template\":\"mail|team\"}", "template", ERROR_BAD_FIELD },
                { "{\"template\":\"\"}", "template", ERROR_BAD_FIELD },
                { "{\"owner\":[]}", "owner", ERROR_BAD_FIELD },
                { "{\"owner\":{\"name\":\"ada\"}}", "owner.name", ERROR_UNKNOWN_FIELD },
                { "{\"owner.username\":\"ada\"}", "owner.username", ERROR_UNKNOWN_FIELD },
                { "{\"backup.targets[].kind\":\"s3\"}", "backup.targets[].kind", ERROR_UNKNOWN_FIELD },
                { "{\"owner\":{\"link_token_sha256\":\"ABC\"}}", "owner.link_token_sha256", ERROR_BAD_FIELD },
                { "{\"owner\":{\"password_hash\":\"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l$YWFhYWFhYWFhYWFhYWFhYWFhYWE\"}}", "owner.username", ERROR_MISSING_FIELD },
                { "{\"owner\":{\"password_hash\":\"$2y$10$abcdefghijklmnopqrstuvwxyzabcdefghij\"}}", "owner.password_hash", ERROR_BAD_FIELD },
                { "{\"ssh_keys\":\"" KEY "\"}", "ssh_keys", ERROR_BAD_FIELD },
                { "{\"ssh_keys\":[\"command=\\\"sh\\\" " KEY "\"]}", "ssh_keys[0]", ERROR_BAD_FIELD },
                { "{\"ssh_keys\":[\"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIO1RKZtJ8oom+3iea/oz0ibUCuopLIwbVmgkg5GuRsmg\"]}", "ssh_keys[0]", ERROR_BAD_FIELD },
                { "{\"provider\":{\"colour\":\"red\"}}", "provider.colour", ERROR_BAD_FIELD },
                { "{\"provider\":{\"health_url\":\"http://h.example/\"}}", "provider.health_url", ERROR_BAD_FIELD },
                { "{\"provider\":{\"logo\":\"https://h.example/logo.png\"}}", "provider.logo", ERROR_BAD_FIELD },
                { "{\"provider\":{\"name\":\"a\\nb\"}}", "provider.name", ERROR_BAD_FIELD },
                { "{\"provider\":{\"relay\":{\"port\":0}}}", "provider.relay.port", ERROR_BAD_FIELD },
                { "{\"provider\":{\"relay\":{\"port\":65536}}}", "provider.relay.port", ERROR_BAD_FIELD },
                { "{\"backup\":{\"targets\":[{\"kind\":\"s3\"},{\"kind\":\"ftp\"}]}}", "backup.targets[1].kind", ERROR_BAD_FIELD },
                { "{\"backup\":{\"targets\":[1]}}", "backup.targets[0]", ERROR_BAD_FIELD },
                { "{\"updates\":{\"window\":\"2-5\"}}", "updates.window", ERROR_BAD_FIELD },
                { "{\"locked\":[\"owner\"]}", "locked[0]", ERROR_BAD_FIELD },
                { "{\"apps\":{}}", "apps", ERROR_BAD_FIELD },
                { "{\"apps\":[\"radicale\"]}", "apps[0]", ERROR_BAD_FIELD },
                { "{\"apps\":[{}]}", "apps[0].package", ERROR_MISSING_FIELD },
                { "{\"apps\":[{\"package\":\"a\"},{\"package\":\"../b\"}]}", "apps[1].package", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"app\":\"radicale\"}]}", "apps[0].app", ERROR_UNKNOWN_FIELD },
                { "{\"apps\":[{\"package\":\"a\"},{\"package\":\"a\",\"location\":\"b\"}]}", "apps[1].package", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\",\"location\":\"b\"},{\"package\":\"b\"}]}", "apps[1].location", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\",\"location\":\"b.c\"}]}", "apps[0].location", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\",\"location\":\"A\"}]}", "apps[0].location", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\",\"title\":\"a\\nb\"}]}", "apps[0].title", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\",\"access\":\"groups\"}]}", "apps[0].access", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\",\"settings\":{\"user\":\"me\"}}]}", "apps[0].settings", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\",\"settings\":[\"user=me\",\"me\"]}]}", "apps[0].settings[1]", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\",\"settings\":[\"user=a\\u0007\"]}]}", "apps[0].settings[0]", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\"}],\"provider\":{\"catalogue\":{\"deny\":[\"a\"]}}}", "apps[0].package", ERROR_BAD_FIELD },
                { "{\"apps\":[{\"package\":\"a\"}],\"provider\":{\"catalogue\":{\"allow\":[\"b\"]}}}", "apps[0].package", ERROR_BAD_FIELD },
                { "{\"provider\":{\"catalogue\":{\"imports\":true}}}", "provider.catalogue.imports", ERROR_BAD_FIELD },
                { "{\"provider\":{\"catalogue\":{\"imports\":\"no\"}}}", "provider.catalogue.imports", ERROR_BAD_FIELD },
                { "{\"locked\":[\"domain\",\"nothing\"]}", "locked[1]", ERROR_BAD_FIELD },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(config_freep) Config* c = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                if (config_parse(cases[i].text, strlen(cases[i].text), &c, &e) >= 0)
                        TEST_FAIL("%s was taken", cases[i].text);
                if (e.name != cases[i].name)
                        TEST_FAIL("%s: %s", cases[i].text, e.message);
                ASSERT_STREQ(e.field, cases[i].field);
        }
}

TEST(apps_stay_for_the_manager) {
        static const char text[] = "{\"apps\":[{\"package\":\"radicale\",\"location\":\"calendar\",\"access\":\"public\",\"settings\":[\"user=ada\",\"title=\xc3\x84pfel = rot\"]},"
                                   "{\"package\":\"calendar\",\"location\":\"other\"}],"
                                   "\"provider\":{\"catalogue\":{\"allow\":[\"calendar\",\"radicale\"],\"imports\":\"deny\"}}}";
        _cleanup_(config_freep) Config* c = NULL;
        ASSERT_OK(config_parse(text, strlen(text), &c, NULL));
        _cleanup_json_ json_t *settings = config_settings(c), *all = json_loads(text, 0, NULL);
        ASSERT_TRUE(json_equal(json_object_get(settings, "apps"), json_object_get(all, "apps")));
        ASSERT_TRUE(json_equal(json_object_get(settings, "provider"), json_object_get(all, "provider")));
}

/* The schema says patterns, C says patterns and validators: on every sample the two must agree. */
TEST(patterns_and_validators_agree) {
        static const char* const formats[] = { "HOSTNAME", "DNS_NAME", "TIMEZONE", "LANGUAGE", "USERNAME", "EMAIL", "COLOUR", "URL", "ID" };
        static const char* const samples[] = {
                "", "a", "A", "-", "a-", "-a", "a-b", "a.b", "a..b", ".a", "a.", "a.b.", "a_b", "a b", "1.2.3.4", "1.2.3.4.", "256.1.1.1", "01.2.3.4",
                "1.2.3", "a.1.2.3.4", "x1.2.3.4", "::1", "xn--bcher-kva.example", "a.b-.c", "a.-b.c", "a1234567890123456789012345678901",
                "a12345678901234567890123456789012", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk.org",
                "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl.org", "Europe/Berlin", "Etc/GMT+3", "/etc", "a//b", "a/", "a/../b",
                "de", "de-DE", "de-de", "DE", "deu", "de-", "#000000", "#00000", "#gggggg", "#ABCDEF ", "a@b.c", "a@b", "a@1.2.3.4", "a.b@c.d", ".a@c.d",
                "a.@c.d", "a..b@c.d", "a@b@c.d", "A+b@C.D", "a@b.c.", "a@-b.c", "a'b@c.d", "a\"b@c.d", "\xc3\xa4@b.c",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.c", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.c",
                "https://a", "https://a/", "https://a.b:8443/x?y#z", "https://A/", "https:///x", "http://a", "https://a b", "https://a/\"", "https://a/[x]",
                "https://1.2.3.4/", "https://-a/", "https://a-/", "https://a/{x}", "https://a/\\", "https://a/~u/%20'", "https://a.:1/", "https://a?b", "https://a#",
                "user.name", "user..name", "user.", "1user", "u_-.x", "u", "\n", "a\n", "a\nb", "https://a\n", "caf\xc3\xa9",
        };
        for (size_t f = 0; f < ELEMENTS(formats); f++)
                for (size_t i = 0; i < ELEMENTS(samples); i++) {
                        bool pattern, validator;
                        ASSERT_OK(config_format_test(formats[f], samples[i], &pattern, &validator));
                        if (pattern != validator)
                                TEST_FAIL("%s: '%s': pattern %d, validator %d", formats[f], samples[i], pattern, validator);
                }
}

TEST(published_schema_is_the_table) {
        _cleanup_free_ char *have = NULL, *wanted = NULL, *line = NULL;
        _cleanup_json_ json_t* schema = config_schema();
        wanted = json_dumps(schema, JSON_INDENT(2));
        ASSERT_TRUE(wanted && asprintf(&line, "%s\n", wanted) > 0);
        ASSERT_OK(file_read(AT_FDCWD, SCHEMA_FILE, 1024 * 1024, &have, NULL));
        if (!streq(have, line))
                TEST_FAIL("%s is stale: steadbox-install --schema >installer/install.schema.json", SCHEMA_FILE);
}

TEST(journal_survives_a_torn_line) {
        char directory[] = "/tmp/test-installer-XXXXXX", path[128];
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/sub/journal", directory);
        {
                _cleanup_(journal_freep) Journal* j = NULL;
                ASSERT_OK(journal_open(path, &j, NULL));
                ASSERT_EQ(journal_state(j, "packages"), JOURNAL_NONE);
                ASSERT_TRUE(access(path, F_OK) < 0); /* nothing is written before there is something to write */
                ASSERT_OK(journal_append(j, "packages", JOURNAL_BEGUN, "uacme", NULL));
                ASSERT_OK(journal_append(j, "packages", JOURNAL_DONE, NULL, NULL));
                ASSERT_OK(journal_append(j, "keys", JOURNAL_BEGUN, NULL, NULL));
        }
        _cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        ASSERT_OK(write_full(fd, "{\"at\":1,\"step\":\"keys\",\"sta", 27)); /* cut short, and a zero behind it */
        {
                _cleanup_(journal_freep) Journal* j = NULL;
                ASSERT_OK(journal_open(path, &j, NULL));
                ASSERT_EQ(journal_state(j, "packages"), JOURNAL_DONE);
                ASSERT_STREQ(journal_note(j, "packages"), "uacme");
                ASSERT_EQ(journal_state(j, "keys"), JOURNAL_BEGUN);
                ASSERT_OK(journal_append(j, "keys", JOURNAL_DONE, NULL, NULL));
                ASSERT_OK(journal_append(j, "packages", JOURNAL_UNDONE, NULL, NULL));
        }
        _cleanup_(journal_freep) Journal* j = NULL;
        ASSERT_OK(journal_open(path, &j, NULL));
        ASSERT_EQ(journal_state(j, "keys"), JOURNAL_DONE);
        ASSERT_EQ(journal_state(j, "packages"), JOURNAL_UNDONE);
        ASSERT_STREQ(journal_note(j, "packages"), NULL);
        (void) unlink(path);
        *strrchr(path, '/') = 0;
        (void) rmdir(path);
        (void) rmdir(directory);
}

TEST(os_release_and_meminfo) {
        static const char release[] = "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian\"\nVERSION_ID=\"13\"\nID=debian\n";
        _cleanup_free_ char *id = os_release_value(release, "ID"), *version = os_release_value(release, "VERSION_ID"), *none = os_release_value(release, "ID_LIKE");
        ASSERT_STREQ(id, "debian");
        ASSERT_STREQ(version, "13");
        ASSERT_STREQ(none, NULL);
        ASSERT_EQ(meminfo_value("MemTotal:         467000 kB\nSwapTotal:   0 kB\n", "MemTotal"), 467000LL * 1024);
        ASSERT_EQ(meminfo_value("MemTotal:         467000 kB\n", "Swap"), 0);
}

TEST(ports_and_routes) {
        static const char tcp[] =
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
                "   0: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0\n"
                "   1: 0100007F:01BB 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0\n";
        static const char tcp6[] =
                "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0 100 0 0 10 0\n";
        uint64_t inodes[4];
        ASSERT_EQ(listening_inodes(tcp, 443, inodes, 4), 1);
        ASSERT_EQ(inodes[0], 4711);
        ASSERT_EQ(listening_inodes(tcp, 80, inodes, 4), 0);
        ASSERT_EQ(listening_inodes(tcp6, 80, inodes, 4), 1);

        static const char route[] = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
                                    "eth0\t000A4D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        ASSERT_FALSE(default_route(route, false));
        ASSERT_TRUE(default_route("Iface\nhost0\t00000000\t01A94D0A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", false));
        ASSERT_TRUE(default_route("00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd775bd000a900000000000000000001 00000400 00000003 00000000 00000003    host0\n", true));
        ASSERT_FALSE(default_route("00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n", true));
        ASSERT_FALSE(default_route("fd775bd000a900000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001    host0\n", true));
}

TEST(dpkg_status) {
        static const char status[] =
                "Package: openssl\nStatus: install ok installed\nVersion: 3\n\n"
                "Package: uacme\nStatus: install ok half-configured\nConffiles:\n /etc/x 1\n\n"
                "Package: nftables\nStatus: deinstall ok config-files\n\n"
                "Package: dbus\nStatus: install reinstreq installed\n";
        ASSERT_EQ(dpkg_state(status, "openssl"), DPKG_INSTALLED);
        ASSERT_EQ(dpkg_state(status, "open"), DPKG_ABSENT);
        ASSERT_EQ(dpkg_state(status, "uacme"), DPKG_BROKEN);
        ASSERT_EQ(dpkg_state(status, "nftables"), DPKG_ABSENT);
        ASSERT_EQ(dpkg_state(status, "dbus"), DPKG_BROKEN);
        _cleanup_free_ char* broken = dpkg_first_broken(status);
        ASSERT_STREQ(broken, "uacme");
        ASSERT_TRUE(!dpkg_first_broken("Package: a\nStatus: install ok installed\n"));
}

TEST(secrets_are_blacked_out_in_every_spelling) {
        _cleanup_(config_freep) Config* c = NULL;
        ASSERT_OK(config_parse(whole, strlen(whole), &c, NULL));
        char text[] = "content: {\"password\": \"pa\\\"ss\"} and \\\"pa\\\\\\\"ss\\\" and geheim+42 geheim+42";
        size_t size = strlen(text);
        ASSERT_EQ(scrub_secrets(text, size, c), 4);
        ASSERT_EQ(strlen(text), size);
        ASSERT_TRUE(!strstr(text, "geheim") && !strstr(text, "ss\\\""));
        ASSERT_TRUE(scrub_opaque("\x1f\x8b\x08", 3));
        ASSERT_FALSE(scrub_opaque("#cloud-config\n", 14));
}

TEST_MAIN()
