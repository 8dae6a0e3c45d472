/* Databases that come with an app, as containers of it: own data, own version, own password, nobody else's. Their images behave as the
 * engines' own ones do (entrypoint, variables, where data is). Settings keep them small: PostgreSQL 20 MB, MariaDB 50 MB, Redis 7 MB idle.
 *
 * The containers of an app share one network of their own, so a database listens on loopback only and its port is its engine's. */
#include "package/manifest-internal.h"
#include <stdio.h>

typedef struct Addon {
        const char* kind;
        const char* path;       /* of its data */
        const char* command;    /* JSON */
        const char* env;        /* JSON; %s is the secret's key */
        const char* health;     /* JSON */
        const char *dump, *restore, *file; /* JSON commands, NULL = the files are copied as they are */
        const char* stop_signal;
        int stop_seconds;
} Addon;

static const Addon addons[] = {
        { "postgresql", "/var/lib/postgresql/data",
          "[\"postgres\", \"-c\", \"listen_addresses=127.0.0.1\", \"-c\", \"shared_buffers=16MB\", \"-c\", \"max_connections=40\","
          " \"-c\", \"max_worker_processes=2\", \"-c\", \"max_parallel_workers=0\"]",
          "{\"POSTGRES_USER\": \"app\", \"POSTGRES_DB\": \"app\", \"POSTGRES_PASSWORD\": \"{{secret.%1$s}}\"}",
          /* Over TCP: while it is made, the server listens on its socket only. */
          "[\"pg_isready\", \"--quiet\", \"--host=127.0.0.1\", \"--username=app\", \"--dbname=app\"]",
          "[\"pg_dump\", \"--username=app\", \"--clean\", \"--if-exists\", \"--no-owner\", \"app\"]",
          "[\"psql\", \"--username=app\", \"--quiet\", \"--output=/dev/null\", \"--set=ON_ERROR_STOP=1\", \"--single-transaction\", \"app\"]",
          "postgresql.sql", "SIGINT", 60 },
        { "mariadb", "/var/lib/mysql",
          "[\"mariadbd\", \"--bind-address=127.0.0.1\", \"--performance-schema=OFF\", \"--innodb-buffer-pool-size=16M\","
          " \"--key-buffer-size=1M\", \"--aria-pagecache-buffer-size=1M\", \"--max-connections=40\"]",
          "{\"MARIADB_USER\": \"app\", \"MARIADB_DATABASE\": \"app\", \"MARIADB_PASSWORD\": \"{{secret.%1$s}}\","
          " \"MARIADB_ROOT_PASSWORD\": \"{{secret.%1$s}}\"}",
          "[\"sh\", \"-c\", \"MYSQL_PWD=\\\"$MARIADB_PASSWORD\\\" exec mariadb --host=127.0.0.1 --user=app --execute='SELECT 1' app\"]",
          "[\"sh\", \"-c\", \"MYSQL_PWD=\\\"$MARIADB_PASSWORD\\\" exec mariadb-dump --host=127.0.0.1 --user=app --single-transaction"
          " --quick --no-tablespaces --routines --triggers app\"]",
          "[\"sh\", \"-c\", \"MYSQL_PWD=\\\"$MARIADB_PASSWORD\\\" exec mariadb --host=127.0.0.1 --user=app app\"]",
          "mariadb.sql", "SIGTERM", 60 },
        { "redis", "/data",
          "[\"redis-server\", \"--bind\", \"127.0.0.1\", \"--dir\", \"/data\", \"--save\", \"300\", \"1\", \"--maxmemory-policy\", \"noeviction\"]",
          "{}", "[\"redis-cli\", \"-e\", \"ping\"]", NULL, NULL, NULL, "SIGTERM", 30 },
};

static const Addon* addon_of(const char* kind) {
        for (size_t i = 0; i < ELEMENTS(addons); i++)
                if (streq(addons[i].kind, kind))
                        return &addons[i];
        return NULL; /* the rules let no other through */
}

static json_t* parsed(const char* text) {
        return json_loads(text, 0, NULL);
}

static json_t* addon_env(const Addon* a, const char* key) {
        char text[512];
        if (!strstr(a->env, "%1$s"))
                return parsed(a->env);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void) snprintf(text, sizeof(text), a->env, key); /* a constant of the table above */
#pragma GCC diagnostic pop
        return parsed(text);
}

static json_t* addon_container(const Addon* a, const char* name, const char* image, const char* key) {
        return json_pack("{s:s, s:s, s:n, s:o, s:o, s:n, s:n, s:b, s:[], s:[{s:s, s:s, s:b}], s:[], s:b, s:b, s:i, s:s, s:i, s:n, s:[],"
                         " s:{s:o, s:i, s:i, s:i, s:i}}",
                "name", name, "image", image, "args", "command", parsed(a->command), "env", addon_env(a, key), "user", "working_directory",
                "read_only", 0, "scratch", "mounts", "data", name, "path", a->path, "read_only", 0, "after", "one_shot", 0, "init", 0,
                "shm_mb", 64, "stop_signal", a->stop_signal, "stop_seconds", a->stop_seconds, "memory_mb", "powers", "health", "command",
                parsed(a->health), "interval", 10, "timeout", 5, "retries", 6, "start", 120);
}

static json_t* addon_command(const char* name, const char* command) {
        return command ? json_pack("{s:s, s:o}", "container", name, "command", parsed(command)) : json_null();
}

static json_t* addon_data(const Addon* a, const char* name, const char* class) {
        return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "name", name, "class", class, "consistency", a->dump ? "dump" : "plain", "dump",
                addon_command(name, a->dump), "restore", addon_command(name, a->restore), "file", a->file ?: "dump.sql");
}

/* Whoever is the app's own waits for the database, unless the database waits for it. */
static int wait_for(json_t* containers, const char* name) {
        size_t i;
        json_t* container;
        json_array_foreach(containers, i, container) {
                json_t* after = json_object_get(container, "after");
                if (!json_list_has(after, name) && json_array_append_new(after, json_string(name)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int expand(json_t* manifest, json_t* addon, const Addon* a) {
        const char* name = json_get_string(addon, "name");
        char key[64];
        (void) snprintf(key, sizeof(key), "%.22s_password", name); /* 32 together */
        for (char* c = key; *c; c++)
                if (*c == '-')
                        *c = '_';
        if (!(key[0] >= 'a' && key[0] <= 'z'))
                key[0] = 'a'; /* names may begin with a digit, keys may not */
        int r = 0;
        if (a->dump)
                r = json_array_append_new(json_object_get(manifest, "secrets"),
                        json_pack("{s:s, s:s, s:i, s:b}", "key", key, "format", "letters", "bytes", 24, "show", 0));
        if (r >= 0)
                r = json_array_append_new(json_object_get(manifest, "data"), addon_data(a, name, json_get_string(addon, "class")));
        if (r >= 0)
                r = json_array_append_new(json_object_get(manifest, "containers"),
                        addon_container(a, name, json_get_string(addon, "image"), key));
        return r < 0 || json_object_set_new(addon, "expanded", json_true()) < 0 ? -ENOMEM : 0;
}

int manifest_expand_addons(json_t* manifest, Error* reterr) {
        json_t* containers = json_object_get(manifest, "containers");
        json_t* list = json_object_get(manifest, "addons");
        size_t i;
        json_t* addon;
        int r = 0;
        json_array_foreach(list, i, addon) {
                const char* name = json_get_string(addon, "name");
                if (json_get_boolean(addon, "expanded", false) || list_find(containers, "name", name, NULL))
                        continue; /* a container of that name is refused later, or was written out before */
                r = wait_for(containers, name);
                if (r < 0)
                        return r;
        }
        json_array_foreach(list, i, addon) {
                if (json_get_boolean(addon, "expanded", false))
                        continue;
                r = expand(manifest, addon, addon_of(json_get_string(addon, "kind")));
                if (r < 0)
                        return r;
        }
        return 0;
}
