#include "app/launcher.h"
#include "app/app-internal.h"

/* For everybody: what is behind it is for those who look after the app. */
static const struct {
        const char *state, *sentence;
} words[] = {
        { "ok", "" },
        { "starting", "It is starting." },
        { "failing", "It does not work right now." },
        { "stopped", "It is switched off." },
        { "maintenance", "It is being looked after." },
};

static const char* state_of(Manager* m, const json_t* app) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_error_ Error ignored = ERROR_NULL;
        if (streq_ptr(json_get_string(app, "wanted"), "stopped"))
                return "stopped";
        if (json_get_integer(app, "maintenance", 0) || !streq_ptr(json_get_string(app, "gate"), "open"))
                return "maintenance";
        if (streq_ptr(json_get_string(app, "state"), "broken"))
                return "failing";
        const AppLive* live = app_live(m, strempty(json_get_string(app, "id")));
        if (!live || store_app_get(m->store, json_get_string(app, "id"), &row, &ignored) <= 0)
                return "ok";
        _cleanup_json_ json_t* manifest = app_manifest_brief(&row);
        AppHealthState health = app_health(m, live, &row, manifest);
        return health == APP_HEALTH_STARTING ? "starting" : health == APP_HEALTH_FAILING ? "failing" : "ok";
}

json_t* app_tile(Manager* m, const json_t* app) {
        const char *state = state_of(m, app), *sentence = "", *icon = json_get_string(app, "icon");
        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (streq(words[i].state, state))
                        sentence = words[i].sentence;
        return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s}", "tile", strempty(json_get_string(app, "id")), "kind", "app", "title",
                         strempty(json_get_string(app, "title")), "url", json_sprintf("https://%s/", strempty(json_get_string(app, "name"))),
                         "icon", json_string_or_null(isempty(icon) ? NULL : icon), "state", state, "sentence", sentence);
}
