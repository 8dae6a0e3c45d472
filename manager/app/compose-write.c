#include "app/compose-write.h"
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#define SHORT 6 /* a value that is shorter stands in texts by chance */

typedef struct Writer {
        FILE* f;
        const json_t* values;
        bool secrets;
        const ComposeTexts* of;
        const AppContainerRecord* network; /* whose network the others share; NULL = there are no others */
} Writer;

/* The variable that stands for a secret: SECRET_ADMIN_PASSWORD. */
static void variable(const char* key, char ret[static 96]) {
        size_t n = (size_t) snprintf(ret, 96, "%s", startswith(key, "setting:") ? "" : "SECRET_");
        for (const char* p = key; *p && n + 1 < 96; p++)
                ret[n++] = (*p >= 'a' && *p <= 'z') ? (char) (*p - 'a' + 'A') : (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ? *p : '_';
        ret[n] = 0;
}

/* The secret that text begins with, or is. */
static const char* secret_at(const Writer* w, const char* text, bool whole, size_t* ret_size) {
        const char *key, *best = NULL;
        json_t* value;
        *ret_size = 0;
        json_object_foreach((json_t*) w->values, key, value) {
                const char* v = strempty(json_string_value(value));
                size_t n = strlen(v);
                if (n > *ret_size && strncmp(text, v, n) == 0 && (n >= SHORT || (whole && text[n] == 0))) {
                        best = key;
                        *ret_size = n;
                }
        }
        return best;
}

/* A text of the file: in double quotes with JSON's escapes, which are YAML's too; a dollar is two for Compose. */
static void put_text(Writer* w, const char* text) {
        (void) fputc('"', w->f);
        for (const char* p = text; *p;) {
                size_t size = 0;
                char name[96];
                const char* key = secret_at(w, p, p == text, &size);
                if (key) {
                        variable(key, name);
                        fprintf(w->f, "${%s?}", name);
                        p += size;
                        continue;
                }
                if (*p == '"' || *p == '\\')
                        fprintf(w->f, "\\%c", *p);
                else if (*p == '$')
                        (void) fputs("$$", w->f);
                else if (*p == '\n')
                        (void) fputs("\\n", w->f);
                else if ((unsigned char) *p < ' ' || *p == 127)
                        fprintf(w->f, "\\x%02x", (unsigned char) *p);
                else
                        (void) fputc(*p, w->f);
                p++;
        }
        (void) fputc('"', w->f);
}

static void put_list(Writer* w, const char* key, const char* const* list) {
        if (!list || !list[0])
                return;
        fprintf(w->f, "    %s:\n", key);
        for (size_t i = 0; list[i]; i++) {
                (void) fputs("      - ", w->f);
                put_text(w, list[i]);
                (void) fputc('\n', w->f);
        }
}

/* A variable's value may be a secret alone. */
static void put_environment(Writer* w, const char* const* env) {
        if (!env || !env[0])
                return;
        (void) fputs("    environment:\n", w->f);
        for (size_t i = 0; env[i]; i++) {
                const char* equals = strchr(env[i], '=');
                if (!equals)
                        continue;
                fprintf(w->f, "      \"%.*s\": ", (int) (equals - env[i]), env[i]);
                put_text(w, equals + 1);
                (void) fputc('\n', w->f);
        }
}

static void put_mounts(Writer* w, const AppContainerRecord* c) {
        if (c->mounts_n > 0)
                (void) fputs("    volumes:\n", w->f);
        for (size_t i = 0; i < c->mounts_n; i++)
                fprintf(w->f, "      - \"./data/%s:%s%s\"\n", c->mounts[i].data, c->mounts[i].path, c->mounts[i].read_only ? ":ro" : "");
}

static void put_health(Writer* w, const AppHealth* h) {
        if (!h->command || !h->command[0])
                return;
        (void) fputs("    healthcheck:\n      test:\n        - CMD\n", w->f);
        for (size_t i = 0; h->command[i]; i++) {
                (void) fputs("        - ", w->f);
                put_text(w, h->command[i]);
                (void) fputc('\n', w->f);
        }
        fprintf(w->f, "      interval: %us\n      timeout: %us\n      retries: %u\n      start_period: %us\n", h->interval_sec, h->timeout_sec, h->retries, h->start_sec);
}

static void put_after(Writer* w, const AppRecord* record, const AppContainerRecord* c) {
        if (!c->after || !c->after[0])
                return;
        (void) fputs("    depends_on:\n", w->f);
        for (size_t i = 0; c->after[i]; i++) {
                const AppContainerRecord* other = app_record_container(record, c->after[i]);
                const char* condition = other && other->one_shot ? "service_completed_successfully"
                                      : other && other->health.command && other->health.command[0] ? "service_healthy" : "service_started";
                fprintf(w->f, "      %s:\n        condition: %s\n", c->after[i], condition);
        }
}

/* Ports are those of the network: all stand at the service that has it. */
static void put_ports(Writer* w, const AppRecord* record, const json_t* manifest, const AppContainerRecord* c) {
        const json_t* http = json_object_get(manifest, "http");
        bool all = w->network == c, begun = false;
        bool web = (all || streq(strempty(json_get_string(http, "container")), c->name)) && record->http_port > 0;
        if (w->network && !all)
                return;
        json_t* p;
        size_t i;
        if (web) {
                fprintf(w->f, "    ports:\n      - \"8080:%u\"\n", record->http_port);
                begun = true;
        }
        json_array_foreach(json_object_get(manifest, "ports"), i, p) {
                if (!all && !streq(strempty(json_get_string(p, "container")), c->name))
                        continue;
                if (!begun)
                        (void) fputs("    ports:\n", w->f);
                begun = true;
                fprintf(w->f, "      - \"%lld:%lld/%s\"\n", (long long) json_get_integer(p, "host_port", 0), (long long) json_get_integer(p, "port", 0),
                        strempty(json_get_string(p, "protocol")));
        }
}

static void put_network(Writer* w, const AppRecord* record, const AppContainerRecord* c) {
        if (!w->network)
                return;
        if (w->network != c) {
                fprintf(w->f, "    network_mode: \"service:%s\"\n", w->network->name);
                return;
        }
        (void) fputs("    extra_hosts:\n", w->f);
        for (size_t i = 0; i < record->containers_n; i++)
                fprintf(w->f, "      - \"%s:127.0.0.1\"\n", record->containers[i].name);
}

static const char* image_of(const json_t* manifest, const json_t* images, const char* container) {
        const char* pinned = json_get_string(json_object_get(images, container), "pinned");
        json_t* c;
        size_t i;
        json_array_foreach(json_object_get(manifest, "containers"), i, c)
                if (!pinned && streq(strempty(json_get_string(c, "name")), container))
                        pinned = json_get_string(c, "image");
        return strempty(pinned);
}

static void put_service(Writer* w, const AppRecord* record, const json_t* manifest, const json_t* images, const AppContainerRecord* c) {
        fprintf(w->f, "  %s:\n    image: ", c->name);
        put_text(w, image_of(manifest, images, c->name));
        fprintf(w->f, "\n    user: \"%u:%u\"\n    restart: %s\n    stop_grace_period: %us\n", c->uid, c->gid, c->one_shot ? "\"no\"" : "unless-stopped", c->stop_sec);
        put_list(w, "entrypoint", c->args);
        if (c->cwd && *c->cwd) {
                (void) fputs("    working_dir: ", w->f);
                put_text(w, c->cwd);
                (void) fputc('\n', w->f);
        }
        put_environment(w, c->env);
        put_mounts(w, c);
        put_list(w, "tmpfs", c->scratch);
        put_list(w, "cap_add", c->powers);
        if (c->read_only)
                (void) fputs("    read_only: true\n", w->f);
        if (c->init)
                (void) fputs("    init: true\n", w->f);
        if (c->shm_bytes > 0)
                fprintf(w->f, "    shm_size: \"%llu\"\n", (unsigned long long) c->shm_bytes);
        put_health(w, &c->health);
        put_after(w, record, c);
        put_network(w, record, c);
        put_ports(w, record, manifest, c);
}

/* The first that waits for nobody: whoever shares a network waits for its owner. */
static const AppContainerRecord* network_of(const AppRecord* record) {
        for (size_t i = 0; record->containers_n > 1 && i < record->containers_n; i++) {
                const AppContainerRecord* c = &record->containers[i];
                if (!c->one_shot && (!c->after || !c->after[0]))
                        return c;
        }
        return NULL;
}

static void put_compose(Writer* w, const AppRecord* record, const json_t* manifest, const json_t* images) {
        fprintf(w->f, "# %s %s, exported from a Steadbox. Data lies in ./data beside this file.\nname: %s\nservices:\n", record->id,
                strempty(json_get_string(manifest, "version")), record->id);
        for (size_t i = 0; i < record->containers_n; i++)
                put_service(w, record, manifest, images, &record->containers[i]);
}

/* In single quotes Compose takes a value as it is, but for the quote itself. */
static void put_variables(Writer* w) {
        const char* key;
        json_t* value;
        json_object_foreach((json_t*) w->values, key, value) {
                char name[96];
                variable(key, name);
                if (!w->secrets) {
                        fprintf(w->f, "%s=\n", name);
                        continue;
                }
                fprintf(w->f, "%s='", name);
                for (const char* p = strempty(json_string_value(value)); *p; p++)
                        (void) (*p == '\'' ? fputs("\\'", w->f) : fputc(*p, w->f));
                (void) fputs("'\n", w->f);
        }
}

/* A word of a shell's command line, in single quotes where it needs them; a secret is named, not told. */
static void put_word(Writer* w, const char* word) {
        size_t plain = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,+@%");
        if (*word && word[plain] == 0) {
                (void) fputs(word, w->f);
                return;
        }
        (void) fputc('\'', w->f);
        for (const char* p = word; *p; p++)
                (void) (*p == '\'' ? fputs("'\\''", w->f) : fputc(*p, w->f));
        (void) fputc('\'', w->f);
}

static void put_load(Writer* w, const json_t* data, const char* file) {
        const json_t* restore = json_object_get(data, "restore");
        size_t i;
        const json_t* word;
        fprintf(w->f, "      docker compose exec -T %s", strempty(json_get_string(restore, "container")));
        json_array_foreach(json_object_get(restore, "command"), i, word) {
                (void) fputc(' ', w->f);
                put_word(w, strempty(json_string_value(word)));
        }
        fprintf(w->f, " < dumps/%s\n", file);
}

static void put_dumps(Writer* w) {
        size_t i, k;
        const json_t *d, *data;
        if (json_array_size(w->of->dumps) == 0)
                return;
        (void) fputs("\nDumps\n\ndata/ is whole: it was copied while the app stood, so it runs with the same images as it is. A dump is for another version of a\n"
                     "database, or another machine's: begin without that part of data/, start the service, wait until it is healthy, then load it:\n\n", w->f);
        json_array_foreach(w->of->dumps, i, d)
                json_array_foreach(json_object_get(w->of->manifest, "data"), k, data) {
                        const char *name = strempty(json_get_string(d, "data")), *missed = json_get_string(d, "missed");
                        if (!streq_ptr(json_get_string(data, "name"), name))
                                continue;
                        if (missed)
                                fprintf(w->f, "  dumps/%s is missing. %s\n", strempty(json_get_string(d, "file")), missed);
                        else {
                                fprintf(w->f, "  dumps/%s instead of data/%s:\n\n", strempty(json_get_string(d, "file")), name);
                                put_load(w, data, strempty(json_get_string(d, "file")));
                                (void) fputc('\n', w->f);
                        }
                }
}

static void put_readme(Writer* w, const AppRecord* record, const json_t* manifest) {
        fprintf(w->f, "%s %s, as it was at https://%s/\n\n", record->title, strempty(json_get_string(manifest, "version")), w->of->name);
        if (w->of->compose)
                fprintf(w->f, "Run it on any machine with Docker Compose or podman-compose:\n\n"
                              "  1. As root, unpack this archive with owners: tar --numeric-owner -xpf THIS.tar\n"
                              "  2. %s\n"
                              "  3. Where compose.yaml says %s, put the name it shall have; many apps send visitors to that.\n"
                              "  4. docker compose up -d; then open http://localhost:8080/\n\n"
                              "On another Steadbox: steadbox app import --compose-file compose.yaml --variables-stdin < .env\n"
                              "and load dumps with: steadbox app exec APP --container NAME -- COMMAND < dumps/FILE\n\n",
                        w->secrets ? "Keep .env to yourself: it holds the app's secrets." : "Fill in .env: the secrets were left out. Those of databases must be the ones the data was made with.",
                        w->of->name);
        (void) fputs("What is here:\n", w->f);
        if (w->of->compose)
                (void) fputs("  compose.yaml  the services, with images by digest\n", w->f);
        if (w->of->compose && json_object_size(w->values) > 0)
                (void) fputs("  .env          values of secrets\n", w->f);
        (void) fputs("  data/         what the app keeps, with the owners of its containers\n", w->f);
        if (json_array_size(w->of->dumps) > 0)
                (void) fputs("  dumps/        what its databases say of themselves\n", w->f);
        put_dumps(w);
}

typedef enum Part { COMPOSE, ENVIRONMENT, README } Part;

static int add(json_t* list, const char* name, Part part, Writer w, const AppRecord* record, const json_t* manifest, const json_t* images) {
        char* text = NULL;
        size_t size = 0;
        w.f = open_memstream(&text, &size);
        if (!w.f)
                return -ENOMEM;
        if (part == COMPOSE)
                put_compose(&w, record, manifest, images);
        else if (part == ENVIRONMENT)
                put_variables(&w);
        else
                put_readme(&w, record, manifest);
        int r = fclose(w.f) == 0 ? json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "text", text)) : -ENOMEM;
        if (text)
                explicit_bzero(text, size);
        free(text);
        return r;
}

json_t* compose_texts(const ComposeTexts* what) {
        const AppRecord* record = what->record;
        json_t* list = json_array();
        const Writer w = { .values = what->values, .secrets = what->secrets, .of = what, .network = network_of(record) };
        int r = list ? 0 : -ENOMEM;
        if (r >= 0 && what->compose)
                r = add(list, "compose.yaml", COMPOSE, w, record, what->manifest, what->images);
        if (r >= 0 && what->compose && json_object_size(what->values) > 0)
                r = add(list, ".env", ENVIRONMENT, w, record, what->manifest, what->images);
        if (r >= 0)
                r = add(list, "README.txt", README, w, record, what->manifest, what->images);
        if (r < 0) {
                json_decref(list);
                return NULL;
        }
        return list;
}
