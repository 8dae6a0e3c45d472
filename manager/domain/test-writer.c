/* Writing records whole: the manager's side against a real store, the real job program, and a strict fake of a provider's API. Only helper, PID
 * 1 and the other nouns are played. */
#include "base/test.h"
#include "api/events.h"
#include "base/seal.h"
#include "base/time.h"
#include "certificate/certificate.h"
#include "daemon/helper-client.h"
#include "daemon/nouns.h"
#include "domain/domain-internal.h"
#include "domain/primary.h"
#include "domain/writer.h"
#include "job/job-internal.h"
#include "net/fetch.h"
#include "net/link.h"
#include "site/site.h"
#include "store/store-secret.h"
#include "system/setting.h"
#include "system/system.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define DOMAIN_NAME "writes.example.com"
#define TOKEN "t0ken-of-tests"
#define PROOF "_acme-challenge." DOMAIN_NAME
#define PATIENCE_USEC (60 * USEC_PER_SEC) /* for what must happen, not for how fast */

/* --- what the domains ask of the rest of the manager --- */

const NounClass* const noun_table[] = { &domain_noun, NULL };
int findings_add(Findings* list, Finding f) {
        abort();
}
int nginx_names_add(NginxNames* list, NginxName name) {
        return 0;
}
void events_publish(Events* e, const char* name, json_t* data, int64_t user_id) {
        json_decref(data);
}
void events_changed(Events* e, const char* noun) {
}
void system_apply_soon(Manager* m) {
}
void system_names_now(Manager* m) {
}
static const char* address; /* the machine's */
int link_addresses(json_t** ret) {
        *ret = json_pack("[s]", address);
        return 0;
}
bool setting_locked(Manager* m, const char* key) {
        return false;
}
json_t* site_names(Manager* m) {
        return json_array();
}
int helper_client_dkim_key_ensure(HelperClient* c, const char* domain, const char* selector, HelperDone done, void* userdata, Error* reterr) {
        abort();
}
int helper_client_dkim_key_remove(HelperClient* c, const char* domain, const char* selector, HelperDone done, void* userdata, Error* reterr) {
        abort();
}
int served_names_nginx(Manager* m, NginxNames* list, Error* reterr) {
        return 0;
}
int served_names_wanted(Manager* m, const DomainView* d, WantedRecords* list, Error* reterr) {
        return 0;
}
const char* certificate_for_name(Manager* m, const char* name) {
        return BOX_CERTIFICATE;
}
void certificates_wanted_changed(Manager* m) {
}
int primary_change(Manager* m, const Actor* actor, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        return 0;
}

/* --- the box and its provider --- */

static struct {
        Manager m;
        char directory[40], socket[100], url[64];
        pid_t fake, workers[64];
        char ids[64][JOB_ID_BYTES];
        size_t n_workers;
        int fake_in;
        unsigned most_at_once; /* job programs that lived together */
} box;

static const Actor root = { .via = VIA_UNIX, .role = ROLE_ROOT, .root = true, .name = "unix:root" };
static const JobClass* const classes[_JOB_KIND_MAX] = { [JOB_DNS_WRITE] = &dns_write_job };

static int start(Jobs* j, const char* kind, const char* id, Error* reterr) {
        if (!streq(kind, "dns-write"))
                return 0; /* a check that never says a word */
        ASSERT_TRUE(box.n_workers < ELEMENTS(box.workers));
        unsigned alive = 1;
        for (size_t i = 0; i < box.n_workers; i++)
                alive += box.workers[i] > 0 && waitpid(box.workers[i], NULL, WNOHANG) == 0;
        box.most_at_once = MAX(box.most_at_once, alive);
        pid_t pid = fork();
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) setenv("STEADBOX_RUN", box.directory, 1);
                (void) setenv("STEADBOX_PROVIDER_URL", box.url, 1);
                (void) close_range(3, ~0U, 0);
                (void) execl(PROGRAM, PROGRAM, kind, id, NULL);
                _exit(127);
        }
        ASSERT_OK(pid);
        (void) snprintf(box.ids[box.n_workers], JOB_ID_BYTES, "%s", id);
        box.workers[box.n_workers++] = pid;
        jobs_started(j, id, 0, NULL);
        return 0;
}
static void stop(Jobs* j, const char* kind, const char* id) {
}
static int look(Jobs* j, const char* kind, const char* id) {
        for (size_t i = 0; i < box.n_workers; i++)
                if (streq(box.ids[i], id))
                        jobs_looked(j, id, waitpid(box.workers[i], NULL, WNOHANG) == 0);
        return 0;
}
static bool any_peer(const JobType* type, const char* id, int fd, uid_t uid) {
        return true;
}

static int listening(void) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        (void) unlink(box.socket);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", box.socket);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ASSERT_TRUE(fd >= 0 && bind(fd, &sa, sizeof(sa)) == 0 && listen(fd, 8) == 0);
        return fd;
}

static void manager_up(void) {
        char path[100];
        (void) snprintf(path, sizeof(path), "%s/db", box.directory);
        ASSERT_OK(store_open(path, &box.m.store, NULL));
        ASSERT_OK(jobs_new_with(&box.m, (JobsOptions) { .classes = classes, .listen_fd = listening(), .start = start, .stop = stop, .look = look,
                                                         .peer_allowed = any_peer, .doubt_usec = 300 * USEC_PER_MSEC }, &box.m.jobs, NULL));
        ASSERT_OK(domain_noun.startup(&box.m, NULL));
}

static void manager_down(void) {
        domain_noun.shutdown(&box.m);
        box.m.jobs = jobs_free(box.m.jobs);
        box.m.store = store_free(box.m.store);
}

static void fake_up(const char* kind) {
        int in[2], out[2];
        char line[64] = "";
        size_t n = 0;
        ASSERT_TRUE(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
        box.fake = fork();
        if (box.fake == 0) {
                (void) dup2(in[0], 0);
                (void) dup2(out[1], 1);
                (void) execlp("python3", "python3", FAKE, "--kind", kind, "--token", TOKEN, "--zone", "example.com", NULL);
                _exit(127);
        }
        (void) close(in[0]);
        (void) close(out[1]);
        box.fake_in = in[1];
        for (ssize_t k; n < sizeof(line) - 1 && !strchr(line, '\n') && (k = read(out[0], line + n, sizeof(line) - 1 - n)) > 0;)
                n += (size_t) k;
        (void) close(out[0]);
        ASSERT_TRUE(startswith(line, "port "));
        (void) snprintf(box.url, sizeof(box.url), "http://127.0.0.1:%d", atoi(line + 5));
}

static json_t* steer(json_t* body) {
        _cleanup_json_ json_t* owned = body;
        _cleanup_(fetch_freep) Fetch* f = NULL;
        FetchReply reply = {};
        ASSERT_OK(fetch_new(&(FetchOptions) { .base_url = box.url, .scheme = "x", .secret = "x", .whom = "the fake", .plain = true }, &f, NULL));
        ASSERT_OK(fetch_call(f, owned ? "POST" : "GET", "/_fake", owned, &reply, NULL));
        return reply.body;
}

static bool zone_has(const char* owner, const char* value) {
        _cleanup_json_ json_t* state = steer(NULL);
        size_t i;
        json_t* r;
        json_array_foreach(json_object_get(state, "records"), i, r)
                if (streq(json_get_string(r, "owner"), owner) && streq(json_get_string(r, "value"), value))
                        return true;
        return false;
}

/* Turns the loop until it is so. */
#define RUN_UNTIL(condition)                                                                  \
        do {                                                                                  \
                uint64_t _end = now_usec(CLOCK_MONOTONIC) + PATIENCE_USEC;                    \
                while (!(condition)) {                                                        \
                        if (now_usec(CLOCK_MONOTONIC) > _end)                                 \
                                TEST_FAIL("never: %s", #condition);                           \
                        ASSERT_OK(sd_event_run(box.m.event, 20 * USEC_PER_MSEC));             \
                }                                                                             \
        } while (0)

static void row_of(DomainRow* ret) {
        ASSERT_TRUE(store_domain_get(box.m.store, DOMAIN_NAME, ret, NULL) > 0);
}

static void state_of(const char* job, char state[static 16]) {
        _cleanup_job_row_ JobRow row = {};
        ASSERT_TRUE(store_job_get(box.m.store, job, &row, NULL) > 0);
        (void) snprintf(state, 16, "%s", row.state);
}

static bool job_is(const char* job, const char* wanted) {
        char state[16];
        state_of(job, state);
        return streq(state, wanted);
}

static void write_begin(const char* mode, json_t* replace, char job[static JOB_ID_BYTES]) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_json_ json_t* owned = replace;
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(store_begin(box.m.store, NULL));
        row_of(&row);
        if (domain_write_begin(&box.m, &row, mode, owned, &root, job, &e) < 0)
                TEST_FAIL("%s", e.message);
        ASSERT_OK(store_commit(box.m.store, NULL));
}

static void connect_token(const char* kind, const char* token) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_json_ json_t* fields = json_object();
        ASSERT_OK(store_begin(box.m.store, NULL));
        row_of(&row);
        ASSERT_OK(domain_connect(&box.m, &row, kind, token, fields, &root, NULL));
        ASSERT_OK(store_commit(box.m.store, NULL));
}

static void up(const char* kind) {
        static const uint8_t key[32] = { 7 };
        memset(&box, 0, sizeof(box));
        address = "203.0.113.5";
        (void) snprintf(box.directory, sizeof(box.directory), "/tmp/test-writer-XXXXXX");
        ASSERT_TRUE(mkdtemp(box.directory) != NULL);
        (void) snprintf(box.socket, sizeof(box.socket), "%s/job.sock", box.directory);
        box.m.runtime_directory = box.directory;
        box.m.machine = json_object();
        ASSERT_OK(sd_event_new(&box.m.event));
        ASSERT_OK(seal_new(key, &box.m.seal));
        fake_up(kind);
        manager_up();
        ASSERT_OK(store_begin(box.m.store, NULL));
        ASSERT_OK(domain_add(&box.m, &root, DOMAIN_NAME, DOMAIN_NAME, "subdomain", NULL));
        ASSERT_OK(store_commit(box.m.store, NULL));
        connect_token(kind, TOKEN);
}

/* Connected, tested and proven, and what is free was written. */
static void up_ready(const char* kind) {
        char job[JOB_ID_BYTES];
        up(kind);
        write_begin("test", NULL, job);
        RUN_UNTIL(job_is(job, "done"));
        RUN_UNTIL(zone_has("my." DOMAIN_NAME, "203.0.113.5"));
}

static void down(void) {
        char command[64];
        manager_down();
        for (size_t i = 0; i < box.n_workers; i++) {
                (void) kill(box.workers[i], SIGKILL);
                (void) waitpid(box.workers[i], NULL, 0);
        }
        (void) close(box.fake_in);
        (void) kill(box.fake, SIGKILL);
        (void) waitpid(box.fake, NULL, 0);
        (void) seal_free(box.m.seal);
        (void) sd_event_unref(box.m.event);
        json_decref(box.m.machine);
        (void) snprintf(command, sizeof(command), "rm -rf %s", box.directory);
        ASSERT_EQ(system(command), 0);
}

static void moves_to(const char* to) {
        address = to;
        domain_noun.addresses_changed(&box.m);
}

static bool is_ours(const char* owner, const char* type, const char* value) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_free_ char* text = NULL;
        row_of(&row);
        return store_domain_written_get(box.m.store, row.id, owner, type, &text, NULL) > 0 && strstr(text, value);
}

/* --- tests --- */

TEST(a_good_token_proves_and_writes) {
        _cleanup_domain_row_ DomainRow row = {};
        up_ready("cloudflare");
        row_of(&row);
        ASSERT_STREQ(row.state, "proven");
        _cleanup_json_ json_t* writer = domain_writer_json(&row);
        ASSERT_TRUE(json_get_boolean(writer, "works", false));
        ASSERT_EQ(domain_is_writable(&box.m, row.id, NULL), 1);
        RUN_UNTIL(is_ours("my." DOMAIN_NAME, "A", "203.0.113.5"));
        ASSERT_FALSE(zone_has("_steadbox-test." DOMAIN_NAME, ""));
        down();
}

TEST(a_wrong_token_proves_nothing) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_error_ Error e = ERROR_NULL;
        char job[JOB_ID_BYTES];
        up("hetzner");
        connect_token("hetzner", "another-token");
        write_begin("test", NULL, job);
        RUN_UNTIL(job_is(job, "done"));
        row_of(&row);
        ASSERT_STREQ(row.state, "pending");
        ASSERT_EQ(domain_is_writable(&box.m, row.id, NULL), 0);
        ASSERT_OK(store_begin(box.m.store, NULL));
        ASSERT_TRUE(domain_write_begin(&box.m, &row, "apply", NULL, &root, job, &e) < 0 && error_has_name(&e, ERROR_WRONG_STATE));
        store_rollback(box.m.store);
        ASSERT_TRUE(domain_write_txt(&box.m, PROOF, "x", false, NULL, NULL, NULL) < 0);
        down();
}

TEST(tokens_lie_sealed_and_survive_a_rotation) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_free_ void *before = NULL, *after = NULL;
        size_t n = 0, k = 0;
        int64_t generation = 0;
        char job[JOB_ID_BYTES];
        up("desec");
        row_of(&row);
        ASSERT_TRUE(store_domain_writer_token(box.m.store, row.id, &before, &n, NULL) > 0);
        ASSERT_FALSE(memmem(before, n, TOKEN, strlen(TOKEN)));
        ASSERT_OK(store_begin(box.m.store, NULL));
        ASSERT_OK(store_secret_rotate(box.m.store, "dns", now_seconds(), &generation, NULL));
        ASSERT_OK(domain_writer_reseal(&box.m, (uint64_t) generation, NULL));
        ASSERT_OK(store_commit(box.m.store, NULL));
        ASSERT_EQ(generation, 2);
        ASSERT_TRUE(store_domain_writer_token(box.m.store, row.id, &after, &k, NULL) > 0);
        ASSERT_TRUE(k == n && memcmp(before, after, n) != 0);
        write_begin("test", NULL, job);
        RUN_UNTIL(job_is(job, "done"));
        _cleanup_domain_row_ DomainRow tested = {};
        row_of(&tested);
        ASSERT_EQ(domain_is_writable(&box.m, tested.id, NULL), 1);
        down();
}

static unsigned ended, failed;
static void on_written(Manager* m, const Error* error, void* userdata) {
        ended++;
        failed += error != NULL;
}

TEST(proofs_of_one_name_take_turns) {
        static const char* const values[] = { "one", "two", "three" };
        up_ready("hetzner"); /* whose sets are written whole: two at once would lose one */
        RUN_UNTIL(is_ours("my." DOMAIN_NAME, "A", "203.0.113.5"));
        ended = failed = 0;
        box.most_at_once = 0;
        for (size_t i = 0; i < ELEMENTS(values); i++)
                ASSERT_OK(domain_write_txt(&box.m, PROOF, values[i], false, on_written, NULL, NULL));
        ASSERT_OK(domain_write_txt(&box.m, "_acme-challenge.my." DOMAIN_NAME, "other", false, on_written, NULL, NULL));
        RUN_UNTIL(ended == 4);
        ASSERT_EQ(failed, 0);
        for (size_t i = 0; i < ELEMENTS(values); i++)
                ASSERT_TRUE(zone_has(PROOF, values[i]));
        for (size_t i = 0; i < ELEMENTS(values); i++)
                ASSERT_OK(domain_write_txt(&box.m, PROOF, values[i], true, on_written, NULL, NULL));
        RUN_UNTIL(ended == 7);
        ASSERT_FALSE(zone_has(PROOF, "one") || zone_has(PROOF, "two") || zone_has(PROOF, "three"));
        ASSERT_TRUE(zone_has("_acme-challenge.my." DOMAIN_NAME, "other"));
        down();
}

TEST(a_proof_that_fails_is_told) {
        up_ready("cloudflare");
        ended = failed = 0;
        json_decref(steer(json_pack("{s:s}", "mode", "403")));
        ASSERT_OK(domain_write_txt(&box.m, PROOF, "one", false, on_written, NULL, NULL));
        ASSERT_OK(domain_write_txt(&box.m, PROOF, "two", false, on_written, NULL, NULL));
        RUN_UNTIL(ended == 2);
        ASSERT_EQ(failed, 2);
        down();
}

TEST(what_moves_is_written_by_itself_but_nothing_foreign) {
        up_ready("digitalocean");
        RUN_UNTIL(is_ours("my." DOMAIN_NAME, "A", "203.0.113.5"));
        moves_to("203.0.113.6");
        RUN_UNTIL(zone_has("my." DOMAIN_NAME, "203.0.113.6"));
        ASSERT_FALSE(zone_has("my." DOMAIN_NAME, "203.0.113.5"));
        RUN_UNTIL(is_ours("my." DOMAIN_NAME, "A", "203.0.113.6"));
        json_decref(steer(json_pack("{s:[{s:s, s:s, s:s}]}", "records", "owner", "my." DOMAIN_NAME, "type", "A", "value", "198.51.100.1")));
        size_t before = box.n_workers;
        moves_to("203.0.113.7");
        RUN_UNTIL(box.n_workers > before && job_is(box.ids[box.n_workers - 1], "done"));
        ASSERT_TRUE(zone_has("my." DOMAIN_NAME, "198.51.100.1") && !zone_has("my." DOMAIN_NAME, "203.0.113.7"));
        char job[JOB_ID_BYTES];
        write_begin("apply", json_pack("[s]", "a:my." DOMAIN_NAME), job);
        RUN_UNTIL(job_is(job, "done"));
        ASSERT_TRUE(zone_has("my." DOMAIN_NAME, "203.0.113.7") && !zone_has("my." DOMAIN_NAME, "198.51.100.1"));
        down();
}

/* The job dies when the provider has written and nobody has heard so: what stands there is known to be ours all the same. */
TEST(a_job_killed_in_the_middle_leaves_nothing_foreign) {
        char job[JOB_ID_BYTES];
        up_ready("cloudflare");
        RUN_UNTIL(is_ours("my." DOMAIN_NAME, "A", "203.0.113.5"));
        moves_to("203.0.113.8");
        write_begin("apply", NULL, job);
        RUN_UNTIL(box.n_workers > 0 && streq(box.ids[box.n_workers - 1], job));
        pid_t pid = box.workers[box.n_workers - 1];
        RUN_UNTIL(is_ours("my." DOMAIN_NAME, "A", "203.0.113.8")); /* told before it is written */
        (void) kill(pid, SIGKILL);
        RUN_UNTIL(job_is(job, "failed") || job_is(job, "done"));
        ASSERT_TRUE(is_ours("my." DOMAIN_NAME, "A", "203.0.113.8"));
        moves_to("203.0.113.9");
        write_begin("apply", NULL, job);
        RUN_UNTIL(job_is(job, "done"));
        ASSERT_TRUE(zone_has("my." DOMAIN_NAME, "203.0.113.9"));
        ASSERT_FALSE(zone_has("my." DOMAIN_NAME, "203.0.113.8") || zone_has("my." DOMAIN_NAME, "203.0.113.5"));
        down();
}

TEST(a_manager_that_dies_meets_its_job_again) {
        char job[JOB_ID_BYTES];
        up_ready("desec");
        RUN_UNTIL(is_ours("my." DOMAIN_NAME, "A", "203.0.113.5"));
        for (unsigned turns = 1; turns < 8; turns += 2) {
                char to[32];
                (void) snprintf(to, sizeof(to), "203.0.113.%u", 20 + turns);
                moves_to(to);
                write_begin("apply", NULL, job);
                for (unsigned i = 0; i < turns; i++)
                        ASSERT_OK(sd_event_run(box.m.event, 20 * USEC_PER_MSEC));
                manager_down();
                manager_up();
                RUN_UNTIL(job_is(job, "done") || job_is(job, "failed"));
                if (job_is(job, "failed"))
                        write_begin("apply", NULL, job);
                RUN_UNTIL(job_is(job, "done"));
                ASSERT_TRUE(zone_has("my." DOMAIN_NAME, to));
        }
        down();
}

TEST(an_old_wish_is_not_written_again) {
        char job[JOB_ID_BYTES];
        up_ready("cloudflare");
        RUN_UNTIL(is_ours("my." DOMAIN_NAME, "A", "203.0.113.5"));
        json_t* request = json_pack("{s:s, s:s, s:s, s:{}, s:[], s:s}", "mode", "apply", "domain", DOMAIN_NAME, "kind", "cloudflare", "options", "records",
                                    "digest", "of another day");
        ASSERT_OK(store_begin(box.m.store, NULL));
        ASSERT_OK(jobs_add(box.m.jobs, JOB_DNS_WRITE, &root, DOMAIN_NAME, request, job, NULL));
        ASSERT_OK(store_commit(box.m.store, NULL));
        RUN_UNTIL(job_is(job, "failed"));
        _cleanup_job_row_ JobRow row = {};
        ASSERT_TRUE(store_job_get(box.m.store, job, &row, NULL) > 0);
        ASSERT_TRUE(strstr(row.error, "changed-meanwhile") != NULL);
        down();
}

TEST_MAIN()
