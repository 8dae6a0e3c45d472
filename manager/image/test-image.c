/* What registries and images say, judged without either: references, challenges, documents, users, and what the manager takes from a job. */
#include "base/test.h"
#include "image/challenge.h"
#include "image/document.h"
#include "image/passwd.h"
#include "image/result.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OCI "application/vnd.oci.image."

static char* repeated(const char* before, char c, size_t n, const char* after) {
        char* s = malloc(strlen(before) + n + strlen(after) + 1);
        ASSERT_TRUE(s != NULL);
        (void) sprintf(s, "%s%*s%s", before, (int) n, "", after);
        memset(s + strlen(before), c, n);
        return s;
}

/* --- references --- */

TEST(references_mean_what_they_mean_elsewhere) {
        static const struct {
                const char *text, *host, *path, *tag, *hex;
        } cases[] = {
                { "redis", "docker.io", "library/redis", "latest", "" },
                { "me/app:1.2_B-c", "docker.io", "me/app", "1.2_B-c", "" },
                { "localhost/a", "localhost", "a", "latest", "" },
                { "registry.example:5000/a/b-c/d__e:7", "registry.example:5000", "a/b-c/d__e", "7", "" },
                { "[fd00::1]:5000/a", "[fd00::1]:5000", "a", "latest", "" },
                { "registry.example/a@sha256:" A, "registry.example", "a", "", A },
                { "my--own-r.example/a", "my--own-r.example", "a", "latest", "" },
                { "docker.io/redis:7@sha256:" A, "docker.io", "library/redis", "7", A },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                ImageReference r;
                if (image_reference_parse(cases[i].text, &r, NULL) < 0)
                        TEST_FAIL("%s is refused", cases[i].text);
                if (!streq(r.host, cases[i].host) || !streq(r.path, cases[i].path) || !streq(r.tag, cases[i].tag) || !streq(r.hex, cases[i].hex))
                        TEST_FAIL("%s became %s %s %s %s", cases[i].text, r.host, r.path, r.tag, r.hex);
        }
}

TEST(references_that_are_none) {
        static const char* const cases[] = {
                "", "/", "Redis", "a//b", "a/../b", "-a", "a-", "a___b", "a._b", "a:", "a:.x", "a:b:c", ("a@sha256:" A "a"), ("a@sha512:" A), "a@sha256:",
                "registry.example:/a", "registry.example:65536/a", ".example/a", "registry..example/a", "[]/a", "[fd00::1/a", "[f..d00::1]/a", "[.:1]/a", "[1.2.3.4]/a", "user@registry.example/a",
                "https://registry.example/a", "-r.example/a", "-:5000/a", "r-.example/a", "r.-example/a", "r.example-/a", "r--:5000/a", "r.example./a", "a b", "a\nb", "a?b",
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                ImageReference r;
                _cleanup_error_ Error e = ERROR_NULL;
                if (image_reference_parse(cases[i], &r, &e) >= 0)
                        TEST_FAIL("'%s' is taken", cases[i]);
                ASSERT_TRUE(error_has_name(&e, ERROR_BAD_FIELD) && streq(strempty(e.field), "image"));
        }
}

/* What is taken by its tag is kept by its digest, so the longer form must be a reference too. */
TEST(whatever_is_taken_can_be_pinned) {
        size_t taken = 0;
        for (size_t n = 1; n <= 260; n++) {
                _cleanup_free_ char *host = repeated("", 'a', 240, ".example"), *before = NULL, *text = NULL, *pinned = NULL;
                ImageReference r, again;
                ASSERT_TRUE(asprintf(&before, "%s/", host) > 0);
                text = repeated(before, 'b', n, "");
                if (image_reference_parse(text, &r, NULL) < 0)
                        continue;
                taken++;
                pinned = image_reference_pin(&r, A);
                ASSERT_OK(image_reference_parse(pinned, &again, NULL));
                ASSERT_TRUE(streq(again.host, r.host) && streq(again.path, r.path) && streq(again.hex, A));
        }
        ASSERT_TRUE(taken > 100);
}

/* --- challenges --- */

TEST(challenges) {
        ImageChallenge c;
        ASSERT_OK(image_challenge_parse("Bearer realm=\"https://auth.example/token\",service=\"r\", scope=\"repository:a/b:pull\"", false, &c));
        ASSERT_TRUE(!c.basic && streq(c.realm, "https://auth.example/token") && streq(c.service, "r") && streq(c.scope, "repository:a/b:pull"));
        ASSERT_OK(image_challenge_parse("bearer  REALM=https://a.example/t , x=y", false, &c));
        ASSERT_OK(image_challenge_parse("Basic realm=\"a \\\"name\\\"\", charset=UTF-8", false, &c));
        ASSERT_TRUE(c.basic && streq(c.realm, "a \"name\""));
        ASSERT_OK(image_challenge_parse("Bearer realm=http://127.0.0.1:5/t", true, &c));
}

TEST(challenges_that_lead_astray) {
        static const char* const cases[] = {
                "", "Bearer", "Digest realm=\"https://a.example/\"", "Bearer realm=\"http://a.example/\"", "Bearer realm=\"file:///etc/passwd\"",
                "Bearer realm=\"https://\"", "Bearer realm=\"https:///x\"", "Bearer realm=\"https://a@b.example/\"", "Bearer realm=\"https://a.example/#\"",
                "Bearer realm=\"https://a.example/ x\"", "Bearer realm=\"https://a.example/", "Bearer realm", "Bearer =x",
                "Bearer realm=\"https://a.example/\" service=x", "Bearer realm=\"https://a.example/\",scope=\"a\nb\"",
        };
        _cleanup_free_ char *long_realm = repeated("Bearer realm=\"https://a.example/", 'a', 1024, "\""),
                            *long_service = repeated("Bearer realm=\"https://a.example/\",service=", 'a', 256, "");
        ImageChallenge c;
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                if (image_challenge_parse(cases[i], false, &c) >= 0)
                        TEST_FAIL("'%s' is taken", cases[i]);
        ASSERT_ERROR(image_challenge_parse(long_realm, false, &c), EBADMSG);
        ASSERT_ERROR(image_challenge_parse(long_service, false, &c), EBADMSG);
}

/* --- documents --- */

static int document_of_version(int version, const char* rest, ImageDocument* ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        ASSERT_TRUE(asprintf(&text, "{\"schemaVersion\":%d%s}", version, rest) > 0);
        return image_document_parse("x", text, strlen(text), NULL, "amd64", ret, reterr);
}

static int document(const char* rest, ImageDocument* ret) {
        return document_of_version(2, rest, ret, NULL);
}

#define CONFIG ",\"config\":{\"mediaType\":\"" OCI "config.v1+json\",\"digest\":\"sha256:" A "\",\"size\":9}"
#define SIZED(hex, size) "{\"mediaType\":\"" OCI "layer.v1.tar+gzip\",\"digest\":\"sha256:" hex "\",\"size\":" size "}"
#define LAYER(hex) SIZED(hex, "5")
#define CHOICE(hex, platform) "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"sha256:" hex "\",\"size\":5,\"platform\":{\"os\":\"linux\"," platform "}}"

TEST(an_index_leads_to_this_machine) {
        ImageDocument d;
        ASSERT_OK(document(",\"manifests\":[" CHOICE(A, "\"architecture\":\"arm64\"") "," CHOICE(B, "\"architecture\":\"amd64\"") "]", &d));
        ASSERT_TRUE(d.is_index && streq(d.chosen.hex, B) && d.chosen.size == 5);
        ASSERT_TRUE(document(",\"manifests\":[" CHOICE(A, "\"architecture\":\"amd64\",\"variant\":\"v3\"") "]", &d) < 0);
        ASSERT_TRUE(document(",\"manifests\":[]", &d) < 0);
}

TEST(a_layer_that_comes_twice_stands_where_it_comes_last) {
        ImageDocument d;
        ASSERT_OK(document(CONFIG ",\"layers\":[" LAYER(A) "," LAYER(B) "," LAYER(A) "]", &d));
        ASSERT_TRUE(!d.is_index && d.layers_told == 3 && d.layers_n == 2 && streq(d.layers[0].hex, B) && streq(d.layers[1].hex, A));
}

TEST(documents_that_are_refused) {
        static const struct {
                int version;
                const char *rest, *why;
        } cases[] = {
                { 1, CONFIG ",\"layers\":[" LAYER(A) "]", "schema 1" },
                { 3, CONFIG ",\"layers\":[" LAYER(A) "]", "unknown version" },
                { 2, ",", "not JSON" },
                { 2, "", "neither an index nor an image" },
                { 2, CONFIG ",\"layers\":[" LAYER(A) "],\"manifests\":[]", "neither an index nor an image" },
                { 2, CONFIG ",\"mediaType\":\"" OCI "index.v1+json\",\"layers\":[" LAYER(A) "]", "unknown kind" },
                { 2, ",\"layers\":[" LAYER(A) "]", "not the image of a program" },
                { 2, CONFIG ",\"layers\":[]", "0 layers" },
                { 2, CONFIG ",\"layers\":[{}]", "layers of the kind" },
                { 2, CONFIG ",\"layers\":[" LAYER("../../x") "]", "not named by a SHA-256" },
                { 2, CONFIG ",\"layers\":[" SIZED(A, "-1") "]", "impossible size" },
                { 2, CONFIG ",\"layers\":[" SIZED(A, "21474836481") "]", "impossible size" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                ImageDocument d;
                _cleanup_error_ Error e = ERROR_NULL;
                if (document_of_version(cases[i].version, cases[i].rest, &d, &e) >= 0 || !strstr(strempty(e.message), cases[i].why))
                        TEST_FAIL("%s: %s", cases[i].rest, strempty(e.message));
        }
}

/* --- configurations --- */

static int configuration(const char* settings, json_t** ret) {
        _cleanup_free_ char* text = NULL;
        ASSERT_TRUE(asprintf(&text, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"x\"]},\"config\":%s}", settings) > 0);
        return image_config_parse("x", text, strlen(text), 1, "amd64", ret, NULL);
}

/* What a job would answer about an image with that configuration. */
static int manager_takes(json_t* config) {
        _cleanup_json_ json_t* result = json_pack("{s:[{s:s, s:s, s:s, s:[s], s:i, s:i, s:O, s:{s:{s:i, s:i, s:[]}}}]}", "images", "reference", "a", "pinned",
                        "a.example/a@sha256:" A, "digest", "sha256:" A, "layers", A, "size", 0, "fetched", 0, "config", config, "users", "", "uid", 0, "gid", 0,
                        "groups");
        ASSERT_TRUE(result != NULL);
        return image_result_check(result, /* look= */ false, NULL);
}

TEST(a_configuration_is_written_out) {
        _cleanup_json_ json_t* c = NULL;
        ASSERT_OK(configuration("{\"Entrypoint\":[\"/a\"],\"Cmd\":null,\"ExposedPorts\":{\"80/tcp\":{}},\"StopSignal\":\"SIGRTMIN+3\",\"User\":\"www\"}", &c));
        ASSERT_TRUE(streq(json_get_string(c, "cwd"), "/") && streq(json_get_string(c, "user"), "www") && json_get_integer(c, "stop_signal", 0) == 37);
        ASSERT_TRUE(json_array_size(json_object_get(c, "command")) == 0 && json_array_size(json_object_get(c, "entrypoint")) == 1);
        ASSERT_TRUE(streq(json_string_value(json_array_get(json_object_get(c, "ports"), 0)), "80/tcp"));
        ASSERT_OK(manager_takes(c));
}

TEST(configurations_that_cannot_be) {
        static const char* const cases[] = { "{\"Cmd\":\"sh\"}", "{\"Env\":[1]}", "{\"WorkingDir\":\"srv\"}", "{\"StopSignal\":\"65\"}", "{\"StopSignal\":\"0\"}",
                                             "{\"StopSignal\":\"RTMIN+\"}", "{\"StopSignal\":\"SIGNONE\"}", "{\"Volumes\":[]}" };
        json_t* c = NULL;
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                if (configuration(cases[i], &c) >= 0)
                        TEST_FAIL("'%s' is taken", cases[i]);
}

/* The longest that is taken, the manager takes from the job; a letter more is refused, not left to the manager to wonder about. */
TEST(long_texts) {
        static const char* const before[] = { "{\"Env\":[\"", "{\"Volumes\":{\"", "{\"ExposedPorts\":{\"" };
        static const char* const after[] = { "\"]}", "\":{}}}", "\":{}}}" };
        for (size_t i = 0; i < ELEMENTS(before); i++) {
                _cleanup_free_ char *fits = repeated(before[i], 'a', 32768, after[i]), *too_long = repeated(before[i], 'a', 32769, after[i]);
                _cleanup_json_ json_t *c = NULL, *none = NULL;
                ASSERT_OK(configuration(fits, &c));
                ASSERT_OK(manager_takes(c));
                ASSERT_TRUE(configuration(too_long, &none) < 0);
        }
}

/* --- users --- */

#define PASSWD "root:x:0:0:root:/root:/bin/sh\nbad\nwww-data:x:33:33::/:\nbig:x:70000:1::/:\n"
#define GROUP "root:x:0:\nwww-data:x:33:www-data\nssl:x:101:a,www-data\nstaff:x:50:"

TEST(users) {
        static const struct {
                const char* user;
                uint32_t uid, gid;
                size_t groups;
        } cases[] = { { "", 0, 0, 0 },        { "www-data", 33, 33, 1 }, { "33", 33, 33, 1 },      { "www-data:staff", 33, 50, 0 },
                      { "1000", 1000, 0, 0 }, { "1000:7", 1000, 7, 0 },  { "65535:65535", 65535, 65535, 0 } };
        ImageUser u;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                if (image_user_find(cases[i].user, PASSWD, GROUP, &u, NULL) < 0)
                        TEST_FAIL("'%s' is not found", cases[i].user);
                if (u.uid != cases[i].uid || u.gid != cases[i].gid || u.groups_n != cases[i].groups)
                        TEST_FAIL("'%s' became %u:%u and %zu groups", cases[i].user, u.uid, u.gid, u.groups_n);
        }
        ASSERT_OK(image_user_find("www-data", PASSWD, GROUP, &u, NULL));
        ASSERT_EQ(u.groups[0], 101);
        ASSERT_OK(image_user_find("", NULL, NULL, &u, NULL));
}

TEST(users_that_are_not_there) {
        static const char* const cases[] = { "nobody", "big", "70000", "65536", "-1", "0:none", "0:65536", ":0" };
        ImageUser u;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                if (image_user_find(cases[i], PASSWD, GROUP, &u, &e) >= 0)
                        TEST_FAIL("'%s' is found", cases[i]);
                ASSERT_TRUE(error_has_name(&e, ERROR_BAD_IMAGE));
        }
}

TEST_MAIN()
