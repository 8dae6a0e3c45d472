/* The whole way of an image, from registries good and bad (tests/lib/hostile_registry.py) into a directory, with the real steadbox-unpack in a
 * real user namespace. Needs root for that namespace's ids; without it there is nothing to test. */
#include "base/test.h"
#include "base/file.h"
#include "image/pull.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define FIRST_ID 0x70000000u

static char top[] = "/tmp/steadbox-test-pull.XXXXXX";
static char host[64];
static char* digests; /* lines "name sha256:hex" */
static Sandbox* sandbox;
static ImageStore store;
static bool want_cancel;
static unsigned asked_for_credentials;
static uint64_t held_usec; /* of PullOptions */
static const char* token_host; /* that the login names; NULL = none */

/* --- around --- */

static pid_t registry_start(int* ret_stdin) {
        int pipes[2];
        char port_file[100];
        (void) snprintf(port_file, sizeof(port_file), "%s/port", top);
        ASSERT_OK(pipe2(pipes, 0));
        pid_t pid = fork();
        ASSERT_OK(pid);
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) dup2(pipes[0], 0);
                (void) close_range(3, ~0U, 0);
                (void) execlp("python3", "python3", REGISTRY, port_file, NULL);
                _exit(127);
        }
        (void) close(pipes[0]);
        *ret_stdin = pipes[1];
        for (unsigned i = 0; i < 1200; i++) {
                if (file_read(AT_FDCWD, port_file, 65536, &digests, NULL) >= 0) {
                        (void) snprintf(host, sizeof(host), "127.0.0.1:%d", atoi(digests));
                        return pid;
                }
                (void) usleep(100000);
        }
        TEST_FAIL("the registry does not start");
}

/* steadbox-images with two capabilities, as the unit makes it. */
static void become_images(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        const uint32_t caps = 1u << CAP_SETUID | 1u << CAP_SETGID;
        struct __user_cap_data_struct data[2] = { { .effective = caps, .permitted = caps } };
        ASSERT_OK(prctl(PR_SET_KEEPCAPS, 1));
        ASSERT_OK(setgroups(0, NULL));
        ASSERT_OK(setresgid(FIRST_ID, FIRST_ID, FIRST_ID));
        ASSERT_OK(setresuid(FIRST_ID, FIRST_ID, FIRST_ID));
        ASSERT_OK(syscall(SYS_capset, &header, data));
        ASSERT_OK(prctl(PR_SET_DUMPABLE, 1)); /* else /proc/<child>/uid_map would be root's */
}

static bool on_cancelled(void* userdata) {
        return want_cancel;
}

static int on_credentials(const char* name, RegistryCredentials* ret, void* userdata, Error* reterr) {
        asked_for_credentials++;
        ASSERT_STREQ(name, host);
        *ret = (RegistryCredentials) { strdup("ada"), strdup("correct horse"), strdup(strempty(token_host)) };
        return 0;
}

static int pull_for(const char* name, const char* suffix, json_t* users, json_t** ret, Error* reterr) {
        char reference[IMAGE_REFERENCE_MAX];
        (void) snprintf(reference, sizeof(reference), "%s/%s%s", host, name, suffix);
        _cleanup_json_ json_t* request = json_pack("{s:[{s:s, s:o?}]}", "images", "reference", reference, "users", users);
        _cleanup_json_ json_t* result = NULL;
        const PullOptions options = { .request = request, .store = &store, .sandbox = sandbox, .plain = true,
                                      .patience_usec = 20 * USEC_PER_SEC, .held_usec = held_usec, .credentials = on_credentials,
                                      .cancelled = on_cancelled };
        int r = pull_run(&options, &result, reterr);
        if (r >= 0)
                *ret = json_incref(json_array_get(json_object_get(result, "images"), 0));
        return r;
}

static json_t* pull(const char* name) {
        _cleanup_error_ Error e = ERROR_NULL;
        json_t* image = NULL;
        if (pull_for(name, ":latest", NULL, &image, &e) < 0)
                TEST_FAIL("%s: %s", name, e.message);
        return image;
}

/* The image is refused, and nothing of it is left but what had come before. */
static void refused(const char* name, ErrorName wanted, const char* sentence) {
        _cleanup_error_ Error e = ERROR_NULL;
        json_t* image = NULL;
        if (pull_for(name, ":latest", NULL, &image, &e) >= 0)
                TEST_FAIL("%s was taken", name);
        if (e.name != wanted || !strstr(e.message, sentence))
                TEST_FAIL("%s: %s: %s", name, error_name_to_string(e.name), e.message);
}

/* A path in the image's layer number i, counted from the top. */
static void path_in(const json_t* image, size_t i, const char* path, char ret[static 512]) {
        const json_t* layers = json_object_get(image, "layers");
        ASSERT_TRUE(json_array_size(layers) > i);
        (void) snprintf(ret, 512, "%s/images/layers/%s/%s", top, json_string_value(json_array_get(layers, json_array_size(layers) - 1 - i)), path);
}

/* Inside the images' ids: some of the files are closed to others, and this process lost its privileges. */
static struct stat look(const json_t* image, const char* path) {
        char full[512];
        struct stat st;
        path_in(image, 0, path, full);
        if (lstat(full, &st) < 0)
                TEST_FAIL("%s: %s", full, strerror(errno));
        return st;
}

static bool is_there(const json_t* image, const char* path) {
        char full[512];
        struct stat st;
        path_in(image, 0, path, full);
        return lstat(full, &st) == 0;
}

static void attribute_is(const json_t* image, const char* path, const char* name, const char* value) {
        char full[512], found[64] = {};
        path_in(image, 0, path, full);
        ssize_t n = lgetxattr(full, name, found, sizeof(found) - 1);
        if (value ? n < 0 || !streq(found, value) : n >= 0)
                TEST_FAIL("%s of %s is '%s'", name, path, found);
}

static void upper_is_right(const json_t* image) {
        struct stat st = look(image, "bin/tool"), other = look(image, "bin/other");
        ASSERT_EQ(st.st_mode, S_IFREG | 04755); /* mounted nosuid later */
        ASSERT_EQ(st.st_uid, FIRST_ID + 33);
        ASSERT_EQ(st.st_gid, FIRST_ID);
        ASSERT_EQ(st.st_size, 4000);
        ASSERT_EQ(st.st_mtime, 1700000000);
        ASSERT_EQ(st.st_ino, other.st_ino);
        ASSERT_TRUE(S_ISLNK(look(image, "bin/link").st_mode));
        attribute_is(image, "var/cache/old", "user.overlay.opaque", "y");
        ASSERT_EQ(look(image, "var/cache/old/new").st_uid, FIRST_ID + 33);
        st = look(image, "etc/hosts");
        ASSERT_TRUE(S_ISCHR(st.st_mode) && st.st_rdev == 0);
        ASSERT_FALSE(is_there(image, "etc/.wh.hosts") || is_there(image, "var/cache/old/.wh..wh..opq"));
        ASSERT_FALSE(is_there(image, "dev/null") || is_there(image, "dev/sda") || is_there(image, "etc/group"));
        ASSERT_TRUE(S_ISFIFO(look(image, "run/pipe").st_mode));
        ASSERT_EQ(look(image, "absolute/file").st_ino, look(image, "absolute/link").st_ino); /* of the image */
        ASSERT_TRUE(S_ISLNK(look(image, "absolute/out").st_mode));
        ASSERT_ERROR(access("/absolute", F_OK) < 0 ? -errno : 0, ENOENT);
        attribute_is(image, "with-attribute", "user.mine", "yes");
        attribute_is(image, "with-attribute", "user.overlay.redirect", NULL);
        attribute_is(image, "with-attribute", "security.capability", NULL);
        ASSERT_EQ(look(image, "name-\xc3\xbc\xe4\xb8\xad").st_size, 5);
        ASSERT_EQ(look(image, "twice").st_size, 3);
        ASSERT_TRUE(S_ISREG(look(image, "replaced").st_mode));
        attribute_is(image, "late", "user.overlay.opaque", "y");
        attribute_is(image, "early", "user.overlay.opaque", "y");
        ASSERT_TRUE(is_there(image, "early/file"));
}

static void config_is_right(const json_t* image) {
        const json_t* c = json_object_get(image, "config");
        const json_t* u = json_object_get(json_object_get(image, "users"), "");
        _cleanup_free_ char *text = json_text(c, true), *user = json_text(u, true);
        ASSERT_STREQ(text, "{\"command\":[\"/bin/sh\"],\"cwd\":\"/home\",\"entrypoint\":[],\"env\":[\"PATH=/bin\",\"A=b c\"],\"labels\":{\"a\":\"b\"},"
                           "\"ports\":[\"80/tcp\"],\"stop_signal\":3,\"user\":\"ada\",\"volumes\":[\"/data\"]}");
        ASSERT_STREQ(user, "{\"gid\":1001,\"groups\":[33,50],\"uid\":1000}");
}

/* --- what works --- */

TEST(good_images) {
        static const char* const names[] = { "good/gzip", "good/zstd", "good/plain", "good/docker", "good/index", "good/list" };
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_json_ json_t* image = pull(names[i]);
                upper_is_right(image);
                config_is_right(image);
                ASSERT_EQ(json_array_size(json_object_get(image, "layers")), 2);
                ASSERT_TRUE(json_get_integer(image, "size", 0) > 4000);
        }
}

TEST(what_is_there_is_not_fetched_again) {
        json_decref(pull("good/gzip"));
        _cleanup_json_ json_t *image = pull("good/gzip"), *shared = pull("good/shared");
        ASSERT_EQ(json_get_integer(image, "fetched", -1), 0);
        /* Its own layer is some hundred bytes, the base's blob is not among them. */
        ASSERT_TRUE(json_get_integer(shared, "fetched", -1) < 250);
        ASSERT_STREQ(json_string_value(json_array_get(json_object_get(image, "layers"), 0)),
                     json_string_value(json_array_get(json_object_get(shared, "layers"), 0)));
}

TEST(a_pinned_image_that_is_here_needs_no_registry) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t *image = pull("good/index"), *again = NULL;
        char suffix[100], kept[64];
        const char* pinned = json_get_string(image, "pinned");
        (void) snprintf(suffix, sizeof(suffix), "%s", strchr(pinned, '@'));
        ASSERT_TRUE(strstr(digests, suffix + 1) != NULL); /* the index */
        (void) snprintf(kept, sizeof(kept), "%s", host);
        (void) snprintf(host, sizeof(host), "127.0.0.1:1");
        ASSERT_OK(pull_for("good/index", suffix, json_pack("[s, s, s]", "www-data", "1:2", "ada:staff"), &again, &e));
        (void) snprintf(host, sizeof(host), "%s", kept);
        const json_t* users = json_object_get(again, "users");
        _cleanup_free_ char* text = json_text(users, true);
        ASSERT_STREQ(text, "{\"\":{\"gid\":1001,\"groups\":[33,50],\"uid\":1000},\"1:2\":{\"gid\":2,\"groups\":[],\"uid\":1},"
                           "\"ada\":{\"gid\":1001,\"groups\":[33,50],\"uid\":1000},\"ada:staff\":{\"gid\":50,\"groups\":[],\"uid\":1000},"
                           "\"www-data\":{\"gid\":33,\"groups\":[50],\"uid\":33}}");
}

TEST(odd_but_good) {
        _cleanup_json_ json_t *twice = pull("good/twice"), *empty = pull("good/empty"), *links = pull("good/symlinks");
        ASSERT_EQ(json_array_size(json_object_get(twice, "layers")), 2); /* one directory cannot lie below itself */
        ASSERT_EQ(json_array_size(json_object_get(empty, "layers")), 2);
        ASSERT_TRUE(is_there(links, "usr/bin/inside"));
        ASSERT_TRUE(is_there(links, "etc/passwd")); /* /etc of the image */
        ASSERT_TRUE(is_there(links, "kept"));
        ASSERT_EQ(json_get_integer(json_object_get(json_object_get(links, "users"), ""), "uid", -1), 0);
}

/* Copies with everything that belongs to a file; its own links stay links. What lies below belongs to others and is not touched. */
static void links_are_right(const json_t* image, size_t layer, const char* text) {
        static const char* const names[] = { "bin/bash", "bin/twice", "bin/thrice" };
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_free_ char* found = NULL;
                char full[512], value[8] = {};
                struct stat st;
                path_in(image, layer, names[i], full);
                ASSERT_OK(lstat(full, &st));
                ASSERT_EQ(st.st_mtime, 1700000000);
                ASSERT_OK(file_read(AT_FDCWD, full, 100, &found, NULL));
                ASSERT_STREQ(found, text);
                if (!streq(text, "#!\n"))
                        continue;
                ASSERT_EQ(st.st_mode, S_IFREG | 04755);
                ASSERT_EQ(st.st_uid, FIRST_ID + 7);
                ASSERT_TRUE(getxattr(full, "user.mine", value, sizeof(value)) == 3);
        }
}

TEST(hard_links_into_other_layers_become_copies) {
        _cleanup_json_ json_t *below = pull("good/below"), *other = pull("good/below-other"), *shared = pull("good/shared");
        struct stat bash, thrice, sh;
        char full[512];
        links_are_right(below, 1, "#!\n");
        links_are_right(other, 0, "another"); /* the same layer, but of another image: neither gets the other's files */
        path_in(below, 1, "bin/bash", full);
        ASSERT_OK(lstat(full, &bash));
        path_in(below, 1, "bin/thrice", full);
        ASSERT_OK(lstat(full, &thrice));
        path_in(shared, 1, "bin/sh", full);
        ASSERT_OK(lstat(full, &sh));
        ASSERT_EQ(bash.st_ino, thrice.st_ino);
        ASSERT_EQ(sh.st_nlink, 1);
        path_in(below, 1, "etc/deep/er/passwd", full);
        ASSERT_OK(access(full, R_OK));
        ASSERT_TRUE(is_there(below, "last"));
        /* The image is known, layers and all: nothing moves, and another one with the same layers below moves only its own. */
        _cleanup_json_ json_t* again = pull("good/below");
        ASSERT_EQ(json_get_integer(again, "fetched", -1), 0);
        _cleanup_json_ json_t* more = pull("good/below-more");
        ASSERT_TRUE(json_get_integer(more, "fetched", -1) < 250);
        ASSERT_STREQ(json_string_value(json_array_get(json_object_get(more, "layers"), 1)),
                     json_string_value(json_array_get(json_object_get(below, "layers"), 1)));
}

/* The upper one is named by the one below as well, so that it is found only when it gets its name. */
TEST(a_layer_with_links_that_is_there_already_is_taken) {
        _cleanup_json_ json_t* first = pull("good/below-below");
        char name[IMAGE_ASIDE_BYTES];
        const char* below = json_string_value(json_array_get(json_object_get(first, "layers"), 1));
        ASSERT_OK(image_store_layer_aside(&store, below, name));
        _cleanup_json_ json_t* again = pull("good/below-below");
        ASSERT_TRUE(json_equal(json_object_get(first, "layers"), json_object_get(again, "layers")));
        ASSERT_TRUE(image_store_has_layer(&store, below));
        ASSERT_TRUE(is_there(again, "bin/again"));
}

/* --- what is refused --- */

TEST(bad_images) {
        static const struct {
                const char *name, *sentence;
        } cases[] = {
                { "bad/user", "no user 'nobody-here'" },
                { "bad/dots", "leads out of the image" },
                { "bad/dots-inside", "leads out of the image" },
                { "bad/hardlink", "link that leads out" },
                { "bad/hardlink-absolute", "by way of another link" },
                { "bad/hardlink-nowhere", "not in the image" },
                { "bad/hardlink-lowest", "not in the image" },
                { "bad/hardlink-hidden", "not in the image" },
                { "bad/hardlink-own-hidden", "not in the image" },
                { "bad/hardlink-opaque", "not in the image" },
                { "bad/hardlink-replaced", "not in the image" },
                { "bad/hardlink-directory", "something that is no file" },
                { "bad/hardlink-by-link", "by way of another link" },
                { "bad/hardlink-to-link", "something that is no file" },
                { "bad/hardlink-bomb", "300 times its size" },
                { "bad/hardlink-many", "more than 10000 links" },
                { "bad/whiteout", "leads out of the image" },
                { "bad/id", "65,536 users" },
                { "bad/under-file", "is something else" },
                { "bad/under-nothing", "not in its layer" },
                { "bad/name", "name is too long" },
                { "bad/tar", "damaged" },
                { "bad/cut-tar", "damaged" },
                { "bad/cut-gzip", "damaged" },
                { "bad/cut-zstd", "damaged" },
                { "bad/zstd-window", "damaged" },
                { "bad/bomb", "300 times its size" },
                { "bad/many", "more than 1000000 files" },
                { "bad/digest", "digest is wrong" },
                { "bad/longer", "sends more" },
                { "bad/shorter", "less of" },
                { "bad/foreign", "made for linux/s390x" },
                { "bad/foreign-index", "no version of the image" },
                { "bad/windows", "made for windows" },
                { "bad/layer-type", "does not know layers of the kind" },
                { "bad/foreign-layer", "does not know layers of the kind" },
                { "bad/type", "unknown kind" },
                { "bad/schema1", "schema 1" },
                { "bad/chart", "not the image of a program" },
                { "bad/layers", "128 layers" },
                { "bad/both", "neither an index nor an image" },
                { "bad/more-layers", "different layers" },
                { "bad/negative", "impossible size" },
                { "bad/huge", "impossible size" },
                { "bad/md5", "not named by a SHA-256" },
                { "bad/signal", "something that cannot be" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                refused(cases[i].name, ERROR_BAD_IMAGE, cases[i].sentence);
        ASSERT_ERROR(access("/tmp/steadbox-escaped", F_OK) < 0 ? -errno : 0, ENOENT);
        refused("good/nothing", ERROR_NOT_FOUND, "is not at");
        refused("bad/endless", ERROR_BAD_IMAGE, "sends more for");
}

/* --- difficult doors --- */

TEST(moods) {
        static const char* const names[] = { "mood/token", "mood/redirect", "mood/limit", "mood/errors", "mood/dies", "mood/no-range" };
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_json_ json_t* image = pull(names[i]);
                ASSERT_EQ(look(image, "mood").st_size, (long) strlen(names[i] + 5) + 600000);
                int64_t fetched = json_get_integer(image, "fetched", 0);
                if (streq(names[i], "mood/dies") && (fetched < 600000 || fetched > 620000)) /* nothing twice */
                        TEST_FAIL("%lld bytes were fetched", (long long) fetched);
        }
}

TEST(credentials_are_asked_for_once_and_go_to_their_registry) {
        unsigned before = asked_for_credentials;
        _cleanup_json_ json_t *password = pull("mood/password"), *basic = pull("mood/basic");
        ASSERT_TRUE(is_there(password, "mood") && is_there(basic, "mood"));
        ASSERT_EQ(asked_for_credentials - before, 2);
}

/* A login's password is for its registry: who else is to be told it must have been named. */
TEST(a_password_does_not_follow_to_another_token_server) {
        char other[64];
        (void) snprintf(other, sizeof(other), "localhost:%s", strrchr(host, ':') + 1);
        token_host = "auth.example";
        refused("mood/elsewhere", ERROR_WRONG_CREDENTIALS, "not told the password");
        token_host = other;
        _cleanup_json_ json_t* image = pull("mood/elsewhere");
        ASSERT_TRUE(is_there(image, "mood"));
        token_host = NULL;
}

static int login(const char* image, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* request = json_pack("{s:{s:s, s:o}}", "login", "host", host, "image", json_string_or_null(image));
        const PullOptions options = { .request = request, .store = &store, .sandbox = sandbox, .plain = true, .patience_usec = 20 * USEC_PER_SEC,
                                      .credentials = on_credentials };
        return pull_run(&options, ret, reterr);
}

TEST(a_login_is_tried_without_fetching) {
        _cleanup_error_ Error e = ERROR_NULL, e2 = ERROR_NULL, e3 = ERROR_NULL;
        _cleanup_json_ json_t *any = NULL, *one = NULL, *none = NULL;
        char reference[IMAGE_REFERENCE_MAX];
        if (login(NULL, &any, &e) < 0)
                TEST_FAIL("%s", e.message);
        ASSERT_TRUE(json_get_boolean(any, "accepted", false) && json_get_boolean(any, "asked", false));
        (void) snprintf(reference, sizeof(reference), "%s/mood/password:latest", host);
        if (login(reference, &one, &e) < 0)
                TEST_FAIL("%s", e.message);
        ASSERT_TRUE(json_get_boolean(one, "accepted", false));
        (void) snprintf(reference, sizeof(reference), "%s/mood/nothing:latest", host);
        ASSERT_TRUE(login(reference, &none, &e2) < 0);
        ASSERT_EQ(e2.name, ERROR_NOT_FOUND);
        ASSERT_TRUE(login("elsewhere.example/x:1", &none, &e3) < 0);
        ASSERT_EQ(e3.name, ERROR_BAD_REQUEST);
}

/* What anybody may have says nothing of a password that nobody was told; without the test of a login it is had all the same. */
TEST(a_login_whose_password_was_withheld_is_not_accepted) {
        _cleanup_error_ Error e = ERROR_NULL, e2 = ERROR_NULL;
        _cleanup_json_ json_t *none = NULL, *one = NULL;
        char reference[IMAGE_REFERENCE_MAX], other[64];
        (void) snprintf(reference, sizeof(reference), "%s/mood/free-elsewhere:latest", host);
        ASSERT_TRUE(login(reference, &none, &e) < 0);
        ASSERT_EQ(e.name, ERROR_WRONG_CREDENTIALS);
        ASSERT_TRUE(strstr(e.message, "not told the password") && e.hint);
        (void) snprintf(other, sizeof(other), "localhost:%s", strrchr(host, ':') + 1);
        token_host = other;
        int r = login(reference, &one, &e2);
        token_host = NULL;
        if (r < 0)
                TEST_FAIL("%s", e2.message);
        ASSERT_TRUE(json_get_boolean(one, "accepted", false));
        _cleanup_json_ json_t* image = pull("mood/free-elsewhere");
        ASSERT_TRUE(is_there(image, "mood"));
}

TEST(doors_that_stay_shut) {
        refused("mood/limit-long", ERROR_TOO_MANY, "no more downloads");
        refused("mood/circle", ERROR_UNREACHABLE, "around in circles");
        refused("mood/downgrade", ERROR_UNREACHABLE, "does not go");
        refused("mood/silent-token", ERROR_UNREACHABLE, "gave no token");
}

TEST(a_cancelled_pull_ends) {
        want_cancel = true;
        refused("good/big", ERROR_WRONG_STATE, "cancelled");
        want_cancel = false;
        _cleanup_json_ json_t* image = pull("good/big");
        ASSERT_TRUE(is_there(image, "data/2"));
}

/* Somebody has its lock and never lets go. */
TEST(a_layer_that_another_job_holds_is_fetched_beside_it) {
        _cleanup_json_ json_t* first = pull("good/zstd");
        char name[IMAGE_ASIDE_BYTES];
        struct stat st;
        const json_t* layers = json_object_get(first, "layers");
        const char* top_layer = json_string_value(json_array_get(layers, json_array_size(layers) - 1));
        ASSERT_OK(image_store_layer_aside(&store, top_layer, name));
        _cleanup_close_ int fd = ASSERT_OK(openat(store.incoming_fd, top_layer, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_OK(flock(fd, LOCK_EX | LOCK_NB));
        held_usec = 500 * USEC_PER_MSEC;
        _cleanup_json_ json_t* again = pull("good/zstd");
        held_usec = 0;
        ASSERT_TRUE(json_equal(layers, json_object_get(again, "layers")));
        ASSERT_TRUE(image_store_has_layer(&store, top_layer));
        ASSERT_OK(fstatat(store.incoming_fd, top_layer, &st, 0)); /* its file is its own still */
        ASSERT_EQ(st.st_size, 0);
        ASSERT_OK(unlinkat(store.incoming_fd, top_layer, 0));
}

static int keep_often(const char* hex) {
        _cleanup_json_ json_t* record = json_pack("{s:s, s:[]}", "pinned", "example.test/one@sha256:1", "layers");
        char directory[64];
        ImageStore own;
        (void) snprintf(directory, sizeof(directory), "%s/images", top);
        int r = image_store_open(directory, /* exclusive= */ false, &own, NULL);
        for (unsigned i = 0; i < 200 && r >= 0; i++) {
                r = image_store_record_put(&own, hex, record, NULL);
                if (r >= 0)
                        r = image_store_layer_size_set(&own, hex, i);
        }
        return r;
}

TEST(two_jobs_keep_what_they_know_of_one_image) {
        char hex[IMAGE_HEX_BYTES] = {}, name[IMAGE_HEX_BYTES + 8];
        pid_t pids[2];
        memset(hex, 'a', sizeof(hex) - 1);
        for (unsigned i = 0; i < ELEMENTS(pids); i++) {
                pids[i] = ASSERT_OK(fork());
                if (pids[i] == 0)
                        _exit(keep_often(hex) < 0);
        }
        for (unsigned i = 0; i < ELEMENTS(pids); i++) {
                int status;
                ASSERT_OK(waitpid(pids[i], &status, 0));
                ASSERT_EQ(status, 0);
        }
        (void) snprintf(name, sizeof(name), "%s.json", hex);
        ASSERT_OK(unlinkat(store.manifests_fd, name, 0));
        ASSERT_OK(unlinkat(store.sizes_fd, hex, 0));
}

/* --- cleaning --- */

static unsigned layers_named(const json_t* layers) {
        for (size_t i = 0; i < json_array_size(layers); i++) {
                char directory[100];
                (void) snprintf(directory, sizeof(directory), "%s/images/layers", top);
                _cleanup_error_ Error e = ERROR_NULL;
                _cleanup_json_ json_t* answer = NULL;
                SandboxRun run;
                const char* const argv[] = { "remove", directory, json_string_value(json_array_get(layers, i)), NULL };
                ASSERT_OK(sandbox_start(sandbox, argv, store.lock_fd, &run, &e));
                if (sandbox_wait(&run, 0, &answer, &e) < 0)
                        TEST_FAIL("%s", e.message);
        }
        return (unsigned) json_array_size(layers);
}

TEST(cleaning_keeps_what_is_named) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t *image = pull("good/gzip"), *shared = pull("good/shared"), *layers = NULL, *rest = NULL;
        _cleanup_json_ json_t *keep = json_pack("[s]", startswith(json_get_string(shared, "digest"), "sha256:"));
        unsigned removed;
        json_decref(pull("good/zstd"));
        json_decref(pull("good/deep"));
        refused("bad/under-file", ERROR_BAD_IMAGE, "is something else");
        ASSERT_OK(image_store_sweep(&store, keep, /* grace= */ 3600, &removed, &layers, &e));
        ASSERT_EQ(removed, 0); /* all were pulled just now; what lies about is of images that were refused */
        ASSERT_TRUE(layers_named(layers) > 0);
        ASSERT_TRUE(is_there(image, "bin/tool") && is_there(shared, "app/own"));
        ASSERT_OK(image_store_sweep(&store, keep, /* grace= */ 0, &removed, &rest, &e));
        ASSERT_TRUE(removed >= 2 && layers_named(rest) >= 3);
        ASSERT_FALSE(is_there(image, "bin/tool"));
        ASSERT_TRUE(is_there(shared, "app/own"));
        char passwd[512];
        path_in(shared, 1, "etc/passwd", passwd);
        ASSERT_OK(access(passwd, R_OK));
}

/* A clean-up that is killed right after it put a layer aside, and that twice: the image is not here any more, and a pull makes it whole. */
TEST(a_layer_put_aside_counts_no_more) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t *layers = NULL;
        unsigned removed, aside = 0;
        char name[IMAGE_ASIDE_BYTES], gone[100];
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_json_ json_t *image = pull("good/gzip"), *found = NULL;
                ASSERT_TRUE(is_there(image, "bin/tool"));
                const json_t* names = json_object_get(image, "layers");
                const char* top_layer = json_string_value(json_array_get(names, json_array_size(names) - 1));
                ASSERT_OK(image_store_layer_aside(&store, top_layer, name));
                ASSERT_FALSE(image_store_has_layer(&store, top_layer));
                (void) snprintf(gone, sizeof(gone), ".gone-%s.", top_layer);
                ASSERT_TRUE(startswith(name, gone) != NULL);
                ASSERT_EQ(image_store_record_find(&store, startswith(json_get_string(image, "digest"), "sha256:"), &found), 0);
                ASSERT_ERROR(image_store_layer_aside(&store, top_layer, name), ENOENT);
        }
        ASSERT_OK(image_store_layer_aside(&store, ".incoming-of-a-killed-pull", name));
        ASSERT_STREQ(name, ".incoming-of-a-killed-pull");
        ASSERT_OK(file_write(store.manifests_fd, "half.json", "{", 1, 0600));
        ASSERT_OK(renameat(store.manifests_fd, "half.json", store.manifests_fd, "half.json.new")); /* as a killed pull leaves it */
        ASSERT_OK(image_store_sweep(&store, NULL, /* grace= */ 3600, &removed, &layers, &e));
        for (size_t i = 0; i < json_array_size(layers); i++)
                aside += startswith(json_string_value(json_array_get(layers, i)), gone) != NULL;
        ASSERT_EQ(aside, 2); /* both are removed by the next one */
        ASSERT_TRUE(layers_named(layers) >= 2);
        ASSERT_TRUE(faccessat(store.manifests_fd, "half.json.new", F_OK, 0) < 0);
}

int main(int argc, char** argv) {
        extern const TestCase __start_steadbox_tests[], __stop_steadbox_tests[];
        _cleanup_error_ Error e = ERROR_NULL;
        char path[100], command[200];
        int registry_stdin;
        ASSERT_OK(secret_init());
        if (geteuid() != 0)
                return 77;
        ASSERT_TRUE(mkdtemp(top) != NULL);
        (void) snprintf(path, sizeof(path), "%s/images", top);
        ASSERT_OK(chmod(top, 0755));
        ASSERT_OK(mkdir(path, 0700));
        ASSERT_OK(chown(path, FIRST_ID, FIRST_ID));
        pid_t registry = registry_start(&registry_stdin);
        pid_t tests = fork();
        ASSERT_OK(tests);
        if (tests == 0) {
                become_images();
                if (sandbox_new(FIRST_ID, UNPACK, &sandbox, &e) < 0 || image_store_open(path, /* exclusive= */ false, &store, &e) < 0)
                        TEST_FAIL("%s", e.message);
                for (const char* p = (const char*) __start_steadbox_tests; p < (const char*) __stop_steadbox_tests; p += sizeof(TestCase)) {
                        const TestCase* t = (const TestCase*) p;
                        if (argc > 1 && !streq(argv[1], t->name))
                                continue;
                        t->run();
                        printf("ok - %s\n", t->name);
                        (void) fflush(stdout);
                }
                image_store_done(&store);
                (void) sandbox_free(sandbox);
                free(digests);
                return 0;
        }
        int status = 0;
        (void) waitpid(tests, &status, 0);
        (void) close(registry_stdin);
        (void) waitpid(registry, NULL, 0);
        free(digests);
        (void) snprintf(command, sizeof(command), "rm -rf %s", top);
        return system(command) == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
