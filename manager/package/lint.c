/* What people who make packages get wrong, and the box alone could not refuse. */
#include "package/pack.h"
#include "package/manifest-internal.h"
#include <stdarg.h>
#include <strings.h>
#include <time.h>

typedef struct Lint {
        const json_t* manifest; /* normalised */
        FILE* f;
        LintResult result;
} Lint;

static void _printf_(4, 5) say(Lint* l, bool error, const char* field, const char* format, ...) {
        va_list list;
        (void) fprintf(l->f, "%s: %s: ", error ? "error" : "warning", field);
        va_start(list, format);
        (void) vfprintf(l->f, format, list);
        va_end(list);
        (void) fputc('\n', l->f);
        if (error)
                l->result.errors++;
        else
                l->result.warnings++;
}

/* --- fixed passwords --- */

static bool names_secret(const char* name, size_t n) {
        static const char* const words[] = { "password", "passwd", "passphrase", "_pass", "secret", "token", "apikey", "api_key", "private_key",
                "encryption_key", "credential" };
        _cleanup_free_ char* copy = strndup(name, n);
        for (size_t i = 0; copy && i < ELEMENTS(words); i++)
                if (strcasestr(copy, words[i]))
                        return true;
        return false;
}

/* Not secret itself: a place, a number, a switch, or made for each installation. */
static bool harmless(const char* value) {
        static const char* const words[] = { "true", "false", "yes", "no", "on", "off", "none", "null" };
        if (!*value || *value == '/' || strstr(value, "{{secret.") || strstr(value, "{{setting.") || strstr(value, "{{mail."))
                return true;
        if (value[strspn(value, "0123456789.smhd")] == 0)
                return true;
        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (strcasecmp(value, words[i]) == 0)
                        return true;
        return false;
}

static void lint_command(Lint* l, const char* container, const char* field, const json_t* command) {
        for (size_t i = 0; i < json_array_size(command); i++) {
                const char* text = json_string_value(json_array_get(command, i));
                const char* equals = strchr(text, '=');
                bool option = text[0] == '-' && names_secret(text, equals ? (size_t) (equals - text) : strlen(text));
                const char* value = equals ? equals + 1 : strempty(json_string_value(json_array_get(command, i + 1)));
                if (option && !harmless(value) && *value != '-')
                        say(l, true, field, "%s: %.*s has a fixed value, the same on every box; use a secret.", container,
                                (int) (equals ? equals - text : 40), text);
        }
}

static void lint_secrets(Lint* l) {
        size_t i;
        const json_t* container;
        json_array_foreach(json_object_get(l->manifest, "containers"), i, container) {
                const char* key;
                json_t* value;
                json_object_foreach(json_object_get(container, "env"), key, value)
                        if (names_secret(key, strlen(key)) && !harmless(json_string_value(value)))
                                say(l, true, "env", "%s: %s has a fixed value, the same on every box; use {{secret.KEY}}.",
                                        json_get_string(container, "name"), key);
                lint_command(l, json_get_string(container, "name"), "args", json_object_get(container, "args"));
                lint_command(l, json_get_string(container, "name"), "command", json_object_get(container, "command"));
        }
}

/* --- texts --- */

static void lint_reason(Lint* l, const char* field, const char* reason) {
        size_t words = 0;
        for (const char* p = strempty(reason); *p; p++)
                words += *p == ' ';
        if (words < 2)
                say(l, true, field, "\"%s\" is no reason; say in a sentence what for, people read it.", strempty(reason));
}

static void lint_powers(Lint* l) {
        size_t i, k;
        const json_t *container, *power;
        json_array_foreach(json_object_get(l->manifest, "containers"), i, container)
                json_array_foreach(json_object_get(container, "powers"), k, power)
                        lint_reason(l, "powers", json_get_string(power, "reason"));
        const json_t* network = json_object_get(l->manifest, "host_network");
        if (json_is_object(network))
                lint_reason(l, "host_network", json_get_string(network, "reason"));
}

static void lint_texts(Lint* l) {
        static const char* const needed[] = { "title", "summary", "description" };
        for (size_t i = 0; i < ELEMENTS(needed); i++)
                if (!*manifest_text(l->manifest, needed[i], "en"))
                        say(l, true, needed[i], "is missing; people choose by it.");
        const char* language;
        json_t* text;
        json_object_foreach(json_object_get(l->manifest, "title"), language, text)
                for (size_t i = 1; i < ELEMENTS(needed); i++)
                        if (!json_object_get(json_object_get(l->manifest, needed[i]), language))
                                say(l, true, needed[i], "is missing in %s, in which there is a title.", language);
        size_t k;
        const json_t* setting;
        json_object_foreach(json_object_get(l->manifest, "title"), language, text)
                json_array_foreach(json_object_get(l->manifest, "settings"), k, setting)
                        if (!json_object_get(json_object_get(setting, "label"), language))
                                say(l, true, "settings", "%s has no label in %s.", json_get_string(setting, "key"), language);
        if (json_string_length(json_object_get(l->manifest, "licence")) == 0)
                say(l, true, "licence", "is missing: an SPDX expression, as AGPL-3.0-or-later.");
        if (json_is_null(json_object_get(l->manifest, "homepage")))
                say(l, false, "homepage", "is missing.");
        if (json_array_size(json_object_get(l->manifest, "categories")) == 0)
                say(l, false, "categories", "is empty; nobody finds it by looking around.");
}

/* --- the rest --- */

static bool is_mounted(const json_t* manifest, const char* data) {
        size_t i;
        const json_t* container;
        json_array_foreach(json_object_get(manifest, "containers"), i, container)
                if (list_find(json_object_get(container, "mounts"), "data", data, NULL))
                        return true;
        return false;
}

static void lint_data(Lint* l) {
        size_t i;
        const json_t* data;
        json_array_foreach(json_object_get(l->manifest, "data"), i, data)
                if (!is_mounted(l->manifest, json_get_string(data, "name")))
                        say(l, true, "data", "%s is mounted by no container.", json_get_string(data, "name"));
        if (i == 0)
                say(l, false, "data", "is empty: everything the app writes is lost at its next start.");
}

static void lint_used(Lint* l, const char* list, const char* kind) {
        size_t i;
        const json_t* item;
        _cleanup_free_ char* all = json_text(l->manifest, false);
        json_array_foreach(json_object_get(l->manifest, list), i, item) {
                char placeholder[64];
                (void) snprintf(placeholder, sizeof(placeholder), "{{%s.%s}}", kind, json_get_string(item, "key"));
                if (all && !strstr(all, placeholder))
                        say(l, false, list, "%s is used nowhere.", placeholder);
        }
}

static void lint_life(Lint* l, int64_t now) {
        char today[32] = {};
        struct tm tm;
        time_t t = (time_t) now;
        const char* end = json_get_string(l->manifest, "end_of_life");
        if (gmtime_r(&t, &tm))
                (void) strftime(today, sizeof(today), "%Y-%m-%d", &tm);
        if (end && strcmp(end, today) < 0)
                say(l, false, "end_of_life", "%s has passed.", end);
        const json_t* resources = json_object_get(l->manifest, "resources");
        if (json_get_integer(resources, "disk_mb", 0) == 0 || json_get_integer(resources, "download_mb", 0) == 0)
                say(l, false, "resources", "disk_mb and download_mb are missing, so nobody can tell beforehand whether it fits.");
        if (json_is_null(json_object_get(l->manifest, "http")) && json_array_size(json_object_get(l->manifest, "ports")) == 0)
                say(l, false, "http", "is missing and there are no ports: nobody can reach it.");
}

LintResult pack_lint(const json_t* manifest, int64_t now, FILE* f) {
        Lint l = { .f = f };
        _cleanup_free_ char *text = json_text(manifest, false), *icon = NULL;
        _cleanup_json_ json_t* checked = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!text || manifest_parse(text, strlen(text), &checked, &icon, &e) < 0) {
                say(&l, true, e.field ?: "manifest.json", "%s%s%s", e.message ?: "Not enough memory.", e.hint ? " " : "", strempty(e.hint));
                return l.result;
        }
        l.manifest = checked;
        if (!icon)
                say(&l, true, "icon", "is missing: put icon.svg or icon.png beside manifest.json.");
        lint_texts(&l);
        lint_secrets(&l);
        lint_powers(&l);
        lint_data(&l);
        lint_used(&l, "secrets", "secret");
        lint_used(&l, "settings", "setting");
        lint_life(&l, now);
        return l.result;
}
