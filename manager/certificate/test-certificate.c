/* What is wanted and when it is due: pure rules, without box, authority or clock. */
#include "base/test.h"
#include "base/json.h"
#include "certificate/renew.h"
#include "certificate/wanted.h"

#define DAYS(n) ((int64_t) (n) * 86400)
#define NOW DAYS(20000)

static json_t* parsed(const char* text) {
        json_t* j = json_loads(text, 0, NULL);
        ASSERT_TRUE(j);
        return j;
}

static void wanted_is(const char* box, const char* domains, const char* extra, const char* expected) {
        _cleanup_json_ json_t *b = parsed(box), *d = parsed(domains), *e = parsed(extra);
        _cleanup_json_ json_t* w = certificates_wanted(b, d, e);
        _cleanup_free_ char* text = json_text(w, true);
        ASSERT_STREQ(text, expected);
}

TEST(wanted_names) {
        wanted_is("[]", "[]", "[]", "[]");
        wanted_is("[\"c1.provider.example\",\"192.0.2.1\",\"2001:db8::1\",\"box\"]", "[]", "[]",
                  "[{\"domain_id\":0,\"id\":\"box\",\"method\":\"http-01\",\"names\":[\"c1.provider.example\"]}]");
        /* the box's own name in a domain is in that domain's certificate; the order of what was seen does not matter */
        wanted_is("[\"my.a.example\"]", "[{\"id\":7,\"name\":\"a.example\",\"writable\":false,\"names\":[\"www.a.example\",\"a.example\",\"my.a.example\"]}]",
                  "[]", "[{\"domain_id\":7,\"id\":\"d7\",\"method\":\"http-01\",\"names\":[\"my.a.example\",\"a.example\",\"www.a.example\"]}]");
        /* nothing leads here: nothing to ask an authority for */
        wanted_is("[]", "[{\"id\":7,\"name\":\"a.example\",\"writable\":false,\"names\":[]}]", "[]", "[]");
        /* apps below the provider's name of the box have a certificate of their own: the box's does not wait for them */
        wanted_is("[\"c1.provider.example\"]", "[{\"id\":0,\"name\":\"c1.provider.example\",\"writable\":false,\"names\":[\"b.c1.provider.example\","
                  "\"a.c1.provider.example\",\"c1.provider.example\",\"a.c12.provider.example\"]}]", "[]",
                  "[{\"domain_id\":0,\"id\":\"box\",\"method\":\"http-01\",\"names\":[\"c1.provider.example\"]},"
                  "{\"domain_id\":0,\"id\":\"apps\",\"method\":\"http-01\",\"names\":[\"a.c1.provider.example\",\"b.c1.provider.example\"]}]");
        /* names of others and what is no name are left out */
        wanted_is("[]", "[{\"id\":7,\"name\":\"a.example\",\"writable\":false,\"names\":[\"evil.example\",\"xa.example\",\"a b.a.example\",\"x.a.example\"]}]",
                  "[]", "[{\"domain_id\":7,\"id\":\"d7\",\"method\":\"http-01\",\"names\":[\"x.a.example\"]}]");
}

TEST(wanted_wildcards) {
        wanted_is("[]", "[{\"id\":2,\"name\":\"a.example\",\"writable\":true,\"names\":[]}]", "[]",
                  "[{\"domain_id\":2,\"id\":\"d2\",\"method\":\"dns-01\",\"names\":[\"a.example\",\"*.a.example\"]}]");
        /* a wildcard covers one label: what is deeper stands beside it */
        wanted_is("[]", "[{\"id\":2,\"name\":\"a.example\",\"writable\":true,\"names\":[\"my.a.example\",\"x.y.a.example\"]}]", "[]",
                  "[{\"domain_id\":2,\"id\":\"d2\",\"method\":\"dns-01\",\"names\":[\"a.example\",\"*.a.example\",\"x.y.a.example\"]}]");
        /* a name belongs to the longest of our domains */
        wanted_is("[]",
                  "[{\"id\":2,\"name\":\"a.example\",\"writable\":false,\"names\":[\"my.a.example\",\"my.b.a.example\"]},"
                  "{\"id\":3,\"name\":\"b.a.example\",\"writable\":false,\"names\":[\"my.b.a.example\"]}]",
                  "[\"new.b.a.example\"]",
                  "[{\"domain_id\":2,\"id\":\"d2\",\"method\":\"http-01\",\"names\":[\"my.a.example\"]},"
                  "{\"domain_id\":3,\"id\":\"d3\",\"method\":\"http-01\",\"names\":[\"my.b.a.example\",\"new.b.a.example\"]}]");
}

TEST(wanted_is_at_most_a_hundred) {
        _cleanup_json_ json_t *names = json_array(), *none = json_array();
        for (int i = 0; i < 150; i++)
                (void) json_array_append_new(names, json_sprintf("n%03d.a.example", i));
        (void) json_array_append_new(names, json_string("my.a.example"));
        _cleanup_json_ json_t* domains = json_pack("[{s:i, s:s, s:b, s:O}]", "id", 1, "name", "a.example", "writable", 0, "names", names);
        _cleanup_json_ json_t* w = certificates_wanted(none, domains, none);
        const json_t* got = json_object_get(json_array_get(w, 0), "names");
        ASSERT_EQ(json_array_size(got), 100);
        ASSERT_STREQ(json_string_value(json_array_get(got, 0)), "my.a.example");
}

TEST(covering) {
        _cleanup_json_ json_t* names = parsed("[\"a.example\",\"*.a.example\"]");
        ASSERT_TRUE(names_cover(names, "a.example") && names_cover(names, "x.a.example") && names_cover(names, "*.a.example"));
        ASSERT_FALSE(names_cover(names, "x.y.a.example") || names_cover(names, ".a.example") || names_cover(names, "ba.example"));
        ASSERT_FALSE(names_cover(NULL, "a.example"));
}

TEST(authorities) {
        ASSERT_STREQ(acme_directory(NULL, false), "https://acme-v02.api.letsencrypt.org/directory");
        ASSERT_STREQ(acme_directory(NULL, true), "https://acme-staging-v02.api.letsencrypt.org/directory");
        ASSERT_STREQ(acme_directory("https://ca.example/dir", false), "https://ca.example/dir");
        ASSERT_STREQ(acme_directory("http://ca.example/dir", false), "https://acme-v02.api.letsencrypt.org/directory");
        ASSERT_TRUE(!acme_directory("https://ca.example/dir", true));
}

static RenewFacts good(int64_t from, int64_t until) {
        return (RenewFacts) { .present = true, .good = true, .covers = true, .not_before = NOW + from, .not_after = NOW + until, .seed = 100 };
}

TEST(renewed_at_two_thirds_of_its_life) {
        RenewFacts f = good(-DAYS(59), DAYS(31));
        ASSERT_TRUE(renew_next(&f) > NOW);
        f = good(-DAYS(61), DAYS(29));
        ASSERT_TRUE(renew_next(&f) <= NOW);
        for (uint32_t seed = 0; seed < 1000; seed++) { /* spread over three days, never later than that */
                f = good(0, DAYS(90));
                f.seed = seed;
                int64_t at = renew_next(&f) - NOW;
                ASSERT_TRUE(at >= DAYS(60) - DAYS(3) / 2 && at <= DAYS(60) + DAYS(3) / 2);
        }
        f = good(-DAYS(4), DAYS(2)); /* six days of life: the same rule */
        ASSERT_TRUE(renew_next(&f) <= NOW + 8640 && renew_next(&f) >= NOW - 8640);
}

TEST(what_is_missing_is_due_at_once) {
        RenewFacts f = {};
        ASSERT_TRUE(renew_next(&f) <= NOW);
        f = good(0, DAYS(90));
        f.good = false;
        ASSERT_TRUE(renew_next(&f) <= NOW);
        f = good(0, DAYS(90));
        f.covers = false; /* names often come several at a time */
        f.tried_at = NOW - 30;
        ASSERT_EQ(renew_next(&f), NOW + 30);
}

TEST(failures_are_not_repeated_at_once) {
        int64_t last = 0;
        for (unsigned failures = 1; failures < 12; failures++) {
                int64_t pause = renew_pause(failures, 100);
                ASSERT_TRUE(pause >= last && pause <= DAYS(1));
                last = pause;
        }
        ASSERT_EQ(last, DAYS(1));
        /* within any hour of the first day at most three orders fail: authorities allow five */
        int64_t at[32] = { 0 };
        for (unsigned i = 1; i < ELEMENTS(at); i++)
                at[i] = at[i - 1] + renew_pause(i, 0); /* the shortest pauses */
        for (size_t i = 0; i + 3 < ELEMENTS(at); i++)
                ASSERT_TRUE(at[i + 3] - at[i] > 3600);
        RenewFacts f = { .failures = 1, .tried_at = NOW, .seed = 100 };
        ASSERT_EQ(renew_next(&f), NOW + 600);
        f.retry_at = NOW + DAYS(2); /* the authority knows better */
        ASSERT_EQ(renew_next(&f), NOW + DAYS(2));
}

TEST(authorities_say_when) {
        ASSERT_EQ(renew_wait_of("too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after "
                                "2026-01-02 03:04:05 UTC: see https://letsencrypt.org/docs/rate-limits/"),
                  1767323045);
        ASSERT_EQ(renew_wait_of("retry after soon"), 0);
        ASSERT_EQ(renew_wait_of(""), 0);
}

TEST(people_may_ask_three_times_an_hour) {
        const int64_t failed[] = { NOW - DAYS(2), NOW - 3000, NOW - 2000, NOW - 1000 };
        ASSERT_EQ(renew_by_hand_wait(failed, 3, 0, NOW), 0);
        ASSERT_EQ(renew_by_hand_wait(failed, 4, 0, NOW), 600);
        ASSERT_EQ(renew_by_hand_wait(failed, 0, NOW + 5, NOW), 5);
        ASSERT_EQ(renew_by_hand_wait(NULL, 0, NOW - 5, NOW), 0);
}

TEST(a_clock_that_went_back_is_not_believed) {
        ASSERT_TRUE(renew_clock_sane(NOW, NOW - 5) && renew_clock_sane(NOW, NOW + 1800));
        ASSERT_FALSE(renew_clock_sane(NOW - DAYS(1), NOW));
}

TEST_MAIN()
