/* Catalogues whole: sources in a real store, the real job program, and directories that pack makes and that are then spoilt. Helper and PID 1
 * are played. */
#include "base/test.h"
#include "api/events.h"
#include "base/file.h"
#include "base/time.h"
#include "catalogue/catalogue-internal.h"
#include "daemon/nouns.h"
#include "job/job-internal.h"
#include "package/pack.h"
#include "store/store-job.h"
#include "system/setting.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define PATIENCE_USEC (60 * USEC_PER_SEC)
#define PIN "registry.example/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct {
        Manager m;
        char directory[40], source[64], socket[100], key_text[MINISIGN_KEY_TEXT_BYTES];
        MinisignSecret secret;
        pid_t worker;
        bool hold;     /* workers are made, but stopped before they run */
        char id[JOB_ID_BYTES];
} box;

const NounClass* const noun_table[] = { NULL };
static bool locked;
bool setting_locked(Manager* m, const char* key) {
        return locked && streq(key, "provider.catalogue");
}
static unsigned found_n;
static char found[256]; /* the last: number, id, source, fix, error */

int findings_add(Findings* list, Finding f) {
        found_n++;
        (void) snprintf(found, sizeof(found), "%u %s %s %s %s", found_n, f.id, f.about, f.fix_operation, strempty(json_get_string(f.facts, "error")));
        ASSERT_TRUE(f.sentence && strchr(f.sentence, '.'));
        json_decref(f.facts);
        json_decref(f.fix_parameters);
        free(f.sentence);
        return 0;
}

void events_publish(Events* e, const char* name, json_t* data, int64_t user_id) {
        json_decref(data);
}
void events_changed(Events* e, const char* noun) {
}

static const Actor root = { .via = VIA_UNIX, .role = ROLE_ROOT, .root = true, .name = "unix:root" };
static const JobClass* const classes[_JOB_KIND_MAX] = { [JOB_CATALOGUE_REFRESH] = &catalogue_refresh_job };

static int start(Jobs* j, const char* kind, const char* id, Error* reterr) {
        pid_t pid = fork();
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) setenv("STEADBOX_RUN", box.directory, 1);
                (void) close_range(3, ~0U, 0);
                if (box.hold)
                        (void) raise(SIGSTOP);
                (void) execl(PROGRAM, PROGRAM, kind, id, NULL);
                _exit(127);
        }
        ASSERT_OK(pid);
        box.worker = pid;
        (void) snprintf(box.id, sizeof(box.id), "%s", id);
        jobs_started(j, id, 0, NULL);
        return 0;
}
static void stop(Jobs* j, const char* kind, const char* id) {
        if (box.worker > 0)
                (void) kill(box.worker, SIGKILL);
}
static int look(Jobs* j, const char* kind, const char* id) {
        jobs_looked(j, id, box.worker > 0 && waitpid(box.worker, NULL, WNOHANG) == 0);
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
}
static void manager_down(void) {
        box.m.jobs = jobs_free(box.m.jobs);
        box.m.store = store_free(box.m.store);
}

static void box_up(void) {
        MinisignPublic public;
        char run[100];
        box = (typeof(box)) {};
        (void) strcpy(box.directory, "/tmp/test-catalogue-XXXXXX");
        ASSERT_TRUE(mkdtemp(box.directory) != NULL);
        (void) snprintf(box.source, sizeof(box.source), "%s/source", box.directory);
        (void) snprintf(box.socket, sizeof(box.socket), "%s/job.sock", box.directory);
        (void) snprintf(run, sizeof(run), "%s/jobs", box.directory);
        ASSERT_TRUE(mkdir(box.source, 0755) == 0 && mkdir(run, 0755) == 0);
        box.m.runtime_directory = box.directory;
        ASSERT_OK(sd_event_new(&box.m.event));
        minisign_secret_make(&box.secret);
        minisign_public_of(&box.secret, &public);
        minisign_public_text(&public, box.key_text);
        manager_up();
        ASSERT_OK(store_begin(box.m.store, NULL));
        ASSERT_OK(store_catalogue_source_set(box.m.store, "ours", box.source, box.key_text, NULL));
        ASSERT_OK(store_commit(box.m.store, NULL));
}

static void box_down(void) {
        char command[100];
        manager_down();
        box.m.event = sd_event_unref(box.m.event);
        json_decref(box.m.machine);
        (void) snprintf(command, sizeof(command), "rm -rf %s", box.directory);
        ASSERT_EQ(system(command), 0);
}

/* --- what is served --- */

static void package(const char* id, const char* version, const char* title) {
        _cleanup_json_ json_t* manifest = json_pack("{s:i, s:s, s:s, s:{s:s}, s:{s:s}, s:[{s:s, s:s}]}", "format", 1, "id", id, "version", version, "title",
                "en", title, "summary", "en", "One of them", "containers", "name", "web", "image", PIN);
        _cleanup_free_ char* file = NULL;
        ASSERT_OK(pack_write(manifest, &box.secret, box.source, &file, NULL));
}

static void indexed(int64_t serial, int64_t made_at, unsigned days) {
        const PackIndex options = { .name = "Ours", .serial = serial, .made_at = made_at, .days = days };
        unsigned n;
        _cleanup_error_ Error e = ERROR_NULL;
        if (pack_index(box.source, &box.secret, &options, &n, &e) < 0)
                TEST_FAIL("%s", strempty(e.message));
}

static void path_of(const char* name, char ret[static 200]) {
        (void) snprintf(ret, 200, "%s/%s", box.source, name);
}

static char* keep(const char* name, size_t* ret_size) {
        char path[200], *text = NULL;
        path_of(name, path);
        ASSERT_OK(file_read(AT_FDCWD, path, 1 << 20, &text, ret_size));
        return text;
}

static void put(const char* name, const char* text, size_t size) {
        char path[200];
        path_of(name, path);
        ASSERT_OK(file_write(AT_FDCWD, path, text, size, 0644));
}

/* --- refreshing --- */

static void begin(void) {
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(store_begin(box.m.store, NULL));
        if (catalogue_refresh(&box.m, &root, box.id, &e) < 0)
                TEST_FAIL("%s", strempty(e.message));
        ASSERT_OK(store_commit(box.m.store, NULL));
}

static bool over(void) {
        _cleanup_job_row_ JobRow row = {};
        ASSERT_EQ(store_job_get(box.m.store, box.id, &row, NULL), 1);
        return !streq(row.state, "queued") && !streq(row.state, "running");
}

static void await(void) {
        uint64_t until = now_usec(CLOCK_MONOTONIC) + PATIENCE_USEC;
        while (!over()) {
                ASSERT_TRUE(now_usec(CLOCK_MONOTONIC) < until);
                ASSERT_OK(sd_event_run(box.m.event, 50 * USEC_PER_MSEC));
        }
}

static char* error_of(const char* source) {
        _cleanup_catalogue_source_row_ CatalogueSourceRow row = {};
        ASSERT_EQ(store_catalogue_source_get(box.m.store, source, &row, NULL), 1);
        return TAKE_PTR(row.error);
}

static void refresh(const char* complaint) { /* NULL = it goes well */
        begin();
        await();
        _cleanup_free_ char* error = error_of("ours");
        if (complaint ? !strstr(error, complaint) : *error != 0)
                TEST_FAIL("the source says '%s', not '%s'", error, strempty(complaint));
}

static void offered(const char* package, const char* version) { /* NULL = it is not */
        _cleanup_catalogue_offer_ CatalogueOffer o = {};
        int r = catalogue_offer_find(&box.m, NULL, package, NULL, &o, NULL);
        ASSERT_OK(r);
        if (!streq_ptr(o.version, version))
                TEST_FAIL("%s is offered as %s, not %s", package, strempty(o.version), strempty(version));
}

/* --- tests --- */

TEST(what_a_source_offers_is_there_at_once) {
        int64_t now = now_seconds();
        box_up();
        package("notes", "1.0-1", "Notes");
        package("notes", "1.2-1", "Notes");
        package("wiki", "3-1", "Wiki");
        indexed(0, now, 30);
        refresh(NULL);
        offered("notes", "1.2-1");
        offered("wiki", "3-1");
        _cleanup_json_ json_t *versions = NULL, *items = NULL;
        ASSERT_OK(catalogue_versions(&box.m, "ours", "notes", NULL, &versions, NULL));
        ASSERT_EQ(json_array_size(versions), 2);
        ASSERT_OK(catalogue_offers(&box.m, "de", NULL, NULL, &items, NULL));
        ASSERT_EQ(json_array_size(items), 2);
        ASSERT_STREQ(json_get_string(json_array_get(items, 0), "title"), "Notes");

        package("notes", "1.10-1", "Notes"); /* newer by its number, not by its letters */
        char path[200];
        path_of("wiki-3-1.json", path);
        ASSERT_EQ(unlink(path), 0);
        _cleanup_json_ json_t* ends = json_pack("{s:s}", "notes", "2027-06-30");
        const PackIndex options = { .made_at = now, .days = 30, .end_of_life = ends };
        _cleanup_free_ char* end = NULL;
        unsigned n;
        ASSERT_EQ(catalogue_end_of_life(&box.m, "ours", "notes", &end, NULL), 0);
        ASSERT_OK(pack_index(box.source, &box.secret, &options, &n, NULL));
        refresh(NULL);
        offered("notes", "1.10-1");
        offered("wiki", NULL);
        ASSERT_EQ(catalogue_end_of_life(&box.m, "ours", "notes", &end, NULL), 1);
        ASSERT_STREQ(end, "2027-06-30");
        box_down();
}

TEST(what_is_bad_changes_nothing) {
        int64_t now = now_seconds();
        size_t size, index_size, signature_size, package_size;
        box_up();
        package("notes", "1-1", "Notes");
        indexed(5, now, 30);
        refresh(NULL);
        _cleanup_free_ char *index = keep("index.json", &index_size), *signature = keep("index.json.minisig", &signature_size);

        package("notes", "2-1", "Notes");
        indexed(6, now, 30);
        _cleanup_free_ char *newer = keep("index.json", &size), *changed = strdup(newer), *package_text = keep("notes-2-1.json", &package_size);
        *strstr(changed, "notes") = 'b';
        put("index.json", changed, size);
        refresh("does not fit");
        put("index.json", newer, size / 2); /* half of it */
        refresh("does not fit");
        put("index.json", "<html>please sign in</html>", 27);
        refresh("does not fit");
        put("index.json", newer, size);
        put("notes-2-1.json", package_text, package_size / 2);
        refresh("SHA-256");
        put("notes-2-1.json", package_text, package_size);
        offered("notes", "1-1");
        put("index.json", newer, 0);
        refresh("does not fit");

        char path[200];
        path_of("index.json", path);
        ASSERT_EQ(unlink(path), 0); /* pack does not write over one that is not its own, nor with a smaller serial */
        indexed(9, now - 40 * 86400, 30);
        refresh("expired");
        ASSERT_EQ(unlink(path), 0);
        indexed(7, now + 10 * 86400, 30);
        refresh("future");
        offered("notes", "1-1");

        ASSERT_EQ(unlink(path), 0);
        refresh("cannot be read");
        ASSERT_EQ(mkfifo(path, 0644), 0); /* nobody waits for a pipe */
        refresh("not a file");
        ASSERT_EQ(unlink(path), 0);
        offered("notes", "1-1");

        indexed(8, now, 30);
        refresh(NULL);
        offered("notes", "2-1");
        put("index.json", index, index_size); /* an old one, well signed */
        put("index.json.minisig", signature, signature_size);
        refresh("somebody shows an old one");
        offered("notes", "2-1");
        box_down();
}

TEST(another_key_is_not_believed) {
        MinisignSecret other;
        box_up();
        package("notes", "1-1", "Notes");
        indexed(1, now_seconds(), 30);
        refresh(NULL);
        minisign_secret_make(&other);
        box.secret = other;
        char command[200];
        (void) snprintf(command, sizeof(command), "rm %s/*", box.source);
        ASSERT_EQ(system(command), 0);
        package("notes", "9-1", "Notes");
        indexed(2, now_seconds(), 30);
        refresh("another key");
        offered("notes", "1-1");
        box_down();
}

TEST(a_lying_job_is_not_believed) {
        static const struct {
                const char* question;
                const char* error;
        } lies[] = {
                { "{\"what\":\"index\",\"source\":\"ours\",\"text\":\"{}\",\"signature\":\"x\"}", "format" },
                { "{\"what\":\"package\",\"source\":\"ours\",\"text\":\"{}\",\"signature\":\"\"}", "format" },
                { "{\"what\":\"package\",\"source\":\"ours\",\"text\":1}", "comes with" },
                { "{\"what\":\"package\",\"source\":\"nobody\"}", "no source" },
                { "{\"what\":\"have\",\"source\":\"ours\",\"sha256\":[1]}", "texts" },
                { "{\"what\":\"passwords\",\"source\":\"ours\"}", "may not ask" },
                { "{}", "no source" },
        };
        box_up();
        package("notes", "1-1", "Notes");
        indexed(1, now_seconds(), 30);
        Job job = { .kind = JOB_CATALOGUE_REFRESH };
        for (size_t i = 0; i < ELEMENTS(lies); i++) {
                _cleanup_json_ json_t* question = json_loads(lies[i].question, 0, NULL);
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_TRUE(catalogue_refresh_job.asked(&box.m, &job, question, &e) < 0);
                if (!strstr(strempty(e.message), lies[i].error))
                        TEST_FAIL("%s: %s", lies[i].question, strempty(e.message));
        }
        /* A good index whose packages did not come. */
        size_t size;
        _cleanup_free_ char *index = keep("index.json", &size), *signature = keep("index.json.minisig", &size);
        _cleanup_json_ json_t* early = json_pack("{s:s, s:s, s:s, s:s}", "what", "index", "source", "ours", "text", index, "signature", signature);
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(catalogue_refresh_job.asked(&box.m, &job, early, &e) < 0);
        ASSERT_TRUE(strstr(e.message, "did not come") != NULL);
        offered("notes", NULL);
        box_down();
}

TEST(killed_on_the_way) {
        box_up();
        for (unsigned i = 0; i < 40; i++) {
                char id[16];
                (void) snprintf(id, sizeof(id), "app%u", i);
                package(id, "1-1", "App");
        }
        indexed(1, now_seconds(), 30);
        for (unsigned turns = 1; turns < 40; turns += 7) { /* the job dies here and there */
                begin();
                for (unsigned i = 0; i < turns; i++)
                        ASSERT_OK(sd_event_run(box.m.event, 20 * USEC_PER_MSEC));
                if (box.worker > 0)
                        (void) kill(box.worker, SIGKILL);
                await();
                _cleanup_catalogue_source_row_ CatalogueSourceRow row = {};
                ASSERT_EQ(store_catalogue_source_get(box.m.store, "ours", &row, NULL), 1);
                if (row.offers != 0 && row.offers != 40)
                        TEST_FAIL("%lld of 40 are offered", (long long) row.offers);
        }
        begin();
        ASSERT_OK(sd_event_run(box.m.event, 20 * USEC_PER_MSEC));
        manager_down(); /* the manager dies too, and comes back to a job that lives or not */
        manager_up();
        await();
        refresh(NULL);
        offered("app39", "1-1");
        box_down();
}

TEST(sources_and_who_may) {
        _cleanup_error_ Error fixed = ERROR_NULL, shut = ERROR_NULL;
        box_up();
        ASSERT_OK(store_begin(box.m.store, NULL));
        ASSERT_TRUE(catalogue_source_add(&box.m, "builtin", "https://a.example/c", box.key_text, &fixed) < 0);
        ASSERT_STREQ(fixed.field, "source");
        locked = true;
        ASSERT_TRUE(catalogue_source_add(&box.m, "mine", "https://a.example/c", box.key_text, &shut) < 0);
        ASSERT_TRUE(error_has_name(&shut, ERROR_LOCKED));
        ASSERT_TRUE(catalogue_source_remove(&box.m, "ours", NULL) < 0);
        locked = false;
        store_rollback(box.m.store);
        package("notes", "1-1", "Notes");
        package("wiki", "1-1", "Wiki");
        indexed(1, now_seconds(), 30);
        refresh(NULL);
        box.m.machine = json_pack("{s:{s:{s:[s, s], s:[s]}}}", "provider", "catalogue", "allow", "notes", "wiki", "deny", "wiki");
        offered("notes", "1-1");
        offered("wiki", NULL);
        ASSERT_FALSE(catalogue_allowed(&box.m, "other"));
        ASSERT_OK(catalogue_imports_check(&box.m, NULL)); /* allowed unless told */
        (void) json_object_set_new(json_object_get(json_object_get(box.m.machine, "provider"), "catalogue"), "imports", json_string("deny"));
        _cleanup_error_ Error denied = ERROR_NULL;
        ASSERT_TRUE(catalogue_imports_check(&box.m, &denied) < 0 && error_has_name(&denied, ERROR_LOCKED) && strstr(denied.hint, "catalogue"));
        _cleanup_json_ json_t* items = NULL;
        ASSERT_OK(catalogue_offers(&box.m, "en", NULL, "wiki", &items, NULL));
        ASSERT_FALSE(json_get_boolean(json_array_get(items, 0), "allowed", true)); /* shown, and said */
        box_down();
}

TEST(a_source_that_comes_late_is_fetched_next) {
        box_up();
        package("notes", "1-1", "Notes");
        indexed(1, now_seconds(), 30);
        begin();
        ASSERT_OK(store_begin(box.m.store, NULL));
        ASSERT_OK(catalogue_source_add(&box.m, "late", box.source, box.key_text, NULL));
        ASSERT_OK(store_commit(box.m.store, NULL));
        uint64_t until = now_usec(CLOCK_MONOTONIC) + PATIENCE_USEC;
        for (;;) {
                _cleanup_catalogue_source_row_ CatalogueSourceRow row = {};
                ASSERT_EQ(store_catalogue_source_get(box.m.store, "late", &row, NULL), 1);
                if (row.offers == 1)
                        break;
                ASSERT_TRUE(now_usec(CLOCK_MONOTONIC) < until);
                ASSERT_OK(sd_event_run(box.m.event, 50 * USEC_PER_MSEC));
        }
        box_down();
}

/* What the provider keeps of a package speaks before what others call the same. */
TEST(two_sources_of_one_name) {
        box_up();
        package("notes", "1-1", "Notes");
        indexed(1, now_seconds(), 30);
        ASSERT_OK(store_begin(box.m.store, NULL));
        ASSERT_OK(store_catalogue_source_set(box.m.store, CATALOGUE_PROVIDER, box.source, box.key_text, NULL));
        ASSERT_OK(store_catalogue_source_set(box.m.store, "aaa", box.source, box.key_text, NULL));
        ASSERT_OK(store_commit(box.m.store, NULL));
        refresh(NULL);
        _cleanup_catalogue_offer_ CatalogueOffer o = {};
        ASSERT_EQ(catalogue_offer_find(&box.m, NULL, "notes", NULL, &o, NULL), 1);
        ASSERT_STREQ(o.source, CATALOGUE_PROVIDER);
        _cleanup_json_ json_t* items = NULL;
        ASSERT_OK(catalogue_offers(&box.m, "en", NULL, NULL, &items, NULL));
        ASSERT_EQ(json_array_size(items), 1);
        ASSERT_STREQ(json_get_string(json_array_get(items, 0), "source"), CATALOGUE_PROVIDER);
        box_down();
}

TEST(a_source_that_fails_or_runs_out_is_told) {
        box_up();
        package("notes", "1-1", "Notes");
        indexed(1, now_seconds(), 30);
        refresh(NULL);
        found_n = 0;
        ASSERT_OK(catalogue_findings(&box.m, NULL, NULL));
        ASSERT_EQ(found_n, 0);
        ASSERT_OK(store_begin(box.m.store, NULL));
        ASSERT_OK(store_catalogue_source_failed(box.m.store, "ours", "a.example cannot be reached.", NULL));
        ASSERT_OK(catalogue_findings(&box.m, NULL, NULL));
        ASSERT_EQ(found_n, 1);
        ASSERT_STREQ(found, "1 catalogue.failing ours catalogue.refresh a.example cannot be reached.");
        /* What it said last was good until yesterday. */
        ASSERT_OK(store_catalogue_source_believed(box.m.store, "ours", "Our apps", 2, now_seconds() - 86400, now_seconds() - 90000, NULL));
        ASSERT_OK(catalogue_findings(&box.m, NULL, NULL));
        ASSERT_EQ(found_n, 2);
        ASSERT_STREQ(found, "2 catalogue.expired ours catalogue.refresh ");
        /* One that never came at all is worth a warning. */
        ASSERT_OK(store_catalogue_source_set(box.m.store, "mute", "https://mute.example/c", box.key_text, NULL));
        ASSERT_OK(store_catalogue_source_remove(box.m.store, "ours", NULL));
        ASSERT_OK(store_catalogue_source_failed(box.m.store, "mute", "No.", NULL));
        ASSERT_OK(catalogue_findings(&box.m, NULL, NULL));
        ASSERT_STREQ(found, "3 catalogue.failing mute catalogue.refresh No.");
        store_rollback(box.m.store);
        box_down();
}

TEST_MAIN()
