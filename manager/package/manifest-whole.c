/* What no single key can tell: names that are used and must be there, names that are there twice, circles, placeholders, ports. */
#include "package/manifest-internal.h"
#include <stdio.h>

const json_t* list_find(const json_t* list, const char* key, const char* value, size_t* ret_index) {
        size_t i;
        const json_t* item;
        json_array_foreach(list, i, item)
                if (value && streq_ptr(json_get_string(item, key), value)) {
                        if (ret_index)
                                *ret_index = i;
                        return item;
                }
        return NULL;
}

static RulePath at_member(const char* list, size_t i, const char* key) {
        RulePath top = {}, list_path = rule_path(&top, list), item = rule_path_at(&list_path, i);
        return rule_path(&item, key);
}

#define REFUSE(path, ...) error_field(reterr, ERROR_BAD_FIELD, (path).text, __VA_ARGS__)

/* --- names --- */

static int check_unique(const json_t* manifest, const char* list_name, const char* key, Error* reterr) {
        const json_t* list = json_object_get(manifest, list_name);
        for (size_t i = 0; i < json_array_size(list); i++) {
                size_t first = 0;
                const char* value = json_get_string(json_array_get(list, i), key);
                (void) list_find(list, key, value, &first);
                if (first != i) {
                        RulePath path = at_member(list_name, i, key);
                        return REFUSE(path, "%s is \"%s\", as %s[%zu] is already; every name can be there once.", path.text, value, list_name,
                                first);
                }
        }
        return 0;
}

static int check_container_name(const json_t* manifest, const json_t* object, RulePath path, Error* reterr) {
        const char* name = json_get_string(object, "container");
        if (json_is_null(object) || !object || list_find(json_object_get(manifest, "containers"), "name", name, NULL))
                return 0;
        return REFUSE(path, "%s is \"%s\", and there is no container of that name.", path.text, strempty(name));
}

static int check_references(const json_t* manifest, Error* reterr) {
        static const char* const lists[] = { "ports", "schedule" };
        static const char* const hooks[] = { "before_update", "after_update", "after_clone" };
        RulePath hooks_path = rule_path(NULL, "hooks");
        int r = check_container_name(manifest, json_object_get(manifest, "http"), rule_path(NULL, "http.container"), reterr);
        for (size_t i = 0; i < ELEMENTS(hooks) && r >= 0; i++) {
                RulePath path = rule_path(&hooks_path, hooks[i]);
                r = check_container_name(manifest, json_object_get(json_object_get(manifest, "hooks"), hooks[i]), path, reterr);
        }
        for (size_t k = 0; k < ELEMENTS(lists) && r >= 0; k++) {
                const json_t* list = json_object_get(manifest, lists[k]);
                for (size_t i = 0; i < json_array_size(list) && r >= 0; i++)
                        r = check_container_name(manifest, json_array_get(list, i), at_member(lists[k], i, "container"), reterr);
        }
        return r;
}

/* --- containers --- */

static int check_mounts(const json_t* manifest, const json_t* container, size_t index, Error* reterr) {
        const json_t* mounts = json_object_get(container, "mounts");
        for (size_t i = 0; i < json_array_size(mounts); i++) {
                const json_t* mount = json_array_get(mounts, i);
                const char *data = json_get_string(mount, "data"), *path = json_get_string(mount, "path");
                RulePath at = at_member("containers", index, "mounts");
                size_t first = i;
                if (!list_find(json_object_get(manifest, "data"), "name", data, NULL))
                        return REFUSE(at, "%s uses data \"%s\", which is not in `data`.", at.text, data);
                (void) list_find(mounts, "path", path, &first);
                if (first != i || json_list_has(json_object_get(container, "scratch"), path))
                        return REFUSE(at, "%s has two things at %s.", at.text, path);
        }
        return 0;
}

static int check_image(const json_t* container, size_t index, ManifestOrigin origin, Error* reterr) {
        const char* image = json_get_string(container, "image");
        RulePath at = at_member("containers", index, "image");
        if (origin != MANIFEST_PACKAGE || image_reference_pinned(image))
                return 0;
        (void) REFUSE(at, "%s is \"%s\", a tag, behind which there can be something else tomorrow.", at.text, image);
        return error_hint(reterr, "Write the image with its digest, as host/name@sha256:<64 hex digits>.");
}

/* Containers that come up before this one, all the way down; depth first with a set of bits. */
static int check_circle(const json_t* containers, size_t index, unsigned on_path, unsigned* done, Error* reterr) {
        const json_t* container = json_array_get(containers, index);
        const json_t* after = json_object_get(container, "after");
        RulePath at = at_member("containers", index, "after");
        if (on_path & 1u << index)
                return REFUSE(at, "%s goes in a circle: \"%s\" would wait for itself.", at.text, json_get_string(container, "name"));
        if (*done & 1u << index)
                return 0;
        *done |= 1u << index;
        for (size_t i = 0; i < json_array_size(after); i++) {
                const char* name = json_string_value(json_array_get(after, i));
                size_t next;
                if (!list_find(containers, "name", name, &next))
                        return REFUSE(at, "%s names \"%s\", and there is no container of that name.", at.text, name);
                int r = check_circle(containers, next, on_path | 1u << index, done, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_containers(const json_t* manifest, ManifestOrigin origin, Error* reterr) {
        const json_t* containers = json_object_get(manifest, "containers");
        unsigned done = 0;
        for (size_t i = 0; i < json_array_size(containers); i++) {
                const json_t* container = json_array_get(containers, i);
                int r = check_image(container, i, origin, reterr);
                if (r >= 0)
                        r = check_mounts(manifest, container, i, reterr);
                if (r >= 0)
                        r = check_circle(containers, i, 0, &done, reterr);
                if (r < 0)
                        return r;
                RulePath at = at_member("containers", i, "args");
                if (!json_is_null(json_object_get(container, "args")) && !json_is_null(json_object_get(container, "command")))
                        return REFUSE(at, "%s and command are both there; args is the whole command line, so take one out.", at.text);
        }
        return 0;
}

/* --- ports --- */

/* All containers of an app have one network, so a port belongs to one of them. */
static int check_ports(const json_t* manifest, Error* reterr) {
        const json_t* ports = json_object_get(manifest, "ports");
        const json_t* http = json_object_get(manifest, "http");
        for (size_t i = 0; i < json_array_size(ports); i++) {
                const json_t* port = json_array_get(ports, i);
                const char *container = json_get_string(port, "container"), *protocol = json_get_string(port, "protocol");
                int64_t number = json_get_integer(port, "port", 0), host = json_get_integer(port, "host_port", 0);
                RulePath at = at_member("ports", i, "port");
                if (json_is_object(http) && streq(protocol, "tcp") && number == json_get_integer(http, "port", 0)
                        && !streq(container, json_get_string(http, "container")))
                        return REFUSE(at, "%s is %lld, which is the port of http in another container; the containers of an app share one "
                                          "network.", at.text, (long long) number);
                for (size_t k = 0; k < i; k++) {
                        const json_t* other = json_array_get(ports, k);
                        if (!streq(protocol, json_get_string(other, "protocol")))
                                continue;
                        if (host == json_get_integer(other, "host_port", 0))
                                return REFUSE(at, "Ports %zu and %zu both want host_port %lld.", k, i, (long long) host);
                        if (number == json_get_integer(other, "port", 0) && !streq(container, json_get_string(other, "container")))
                                return REFUSE(at, "%s is %lld in two containers; the containers of an app share one network.", at.text,
                                        (long long) number);
                }
        }
        return 0;
}

/* --- tasks --- */

/* What is silent in a copy is kept as ids of tasks, and as "mail". */
static int check_tasks(const json_t* manifest, Error* reterr) {
        size_t i = 0;
        return list_find(json_object_get(manifest, "schedule"), "id", "mail", &i)
                        ? REFUSE(at_member("schedule", i, "id"), "schedule[%zu].id is \"mail\", which stands for the app's mail; call it something else.", i) : 0;
}

/* What run/record.h lets have the machine's own network, found out before anything is fetched. */
static int check_host_network(const json_t* manifest, Error* reterr) {
        const json_t *ports = json_object_get(manifest, "ports"), *http = json_object_get(manifest, "http");
        int64_t web = json_get_integer(http, "port", 0);
        RulePath at_web = rule_path(NULL, "http.port");
        if (!json_is_object(json_object_get(manifest, "host_network")))
                return 0;
        if (json_is_object(http) && web < 1024)
                return REFUSE(at_web, "%s is %lld; in the machine's own network the ports below 1024 are the box's.", at_web.text, (long long) web);
        for (size_t i = 0; i < json_array_size(ports); i++) {
                const json_t* port = json_array_get(ports, i);
                RulePath at = at_member("ports", i, "host_port");
                if (json_get_integer(port, "host_port", 0) != json_get_integer(port, "port", 0))
                        return REFUSE(at, "%s must be the same as port; in the machine's own network no port becomes another.", at.text);
        }
        return 0;
}

/* --- data, addons, secrets, settings --- */

static int check_data(const json_t* manifest, Error* reterr) {
        const json_t* list = json_object_get(manifest, "data");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t* data = json_array_get(list, i);
                static const char* const commands[] = { "dump", "restore" };
                bool dumps = streq(json_get_string(data, "consistency"), "dump");
                for (size_t k = 0; k < ELEMENTS(commands); k++) {
                        RulePath at = at_member("data", i, commands[k]);
                        const json_t* command = json_object_get(data, commands[k]);
                        if (dumps != !json_is_null(command))
                                return REFUSE(at, "%s must be there exactly where consistency is dump.", at.text);
                        int r = check_container_name(manifest, command, at, reterr);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int check_addons(const json_t* manifest, Error* reterr) {
        int r = check_unique(manifest, "addons", "name", reterr);
        if (r >= 0 && json_array_size(json_object_get(manifest, "addons")) > 1)
                r = check_unique(manifest, "addons", "kind", reterr); /* they would want the same port */
        return r;
}

static int check_settings(const json_t* manifest, Error* reterr) {
        const json_t* list = json_object_get(manifest, "settings");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t* setting = json_array_get(list, i);
                const json_t* choices = json_object_get(setting, "choices");
                const char *type = json_get_string(setting, "type"), *initial = json_get_string(setting, "initial");
                RulePath at = at_member("settings", i, "choices"), at_initial = at_member("settings", i, "initial");
                if (streq(type, "enum") != (json_array_size(choices) > 0))
                        return REFUSE(at, "%s must be there exactly where type is enum.", at.text);
                for (size_t k = 0; k < json_array_size(choices); k++)
                        if (json_string_length(json_array_get(choices, k)) == 0)
                                return REFUSE(at, "%s has an empty choice.", at.text);
                if (initial && streq(type, "enum") && !json_list_has(choices, initial))
                        return REFUSE(at_initial, "%s is none of its choices.", at_initial.text);
                if (initial && streq(type, "boolean") && !rule_choice("true|false", initial))
                        return REFUSE(at_initial, "%s must be \"true\" or \"false\".", at_initial.text);
                if (initial && streq(type, "integer") && (!*initial || initial[strspn(initial, "-0123456789")]))
                        return REFUSE(at_initial, "%s must be a whole number in quotes.", at_initial.text);
                if (initial && *initial && streq(type, "password"))
                        return REFUSE(at_initial, "%s would be a password that everybody knows; take it out, or make it a secret.",
                                at_initial.text);
        }
        return 0;
}

static int check_kept_secrets(const json_t* manifest, Error* reterr) {
        const json_t* list = json_object_get(json_object_get(manifest, "clone"), "keep_secrets");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char* key = json_string_value(json_array_get(list, i));
                RulePath at = rule_path(NULL, "clone.keep_secrets");
                if (!list_find(json_object_get(manifest, "secrets"), "key", key, NULL))
                        return REFUSE(at, "%s names \"%s\", which is not in `secrets`.", at.text, key);
        }
        return 0;
}

/* --- placeholders --- */

static const char* known(const char* name, void* userdata) {
        const json_t* manifest = userdata;
        static const char names[] = "app.id|app.name|app.url|app.title|app.language|app.timezone|mail.host|mail.port|mail.user|"
                                    "mail.password|mail.from";
        const char* secret = startswith(name, "secret.");
        const char* setting = startswith(name, "setting.");
        if (secret)
                return list_find(json_object_get(manifest, "secrets"), "key", secret, NULL) ? "" : NULL;
        if (setting)
                return list_find(json_object_get(manifest, "settings"), "key", setting, NULL) ? "" : NULL;
        return !strchr(name, '|') && rule_choice(names, name) ? "" : NULL;
}

/* Looks at every text below the value, so that none of a kind can be forgotten. */
static int check_placeholders(const json_t* manifest, const json_t* value, RulePath path, Error* reterr) {
        _cleanup_free_ char* filled = NULL;
        int r = 0;
        if (json_is_string(value)) {
                _cleanup_error_ Error e = ERROR_NULL;
                r = manifest_fill(json_string_value(value), known, (void*) manifest, &filled, &e);
                return r < 0 ? REFUSE(path, "%s: %s", path.text, strempty(e.message)) : 0;
        }
        const char* key;
        json_t* item;
        json_object_foreach((json_t*) value, key, item)
                if (r >= 0)
                        r = check_placeholders(manifest, item, rule_path(&path, key), reterr);
        for (size_t i = 0; i < json_array_size(value) && r >= 0; i++)
                r = check_placeholders(manifest, json_array_get(value, i), rule_path_at(&path, i), reterr);
        return r;
}

int manifest_check_whole(const json_t* manifest, ManifestOrigin origin, Error* reterr) {
        static const struct {
                const char *list, *key;
        } unique[] = { { "containers", "name" }, { "data", "name" }, { "ports", "name" }, { "secrets", "key" }, { "settings", "key" },
                { "schedule", "id" } };
        static const char* const filled[] = { "containers", "schedule", "hooks", "data" };
        int r = check_addons(manifest, reterr);
        for (size_t i = 0; i < ELEMENTS(unique) && r >= 0; i++)
                r = check_unique(manifest, unique[i].list, unique[i].key, reterr);
        if (r >= 0)
                r = check_containers(manifest, origin, reterr);
        if (r >= 0)
                r = check_references(manifest, reterr);
        if (r >= 0)
                r = check_ports(manifest, reterr);
        if (r >= 0)
                r = check_tasks(manifest, reterr);
        if (r >= 0)
                r = check_host_network(manifest, reterr);
        if (r >= 0)
                r = check_data(manifest, reterr);
        if (r >= 0)
                r = check_settings(manifest, reterr);
        if (r >= 0)
                r = check_kept_secrets(manifest, reterr);
        for (size_t i = 0; i < ELEMENTS(filled) && r >= 0; i++)
                r = check_placeholders(manifest, json_object_get(manifest, filled[i]), rule_path(NULL, filled[i]), reterr);
        return r;
}
