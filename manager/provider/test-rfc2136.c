/* Against knot, by RFC 2136 with TSIG. */
#include "base/file.h"
#include "net/dns.h"
#include "provider/test-work.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

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
        outside = (Outside) { .told = json_array(), .tell_until = -1, .cancel_after = -1 };
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
        json_decref(outside.told);
}

TEST_MAIN()
