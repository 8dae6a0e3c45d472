/* Values, plans and the parsers of captured answers; then every HTTP provider against tests/lib/fake_provider.py, a strict fake. */
#include "base/test.h"
#include "base/file.h"
#include "net/dns.h"
#include "provider/kinds.h"
#include "provider/plan.h"
#include "provider/provider-internal.h"
#include "provider/work.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

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

static json_t* parse(const char* text) {
        _cleanup_free_ char* copy = strdup(text);
        for (char* p = copy; *p; p++)
                if (*p == '\'')
                        *p = '"';
        json_t* j = json_loads(copy, JSON_REJECT_DUPLICATES, NULL);
        if (!j)
                TEST_FAIL("not JSON: %s", copy);
        return j;
}

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

/* --- against the fake --- */

#define TOKEN "t0ken-of-tests"

static struct {
        pid_t pid;
        int in;             /* closing it ends the fake */
        char url[64];
        uint64_t waited_usec;
        json_t* told;       /* what the manager would have been told */
        int tell_until;     /* so many are heard, then the job "dies"; -1 = all */
        int cancel_after;   /* looks at cancelled; -1 = never */
} fake;

static void fake_up(const char* kind) {
        int in[2], out[2];
        char line[64] = "";
        ASSERT_TRUE(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
        fake.pid = fork();
        if (fake.pid == 0) {
                (void) dup2(in[0], 0);
                (void) dup2(out[1], 1);
                (void) execlp("python3", "python3", FAKE, "--kind", kind, "--token", TOKEN, "--zone", "example.com", "--zone", "sub.example.com", NULL);
                _exit(127);
        }
        (void) close(in[0]);
        (void) close(out[1]);
        fake.in = in[1];
        size_t n = 0;
        for (ssize_t k; n < sizeof(line) - 1 && !strchr(line, '\n') && (k = read(out[0], line + n, sizeof(line) - 1 - n)) > 0;)
                n += (size_t) k;
        (void) close(out[0]);
        ASSERT_TRUE(startswith(line, "port "));
        (void) snprintf(fake.url, sizeof(fake.url), "http://127.0.0.1:%d", atoi(line + 5));
        fake.told = json_array();
        fake.tell_until = fake.cancel_after = -1;
        fake.waited_usec = 0;
}

static void fake_down(void) {
        (void) close(fake.in);
        (void) kill(fake.pid, SIGKILL);
        (void) waitpid(fake.pid, NULL, 0);
        json_decref(fake.told);
}

static json_t* steer(const char* text) {
        _cleanup_json_ json_t* body = text ? parse(text) : NULL;
        _cleanup_(fetch_freep) Fetch* f = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        const FetchOptions o = { .base_url = fake.url, .scheme = "x", .secret = "x", .whom = "the fake", .plain = true };
        FetchReply reply = {};
        ASSERT_OK(fetch_new(&o, &f, &e));
        ASSERT_OK(fetch_call(f, text ? "POST" : "GET", "/_fake", body, &reply, &e));
        return reply.body;
}

static void world_is(const char* text) {
        json_decref(steer(text));
}

/* "owner type value" lines of the fake, sorted by it; owned. */
static bool world_has(const char* owner, const char* type, const char* value) {
        _cleanup_json_ json_t* state = steer(NULL);
        size_t i;
        json_t* r;
        json_array_foreach(json_object_get(state, "records"), i, r)
                if (streq_ptr(json_get_string(r, "owner"), owner) && streq_ptr(json_get_string(r, "type"), type) && streq_ptr(json_get_string(r, "value"), value))
                        return true;
        return false;
}

static size_t world_size(void) {
        _cleanup_json_ json_t* state = steer(NULL);
        return json_array_size(json_object_get(state, "records"));
}

static size_t world_writes(void) {
        _cleanup_json_ json_t* state = steer(NULL);
        size_t i, n = 0;
        json_t* line;
        json_array_foreach(json_object_get(state, "log"), i, line) {
                ASSERT_FALSE(strstr(json_string_value(json_array_get(line, 1)), TOKEN));
                n += !streq(json_string_value(json_array_get(line, 0)), "GET");
        }
        return n;
}

static int on_wait(uint64_t usec, void* userdata) {
        fake.waited_usec += usec;
        return 0;
}

static bool on_cancelled(void* userdata) {
        if (fake.cancel_after < 0)
                return false;
        return fake.cancel_after-- <= 0 ? (fake.cancel_after = 0, true) : false;
}

static int on_tell(json_t* message, void* userdata, Error* reterr) {
        if (fake.tell_until == 0) {
                json_decref(message);
                return error_set(reterr, ERROR_WRONG_STATE, "Killed.");
        }
        if (fake.tell_until > 0)
                fake.tell_until--;
        (void) json_array_append_new(fake.told, message);
        return 0;
}

static void on_progress(const char* stage, int percent, const char* sentence, void* userdata) {
        ASSERT_TRUE(percent >= 0 && percent <= 100 && !isempty(stage) && !isempty(sentence) && !strstr(sentence, TOKEN));
}

static int work_with(const char* token, const char* kind, const char* mode, const char* domain, const char* more, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* request = parse(more ?: "{}");
        (void) json_object_update_new(request, json_pack("{s:s, s:s, s:s}", "mode", mode, "domain", domain, "kind", kind));
        const ProviderOptions o = { .token = token, .options = json_object_get(request, "options"), .base_url = fake.url, .cancelled = on_cancelled,
                                    .wait = on_wait };
        const WorkEvents events = { .tell = on_tell, .progress = on_progress };
        int r = work_run(request, &o, &events, ret, reterr);
        if (r < 0) {
                ASSERT_TRUE(error_is_set(reterr));
                ASSERT_FALSE(strstr(reterr->message, TOKEN));
        }
        return r;
}

static int work(const char* kind, const char* mode, const char* more, json_t** ret, Error* reterr) {
        return work_with(TOKEN, kind, mode, "example.com", more, ret, reterr);
}

static const char* action_of(const json_t* result, size_t i) {
        return json_get_string(json_array_get(json_object_get(result, "changes"), i), "action");
}

#define RECORDS                                                                                                                    \
        "{'records':[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']},"                                       \
        "{'id':'aaaa','owner':'my.example.com','type':'AAAA','values':['2001:db8::1']},"                                            \
        "{'id':'mx','owner':'example.com','type':'MX','values':['10 mail.example.com']},"                                           \
        "{'id':'spf','owner':'example.com','type':'TXT','values':['v=spf1 mx -all']},"                                              \
        "{'id':'srv','owner':'_imaps._tcp.example.com','type':'SRV','values':['0 1 993 mail.example.com']},"                        \
        "{'id':'cname','owner':'autoconfig.example.com','type':'CNAME','values':['my.example.com']}]%s}"

static void each_kind(void (*check)(const char* kind)) {
        for (size_t i = 0; i < ELEMENTS(parsers); i++) {
                fake_up(parsers[i].kind);
                check(parsers[i].kind);
                fake_down();
        }
}

static void check_test(const char* kind) {
        _cleanup_json_ json_t *good = NULL, *below = NULL, *wrong = NULL, *absent = NULL, *reader = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(work(kind, "test", NULL, &good, &e));
        ASSERT_TRUE(json_get_boolean(good, "works", false));
        ASSERT_EQ(json_array_size(json_object_get(good, "may")), 3);
        ASSERT_STREQ(json_get_string(good, "zone"), "example.com");
        ASSERT_EQ(world_size(), 0); /* the test record is gone */
        ASSERT_OK(work_with(TOKEN, kind, "test", "a.sub.example.com", NULL, &below, &e));
        ASSERT_STREQ(json_get_string(below, "zone"), "sub.example.com"); /* the longest */
        ASSERT_OK(work_with("another", kind, "test", "example.com", NULL, &wrong, &e));
        ASSERT_FALSE(json_get_boolean(wrong, "works", true));
        ASSERT_EQ(json_array_size(json_object_get(wrong, "may")), 0);
        ASSERT_OK(work_with(TOKEN, kind, "test", "example.org", NULL, &absent, &e));
        ASSERT_FALSE(json_get_boolean(absent, "works", true));
        world_is("{'mode':'readonly'}");
        ASSERT_OK(work(kind, "test", NULL, &reader, &e));
        ASSERT_FALSE(json_get_boolean(reader, "works", true));
        ASSERT_EQ(json_array_size(json_object_get(reader, "may")), 2);
}

TEST(a_token_is_tested) {
        each_kind(check_test);
}

static void check_apply(const char* kind) {
        _cleanup_json_ json_t *plan = NULL, *first = NULL, *second = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        char request[2000];
        (void) snprintf(request, sizeof(request), RECORDS, "");
        world_is("{'records':[{'owner':'example.com','type':'TXT','value':'keep me'},{'owner':'www.example.com','type':'A','value':'192.0.2.77'}]}");
        ASSERT_OK(work(kind, "plan", request, &plan, &e));
        ASSERT_EQ(world_writes(), 0);
        ASSERT_OK(work(kind, "apply", request, &first, &e));
        ASSERT_EQ(json_get_integer(first, "written", 0), 6);
        for (size_t i = 0; i < 6; i++) {
                ASSERT_STREQ(action_of(first, i), "create");
                ASSERT_TRUE(json_get_boolean(json_array_get(json_object_get(first, "changes"), i), "done", false));
        }
        ASSERT_TRUE(world_has("my.example.com", "A", "192.0.2.1") && world_has("my.example.com", "AAAA", "2001:db8::1"));
        ASSERT_TRUE(world_has("example.com", "MX", "10 mail.example.com") && world_has("example.com", "TXT", "v=spf1 mx -all"));
        ASSERT_TRUE(world_has("_imaps._tcp.example.com", "SRV", "0 1 993 mail.example.com") && world_has("autoconfig.example.com", "CNAME", "my.example.com"));
        ASSERT_TRUE(world_has("example.com", "TXT", "keep me") && world_has("www.example.com", "A", "192.0.2.77"));
        size_t writes = world_writes();
        ASSERT_OK(work(kind, "apply", request, &second, &e));
        ASSERT_EQ(world_writes(), writes); /* nothing to do is nothing done */
        ASSERT_STREQ(action_of(second, 0), "same");
        ASSERT_EQ(json_get_integer(second, "written", -1), 0);
}

TEST(records_are_written_once) {
        each_kind(check_apply);
}

static void check_foreign(const char* kind) {
        _cleanup_json_ json_t *kept = NULL, *taken = NULL, *moved = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        char request[2000];
        world_is("{'records':[{'owner':'my.example.com','type':'A','value':'203.0.113.9'},{'owner':'example.com','type':'MX','value':'10 old.host'},"
                 "{'owner':'autoconfig.example.com','type':'A','value':'203.0.113.8'}]}");
        (void) snprintf(request, sizeof(request), RECORDS, "");
        ASSERT_OK(work(kind, "apply", request, &kept, &e));
        ASSERT_TRUE(streq(action_of(kept, 0), "foreign") && streq(action_of(kept, 2), "foreign") && streq(action_of(kept, 5), "foreign"));
        ASSERT_TRUE(world_has("my.example.com", "A", "203.0.113.9") && world_has("example.com", "MX", "10 old.host"));
        ASSERT_FALSE(world_has("my.example.com", "A", "192.0.2.1"));
        (void) snprintf(request, sizeof(request), RECORDS, ",'replace':['a','cname']");
        ASSERT_OK(work(kind, "apply", request, &taken, &e));
        ASSERT_TRUE(world_has("my.example.com", "A", "192.0.2.1") && !world_has("my.example.com", "A", "203.0.113.9"));
        ASSERT_TRUE(world_has("autoconfig.example.com", "CNAME", "my.example.com") && !world_has("autoconfig.example.com", "A", "203.0.113.8"));
        ASSERT_TRUE(world_has("example.com", "MX", "10 old.host") && !world_has("example.com", "MX", "10 mail.example.com"));
        /* the box moves: what we wrote follows without being asked */
        ASSERT_OK(work(kind, "apply", "{'records':[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.2','192.0.2.3'],'ours':['192.0.2.1']},"
                                      "{'id':'aaaa','owner':'my.example.com','type':'AAAA','values':[],'ours':['2001:db8::1']}]}", &moved, &e));
        ASSERT_TRUE(world_has("my.example.com", "A", "192.0.2.2") && world_has("my.example.com", "A", "192.0.2.3"));
        ASSERT_FALSE(world_has("my.example.com", "A", "192.0.2.1") || world_has("my.example.com", "AAAA", "2001:db8::1"));
}

TEST(nothing_foreign_is_overwritten_unasked) {
        each_kind(check_foreign);
}

static void check_texts(const char* kind) {
        _cleanup_error_ Error e = ERROR_NULL;
        static const struct {
                const char *mode, *value;
        } steps[] = { { "put", "one" }, { "put", "two" }, { "put", "one" }, { "drop", "one" }, { "drop", "one" } };
        world_is("{'records':[{'owner':'_acme-challenge.example.com','type':'TXT','value':'of somebody else'}]}");
        for (size_t i = 0; i < ELEMENTS(steps); i++) {
                _cleanup_json_ json_t* result = NULL;
                char request[200];
                (void) snprintf(request, sizeof(request), "{'owner':'_acme-challenge.example.com','value':'%s'}", steps[i].value);
                ASSERT_OK(work(kind, steps[i].mode, request, &result, &e));
                ASSERT_EQ(world_has("_acme-challenge.example.com", "TXT", steps[i].value), streq(steps[i].mode, "put"));
        }
        ASSERT_EQ(world_size(), 2);
        _cleanup_json_ json_t* last = NULL;
        ASSERT_OK(work(kind, "drop", "{'owner':'_acme-challenge.example.com','value':'two'}", &last, &e));
        ASSERT_TRUE(world_has("_acme-challenge.example.com", "TXT", "of somebody else") && world_size() == 1);
}

TEST(proofs_stand_beside_one_another) {
        each_kind(check_texts);
}

static void check_long_text(const char* kind) {
        _cleanup_json_ json_t *result = NULL, *again = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        char request[1200], key[412];
        memset(key, 'A', sizeof(key) - 1);
        key[sizeof(key) - 1] = 0;
        (void) snprintf(request, sizeof(request), "{'records':[{'id':'k','owner':'s1._domainkey.example.com','type':'TXT','values':['v=DKIM1; k=rsa; p=%s']}]}", key);
        ASSERT_OK(work(kind, "apply", request, &result, &e));
        ASSERT_OK(work(kind, "apply", request, &again, &e));
        ASSERT_STREQ(action_of(again, 0), "same");
}

TEST(long_texts_survive) {
        each_kind(check_long_text);
}

/* What the job says when every answer is spoilt in one way. */
static void check_faults(const char* kind) {
        static const struct {
                const char* mode;
                ErrorName name;
        } cases[] = {
                { "401", ERROR_WRONG_CREDENTIALS }, { "403", ERROR_NOT_ALLOWED }, { "429", ERROR_TOO_MANY },  { "500", ERROR_UNREACHABLE },
                { "503", ERROR_UNREACHABLE },       { "html", ERROR_UNREACHABLE }, { "half", ERROR_UNREACHABLE }, { "nothing", ERROR_UNREACHABLE },
                { "text", ERROR_UNREACHABLE },      { "close", ERROR_UNREACHABLE }, { "redirect", ERROR_UNREACHABLE }, { "huge", ERROR_TOO_LARGE },
                { "deep", ERROR_UNREACHABLE },      { "array", ERROR_UNREACHABLE },
        };
        char request[2000], spoil[100];
        (void) snprintf(request, sizeof(request), RECORDS, "");
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* result = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                (void) snprintf(spoil, sizeof(spoil), "{'mode':'%s'}", cases[i].mode);
                world_is(spoil);
                int r = work(kind, "apply", request, &result, &e);
                if (r >= 0 || e.name != cases[i].name)
                        TEST_FAIL("%s, %s: %s (%s)", kind, cases[i].mode, r < 0 ? error_name_to_string(e.name) : "fine", strempty(e.message));
                ASSERT_EQ(world_size(), 0);
        }
}

TEST(spoilt_answers_are_sentences) {
        each_kind(check_faults);
}

/* The same in the middle of writing: what was done is known, and the next run ends it. */
static void check_middle(const char* kind) {
        static const char* const modes[] = { "401", "429", "500", "html", "half", "nothing", "close", "liar" };
        char request[2000], spoil[100];
        (void) snprintf(request, sizeof(request), RECORDS, "");
        for (size_t i = 0; i < ELEMENTS(modes); i++)
                for (unsigned after = 5; after < 22; after += 5) {
                        _cleanup_json_ json_t *broken = NULL, *whole = NULL;
                        _cleanup_error_ Error e = ERROR_NULL, none = ERROR_NULL;
                        (void) snprintf(spoil, sizeof(spoil), "{'records':[], 'mode':'%s', 'after':%u}", modes[i], after);
                        world_is(spoil);
                        (void) work(kind, "apply", request, &broken, &e);
                        world_is("{'mode':'ok'}");
                        if (work(kind, "apply", request, &whole, &none) < 0)
                                TEST_FAIL("%s, %s after %u: %s", kind, modes[i], after, none.message);
                        ASSERT_EQ(world_size(), 6);
                }
}

TEST(a_broken_run_is_ended_by_the_next) {
        each_kind(check_middle);
}

static void check_patience(const char* kind) {
        _cleanup_json_ json_t *result = NULL, *later = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        char request[2000];
        (void) snprintf(request, sizeof(request), RECORDS, "");
        world_is("{'mode':'429','times':3,'retry_after':11,'after':2}");
        fake.waited_usec = 0;
        ASSERT_OK(work(kind, "apply", request, &result, &e));
        ASSERT_EQ(fake.waited_usec, 33 * USEC_PER_SEC);
        ASSERT_EQ(world_size(), 6);
        world_is("{'mode':'429','retry_after':86400}");
        fake.waited_usec = 0;
        ASSERT_TRUE(work(kind, "plan", request, &later, &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_TOO_MANY) && e.retry_after == 86400 && fake.waited_usec == 0);
}

TEST(who_asks_for_patience_gets_it_within_limits) {
        each_kind(check_patience);
}

/* Killed between telling and writing, and between writing and telling: ours is known to be ours. */
static void check_killed(const char* kind) {
        for (int heard = 0; heard < 12; heard++) {
                _cleanup_json_ json_t *broken = NULL, *whole = NULL;
                _cleanup_error_ Error e = ERROR_NULL, none = ERROR_NULL;
                char request[2000];
                (void) snprintf(request, sizeof(request), RECORDS, "");
                world_is("{'records':[]}");
                (void) json_array_clear(fake.told);
                fake.tell_until = heard;
                ASSERT_TRUE(work(kind, "apply", request, &broken, &e) < 0);
                fake.tell_until = -1;
                size_t i;
                json_t* r;
                _cleanup_json_ json_t* state = steer(NULL);
                json_array_foreach(json_object_get(state, "records"), i, r) { /* everything that stands there was told before */
                        bool told = false;
                        size_t k;
                        json_t* m;
                        json_array_foreach(fake.told, k, m)
                                told = told || (streq(json_get_string(m, "owner"), json_get_string(r, "owner")) &&
                                                json_list_has(json_object_get(m, "values"), json_get_string(r, "value")));
                        ASSERT_TRUE(told);
                }
                ASSERT_OK(work(kind, "apply", request, &whole, &none));
                ASSERT_EQ(world_size(), 6);
        }
}

TEST(a_killed_run_knows_what_is_ours) {
        each_kind(check_killed);
}

static void check_pages(const char* kind) {
        _cleanup_json_ json_t *records = json_array(), *body = NULL, *sets = NULL;
        _cleanup_(provider_freep) Provider* p = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        const char* owner = "many.example.com";
        for (unsigned i = 0; i < 90; i++) {
                char a[32], t[32];
                (void) snprintf(a, sizeof(a), "192.0.2.%u", i);
                (void) snprintf(t, sizeof(t), "text %u", i);
                (void) json_array_append_new(records, json_pack("{s:s, s:s, s:s}", "owner", owner, "type", "A", "value", a));
                (void) json_array_append_new(records, json_pack("{s:s, s:s, s:s}", "owner", owner, "type", "TXT", "value", t));
        }
        body = json_pack("{s:O}", "records", records);
        _cleanup_free_ char* text = json_text(body, false);
        world_is(text);
        const ProviderOptions o = { .token = TOKEN, .base_url = fake.url, .wait = on_wait };
        ASSERT_OK(provider_new(provider_find(kind), "example.com", &o, &p, &e));
        ASSERT_OK(provider_read(p, &owner, 1, &sets, &e));
        ASSERT_EQ(json_array_size(record_sets_find(sets, owner, "A")), 90);
        ASSERT_EQ(json_array_size(record_sets_find(sets, owner, "TXT")), 90);
        if (!streq(kind, "desec")) { /* who promises pages for ever is not believed for ever */
                _cleanup_json_ json_t* more = NULL;
                world_is("{'mode':'liar'}");
                ASSERT_TRUE(provider_read(p, &owner, 1, &more, &e) < 0);
        }
        ASSERT_TRUE(provider_write(p, "www.example.org", "A", sets, 60, &e) < 0); /* not in this zone */
}

TEST(pages_are_turned_but_not_for_ever) {
        each_kind(check_pages);
}

TEST(what_is_carried_out_later_is_waited_for) {
        _cleanup_json_ json_t *result = NULL, *test = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        char request[2000];
        (void) snprintf(request, sizeof(request), "{'records':[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']}]}");
        fake_up("hetzner");
        world_is("{'mode':'async'}");
        ASSERT_OK(work("hetzner", "apply", request, &result, &e));
        ASSERT_EQ(json_get_integer(result, "written", 0), 1);
        ASSERT_OK(work("hetzner", "test", NULL, &test, &e));
        ASSERT_TRUE(json_get_boolean(test, "works", false));
        fake_down();
}

TEST(cancelling_ends_it) {
        fake_up("cloudflare");
        for (int after = 0; after < 30; after += 3) {
                _cleanup_json_ json_t* result = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                char request[2000];
                (void) snprintf(request, sizeof(request), RECORDS, "");
                fake.cancel_after = after;
                if (work("cloudflare", "apply", request, &result, &e) < 0)
                        ASSERT_TRUE(error_has_name(&e, ERROR_WRONG_STATE));
                fake.cancel_after = -1;
        }
        fake_down();
}

TEST(requests_that_are_none) {
        fake_up("cloudflare");
        static const char* const cases[][2] = {
                { "apply", "{}" }, { "apply", "{'records':7}" }, { "put", "{}" }, { "put", "{'owner':'a b','value':'x'}" }, { "fly", "{}" },
                { "put", "{'owner':'_acme-challenge.example.org','value':'x'}" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* result = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                if (work("cloudflare", cases[i][0], cases[i][1], &result, &e) >= 0)
                        TEST_FAIL("%s %s was taken", cases[i][0], cases[i][1]);
        }
        fake_down();
}

/* --- against knot, by RFC 2136 with TSIG --- */

#define WRITER "c3RlYWRib3ggdGVzdCBrZXkgbnVtYmVyIDEgISEhISE="
#define READER "c3RlYWRib3ggdGVzdCBrZXkgbnVtYmVyIDMgISEhISE="

static struct {
        pid_t pid;
        char folder[40];
        char address[32];
} knot;

static void knot_file(const char* name, const char* text) {
        char path[100];
        (void) snprintf(path, sizeof(path), "%s/%s", knot.folder, name);
        ASSERT_OK(file_write(AT_FDCWD, path, text, strlen(text), 0644));
}

static bool knot_answers(const char* zone, const char* type) {
        _cleanup_(dns_answer_done) DnsAnswer a = { .extended_error = -1 };
        if (dns_read(knot.address, 5353, zone, type, NULL, &a, NULL) < 0 || a.rcode != 0)
                return false;
        for (size_t i = 0; i < a.n_records; i++)
                if (a.records[i].section == DNS_ANSWER && streq(a.records[i].type, type))
                        return true;
        return false;
}

static bool knot_up(void) {
        static const char zone[] = "@ 60 SOA ns mail 1 60 60 600 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n@ 60 TXT \"keep \\\"me\\\"\"\nmy 60 A 203.0.113.9\n";
        static const char* const names[] = { "plain.test", "signed.test", "low.plain.test" };
        _cleanup_free_ char* config = NULL;
        char path[100];
        unsigned pid = (unsigned) getpid();
        if (access("/usr/sbin/knotd", X_OK) < 0) {
                printf("# no knotd here, skipping\n");
                return false;
        }
        (void) snprintf(knot.folder, sizeof(knot.folder), "/tmp/test-provider-XXXXXX");
        ASSERT_TRUE(mkdtemp(knot.folder) != NULL);
        (void) snprintf(knot.address, sizeof(knot.address), "127.%u.%u.%u", 64 + pid / 64516 % 64, 1 + pid / 254 % 254, 1 + pid % 254);
        ASSERT_OK(asprintf(&config,
                "server:\n  listen: %s@5353\n  rundir: %s\n  tcp-workers: 1\n  udp-workers: 1\n  background-workers: 1\n"
                "database:\n  storage: %s\nlog:\n  - target: stderr\n    any: critical\n"
                "key:\n  - id: writer.test\n    algorithm: hmac-sha256\n    secret: " WRITER "\n"
                "  - id: reader.test\n    algorithm: hmac-sha256\n    secret: " READER "\n"
                "acl:\n  - id: write\n    key: writer.test\n    action: update\n  - id: read\n    key: reader.test\n    action: query\n"
                "template:\n  - id: default\n    storage: %s\n    file: zone\n    acl: [write, read]\n    zonefile-sync: -1\n"
                "    zonefile-load: difference-no-serial\n    journal-content: all\n"
                "zone:\n  - domain: plain.test\n  - domain: low.plain.test\n  - domain: signed.test\n    dnssec-signing: on\n",
                knot.address, knot.folder, knot.folder, knot.folder));
        knot_file("zone", zone);
        knot_file("knot.conf", config);
        (void) snprintf(path, sizeof(path), "%s/knot.conf", knot.folder);
        knot.pid = fork();
        if (knot.pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
                (void) execl("/usr/sbin/knotd", "knotd", "--config", path, NULL);
                _exit(127);
        }
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                const char* type = streq(names[i], "signed.test") ? "DNSKEY" : "SOA";
                for (int k = 0; k < 200 && !knot_answers(names[i], type); k++)
                        (void) usleep(50000);
                ASSERT_TRUE(knot_answers(names[i], type));
        }
        return true;
}

static void knot_down(void) {
        char command[100];
        ASSERT_OK(kill(knot.pid, SIGTERM));
        ASSERT_OK(waitpid(knot.pid, NULL, 0));
        (void) snprintf(command, sizeof(command), "rm -r %s", knot.folder);
        ASSERT_EQ(system(command), 0);
}

/* more without its first brace, NULL = nothing. */
static int knot_work(const char* token, const char* key, const char* mode, const char* domain, const char* more, json_t** ret, Error* reterr) {
        char request[2000];
        (void) snprintf(request, sizeof(request), "{'options':{'server':'%s','port':5353,'key_name':'%s'}%s%s", knot.address, key, more ? "," : "", more ?: "}");
        return work_with(token, "rfc2136", mode, domain, request, ret, reterr);
}

static bool knot_has(const char* owner, const char* type, const char* value) {
        _cleanup_(dns_answer_done) DnsAnswer a = { .extended_error = -1 };
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(dns_read(knot.address, 5353, owner, type, NULL, &a, &e));
        for (size_t i = 0; i < a.n_records; i++)
                if (a.records[i].section == DNS_ANSWER && streq(a.records[i].type, type) && streq(a.records[i].value, value))
                        return true;
        return false;
}

static void check_zone(const char* zone) {
        _cleanup_json_ json_t *test = NULL, *first = NULL, *second = NULL, *third = NULL, *put = NULL, *drop = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        char records[1500], my[100], apex[100], proof[100], srv[100], request[1800];
        (void) snprintf(my, sizeof(my), "my.%s", zone);
        (void) snprintf(apex, sizeof(apex), "%s", zone);
        (void) snprintf(srv, sizeof(srv), "_imaps._tcp.%s", zone);
        (void) snprintf(proof, sizeof(proof), "_acme-challenge.%s", zone);
        if (knot_work(WRITER, "writer.test", "test", zone, NULL, &test, &e) < 0)
                TEST_FAIL("%s", e.message);
        ASSERT_TRUE(json_get_boolean(test, "works", false));
        ASSERT_STREQ(json_get_string(test, "zone"), zone);
        (void) snprintf(records, sizeof(records),
                        "'records':[{'id':'a','owner':'%s','type':'A','values':['192.0.2.1']},{'id':'aaaa','owner':'%s','type':'AAAA','values':['2001:db8::1']},"
                        "{'id':'mx','owner':'%s','type':'MX','values':['10 mail.other.test']},{'id':'spf','owner':'%s','type':'TXT','values':['v=spf1 mx -all']},"
                        "{'id':'srv','owner':'%s','type':'SRV','values':['0 1 993 mail.other.test']}]",
                        my, my, apex, apex, srv);
        (void) snprintf(request, sizeof(request), "%s}", records);
        ASSERT_OK(knot_work(WRITER, "writer.test", "apply", zone, request, &first, &e));
        ASSERT_STREQ(action_of(first, 0), "foreign");
        ASSERT_EQ(json_get_integer(first, "written", 0), 4);
        ASSERT_TRUE(knot_has(my, "A", "203.0.113.9") && knot_has(my, "AAAA", "2001:db8::1") && knot_has(apex, "MX", "10 mail.other.test"));
        ASSERT_TRUE(knot_has(apex, "TXT", "v=spf1 mx -all") && knot_has(apex, "TXT", "keep \"me\"") && knot_has(srv, "SRV", "0 1 993 mail.other.test"));
        (void) snprintf(request, sizeof(request), "%s,'replace':['a']}", records);
        ASSERT_OK(knot_work(WRITER, "writer.test", "apply", zone, request, &second, &e));
        ASSERT_EQ(json_get_integer(second, "written", 0), 1);
        ASSERT_TRUE(knot_has(my, "A", "192.0.2.1") && !knot_has(my, "A", "203.0.113.9"));
        ASSERT_OK(knot_work(WRITER, "writer.test", "apply", zone, request, &third, &e));
        ASSERT_EQ(json_get_integer(third, "written", -1), 0);
        (void) snprintf(request, sizeof(request), "'owner':'%s','value':'proof'}", proof);
        ASSERT_OK(knot_work(WRITER, "writer.test", "put", zone, request, &put, &e));
        ASSERT_TRUE(knot_has(proof, "TXT", "proof"));
        ASSERT_OK(knot_work(WRITER, "writer.test", "drop", zone, request, &drop, &e));
        ASSERT_FALSE(knot_has(proof, "TXT", "proof"));
}

static void check_key(const char* secret, const char* key, const char* zone, size_t may) {
        _cleanup_json_ json_t* test = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        if (knot_work(secret, key, "test", zone, NULL, &test, &e) < 0)
                TEST_FAIL("%s %s: %s", key, zone, e.message);
        if (json_get_boolean(test, "works", true) || json_array_size(json_object_get(test, "may")) != may)
                TEST_FAIL("%s %s: %s", key, zone, json_get_string(test, "sentence"));
        printf("# %s\n", json_get_string(test, "sentence"));
}

TEST(a_server_of_ones_own) {
        fake = (__typeof__(fake)) { .told = json_array(), .tell_until = -1, .cancel_after = -1 };
        if (knot_up()) {
                check_zone("plain.test");
                check_zone("signed.test");
                check_zone("low.plain.test"); /* a zone of its own below another */
                check_key(READER, "writer.test", "plain.test", 0);  /* wrong secret */
                check_key(WRITER, "nobody.test", "plain.test", 0);  /* wrong name */
                check_key(READER, "reader.test", "plain.test", 2);  /* may look, not write */
                check_key(WRITER, "writer.test", "else.example", 0); /* not its zone */
                knot_down();
                _cleanup_json_ json_t* gone = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_TRUE(knot_work(WRITER, "writer.test", "test", "plain.test", NULL, &gone, &e) < 0); /* silence says nothing about a key */
                ASSERT_TRUE(error_has_name(&e, ERROR_UNREACHABLE));
        }
        json_decref(fake.told);
}

TEST_MAIN()
