/* What knows no network: values, plans, and the parsers of captured answers. */
#include "base/file.h"
#include "provider/kinds.h"
#include "provider/plan.h"
#include "provider/test-work.h"
#include <fcntl.h>

/* --- values --- */

TEST(values_of_every_type) {
        static const struct {
                const char *type, *text, *origin, *value; /* value NULL = refused */
        } cases[] = {
                { "A", "192.0.2.1", NULL, "192.0.2.1" },
                { "A", "192.0.2.01", NULL, NULL },
                { "A", "192.0.2.1 ", NULL, NULL },
                { "AAAA", "2001:DB8:0:0::1", NULL, "2001:db8::1" },
                { "AAAA", "192.0.2.1", NULL, NULL },
                { "CNAME", "Www.Example.COM.", NULL, "www.example.com" },
                { "CNAME", "www", "example.com", "www.example.com" },
                { "CNAME", "www.", "example.com", "www" },
                { "CNAME", "@", "example.com", "example.com" },
                { "CNAME", "a b", NULL, NULL },
                { "CNAME", "", NULL, NULL },
                { "CNAME", "a..b", NULL, NULL },
                { "MX", "010 mail.example.com.", NULL, "10 mail.example.com" },
                { "MX", "0 .", NULL, "0 ." },
                { "MX", "10 mail extra", NULL, NULL },
                { "MX", "70000 mail.example.com", NULL, NULL },
                { "MX", "-1 mail.example.com", NULL, NULL },
                { "SRV", "0  1 993\tmail.example.com.", NULL, "0 1 993 mail.example.com" },
                { "SRV", "0 1 993", NULL, NULL },
                { "CAA", "0 Issue \"letsencrypt.org; a=b\"", NULL, "0 issue \"letsencrypt.org; a=b\"" },
                { "CAA", "0 issue letsencrypt.org", NULL, "0 issue \"letsencrypt.org\"" },
                { "CAA", "0 issue \"open", NULL, NULL },
                { "TXT", "plain", NULL, "plain" },
                { "TXT", "\"one \" \"string\"", NULL, "one string" },
                { "TXT", "\"a \\\"b\\\" \\\\ \\200\"", NULL, "a \\034b\\034 \\092 \\200" },
                { "TXT", "\"open", NULL, NULL },
                { "TXT", "\"a\" b", NULL, NULL },
                { "TXT", "", NULL, "" },
                { "TXT", "caf\xc3\xa9", NULL, "caf\\195\\169" },
                { "LOC", "whatever", NULL, "whatever" },
                { "LOC", "a\nb", NULL, NULL },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_free_ char* value = NULL;
                int r = record_value_parse(cases[i].type, cases[i].text, cases[i].origin, &value);
                if ((r >= 0) != (cases[i].value != NULL) || !streq_ptr(value, cases[i].value))
                        TEST_FAIL("%s '%s' became '%s'", cases[i].type, cases[i].text, strempty(value));
        }
}

TEST(texts_lead_back) {
        static const char* const texts[] = { "", "v=spf1 mx -all", "a \\034b\\034 \\092", "\\195\\169\\000x" };
        char* longer = malloc(1001);
        memset(longer, 'x', 1000);
        longer[1000] = 0;
        for (size_t i = 0; i <= ELEMENTS(texts); i++) {
                const char* value = i < ELEMENTS(texts) ? texts[i] : longer;
                _cleanup_free_ char *text = record_value_text("TXT", value), *back = NULL;
                ASSERT_OK(record_value_parse("TXT", text, NULL, &back));
                ASSERT_STREQ(back, value);
        }
        _cleanup_free_ char* mx = record_value_text("MX", "10 mail.example.com");
        ASSERT_STREQ(mx, "10 mail.example.com.");
        _cleanup_free_ char* cut = record_value_text("TXT", longer);
        ASSERT_EQ(strlen(cut), 1000 + 2 + 3 * 3);
        free(longer);
}

TEST(a_zone_holds_its_names) {
        size_t n;
        ASSERT_TRUE(record_name_relative("www.example.com", "example.com", &n) && n == 3);
        ASSERT_TRUE(record_name_relative("example.com", "example.com", &n) && n == 0);
        ASSERT_FALSE(record_name_relative("example.org", "example.com", &n));
        ASSERT_FALSE(record_name_relative("badexample.com", "example.com", &n));
        ASSERT_FALSE(record_name_relative("com", "example.com", &n));
}

/* --- plans --- */

/* present and wanted in shorthand; expect is "id=action" words; write the set of the first change. */
typedef struct PlanCase {
        const char *name, *present, *wanted, *replace, *expect, *write;
} PlanCase;

static void plan_check(const PlanCase* c) {
        _cleanup_json_ json_t *present = parse(c->present), *wanted = parse(c->wanted), *replace = c->replace ? parse(c->replace) : NULL, *changes = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        char got[500] = "";
        size_t i;
        json_t* change;
        ASSERT_OK(plan_make(wanted, present, replace, &changes, &e));
        json_array_foreach(changes, i, change) {
                size_t n = strlen(got);
                (void) snprintf(got + n, sizeof(got) - n, "%s%s=%s", i ? " " : "", json_get_string(change, "id"), json_get_string(change, "action"));
        }
        if (!streq(got, c->expect))
                TEST_FAIL("%s: %s", c->name, got);
        if (!c->write)
                return;
        _cleanup_json_ json_t* write = parse(c->write);
        if (!record_values_equal(json_object_get(json_array_get(changes, 0), "write"), write))
                TEST_FAIL("%s: another set is written", c->name);
}

TEST(plans) {
        static const PlanCase cases[] = {
                { "free", "[]", "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']}]", NULL, "a=create", "['192.0.2.1']" },
                { "there already, in other spelling", "[{'owner':'my.example.com','type':'AAAA','values':['2001:db8::1'],'ttl':1}]",
                  "[{'id':'a','owner':'My.example.com.','type':'AAAA','values':['2001:DB8::1']}]", NULL, "a=same", NULL },
                { "foreign address", "[{'owner':'my.example.com','type':'A','values':['192.0.2.9'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']}]", NULL, "a=foreign", NULL },
                { "foreign beside ours", "[{'owner':'my.example.com','type':'A','values':['192.0.2.1','192.0.2.9'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']}]", NULL, "a=foreign", NULL },
                { "consent", "[{'owner':'my.example.com','type':'A','values':['192.0.2.9'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']}]", "['a']", "a=replace", "['192.0.2.1']" },
                { "consent for another", "[{'owner':'my.example.com','type':'A','values':['192.0.2.9'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']}]", "['b']", "a=foreign", NULL },
                { "our old address", "[{'owner':'my.example.com','type':'A','values':['192.0.2.9'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1'],'ours':['192.0.2.9']}]", NULL, "a=replace", "['192.0.2.1']" },
                { "ours and a foreign one", "[{'owner':'my.example.com','type':'A','values':['192.0.2.9','192.0.2.8'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1'],'ours':['192.0.2.9']}]", NULL, "a=foreign", NULL },
                { "other texts stay", "[{'owner':'example.com','type':'TXT','values':['google-site-verification=x','ms=y'],'ttl':1}]",
                  "[{'id':'spf','owner':'example.com','type':'TXT','values':['v=spf1 mx -all']}]", NULL, "spf=create",
                  "['google-site-verification=x','ms=y','v=spf1 mx -all']" },
                { "another SPF is in the way", "[{'owner':'example.com','type':'TXT','values':['keep','V=SPF1 include:other -all'],'ttl':1}]",
                  "[{'id':'spf','owner':'example.com','type':'TXT','values':['v=spf1 mx -all']}]", NULL, "spf=foreign", NULL },
                { "another SPF with consent", "[{'owner':'example.com','type':'TXT','values':['keep','v=spf1 include:other -all'],'ttl':1}]",
                  "[{'id':'spf','owner':'example.com','type':'TXT','values':['v=spf1 mx -all']}]", "['spf']", "spf=replace", "['keep','v=spf1 mx -all']" },
                { "what only begins alike is not SPF", "[{'owner':'example.com','type':'TXT','values':['v=spf10 x'],'ttl':1}]",
                  "[{'id':'spf','owner':'example.com','type':'TXT','values':['v=spf1 mx -all']}]", NULL, "spf=create", NULL },
                { "two of one set", "[{'owner':'example.com','type':'TXT','values':['keep'],'ttl':1}]",
                  "[{'id':'spf','owner':'example.com','type':'TXT','values':['v=spf1 mx -all']},{'id':'d','owner':'example.com','type':'TXT','values':['v=DMARC1; p=none']}]",
                  NULL, "spf=create d=create", "['keep','v=spf1 mx -all']" },
                { "a foreign key at our selector", "[{'owner':'s1._domainkey.example.com','type':'TXT','values':['k=rsa; p=AAAA'],'ttl':1}]",
                  "[{'id':'k','owner':'s1._domainkey.example.com','type':'TXT','values':['v=DKIM1; k=rsa; p=BBBB']}]", NULL, "k=foreign", NULL },
                { "a foreign exchanger", "[{'owner':'example.com','type':'MX','values':['10 old.host'],'ttl':1}]",
                  "[{'id':'mx','owner':'example.com','type':'MX','values':['10 mail.example.com']}]", NULL, "mx=foreign", NULL },
                { "a backup exchanger stays", "[{'owner':'example.com','type':'MX','values':['50 backup.host'],'ttl':1}]",
                  "[{'id':'mx','owner':'example.com','type':'MX','values':['10 mail.example.com']}]", NULL, "mx=create", "['50 backup.host','10 mail.example.com']" },
                { "the null exchanger is in the way", "[{'owner':'example.com','type':'MX','values':['0 .'],'ttl':1}]",
                  "[{'id':'mx','owner':'example.com','type':'MX','values':['10 mail.example.com']}]", NULL, "mx=foreign", NULL },
                { "authorities add up", "[{'owner':'example.com','type':'CAA','values':['0 issue \\\\u0022other.org\\\\u0022'],'ttl':1}]",
                  "[{'id':'caa','owner':'example.com','type':'CAA','values':['0 issue letsencrypt.org']}]", NULL, "caa=create", NULL },
                { "a CNAME is in the way", "[{'owner':'my.example.com','type':'CNAME','values':['cdn.host'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']}]", NULL, "a=foreign", NULL },
                { "a CNAME goes first, with consent", "[{'owner':'my.example.com','type':'CNAME','values':['cdn.host'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']},{'id':'b','owner':'my.example.com','type':'AAAA','values':['2001:db8::1']}]",
                  "['a']", "a=replace b=create", "['192.0.2.1']" },
                { "there should be none, and is none", "[]", "[{'id':'a','owner':'my.example.com','type':'AAAA','values':[]}]", NULL, "a=same", NULL },
                { "there should be none, ours goes", "[{'owner':'my.example.com','type':'AAAA','values':['2001:db8::1'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'AAAA','values':[],'ours':['2001:db8::1']}]", NULL, "a=replace", "[]" },
                { "there should be none, foreign stays", "[{'owner':'my.example.com','type':'AAAA','values':['2001:db8::1'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'AAAA','values':[]}]", NULL, "a=foreign", NULL },
                { "a part waits as a whole", "[{'owner':'example.com','type':'MX','values':['10 old.host'],'ttl':1}]",
                  "[{'id':'spf','owner':'example.com','type':'TXT','part':'mail','hold':true,'values':['v=spf1 mx -all']},"
                  "{'id':'mx','owner':'example.com','type':'MX','part':'mail','hold':true,'values':['10 mail.example.com']},"
                  "{'id':'a','owner':'example.com','type':'A','part':'web','hold':true,'values':['192.0.2.1']}]",
                  "['mx']", "spf=waits mx=waits a=create", NULL },
                { "the manager says that it waits", "[]", "[{'id':'a','owner':'example.com','type':'A','part':'web','hold':true,'waits':true,'values':['192.0.2.1']}]",
                  "['a']", "a=waits", NULL },
                { "an unreadable one is foreign", "[{'owner':'my.example.com','type':'A','values':['\\\\u0022what'],'ttl':1}]",
                  "[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']}]", NULL, "a=foreign", NULL },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                PlanCase c = cases[i];
                _cleanup_free_ char* present = strdup(c.present); /* the quote of CAA, past the shorthand */
                for (char* p; (p = strstr(present, "\\\\u0022"));)
                        memmove(p, p + 1, strlen(p));
                c.present = present;
                plan_check(&c);
        }
}

TEST(plans_refuse_what_is_no_record) {
        static const char* const cases[] = {
                "{}", "[{}]", "[{'id':'a','owner':'x y','type':'A','values':[]}]", "[{'id':'a','owner':'example.com','type':'a','values':[]}]",
                "[{'id':'a','owner':'example.com','type':'A','values':['x']}]", "[{'id':'a','owner':'example.com','type':'A','values':[1]}]",
                "[{'owner':'example.com','type':'A','values':[]}]", "[1]",
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t *wanted = parse(cases[i]), *present = json_array(), *changes = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_TRUE(plan_make(wanted, present, NULL, &changes, &e) < 0 && error_has_name(&e, ERROR_BAD_REQUEST));
        }
}

/* --- captured answers --- */

static const char* const owners[] = { "example.com", "my.example.com", "_sip._tcp.example.com" };
static const ParseContext context = { .zone = "example.com", .owners = owners, .n_owners = ELEMENTS(owners) };

static const struct Parser {
        const char* kind;
        int (*parse)(const json_t* body, const ParseContext* c, json_t* sets);
        bool pages;
} parsers[] = {
        { "cloudflare", cloudflare_records_parse, true },
        { "hetzner", hetzner_sets_parse, true },
        { "desec", desec_sets_parse, false },
        { "digitalocean", digitalocean_records_parse, true },
};

static json_t* fixture(const char* kind, const char* name) {
        char path[500];
        _cleanup_free_ char* text = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        size_t size = 0;
        json_t* body = NULL;
        (void) snprintf(path, sizeof(path), FIXTURES "/%s/%s.json", kind, name);
        ASSERT_OK(file_read(AT_FDCWD, path, 1 << 20, &text, &size));
        ASSERT_OK(json_parse(text, size, &body, &e));
        return body;
}

TEST(captured_answers) {
        static const struct {
                const char *owner, *type, *values;
        } wanted[] = {
                { "my.example.com", "A", "['198.51.100.4']" },
                { "my.example.com", "AAAA", "['2001:db8::1']" },
                { "example.com", "MX", "['10 mail.example.com']" },
                { "example.com", "TXT", "['v=spf1 mx -all','old-style without quotes']" },
                { "_sip._tcp.example.com", "SRV", "['10 5 8806 example.com']" },
        };
        for (size_t i = 0; i < ELEMENTS(parsers); i++) {
                _cleanup_json_ json_t *body = fixture(parsers[i].kind, "records"), *sets = json_array();
                ASSERT_EQ(parsers[i].parse(body, &context, sets), 0);
                ASSERT_EQ(json_array_size(sets), ELEMENTS(wanted) + 1);
                for (size_t k = 0; k < ELEMENTS(wanted); k++) {
                        _cleanup_json_ json_t* values = parse(wanted[k].values);
                        if (!record_values_equal(record_sets_find(sets, wanted[k].owner, wanted[k].type), values))
                                TEST_FAIL("%s: %s of %s", parsers[i].kind, wanted[k].type, wanted[k].owner);
                }
                ASSERT_STREQ(json_string_value(json_array_get(record_sets_find(sets, "example.com", "CAA"), 0)), "0 issue \"letsencrypt.org\"");
                if (!parsers[i].pages)
                        continue;
                _cleanup_json_ json_t* page = fixture(parsers[i].kind, "records-page");
                ASSERT_EQ(parsers[i].parse(page, &context, sets), 1);
        }
}

TEST(refusals_are_told_without_the_token) {
        static const struct {
                const char *kind, *name, *text;
        } cases[] = {
                { "cloudflare", "refusal", "Authentication error" },
                { "hetzner", "refusal", "unable to authenticate" },
                { "desec", "refusal", "Invalid token." },
                { "desec", "refusal-bulk", "Ensure this value is greater than or equal to 3600." },
                { "digitalocean", "refusal", "Unable to authenticate you" },
        };
        char text[256];
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* body = fixture(cases[i].kind, cases[i].name);
                ASSERT_TRUE(provider_error_text(body, "s3cret", text, sizeof(text)));
                ASSERT_STREQ(text, cases[i].text);
        }
        _cleanup_json_ json_t* leak = parse("{'message':'no such token s3cret'}");
        ASSERT_FALSE(provider_error_text(leak, "s3cret", text, sizeof(text)));
        _cleanup_json_ json_t* odd = parse("[[[]]]");
        ASSERT_FALSE(provider_error_text(odd, "s3cret", text, sizeof(text)));
}

TEST(garbage_is_refused) {
        static const char* const cases[] = {
                "{}", "[]", "{'result':{}}", "{'result':[1]}", "{'result':[{'type':'A'}]}", "{'rrsets':[{}]}", "{'rrsets':[{'records':[{}]}]}", "[1]",
                "[{'records':[1]}]", "{'domain_records':[{}]}", "{'domain_records':[{'type':'A','data':1}]}",
        };
        for (size_t i = 0; i < ELEMENTS(parsers); i++)
                for (size_t k = 0; k < ELEMENTS(cases); k++) {
                        _cleanup_json_ json_t *body = parse(cases[k]), *sets = json_array();
                        int r = parsers[i].parse(body, &context, sets);
                        if (r != -EBADMSG && !(r == 0 && streq(cases[k], "[]")))
                                TEST_FAIL("%s took %s: %d", parsers[i].kind, cases[k], r);
                        ASSERT_EQ(json_array_size(sets), 0);
                }
}

TEST(kinds_and_classes_are_the_same) {
        size_t n = 0;
        for (; provider_table[n]; n++)
                ASSERT_TRUE(provider_kind_find(provider_table[n]->kind) != NULL);
        for (size_t i = 0; provider_kinds[i].kind; i++)
                ASSERT_TRUE(provider_find(provider_kinds[i].kind) && i < n);
        ASSERT_FALSE(provider_find("nobody"));
}

TEST(patience) {
        ASSERT_EQ(fetch_patience("GET", 429, 1, 7), 7 * USEC_PER_SEC);
        ASSERT_EQ(fetch_patience("POST", 429, 1, 7), 7 * USEC_PER_SEC);
        ASSERT_EQ(fetch_patience("POST", 503, 1, 0), USEC_PER_SEC);
        ASSERT_EQ(fetch_patience("POST", 500, 1, 0), 0); /* it may have been done */
        ASSERT_EQ(fetch_patience("PUT", 500, 2, 0), 2 * USEC_PER_SEC);
        ASSERT_EQ(fetch_patience("GET", 0, 3, 0), 4 * USEC_PER_SEC);
        ASSERT_EQ(fetch_patience("GET", 404, 1, 0), 0);
        ASSERT_EQ(fetch_patience("GET", 302, 1, 0), 0);
        ASSERT_EQ(fetch_patience("GET", 429, 5, 1), 0);
        ASSERT_TRUE(fetch_patience("GET", 429, 1, UINT64_MAX) <= UINT64_C(86400) * USEC_PER_SEC);
}

TEST_MAIN()
