/* The pure half of the helper: what is refused, what is rendered, and that nginx and nft take it. */
#include "base/test.h"
#include "base/file.h"
#include "base/process.h"
#include "helper/certificate-store.h"
#include "helper/check.h"
#include "helper/dkim.h"
#include "helper/render-app.h"
#include "helper/render-nftables.h"
#include "helper/render-nginx-app.h"
#include "run/network.h"
#include "helper/ssh-key.h"
#include "helper/text.h"
#include <fcntl.h>
#include <sys/stat.h>

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIJ6MpMFoSLVPLO7YsxY2xf4nYmzCcULWVvHF7mLFbWQI"
#define ED25519_DIGEST "8bf55edeeaa3c30dba02b753eaa6b53754118dd04e3b3517b8a53f80222048bf"

#define IDENTITY "0123456789abcdef0123456789abcdef"

/* What a hostile manager would try to get into a file or a unit's name. */
static const char* const hostile[] = {
        "", " ", ".", "..", "../x", "/etc/passwd", "a/b", "a\nb", "a\n", "\na", "a\tb", "a b", "a;b", "a{b", "a}b", "a$b", "$host", "a\"b", "a'b",
        "a`b", "a\\b", "a#b", "\"; load_module /tmp/x.so; #", "x; include /etc/shadow", "}; server { listen 1;", "a\x01" "b", "a\x7f" "b",
        "a\xc3\xa4", "\xff", "-a", "a-", "A", "a..b", ".a", "a.", "*.example.org", "%i", "a@b", "a,b", "a|b", "a&b", "a<b", "a=b", "~a", "a\rb",
};

static char* long_string(size_t size) {
        char* s = malloc(size + 1);
        assert(s);
        memset(s, 'a', size);
        s[size] = 0;
        return s;
}

static int refused_name(const char* name, NginxKind kind, const char* target, const char* certificate) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ char* text = NULL;
        int r = render_nginx(&(NginxName) { name, kind, target, certificate, true }, 1, IDENTITY, &text, &e);
        ASSERT_EQ(r < 0, error_is_set(&e));
        ASSERT_EQ(r < 0, !text);
        return r < 0;
}

TEST(nginx_refuses_hostile_values) {
        _cleanup_free_ char* mega = long_string(1024 * 1024);
        for (size_t i = 0; i < ELEMENTS(hostile); i++) {
                ASSERT_TRUE(refused_name(hostile[i], NGINX_BOX, "", "box"));
                ASSERT_TRUE(refused_name("a.example", NGINX_REDIRECT, hostile[i], "box"));
                ASSERT_TRUE(refused_name("a.example", NGINX_BOX, "", hostile[i]));
                if (*hostile[i])
                        ASSERT_TRUE(refused_name("a.example", NGINX_BOX, hostile[i], "box"));
        }
        ASSERT_TRUE(refused_name(mega, NGINX_BOX, "", "box"));
        ASSERT_TRUE(refused_name("a.example", NGINX_REDIRECT, mega, "box"));
        ASSERT_TRUE(refused_name("a.example", NGINX_BOX, "", mega));
        ASSERT_TRUE(refused_name("a.example", NGINX_REDIRECT, "192.0.2.1", "box"));
        ASSERT_TRUE(refused_name("a.example", NGINX_REDIRECT, "", "box"));
        ASSERT_TRUE(refused_name("a.example", _NGINX_KIND_INVALID, "", "box"));
        ASSERT_TRUE(refused_name("a.example", (NginxKind) 99, "", "box"));
        ASSERT_FALSE(refused_name("a.example", NGINX_REDIRECT, "b.example", "box"));
        for (size_t i = 0; i < ELEMENTS(hostile); i++) {
                _cleanup_free_ char* text = NULL;
                ASSERT_TRUE(refused_name("mta-sts.a.example", NGINX_MTA_STS, hostile[i], "box"));
                ASSERT_TRUE(nginx_header_from_string(hostile[i]) < 0);
                if (*hostile[i] == 0 || check_plain(hostile[i]))
                        continue;
                ASSERT_TRUE(render_nginx(NULL, 0, hostile[i], &text, NULL) < 0);
        }
        ASSERT_TRUE(nginx_header_from_string("no-index; x") < 0);
        ASSERT_TRUE(nginx_header_from_string(mega) < 0);
        NginxName name = { "a.example", NGINX_BOX, "", "box", false, 1 << NGINX_HEADERS_N };
        ASSERT_TRUE(nginx_name_check(&name, NULL) < 0);
}

static unsigned count(const char* text, const char* what) {
        unsigned n = 0;
        for (; (text = strstr(text, what)); text += strlen(what))
                n++;
        return n;
}

TEST(nginx_headers_are_words_of_a_list) {
        static const struct {
                const char* word;
                const char* line;
        } words[] = {
                { "no-index", "X-Robots-Tag \"noindex, nofollow\"" },
                { "hsts-subdomains", "\"max-age=31536000; includeSubDomains\"" },
                { "hsts-preload", "\"max-age=31536000; includeSubDomains; preload\"" },
                { "no-referrer", "Referrer-Policy no-referrer" },
                { "same-origin-resources", "Cross-Origin-Resource-Policy same-origin" },
        };
        NginxName n = { "old.example", NGINX_REDIRECT, "a.example", "box", false, 0 };
        _cleanup_free_ char *none = NULL, *box = NULL;
        ASSERT_OK(render_nginx(&n, 1, IDENTITY, &none, NULL));
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                _cleanup_free_ char *text = NULL, *unsafe = NULL;
                ASSERT_TRUE(strstr(none, words[i].line) == NULL);
                n.headers = nginx_header_from_string(words[i].word);
                ASSERT_TRUE(n.headers > 0);
                ASSERT_OK(render_nginx(&n, 1, IDENTITY, &text, NULL));
                ASSERT_EQ(count(text, words[i].line), 1);
                ASSERT_EQ(count(text, "Strict-Transport-Security"), 1);
                n.self_signed = true; /* no promise that would lock people out */
                ASSERT_OK(render_nginx(&n, 1, IDENTITY, &unsafe, NULL));
                ASSERT_TRUE(strstr(unsafe, "Strict-Transport-Security") == NULL);
                n.self_signed = false;
        }
        n = (NginxName) { "a.example", NGINX_BOX, "", "box", false, NGINX_NO_REFERRER | NGINX_SAME_ORIGIN_RESOURCES };
        ASSERT_OK(render_nginx(&n, 1, IDENTITY, &box, NULL)); /* which it has anyway, and has once */
        ASSERT_EQ(count(box, "Referrer-Policy no-referrer"), 1);
        ASSERT_EQ(count(box, "Cross-Origin-Resource-Policy"), 1);
        ASSERT_EQ(count(box, "Content-Security-Policy"), 2); /* and one that hides the manager's */
}

TEST(nginx_serves_alike_names_together) {
        const NginxName names[] = {
                { "my.a.example", NGINX_BOX, "", "d1", false },
                { "a.example", NGINX_REDIRECT, "my.a.example", "d1", false },
                { "www.a.example", NGINX_REDIRECT, "my.a.example", "d1", false },
                { "mta-sts.a.example", NGINX_MTA_STS, "mail.a.example", "d1", false },
                { "my.b.example", NGINX_BOX, "", "d2", false },
                { "box.a.example", NGINX_BOX, "", "d1", false },
                { "wiki.a.example", NGINX_BOX, "", "d1", false, NGINX_NO_INDEX },
        };
        _cleanup_free_ char* text = NULL;
        ASSERT_OK(render_nginx(names, ELEMENTS(names), IDENTITY, &text, NULL));
        ASSERT_EQ(count(text, "listen 443 ssl;"), 5);
        ASSERT_EQ(count(text, "listen 80;"), 1);
        ASSERT_EQ(count(text, "location = /.well-known/steadbox {"), 7); /* both plain servers too */
        ASSERT_EQ(count(text, "return 200 \"" IDENTITY "\\n\";"), 7);
        ASSERT_EQ(count(text, "mx: mail.a.example\\r\\n"), 1);
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                char line[64];
                (void) snprintf(line, sizeof(line), "                        %s%s", names[i].name, "");
                ASSERT_EQ(count(text, line), 2);
        }
}

TEST(nginx_refuses_doubles_and_crowds) {
        _cleanup_free_ char* text = NULL;
        NginxName names[NGINX_NAMES_MAX + 1];
        char name[NGINX_NAMES_MAX + 1][32];
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                (void) snprintf(name[i], sizeof(name[i]), "n%zu.example", i);
                names[i] = (NginxName) { name[i], NGINX_BOX, "", "box", true };
        }
        ASSERT_TRUE(render_nginx(names, ELEMENTS(names), IDENTITY, &text, NULL) < 0);
        ASSERT_OK(render_nginx(names, NGINX_NAMES_MAX, IDENTITY, &text, NULL));
        free(text);
        text = NULL;
        char certificate[NGINX_NAMES_MAX][32]; /* nothing shared: the longest there can be */
        for (size_t i = 0; i < NGINX_NAMES_MAX; i++) {
                (void) snprintf(certificate[i], sizeof(certificate[i]), "d%zu", i);
                names[i].certificate = certificate[i];
        }
        ASSERT_OK(render_nginx(names, NGINX_NAMES_MAX, IDENTITY, &text, NULL));
        names[7].name = "n3.example";
        _cleanup_free_ char* none = NULL;
        ASSERT_TRUE(render_nginx(names, NGINX_NAMES_MAX, IDENTITY, &none, NULL) < 0);
}

TEST(values_are_refused_not_escaped) {
        for (size_t i = 0; i < ELEMENTS(hostile); i++) {
                _cleanup_(text_done) Text t = {};
                _cleanup_free_ char* out = NULL;
                bool plain = *hostile[i] != 0;
                for (const char* p = hostile[i]; *p; p++)
                        plain = plain && (unsigned char) *p > ' ' && (unsigned char) *p < 0x7f && !strchr("\"'`;{}$\\#", *p);
                text_add(&t, "before ");
                text_add_value(&t, hostile[i]);
                text_add(&t, " behind");
                ASSERT_EQ(text_take(&t, &out, NULL) >= 0, plain);
        }
}

static void replace(char** text, const char* from, const char* to) {
        for (char* at; (at = strstr(*text, from));) {
                char* longer = NULL;
                ASSERT_TRUE(asprintf(&longer, "%.*s%s%s", (int) (at - *text), *text, to, at + strlen(from)) > 0);
                free(*text);
                *text = longer;
        }
}

static int run(const char* const* argv, const char* input, char** ret_output) {
        ProcessResult result = {};
        int r = process_run(argv, &(ProcessOptions) { .input = input, .input_size = input ? strlen(input) : 0 }, &result);
        ASSERT_OK(r);
        if (ret_output)
                *ret_output = TAKE_PTR(result.output);
        r = result.exit_code;
        process_result_done(&result);
        return r;
}

/* A user and network namespace of our own lends the rights that the two checkers want. */
static bool tool_usable(const char* path) {
        return access(path, X_OK) == 0 && run((const char*[]) { "/usr/bin/unshare", "-rn", "/bin/true", NULL }, NULL, NULL) == 0;
}

static bool nginx_knows_http2_directive(void) {
        _cleanup_free_ char* words = NULL;
        unsigned major = 0, minor = 0;
        (void) run((const char*[]) { "/usr/sbin/nginx", "-v", NULL }, NULL, &words);
        const char* p = strstr(words, "nginx/");
        return p && sscanf(p, "nginx/%u.%u", &major, &minor) == 2 && (major > 1 || minor >= 25);
}

static void write_certificate(const char* directory) {
        _cleanup_free_ char *chain = NULL, *key = NULL, *sub = NULL;
        ASSERT_OK(certificate_make("192.0.2.7", &chain, &key, NULL));
        ASSERT_TRUE(asprintf(&sub, "%s/box", directory) > 0);
        ASSERT_OK(mkdir(sub, 0700));
        _cleanup_close_ int fd = open(sub, O_DIRECTORY | O_CLOEXEC);
        ASSERT_OK(file_write(fd, "chain.pem", chain, strlen(chain), 0600));
        ASSERT_OK(file_write(fd, "key.pem", key, strlen(key), 0600));
}

static const char* const paths[] = { "/.well-known/caldav", "/public/", "/public", "/public/", "/.well-known/steadbox", "/.steadbox/auth", NULL };
static const char* const all_paths[] = { "/", NULL };
static const NginxApp apps[] = {
        { "notes", "198.18.0.1", 80, .gated = false, 64, NULL, "" },
        { "wiki", "198.18.0.2", 8080, .gated = true, 2048, paths, "X-WEBAUTH-USER" },
        { "updating", "198.18.0.3", 8080, .gated = true, 64, all_paths, "Remote-User" },
        { "worker", "198.18.0.4", 0, .gated = true, 64, NULL, "" },
};

TEST(nginx_takes_what_we_render) {
        static const NginxName names[] = {
                { "*", NGINX_BOX, "", "box", true },
                { "c123.provider.example", NGINX_BOX, "", "box", false },
                { "192.0.2.7", NGINX_BOX, "", "box", true },
                { "2001:db8::7", NGINX_BOX, "", "box", true },
                { "boxy", NGINX_BOX, "", "box", true },
                { "old.example", NGINX_REDIRECT, "c123.provider.example", "box", false },
                { "rest.example", NGINX_MAINTENANCE, "", "box", false },
                { "mta-sts.old.example", NGINX_MTA_STS, "mail.old.example", "box", false },
                { "wiki.old.example", NGINX_BOX, "", "box", false, (1 << NGINX_HEADERS_N) - 1 },
                { "notes.old.example", NGINX_APP, "notes", "box", false, 0, &apps[0] },
                { "notes.new.example", NGINX_APP_ALIAS, "notes", "box", false, 0, &apps[0] },
                { "notes.self.example", NGINX_APP_ALIAS, "notes", "box", true, 0, &apps[0] },
                { "wiki.new.example", NGINX_APP, "wiki", "box", false, NGINX_NO_INDEX, &apps[1] },
                { "updating.new.example", NGINX_APP, "updating", "box", false, 0, &apps[2] },
                { "worker.new.example", NGINX_APP, "worker", "box", false, 0, &apps[3] },
                { "soon.new.example", NGINX_APP, "soon", "box", false, 0, NULL },
        };
        if (!tool_usable("/usr/sbin/nginx")) {
                puts("no nginx or no namespaces here, so it is not asked");
                return;
        }
        char directory[] = "/tmp/test-helper-XXXXXX";
        ASSERT_TRUE(mkdtemp(directory));
        write_certificate(directory);
        for (size_t n = 0; n <= ELEMENTS(names); n++) {
                _cleanup_free_ char *text = NULL, *path = NULL, *words = NULL;
                ASSERT_OK(render_nginx(names, n, IDENTITY, &text, NULL));
                ASSERT_EQ(strstr(text, "Strict-Transport-Security") != NULL, n >= 2);
                ASSERT_EQ(strstr(text, "proxy_set_header Remote-Groups \"\";\n") != NULL, n >= 10);
                replace(&text, NGINX_CERTIFICATES, directory);
                replace(&text, "user www-data;\n", "");
                replace(&text, "/run/steadbox-probe", directory);
                if (!nginx_knows_http2_directive())
                        replace(&text, "                http2 on;\n", "");
                ASSERT_TRUE(asprintf(&path, "%s/nginx.conf", directory) > 0);
                ASSERT_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600));
                if (run((const char*[]) { "/usr/bin/unshare", "-rn", "/usr/sbin/nginx", "-t", "-e", "stderr", "-c", path, "-g", "pid /tmp/test-helper.pid;", NULL },
                        NULL, &words) != 0)
                        TEST_FAIL("nginx refuses %zu names: %s", n, words);
        }
        ASSERT_EQ(run((const char*[]) { "/bin/rm", "-rf", directory, "/tmp/test-helper.pid", NULL }, NULL, NULL), 0);
}

static const FirewallPort good_ports[] = {
        { "tcp", 22, "ssh", "world", "" },
        { "tcp", 443, "web", "world", "" },
        { "udp", 65535, "game-2", "world", "minetest" },
        { "tcp", 8080, "inner", "local", "" },
};

static const AppPortRecord app_ports[] = { { "tcp", 2222, 22 }, { "udp", 65534, 9 }, { "tcp", 443, 443 } };
static const FirewallApp firewall_apps[] = {
        { "notes", 1, .world = true, .ports = app_ports, .ports_n = ELEMENTS(app_ports) },
        { "silent", 4095, .world = false },
        { "bare", 7, .world = true, .host_network = true, .ports = (const AppPortRecord[]) { { "tcp", 8123, 8123 } }, .ports_n = 1 },
        { "second", 300, .world = true, .mute = true, .ports = app_ports, .ports_n = 1 },
};

TEST(nft_knows_apps_by_slot) {
        _cleanup_free_ char* text = NULL;
        ASSERT_OK(render_nftables(good_ports, ELEMENTS(good_ports), firewall_apps, ELEMENTS(firewall_apps), &text, NULL));
        ASSERT_TRUE(strstr(text, "elements = { 198.18.0.1, 198.18.1.44 }"));
        ASSERT_TRUE(strstr(text, "elements = { fd53:7465:6164::1, fd53:7465:6164::12c }"));
        ASSERT_TRUE(strstr(text, "set app_mute {\n                type ipv4_addr\n                elements = { 198.18.1.44 }\n"));
        ASSERT_TRUE(strstr(text, "set app_mute6 {\n                type ipv6_addr\n                elements = { fd53:7465:6164::12c }\n"));
        ASSERT_TRUE(strstr(text, "meta nfproto ipv6 udp dport 65534 dnat ip6 to [fd53:7465:6164::1]:9 comment \"app-port-of-notes\""));
        ASSERT_TRUE(strstr(text, "tcp dport 2222 dnat ip to 198.18.0.1:22"));
        ASSERT_FALSE(strstr(text, "tcp dport 443 dnat"));                /* the web server's */
        ASSERT_FALSE(strstr(text, "dnat ip to 198.18.1.44"));           /* the first has it */
        ASSERT_TRUE(strstr(text, "tcp dport 8123 counter accept comment \"port-port-of-bare\""));
        ASSERT_FALSE(strstr(text, "198.18.15.255"));                    /* whoever is silent is named nowhere */
        for (unsigned slot = 0; slot <= APP_NETWORK_SLOT_MAX + 1; slot += APP_NETWORK_SLOT_MAX + 1) {
                _cleanup_free_ char* none = NULL;
                ASSERT_TRUE(render_nftables(NULL, 0, &(FirewallApp) { "a", slot }, 1, &none, NULL) < 0);
        }
        for (size_t i = 0; i < ELEMENTS(hostile); i++) {
                _cleanup_free_ char* none = NULL;
                FirewallApp app = { "", 1, .ports = &(AppPortRecord) { hostile[i], 1, 1 }, .ports_n = 1 };
                ASSERT_TRUE(render_nftables(NULL, 0, &app, 1, &none, NULL) < 0);
                (void) snprintf(app.id, sizeof(app.id), "%s", hostile[i]);
                app.ports_n = 0;
                ASSERT_TRUE(render_nftables(NULL, 0, &app, 1, &none, NULL) < 0);
        }
}

TEST(nft_takes_what_we_render) {
        _cleanup_free_ char *text = NULL, *words = NULL;
        ASSERT_OK(render_nftables(good_ports, ELEMENTS(good_ports), firewall_apps, ELEMENTS(firewall_apps), &text, NULL));
        ASSERT_TRUE(strstr(text, "tcp dport 22 counter accept comment \"port-ssh\""));
        ASSERT_TRUE(strstr(text, "udp dport 65535 counter accept comment \"port-game-2-of-minetest\""));
        ASSERT_FALSE(strstr(text, " 8080"));
        if (!tool_usable("/usr/sbin/nft")) {
                puts("no nft or no namespaces here, so it is not asked");
                return;
        }
        if (run((const char*[]) { "/usr/bin/unshare", "-rn", "/usr/sbin/nft", "--check", "--file", "-", NULL }, text, &words) != 0)
                TEST_FAIL("nft refuses the table: %s", words);
}

static bool refused_port(FirewallPort port) {
        _cleanup_free_ char* text = NULL;
        return render_nftables(&port, 1, NULL, 0, &text, NULL) < 0;
}

TEST(nftables_refuses_hostile_values) {
        _cleanup_free_ char* mega = long_string(1024 * 1024);
        for (size_t i = 0; i < ELEMENTS(hostile); i++) {
                const char* h = hostile[i];
                ASSERT_TRUE(refused_port((FirewallPort) { h, 22, "ssh", "world", "" }));
                ASSERT_TRUE(refused_port((FirewallPort) { "tcp", 22, "ssh", h, "" }));
                if (*h)
                        ASSERT_TRUE(refused_port((FirewallPort) { "tcp", 22, "ssh", "world", h }));
                if (strspn(h, "abcdefghijklmnopqrstuvwxyz-") != strlen(h) || !*h)
                        ASSERT_TRUE(refused_port((FirewallPort) { "tcp", 22, h, "world", "" }));
        }
        ASSERT_TRUE(refused_port((FirewallPort) { mega, 22, "ssh", "world", "" }));
        ASSERT_TRUE(refused_port((FirewallPort) { "tcp", 22, mega, "world", "" }));
        ASSERT_TRUE(refused_port((FirewallPort) { "tcp", 22, "ssh", mega, "" }));
        ASSERT_TRUE(refused_port((FirewallPort) { "tcp", 22, "ssh", "world", mega }));
        ASSERT_TRUE(refused_port((FirewallPort) { "tcp", 0, "ssh", "world", "" }));
        ASSERT_TRUE(refused_port((FirewallPort) { "tcp", 65536, "ssh", "world", "" }));
        ASSERT_FALSE(refused_port((FirewallPort) { "tcp", 1, "ssh", "local", "ab1" }));
}

TEST(ids_kinds_and_digests_are_checked) {
        _cleanup_free_ char* mega = long_string(1024 * 1024);
        for (size_t i = 0; i < ELEMENTS(hostile); i++) {
                ASSERT_TRUE(check_id("id", hostile[i], NULL) < 0);
                ASSERT_TRUE(check_job_kind(hostile[i], NULL) < 0);
                ASSERT_TRUE(check_fingerprint("fingerprint", hostile[i], NULL) < 0);
                ASSERT_TRUE(check_name_or_address("name", hostile[i], NULL) < 0);
        }
        ASSERT_TRUE(check_id("id", mega, NULL) < 0);
        ASSERT_TRUE(check_job_kind(mega, NULL) < 0);
        ASSERT_TRUE(check_fingerprint("fingerprint", mega, NULL) < 0);
        ASSERT_TRUE(check_name_or_address("name", mega, NULL) < 0);
        ASSERT_TRUE(check_job_kind("user-delete", NULL) < 0); /* a job, but not one with a program */
        ASSERT_OK(check_job_kind("certificate", NULL));
        ASSERT_OK(check_fingerprint("fingerprint", ED25519_DIGEST, NULL));
}

TEST(zones_come_from_the_table) {
        static const char tab[] = "# comment\tx\tEurope/Hidden\nDE\t+5230+01322\tEurope/Berlin\tmost\nTT\t+1039-06131\tAmerica/Port_of_Spain\n";
        ASSERT_TRUE(zone_listed(tab, "Europe/Berlin"));
        ASSERT_TRUE(zone_listed(tab, "America/Port_of_Spain"));
        ASSERT_FALSE(zone_listed(tab, "Europe/Ber"));
        ASSERT_FALSE(zone_listed(tab, "Europe/Hidden"));
        ASSERT_FALSE(zone_listed(tab, "DE"));
        ASSERT_FALSE(zone_listed("", "Europe/Berlin"));
        ASSERT_FALSE(zone_listed("x\ny\tz", "z"));
}

TEST(ssh_keys_are_checked) {
        SshKey key;
        _cleanup_free_ char* mega = long_string(1024 * 1024);
        ASSERT_OK(ssh_key_check("ssh-ed25519", ED25519, "ada@laptop", &key, NULL));
        ASSERT_STREQ(key.fingerprint, ED25519_DIGEST);
        ASSERT_TRUE(ssh_key_check("ssh-rsa", ED25519, "", &key, NULL) < 0);
        ASSERT_TRUE(ssh_key_check("ssh-dss", ED25519, "", &key, NULL) < 0);
        ASSERT_TRUE(ssh_key_check("command=\"sh\" ssh-ed25519", ED25519, "", &key, NULL) < 0);
        ASSERT_TRUE(ssh_key_check("ssh-ed25519", ED25519 "A", "", &key, NULL) < 0);
        ASSERT_TRUE(ssh_key_check("ssh-ed25519", "AAAA", "", &key, NULL) < 0);
        ASSERT_TRUE(ssh_key_check("ssh-ed25519", ED25519 "\nssh-rsa AAAA", "", &key, NULL) < 0);
        ASSERT_TRUE(ssh_key_check("ssh-ed25519", ED25519, "a\nssh-ed25519 " ED25519, &key, NULL) < 0);
        ASSERT_TRUE(ssh_key_check(mega, ED25519, "", &key, NULL) < 0);
        ASSERT_TRUE(ssh_key_check("ssh-ed25519", mega, "", &key, NULL) < 0);
        ASSERT_TRUE(ssh_key_check("ssh-ed25519", ED25519, mega, &key, NULL) < 0);
        for (size_t i = 0; i < ELEMENTS(hostile); i++) {
                ASSERT_TRUE(ssh_key_check(hostile[i], ED25519, "", &key, NULL) < 0);
                ASSERT_TRUE(ssh_key_check("ssh-ed25519", hostile[i], "", &key, NULL) < 0);
        }
}

TEST(ssh_key_files_are_edited) {
        static const char roots[] = "# mine\ncommand=\"a b\" ssh-ed25519 " ED25519 " provider key\nnonsense\n";
        _cleanup_free_ char *added = NULL, *again = NULL, *removed = NULL, *less = NULL;
        SshKey key;
        ASSERT_OK(ssh_key_check("ssh-ed25519", ED25519, "ada", &key, NULL));
        ASSERT_TRUE(ssh_keys_add("", &key, "root", &added, NULL) < 0);
        ASSERT_OK(ssh_keys_add("x", &key, "owner", &added, NULL));
        ASSERT_STREQ(added, "x\n# owner\nssh-ed25519 " ED25519 " ada\n");
        ASSERT_OK(ssh_keys_add(added, &key, "provider", &again, NULL));
        ASSERT_STREQ(again, added);
        ASSERT_EQ(ssh_keys_remove(added, ED25519_DIGEST, &removed), 1);
        ASSERT_STREQ(removed, "x\n");
        ASSERT_EQ(ssh_keys_remove(roots, ED25519_DIGEST, &less), 1);
        ASSERT_STREQ(less, "# mine\nnonsense\n");
}

static const char words[] = "subject=CN=Steadbox\n"
                            "issuer=CN=Steadbox\n"
                            "notBefore=2026-11-21 08:00:00Z\n"
                            "notAfter=2027-11-21 08:00:00Z\n"
                            "sha256 Fingerprint=00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\n"
                            "X509v3 Subject Alternative Name: \n"
                            "    DNS:a.example, DNS:*.b.example, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, DNS:evil\";x, email:x@y\n";

TEST(certificates_are_read) {
        _cleanup_(certificate_done) Certificate c = {};
        ASSERT_OK(certificate_parse(words, &c, NULL));
        ASSERT_EQ(c.names_n, 4);
        ASSERT_STREQ(c.names[1], "*.b.example");
        ASSERT_STREQ(c.names[3], "2001:db8::1");
        ASSERT_TRUE(c.self_signed);
        ASSERT_EQ(c.not_before, 1795248000);
        ASSERT_TRUE(certificate_covers(&c, "x.b.example"));
        ASSERT_FALSE(certificate_covers(&c, "b.example"));
        ASSERT_FALSE(certificate_covers(&c, "x.y.b.example"));
        ASSERT_TRUE(certificate_covers(&c, "2001:0db8::1"));
        for (size_t i = 0; i < sizeof(words); i += 7) { /* cut anywhere: understood or refused, never read past */
                _cleanup_(certificate_done) Certificate part = {};
                _cleanup_free_ char* copy = strndup(words, i);
                (void) certificate_parse(copy, &part, NULL);
        }
}

TEST(a_worse_certificate_is_refused) {
        char* name[] = { (char*) "a.example", NULL };
        const char* const wanted[] = { "a.example", NULL };
        Certificate good = { .names = { name[0] }, .names_n = 1, .not_before = 1000, .not_after = 100000 };
        Certificate self = good, early = good, other = good;
        self.self_signed = true;
        early.not_after = 50000;
        other.names[0] = (char*) "b.example";
        ASSERT_OK(certificate_may_replace(NULL, &good, wanted, 2000, NULL));
        ASSERT_OK(certificate_may_replace(&self, &good, wanted, 2000, NULL));
        ASSERT_OK(certificate_may_replace(&good, &good, wanted, 2000, NULL));
        ASSERT_OK(certificate_may_replace(&other, &early, wanted, 2000, NULL));
        ASSERT_TRUE(certificate_may_replace(&good, &self, wanted, 2000, NULL) < 0);
        ASSERT_TRUE(certificate_may_replace(&good, &early, wanted, 2000, NULL) < 0);
        ASSERT_TRUE(certificate_may_replace(NULL, &other, wanted, 2000, NULL) < 0);
        /* one that browsers trust gives way to nothing they do not, whatever it covers; the other way round even a shorter life is better */
        Certificate trusted = good, wider = good;
        trusted.trusted = true;
        wider.not_after = 200000;
        wider.names[1] = (char*) "c.example";
        wider.names_n = 2;
        ASSERT_TRUE(certificate_may_replace(&trusted, &wider, wanted, 2000, NULL) < 0);
        ASSERT_TRUE(certificate_may_replace(&trusted, &wider, (const char*[]) { "a.example", "c.example", NULL }, 2000, NULL) < 0);
        ASSERT_OK(certificate_may_replace(&trusted, &wider, wanted, 150000, NULL)); /* it has expired: anything is better */
        trusted.not_after = 90000;
        ASSERT_OK(certificate_may_replace(&good, &trusted, wanted, 2000, NULL));
        ASSERT_TRUE(certificate_may_replace(NULL, &good, wanted, 100000, NULL) < 0);
        ASSERT_TRUE(certificate_may_replace(NULL, &good, (const char*[]) { NULL }, 2000, NULL) < 0);
}

TEST(certificates_are_made) {
        _cleanup_free_ char *chain = NULL, *key = NULL, *other_chain = NULL, *other_key = NULL;
        _cleanup_(certificate_done) Certificate c = {};
        ASSERT_TRUE(certificate_make("a\nb", &chain, &key, NULL) < 0);
        ASSERT_OK(certificate_make("box.example", &chain, &key, NULL));
        ASSERT_OK(certificate_make("192.0.2.7", &other_chain, &other_key, NULL));
        ASSERT_TRUE(startswith(key, "-----BEGIN PRIVATE KEY-----\n"));
        if (geteuid() != 0) {
                puts("not root, so openssl cannot be run as somebody else");
                return;
        }
        ASSERT_OK(certificate_read_pem(chain, strlen(chain), &c, NULL));
        ASSERT_TRUE(c.self_signed && certificate_covers(&c, "box.example"));
        ASSERT_OK(certificate_key_matches(chain, key, 65534, 65534, NULL));
        ASSERT_TRUE(certificate_key_matches(chain, other_key, 65534, 65534, NULL) < 0);
        ASSERT_TRUE(certificate_read_pem("junk", 4, &c, NULL) < 0);
}

TEST(what_was_read_of_a_certificate_is_kept_until_it_changes) {
        char directory[] = "/tmp/test-helper-XXXXXX", path[128];
        bool self = false;
        struct timespec past[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
        if (geteuid() != 0) {
                puts("not root, so openssl cannot be run as somebody else");
                return;
        }
        ASSERT_TRUE(mkdtemp(directory));
        write_certificate(directory);
        _cleanup_close_ int fd = open(directory, O_DIRECTORY | O_CLOEXEC);
        ASSERT_EQ(certificate_self_signed(fd, "none", &self, NULL), 0);
        ASSERT_EQ(certificate_self_signed(fd, "box", &self, NULL), 1);
        ASSERT_TRUE(self);
        ASSERT_OK(file_write(fd, "box/self-signed", "no\n", 3, 0644)); /* as if it had been read so */
        ASSERT_EQ(certificate_self_signed(fd, "box", &self, NULL), 1);
        ASSERT_FALSE(self);
        ASSERT_OK(utimensat(fd, "box/self-signed", past, 0)); /* the chain is newer now */
        ASSERT_EQ(certificate_self_signed(fd, "box", &self, NULL), 1);
        ASSERT_TRUE(self);
        ASSERT_OK(file_write(fd, "box/self-signed", "maybe", 5, 0644));
        ASSERT_EQ(certificate_self_signed(fd, "box", &self, NULL), 1);
        ASSERT_TRUE(self);
        (void) snprintf(path, sizeof(path), "%s", directory);
        ASSERT_EQ(run((const char*[]) { "/bin/rm", "-rf", path, NULL }, NULL, NULL), 0);
}

TEST(mail_keys_are_made_once) {
        char directory[] = "/tmp/test-helper-XXXXXX", path[128];
        _cleanup_free_ char *first = NULL, *again = NULL, *other = NULL, *fresh = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        struct stat st;
        ASSERT_TRUE(mkdtemp(directory));
        ASSERT_OK(dkim_key_ensure(directory, "a.example", "s1", &first, NULL));
        ASSERT_EQ(strlen(first), 392);
        ASSERT_OK(dkim_key_ensure(directory, "a.example", "s1", &again, NULL));
        ASSERT_STREQ(again, first);
        ASSERT_OK(dkim_key_ensure(directory, "a.example", "s2", &other, NULL));
        ASSERT_FALSE(streq(other, first));
        (void) snprintf(path, sizeof(path), "%s/a.example/s1.pem", directory);
        ASSERT_OK(stat(path, &st));
        ASSERT_EQ(st.st_mode & 0777, 0600);
        ASSERT_OK(dkim_key_remove(directory, "a.example", "s1", NULL));
        ASSERT_OK(dkim_key_remove(directory, "a.example", "s1", NULL));
        ASSERT_OK(dkim_key_remove(directory, "b.example", "s1", NULL));
        ASSERT_TRUE(access(path, F_OK) < 0);
        ASSERT_OK(dkim_key_ensure(directory, "a.example", "s1", &fresh, NULL));
        ASSERT_FALSE(streq(fresh, first));
        ASSERT_OK(file_write(AT_FDCWD, path, "junk", 4, 0600));
        ASSERT_TRUE(dkim_key_ensure(directory, "a.example", "s1", &first, &e) < 0); /* never made anew over one that cannot be read */
        ASSERT_TRUE(error_has_name(&e, ERROR_HELPER_FAILED));
        ASSERT_OK(dkim_key_remove(directory, "a.example", "s1", NULL));
        ASSERT_OK(dkim_key_remove(directory, "a.example", "s2", NULL));
        ASSERT_OK(chmod(directory, 0755)); /* others could look */
        ASSERT_TRUE(dkim_key_ensure(directory, "a.example", "s1", &first, NULL) < 0);
        ASSERT_OK(rmdir(directory)); /* and the domain's went with its last key */
}

TEST(mail_keys_are_counted) {
        char directory[] = "/tmp/test-helper-XXXXXX", path[160];
        _cleanup_error_ Error e = ERROR_NULL;
        char* none = NULL;
        ASSERT_TRUE(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/a.example", directory);
        ASSERT_OK(mkdir(path, 0700));
        for (unsigned i = 0; i < DKIM_SELECTORS_MAX; i++) {
                (void) snprintf(path, sizeof(path), "%s/a.example/s%u.pem", directory, i);
                ASSERT_OK(file_write(AT_FDCWD, path, "x", 1, 0600));
        }
        ASSERT_TRUE(dkim_key_ensure(directory, "a.example", "more", &none, &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_TOO_LARGE) && !none);
        ASSERT_EQ(run((const char*[]) { "/bin/rm", "-rf", directory, NULL }, NULL, NULL), 0);
}


/* --- units of apps --- */

#define LAYER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char* const app_layers[] = { LAYER, NULL };
static const char* const app_args[] = { "sh\nExecStart=/bin/evil", "%n", NULL };
static const char* const app_env[] = { "A=%H\n[Service]\nUser=root", NULL };
static const char* const app_after[] = { "db", NULL };

static AppRecord app_record(AppContainerRecord c[static 2], AppTaskRecord* t) {
        c[0] = (AppContainerRecord) { .name = "web", .layers = app_layers, .args = app_args, .env = app_env, .cwd = "/", .stop_signal = 3,
                                      .stop_sec = 7, .after = app_after };
        c[1] = (AppContainerRecord) { .name = "db", .layers = app_layers, .args = app_args, .env = app_env, .cwd = "/", .stop_signal = 15,
                                      .stop_sec = 60, .memory_max = 32 << 20, .health = { app_args, 10, 5, 3, 30 } };
        *t = (AppTaskRecord) { "tidy", "web", "*-*-* 03:00", app_args, true };
        return (AppRecord) { .id = "notes", .slot = 5, .title = "x", .network_out = "none", .gate = "open", .access = "public", .user_header = "",
                             .memory_max = 128 << 20, .cpu_weight = 100, .tasks_max = 100, .containers = c,
                             .containers_n = 2, .tasks = t, .tasks_n = 1, .note = "" };
}

static unsigned lines_of(const char* text, const char* start) {
        unsigned n = 0;
        for (const char* p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
                n += startswith(p, start) != NULL;
        return n;
}

TEST(units_of_an_app_are_constant_but_for_checked_words) {
        AppContainerRecord c[2];
        AppTaskRecord t;
        AppRecord a = app_record(c, &t);
        _cleanup_(app_units_done) AppUnits u = {};
        a.title = "Ä \"quoted\" %n $x \\";
        ASSERT_OK(render_app(&a, &u, NULL));
        ASSERT_EQ(u.n, 5);
        ASSERT_STREQ(u.units[0].name, "steadbox-app-notes.slice");
        ASSERT_TRUE(strstr(u.units[0].text, "\nMemoryMax=") && lines_of(u.units[0].text, "MemorySwapMax=") == 1);
        ASSERT_STREQ(u.units[1].name, "steadbox-app-notes-web.service");
        ASSERT_STREQ(u.units[4].name, "steadbox-app-notes-task-tidy.timer");
        for (size_t i = 0; i < u.n; i++) {
                ASSERT_TRUE(app_unit_is_of(u.units[i].name, "notes"));
                ASSERT_FALSE(app_unit_is_of(u.units[i].name, "note"));
                ASSERT_FALSE(strstr(u.units[i].text, "evil") || strstr(u.units[i].text, "User=root") || strpbrk(u.units[i].text, "%\"\\$"));
                ASSERT_TRUE(lines_of(u.units[i].text, "ExecStart=") <= 1);
        }
        ASSERT_TRUE(strstr(u.units[1].text, "KillSignal=3\n") && strstr(u.units[1].text, "TimeoutStopSec=7\n"));
        ASSERT_TRUE(strstr(u.units[1].text, "After=steadbox-appnet@notes.service steadbox-app-notes-db.service\n"));
        ASSERT_FALSE(strstr(u.units[1].text, "ExecStartPost="));
        ASSERT_TRUE(strstr(u.units[2].text, "ExecStartPost=") && strstr(u.units[2].text, "MemoryMax=33554432\n"));
        ASSERT_TRUE(strstr(u.units[4].text, "OnCalendar=*-*-* 03:00\n"));
}

TEST(hostile_words_never_reach_a_unit) {
        for (size_t i = 0; i < ELEMENTS(hostile); i++) {
                AppContainerRecord c[2];
                AppTaskRecord t;
                AppRecord a = app_record(c, &t);
                _cleanup_(app_units_done) AppUnits u = {};
                a.id = hostile[i];
                ASSERT_TRUE(render_app(&a, &u, NULL) < 0 && u.n == 0);
                a = app_record(c, &t);
                c[0].name = hostile[i];
                ASSERT_TRUE(render_app(&a, &u, NULL) < 0 || app_word_valid(hostile[i]));
                app_units_done(&u);
                a = app_record(c, &t);
                a.title = hostile[i];
                if (render_app(&a, &u, NULL) >= 0)
                        ASSERT_EQ(lines_of(u.units[1].text, "ExecStart="), 1);
        }
}

TEST_MAIN()
