#include "base/file.h"
#include "base/test.h"
#include "base/time.h"
#include "net/dns-internal.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ZONE "update.test"
#define NOW 1700000000

static const DnsKey key256 = { "Writer.Test.", "hmac-sha256", "c3RlYWRib3ggdGVzdCBrZXkgbnVtYmVyIDEgISEhISE=" };
static const DnsKey key512 = { "writer512.test", "hmac-sha512", "c3RlYWRib3ggdGVzdCBrZXkgbnVtYmVyIDIgISEhISEgYW5kIG1vcmUgb2YgaXQsIGFzIFNIQS01MTIgd2FudHM=" };
static const DnsKey reader = { "reader.test", "hmac-sha256", "c3RlYWRib3ggdGVzdCBrZXkgbnVtYmVyIDMgISEhISE=" };

/* --- knot, the real peer --- */

static char folder[] = "/tmp/test-dns-update-XXXXXX", address[32];
static pid_t knot;

static void write_in_folder(const char* name, const char* text) {
        char path[128];
        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        ASSERT_OK(file_write(AT_FDCWD, path, text, strlen(text), 0644));
}

static bool knot_answers(void) {
        _cleanup_(dns_answer_done) DnsAnswer a = { .extended_error = -1 };
        return dns_read(address, 5353, ZONE, "SOA", NULL, &a, NULL) >= 0 && a.rcode == 0;
}

static bool knot_start(void) {
        static const char zone[] = "$ORIGIN " ZONE ".\n@ 60 SOA ns mail 1 60 60 600 60\n@ 60 NS ns\nns 60 A 192.0.2.53\nold 60 TXT \"old\"\n";
        char* config = NULL;
        unsigned pid = (unsigned) getpid();
        if (access("/usr/sbin/knotd", X_OK) < 0) {
                printf("# no knotd here, skipping\n");
                return false;
        }
        ASSERT_TRUE(mkdtemp(folder) != NULL);
        (void) snprintf(address, sizeof(address), "127.%u.%u.%u", 128 + pid / 64516 % 64, 1 + pid / 254 % 254, 1 + pid % 254);
        ASSERT_OK(asprintf(&config,
                "server:\n  listen: %s@5353\n  rundir: %s\n  tcp-workers: 1\n  udp-workers: 1\n  background-workers: 1\n"
                "database:\n  storage: %s\nlog:\n  - target: stderr\n    any: error\n"
                "key:\n  - id: writer.test\n    algorithm: hmac-sha256\n    secret: %s\n"
                "  - id: writer512.test\n    algorithm: hmac-sha512\n    secret: %s\n"
                "  - id: reader.test\n    algorithm: hmac-sha256\n    secret: %s\n"
                "acl:\n  - id: write\n    key: [writer.test, writer512.test]\n    action: update\n"
                "zone:\n  - domain: " ZONE "\n    storage: %s\n    file: zone\n    acl: write\n    zonefile-sync: -1\n"
                "    zonefile-load: difference\n    journal-content: all\n",
                address, folder, folder, key256.secret, key512.secret, reader.secret, folder));
        write_in_folder("zone", zone);
        write_in_folder("knot.conf", config);
        free(config);
        char path[128];
        (void) snprintf(path, sizeof(path), "%s/knot.conf", folder);
        knot = fork();
        if (knot == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
                (void) execl("/usr/sbin/knotd", "knotd", "--config", path, NULL);
                _exit(127);
        }
        for (int i = 0; i < 200 && !knot_answers(); i++)
                (void) usleep(50000);
        ASSERT_TRUE(knot_answers());
        return true;
}

static void knot_stop(void) {
        char command[128];
        ASSERT_OK(kill(knot, SIGTERM));
        ASSERT_OK(waitpid(knot, NULL, 0));
        (void) snprintf(command, sizeof(command), "rm -r %s", folder);
        ASSERT_EQ(system(command), 0);
}

/* Values joined by | in the order of the answer, sorted by knot. */
static const char* values(const char* name, const char* type, const DnsKey* key) {
        static char text[2048];
        _cleanup_(dns_answer_done) DnsAnswer a = { .extended_error = -1 };
        _cleanup_error_ Error e = ERROR_NULL;
        if (dns_read(address, 5353, name, type, key, &a, &e) < 0)
                TEST_FAIL("%s", e.message);
        text[0] = 0;
        for (size_t i = 0; i < a.n_records; i++)
                if (a.records[i].section == DNS_ANSWER)
                        (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", *text ? "|" : "", a.records[i].value);
        return text;
}

static void change(const DnsKey* key, const DnsUpdate* changes, size_t n) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (dns_update(address, 5353, ZONE, key, changes, n, &e) < 0)
                TEST_FAIL("%s", e.message);
}
#define CHANGE(key, ...) change(key, (DnsUpdate[]) { __VA_ARGS__ }, sizeof((DnsUpdate[]) { __VA_ARGS__ }) / sizeof(DnsUpdate))

static void check_refused(const char* server, uint16_t port, const char* zone, const DnsKey* key, DnsUpdate u, ErrorName name, const char* words) {
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(dns_update(server, port, zone, key, &u, 1, &e) < 0);
        if (!error_has_name(&e, name) || !strstr(e.message, words))
                TEST_FAIL("%s: %s", error_name_to_string(e.name), e.message);
}

static void check_all_types(void) {
        static const DnsUpdate all[] = {
                { "a." ZONE, "A", "192.0.2.1", 60, false },
                { "a." ZONE, "AAAA", "2001:db8::1", 60, false },
                { "a." ZONE, "MX", "10 mail.other.test", 60, false },
                { "n." ZONE, "CNAME", "www.other.test", 60, false },
                { "a." ZONE, "SRV", "0 1 993 mail.other.test", 60, false },
                { "a." ZONE, "CAA", "0 issue \"letsencrypt.org\"", 60, false },
                { "a." ZONE, "TLSA", "3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 60, false },
                { "_dmarc.a." ZONE, "TXT", "v=DMARC1; p=reject; rua=mailto:\"x\"@a.test", 60, false },
                { "b." ZONE, "TXT", "bytes \\000\\255\\092 and \\ (brackets) $ @ ;", 60, false },
        };
        change(&key256, all, ELEMENTS(all));
        for (size_t i = 0; i + 1 < ELEMENTS(all); i++)
                ASSERT_STREQ(values(all[i].owner, all[i].type, NULL), all[i].value);
        ASSERT_STREQ(values("b." ZONE, "TXT", NULL), "bytes \\000\\255\\092 and \\092 (brackets) $ @ ;");
}

static void check_sets(void) {
        static char text[701];
        CHANGE(&key512, { "s." ZONE, "TXT", "one", 60, false }, { "s." ZONE, "TXT", "two", 60, false });
        ASSERT_STREQ(values("s." ZONE, "TXT", NULL), "one|two");
        CHANGE(&key512, { "s." ZONE, "TXT", "one", 0, true });
        ASSERT_STREQ(values("s." ZONE, "TXT", NULL), "two");
        CHANGE(&key512, { "s." ZONE, "TXT", NULL, 0, true }, { "s." ZONE, "TXT", "three", 60, false });
        ASSERT_STREQ(values("s." ZONE, "TXT", NULL), "three");
        CHANGE(&key512, { "s." ZONE, "TXT", NULL, 0, true });
        ASSERT_STREQ(values("s." ZONE, "TXT", NULL), "");
        CHANGE(&key512, { "s." ZONE, "TXT", NULL, 0, true }); /* once more: nothing there is no error */
        memset(text, 'k', sizeof(text) - 1); /* as long as a DKIM key is: several strings */
        CHANGE(&key256, { "k." ZONE, "TXT", text, 60, false });
        ASSERT_STREQ(values("k." ZONE, "TXT", &key256), text);
}

static void check_refusals(void) {
        DnsKey wrong = key256, strange = key256, other = key256;
        const DnsUpdate u = { "x." ZONE, "A", "192.0.2.66", 60, false };
        wrong.secret = reader.secret;
        strange.name = "nobody.test";
        other.algorithm = "hmac-sha512";
        check_refused(address, 5353, ZONE, &wrong, u, ERROR_WRONG_CREDENTIALS, "another secret");
        check_refused(address, 5353, ZONE, &strange, u, ERROR_WRONG_CREDENTIALS, "does not know the key");
        check_refused(address, 5353, ZONE, &other, u, ERROR_WRONG_CREDENTIALS, "key");
        check_refused(address, 5353, ZONE, &reader, u, ERROR_WRONG_CREDENTIALS, "does not let it"); /* knot says BADKEY, not REFUSED */
        check_refused(address, 5353, ZONE, NULL, u, ERROR_NOT_FOUND, ZONE);
        check_refused(address, 5353, "elsewhere.test", &key256, (DnsUpdate) { "a.elsewhere.test", "A", "192.0.2.66", 60, false },
                      ERROR_NOT_FOUND, "elsewhere.test");
        check_refused(address, 5354, ZONE, &key256, u, ERROR_UNREACHABLE, "Connection refused");
        check_refused("ns.test", 5353, ZONE, &key256, u, ERROR_BAD_REQUEST, "ns.test");
        ASSERT_STREQ(values("x." ZONE, "A", NULL), "");
        _cleanup_error_ Error e = ERROR_NULL;
        DnsAnswer a;
        ASSERT_TRUE(dns_read(address, 5353, ZONE, "SOA", &wrong, &a, &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_WRONG_CREDENTIALS));
}

static void check_values(void) {
        static const DnsUpdate bad[] = {
                { "x." ZONE, "A", "192.0.2.256", 60, false }, { "x." ZONE, "A", "", 60, false }, { "x." ZONE, "A", "192.0.2.1\n@ A 192.0.2.2", 60, false },
                { "x." ZONE, "MX", "mail.test", 60, false },  { "x." ZONE, "MX", "10 a..b", 60, false }, { "x." ZONE, "NS", "a; b", 60, false },
                { "x." ZONE, "NOSUCH", "1", 60, false },      { "x." ZONE, "TXT", "\\256", 60, false }, { "x.." ZONE, "A", "192.0.2.1", 60, false },
                { "x." ZONE, "AAAA", "192.0.2.1", 60, false },
        };
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                check_refused(address, 5353, ZONE, &key256, bad[i], ERROR_BAD_REQUEST, "");
}

/* Each byte of a signed answer matters, and so does its age. */
static void check_answers(const DnsKey* key) {
        _cleanup_(dns_tsig_done) DnsTsig t = {};
        _cleanup_free_ uint8_t* answer = NULL;
        uint8_t packet[512];
        uint64_t now = (uint64_t) now_seconds();
        unsigned error;
        DnsWanted w;
        DnsAddress to;
        ASSERT_OK(dns_tsig_init(&t, key, NULL));
        ASSERT_OK(dns_wanted_make(ZONE, "SOA", &w, NULL));
        ASSERT_OK(dns_address_parse(address, 5353, &to));
        size_t n = dns_query_build(&w, 0, false, packet);
        n = (size_t) ASSERT_OK(dns_tsig_sign(&t, now, packet, n, sizeof(packet)));
        ASSERT_OK(dns_tcp_exchange(&to, packet, n, now_usec(CLOCK_MONOTONIC) + 10 * USEC_PER_SEC, &answer, &n));
        ASSERT_EQ(dns_tsig_verify(&t, now, answer, n, &error), 1);
        ASSERT_ERROR(dns_tsig_verify(&t, now + 310, answer, n, &error), ETIME);
        ASSERT_ERROR(dns_tsig_verify(&t, now - 310, answer, n, &error), ETIME);
        for (size_t i = 2; i < n; i++) { /* the id is compared elsewhere */
                answer[i] ^= 0xff;
                if (dns_tsig_verify(&t, now, answer, n, &error) > 0)
                        TEST_FAIL("byte %zu of %zu is not covered", i, n);
                answer[i] ^= 0xff;
        }
        t.mac[0] ^= 1; /* an answer to another question */
        ASSERT_ERROR(dns_tsig_verify(&t, now, answer, n, &error), EKEYREJECTED);
}

TEST(knot_takes_what_we_sign_and_refuses_the_rest) {
        if (!knot_start())
                return;
        ASSERT_STREQ(values("old." ZONE, "TXT", NULL), "old");
        check_all_types();
        check_sets();
        check_refusals();
        check_values();
        check_answers(&key256);
        check_answers(&key512);
        knot_stop();
}

/* --- signatures without a peer --- */

TEST(keys_that_cannot_be_used_are_refused_in_words) {
        static const struct {
                DnsKey key;
                const char* field;
        } cases[] = {
                { { "k", "hmac-md5.sig-alg.reg.int", "MTIz" }, "algorithm" }, { { "k", "hmac-sha384", "MTIz" }, "algorithm" },
                { { "k..k", "hmac-sha256", "MTIz" }, "key_name" },            { { "k", "hmac-sha256", "" }, "token" },
                { { "k", "hmac-sha256", "not base64!" }, "token" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                DnsTsig t;
                ASSERT_TRUE(dns_tsig_init(&t, &cases[i].key, &e) < 0);
                ASSERT_STREQ(e.field, cases[i].field);
        }
}

/* A question signed by us, and the answer a server with the same key would sign: same code, with the question's MAC in front. */
static size_t signed_answer(DnsTsig* t, uint64_t now, uint8_t* ret, size_t max) {
        DnsWanted w;
        ASSERT_OK(dns_wanted_make("a.test", "A", &w, NULL));
        size_t n = dns_query_build(&w, 0, false, ret);
        return (size_t) ASSERT_OK(dns_tsig_sign(t, now, ret, n, max));
}

TEST(what_is_not_signed_as_it_should_is_not_believed) {
        _cleanup_(dns_tsig_done) DnsTsig t = {};
        uint8_t packet[512];
        unsigned error;
        ASSERT_OK(dns_tsig_init(&t, &key256, NULL));
        size_t n = signed_answer(&t, NOW, packet, sizeof(packet));
        ASSERT_ERROR(dns_tsig_sign(&t, NOW, packet, n, n + 10), E2BIG);
        /* Our own question, sent back: its MAC does not cover a question's MAC. */
        ASSERT_ERROR(dns_tsig_verify(&t, NOW, packet, n, &error), EKEYREJECTED);
        for (size_t i = 0; i < n; i++) {
                uint8_t* cut = malloc(i + 1);
                memcpy(cut, packet, i);
                ASSERT_TRUE(dns_tsig_verify(&t, NOW, cut, i, &error) <= 0);
                free(cut);
        }
        size_t bare = dns_query_build(&(DnsWanted) { .name_size = 1, .type = 1 }, 0, false, packet);
        ASSERT_EQ(dns_tsig_verify(&t, NOW, packet, bare, &error), 0);
}

TEST_MAIN()
