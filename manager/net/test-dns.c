#include "base/test.h"
#include "net/dns-internal.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* --- the parser --- */

static const uint8_t head_example[] = { 0x12, 0x34, 0x84, 0x00, 0, 1, 0, 1, 0, 0, 0, 0, 7, 'E', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0 };

/* An answer about example.com with one record at its name. */
static size_t packet_make(uint8_t* ret, uint16_t type, const void* rdata, size_t size) {
        uint8_t tail[] = { (uint8_t) (type >> 8), (uint8_t) type, 0, 1, 0xc0, 12, (uint8_t) (type >> 8), (uint8_t) type, 0, 1, 0, 0, 1, 44,
                           (uint8_t) (size >> 8), (uint8_t) size };
        memcpy(ret, head_example, sizeof(head_example));
        memcpy(ret + sizeof(head_example), tail, sizeof(tail));
        memcpy(ret + sizeof(head_example) + sizeof(tail), rdata, size);
        return sizeof(head_example) + sizeof(tail) + size;
}

static void check_value(const char* type, const void* rdata, size_t size, const char* value) {
        static uint8_t packet[70000];
        _cleanup_(dns_answer_done) DnsAnswer a = { .extended_error = -1 };
        size_t n = packet_make(packet, dns_type_number(type), rdata, size);
        int r = dns_packet_parse(packet, n, 0x1234, "example.COM.", type, &a);
        if (!value) {
                ASSERT_ERROR(r, EBADMSG);
                return;
        }
        ASSERT_EQ(r, 1);
        ASSERT_EQ(a.n_records, 1);
        ASSERT_TRUE(a.authoritative && !a.authenticated && !a.truncated);
        ASSERT_EQ(a.extended_error, -1);
        ASSERT_STREQ(a.records[0].owner, "example.com");
        ASSERT_STREQ(a.records[0].type, type);
        ASSERT_EQ(a.records[0].ttl, 300);
        ASSERT_STREQ(a.records[0].value, value);
}
#define CHECK_VALUE(type, rdata, value) check_value(type, rdata, sizeof(rdata) - 1, value)

TEST(rdata_becomes_text) {
        CHECK_VALUE("A", "\xcb\x00\x71\x05", "203.0.113.5");
        CHECK_VALUE("AAAA", "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\5", "2001:db8::5");
        CHECK_VALUE("MX", "\0\x0a\4MAIL\xc0\x0c", "10 mail.example.com");
        CHECK_VALUE("MX", "\0\0\0", "0 .");
        CHECK_VALUE("NS", "\3ns1\4host\0", "ns1.host");
        CHECK_VALUE("SRV", "\0\1\0\2\1\xbb\xc0\x0c", "1 2 443 example.com");
        CHECK_VALUE("SOA", "\2ns\xc0\x0c\10john.doe\xc0\x0c\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\xff\xff\xff\xff",
                    "ns.example.com john\\046doe.example.com 1 2 3 4 4294967295");
        CHECK_VALUE("TXT", "\3one\0\4 two", "one two");
        CHECK_VALUE("TXT", "\6\"\\\n;\x80\xff", "\"\\092\\010;\\128\\255");
        CHECK_VALUE("CAA", "\0\5issueletsencrypt.org", "0 issue \"letsencrypt.org\"");
        CHECK_VALUE("TLSA", "\3\1\1\xab\xcd", "3 1 1 abcd");
        CHECK_VALUE("DS", "\x30\x39\x0d\2\1\2\3\4", "12345 13 2 01020304");
        CHECK_VALUE("TYPE65500", "\1\2", "\\# 2 0102");
}

TEST(rdata_that_lies_about_its_size_is_refused) {
        CHECK_VALUE("A", "\1\2\3", NULL);
        CHECK_VALUE("A", "\1\2\3\4\5", NULL);
        CHECK_VALUE("AAAA", "\1\2\3\4", NULL);
        CHECK_VALUE("MX", "\0", NULL);
        CHECK_VALUE("MX", "\0\x0a\4mai", NULL);
        CHECK_VALUE("MX", "\0\x0a\1m\0x", NULL);
        CHECK_VALUE("TXT", "\5abc", NULL);
        CHECK_VALUE("SOA", "\0\0\0\0", NULL);
        CHECK_VALUE("NS", "\x40" "abc", NULL);          /* no such kind of label */
        CHECK_VALUE("NS", "\xc0\x29", NULL);            /* to itself: where this rdata begins */
        CHECK_VALUE("NS", "\1a\xc0\x29", NULL);         /* a loop with labels */
        CHECK_VALUE("NS", "\xff\xff", NULL);            /* behind the end */
}

TEST(long_texts_are_kept_and_longer_ones_cut) {
        static uint8_t rdata[65000];
        static char value[DNS_VALUE_MAX];
        memset(rdata, 'x', sizeof(rdata));
        for (size_t i = 0; i < sizeof(rdata); i += 250)
                rdata[i] = 249;
        memset(value, 'x', sizeof(rdata) / 250 * 249);
        check_value("TXT", rdata, sizeof(rdata), value);

        uint8_t packet[70000];
        DnsAnswer a;
        for (size_t i = 0; i < sizeof(rdata); i++)
                rdata[i] = rdata[i] == 'x' ? 1 : rdata[i];
        size_t n = packet_make(packet, 16, rdata, sizeof(rdata));
        ASSERT_EQ(dns_packet_parse(packet, n, 0x1234, "example.com", "TXT", &a), 1);
        ASSERT_TRUE(strlen(a.records[0].value) < DNS_VALUE_MAX && strlen(a.records[0].value) > DNS_VALUE_MAX - 8);
        dns_answer_done(&a);
}

TEST(answers_to_other_questions_are_not_ours) {
        uint8_t packet[512];
        DnsAnswer a;
        size_t n = packet_make(packet, 1, "\1\2\3\4", 4);
        ASSERT_EQ(dns_packet_parse(packet, n, 0x1235, "example.com", "A", &a), 0);
        ASSERT_EQ(dns_packet_parse(packet, n, 0x1234, "example.org", "A", &a), 0);
        ASSERT_EQ(dns_packet_parse(packet, n, 0x1234, "xample.com", "A", &a), 0);
        ASSERT_EQ(dns_packet_parse(packet, n, 0x1234, "example.com", "AAAA", &a), 0);
        packet[2] &= 0x7f; /* a question, not an answer */
        ASSERT_EQ(dns_packet_parse(packet, n, 0x1234, "example.com", "A", &a), 0);
        packet[2] |= 0x80 | 0x28; /* an update's answer */
        ASSERT_EQ(dns_packet_parse(packet, n, 0x1234, "example.com", "A", &a), 0);
}

TEST(every_cut_of_an_answer_is_refused_or_harmless) {
        uint8_t packet[512];
        DnsAnswer a;
        static const char soa[] = "\2ns\xc0\x0c\3bob\xc0\x0c\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5";
        size_t n = packet_make(packet, 6, soa, sizeof(soa) - 1);
        ASSERT_EQ(dns_packet_parse(packet, n, 0x1234, "example.com", "SOA", &a), 1);
        dns_answer_done(&a);
        for (size_t i = 0; i < n; i++) {
                uint8_t* cut = malloc(i + 1); /* of its own, so that a sanitizer sees who reads behind it */
                memcpy(cut, packet, i);
                ASSERT_ERROR(dns_packet_parse(cut, i, 0x1234, "example.com", "SOA", &a), EBADMSG);
                free(cut);
        }
        packet[2] |= 2; /* but servers that say TC may cut in the middle of a record */
        ASSERT_EQ(dns_packet_parse(packet, n - 3, 0x1234, "example.com", "SOA", &a), 1);
        ASSERT_TRUE(a.truncated && a.n_records == 0);
        dns_answer_done(&a);
}

TEST(names_that_dns_cannot_carry_are_refused) {
        char label[65], name[600] = "";
        DnsWanted w;
        memset(label, 'a', 64);
        label[64] = 0;
        const char* bad[] = { "a..b", ".a", label, "a b", "a\nb", "m\xc3\xbcller.de" };
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_ERROR(dns_wanted_make(bad[i], "A", &w, &e), EINVAL);
                ASSERT_TRUE(error_has_name(&e, ERROR_BAD_REQUEST));
        }
        for (int i = 0; i < 127; i++)
                strcat(name, "a.");
        ASSERT_OK(dns_wanted_make(name, "A", &w, NULL));
        ASSERT_EQ(w.name_size, 255);
        strcat(name, "a");
        ASSERT_ERROR(dns_wanted_make(name, "A", &w, NULL), EINVAL);
        const char* types[] = { "", "NOSUCH", "AXFR", "OPT", "TSIG", "ANY", "TYPE0" };
        for (size_t i = 0; i < ELEMENTS(types); i++)
                ASSERT_ERROR(dns_wanted_make("example.com", types[i], &w, NULL), EINVAL);
        ASSERT_OK(dns_wanted_make(".", "NS", &w, NULL));
        ASSERT_EQ(w.name_size, 1);
        ASSERT_OK(dns_wanted_make("_dmarc.example.com.", "TYPE65", &w, NULL));
        ASSERT_EQ(w.type, 65);
        DnsAddress address;
        ASSERT_OK(dns_address_parse("2001:db8::1@5353", 53, &address));
        ASSERT_EQ(ntohs(address.v6.sin6_port), 5353);
        const char* places[] = { "", "localhost", "1.2.3", "1.2.3.4@", "1.2.3.4@0", "1.2.3.4@65536", "1.2.3.4@5x", "::1%lo", "1.2.3.4:53" };
        for (size_t i = 0; i < ELEMENTS(places); i++)
                ASSERT_ERROR(dns_address_parse(places[i], 53, &address), EINVAL);
}

/* --- the engine, against tests/lib/fake_dns.py --- */

typedef struct Fake {
        pid_t pid;
        int leash; /* the fake ends when this is closed */
} Fake;

/* An address of our own on loopback, so that nobody else's tests are in the way. n tells several apart. */
static const char* place(unsigned n) {
        static char texts[16][32];
        unsigned pid = (unsigned) getpid();
        (void) snprintf(texts[n], sizeof(texts[n]), "127.%u.%u.%u@%u", 64 + pid / 64516 % 64, 1 + pid / 254 % 254, 1 + pid % 254, 5300 + n);
        return texts[n];
}

static Fake fake_start(const char* const* modes, size_t n) {
        int in[2], out[2];
        char arguments[16][80], byte;
        char* argv[20] = { (char*) "python3", (char*) FAKE_DNS };
        for (size_t i = 0; i < n; i++) {
                (void) snprintf(arguments[i], sizeof(arguments[i]), "%s=%s", place((unsigned) i), modes[i]);
                argv[2 + i] = arguments[i];
        }
        ASSERT_OK(pipe2(in, O_CLOEXEC));
        ASSERT_OK(pipe2(out, O_CLOEXEC));
        pid_t pid = fork();
        if (pid == 0) {
                if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
                        _exit(126);
                execvp(argv[0], argv);
                _exit(127);
        }
        ASSERT_OK(pid);
        (void) close(in[0]);
        (void) close(out[1]);
        do
                ASSERT_EQ(read(out[0], &byte, 1), 1);
        while (byte != '\n');
        (void) close(out[0]);
        return (Fake) { .pid = pid, .leash = in[1] };
}

static void fake_stop(Fake* f) {
        (void) close(f->leash);
        ASSERT_OK(waitpid(f->pid, NULL, 0));
}

typedef struct Asked {
        const char* name;
        const char* type;
        DnsOutcome outcome;
        unsigned rcode;
        const char* value; /* of the first record, NULL = there is none */
        bool truncated;
        int extended_error;
        bool done;
} Asked;

static unsigned left; /* answers that are still to come */

static void on_asked(const DnsAnswer* a, void* userdata) {
        Asked* asked = userdata;
        ASSERT_FALSE(asked->done);
        asked->done = true;
        left--;
        if (a->outcome != asked->outcome)
                TEST_FAIL("%s %s: %s after %u servers", asked->name, asked->type, dns_outcome_to_string(a->outcome), a->tried);
        ASSERT_EQ(a->rcode, asked->rcode);
        ASSERT_EQ(a->truncated, asked->truncated);
        ASSERT_EQ(a->extended_error, asked->extended_error ?: -1);
        ASSERT_STREQ(a->n_records > 0 ? a->records[0].value : NULL, asked->value);
        ASSERT_EQ(!isempty(a->server), a->outcome == DNS_ANSWERED);
}

static void run_until_answered(sd_event* event) {
        while (left > 0)
                ASSERT_OK(sd_event_run(event, UINT64_MAX));
}

static void sd_event_freep(sd_event** e) {
        (void) sd_event_unref(*e);
}

static const DnsOptions brisk = { .try_usec = 500 * USEC_PER_MSEC, .deadline_usec = 2400 * USEC_PER_MSEC };

static void ask_all(const DnsOptions* options, Asked* asked, size_t n, const char* const* servers, size_t n_servers) {
        _cleanup_(sd_event_freep) sd_event* event = NULL;
        _cleanup_(dns_freep) Dns* d = NULL;
        ASSERT_OK(sd_event_new(&event));
        ASSERT_OK(dns_new(event, options, &d));
        for (size_t i = 0; i < n; i++)
                ASSERT_OK(dns_ask(d, asked[i].name, asked[i].type, 0, servers, n_servers, on_asked, &asked[i], NULL, NULL));
        left = (unsigned) n;
        run_until_answered(event);
        for (size_t i = 0; i < n; i++)
                ASSERT_TRUE(asked[i].done);
}

#define RIGHT .value = "192.0.2.1"
#define GARBLED .outcome = DNS_GARBLED
#define TIMEOUT .outcome = DNS_TIMEOUT

TEST(one_hostile_server_of_each_kind) {
        Asked asked[] = {
                { "ok.a.test", "A", RIGHT },
                { "OK.a.test", "MX", .value = "10 mail.example.net" },
                { "wrong-case.a.test", "A", RIGHT },
                { "slow-ms-100_ok.a.test", "A", RIGHT },
                { "slow-ms-900_ok.a.test", "A", RIGHT },       /* later than one try is long */
                { "flaky_ok.a.test", "A", RIGHT },
                { "silent.a.test", "A", TIMEOUT },
                { "wrong-id.a.test", "A", TIMEOUT },
                { "wrong-question.a.test", "A", TIMEOUT },
                { "query.a.test", "A", TIMEOUT },              /* our own packet, mirrored */
                { "wrong-id_wrong-question_garbage_noise_query_ok.a.test", "A", RIGHT },
                { "wrong-id_slow-ms-400_ok.a.test", "A", RIGHT },
                { "garbage.a.test", "A", GARBLED },
                { "half.a.test", "A", GARBLED },
                { "loop.a.test", "A", GARBLED },
                { "chain.a.test", "A", GARBLED },
                { "refuse.a.test", "A", .rcode = 5 },
                { "servfail.a.test", "A", .rcode = 2 },
                { "nxdomain.a.test", "A", .rcode = 3 },
                { "empty.a.test", "A" },
                { "bogus.a.test", "A", .rcode = 2, .extended_error = 6 },
                { "no-edns.a.test", "A", RIGHT },
                { "extra.a.test", "AAAA", .value = "2001:db8::1" },
                { "cname-loop.a.test", "A", .value = "cname-loop.a.test" },
                { "many.a.test", "A", .value = "10.0.0.0" },
                { "truncate.a.test", "A", RIGHT },
                { "no-edns_truncate.a.test", "TXT", .value = "v=spf1 -all" },
                { "tcp-drip.a.test", "A", RIGHT },
                { "tcp-half.a.test", "A", .truncated = true }, /* known to be not all, which is not the same as nothing there */
                { "tcp-close.a.test", "A", .truncated = true },
                { "tcp-silent.a.test", "A", .truncated = true },
                { "tcp-wrong-id.a.test", "A", .truncated = true },
        };
        Fake fake = fake_start((const char*[]) { "by-name" }, 1);
        ask_all(&brisk, asked, ELEMENTS(asked), (const char*[]) { place(0) }, 1);
        fake_stop(&fake);
}

TEST(a_server_that_fails_is_asked_by_another_before_it_is_believed) {
        const char* modes[] = { "ok", "refuse", "servfail", "silent", "no-tcp", "garbage", "tcp-half", "notimp" };
        Fake fake = fake_start(modes, ELEMENTS(modes));
        for (unsigned i = 1; i < ELEMENTS(modes); i++) {
                Asked asked[] = { { modes[i], "A", RIGHT } };
                ask_all(&brisk, asked, 1, (const char*[]) { place(i), place(0) }, 2);
        }
        /* Nobody listens at the last. */
        ask_all(&brisk, (Asked[]) { { "a.test", "A", RIGHT } }, 1, (const char*[]) { place(15), place(0) }, 2);
        ask_all(&brisk, (Asked[]) { { "a.test", "A", RIGHT } }, 1,
                (const char*[]) { place(15), place(1), place(2), place(3), place(5), place(0) }, 6);
        ask_all(&brisk, (Asked[]) { { "a.test", "A", .outcome = DNS_UNREACHABLE } }, 1, (const char*[]) { place(15), place(14) }, 2);
        ask_all(&brisk, (Asked[]) { { "a.test", "A", TIMEOUT } }, 1, (const char*[]) { place(15), place(3) }, 2);
        ask_all(&brisk, (Asked[]) { { "a.test", "A", .rcode = 2 } }, 1, (const char*[]) { place(2), place(1) }, 2);
        ask_all(&brisk, (Asked[]) { { "a.test", "A", .rcode = 5 } }, 1, (const char*[]) { place(15), place(3), place(1) }, 3);
        ask_all(&brisk, (Asked[]) { { "a.test", "A", .truncated = true } }, 1, (const char*[]) { place(2), place(4) }, 2);
        fake_stop(&fake);
}

TEST(dead_servers_do_not_make_records_missing) {
        static Asked asked[600];
        static char names[ELEMENTS(asked)][32];
        const char* modes[] = { "ok", "ok", "ok", "ok", "silent", "ok", "ok", "ok", "ok", "silent" };
        Fake fake = fake_start(modes, ELEMENTS(modes));
        _cleanup_(sd_event_freep) sd_event* event = NULL;
        _cleanup_(dns_freep) Dns* d = NULL;
        ASSERT_OK(sd_event_new(&event));
        ASSERT_OK(dns_new(event, &brisk, &d));
        for (unsigned i = 0; i < ELEMENTS(asked); i++) {
                /* Each third question has one server only; of these, a fifth cannot be answered. */
                const char* servers[] = { place(i % 10), place((i + 1) % 10) };
                (void) snprintf(names[i], sizeof(names[i]), "n%u.test", i);
                bool dead = i % 3 == 0 && i % 5 == 4;
                asked[i] = (Asked) { names[i], "A", .outcome = dead ? DNS_TIMEOUT : DNS_ANSWERED, .value = dead ? NULL : "192.0.2.1" };
                ASSERT_OK(dns_ask(d, names[i], "A", 0, servers, i % 3 == 0 ? 1 : 2, on_asked, &asked[i], NULL, NULL));
        }
        left = ELEMENTS(asked);
        run_until_answered(event);
        fake_stop(&fake);
}

TEST(a_small_window_and_few_descriptors_serve_all) {
        static Asked asked[200];
        struct rlimit before;
        Fake fake = fake_start((const char*[]) { "truncate" }, 1);
        for (unsigned i = 0; i < ELEMENTS(asked); i++)
                asked[i] = (Asked) { "a.test", "A", RIGHT };
        DnsOptions narrow = brisk;
        narrow.window = 3;
        ask_all(&narrow, asked, ELEMENTS(asked), (const char*[]) { place(0) }, 1);
        for (unsigned i = 0; i < ELEMENTS(asked); i++)
                asked[i].done = false;
        ASSERT_OK(getrlimit(RLIMIT_NOFILE, &before));
        ASSERT_OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit) { 24, before.rlim_max }));
        ask_all(&(DnsOptions) { .deadline_usec = 20 * USEC_PER_SEC }, asked, ELEMENTS(asked), (const char*[]) { place(0) }, 1);
        ASSERT_OK(setrlimit(RLIMIT_NOFILE, &before));
        fake_stop(&fake);
}

typedef struct Tangle {
        Dns* dns;
        DnsQuestion* others[4];
        Asked again;
} Tangle;

static void on_tangle(const DnsAnswer* a, void* userdata) {
        Tangle* t = userdata;
        for (size_t i = 0; i < ELEMENTS(t->others); i++)
                dns_cancel(t->others[i]);
        left--;
        ASSERT_OK(dns_ask(t->dns, "again.test", "A", 0, (const char*[]) { place(0) }, 1, on_asked, &t->again, NULL, NULL));
        left++;
}

static void on_never(const DnsAnswer* a, void* userdata) {
        TEST_FAIL("called after it was cancelled");
}

TEST(questions_are_cancelled_and_asked_from_within) {
        Fake fake = fake_start((const char*[]) { "slow:20+ok" }, 1);
        _cleanup_(sd_event_freep) sd_event* event = NULL;
        _cleanup_(dns_freep) Dns* d = NULL;
        const char* server[] = { place(0) };
        ASSERT_OK(sd_event_new(&event));
        ASSERT_OK(dns_new(event, &(DnsOptions) { .window = 4 }, &d));
        Tangle t = { .dns = d, .again = { "again.test", "A", RIGHT } };
        ASSERT_OK(dns_ask(d, "first.test", "A", 0, server, 1, on_tangle, &t, NULL, NULL));
        for (size_t i = 0; i < ELEMENTS(t.others); i++) /* the last is still waiting for its turn */
                ASSERT_OK(dns_ask(d, "other.test", "A", 0, server, 1, on_never, NULL, &t.others[i], NULL));
        left = 1;
        run_until_answered(event);
        ASSERT_TRUE(t.again.done);
        DnsQuestion* q;
        ASSERT_OK(dns_ask(d, "unfinished.test", "A", 0, server, 1, on_never, NULL, &q, NULL));
        ASSERT_OK(dns_ask(d, "unfinished.test", "A", 0, server, 1, on_never, NULL, NULL, NULL));
        ASSERT_OK(sd_event_run(event, 0));
        dns_cancel(q);
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_ERROR(dns_ask(d, "a.test", "A", 0, server, 0, on_never, NULL, NULL, &e), EINVAL);
        error_done(&e);
        ASSERT_ERROR(dns_ask(d, "a.test", "A", 0, (const char*[]) { "ns1.test" }, 1, on_never, NULL, NULL, &e), EINVAL);
        fake_stop(&fake);
}

typedef struct Seen {
        uint16_t ports[200], ids[200];
        unsigned n;
} Seen;

/* Ports and ids as a server sees them: a forger must guess both. */
TEST(ports_and_ids_cannot_be_guessed) {
        Seen seen = {};
        DnsAddress here;
        _cleanup_(sd_event_freep) sd_event* event = NULL;
        _cleanup_(dns_freep) Dns* d = NULL;
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        ASSERT_OK(dns_address_parse(place(0), 0, &here));
        ASSERT_OK(bind(fd, &here.any, here.size));
        ASSERT_OK(sd_event_new(&event));
        ASSERT_OK(dns_new(event, NULL, &d));
        for (unsigned i = 0; i < ELEMENTS(seen.ids); i++)
                ASSERT_OK(dns_ask(d, "a.test", "A", 0, (const char*[]) { place(0) }, 1, on_never, NULL, NULL, NULL));
        ASSERT_OK(sd_event_run(event, UINT64_MAX));
        ASSERT_EQ(dns_sent(d), ELEMENTS(seen.ids));
        for (; seen.n < ELEMENTS(seen.ids); seen.n++) {
                uint8_t packet[512];
                DnsAddress from = { .size = sizeof(from.v6) };
                if (recvfrom(fd, packet, sizeof(packet), 0, &from.any, &from.size) < 12)
                        break;
                seen.ports[seen.n] = ntohs(from.v4.sin_port);
                seen.ids[seen.n] = (uint16_t) (packet[0] << 8 | packet[1]);
        }
        ASSERT_TRUE(seen.n > 100); /* as many as the socket's buffer took */
        unsigned near = 0;
        for (unsigned i = 1; i < seen.n; i++) {
                near += abs(seen.ports[i] - seen.ports[i - 1]) < 16;
                near += abs(seen.ids[i] - seen.ids[i - 1]) < 16;
        }
        ASSERT_TRUE(near < seen.n / 10);
}

TEST_MAIN()
