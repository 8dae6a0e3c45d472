/* Manifests: what is written out, what is refused and how it is said; versions, image names, placeholders, icons. */
#include "base/test.h"
#include "base/file.h"
#include "package/icon.h"
#include "package/manifest-internal.h"
#include "package/test-words.h"
#include <fcntl.h>

#define D "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define IMAGE "\"registry.example/app@sha256:" D "\""
#define START "{\"format\":1,\"id\":\"notes\",\"version\":\"1.4-1\",\"title\":{\"en\":\"Notes\"},\"summary\":{\"en\":\"Keeps notes\"}"
#define WEB "{\"name\":\"web\",\"image\":" IMAGE "}"
#define CONTAINERS ",\"containers\":[" WEB "]"

static int parse(const char* text, json_t** ret, Error* e) {
        return manifest_parse(text, strlen(text), ret, NULL, e);
}

static json_t* parsed(const char* text) {
        json_t* manifest = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        if (parse(text, &manifest, &e) < 0)
                TEST_FAIL("%s: %s", text, strempty(e.message));
        return manifest;
}

TEST(every_key_is_written_out) {
        _cleanup_json_ json_t* manifest = parsed(START CONTAINERS "}");
        _cleanup_json_ json_t* again = NULL;
        for (const Rule* rule = manifest_rules; rule->key; rule++)
                ASSERT_TRUE(json_object_get(manifest, rule->key) != NULL);
        ASSERT_EQ(json_object_size(json_array_get(json_object_get(manifest, "containers"), 0)), 19);
        ASSERT_TRUE(json_is_null(json_object_get(manifest, "http")));
        ASSERT_EQ(json_get_integer(json_object_get(manifest, "health"), "soak_seconds", 0), 600);
        ASSERT_OK(manifest_check(manifest, MANIFEST_PACKAGE, &again, NULL));
        ASSERT_TRUE(json_equal(manifest, again));
}

TEST(refusals_name_the_field) {
        static const struct {
                const char *text, *field;
        } cases[] = {
                { START "}", "containers" },
                { START CONTAINERS ",\"powers\":1}", "powers" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":\"registry.example/app:1\"}]}", "containers[0].image" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":\"app@sha256:" D "\"}]}", "containers[0].image" },
                { START ",\"containers\":[{\"name\":\"Web\",\"image\":" IMAGE "}]}", "containers[0].name" },
                { START ",\"containers\":[{\"name\":\"web\\n\",\"image\":" IMAGE "}]}", "containers[0].name" },
                { START ",\"containers\":[" WEB "," WEB "]}", "containers[1].name" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE ",\"after\":[\"web\"]}]}", "containers[0].after" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE ",\"after\":[\"db\"]}]}", "containers[0].after" },
                { START ",\"containers\":[{\"name\":\"a\",\"image\":" IMAGE ",\"after\":[\"b\"]},{\"name\":\"b\",\"image\":" IMAGE
                        ",\"after\":[\"c\"]},{\"name\":\"c\",\"image\":" IMAGE ",\"after\":[\"a\"]}]}", "containers[0].after" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE ",\"args\":[\"a\"],\"command\":[\"b\"]}]}", "containers[0].args" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE ",\"env\":{\"A B\":\"c\"}}]}", "containers[0].env.A B" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE ",\"env\":{\"A\":\"{{secret.none}}\"}}]}", "containers.env" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE ",\"user\":\"70000\"}]}", "containers[0].user" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE ",\"powers\":[{\"power\":\"SYS_ADMIN\",\"reason\":\"x\"}]}]}",
                        "containers[0].powers[0].power" },
                { START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE ",\"mounts\":[{\"data\":\"x\",\"path\":\"/x\"}]}]}",
                        "containers[0].mounts" },
                { START ",\"data\":[{\"name\":\"x\"}],\"containers\":[{\"name\":\"web\",\"image\":" IMAGE
                        ",\"mounts\":[{\"data\":\"x\",\"path\":\"/a/../etc\"}]}]}", "containers[0].mounts[0].path" },
                { START ",\"data\":[{\"name\":\"x\"}],\"containers\":[{\"name\":\"web\",\"image\":" IMAGE
                        ",\"mounts\":[{\"data\":\"x\",\"path\":\"/proc/1\"}]}]}", "containers[0].mounts[0].path" },
                { START ",\"data\":[{\"name\":\"x\"}],\"containers\":[{\"name\":\"web\",\"image\":" IMAGE
                        ",\"mounts\":[{\"data\":\"x\",\"path\":\"/a\"},{\"data\":\"x\",\"path\":\"/a\"}]}]}", "containers[0].mounts" },
                { START CONTAINERS ",\"data\":[{\"name\":\"x\",\"consistency\":\"dump\"}]}", "data[0].dump" },
                { START CONTAINERS ",\"addons\":[{\"kind\":\"oracle\",\"name\":\"db\",\"image\":" IMAGE "}]}", "addons[0].kind" },
                { START CONTAINERS ",\"addons\":[{\"kind\":\"redis\",\"name\":\"web\",\"image\":" IMAGE "}]}", "containers[1].name" },
                { START CONTAINERS ",\"addons\":[{\"kind\":\"redis\",\"name\":\"a\",\"image\":" IMAGE "},{\"kind\":\"redis\",\"name\":\"b\",\"image\":"
                        IMAGE "}]}", "addons[1].kind" },
                { START CONTAINERS ",\"http\":{\"container\":\"app\"}}", "http.container" },
                { START CONTAINERS ",\"http\":{\"container\":\"web\",\"user_header\":\"Cookie\"}}", "http.user_header" },
                { START CONTAINERS ",\"http\":{\"container\":\"web\",\"public_paths\":[\"/a;b\"]}}", "http.public_paths[0]" },
                { START CONTAINERS ",\"ports\":[{\"name\":\"a\",\"container\":\"web\",\"port\":1,\"host_port\":22,\"purpose\":{\"en\":\"x\"}}]}",
                        "ports[0].host_port" },
                { START CONTAINERS ",\"secrets\":[{\"key\":\"a\"},{\"key\":\"a\"}]}", "secrets[1].key" },
                { START CONTAINERS ",\"settings\":[{\"key\":\"a\",\"type\":\"enum\",\"label\":{\"en\":\"A\"}}]}", "settings[0].choices" },
                { START CONTAINERS ",\"settings\":[{\"key\":\"a\",\"type\":\"password\",\"label\":{\"en\":\"A\"},\"initial\":\"secret\"}]}",
                        "settings[0].initial" },
                { START CONTAINERS ",\"schedule\":[{\"id\":\"mail\",\"container\":\"web\",\"calendar\":\"daily\",\"command\":[\"a\"]}]}", "schedule[0].id" },
                { START CONTAINERS ",\"schedule\":[{\"id\":\"a\",\"container\":\"web\",\"calendar\":\"daily\\nExecStart=/x\",\"command\":[\"a\"]}]}",
                        "schedule[0].calendar" },
                { START CONTAINERS ",\"end_of_life\":\"2027-02-29\"}", "end_of_life" },
                { START CONTAINERS ",\"homepage\":\"javascript:alert(1)\"}", "homepage" },
                { START CONTAINERS ",\"icon\":\"data:text/html;base64,PGI+\"}", "icon" },
                { START CONTAINERS ",\"resources\":{\"memory_mb\":900}}", "resources.memory_max_mb" },
                { START CONTAINERS ",\"description\":{\"de\":\"Nur deutsch\"}}", "description.en" },
                { "{\"format\":2,\"id\":\"notes\"}", "format" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* manifest = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                if (parse(cases[i].text, &manifest, &e) >= 0)
                        TEST_FAIL("accepted: %s", cases[i].text);
                /* Placeholders are found below lists, where the last part of the path is enough. */
                if (!streq_ptr(e.field, cases[i].field) && !(e.field && streq(cases[i].field, "containers.env") && strstr(e.field, "env")))
                        TEST_FAIL("%s: field %s: %s", cases[i].text, strempty(e.field), strempty(e.message));
        }
}

TEST(too_many_and_too_long) {
        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        (void) fputs(START ",\"containers\":[", f);
        for (unsigned i = 0; i < 17; i++)
                (void) fprintf(f, "%s{\"name\":\"c%u\",\"image\":" IMAGE "}", i ? "," : "", i);
        (void) fputs("]}", f);
        (void) fclose(f);
        _cleanup_json_ json_t* manifest = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(parse(text, &manifest, &e) < 0);
        ASSERT_STREQ(e.field, "containers");
        free(text);

        /* Each field within its limit, together too much. */
        f = open_memstream(&text, &size);
        (void) fputs(START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE ",\"env\":{", f);
        for (unsigned i = 0; i < 9; i++)
                (void) fprintf(f, "%s\"V%u\":\"%032000u\"", i ? "," : "", i, i);
        (void) fputs("}}]}", f);
        (void) fclose(f);
        _cleanup_error_ Error large = ERROR_NULL;
        ASSERT_TRUE(parse(text, &manifest, &large) < 0);
        ASSERT_TRUE(error_has_name(&large, ERROR_TOO_LARGE));
        free(text);
}

/* --- every field hostile --- */

/* What somebody may write who wants more than an app may have. */
static const char* const hostile_words[] = {
        "", " ", ".", "..", "../x", "../../etc/shadow", "/", "/..", "/a/../b", "/a//b", "/proc/1/root", "/sys/fs", "/dev/sda", "/run/steadbox", "/x\"y", "/x,upperdir=/",
        "/x:shared", "/%n", "a/b", "a\nb", "\na", "a\nExecStart=/bin/sh", "a\r\nUser=root", "a\tb", "\x1b[2J", "a\x7f", "\xc2\x9b[2J", "[Service]", "%n", "%i%%", "%h", "$(reboot)",
        "`reboot`", "$x", "$$(reboot)", "\"; reboot; \"", "' || reboot #", "a;b", "a{b", "}\nserver { listen 1;", "a\\", "a b", " a", "a ", "-a", "--help", "A=b\nc", "=x",
        "LD_PRELOAD=/x", "{{secret.none}}", "{{setting.none}}", "{{", "}}{{", "0", "-1", "65536:65536", "root\n0", "0:0:0", "host", "container:other", "http://x/y", "javascript:alert(1)",
        "daily\nUnit=x", "registry.example/a@sha256:00", "x@sha256:zz", "../../x:latest", "SYS_ADMIN", "ALL", "Cookie", "X-Steadbox-User", "data:text/html;base64,PGI+", "<script>", "1\n2",
};
static const char* const hostile_things[] = { "null", "true", "0", "-1", "65536", "9223372036854775807", "1e308", "[]", "{}", "[[]]", "[{}]", "[null]", "{\"a\":{\"b\":[\"c\"]}}" };

/* Refused with a sentence and a field that may be shown to anybody, or a manifest that holds nothing it should not. */
static void read_hostile(const json_t* root) {
        _cleanup_free_ char* text = json_dumps(root, JSON_COMPACT);
        _cleanup_json_ json_t* manifest = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(text != NULL);
        if (parse(text, &manifest, &e) >= 0)
                words_look(manifest, "", text);
        else if (isempty(e.message) || !text_valid(e.message, false) || !text_valid(strempty(e.field), false))
                TEST_FAIL("%s: %s: %s", text, strempty(e.field), strempty(e.message));
}

/* In an object by its key, in an array by its index. */
static int put(json_t* parent, const char* key, size_t index, json_t* value) {
        return key ? json_object_set_new(parent, key, value) : json_array_set_new(parent, index, value);
}

/* Each hostile value in that place. The number of tries. */
static unsigned hostile_at(json_t* root, json_t* parent, const char* key, size_t index) {
        for (size_t i = 0; i < ELEMENTS(hostile_words); i++) {
                ASSERT_OK(put(parent, key, index, json_string(hostile_words[i])));
                read_hostile(root);
        }
        for (size_t i = 0; i < ELEMENTS(hostile_things); i++) {
                ASSERT_OK(put(parent, key, index, json_loads(hostile_things[i], JSON_DECODE_ANY, NULL)));
                read_hostile(root);
        }
        return ELEMENTS(hostile_words) + ELEMENTS(hostile_things);
}

/* In every place below `at`, and under keys that are hostile themselves; everything is put back. The number of tries. */
static unsigned hostile_everywhere(json_t* root, json_t* at) {
        unsigned tries = 0;
        for (size_t i = 0; i < json_array_size(at); i++) {
                json_t* was = json_incref(json_array_get(at, i));
                tries += hostile_everywhere(root, was);
                tries += hostile_at(root, at, NULL, i);
                ASSERT_OK(json_array_set_new(at, i, was));
        }
        if (!json_is_object(at))
                return tries;
        _cleanup_json_ json_t* members = json_copy(at); /* to walk over, as the other one changes */
        const char* key;
        json_t* was;
        json_object_foreach(members, key, was) {
                tries += hostile_everywhere(root, was);
                tries += hostile_at(root, at, key, 0);
                ASSERT_OK(json_object_set(at, key, was));
        }
        for (size_t i = 0; i < ELEMENTS(hostile_words); i++, tries++) {
                ASSERT_OK(json_object_set_new(at, hostile_words[i], json_string("x")));
                read_hostile(root);
                ASSERT_OK(json_object_del(at, hostile_words[i]));
        }
        return tries;
}

TEST(every_field_hostile) {
        _cleanup_free_ char* text = NULL;
        _cleanup_json_ json_t *manifest = NULL, *root = NULL, *whole = NULL;
        ASSERT_OK(file_read(AT_FDCWD, WHOLE, 65536, &text, NULL));
        manifest = parsed(text);
        root = json_loads(text, 0, NULL);
        whole = json_deep_copy(root);
        ASSERT_TRUE(hostile_everywhere(root, root) > 9000);
        ASSERT_TRUE(json_equal(root, whole));
}

TEST(addons_become_containers) {
        static const char* const kinds[] = { "postgresql", "mariadb", "redis" };
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                char text[2048];
                (void) snprintf(text, sizeof(text), START ",\"containers\":[{\"name\":\"web\",\"image\":" IMAGE
                        ",\"env\":{\"P\":\"%s\"}}],\"addons\":[{\"kind\":\"%s\",\"name\":\"my-db\",\"image\":" IMAGE "}]}",
                        i < 2 ? "{{secret.my_db_password}}" : "none", kinds[i]);
                _cleanup_json_ json_t *manifest = parsed(text), *again = NULL;
                const json_t* containers = json_object_get(manifest, "containers");
                const json_t* db = list_find(containers, "name", "my-db", NULL);
                const json_t* data = list_find(json_object_get(manifest, "data"), "name", "my-db", NULL);
                ASSERT_TRUE(db && data && json_is_object(json_object_get(db, "health")));
                ASSERT_STREQ(json_string_value(json_array_get(json_object_get(json_array_get(containers, 0), "after"), 0)), "my-db");
                ASSERT_STREQ(json_get_string(data, "consistency"), i < 2 ? "dump" : "plain");
                ASSERT_EQ(json_array_size(json_object_get(manifest, "secrets")), i < 2 ? 1 : 0);
                ASSERT_OK(manifest_check(manifest, MANIFEST_PACKAGE, &again, NULL));
                ASSERT_TRUE(json_equal(manifest, again));
        }
}

TEST(versions_compare_as_debian_does) {
        static const struct {
                const char *a, *b;
                int order;
        } cases[] = {
                { "1.0", "1.0", 0 }, { "1.0", "1.00", 0 }, { "1.9", "1.10", -1 }, { "1.0~rc1", "1.0", -1 }, { "1.0-1", "1.0-2", -1 },
                { "1.0-2", "1.1-1", -1 }, { "1.0", "1.0a", -1 }, { "1.0a", "1.0+", -1 }, { "1.0-9", "1.0-10", -1 }, { "2", "10", -1 },
                { "1.0", "1.0-0", 0 }, { "3.5.1-1", "3.5.1-1+b1", -1 }, { "1.0.0", "1.0", 1 },
                { "99999999999999999999999", "100000000000000000000000", -1 },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                ASSERT_TRUE(manifest_version_valid(cases[i].a) && manifest_version_valid(cases[i].b));
                if (manifest_version_compare(cases[i].a, cases[i].b) != cases[i].order
                        || manifest_version_compare(cases[i].b, cases[i].a) != -cases[i].order)
                        TEST_FAIL("%s and %s", cases[i].a, cases[i].b);
        }
        ASSERT_FALSE(manifest_version_valid("v1"));
        ASSERT_FALSE(manifest_version_valid("1/2"));
        ASSERT_FALSE(manifest_version_valid(""));
}

TEST(which_versions_follow) {
        _cleanup_json_ json_t* newer = parsed(START CONTAINERS ",\"upgradable_from\":\"1.2\",\"downgrade_data_safe\":true}");
        _cleanup_json_ json_t* older = parsed(START CONTAINERS "}");
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(manifest_may_follow(newer, "1.2", NULL));
        ASSERT_OK(manifest_may_follow(newer, "1.3-7", NULL));
        ASSERT_TRUE(manifest_may_follow(newer, "1.4-1", NULL) < 0);
        ASSERT_TRUE(manifest_may_follow(newer, "1.5", NULL) < 0);
        ASSERT_TRUE(manifest_may_follow(newer, "1.1", &e) < 0);
        ASSERT_TRUE(e.hint != NULL);
        ASSERT_TRUE(manifest_may_return(newer, older));
        ASSERT_FALSE(manifest_may_return(older, newer));
}

TEST(image_names) {
        static const struct {
                const char *typed, *whole;
        } cases[] = {
                { "nginx", "docker.io/library/nginx:latest" },
                { "nginx:1.25", "docker.io/library/nginx:1.25" },
                { "grafana/grafana", "docker.io/grafana/grafana:latest" },
                { "registry.example/a/b", "registry.example/a/b:latest" },
                { "localhost:5000/a:1", "localhost:5000/a:1" },
                { "localhost/a:1", "localhost/a:1" },
                { "127.0.0.1:5000/a@sha256:" D, "127.0.0.1:5000/a@sha256:" D },
                { "registry.example/a:1@sha256:" D, "registry.example/a:1@sha256:" D },
                { "a__b--c", "docker.io/library/a__b--c:latest" },
                { "-nginx", NULL }, { "Nginx", NULL }, { "a//b", NULL }, { "/a", NULL }, { "a/", NULL }, { "a:", NULL }, { "a@sha256:12", NULL },
                { "registry.example:0/a", NULL }, { "registry.example:99999/a", NULL }, { "-a.example/b", NULL }, { "a b", NULL },
                { "a;b", NULL }, { "..", NULL }, { "a/../b", NULL }, { "", NULL }, { "a:--", NULL }, { "https://registry.example/a", NULL },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_free_ char *whole = NULL, *again = NULL;
                int r = image_reference_normalise(cases[i].typed, &whole);
                if ((r >= 0) != (cases[i].whole != NULL) || !streq_ptr(whole, cases[i].whole))
                        TEST_FAIL("'%s' became '%s'", cases[i].typed, strempty(whole));
                if (!whole)
                        continue;
                ASSERT_OK(image_reference_normalise(whole, &again));
                ASSERT_STREQ(again, whole);
        }
}

static const char* lookup(const char* name, void* userdata) {
        return streq(name, "secret.a") ? "{{app.id}}" : NULL;
}

TEST(placeholders) {
        static const struct {
                const char *text, *filled;
        } cases[] = {
                { "", "" }, { "plain {x} }}", "plain {x} }}" }, { "<{{secret.a}}>", "<{{app.id}}>" }, { "{{open}}.x}}", "{{.x}}" },
                { "{{secret.b}}", NULL }, { "{{", NULL }, { "{{}}", NULL }, { "a{{secret.a", NULL },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_free_ char* filled = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                int r = manifest_fill(cases[i].text, lookup, NULL, &filled, &e);
                if ((r >= 0) != (cases[i].filled != NULL) || !streq_ptr(filled, cases[i].filled))
                        TEST_FAIL("'%s' became '%s'", cases[i].text, strempty(filled));
        }
        static const char* const plain[] = { "{{secret.a}}", "{{{", "{{{{}}", "a{b", "{" };
        for (size_t i = 0; i < ELEMENTS(plain); i++) {
                _cleanup_free_ char *escaped = manifest_escape(plain[i]), *back = NULL;
                ASSERT_OK(manifest_fill(escaped, lookup, NULL, &back, NULL));
                ASSERT_STREQ(back, plain[i]);
        }
}

TEST(languages) {
        _cleanup_json_ json_t* texts = json_pack("{s:s, s:s, s:s}", "en", "E", "de", "D", "pt-BR", "B");
        ASSERT_STREQ(text_of_languages(texts, "de-CH"), "D");
        ASSERT_STREQ(text_of_languages(texts, "pt-BR"), "B");
        ASSERT_STREQ(text_of_languages(texts, "pt"), "E");
        ASSERT_STREQ(text_of_languages(texts, NULL), "E");
        ASSERT_STREQ(text_of_languages(NULL, "de"), "");
}

TEST(bare_images) {
        _cleanup_json_ json_t* data = json_pack("[s, s]", "/var/lib/a", "/Data");
        _cleanup_json_ json_t* environment = json_pack("[s, s]", "A=b=c", "T={{x}}");
        const ManifestImage image = { "web", NULL, "nginx", 0, data, environment };
        _cleanup_json_ json_t* manifest = NULL;
        ASSERT_OK(manifest_for_image(&image, &manifest, NULL));
        const json_t* container = json_array_get(json_object_get(manifest, "containers"), 0);
        ASSERT_STREQ(json_get_string(container, "image"), "docker.io/library/nginx:latest");
        ASSERT_STREQ(json_get_string(json_object_get(container, "env"), "A"), "b=c");
        ASSERT_STREQ(json_get_string(json_object_get(container, "env"), "T"), "{{open}}x}}");
        ASSERT_STREQ(json_get_string(json_array_get(json_object_get(manifest, "data"), 1), "name"), "data");
        ASSERT_TRUE(json_is_null(json_object_get(manifest, "http")));

        _cleanup_json_ json_t* config = json_pack("{s:[s,s,s], s:[s,s,s]}", "ports", "9443/tcp", "8080/tcp", "53/udp", "volumes", "/data", "/Data",
                "/etc/../x");
        ASSERT_OK(manifest_image_found(manifest, config, NULL));
        ASSERT_EQ(json_get_integer(json_object_get(manifest, "http"), "port", 0), 8080);
        ASSERT_EQ(json_array_size(json_object_get(manifest, "data")), 3);

        static const char* const bad[] = { "", "a b", "https://x/y" };
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                const ManifestImage wrong = { "web", NULL, bad[i], 0, NULL, NULL };
                _cleanup_error_ Error e = ERROR_NULL;
                _cleanup_json_ json_t* none = NULL;
                ASSERT_TRUE(manifest_for_image(&wrong, &none, &e) < 0);
                ASSERT_STREQ(e.field, "image");
        }
}

TEST(icons) {
        static const char* const bad[] = { "<svg onload=\"x()\"/>", "<svg><script>x</script></svg>", "<svg><image href=\"https://x/\"/></svg>",
                "<svg><a xlink:href='javascript:x'/></svg>", "<!DOCTYPE svg><svg/>", "no picture", "<svg style=\"fill:url(https://x)\"/>",
                "<svg><SCRIPT/></svg>", "<svg\nONLOAD = 'x'/>", "<svg>\xff</svg>" };
        static const char* const good[] = { "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h9\"/></svg>",
                "<svg><g id=\"one\" fill=\"url(#a)\"/></svg>", "\x89PNG\r\n\x1a\n...." };
        _cleanup_free_ char* url = NULL;
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                if (icon_from_bytes(bad[i], strlen(bad[i]), &url, NULL) >= 0)
                        TEST_FAIL("accepted: %s", bad[i]);
        for (size_t i = 0; i < ELEMENTS(good); i++) {
                _cleanup_free_ char* made = NULL;
                _cleanup_error_ Error e = ERROR_NULL;
                if (icon_from_bytes(good[i], strlen(good[i]), &made, &e) < 0)
                        TEST_FAIL("%s: %s", good[i], strempty(e.message));
                ASSERT_OK(icon_check(made, NULL));
        }
        char large[40000] = "<svg>";
        memset(large + 5, ' ', sizeof(large) - 5);
        ASSERT_TRUE(icon_from_bytes(large, sizeof(large), &url, NULL) < 0);
}

/* Follows the schema as far as it is used here, so that it is known to be one and to fit the checks. */
TEST(schema_has_every_rule) {
        _cleanup_json_ json_t* schema = rules_schema(manifest_rules);
        ASSERT_TRUE(schema != NULL);
        const json_t* properties = json_object_get(schema, "properties");
        for (const Rule* rule = manifest_rules; rule->key; rule++)
                ASSERT_TRUE(json_is_string(json_object_get(json_object_get(properties, rule->key), "description")));
        ASSERT_FALSE(json_is_true(json_object_get(schema, "additionalProperties")));
}

TEST_MAIN()
