#include "base/test.h"
#include "dns/spf.h"

/* A small world: "name type" -> values; "name type" -> null = nobody answers; absent = there is nothing. later: not known at first. */
typedef struct World {
        json_t* answers;
        json_t* known;   /* questions that were wanted before */
        bool later;
        unsigned rounds;
} World;

static int on_lookup(const char* name, const char* type, const json_t** ret, void* userdata) {
        World* w = userdata;
        char key[DNS_NAME_BYTES + 16];
        (void) snprintf(key, sizeof(key), "%s %s", name, type);
        if (w->later && !json_object_get(w->known, key)) {
                (void) json_object_set_new(w->known, key, json_integer(w->rounds + 1));
                return 0;
        }
        if (w->later && json_integer_value(json_object_get(w->known, key)) > w->rounds)
                return 0;
        json_t* values = json_object_get(w->answers, key);
        *ret = values;
        return json_is_null(values) ? -ETIME : 1;
}

static SpfOutcome check(const char* world, const char* domain, const char* address, unsigned* ret_rounds) {
        SpfOutcome direct = {}, staged = {};
        World w = { .answers = json_loads(world, 0, NULL), .known = json_object() };
        ASSERT_TRUE(w.answers);
        ASSERT_EQ(spf_check(domain, address, on_lookup, &w, &direct), 1);
        w.later = true;
        while (ASSERT_OK(spf_check(domain, address, on_lookup, &w, &staged)) == 0)
                ASSERT_TRUE(++w.rounds < 40);
        ASSERT_EQ(direct.result, staged.result); /* whatever the order of answers */
        ASSERT_EQ(direct.lookups, staged.lookups);
        if (ret_rounds)
                *ret_rounds = w.rounds;
        json_decref(w.answers);
        json_decref(w.known);
        return direct;
}

typedef struct Case {
        const char* record;
        const char* address;
        SpfResult result;
        SpfReason reason;
} Case;

/* example.com's record against a world that stays the same. */
TEST(mechanisms) {
        static const char world[] =
                "{\"example.com A\": [\"192.0.2.10\", \"192.0.2.11\"], \"example.com AAAA\": [\"2001:db8::10\"],"
                " \"example.com MX\": [\"10 mail-a.example.com\", \"20 mail-b.example.com\"],"
                " \"mail-a.example.com A\": [\"192.0.2.129\"], \"mail-b.example.com A\": [\"192.0.2.130\"],"
                " \"mail-a.example.com AAAA\": [\"2001:db8::25\"],"
                " \"amy.example.com A\": [\"192.0.2.65\"], \"mobile-users._spf.example.com A\": [\"127.0.0.2\"],"
                " \"10.2.0.192.in-addr.arpa PTR\": [\"example.com\"], \"65.2.0.192.in-addr.arpa PTR\": [\"amy.example.com\"],"
                " \"200.2.0.192.in-addr.arpa PTR\": [\"amy.example.com\"],"
                " \"10.2.0.192._spf.example.com A\": [\"127.0.0.2\"],"
                " \"3.0.2.192.in-addr.example.com A\": [\"127.0.0.2\"],"
                " \"silent.example.com A\": null, \"silent.example.com TXT\": null,"
                " \"other.example TXT\": [\"v=spf1 ip4:198.51.100.0/24 ?all\"], \"soft.example TXT\": [\"v=spf1 ~all\"],"
                " \"two.example TXT\": [\"v=spf1 -all\", \"v=spf1 +all\"], \"bad.example TXT\": [\"v=spf1 nonsense -all\"],"
                " \"example.com TXT\": [\"unrelated\", \"%s\"]}";
        static const Case cases[] = {
                /* RFC 7208 A.1 */
                { "v=spf1 +all", "192.0.2.1", SPF_PASS },
                { "v=spf1 a -all", "192.0.2.10", SPF_PASS },
                { "v=spf1 a -all", "2001:db8:0:0::10", SPF_PASS },
                { "v=spf1 a -all", "192.0.2.12", SPF_FAIL },
                { "v=spf1 a:example.org -all", "192.0.2.10", SPF_FAIL },
                { "v=spf1 mx -all", "192.0.2.129", SPF_PASS },
                { "v=spf1 mx -all", "2001:db8::25", SPF_PASS },
                { "v=spf1 mx:example.org -all", "192.0.2.129", SPF_FAIL },
                { "v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131", SPF_PASS },
                { "v=spf1 ptr -all", "192.0.2.10", SPF_PASS },
                { "v=spf1 ptr -all", "192.0.2.65", SPF_PASS },
                { "v=spf1 ptr -all", "192.0.2.200", SPF_FAIL }, /* the name does not lead back */
                { "v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129", SPF_PASS },
                { "v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", SPF_FAIL },
                { "v=spf1 ip6:2001:db8::/32 -all", "2001:db8:ffff::1", SPF_PASS },
                { "v=spf1 ip6:2001:db8::/127 -all", "2001:db8::2", SPF_FAIL },
                { "v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1", SPF_PASS },
                { "v=spf1 a/24//64 -all", "192.0.2.77", SPF_PASS },
                { "v=spf1 a/24//64 -all", "2001:db8::77", SPF_PASS },
                { "v=spf1 exists:%%{ir}.in-addr.example.com -all", "192.0.2.3", SPF_FAIL },
                { "v=spf1 exists:%%{i}.in-addr.example.com -all", "3.0.2.192", SPF_PASS },
                { "v=spf1 exists:%%{ir}._spf.%%{d2} -all", "192.0.2.10", SPF_PASS },
                { "v=spf1 include:other.example -all", "198.51.100.7", SPF_PASS },
                { "v=spf1 include:other.example -all", "203.0.113.7", SPF_FAIL },
                { "v=spf1 include:soft.example -all", "203.0.113.7", SPF_FAIL },
                { "v=spf1 redirect=other.example", "198.51.100.7", SPF_PASS },
                { "v=spf1 redirect=soft.example", "198.51.100.7", SPF_SOFTFAIL },
                { "v=spf1 redirect=soft.example ?all", "198.51.100.7", SPF_NEUTRAL }, /* not used beside all */
                { "v=spf1", "192.0.2.1", SPF_NEUTRAL },
                { "v=spf1 ?all", "192.0.2.1", SPF_NEUTRAL },
                { "v=spf10 -all", "192.0.2.1", SPF_NONE },
                { "V=SPF1 A -ALL", "192.0.2.10", SPF_PASS },
                { "v=spf1 moo=yes exp=why.example.com -all", "192.0.2.10", SPF_FAIL },
                /* errors */
                { "v=spf1 include:none.example -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_INCLUDE },
                { "v=spf1 redirect=none.example", "192.0.2.1", SPF_PERMERROR, SPF_REASON_INCLUDE },
                { "v=spf1 include:two.example -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SEVERAL },
                { "v=spf1 include:bad.example -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 ip4:192.0.2.1 nonsense", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX }, /* even behind what matches */
                { "v=spf1 ip4:192.0.2.300 -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 ip4:192.0.2.1/33 -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 ip4:192.0.2.1/08 -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 ip4 -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 ip4: -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 all:example.org", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 include -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 a:%%{x}.org -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 a:foo -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 a:example.org. -all", "192.0.2.1", SPF_FAIL },
                { "v=spf1 redirect=a.example redirect=b.example", "192.0.2.1", SPF_PERMERROR, SPF_REASON_SYNTAX },
                { "v=spf1 a:silent.example.com -all", "192.0.2.1", SPF_TEMPERROR, SPF_REASON_SILENT },
                { "v=spf1 include:silent.example.com -all", "192.0.2.1", SPF_TEMPERROR, SPF_REASON_SILENT },
                { "v=spf1 a:n1.example a:n2.example -all", "192.0.2.1", SPF_FAIL },
                { "v=spf1 a:n1.example a:n2.example a:n3.example -all", "192.0.2.1", SPF_PERMERROR, SPF_REASON_VOID },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char record[256], text[4096];
                /* cases write %% as their neighbours in formats do */
                char* out = record;
                for (const char* p = cases[i].record; *p; p++) {
                        *out++ = *p;
                        p += p[0] == '%' && p[1] == '%';
                }
                *out = 0;
                (void) snprintf(text, sizeof(text), world, record);
                SpfOutcome o = check(text, "example.com", cases[i].address, NULL);
                if (o.result != cases[i].result || o.reason != cases[i].reason)
                        TEST_FAIL("%s for %s: %s, reason %d, at %s, term %s", record, cases[i].address, spf_result_to_string(o.result), o.reason,
                                  o.at, o.term);
        }
}

TEST(ten_lookups_are_allowed_and_eleven_are_not) {
        char ten[1024] = "{\"example.com TXT\": [\"v=spf1", eleven[1024];
        for (int i = 0; i < 10; i++)
                strcat(ten, " a:host.example");
        strcpy(eleven, ten);
        strcat(ten, " -all\"], \"host.example A\": [\"192.0.2.1\"]}");
        strcat(eleven, " a:last.example -all\"], \"host.example A\": [\"192.0.2.1\"], \"last.example A\": [\"198.51.100.1\"]}");
        SpfOutcome o = check(ten, "example.com", "198.51.100.1", NULL);
        ASSERT_EQ(o.result, SPF_FAIL);
        ASSERT_EQ(o.lookups, 10);
        o = check(eleven, "example.com", "198.51.100.1", NULL);
        ASSERT_EQ(o.result, SPF_PERMERROR);
        ASSERT_EQ(o.reason, SPF_REASON_LOOKUPS);
        ASSERT_STREQ(o.term, "a:last.example");
}

TEST(a_loop_of_includes_ends_at_the_limit) {
        SpfOutcome o = check("{\"a.example TXT\": [\"v=spf1 include:b.example -all\"], \"b.example TXT\": [\"v=spf1 include:a.example -all\"]}",
                             "a.example", "192.0.2.1", NULL);
        ASSERT_EQ(o.result, SPF_PERMERROR);
        ASSERT_EQ(o.reason, SPF_REASON_LOOKUPS);
}

TEST(each_level_of_includes_costs_one_round) {
        unsigned rounds = 0;
        SpfOutcome o = check("{\"example.com TXT\": [\"v=spf1 include:a.example include:b.example mx -all\"],"
                             " \"a.example TXT\": [\"v=spf1 ip4:192.0.2.1 include:c.example ?all\"], \"b.example TXT\": [\"v=spf1 include:d.example ?all\"],"
                             " \"c.example TXT\": [\"v=spf1 ip4:192.0.2.2 ?all\"], \"d.example TXT\": [\"v=spf1 ip4:192.0.2.3 ?all\"],"
                             " \"example.com MX\": [\"10 mail.example.com\"], \"mail.example.com A\": [\"192.0.2.4\"]}",
                             "example.com", "192.0.2.4", &rounds);
        ASSERT_EQ(o.result, SPF_PASS);
        ASSERT_EQ(o.lookups, 5);
        ASSERT_EQ(rounds, 3); /* the record; a, b, mx; c, d and the address of mail */
}

TEST(everybody_is_noticed) {
        ASSERT_TRUE(check("{\"example.com TXT\": [\"v=spf1 mx all\"]}", "example.com", "192.0.2.1", NULL).everybody);
        ASSERT_TRUE(check("{\"example.com TXT\": [\"v=spf1 include:x.example -all\"], \"x.example TXT\": [\"v=spf1 +all\"]}", "example.com", "192.0.2.1",
                          NULL).everybody);
        ASSERT_FALSE(check("{\"example.com TXT\": [\"v=spf1 ip4:192.0.2.1 +all\"]}", "example.com", "192.0.2.1", NULL).everybody);
}

TEST(a_better_record_keeps_what_is_there) {
        static const struct {
                const char *records, *wanted, *better;
        } cases[] = {
                { "[\"v=spf1 include:_spf.example.net ~all\"]", "v=spf1 mx -all", "v=spf1 mx include:_spf.example.net ~all" },
                { "[\"v=spf1 mx a -all\", \"v=spf1 ip4:192.0.2.1 ?all\"]", "v=spf1 mx -all", "v=spf1 mx a ip4:192.0.2.1 -all" },
                { "[\"v=spf1 +all\"]", "v=spf1 mx -all", "v=spf1 mx ~all" },
                { "[\"other\", \"v=spf1 redirect=_spf.example.net\"]", "v=spf1 mx -all", "v=spf1 mx redirect=_spf.example.net" },
                { "[]", "v=spf1 mx -all", "v=spf1 mx -all" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                json_t* records = json_loads(cases[i].records, 0, NULL);
                _cleanup_free_ char* better = spf_suggest(records, cases[i].wanted);
                ASSERT_STREQ(better, cases[i].better);
                json_decref(records);
        }
}

TEST_MAIN()
