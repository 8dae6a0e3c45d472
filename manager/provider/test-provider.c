/* Every HTTP provider against tests/lib/fake_provider.py, a strict fake. */
#include "net/fetch.h"
#include "provider/test-work.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static struct {
        pid_t pid;
        int in; /* closing it ends the fake */
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
        (void) snprintf(outside.url, sizeof(outside.url), "http://127.0.0.1:%d", atoi(line + 5));
        outside.told = json_array();
        outside.tell_until = outside.cancel_after = -1;
        outside.waited_usec = 0;
}

static void fake_down(void) {
        (void) close(fake.in);
        (void) kill(fake.pid, SIGKILL);
        (void) waitpid(fake.pid, NULL, 0);
        json_decref(outside.told);
}

static json_t* steer(const char* text) {
        _cleanup_json_ json_t* body = text ? parse(text) : NULL;
        _cleanup_(fetch_freep) Fetch* f = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        const FetchOptions o = { .base_url = outside.url, .scheme = "x", .secret = "x", .whom = "the fake", .plain = true };
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

static int work(const char* kind, const char* mode, const char* more, json_t** ret, Error* reterr) {
        return work_with(TOKEN, kind, mode, "example.com", more, ret, reterr);
}

#define RECORDS                                                                                                                    \
        "{'records':[{'id':'a','owner':'my.example.com','type':'A','values':['192.0.2.1']},"                                       \
        "{'id':'aaaa','owner':'my.example.com','type':'AAAA','values':['2001:db8::1']},"                                            \
        "{'id':'mx','owner':'example.com','type':'MX','values':['10 mail.example.com']},"                                           \
        "{'id':'spf','owner':'example.com','type':'TXT','values':['v=spf1 mx -all']},"                                              \
        "{'id':'srv','owner':'_imaps._tcp.example.com','type':'SRV','values':['0 1 993 mail.example.com']},"                        \
        "{'id':'cname','owner':'autoconfig.example.com','type':'CNAME','values':['my.example.com']}]%s}"

/* All but rfc2136, which is no HTTP and has tests of its own. */
static void each_kind(void (*check)(const char* kind)) {
        for (size_t i = 0; provider_table[i]; i++) {
                const char* kind = provider_table[i]->kind;
                if (streq(kind, "rfc2136"))
                        continue;
                fake_up(kind);
                check(kind);
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
        outside.waited_usec = 0;
        ASSERT_OK(work(kind, "apply", request, &result, &e));
        ASSERT_EQ(outside.waited_usec, 33 * USEC_PER_SEC);
        ASSERT_EQ(world_size(), 6);
        world_is("{'mode':'429','retry_after':86400}");
        outside.waited_usec = 0;
        ASSERT_TRUE(work(kind, "plan", request, &later, &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_TOO_MANY) && e.retry_after == 86400 && outside.waited_usec == 0);
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
                (void) json_array_clear(outside.told);
                outside.tell_until = heard;
                ASSERT_TRUE(work(kind, "apply", request, &broken, &e) < 0);
                outside.tell_until = -1;
                size_t i;
                json_t* r;
                _cleanup_json_ json_t* state = steer(NULL);
                json_array_foreach(json_object_get(state, "records"), i, r) { /* everything that stands there was told before */
                        bool told = false;
                        size_t k;
                        json_t* m;
                        json_array_foreach(outside.told, k, m)
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
        const ProviderOptions o = { .token = TOKEN, .base_url = outside.url, .wait = outside_wait };
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
                outside.cancel_after = after;
                if (work("cloudflare", "apply", request, &result, &e) < 0)
                        ASSERT_TRUE(error_has_name(&e, ERROR_WRONG_STATE));
                outside.cancel_after = -1;
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

TEST_MAIN()
