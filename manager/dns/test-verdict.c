/* Verdicts over captured answers (tests/fixtures/dns/answers.json: packets as knot and unbound sent them), and the pure parts one by one. */
#include "base/file.h"
#include "base/test.h"
#include "dns/policy.h"
#include "dns/verdict.h"
#include "dns/zone.h"
#include <ctype.h>
#include <fcntl.h>

static unsigned hex_digit(char c) {
        return isdigit((unsigned char) c) ? (unsigned) (c - '0') : (unsigned) (c - 'a' + 10);
}

/* packet NULL = nobody was heard. */
static Seen seen_of(const char* packet, const char* server, const char* name, const char* type, bool resolver) {
        _cleanup_(dns_answer_done) DnsAnswer answer = { .extended_error = -1 };
        Seen seen = {};
        uint8_t bytes[4096];
        size_t n = packet ? strlen(packet) / 2 : 0;
        ASSERT_TRUE(n <= sizeof(bytes));
        for (size_t i = 0; i < n; i++)
                bytes[i] = (uint8_t) (hex_digit(packet[2 * i]) << 4 | hex_digit(packet[2 * i + 1]));
        if (packet)
                ASSERT_EQ(dns_packet_parse(bytes, n, 0x1234, name, type, &answer), 1);
        ASSERT_OK(seen_take(packet ? &answer : NULL, server, name, type, resolver, &seen));
        return seen;
}

static void judge(const json_t* c) {
        const json_t *record = json_object_get(c, "record"), *answers = json_object_get(c, "answers"), *expected = json_object_get(c, "expect");
        const char *owner = json_get_string(record, "owner"), *type = json_get_string(record, "type"), *key;
        _cleanup_json_ json_t* wanted = values_canonical(type, json_object_get(record, "wanted"));
        _cleanup_json_ json_t *ipv4 = json_pack("[s]", "203.0.113.5"), *ipv6 = json_pack("[s]", "2001:db8::5");
        Seen own[8], resolver = {};
        size_t i;
        json_t *answer, *value;
        const VerdictItem item = {
                .id = json_get_string(record, "id"), .check = json_get_string(record, "check"), .part = json_get_string(record, "part"),
                .owner = owner, .type = type, .why = "", .severity = "bad", .wanted = wanted, .hold = json_get_boolean(record, "hold", false),
        };
        json_array_foreach(answers, i, answer)
                own[i] = seen_of(json_get_string(answer, "packet"), json_get_string(answer, "server"), owner, type, false);
        if (json_get_string(c, "resolver"))
                resolver = seen_of(json_get_string(c, "resolver"), "resolver", owner, type, true);
        const Evidence e = {
                .domain = "plain.test", .zone = "plain.test", .own = own, .n_own = json_array_size(answers),
                .resolver = resolver.server ? &resolver : NULL, .ipv4 = ipv4, .ipv6 = json_object_get(c, "ipv6") ?: ipv6,
        };
        _cleanup_json_ json_t* verdict = verdict_record(&item, &e);
        ASSERT_TRUE(verdict);
        json_object_foreach((json_t*) expected, key, value)
                if (!json_equal(json_object_get(verdict, key), value)) {
                        _cleanup_free_ char* text = json_text(verdict, false);
                        TEST_FAIL("%s: %s is not as expected in %s", json_get_string(c, "name"), key, text);
                }
        ASSERT_FALSE(strchr(json_get_string(verdict, "sentence"), '{'));
        for (i = 0; i < e.n_own; i++)
                seen_done(&own[i]);
        seen_done(&resolver);
}

TEST(captured_answers) {
        _cleanup_free_ char* text = NULL;
        _cleanup_json_ json_t* all = NULL;
        size_t size, i;
        json_t* c;
        ASSERT_OK(file_read(AT_FDCWD, FIXTURES "/answers.json", 1024 * 1024, &text, &size));
        ASSERT_OK(json_parse_object(text, size, &all, NULL));
        ASSERT_TRUE(json_array_size(json_object_get(all, "cases")) >= 30);
        json_array_foreach(json_object_get(all, "cases"), i, c)
                judge(c);
}

TEST(canonical_values) {
        static const char* const cases[][3] = {
                { "A", "192.0.2.1", "192.0.2.1" },
                { "AAAA", "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
                { "AAAA", "nonsense", "nonsense" },
                { "MX", "10   Mail.Example.COM.", "10 mail.example.com" },
                { "MX", "0 .", "0 ." },
                { "SRV", "0 0 5060 SIP.example.com.", "0 0 5060 sip.example.com" },
                { "CAA", "0 ISSUE letsencrypt.org", "0 issue \"letsencrypt.org\"" },
                { "CAA", "128 iodef \"mailto:a@b.example\"", "128 iodef \"mailto:a@b.example\"" },
                { "TXT", "Case Stays.", "Case Stays." },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_free_ char* text = value_canonical(cases[i][0], cases[i][1]);
                ASSERT_STREQ(text, cases[i][2]);
        }
}

static bool dkim_good(const char* text) {
        _cleanup_(dkim_key_done) DkimKey k = {};
        char problem[POLICY_PROBLEM_BYTES];
        return dkim_parse(text, &k, problem) >= 0;
}

TEST(policies) {
        char problem[POLICY_PROBLEM_BYTES];
        Dmarc d;
        ASSERT_TRUE(dkim_good("v=DKIM1; k=rsa; p=QUJD"));
        ASSERT_TRUE(dkim_good("p=QUJD"));
        ASSERT_TRUE(dkim_good("v=DKIM1;k=ed25519;t=s;s=*;n=note;p=QU JD"));
        ASSERT_FALSE(dkim_good("k=rsa; v=DKIM1; p=QUJD"));
        ASSERT_FALSE(dkim_good("v=DKIM1; k=rsa"));
        ASSERT_FALSE(dkim_good("v=DKIM1; k=dsa; p=QUJD"));
        ASSERT_FALSE(dkim_good("v=DKIM1; p=QUJ"));
        ASSERT_FALSE(dkim_good("v=DKIM1; p=QUJD; p=QUJD"));
        ASSERT_FALSE(dkim_good("v=DKIM1; s=tlsrpt; p=QUJD"));
        ASSERT_FALSE(dkim_good("some text"));
        ASSERT_OK(dmarc_parse("v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@b.example!10m; pct=50;", &d, problem));
        ASSERT_STREQ(d.subdomains, "quarantine");
        ASSERT_ERROR(dmarc_parse("p=reject; v=DMARC1", &d, problem), EBADMSG);
        ASSERT_ERROR(dmarc_parse("v=DMARC1; sp=reject", &d, problem), EBADMSG);
        ASSERT_ERROR(dmarc_parse("v=DMARC1; p=reject; rua=a@b.example", &d, problem), EBADMSG);
        ASSERT_ERROR(dmarc_parse("v=DMARC1; p=reject; pct=101", &d, problem), EBADMSG);
        ASSERT_OK(mta_sts_record_parse("v=STSv1; id=20261121;", problem));
        ASSERT_ERROR(mta_sts_record_parse("v=STSv1;", problem), EBADMSG);
        ASSERT_ERROR(mta_sts_record_parse("v=STSv1; id=2026-11-21", problem), EBADMSG);
        ASSERT_OK(tls_rpt_parse("v=TLSRPTv1; rua=mailto:a@b.example,https://c.example/r", problem));
        ASSERT_ERROR(tls_rpt_parse("v=TLSRPTv1; rua=a@b.example", problem), EBADMSG);
}

TEST(policy_of_mta_sts) {
        static const char* const bad[] = {
                "", "version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1\n", "version: STSv1\nmode: sure\nmx: a.example\nmax_age: 1\n",
                "version: STSv1\nmode: enforce\nmax_age: 1\n", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 99999999\n",
                "version: STSv1\nmode: enforce\nmx: a.example\n", "<html>",
        };
        char problem[POLICY_PROBLEM_BYTES];
        _cleanup_(mta_sts_policy_done) MtaStsPolicy p = {};
        ASSERT_OK(mta_sts_policy_parse("version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n", &p, problem));
        ASSERT_STREQ(p.mode, "enforce");
        ASSERT_EQ(json_array_size(p.hosts), 2);
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                MtaStsPolicy none = {};
                if (mta_sts_policy_parse(bad[i], &none, problem) != -EBADMSG)
                        TEST_FAIL("taken: %s", bad[i]);
        }
        ASSERT_TRUE(mta_sts_host_matches("*.example.net", "mx.example.net"));
        ASSERT_FALSE(mta_sts_host_matches("*.example.net", "a.mx.example.net"));
        ASSERT_FALSE(mta_sts_host_matches("*.example.net", "example.net"));
        ASSERT_TRUE(mta_sts_host_matches("Mail.example.com", "mail.example.com"));
}

typedef struct CaaCase {
        const char* values;
        bool any, allowed, wildcard, critical;
} CaaCase;

TEST(authorities) {
        static const CaaCase cases[] = {
                { "[]", true, true, true, false },
                { "[\"0 issue \\\"letsencrypt.org\\\"\"]", false, true, true, false },
                { "[\"0 issue \\\"ca.example\\\"\"]", false, false, false, false },
                { "[\"0 issue \\\";\\\"\"]", false, false, false, false },
                { "[\"0 issue \\\"ca.example\\\"\", \"0 issue \\\"letsencrypt.org\\\"\"]", false, true, true, false },
                { "[\"0 issue \\\"letsencrypt.org\\\"\", \"0 issuewild \\\";\\\"\"]", false, true, false, false },
                { "[\"0 issue \\\"ca.example\\\"\", \"0 issuewild \\\"letsencrypt.org\\\"\"]", false, false, true, false },
                { "[\"0 iodef \\\"mailto:a@b.example\\\"\"]", true, true, true, false },
                { "[\"128 tbs \\\"unknown\\\"\"]", false, false, false, true },
                { "[\"0 tbs \\\"unknown\\\"\"]", true, true, true, false },
                { "[\"0 issue \\\"letsencrypt.org; validationmethods=tls-alpn-01\\\"\"]", false, false, false, false },
                { "[\"0 issue \\\"letsencrypt.org; validationmethods=http-01,dns-01\\\"\"]", false, true, true, false },
        };
        _cleanup_json_ json_t* issuers = json_pack("[s]", "letsencrypt.org");
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(caa_meaning_done) CaaMeaning m = {};
                _cleanup_json_ json_t* values = json_loads(cases[i].values, 0, NULL);
                ASSERT_TRUE(values);
                ASSERT_OK(caa_read(values, issuers, &m));
                if (m.any != cases[i].any || m.allowed != cases[i].allowed || m.wildcard != cases[i].wildcard || m.critical != cases[i].critical)
                        TEST_FAIL("%s: any %d, allowed %d, wildcard %d, critical %d", cases[i].values, m.any, m.allowed, m.wildcard, m.critical);
        }
}

static const VerdictItem own = { .id = "x:example.com", .check = "x", .part = "zone", .owner = "example.com", .severity = "warn" };

static const char* key_of(json_t* verdict) {
        static char key[64];
        (void) snprintf(key, sizeof(key), "%s", json_get_string(verdict, "key"));
        json_decref(verdict);
        return key;
}

static Seen said(SeenClass class, const char* values) {
        return (Seen) { .class = class, .server = (char*) "resolver", .extended_error = -1, .values = json_loads(values, 0, NULL), .aliases = json_array() };
}

static void forget(Seen* s) {
        s->server = NULL;
        seen_done(s);
}

TEST(reverse_names) {
        _cleanup_json_ json_t *names = json_pack("[s]", "mail.example.com"), *forward = json_pack("{s:[s], s:[s], s:[]}", "mail.example.com", "192.0.2.1",
                                                                                            "host.isp.example", "192.0.2.1", "liar.example");
        static const struct {
                SeenClass class;
                const char *values, *key;
        } cases[] = {
                { SEEN_GOOD, "[]", "ptr-missing" },
                { SEEN_GOOD, "[\"mail.example.com\"]", "ptr-ok" },
                { SEEN_GOOD, "[\"host.isp.example\"]", "ptr-elsewhere" },
                { SEEN_GOOD, "[\"host.isp.example\", \"mail.example.com\"]", "ptr-ok" },
                { SEEN_SILENT, "[]", "ptr-unknown" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                Seen s = said(cases[i].class, cases[i].values);
                ASSERT_STREQ(key_of(verdict_ptr(&own, "192.0.2.1", &s, forward, names, "mail.example.com")), cases[i].key);
                ASSERT_STREQ(key_of(verdict_ptr(&own, "192.0.2.2", &s, forward, names, "mail.example.com")),
                             i == 1 || i == 3 ? (i == 3 ? "ptr-elsewhere" : "ptr-unconfirmed") : cases[i].key);
                forget(&s);
        }
}

TEST(state_of_signatures) {
        const char* state;
        Seen good = said(SEEN_GOOD, "[\"a b 1 2 3 4 5\"]"), failed = said(SEEN_FAILED, "[]"), silent = said(SEEN_SILENT, "[]");
        ZoneEvidence z = { .domain = "example.com", .zone = "example.com", .parent = "com", .secured = &good };
        ASSERT_STREQ(key_of(verdict_dnssec(&own, &z, &state)), "dnssec-unsigned");
        good.authenticated = true;
        ASSERT_STREQ(key_of(verdict_dnssec(&own, &z, &state)), "dnssec-signed");
        z.secured = &failed;
        ASSERT_STREQ(key_of(verdict_dnssec(&own, &z, &state)), "dnssec-unknown");
        z.unchecked = &failed; /* it fails without checking too: nobody serves it */
        ASSERT_STREQ(key_of(verdict_dnssec(&own, &z, &state)), "dnssec-unknown");
        z.unchecked = &good; /* no reason given: it may lack keys as well as signatures */
        ASSERT_STREQ(key_of(verdict_dnssec(&own, &z, &state)), "dnssec-unknown");
        failed.extended_error = 22; /* no reachable authority */
        ASSERT_STREQ(key_of(verdict_dnssec(&own, &z, &state)), "dnssec-unknown");
        failed.extended_error = 7;
        ASSERT_STREQ(key_of(verdict_dnssec(&own, &z, &state)), "dnssec-unknown"); /* while the zone's servers are silent */
        const ServerView alive = { .name = "ns1.example.com", .addressed = true, .soa = &good };
        z.servers = &alive;
        z.n_servers = 1;
        z.parent_known = true;
        json_t* verdict = verdict_dnssec(&own, &z, &state);
        ASSERT_TRUE(strstr(json_get_string(verdict, "sentence"), "they have run out"));
        ASSERT_STREQ(key_of(verdict), "dnssec-bogus");
        ASSERT_STREQ(state, "bogus");
        z.secured = &silent;
        ASSERT_STREQ(key_of(verdict_dnssec(&own, &z, &state)), "dnssec-unknown");
        forget(&good);
        forget(&failed);
        forget(&silent);
}

TEST(block_lists) {
        static const char *const lists[] = { "a.example", "b.example" }, *const pages[] = { "https://a.example/", "https://b.example/" };
        static const struct {
                const char *a, *b, *key;
                bool silent;
        } cases[] = {
                { "[]", "[]", "blocklist-clean" },
                { "[\"127.0.0.2\"]", "[]", "blocklist-listed" },
                { "[\"127.255.255.254\"]", "[]", "blocklist-clean" },    /* a refuses us; b does not know it */
                { "[\"127.255.255.254\"]", "[]", "blocklist-unknown", true },
                { "[\"192.0.2.80\"]", "[]", "blocklist-clean" },         /* somebody's search page is no listing */
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                Seen answers[2] = { said(SEEN_GOOD, cases[i].a), said(cases[i].silent ? SEEN_SILENT : SEEN_GOOD, cases[i].b) };
                ASSERT_STREQ(key_of(verdict_blocklist(&own, "192.0.2.1", answers, lists, pages, 2)), cases[i].key);
                forget(&answers[0]);
                forget(&answers[1]);
        }
}

TEST(whose_zone) {
        static const struct {
                const char *nameservers, *kind;
        } cases[] = {
                { "[\"ada.ns.cloudflare.com\", \"bob.ns.cloudflare.com\"]", "cloudflare" },
                { "[\"helium.ns.hetzner.de\", \"hydrogen.ns.hetzner.com\", \"oxygen.ns.hetzner.com\"]", "hetzner" },
                { "[\"ns1.desec.io\", \"ns2.desec.org\"]", "desec" },
                { "[\"ns1.digitalocean.com\"]", "digitalocean" },
                { "[\"ns1.digitalocean.com\", \"ns1.desec.io\"]", NULL },
                { "[\"ns.notcloudflare.com\"]", NULL },
                { "[\"evilns.cloudflare.com\"]", NULL },
                { "[]", NULL },
        };
        char name[DNS_NAME_BYTES];
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* ns = json_loads(cases[i].nameservers, 0, NULL);
                ASSERT_STREQ(zone_provider(ns), cases[i].kind);
        }
        _cleanup_json_ json_t *sedo = json_pack("[s]", "64.190.63.222"), *other = json_pack("[s]", "192.0.2.1");
        ASSERT_STREQ(zone_parked(NULL, NULL, sedo), "Sedo");
        ASSERT_STREQ(zone_parked(NULL, NULL, other), NULL);
        ASSERT_OK(zone_reverse("192.0.2.1", NULL, name));
        ASSERT_STREQ(name, "1.2.0.192.in-addr.arpa");
        ASSERT_OK(zone_reverse("192.0.2.1", "zen.spamhaus.org", name));
        ASSERT_STREQ(name, "1.2.0.192.zen.spamhaus.org");
        ASSERT_OK(zone_reverse("2001:db8::1", NULL, name));
        ASSERT_STREQ(name, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
        ASSERT_ERROR(zone_reverse("example.com", NULL, name), EINVAL);
}

/* A fact that a sentence names and nobody sets would leave a hole in it; every key has a verdict the manager knows. */
TEST(the_table) {
        static const char* const verdicts[] = { "ok", "missing", "different", "wrong", "waits", "unreachable", "skipped" };
        for (VerdictKey k = 0; k < _VERDICT_KEY_MAX; k++) {
                _cleanup_json_ json_t* v = verdict_new(k, &own, NULL, NULL, NULL);
                bool known = false;
                ASSERT_STREQ(json_get_string(v, "key"), verdict_key_to_string(k));
                for (size_t i = 0; i < ELEMENTS(verdicts); i++)
                        known |= streq(verdicts[i], json_get_string(v, "verdict"));
                ASSERT_TRUE(known);
                for (VerdictKey other = 0; other < k; other++)
                        ASSERT_FALSE(streq(verdict_key_to_string(other), verdict_key_to_string(k)));
        }
}

TEST_MAIN()
