/* Which apps a provider wants. Pure; the installer checked steadbox.json, but root may write it by hand, so what is not understood is left out. */
#include "app/preset.h"
#include "base/validate.h"

/* "template" is a short word for some of the box's own catalogue; "apps" speaks before it. Mail itself brings its webmail. */
static const struct {
        const char *template, *package, *location;
} template_table[] = {
        { "mail", "radicale", "calendar" },
        { "team", "radicale", "calendar" },
        { "team", "dokuwiki", "wiki" },
        { "blog", "wordpress", "blog" },
};

static bool label_valid(const char* s) {
        return hostname_valid(s) && !strchr(s, '.') && strlen(s) <= 63;
}

static bool has(const json_t* list, const char* key, const char* value) {
        size_t i;
        json_t* one;
        json_array_foreach((json_t*) list, i, one)
                if (streq_ptr(json_get_string(one, key), value))
                        return true;
        return false;
}

/* A word that stands for several leaves out what the same provider denies. */
static bool is_denied(const json_t* machine, const char* package) {
        const json_t* catalogue = json_object_get(json_object_get(machine, "provider"), "catalogue");
        const json_t* allow = json_object_get(catalogue, "allow");
        return json_list_has(json_object_get(catalogue, "deny"), package) || (json_array_size(allow) > 0 && !json_list_has(allow, package));
}

static bool lines_are_texts(const json_t* lines) {
        size_t i;
        json_t* line;
        json_array_foreach((json_t*) lines, i, line)
                if (!json_is_string(line))
                        return false;
        return json_is_array(lines);
}

static void add(json_t* list, const char* package, const char* location, const char* title, const char* access, json_t* settings) {
        if (json_array_size(list) >= APP_PRESETS_MAX || !id_valid(package) || !label_valid(location) || has(list, "package", package)
            || has(list, "location", location))
                return;
        (void) json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:O}", "package", package, "location", location, "title",
                                                     json_string_or_null(title), "access", json_string_or_null(access), "settings", settings));
}

json_t* presets_wanted(const json_t* machine) {
        json_t *list = json_array(), *one;
        _cleanup_json_ json_t* none = json_array();
        const char* template = json_get_string(machine, "template");
        size_t i;
        if (!list || !none)
                return json_decref(list), NULL;
        json_array_foreach(json_object_get(machine, "apps"), i, one) {
                const char* package = strempty(json_get_string(one, "package"));
                json_t* settings = json_object_get(one, "settings");
                add(list, package, json_get_string(one, "location") ?: package, json_get_string(one, "title"), json_get_string(one, "access"),
                    lines_are_texts(settings) ? settings : none);
        }
        for (i = 0; i < ELEMENTS(template_table); i++)
                if (streq_ptr(template_table[i].template, template) && !is_denied(machine, template_table[i].package))
                        add(list, template_table[i].package, template_table[i].location, NULL, NULL, none);
        return list;
}

int preset_is_there(const char* app_state) {
        if (streq(app_state, "installing"))
                return 2;
        return !streq(app_state, "broken") && !streq(app_state, "removing");
}
