#include "package/compose-internal.h"
#include "base/validate.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define LINES_MAX 500

static const char* const verdicts[] = { [HONOURED] = "honoured", [IGNORED] = "ignored", [ASKS] = "asks", [REFUSED] = "refused" };

/* jansson frees without wiping; these are what people gave as secrets. */
static void wipe_values(json_t* values) {
        const char* key;
        json_t* value;
        json_object_foreach(values, key, value)
                explicit_bzero((char*) json_string_value(value), json_string_length(value));
}

void compose_done(Compose* c) {
        if (c->answers && c->answers->refcount == 1)
                wipe_values(c->answers);
        json_decref(c->report);
        json_decref(c->manifest);
        json_decref(c->answers);
        *c = (Compose) {};
}

/* What a stranger's file is quoted with, as UTF-8 that cuts may have broken. */
void compose_mend(char* s) {
        size_t n = strlen(s);
        while (n > 0 && !utf8_valid(s, n))
                s[--n] = 0;
}

/* Values and keys may have several lines. */
static void one_line(char* s) {
        for (char* p = s; *p; p++)
                if (*p == '\n' || *p == '\t' || *p == '\r')
                        *p = ' ';
        compose_mend(s);
}

void compose_say(ComposeReader* c, unsigned line, const char* path, Verdict verdict, const char* format, ...) {
        char sentence[320], where[160];
        va_list list;
        va_start(list, format);
        (void) vsnprintf(sentence, sizeof(sentence), format, list);
        va_end(list);
        (void) snprintf(where, sizeof(where), "%s", path);
        one_line(sentence);
        one_line(where);
        if (c->n_lines >= LINES_MAX && verdict != REFUSED)
                return; /* what matters is still told */
        if (c->n_lines >= 2 * LINES_MAX)
                return;
        c->n_lines++;
        if (json_array_append_new(c->lines[verdict], json_pack("{s:i, s:s, s:s, s:s}", "line", (int) line, "key", where, "verdict", verdicts[verdict],
                                                             "sentence", sentence)) < 0)
                c->failed = true;
}

/* --- names and services --- */

/* Hosts are looked up by these names, so they must be what other services call. */
static void name_services(ComposeReader* c, const YamlNode* services) {
        for (size_t i = 0; i < services->n; i++) {
                char name[33];
                if (startswith(services->keys[i], "x-"))
                        continue;
                compose_name(services->keys[i], c->names, name);
                if (json_object_set_new(c->names, services->keys[i], json_string(name)) < 0)
                        c->failed = true;
                if (!container_name_valid(services->keys[i]))
                        compose_say(c, services->key_lines[i], "services", ASKS, "%.60s is called %s here; where another service calls it, write that.",
                                services->keys[i], name);
        }
}

/* With a profile it would not be started either (Compose specification, profiles). */
static bool left_out(const YamlNode* service) {
        const YamlNode* profiles = yaml_node_get(service, "profiles");
        return profiles && profiles->kind == YAML_LIST && profiles->n > 0;
}

static void read_service(ComposeReader* c, const char* name, unsigned line, const YamlNode* node) {
        Service s = { .c = c, .name = name, .container = json_get_string(c->names, name), .node = node };
        if (node->kind != YAML_MAP) {
                compose_say(c, line, "services", REFUSED, "The service %.60s is not a map.", name);
                return;
        }
        s.json = json_pack("{s:s, s:{}, s:[], s:[], s:[], s:[]}", "name", s.container, "env", "mounts", "scratch", "after", "powers");
        if (!s.json || json_array_append_new(c->containers, s.json) < 0) {
                c->failed = true;
                return;
        }
        compose_service(&s);
}

static void read_services(ComposeReader* c) {
        const YamlNode* services = yaml_node_get(c->root, "services");
        if (!services || services->kind != YAML_MAP || services->n == 0) {
                compose_say(c, 1, "services", REFUSED, "There are no services in the file.");
                return;
        }
        if (services->n > MANIFEST_CONTAINERS_MAX) {
                compose_say(c, services->line, "services", REFUSED, "There are %zu services; an app has at most %d.", services->n,
                        MANIFEST_CONTAINERS_MAX);
                return;
        }
        name_services(c, services);
        /* The file's order, but what others wait for may be told about itself by them ("completed"), so it is made first. */
        for (size_t i = 0; i < services->n; i++) {
                if (startswith(services->keys[i], "x-"))
                        continue;
                if (left_out(services->items[i])) {
                        compose_say(c, services->key_lines[i], "services", IGNORED, "%.60s belongs to a profile, so it is left out.", services->keys[i]);
                        (void) json_object_del(c->names, services->keys[i]);
                }
        }
        for (size_t i = 0; i < services->n; i++)
                if (json_object_get(c->names, services->keys[i]))
                        read_service(c, services->keys[i], services->key_lines[i], services->items[i]);
}

/* Those that are waited for until they are done, also where they stand behind the one that waits. */
static void mark_one_shots(ComposeReader* c) {
        const YamlNode* services = yaml_node_get(c->root, "services");
        for (size_t i = 0; services && services->kind == YAML_MAP && i < services->n; i++) {
                const YamlNode* depends = yaml_node_get(services->items[i], "depends_on");
                for (size_t k = 0; depends && depends->kind == YAML_MAP && k < depends->n; k++) {
                        const YamlNode* condition = yaml_node_get(depends->items[k], "condition");
                        const char* container = json_get_string(c->names, depends->keys[k]);
                        json_t* other = container ? (json_t*) list_find(c->containers, "name", container, NULL) : NULL;
                        if (other && condition && condition->kind == YAML_TEXT && streq(condition->text, "service_completed_successfully"))
                                (void) json_object_set_new(other, "one_shot", json_true());
                }
        }
}

static void read_top(ComposeReader* c) {
        static const struct {
                const char* key;
                Verdict verdict;
                const char* sentence;
        } rest[] = {
                { "networks", IGNORED, "All services of an app share one network, which no other app reaches." },
                { "secrets", IGNORED, "Where a service uses one, that is told there." },
                { "configs", IGNORED, "Where a service uses one, that is told there." },
                { "include", REFUSED, "Other files are not here; write what they say into this one." },
                { "models", REFUSED, "There are no models here." },
        };
        for (size_t i = 0; i < c->root->n; i++) {
                const char* key = c->root->keys[i];
                if (startswith(key, "x-") || rule_choice("services|version|name|volumes", key))
                        continue;
                size_t k = 0;
                while (k < ELEMENTS(rest) && !streq(rest[k].key, key))
                        k++;
                compose_say(c, c->root->key_lines[i], key, k < ELEMENTS(rest) ? rest[k].verdict : IGNORED, "%s",
                        k < ELEMENTS(rest) ? rest[k].sentence : "Nothing here knows it.");
        }
}

/* --- ports --- */

/* One network for all services: the second who wants a port does not start. */
static void check_conflicts(ComposeReader* c) {
        size_t i;
        const json_t* p;
        json_array_foreach(c->ports, i, p)
                for (size_t k = 0; k < i; k++) {
                        const json_t* other = json_array_get(c->ports, k);
                        const char *a = json_get_string(p, "container"), *b = json_get_string(other, "container");
                        if (streq(a, b) || json_get_integer(p, "port", 0) != json_get_integer(other, "port", 0)
                                || !streq(json_get_string(p, "protocol"), json_get_string(other, "protocol")))
                                continue;
                        compose_say(c, (unsigned) MAX(json_get_integer(p, "line", 0), json_get_integer(other, "line", 0)), "services.ports", REFUSED,
                                "%s and %s both answer on port %lld; the services of an app share one network, so give one of them another port.", b, a,
                                (long long) json_get_integer(p, "port", 0));
                        break;
                }
}

static int web_score(const ComposeReader* c, const json_t* p) {
        static const int64_t usual[] = { 80, 8080, 3000, 8000, 5000, 8888, 9000, 4000 };
        int64_t port = json_get_integer(p, "port", 0);
        int score = 0;
        if (!streq(json_get_string(p, "protocol"), "tcp"))
                return -1;
        if (c->options->service)
                return streq(json_get_string(p, "service"), c->options->service) && (c->options->port == 0 || port == c->options->port) ? 100 : -1;
        if (c->options->port > 0)
                return port == c->options->port ? 100 : -1;
        if (json_get_boolean(p, "database", false) || port == 443 || port == 8443 || port == 22 || port == 53 || port == 25)
                return -1;
        score += json_get_integer(p, "published", 0) > 0 ? 50 : 0;
        for (size_t i = 0; i < ELEMENTS(usual); i++)
                score += port == usual[i] ? 10 : 0;
        return score;
}

static json_t* find_web(ComposeReader* c) {
        json_t* best = NULL;
        int best_score = -1;
        size_t i;
        json_t* p;
        json_array_foreach(c->ports, i, p) {
                int score = web_score(c, p);
                if (score > best_score) {
                        best = p;
                        best_score = score;
                }
        }
        return best;
}

/* A service and a port that were named by hand need not stand in the file. */
static json_t* named_web(ComposeReader* c) {
        const ComposeOptions* o = c->options;
        const char* service = o->service;
        const json_t* first = json_array_get(c->containers, 0);
        if (o->port == 0)
                return NULL;
        const char* container = service ? json_get_string(c->names, service) : json_get_string(first, "name");
        if (!container)
                return NULL;
        json_t* p = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "service", service ?: container, "container", container, "protocol", "tcp", "port",
                (int) o->port, "published", 0, "line", 0);
        (void) json_array_append_new(c->ports, p);
        return p;
}

static json_t* raw_port(const json_t* p, int64_t host_port) {
        char name[33], purpose[100];
        (void) snprintf(name, sizeof(name), "%.20s-%lld%s", json_get_string(p, "container"), (long long) json_get_integer(p, "port", 0),
                streq(json_get_string(p, "protocol"), "udp") ? "-udp" : "");
        (void) snprintf(purpose, sizeof(purpose), "Port %lld of %s", (long long) json_get_integer(p, "port", 0), json_get_string(p, "service"));
        return json_pack("{s:s, s:O, s:O, s:O, s:I, s:{s:s}}", "name", name, "protocol", json_object_get(p, "protocol"), "container",
                json_object_get(p, "container"), "port", json_object_get(p, "port"), "host_port", (json_int_t) host_port, "purpose", "en", purpose);
}

/* What is published beside the web's port can be opened later, when an administrator says so. */
static json_t* raw_ports(ComposeReader* c, const json_t* web) {
        json_t* list = json_array();
        size_t i;
        const json_t* p;
        json_array_foreach(c->ports, i, p) {
                int64_t published = json_get_integer(p, "published", 0);
                unsigned line = (unsigned) json_get_integer(p, "line", 0);
                if (p == web) {
                        compose_say(c, line, "services.ports", HONOURED, "Port %lld of %s is what people open; the box does TLS.",
                                (long long) json_get_integer(p, "port", 0), json_get_string(p, "service"));
                        continue;
                }
                if (published == 0 || json_get_boolean(p, "database", false)) {
                        if (line > 0)
                                compose_say(c, line, "services.ports", HONOURED, "Port %lld is for the other services only.",
                                        (long long) json_get_integer(p, "port", 0));
                        continue;
                }
                if (published < 1024) {
                        compose_say(c, line, "services.ports", IGNORED, "Ports below 1024 are the box's own; %lld stays closed.", (long long) published);
                        continue;
                }
                if (c->needs_host_network && published != json_get_integer(p, "port", 0)) {
                        compose_say(c, line, "services.ports", IGNORED, "In the machine's own network no port becomes another; %lld stays closed.",
                                (long long) published);
                        continue;
                }
                compose_say(c, line, "services.ports", ASKS, "%lld/%s stays closed until an administrator opens it.", (long long) published,
                        json_get_string(p, "protocol"));
                if (json_array_append_new(list, raw_port(p, published)) < 0)
                        c->failed = true;
        }
        return list;
}

/* --- the whole --- */

static void make_id(const ComposeReader* c, char ret[static 33]) {
        const YamlNode *name = yaml_node_get(c->root, "name"), *services = yaml_node_get(c->root, "services");
        const char* from = c->options->id ?: name && name->kind == YAML_TEXT && *name->text ? name->text
                : services && services->kind == YAML_MAP && services->n > 0                 ? services->keys[0]
                                                                                            : "app";
        size_t n = 0;
        for (; *from && n < 32; from++)
                if (isalnum((unsigned char) *from))
                        ret[n++] = (char) tolower((unsigned char) *from);
        if (n == 0)
                n = (size_t) snprintf(ret, 33, "app");
        ret[n] = 0;
}

static json_t* make_manifest(ComposeReader* c, const char* id) {
        char title[65];
        json_t* web = find_web(c) ?: named_web(c);
        size_t n = json_array_size(c->containers);
        (void) snprintf(title, sizeof(title), "%s", c->options->title ?: id);
        compose_mend(title);
        if (!c->options->title)
                *title = (char) toupper((unsigned char) *title);
        json_t* manifest = json_pack("{s:i, s:s, s:s, s:{s:s}, s:{s:s}, s:O, s:O, s:O, s:O, s:o, s:{s:i, s:i}, s:b}", "format", 1, "id", id, "version",
                "0", "title", "en", title, "summary", "en", "From a Compose file", "containers", c->containers, "data", c->data, "secrets",
                c->secrets, "settings", c->settings, "ports", raw_ports(c, web), "resources", "memory_mb", (int) (128 * MAX(n, (size_t) 1)),
                "memory_max_mb", (int) (1024 + 512 * n), "downgrade_data_safe", 1);
        if (manifest && web)
                (void) json_object_set_new(manifest, "http", json_pack("{s:O, s:O}", "container", json_object_get(web, "container"), "port",
                                                                   json_object_get(web, "port")));
        if (manifest && c->needs_host_network)
                (void) json_object_set_new(manifest, "host_network", json_pack("{s:s}", "reason", "The Compose file asks for it."));
        return manifest;
}

static json_t* service_names(const ComposeReader* c) {
        json_t* list = json_array();
        const char* key;
        json_t* value;
        json_object_foreach(c->names, key, value)
                (void) json_array_append_new(list, json_string(key));
        return list;
}

static json_t* missing_names(const ComposeReader* c) {
        json_t* list = json_array();
        const char* key;
        json_t* value;
        json_object_foreach(c->missing, key, value)
                (void) json_array_append_new(list, json_string(key));
        return list;
}

static int make_report(ComposeReader* c, const char* id, const json_t* manifest, bool possible, json_t** ret) {
        static const Verdict order[] = { REFUSED, ASKS, IGNORED, HONOURED };
        const json_t* http = json_object_get(manifest, "http");
        const char* container = json_get_string(http, "container");
        const char *service = NULL, *key;
        json_t *value, *lines = json_array();
        for (size_t i = 0; i < ELEMENTS(order); i++)
                (void) json_array_extend(lines, c->lines[order[i]]);
        json_object_foreach(c->names, key, value)
                if (container && streq(json_string_value(value), container))
                        service = key;
        *ret = json_pack("{s:b, s:s, s:o, s:o, s:o, s:b, s:o, s:o}", "possible", (int) possible, "id", id, "services", service_names(c), "service",
                json_string_or_null(service), "port", json_is_object(http) ? json_incref(json_object_get(http, "port")) : json_null(),
                "needs_host_network", (int) c->needs_host_network, "variables", missing_names(c), "lines", lines);
        return *ret ? 0 : -ENOMEM;
}

/* What the whole does not allow is a refusal as well, without a line. */
static void check_manifest(ComposeReader* c, const json_t* made, json_t** ret) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (json_array_size(c->containers) == 0 || manifest_check(made, MANIFEST_LOCAL, ret, &e) >= 0)
                return;
        compose_say(c, 0, e.field ?: "", REFUSED, "%.250s", strempty(e.message));
}

static int finish(ComposeReader* c, Compose* ret) {
        char id[33];
        _cleanup_json_ json_t *made = NULL, *manifest = NULL;
        make_id(c, id);
        compose_databases(c);
        check_conflicts(c);
        if (c->options->service && !json_object_get(c->names, c->options->service))
                compose_say(c, 0, "service", REFUSED, "There is no service %.60s in the file.", c->options->service);
        made = make_manifest(c, id);
        if (!made)
                return -ENOMEM;
        if (json_is_null(json_object_get(made, "http")) || !json_object_get(made, "http"))
                compose_say(c, 0, "services.ports", ASKS, "No port is named that people could open; say which service and port answer HTTP, if any.");
        if (json_array_size(c->lines[REFUSED]) == 0)
                check_manifest(c, made, &manifest);
        bool whole = manifest && json_array_size(c->lines[REFUSED]) == 0, agreed = !c->needs_host_network || c->options->host_network;
        int r = make_report(c, id, made, whole && (agreed || c->options->host_open), &ret->report);
        if (r < 0 || c->failed)
                return -ENOMEM;
        if (whole && agreed) {
                ret->manifest = TAKE_PTR(manifest);
                ret->answers = json_incref(c->answers);
        }
        return 0;
}

static void reader_done(ComposeReader* c) {
        for (size_t i = 0; i < ELEMENTS(c->lines); i++)
                json_decref(c->lines[i]);
        if (c->variables)
                wipe_values(c->variables);
        if (c->answers && c->answers->refcount == 1) /* nobody got them */
                wipe_values(c->answers);
        json_decref(c->variables);
        json_decref(c->missing);
        json_decref(c->answers);
        json_decref(c->settings);
        json_decref(c->secrets);
        json_decref(c->containers);
        json_decref(c->data);
        json_decref(c->names);
        json_decref(c->volumes);
        json_decref(c->ports);
}

/* Copies of their own, as these are wiped when the file was read. */
static int keep_variables(json_t* variables, const json_t* kept, Error* reterr) {
        const char* key;
        json_t* value;
        json_object_foreach((json_t*) kept, key, value)
                if (!json_object_get(variables, key) && json_object_set_new(variables, key, json_deep_copy(value)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot read the variables");
        return 0;
}

int compose_read(const char* text, size_t size, const ComposeOptions* options, Compose* ret, Error* reterr) {
        _cleanup_(yaml_tree_freep) YamlTree* tree = NULL;
        _cleanup_(reader_done) ComposeReader c = { .options = options, .missing = json_object(), .answers = json_object(), .settings = json_array(),
                .secrets = json_array(), .containers = json_array(), .data = json_array(), .names = json_object(), .volumes = json_object(),
                .ports = json_array() };
        for (size_t i = 0; i < ELEMENTS(c.lines); i++)
                c.lines[i] = json_array();
        int r = yaml_tree_read(text, size, &tree, &c.root, reterr);
        if (r >= 0 && c.root->kind != YAML_MAP)
                r = error_field(reterr, ERROR_BAD_FIELD, "compose", "Line 1: this is not a Compose file; it begins with services:.");
        if (r >= 0)
                r = compose_variables(options->variables, &c.variables, reterr);
        if (r >= 0)
                r = keep_variables(c.variables, options->kept, reterr);
        if (r < 0)
                return r;
        read_top(&c);
        read_services(&c);
        mark_one_shots(&c);
        r = finish(&c, ret);
        return r < 0 ? error_errno(reterr, r, "Cannot read the Compose file") : 0;
}

#define REFUSALS_TOLD 4

/* "Line 4: services.web.pid: ..."; the whole has no line. */
static void write_refusal(FILE* f, const json_t* line) {
        if (json_get_integer(line, "line", 0) > 0)
                (void) fprintf(f, "Line %lld: ", (long long) json_get_integer(line, "line", 0));
        (void) fprintf(f, "%s: %s", json_get_string(line, "key"), json_get_string(line, "sentence"));
}

int compose_refusal(const Compose* c, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        size_t i, n = 0, size = 0;
        const json_t* line;
        if (c->manifest)
                return 0;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return error_errno(reterr, -ENOMEM, "Cannot read the Compose file");
        json_array_foreach(json_object_get(c->report, "lines"), i, line)
                if (streq(json_get_string(line, "verdict"), "refused") && ++n <= REFUSALS_TOLD) {
                        (void) fputs(n > 1 ? " " : "", f);
                        write_refusal(f, line);
                }
        if (n > REFUSALS_TOLD)
                (void) fprintf(f, " And %zu more.", n - REFUSALS_TOLD);
        if (fclose(f) != 0)
                return error_errno(reterr, -ENOMEM, "Cannot read the Compose file");
        if (n == 0) {
                (void) error_field(reterr, ERROR_BAD_FIELD, "host_network", "The file asks for the machine's own network.");
                return error_hint(reterr, "Say yes to it by host_network, if the app is to have it.");
        }
        (void) error_field(reterr, ERROR_BAD_FIELD, "compose", "%s", text);
        return error_hint(reterr, "app.import-check tells all of it, line by line.");
}
