/* Where a Compose file's services keep things and where they are reached: volumes and ports. */
#include "package/compose-internal.h"
#include <ctype.h>
#include <stdio.h>

#define SAY(node, verdict, ...) compose_say(s->c, (node)->line, path, verdict, __VA_ARGS__)

/* --- names --- */

static bool taken_has(const json_t* taken, const char* name) {
        const char* key;
        json_t* value;
        json_object_foreach((json_t*) taken, key, value)
                if (streq(json_string_value(value), name))
                        return true;
        return false;
}

void compose_name(const char* from, const json_t* taken, char ret[static 33]) {
        size_t n = 0;
        for (; *from && n < 28; from++) {
                char c = (char) tolower((unsigned char) *from);
                if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
                        ret[n++] = c;
                else if (n > 0 && ret[n - 1] != '-')
                        ret[n++] = '-';
        }
        while (n > 0 && ret[n - 1] == '-')
                n--;
        if (n == 0)
                n = (size_t) snprintf(ret, 33, "data");
        ret[n] = 0;
        for (unsigned i = 2; taken_has(taken, ret) && i < 1000; i++)
                (void) snprintf(ret + n, 33 - n, "-%u", i);
}

/* --- volumes --- */

void compose_mount(Service* s, unsigned line, const char* path, const char* source, const char* target, bool read_only) {
        ComposeReader* c = s->c;
        char name[33];
        const char* known = json_get_string(c->volumes, source);
        if (!inside_path_valid(target)) {
                compose_say(c, line, path, REFUSED, "%.80s is no place in a container where data can be.", target);
                return;
        }
        if (!known) {
                compose_name(source, c->volumes, name);
                if (json_object_set_new(c->volumes, source, json_string(name)) < 0
                        || json_array_append_new(c->data, json_pack("{s:s}", "name", name)) < 0)
                        c->failed = true;
                known = name;
        }
        if (json_array_append_new(json_object_get(s->json, "mounts"),
                    json_pack("{s:s, s:s, s:b}", "data", known, "path", target, "read_only", (int) read_only)) < 0)
                c->failed = true;
        compose_say(c, line, path, HONOURED, "%s is the app's data \"%s\"%s.", target, known, read_only ? ", which it may only read" : "");
}

/* "nginx.conf", "app.yml": a directory cannot stand for it. "conf.d" and ".config" are directories. */
static bool looks_like_file(const char* path) {
        const char* slash = strrchr(path, '/');
        const char* name = slash ? slash + 1 : path;
        const char* dot = strrchr(name, '.');
        return dot && dot > name && strlen(dot) > 2 && strlen(dot) <= 6 && !isdigit((unsigned char) dot[1]);
}

/* What the machine itself is made of, and whole trees in which people keep much else; "/srv/notes" and "/data" are neither. */
static bool is_machines_own(const char* source) {
        static const char* const own[] = { "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var" };
        static const char* const whole[] = { "", "home", "media", "mnt", "opt", "srv" };
        const char *first = source + strspn(source, "/."), *rest = first + strcspn(first, "/");
        size_t n = (size_t) (rest - first);
        for (size_t i = 0; i < ELEMENTS(own); i++)
                if (strlen(own[i]) == n && strncmp(own[i], first, n) == 0)
                        return true;
        for (size_t i = 0; i < ELEMENTS(whole); i++)
                if (strlen(whole[i]) == n && strncmp(whole[i], first, n) == 0)
                        return rest[strspn(rest, "/.")] == 0;
        return false;
}

static bool is_machines(const char* source) {
        if (strstr(source, "..") || *source == '$')
                return true;
        if (*source == '~') /* whoever's home it was */
                return source[1] != '/' || source[strspn(source, "~/.")] == 0;
        return *source == '/' && is_machines_own(source);
}

/* A place of the machine, as the file's author knew his. Nothing of this machine is mounted: what is kept there becomes data of the app. */
static void bind(Service* s, const YamlNode* node, const char* path, const char* source, const char* target, bool read_only) {
        if (strstr(source, "docker.sock") || strstr(source, "podman.sock") || strstr(source, "containerd.sock"))
                SAY(node, REFUSED, "Whoever has the engine's socket is root of the machine; there is no engine here.");
        else if (streq(source, "/etc/localtime") || streq(source, "/etc/timezone"))
                SAY(node, IGNORED, "The app's time zone comes as TZ, where it is set.");
        else if (is_machines(source))
                SAY(node, REFUSED, "%.80s is a place of the machine, which apps do not see; use a volume, and upload what belongs there.", source);
        else if (looks_like_file(target) && looks_like_file(source))
                SAY(node, REFUSED, "%.80s is a single file; use a volume for the directory around it, and upload the file there.", source);
        else {
                SAY(node, ASKS, "%.80s becomes data of the app, empty at first; upload what belongs there.", source);
                compose_mount(s, node->line, path, source, target, read_only);
        }
}

static void volume_of(Service* s, const YamlNode* node, const char* path, const char* source, const char* target, bool read_only) {
        const YamlNode* volumes = yaml_node_get(s->c->root, "volumes");
        const YamlNode* external = yaml_node_get(yaml_node_get(volumes, source), "external");
        if (external && external->kind == YAML_TEXT && streq(external->text, "true"))
                SAY(node, ASKS, "%.60s exists elsewhere; here it begins empty.", source);
        compose_mount(s, node->line, path, source, target, read_only);
}

/* What stands behind the second colon. Who may only read must not be let write because of a word beside it. */
static bool read_mode(Service* s, const YamlNode* node, const char* path, char* text, bool* ret_read_only) {
        for (char *rest = text, *word; (word = strsep(&rest, ","));)
                if (streq(word, "ro"))
                        *ret_read_only = true;
                else if (!rule_choice("rw|z|Z|nocopy|cached|delegated|consistent|private|rprivate|slave|rslave", word)) {
                        SAY(node, REFUSED, "\"%.40s\" is no way in which a volume can be had here.", word);
                        return false;
                }
        return true;
}

/* [source:]target[:options] */
static void read_short(Service* s, const YamlNode* node, const char* path) {
        _cleanup_free_ char* text = compose_text(s->c, node, path, false);
        char* parts[3] = { text };
        size_t n = text ? 1 : 0;
        for (char* p = text; p && *p; p++)
                if (*p == ':' && n < 3) {
                        *p = 0;
                        parts[n++] = p + 1;
                }
        if (n == 0)
                return;
        if (n == 1) { /* a volume without a name */
                char own[128];
                (void) snprintf(own, sizeof(own), "%.32s%.90s", s->container, text);
                compose_mend(own);
                compose_mount(s, node->line, path, own, text, false);
                return;
        }
        bool read_only = false;
        if (n == 3 && !read_mode(s, node, path, parts[2], &read_only))
                return;
        if (strchr("./~$", *parts[0]) && *parts[0])
                bind(s, node, path, parts[0], parts[1], read_only);
        else
                volume_of(s, node, path, parts[0], parts[1], read_only);
}

static char* member(Service* s, const YamlNode* map, const char* key, const char* path) {
        const YamlNode* node = yaml_node_get(map, key);
        return node && !yaml_node_is_null(node) ? compose_text(s->c, node, path, false) : NULL;
}

static void read_long(Service* s, const YamlNode* node, const char* path) {
        _cleanup_free_ char *type = member(s, node, "type", path), *source = member(s, node, "source", path) ?: member(s, node, "src", path);
        _cleanup_free_ char *target = member(s, node, "target", path) ?: member(s, node, "dst", path), *only = member(s, node, "read_only", path);
        bool read_only = false;
        char own[128];
        if (yaml_node_get(node, "read_only") && !yaml_node_is_null(yaml_node_get(node, "read_only")) && !(only && compose_boolean(only, &read_only))) {
                SAY(node, REFUSED, "read_only is neither true nor false.");
                return;
        }
        if (!target) {
                SAY(node, REFUSED, "A volume needs a target.");
                return;
        }
        if (type && streq(type, "tmpfs")) {
                if (json_array_append_new(json_object_get(s->json, "scratch"), json_string(target)) < 0)
                        s->c->failed = true;
                SAY(node, HONOURED, "In memory, empty at each start.");
        } else if (source && (type && streq(type, "bind")))
                bind(s, node, path, source, target, read_only);
        else if (!type || streq(type, "volume")) {
                (void) snprintf(own, sizeof(own), "%.32s%.90s", s->container, target);
                compose_mend(own);
                volume_of(s, node, path, source ?: own, target, read_only);
        } else
                SAY(node, REFUSED, "A volume of type %.20s is not known here.", type);
}

void compose_volumes(Service* s, const YamlNode* node, const char* path) {
        for (size_t i = 0; node->kind == YAML_LIST && i < node->n; i++)
                if (node->items[i]->kind == YAML_MAP)
                        read_long(s, node->items[i], path);
                else
                        read_short(s, node->items[i], path);
        if (node->kind != YAML_LIST && !yaml_node_is_null(node))
                SAY(node, REFUSED, "A list is expected.");
}

/* --- ports --- */

/* "8080" or "8080-8090": only single ports are kept. */
static bool one_port(const char* text, unsigned* ret) {
        char* end = NULL;
        unsigned long n = isdigit((unsigned char) *text) ? strtoul(text, &end, 10) : 0;
        *ret = (unsigned) n;
        return end && !*end && n > 0 && n < 65536;
}

static void add_port(Service* s, unsigned line, const char* protocol, unsigned port, unsigned published) {
        json_t* p = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "service", s->name, "container", s->container, "protocol", protocol, "port",
                (int) port, "published", (int) published, "line", (int) line);
        if (json_array_append_new(s->c->ports, p) < 0)
                s->c->failed = true;
}

/* [[address:]published:]target[/protocol] */
static void read_short_port(Service* s, const YamlNode* node, const char* path, bool published) {
        _cleanup_free_ char* text = compose_text(s->c, node, path, false);
        if (!text)
                return;
        char* slash = strchr(text, '/');
        const char* protocol = slash ? slash + 1 : "tcp";
        if (slash)
                *slash = 0;
        char* last = strrchr(text, ':');
        const char* target = last ? last + 1 : text;
        if (last)
                *last = 0;
        const char* before = last ? strrchr(text, ':') : NULL;
        const char* outside = !last ? target : before ? before + 1 : text;
        unsigned inner = 0, outer = 0;
        if (!streq(protocol, "tcp") && !streq(protocol, "udp"))
                SAY(node, REFUSED, "%.20s is no protocol that can be opened.", protocol);
        else if (strchr(target, '-') || strchr(outside, '-'))
                SAY(node, REFUSED, "Ranges of ports are not opened; write the ports that are needed.");
        else if (!one_port(target, &inner) || (*outside && !one_port(outside, &outer)))
                SAY(node, REFUSED, "\"%.40s\" is no port.", target);
        else
                add_port(s, node->line, protocol, inner, published ? outer : 0);
}

static void read_long_port(Service* s, const YamlNode* node, const char* path) {
        _cleanup_free_ char *target = member(s, node, "target", path), *published = member(s, node, "published", path);
        _cleanup_free_ char* protocol = member(s, node, "protocol", path);
        unsigned inner = 0, outer = 0;
        if (!target || !one_port(target, &inner) || (published && !one_port(published, &outer)) || (protocol && !rule_choice("tcp|udp", protocol)))
                SAY(node, REFUSED, "A port needs a target from 1 to 65535, and tcp or udp as its protocol.");
        else
                add_port(s, node->line, protocol ?: "tcp", inner, outer ?: inner);
}

void compose_ports(Service* s, const YamlNode* node, const char* path, bool published) {
        for (size_t i = 0; node->kind == YAML_LIST && i < node->n; i++)
                if (node->items[i]->kind == YAML_MAP)
                        read_long_port(s, node->items[i], path);
                else
                        read_short_port(s, node->items[i], path, published);
        if (node->kind != YAML_LIST && !yaml_node_is_null(node))
                SAY(node, REFUSED, "A list is expected.");
}

/* --- databases --- */

typedef struct Database {
        const char* image;   /* the last part of its name */
        unsigned port;
        const char* path;    /* of its data; NULL = copied as it is */
        const char *dump, *restore;
} Database;

#define PG "export PGPASSWORD=\"$POSTGRES_PASSWORD\"; u=\"${POSTGRES_USER:-postgres}\"; d=\"${POSTGRES_DB:-$u}\"; "
#define MY "export MYSQL_PWD=\"${MARIADB_ROOT_PASSWORD:-$MYSQL_ROOT_PASSWORD}\"; u=root; [ -n \"$MYSQL_PWD\" ] || { u=\"${MARIADB_USER:-$MYSQL_USER}\"; " \
           "MYSQL_PWD=\"${MARIADB_PASSWORD:-$MYSQL_PASSWORD}\"; }; d=\"${MARIADB_DATABASE:-$MYSQL_DATABASE}\"; "
#define PG_DUMP PG "exec pg_dump --host=127.0.0.1 --username=\"$u\" --clean --if-exists --no-owner \"$d\""
#define PG_RESTORE PG "exec psql --host=127.0.0.1 --username=\"$u\" --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --single-transaction \"$d\""
#define MY_DUMP(program) MY "exec " program " --host=127.0.0.1 --user=\"$u\" --single-transaction --quick --no-tablespaces --routines --triggers \"$d\""
#define MY_RESTORE(program) MY "exec " program " --host=127.0.0.1 --user=\"$u\" \"$d\""
static const Database databases[] = {
        { "postgres", 5432, "/var/lib/postgresql", PG_DUMP, PG_RESTORE },
        { "postgresql", 5432, "/var/lib/postgresql", PG_DUMP, PG_RESTORE },
        { "pgvector", 5432, "/var/lib/postgresql", PG_DUMP, PG_RESTORE },
        { "postgis", 5432, "/var/lib/postgresql", PG_DUMP, PG_RESTORE },
        { "mariadb", 3306, "/var/lib/mysql", MY_DUMP("mariadb-dump"), MY_RESTORE("mariadb") },
        { "mysql", 3306, "/var/lib/mysql", MY_DUMP("mysqldump"), MY_RESTORE("mysql") },
        { "redis", 6379 },
        { "valkey", 6379 },
        { "memcached", 11211 },
        { "mongo", 27017 },
        { "rabbitmq", 5672 },
        { "elasticsearch", 9200 },
        { "meilisearch", 7700 },
        { "clickhouse-server", 8123 },
};

static const Database* database_of(const char* image) {
        const char* slash = image ? strrchr(image, '/') : NULL;
        for (size_t i = 0; slash && i < ELEMENTS(databases); i++) {
                const char* rest = startswith(slash + 1, databases[i].image);
                if (rest && (*rest == ':' || *rest == '@'))
                        return &databases[i];
        }
        return NULL;
}

/* Where exactly one piece of data holds the database's files, and nobody else uses it. */
static json_t* data_of(ComposeReader* c, const json_t* container, const Database* d) {
        const json_t* mounts = json_object_get(container, "mounts");
        const char* name = NULL;
        size_t i, k, users = 0;
        json_t *mount, *other;
        json_array_foreach(mounts, i, mount)
                if (startswith(json_get_string(mount, "path"), d->path))
                        name = json_get_string(mount, "data");
        json_array_foreach(c->containers, i, other)
                json_array_foreach(json_object_get(other, "mounts"), k, mount)
                        users += name && streq(json_get_string(mount, "data"), name);
        return users == 1 ? (json_t*) list_find(c->data, "name", name, NULL) : NULL;
}

static json_t* shell(const char* container, const char* command) {
        return json_pack("{s:s, s:[s, s, s]}", "container", container, "command", "/bin/sh", "-c", command);
}

static void set_dump(const json_t* container, json_t* data, const Database* d) {
        const char* name = json_get_string(container, "name");
        (void) json_object_set_new(data, "consistency", json_string("dump"));
        (void) json_object_set_new(data, "dump", shell(name, d->dump));
        (void) json_object_set_new(data, "restore", shell(name, d->restore));
}

static bool port_listed(const ComposeReader* c, const char* container, unsigned port) {
        size_t i;
        const json_t* p;
        json_array_foreach(c->ports, i, p)
                if (streq(json_get_string(p, "container"), container) && json_get_integer(p, "port", 0) == port)
                        return true;
        return false;
}

void compose_databases(ComposeReader* c) {
        size_t i;
        json_t* container;
        json_array_foreach(c->containers, i, container) {
                const Database* d = database_of(json_get_string(container, "image"));
                if (!d)
                        continue;
                const char* name = json_get_string(container, "name");
                json_t* data = d->path ? data_of(c, container, d) : NULL;
                if (data)
                        set_dump(container, data, d);
                if (!port_listed(c, name, d->port)) /* so that two of a kind are found out */
                        (void) json_array_append_new(c->ports, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:b}", "service", name, "container", name,
                                                                     "protocol", "tcp", "port", (int) d->port, "published", 0, "line", 0, "database", 1));
                else {
                        size_t k;
                        json_t* p;
                        json_array_foreach(c->ports, k, p)
                                if (streq(json_get_string(p, "container"), name) && json_get_integer(p, "port", 0) == d->port)
                                        (void) json_object_set_new(p, "database", json_true());
                }
        }
}
