/* Compose files: what is kept, what is said of the rest and in which line, and what tries to be clever. */
#include "base/test.h"
#include "base/validate.h"
#include "package/compose-internal.h"
#include "package/test-words.h"

static Compose read_with(const char* text, ComposeOptions options) {
        Compose c = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (compose_read(text, strlen(text), &options, &c, &e) < 0)
                TEST_FAIL("%s\n%s", text, strempty(e.message));
        return c;
}

static const json_t* line_of(const Compose* c, unsigned line, const char* verdict) {
        size_t i;
        const json_t* l;
        json_array_foreach(json_object_get(c->report, "lines"), i, l)
                if (json_get_integer(l, "line", -1) == line && streq(json_get_string(l, "verdict"), verdict))
                        return l;
        return NULL;
}

static void print_report(const Compose* c) {
        _cleanup_free_ char* text = json_dumps(c->report, JSON_INDENT(1));
        fprintf(stderr, "%s\n", text);
}

static const json_t* container(const Compose* c, const char* name) {
        const json_t* found = list_find(json_object_get(c->manifest, "containers"), "name", name, NULL);
        if (!found) {
                print_report(c);
                TEST_FAIL("no container %s", name);
        }
        return found;
}

static char* words(const json_t* list) {
        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        for (size_t i = 0; i < json_array_size(list); i++)
                (void) fprintf(f, "%s%s", i ? "|" : "", json_string_value(json_array_get(list, i)));
        (void) fclose(f);
        return text;
}

static const char blog[] =
        "name: blog\n"
        "x-common: &common\n"
        "  restart: unless-stopped\n"
        "  environment: &env\n"
        "    TZ: ${TZ:-Europe/Berlin}\n"
        "services:\n"
        "  web:\n"
        "    <<: *common\n"
        "    image: wordpress:6\n"
        "    command: sh -c 'exec apache2-foreground \"$$@\"'\n"
        "    ports:\n"
        "      - \"8080:80\"\n"
        "    environment:\n"
        "      <<: *env\n"
        "      WORDPRESS_DB_HOST: db\n"
        "      WORDPRESS_DB_PASSWORD: ${DB_PASSWORD}\n"
        "      TEMPLATE: '{{.x}}'\n"
        "    volumes:\n"
        "      - content:/var/www/html\n"
        "      - ./themes:/themes:ro\n"
        "    depends_on:\n"
        "      db:\n"
        "        condition: service_healthy\n"
        "    stop_grace_period: 1m30s\n"
        "    mem_limit: 512m\n"
        "  db:\n"
        "    image: mariadb:11\n"
        "    environment:\n"
        "      - MARIADB_ROOT_PASSWORD=${DB_PASSWORD}\n"
        "      - MARIADB_DATABASE=wp\n"
        "    healthcheck:\n"
        "      test: [CMD, healthcheck.sh, --connect]\n"
        "      interval: 5s\n"
        "    volumes:\n"
        "      - type: volume\n"
        "        source: dbdata\n"
        "        target: /var/lib/mysql\n"
        "volumes:\n"
        "  content:\n"
        "  dbdata: {}\n";

TEST(a_usual_file_is_kept) {
        _cleanup_compose_ Compose c = read_with(blog, (ComposeOptions) {});
        const json_t *web = container(&c, "web"), *db = container(&c, "db");
        _cleanup_free_ char *command = words(json_object_get(web, "command")), *health = words(json_object_get(json_object_get(db, "health"), "command"));
        ASSERT_STREQ(json_get_string(c.report, "id"), "blog");
        ASSERT_STREQ(json_get_string(c.report, "service"), "web");
        ASSERT_EQ(json_get_integer(c.report, "port", 0), 80);
        ASSERT_STREQ(command, "sh|-c|exec apache2-foreground \"$@\"");
        ASSERT_STREQ(health, "healthcheck.sh|--connect");
        const json_t* env = json_object_get(web, "env");
        ASSERT_STREQ(json_get_string(env, "TZ"), "Europe/Berlin");
        ASSERT_STREQ(json_get_string(env, "TEMPLATE"), "{{open}}.x}}");
        ASSERT_STREQ(json_get_string(env, "WORDPRESS_DB_PASSWORD"), "{{secret.db_password}}"); /* nobody gave one: the box makes it */
        ASSERT_STREQ(json_get_string(json_object_get(db, "env"), "MARIADB_ROOT_PASSWORD"), "{{secret.db_password}}");
        ASSERT_EQ(json_get_integer(web, "stop_seconds", 0), 90);
        ASSERT_EQ(json_get_integer(web, "memory_mb", 0), 512);
        ASSERT_STREQ(json_string_value(json_array_get(json_object_get(web, "after"), 0)), "db");
        const json_t* data = list_find(json_object_get(c.manifest, "data"), "name", "dbdata", NULL);
        ASSERT_STREQ(json_get_string(data, "consistency"), "dump"); /* a known database is copied as one */
        ASSERT_TRUE(line_of(&c, 20, "asks") != NULL); /* ./themes */
        ASSERT_EQ(json_array_size(json_object_get(c.manifest, "ports")), 0);
}

TEST(values_that_people_give_are_not_in_the_manifest) {
        _cleanup_compose_ Compose c = read_with(blog, (ComposeOptions) { .variables = "# mine\nDB_PASSWORD=\"hunter22\"\nTZ=UTC\n" });
        _cleanup_free_ char* text = json_text(c.manifest, false);
        ASSERT_STREQ(json_get_string(json_object_get(container(&c, "db"), "env"), "MARIADB_ROOT_PASSWORD"), "{{setting.db_password}}");
        ASSERT_STREQ(json_get_string(c.answers, "db_password"), "hunter22");
        ASSERT_TRUE(strstr(text, "hunter22") == NULL);
}

TEST(lines_are_told) {
        static const struct {
                const char* key;       /* of a service whose image stands in line 3 */
                const char* verdict;   /* of line 4 */
        } cases[] = {
                { "privileged: true", "refused" },
                { "devices: [/dev/dri]", "refused" },
                { "cap_add: [NET_ADMIN]", "refused" },
                { "cap_add: [NET_RAW]", "asks" },
                { "cap_add: [CHOWN]", "honoured" },
                { "pid: host", "refused" },
                { "ipc: host", "refused" },
                { "network_mode: host", "asks" },
                { "security_opt: ['seccomp:unconfined']", "refused" },
                { "security_opt: ['no-new-privileges:true']", "honoured" },
                { "volumes: [/var/run/docker.sock:/var/run/docker.sock]", "refused" },
                { "volumes: [/etc:/host]", "refused" },
                { "volumes: [../up:/host]", "refused" },
                { "volumes: ['~:/host']", "refused" },
                { "volumes: ['~/:/host']", "refused" },
                { "volumes: ['~root/x:/host']", "refused" },
                { "volumes: ['~/notes:/data']", "asks" },
                { "volumes: [/:/host]", "refused" },
                { "volumes: [//./:/host]", "refused" },
                { "volumes: [//etc/x:/host]", "refused" },
                { "volumes: [/var/lib/x:/host]", "refused" },
                { "volumes: [/home:/host]", "refused" },
                { "volumes: [/home/./:/host]", "refused" },
                { "volumes: [/srv/notes:/data]", "asks" },
                { "volumes: [/DATA/AppData/notes/config:/config]", "asks" },
                { "volumes: [/path/to/library:/data:ro]", "asks" },
                { "volumes: [./a.conf:/etc/a.conf]", "refused" },
                { "volumes: [/etc/localtime:/etc/localtime:ro]", "ignored" },
                { "volumes: [data:/proc/x]", "refused" },
                { "volumes: [data:/a/../b]", "refused" },
                { "volumes: [/data]", "honoured" },
                { "volumes: [{type: bind, source: /srv, target: /srv}]", "refused" },
                { "volumes: [{type: bind, source: /srv/x, target: /srv}]", "asks" },
                { "volumes: [{type: tmpfs, target: /tmp}]", "honoured" },
                { "volumes: [{type: npipe, target: /tmp}]", "refused" },
                { "env_file: .env", "refused" },
                { "labels: {a: b}", "ignored" },
                { "logging: {driver: none}", "ignored" },
                { "extends: {service: a}", "refused" },
                { "secrets: [a]", "refused" },
                { "ports: ['8000-8010:8000-8010']", "refused" },
                { "ports: ['x']", "refused" },
                { "ports: ['80/sctp']", "refused" },
                { "ports: [99999]", "refused" },
                { "ports: ['127.0.0.1:8080:80']", "honoured" },
                { "ports: [{target: 80, published: '8080'}]", "honoured" },
                { "ports: ['[::1]:8080:80']", "honoured" },
                { "user: '1000:1000'", "honoured" },
                { "mem_limit: a lot", "refused" },
                { "stop_grace_period: soon", "refused" },
                { "healthcheck: {test: [NONE]}", "honoured" },
                { "healthcheck: {test: [RUN, x]}", "refused" },
                { "healthcheck: {test: curl -f http://localhost}", "honoured" },
                { "depends_on: [nobody]", "refused" },
                { "command: 'a \"b'", "refused" },
                { "command: ['a', {b: c}]", "refused" },
                { "environment: {A: '${B'}", "refused" },
                { "environment: {A: '${B:?set it}'}", "refused" },
                { "environment: {A: 'cost: 5 $'}", "refused" },
                { "environment: {A: '${9}'}", "refused" },
                { "environment: just text", "refused" },
                { "platform: windows/amd64", "refused" },
                { "network_mode: bridge", "honoured" },
                { "deploy: {replicas: 3}", "refused" },
                { "deploy: {resources: {limits: {memory: 1g}}}", "honoured" },
                { "runtime: nvidia", "refused" },
                { "made_up: 1", "ignored" },
                { "build: .", "ignored" },
                { "read_only: perhaps", "refused" },
                { "init: true", "honoured" },
                { "tmpfs: /run:size=1m", "honoured" },
                { "shm_size: 1gb", "honoured" },
                { "links: [web]", "honoured" },
                { "links: ['web:other']", "refused" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char text[512];
                (void) snprintf(text, sizeof(text), "services:\n  web:\n    image: nginx\n    %s\n", cases[i].key);
                _cleanup_compose_ Compose c = read_with(text, (ComposeOptions) {});
                if (!line_of(&c, 4, cases[i].verdict)) {
                        print_report(&c);
                        TEST_FAIL("%s is not %s", cases[i].key, cases[i].verdict);
                }
                bool waits = streq(cases[i].key, "network_mode: host"); /* for a yes */
                if ((waits || streq(cases[i].verdict, "refused")) == (c.manifest != NULL))
                        TEST_FAIL("%s: %s", cases[i].key, c.manifest ? "possible all the same" : "not possible");
        }
}

TEST(the_whole_can_be_refused) {
        static const struct {
                const char *text, *key;
        } cases[] = {
                { "services:\n  a: {image: nginx}\n  b: {image: httpd, ports: [80]}\n  c: {image: caddy, ports: ['81:80']}\n", "services.ports" },
                { "services:\n  a: {image: 'postgres:15'}\n  b: {image: 'postgres:16'}\n", "services.ports" },
                { "services:\n  a: {image: nginx, depends_on: [b]}\n  b: {image: nginx, depends_on: [a]}\n", "containers[0].after" },
                { "services: {}\n", "services" },
                { "services:\n  a: {}\n", "services" },
                { "services:\n  a: text\n", "services" },
                { "services:\n  a: {image: nginx, user: '100000'}\n", "containers[0].user" },
                { "services:\n  a: {image: nginx, environment: {'A B': c}}\n", "containers[0].env.A B" },
                { "include: [other.yml]\nservices:\n  a: {image: nginx}\n", "include" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_compose_ Compose c = read_with(cases[i].text, (ComposeOptions) {});
                const json_t* first = json_array_get(json_object_get(c.report, "lines"), 0);
                if (c.manifest || !streq_ptr(json_get_string(first, "key"), cases[i].key)) {
                        print_report(&c);
                        TEST_FAIL("%s", cases[i].text);
                }
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_TRUE(compose_refusal(&c, &e) < 0);
                ASSERT_TRUE(e.message && e.hint);
        }
}

TEST(host_network_needs_a_yes) {
        static const char text[] = "services:\n  a:\n    image: nginx\n    network_mode: host\n    ports: [8080]\n";
        _cleanup_compose_ Compose no = read_with(text, (ComposeOptions) {}), yes = read_with(text, (ComposeOptions) { .host_network = true });
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(!no.manifest && json_get_boolean(no.report, "needs_host_network", false));
        ASSERT_TRUE(compose_refusal(&no, &e) < 0);
        ASSERT_STREQ(e.field, "host_network");
        ASSERT_TRUE(yes.manifest && json_is_object(json_object_get(yes.manifest, "host_network")));
        static const char low[] = "services:\n  a:\n    image: nginx\n    network_mode: host\n    ports: [80]\n";
        static const char moved[] = "services:\n  a:\n    image: nginx\n    network_mode: host\n    ports: [8080, '9001:9000', '9002:9002']\n";
        _cleanup_compose_ Compose below = read_with(low, (ComposeOptions) { .host_network = true });
        _cleanup_compose_ Compose three = read_with(moved, (ComposeOptions) { .host_network = true });
        ASSERT_TRUE(!below.manifest && three.manifest && line_of(&three, 5, "ignored") != NULL);
        ASSERT_EQ(json_array_size(json_object_get(three.manifest, "ports")), 1);
        /* Whoever only looks is told that a yes is all it lacks; there is no manifest before it. */
        static const char worse[] = "services:\n  a:\n    image: nginx\n    network_mode: host\n    privileged: true\n    devices: [/dev/dri]\n";
        _cleanup_compose_ Compose looked = read_with(text, (ComposeOptions) { .host_open = true });
        _cleanup_compose_ Compose both = read_with(worse, (ComposeOptions) { .host_open = true });
        ASSERT_TRUE(!json_get_boolean(no.report, "possible", true) && json_get_boolean(looked.report, "possible", false) && !looked.manifest);
        ASSERT_TRUE(!json_get_boolean(both.report, "possible", true) && compose_refusal(&both, NULL) < 0);
}

TEST(a_refusal_names_every_line) {
        _cleanup_compose_ Compose c = read_with("services:\n  a:\n    image: nginx\n    privileged: true\n    pid: host\n    ipc: host\n    gpus: all\n"
                                                "    scale: 2\n    extends: {service: b}\n", (ComposeOptions) {});
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(compose_refusal(&c, &e) < 0);
        for (unsigned line = 4; line <= 7; line++) {
                char word[16];
                (void) snprintf(word, sizeof(word), "Line %u: ", line);
                ASSERT_TRUE(strstr(e.message, word) != NULL);
        }
        ASSERT_TRUE(strstr(e.message, " And 2 more.") != NULL && !strstr(e.message, "Line 8"));
}

TEST(which_port_people_open) {
        static const char text[] = "services:\n  db: {image: 'postgres:15', ports: ['5432:5432']}\n"
                                   "  git: {image: gitea, ports: ['2222:22', '3001:3001', '3000:3000']}\n  dns: {image: x/dns, ports: ['53:53/udp']}\n";
        _cleanup_compose_ Compose c = read_with(text, (ComposeOptions) {}), told = read_with(text, (ComposeOptions) { .service = "git", .port = 3001 });
        ASSERT_STREQ(json_get_string(c.report, "service"), "git");
        ASSERT_EQ(json_get_integer(c.report, "port", 0), 3000);
        ASSERT_EQ(json_get_integer(told.report, "port", 0), 3001);
        _cleanup_compose_ Compose unlisted = read_with(text, (ComposeOptions) { .service = "git", .port = 3010 });
        ASSERT_EQ(json_get_integer(unlisted.report, "port", 0), 3010); /* said by hand, so it is meant */
        ASSERT_TRUE(list_find(json_object_get(c.manifest, "ports"), "name", "git-22", NULL) != NULL);
        ASSERT_TRUE(list_find(json_object_get(c.manifest, "ports"), "name", "dns-53-udp", NULL) == NULL); /* below 1024 */
        ASSERT_TRUE(list_find(json_object_get(c.manifest, "ports"), "container", "db", NULL) == NULL);    /* never to the world */
        _cleanup_compose_ Compose nobody = read_with(text, (ComposeOptions) { .service = "none" });
        ASSERT_TRUE(nobody.manifest == NULL);
}

TEST(order_and_one_shots) {
        _cleanup_compose_ Compose c = read_with("services:\n  web:\n    image: nginx\n    ports: [80]\n    depends_on:\n      migrate: "
                "{condition: service_completed_successfully}\n  migrate: {image: x/m, entrypoint: [/m], command: [up]}\n  later: {image: x/l, profiles: [x]}\n",
                (ComposeOptions) {});
        _cleanup_free_ char* args = words(json_object_get(container(&c, "migrate"), "args"));
        ASSERT_TRUE(json_get_boolean(container(&c, "migrate"), "one_shot", false));
        ASSERT_STREQ(args, "/m|up");
        ASSERT_EQ(json_array_size(json_object_get(c.manifest, "containers")), 2);
        ASSERT_TRUE(line_of(&c, 8, "ignored") != NULL);
}

TEST(files_stand_for_variables) {
        static const char text[] = "services:\n  a: {image: nginx, env_file: [.env], environment: {A: mine}}\n";
        _cleanup_compose_ Compose c = read_with(text, (ComposeOptions) { .variables = "A=1\nB=two words\nC=\n" });
        const json_t* env = json_object_get(container(&c, "a"), "env");
        ASSERT_STREQ(json_get_string(env, "A"), "mine");
        ASSERT_STREQ(json_get_string(env, "B"), "{{setting.b}}");
        ASSERT_STREQ(json_get_string(c.answers, "b"), "two words");
}

TEST(variables) {
        static const struct {
                const char *text, *value; /* NULL = refused */
        } cases[] = {
                { "$$", "$" }, { "a${A}b", "a{{setting.a}}b" }, { "$A", "{{setting.a}}" }, { "$A-x", "{{setting.a}}-x" }, { "${NONE:-d}", "d" },
                { "${NONE-d}", "d" }, { "${EMPTY:-d}", "d" }, { "${EMPTY-d}", "" }, { "${A:+yes}", "yes" }, { "${NONE:+yes}", "" },
                { "${NONE:-${A}}", "{{setting.a}}" }, { "${NONE:-a:-b}", "a:-b" }, { "${NONE:-{{x}}}", "{{open}}x}}" }, { "${NONE}", "" },
                { "${NONE:?why}", NULL }, { "${A:?why}", "{{setting.a}}" }, { "${A!x}", NULL }, { "${}", NULL }, { "${A", NULL }, { "$", NULL },
                { "$1", NULL }, { "${N:-${N:-${N:-${N:-${N:-${N:-x}}}}}}", NULL }, { "${MY_SECRET}", "{{secret.my_secret}}" },
                { "${MY_SECRET:-plain}", "plain" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char text[256];
                (void) snprintf(text, sizeof(text), "services:\n  a:\n    image: nginx\n    environment:\n      K: '%s'\n", cases[i].text);
                _cleanup_compose_ Compose c = read_with(text, (ComposeOptions) { .variables = "A=1\nEMPTY=\n" });
                if ((c.manifest != NULL) != (cases[i].value != NULL)
                        || (c.manifest && !streq_ptr(json_get_string(json_object_get(container(&c, "a"), "env"), "K"), cases[i].value))) {
                        print_report(&c);
                        TEST_FAIL("%s", cases[i].text);
                }
        }
        json_t* all = NULL;
        ASSERT_TRUE(compose_variables("A=1\nnonsense\n", &all, NULL) < 0);
        ASSERT_TRUE(compose_variables("9=1\n", &all, NULL) < 0);
        ASSERT_OK(compose_variables("\n#x\nexport A='b'\r\n B=\n", &all, NULL));
        ASSERT_STREQ(json_get_string(all, "A"), "b");
        ASSERT_STREQ(json_get_string(all, "B"), "");
        json_decref(all);
}

TEST(kept_variables_stand_as_they_are_where_nothing_else_is_given) {
        static const char text[] = "services:\n  a:\n    image: nginx\n    environment:\n      K: '${A}${B}${C}'\n";
        _cleanup_json_ json_t* kept = json_pack("{s:s, s:s, s:s}", "A", "old", "B", "'quoted'", "C", "two\nlines");
        _cleanup_compose_ Compose c = read_with(text, (ComposeOptions) { .variables = " export A='new'\n", .kept = kept });
        ASSERT_STREQ(json_get_string(c.answers, "a"), "new");
        ASSERT_STREQ(json_get_string(c.answers, "b"), "'quoted'");
        ASSERT_STREQ(json_get_string(c.answers, "c"), "two\nlines");
        ASSERT_EQ(json_array_size(json_object_get(c.report, "variables")), 0);
        ASSERT_STREQ(json_get_string(kept, "A"), "old"); /* what was read is wiped, what it was read from is not */
        ASSERT_STREQ(json_get_string(kept, "C"), "two\nlines");
}

TEST(words_and_numbers) {
        static const struct {
                const char *text, *words;
        } cases[] = { { "a  b\tc", "a|b|c" }, { "'a b' \"c \\\" d\"", "a b|c \" d" }, { "a\\ b", "a b" }, { "''", "" }, { "a'b'c", "abc" }, { "\"\\n\"", "\\n" } };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* list = compose_words(cases[i].text);
                _cleanup_free_ char* text = words(list);
                ASSERT_STREQ(text, cases[i].words);
        }
        ASSERT_TRUE(compose_words("'a") == NULL);
        int64_t n;
        static const struct {
                const char* text;
                int64_t seconds, megabytes; /* -1 = refused */
        } numbers[] = { { "90", 90, 1 }, { "1m30s", 90, -1 }, { "500ms", 1, -1 }, { "1h", 3600, -1 }, { "512m", 30720, 512 }, { "1.5gb", -1, 1536 },
                { "", -1, -1 }, { "-1", -1, -1 }, { "1m30", -1, -1 }, { "x", -1, -1 }, { "1e300", -1, -1 }, { "1073741824", -1, 1024 } };
        for (size_t i = 0; i < ELEMENTS(numbers); i++) {
                int r = compose_seconds(numbers[i].text, &n);
                if ((r < 0 ? -1 : n) != numbers[i].seconds)
                        TEST_FAIL("%s: %lld s", numbers[i].text, r < 0 ? -1LL : (long long) n);
                r = compose_megabytes(numbers[i].text, &n);
                if ((r < 0 ? -1 : n) != numbers[i].megabytes)
                        TEST_FAIL("%s: %lld MiB", numbers[i].text, r < 0 ? -1LL : (long long) n);
        }
}

TEST(bad_yaml_names_the_line) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "", "Line 1:" },
                { "services:\n  a:\n\timage: x\n", "Line 3:" },
                { "services:\n  a: {image: x\n", "Line " },
                { "services:\n  a: {image: x}\n  a: {image: y}\n", "Line 3: \"a\"" },
                { "a: 1\n---\nb: 2\n", "Line 2:" },
                { "a: &a [*a]\n", "Line 1:" },
                { "a: *none\n", "Line 1:" },
                { "a: !reset null\n", "Line 1:" },
                { "? {a: b}\n: c\n", "Line 1:" },
                { "a: {<<: text}\n", "Line 1:" },
                { "- a\n", "Line 1: this is not a Compose file" },
                { "a: \"\\0\"\n", "Line 1:" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_compose_ Compose c = {};
                _cleanup_error_ Error e = ERROR_NULL;
                const ComposeOptions options = {};
                ASSERT_TRUE(compose_read(cases[i].text, strlen(cases[i].text), &options, &c, &e) < 0);
                if (!startswith(strempty(e.message), cases[i].message) || !streq_ptr(e.field, "compose"))
                        TEST_FAIL("%s: %s", cases[i].text, strempty(e.message));
        }
}

/* --- every field hostile --- */

/* What a service may have, and what somebody may write there who wants more than an app may have. */
static const char* const service_keys[] = {
        "image", "depends_on", "command", "entrypoint", "environment", "env_file", "volumes", "ports", "expose", "healthcheck", "user", "working_dir",
        "read_only", "init", "tmpfs", "shm_size", "stop_grace_period", "stop_signal", "mem_limit", "deploy", "restart", "platform", "hostname",
        "container_name", "privileged", "cap_add", "security_opt", "network_mode", "pid", "ipc", "userns_mode", "cgroup", "uts", "build", "links",
        "cap_drop", "labels", "networks", "extra_hosts", "sysctls", "ulimits", "devices", "cgroup_parent", "runtime", "extends", "secrets", "configs",
        "\"x\\ny\"", "'[Service]'", "image.x", "IMAGE",
};
static const char* const hostile_values[] = {
        "", "~", "[]", "{}", "[[]]", "[{}]", "{a: {b: [c]}}", "[[a], {b: c}]", "0", "-1", "1e308", "99999999999999999999", "0x10", "true", ".nan",
        "\"a\\nExecStart=/bin/sh\"", "[\"a\\nExecStartPre=+/bin/sh\"]", "{\"a\\nUser=root\": \"b\\nUser=root\"}", "\"\\x1b[2J\"", "\"a\\tb\\r\\nc\"",
        "'\"; reboot; \"'", "[\"' || reboot #\"]", "'$(reboot)'", "'`reboot`'", "'$$(reboot)'", "'%n%i%%'", "['%h:/x']", "'{{secret.none}}'", "['{{setting.x}}']",
        "'}}{{'", "../../etc/shadow", "['../..:/x']", "[/:/host]", "['/..//:/host']", "['a:/proc/1/root']", "['a:/sys/fs']", "['a:/dev/sda']", "['a:/run/steadbox']",
        "['a:/x/../../y']", "['a:/x\"y']", "['a:/x,upperdir=/']", "['a:/x:shared']", "['%n:/x%n']", "[{type: bind, source: /, target: /host}]",
        "[{type: volume, source: '../x', target: '/x;y'}]", "['0:80']", "['1-65535:1-65535']", "['80:80:80:80']", "['::::80']", "['-80']", "['80/']", "['/tcp']",
        "['65536']", "[{target: 80, published: '1-9'}]", "[{target: [80]}]", "[{target: 80, protocol: 'tcp; x'}]", "[SYS_ADMIN]", "[ALL]", "[CAP_SYS_MODULE]",
        "['seccomp=unconfined']", "['apparmor:unconfined']", "['systempaths=unconfined']", "['no-new-privileges=false']", "host", "'host '", "container:other",
        "'service:web'", "{condition: 'x'}", "[web]", "{web: {condition: service_healthy}}", "['A=b\nc']", "['=x']", "['A B=c']", "['9=x']", "['LD_PRELOAD=/x']", "{'A=B': c}",
        "{'': x}", "{? '%n' : x}", "registry.example/a@sha256:00", "'a b'", "http://x/y", "-v", "--help", "'../../x:latest'", "x@sha256:zz", "'0:0:0'", "65536:65536", "'root\n0'",
};

/* A file is refused as a whole with a line, or line by line with sentences, or it became a manifest that holds nothing it should not. */
static void read_hostile(const char* text) {
        _cleanup_compose_ Compose c = {};
        _cleanup_error_ Error e = ERROR_NULL, refusal = ERROR_NULL;
        const ComposeOptions options = { .variables = "T=1\n" };
        size_t i, refused = 0;
        const json_t* l;
        if (compose_read(text, strlen(text), &options, &c, &e) < 0) {
                if (!streq_ptr(e.field, "compose") || !(startswith(e.message, "Line ") || startswith(e.message, "The file")))
                        TEST_FAIL("%s: %s", text, strempty(e.message));
                return;
        }
        json_array_foreach(json_object_get(c.report, "lines"), i, l) {
                const char *sentence = strempty(json_get_string(l, "sentence")), *key = strempty(json_get_string(l, "key"));
                bool is_refused = streq(json_get_string(l, "verdict"), "refused");
                refused += is_refused;
                if (!*sentence || (!*key && json_get_integer(l, "line", 0) == 0) || !text_valid(sentence, false) || !text_valid(key, false))
                        TEST_FAIL("%s: %s: %s", text, key, sentence);
        }
        if (c.manifest) {
                if (refused > 0)
                        TEST_FAIL("%s: refused, and possible", text);
                words_look(c.manifest, "", text);
                return;
        }
        ASSERT_TRUE(compose_refusal(&c, &refusal) < 0);
        if (!refusal.field || !refusal.hint || !text_valid(refusal.message, false) || strstr(refusal.message, "Line 0"))
                TEST_FAIL("%s: %s", text, strempty(refusal.message));
}

TEST(every_field_hostile) {
        static const char* const frames[] = {
                "services:\n  web:\n    %s: %s\n    image: nginx\n", /* before the image: what comes later does not mend it */
                "services:\n  web:\n    image: nginx\n    ports: [80]\n    %s: %s\n  db: {image: 'postgres:16'}\n",
        };
        for (size_t f = 0; f < ELEMENTS(frames); f++)
                for (size_t k = 0; k < ELEMENTS(service_keys); k++)
                        for (size_t v = 0; v < ELEMENTS(hostile_values); v++) {
                                char text[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                                (void) snprintf(text, sizeof(text), frames[f], service_keys[k], hostile_values[v]); /* a constant of above */
#pragma GCC diagnostic pop
                                read_hostile(text);
                        }
}

TEST(every_place_hostile) {
        static const char* const frames[] = {
                "%s\n", "services: %s\n", "services:\n  web: %s\n", "name: %s\nservices:\n  web: {image: nginx}\n", "version: %s\nservices:\n  web: {image: nginx}\n",
                "services:\n  web: {image: nginx, volumes: ['a:/a']}\nvolumes: %s\n", "services:\n  web: {image: nginx, volumes: ['a:/a']}\nvolumes: {a: %s}\n",
                "services:\n  web: {image: nginx}\nnetworks: %s\n", "services:\n  web: {image: nginx}\ninclude: %s\n", "services:\n  web: {image: nginx}\nconfigs: %s\n",
                "services:\n  web: {image: nginx, healthcheck: {test: %s}}\n", "services:\n  web: {image: nginx, healthcheck: {test: x, interval: %s}}\n",
                "services:\n  web: {image: nginx, healthcheck: {test: x, retries: %s}}\n", "services:\n  web: {image: nginx, healthcheck: {disable: %s}}\n",
                "services:\n  web: {image: nginx, deploy: {replicas: %s}}\n", "services:\n  web: {image: nginx, deploy: {resources: {limits: {memory: %s}}}}\n",
                "services:\n  web: {image: nginx, volumes: [{type: %s, source: a, target: /a}]}\n", "services:\n  web: {image: nginx, volumes: [{source: %s, target: /a}]}\n",
                "services:\n  web: {image: nginx, volumes: [{source: a, target: %s}]}\n", "services:\n  web: {image: nginx, volumes: [{source: a, target: /a, read_only: %s}]}\n",
                "services:\n  web: {image: nginx, ports: [{target: %s}]}\n", "services:\n  web: {image: nginx, ports: [{target: 80, published: %s}]}\n",
                "services:\n  web: {image: nginx, environment: {A: %s}}\n", "services:\n  web: {image: nginx, depends_on: {db: %s}}\n  db: {image: x/db}\n",
                "services:\n  ? %s\n  : {image: nginx}\n", "x-a: &a %s\nservices:\n  web:\n    <<: *a\n    image: nginx\n",
        };
        for (size_t f = 0; f < ELEMENTS(frames); f++)
                for (size_t v = 0; v < ELEMENTS(hostile_values); v++) {
                        char text[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                        (void) snprintf(text, sizeof(text), frames[f], hostile_values[v]); /* a constant of above */
#pragma GCC diagnostic pop
                        read_hostile(text);
                }
}

/* Names that differ for the file's author and would be one for us, and more of everything than there may be. */
TEST(too_much_and_too_alike) {
        static const struct {
                const char *before, *each, *after;
                unsigned n;
        } cases[] = {
                { "services:\n", "  s%u: {image: nginx}\n", "", 400 },
                { "services:\n  web:\n    image: nginx\n    volumes:\n", "      - 'v%u:/v%u'\n", "", 400 },
                { "services:\n  web:\n    image: nginx\n    ports:\n", "      - '%u:%u'\n", "", 2000 },
                { "services:\n  web:\n    image: nginx\n    environment:\n", "      V%u: x%u\n", "", 2000 },
                { "services:\n  web:\n    image: nginx\n    command:\n", "      - w%u\n", "", 2000 },
                { "services:\n  web:\n    image: nginx\n    tmpfs:\n", "      - /t%u\n", "", 200 },
                { "services:\n  web:\n    image: nginx\n    depends_on:\n", "      - web%u\n", "", 2000 },
                { "services:\n  web:\n    image: nginx\n    environment:\n", "      V%u: '${S%u_PASSWORD}'\n", "", 300 },
                { "x:\n", "  - &a%u {k%u: v}\n", "services:\n  web: {image: nginx}\n", 600 },
                { "services:\n  web:\n    image: nginx\n    made_up:\n", "      k%u: v%u\n", "", 8000 },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char* text = NULL;
                size_t size = 0;
                FILE* f = open_memstream(&text, &size);
                (void) fputs(cases[i].before, f);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                for (unsigned k = 1; k <= cases[i].n; k++)
                        (void) fprintf(f, cases[i].each, k, k); /* a constant of above */
#pragma GCC diagnostic pop
                (void) fputs(cases[i].after, f);
                (void) fclose(f);
                read_hostile(text);
                free(text);
        }
        _cleanup_compose_ Compose alike = read_with("services:\n  a.b: {image: nginx, ports: [80]}\n  a_b: {image: httpd, ports: ['81:81']}\n  A-B: {image: caddy}\n", (ComposeOptions) {});
        const json_t* containers = json_object_get(alike.manifest, "containers");
        ASSERT_EQ(json_array_size(containers), 3);
        ASSERT_STREQ(json_get_string(json_array_get(containers, 0), "name"), "a-b");
        ASSERT_STREQ(json_get_string(json_array_get(containers, 1), "name"), "a-b-2");
        ASSERT_STREQ(json_get_string(json_array_get(containers, 2), "name"), "a-b-3");
}

/* What is not understood is not passed over as if it were nothing, and a word for "read only" is one however it is written. */
TEST(nothing_is_passed_over) {
        static const struct {
                const char *key, *verdict;
        } cases[] = {
                { "security_opt: unconfined", "refused" }, { "security_opt: {a: b}", "refused" }, { "links: web", "refused" }, { "deploy: [a]", "refused" },
                { "deploy: text", "refused" }, { "deploy: {replicas: 1x}", "refused" }, { "healthcheck: [CMD, x]", "refused" }, { "healthcheck: text", "refused" },
                { "volumes: [{source: a, target: /a, read_only: perhaps}]", "refused" }, { "volumes: [{source: a, target: /a, read_only: [true]}]", "refused" },
                { "volumes: ['a:/a:rshared']", "refused" }, { "volumes: ['a:/a:ro:x']", "refused" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char text[256];
                (void) snprintf(text, sizeof(text), "services:\n  web:\n    image: nginx\n    %s\n", cases[i].key);
                _cleanup_compose_ Compose c = read_with(text, (ComposeOptions) {});
                if (!line_of(&c, 4, cases[i].verdict) || c.manifest) {
                        print_report(&c);
                        TEST_FAIL("%s is not %s", cases[i].key, cases[i].verdict);
                }
        }
        static const char* const read_only[] = { "'a:/a:ro'", "'a:/a:ro,z'", "'a:/a:nocopy,ro'", "{source: a, target: /a, read_only: true}", "{source: a, target: /a, read_only: 'yes'}",
                "{source: a, target: /a, read_only: True}" };
        for (size_t i = 0; i < ELEMENTS(read_only); i++) {
                char text[256];
                (void) snprintf(text, sizeof(text), "services:\n  web:\n    image: nginx\n    volumes: [%s]\n", read_only[i]);
                _cleanup_compose_ Compose c = read_with(text, (ComposeOptions) {});
                if (!json_get_boolean(json_array_get(json_object_get(container(&c, "web"), "mounts"), 0), "read_only", false))
                        TEST_FAIL("%s may be written to", read_only[i]);
        }
}

TEST(one_port_or_place_for_two) {
        static const struct {
                const char *text, *word;
        } cases[] = {
                { "services:\n  a: {image: nginx, ports: ['8080:80', '9000:9000']}\n  b: {image: x/b, ports: ['9000:9001']}\n", "9000" },
                { "services:\n  a: {image: nginx, ports: ['80:80'], volumes: ['x:/data', 'y:/data']}\n", "/data" },
                { "services:\n  a: {image: nginx, ports: ['80:80'], volumes: ['x:/data'], tmpfs: /data}\n", "/data" },
                { "services:\n  a: {image: nginx, ports: ['80:80']}\n  b: {image: httpd, expose: [80]}\n", "80" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_compose_ Compose c = read_with(cases[i].text, (ComposeOptions) {});
                _cleanup_error_ Error e = ERROR_NULL;
                if (c.manifest || compose_refusal(&c, &e) >= 0 || !strstr(e.message, cases[i].word)) {
                        print_report(&c);
                        TEST_FAIL("%s: %s", cases[i].text, strempty(e.message));
                }
        }
}

TEST(bombs) {
        static const ComposeOptions options = {};
        _cleanup_error_ Error laughs_error = ERROR_NULL, deep_error = ERROR_NULL, large_error = ERROR_NULL, merge_error = ERROR_NULL;
        _cleanup_compose_ Compose c = {};
        static const char laughs[] = "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, "
                                     "*b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n";
        ASSERT_TRUE(compose_read(laughs, strlen(laughs), &options, &c, &laughs_error) < 0);
        ASSERT_TRUE(strstr(laughs_error.message, "aliases") != NULL);
        char deep[2000] = "a: ";
        memset(deep + 3, '[', 1000);
        ASSERT_TRUE(compose_read(deep, strlen(deep), &options, &c, &deep_error) < 0);
        ASSERT_TRUE(strstr(deep_error.message, "deep") != NULL);
        char* large = calloc(1, YAML_BYTES_MAX + 2);
        memset(large, '#', YAML_BYTES_MAX + 1);
        ASSERT_TRUE(compose_read(large, YAML_BYTES_MAX + 1, &options, &c, &large_error) < 0);
        ASSERT_TRUE(error_has_name(&large_error, ERROR_TOO_LARGE));
        free(large);

        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        (void) fputs("a: &a {", f);
        for (unsigned i = 0; i < 2000; i++)
                (void) fprintf(f, "k%u: ,", i);
        (void) fputs("}\nb:\n", f);
        for (unsigned i = 0; i < 50; i++)
                (void) fprintf(f, "  m%u: {<<: *a}\n", i);
        (void) fclose(f);
        ASSERT_TRUE(compose_read(text, size, &options, &c, &merge_error) < 0);
        free(text);

        /* A long value named often. */
        char* value = calloc(1, 40000);
        (void) strcpy(value, "T=");
        memset(value + 2, 'x', 30000);
        f = open_memstream(&text, &size);
        (void) fputs("services:\n  a:\n    image: nginx\n    user: '", f);
        for (unsigned i = 0; i < 50000; i++)
                (void) fputs("$T", f);
        (void) fputs("'\n", f);
        (void) fclose(f);
        _cleanup_compose_ Compose often = read_with(text, (ComposeOptions) { .variables = value });
        ASSERT_TRUE(often.manifest == NULL && line_of(&often, 4, "refused"));
        free(text);
        free(value);
}

TEST_MAIN()
