/* Apps that the provider wants here from the first start: when each comes, and that none comes twice. */
#include "app/preset.h"
#include "api/events.h"
#include "app/app-internal.h"
#include "app/install.h"
#include "base/log.h"
#include "catalogue/catalogue.h"
#include "package/manifest.h"
#include "store/store-job.h"
#include "store/store-setting.h"
#include <stdio.h>

#define KEPT "app_presets" /* a setting: {package: {"state", "app", "job", "reason"}}; what is not in it waits. Not there: not begun */
#define OFFERS "*"         /* in it, and no package: not begun either, what is kept was said by people */

static const Actor itself = { .via = VIA_SYSTEM, .role = ROLE_ADMIN, .name = "system" };

/* --- what is kept --- */

typedef struct Presets {
        json_t* wanted; /* of presets_wanted() */
        json_t* kept;
        bool begun;
} Presets;

static void presets_done(Presets* p) {
        json_decref(p->wanted);
        json_decref(p->kept);
}

static int presets_load(Manager* m, Presets* ret, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_setting_get(m->store, KEPT, &text, reterr);
        if (r < 0)
                return r;
        ret->begun = r > 0;
        ret->wanted = presets_wanted(m->machine);
        ret->kept = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
        if (!json_is_object(ret->kept)) {
                json_decref(ret->kept);
                ret->kept = json_object();
        }
        ret->begun = ret->begun && !json_object_get(ret->kept, OFFERS);
        return ret->wanted && ret->kept ? 0 : error_errno(reterr, -ENOMEM, "Cannot look at the provider's apps");
}

static int presets_save(Manager* m, const Presets* p, Error* reterr) {
        if (p->begun)
                (void) json_object_del(p->kept, OFFERS);
        else
                (void) json_object_set_new(p->kept, OFFERS, json_object());
        _cleanup_free_ char* text = json_text(p->kept, /* canonical= */ true);
        return text ? MIN(store_setting_set(m->store, KEPT, text, reterr), 0) : error_errno(reterr, -ENOMEM, "Cannot note the provider's apps");
}

static void presets_note(Presets* p, const char* package, const char* state, const char* app, const char* job, const char* reason) {
        (void) json_object_set_new(p->kept, package, json_pack("{s:s, s:s, s:s, s:s}", "state", state, "app", strempty(app), "job", strempty(job),
                                                               "reason", strempty(reason)));
}

static const char* kept_word(const Presets* p, const char* package, const char* key) {
        return strempty(json_get_string(json_object_get(p->kept, package), key));
}

static const char* state_of(const Presets* p, const char* package) {
        const char* state = kept_word(p, package, "state");
        return *state ? state : "waiting";
}

static const json_t* preset_find(const Presets* p, const char* package) {
        size_t i;
        json_t* one;
        json_array_foreach(p->wanted, i, one)
                if (streq_ptr(json_get_string(one, "package"), package))
                        return one;
        return NULL;
}

/* --- how each stands --- */

/* An app of that package that somebody has installed, as preset_is_there() counts. */
static int by_hand(Manager* m, const char* package, char ret_id[static APP_ID_BYTES], Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        int found = 0, r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; r >= 0 && i < rows.count && found != 1; i++)
                if (streq(rows.items[i].package, package) && preset_is_there(rows.items[i].state) > 0) {
                        (void) snprintf(ret_id, APP_ID_BYTES, "%s", rows.items[i].id);
                        found = preset_is_there(rows.items[i].state);
                }
        return r < 0 ? r : found;
}

static char* why_failed(Manager* m, const char* job) {
        _cleanup_job_row_ JobRow row = {};
        if (store_job_get(m->store, job, &row, NULL) <= 0)
                return strdup("Its installation did not come to its end.");
        _cleanup_json_ json_t* error = json_loads(strempty(row.error), JSON_REJECT_DUPLICATES, NULL);
        if (streq(row.state, "cancelled"))
                return strdup("Its installation was cancelled.");
        return strdup(json_get_string(error, "message") ?: "Its installation failed.");
}

/* What became of the one that was being installed: 1 = it is over and noted, 0 = it goes on. */
static int settle_one(Manager* m, Presets* p, const char* package, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        const char* job = kept_word(p, package, "job");
        int r = store_job_is_open(m->store, job, reterr);
        if (r != 0)
                return MIN(r, 0);
        r = store_app_get(m->store, kept_word(p, package, "app"), &row, reterr);
        if (r < 0)
                return r;
        if (r > 0 && streq(row.state, "present")) {
                presets_note(p, package, "installed", row.id, NULL, NULL);
                return 1;
        }
        _cleanup_free_ char* why = why_failed(m, job);
        presets_note(p, package, "failed", NULL, NULL, why);
        log_warning("The provider's app '%s' was not installed: %s", package, strempty(why));
        return 1;
}

/* Whether there is a place: a domain, or the name that the provider gave the box. */
static bool place_of(Manager* m, const json_t* preset, char ret[static 254]) {
        _cleanup_error_ Error none = ERROR_NULL;
        return app_name_choose(m, strempty(json_get_string(preset, "location")), ret, &none) >= 0;
}

/* --- installing one --- */

static json_t* answers_of(const json_t* preset, const json_t* more) {
        json_t* all = json_copy(json_object_get(preset, "settings"));
        if (all && more && json_array_extend(all, (json_t*) more) < 0)
                return json_decref(all), NULL;
        return all;
}

static int not_offered(Manager* m, const char* package, Error* reterr) {
        if (!catalogue_allowed(m, package)) {
                (void) error_field(reterr, ERROR_LOCKED, "package", "Your provider does not let %s be installed here.", package);
                return error_hint(reterr, "Ask your provider.");
        }
        (void) error_field(reterr, ERROR_NOT_FOUND, "package", "The catalogue has no %s.", package);
        return error_hint(reterr, "Fetch the catalogue again: steadbox catalogue refresh");
}

/* Row, job and note together: whatever kills us, it is installed once or not yet. */
static int begin_one(Manager* m, Presets* p, const json_t* preset, const Actor* actor, const json_t* settings, const char* secret_settings,
                     char ret_id[static APP_ID_BYTES], char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_catalogue_offer_ CatalogueOffer offer = {};
        _cleanup_json_ json_t* answers = answers_of(preset, settings);
        const char* package = json_get_string(preset, "package");
        char name[254];
        if (!answers)
                return error_errno(reterr, -ENOMEM, "Cannot install the provider's apps");
        int r = catalogue_offer_find(m, /* source= */ NULL, package, /* version= */ NULL, &offer, reterr);
        if (r == 0)
                return not_offered(m, package, reterr);
        if (r >= 0)
                r = app_name_choose(m, json_get_string(preset, "location"), name, reterr);
        if (r < 0)
                return r;
        const AppInstall install = {
                .origin = "catalogue", .package = package, .source = offer.source, .manifest = offer.manifest, .icon = offer.icon,
                .title = json_get_string(preset, "title"), .name = name, .access = json_get_string(preset, "access"),
                .settings = answers, .secret_settings = secret_settings,
        };
        r = app_install_begin(m, &install, actor, ret_id, ret_job, reterr);
        if (r < 0)
                return r;
        presets_note(p, package, "installing", ret_id, ret_job, NULL);
        return presets_save(m, p, reterr);
}

static int begin_alone(Manager* m, Presets* p, const json_t* preset, Error* reterr) {
        char id[APP_ID_BYTES], job[JOB_ID_BYTES];
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = begin_one(m, p, preset, &itself, NULL, NULL, id, job, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        r = store_commit(m->store, reterr);
        if (r >= 0)
                log_info("The provider's app '%s' is being installed as '%s'.", json_get_string(preset, "package"), id);
        return r;
}

static int save_alone(Manager* m, const Presets* p, Error* reterr) {
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = presets_save(m, p, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

/* A refusal is kept with its remedy; it is tried again when somebody says so. What passes by itself (1) is tried again at the next look. */
static int refused(Manager* m, Presets* p, const char* package, const Error* why, Error* reterr) {
        _cleanup_free_ char* reason = NULL;
        if (error_has_name(why, ERROR_BUSY) || error_has_name(why, ERROR_STORAGE_FULL) || error_has_name(why, ERROR_INTERNAL))
                return 1;
        if (asprintf(&reason, "%s%s%s", strempty(why->message), why->hint ? " " : "", strempty(why->hint)) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot note the provider's apps");
        log_warning("The provider's app '%s' is not installed: %s", package, reason);
        presets_note(p, package, "failed", NULL, NULL, reason);
        return save_alone(m, p, reterr);
}

/* 1 = it has begun, or somebody installs that very package: one at a time is enough. 0 = look at the next. */
static int try_one(Manager* m, Presets* p, const json_t* preset, Error* reterr) {
        const char *package = json_get_string(preset, "package"), *state = state_of(p, package);
        _cleanup_catalogue_offer_ CatalogueOffer offer = {};
        _cleanup_error_ Error why = ERROR_NULL;
        char id[APP_ID_BYTES], name[254];
        bool waits = streq(state, "waiting");
        if (!waits && !streq(state, "failed"))
                return 0;
        int r = by_hand(m, package, id, reterr);
        if (r == 1) {
                presets_note(p, package, "installed", id, NULL, NULL);
                return MIN(save_alone(m, p, reterr), 0);
        }
        if (r != 0 || !waits || !p->begun)
                return r < 0 ? r : r == 2;
        if (!place_of(m, preset, name))
                return 0;
        if (catalogue_allowed(m, package)) {
                r = catalogue_offer_find(m, NULL, package, NULL, &offer, reterr);
                if (r <= 0)
                        return r; /* the catalogue may bring it yet */
        }
        r = begin_alone(m, p, preset, &why);
        return r < 0 ? refused(m, p, package, &why, reterr) : 1;
}

static int settle(Manager* m, Presets* p, bool* ret_busy, Error* reterr) {
        size_t i;
        json_t* preset;
        bool changed = false;
        json_array_foreach(p->wanted, i, preset) {
                const char* package = json_get_string(preset, "package");
                if (!streq(state_of(p, package), "installing"))
                        continue;
                int r = settle_one(m, p, package, reterr);
                if (r < 0)
                        return r;
                changed = changed || r > 0;
                *ret_busy = *ret_busy || r == 0;
        }
        return changed ? save_alone(m, p, reterr) : 0;
}

/* One after the other: a small machine starts, and a stranger's disk fills, more gently so. */
static int look(Manager* m, Error* reterr) {
        _cleanup_(presets_done) Presets p = {};
        size_t i;
        json_t* preset;
        bool busy = false;
        int r = presets_load(m, &p, reterr);
        if (r < 0 || json_array_size(p.wanted) == 0)
                return r;
        r = settle(m, &p, &busy, reterr);
        json_array_foreach(p.wanted, i, preset) {
                if (r != 0 || busy)
                        break;
                r = try_one(m, &p, preset, reterr);
        }
        events_changed(m->events, "catalogue");
        events_changed(m->events, "finding");
        return MIN(r, 0);
}

static int on_look(sd_event_source* s, void* userdata) {
        Manager* m = userdata;
        _cleanup_error_ Error e = ERROR_NULL;
        if (look(m, &e) < 0)
                log_warning("Cannot look after the provider's apps, ignoring: %s", strempty(e.message));
        return 0;
}

void app_presets_soon(Manager* m) {
        Apps* a = m->apps;
        if (!a || (json_array_size(json_object_get(m->machine, "apps")) == 0 && !json_get_string(m->machine, "template")))
                return;
        int r = a->presets ? 0 : sd_event_add_defer(m->event, &a->presets, on_look, m);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->presets, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to look after the provider's apps, ignoring: %m");
}

int app_presets_begin(Manager* m, Error* reterr) {
        _cleanup_(presets_done) Presets p = {};
        int r = presets_load(m, &p, reterr);
        if (r >= 0 && !p.begun) {
                p.begun = true;
                r = presets_save(m, &p, reterr);
        }
        if (r >= 0)
                app_presets_soon(m);
        return r;
}

/* --- for people --- */

/* The words of what waits say what for. */
static const char* state_shown(Manager* m, const Presets* p, const json_t* preset, bool offered, const char* name) {
        const char* state = state_of(p, json_get_string(preset, "package"));
        if (!streq(state, "waiting"))
                return state;
        if (!p->begun)
                return "offered";
        return !*name ? "needs-domain" : !offered && catalogue_allowed(m, json_get_string(preset, "package")) ? "needs-offer" : "waiting";
}

static json_t* preset_json(Manager* m, const Presets* p, const json_t* preset, const char* language) {
        const char *package = json_get_string(preset, "package"), *title = json_get_string(preset, "title");
        _cleanup_catalogue_offer_ CatalogueOffer offer = {};
        _cleanup_app_row_ AppRow row = {};
        char name[254] = "";
        bool offered = catalogue_offer_find(m, NULL, package, NULL, &offer, NULL) > 0;
        if (!place_of(m, preset, name))
                *name = 0;
        const char* state = state_shown(m, p, preset, offered, name);
        const char* app = kept_word(p, package, "app");
        bool there = *app && store_app_get(m->store, app, &row, NULL) > 0;
        if (!title && offered)
                title = manifest_text(offer.manifest, "title", language);
        return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o}", "package", package, "title", isempty(title) ? package : title, "location",
                json_get_string(preset, "location"), "name", json_string_or_null(there ? row.name : *name ? name : NULL), "state", state, "reason",
                json_string_or_null(streq(state, "failed") ? kept_word(p, package, "reason") : NULL), "app", json_string_or_null(there ? row.id : NULL),
                "job", json_string_or_null(streq(state, "installing") ? kept_word(p, package, "job") : NULL));
}

int app_presets_show(Manager* m, const char* language, json_t** ret_items, Error* reterr) {
        _cleanup_(presets_done) Presets p = {};
        json_t *items = json_array(), *preset;
        size_t i;
        int r = presets_load(m, &p, reterr);
        json_array_foreach(p.wanted, i, preset)
                if (json_array_append_new(items, preset_json(m, &p, preset, language)) < 0)
                        r = error_errno(reterr, -ENOMEM, "Cannot show the provider's apps");
        if (r < 0)
                json_decref(items);
        else
                *ret_items = items;
        return MIN(r, 0);
}

static int nobody_wants(const char* package, Error* reterr) {
        (void) error_field(reterr, ERROR_NOT_FOUND, "package", "Your provider did not ask for %s here.", package);
        return error_hint(reterr, "What was asked for: steadbox app presets");
}

static int in_the_way(Manager* m, const Presets* p, const char* package, Error* reterr) {
        char id[APP_ID_BYTES];
        if (streq(state_of(p, package), "installing") && store_job_is_open(m->store, kept_word(p, package, "job"), NULL) > 0)
                return error_set(reterr, ERROR_WRONG_STATE, "%s is being installed.", package);
        int r = by_hand(m, package, id, reterr);
        if (r > 0) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "%s is here already, as the app %s.", package, id);
                return error_hint(reterr, "Another one: steadbox app install %s", package);
        }
        return r;
}

int app_preset_install(Manager* m, const Actor* actor, const char* package, const json_t* settings, const char* secret_settings,
                       char ret_id[static 33], char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_(presets_done) Presets p = {};
        int r = presets_load(m, &p, reterr);
        const json_t* preset = r < 0 ? NULL : preset_find(&p, package);
        if (r >= 0 && !preset)
                return nobody_wants(package, reterr);
        if (r >= 0)
                r = in_the_way(m, &p, package, reterr);
        return r < 0 ? r : begin_one(m, &p, preset, actor, settings, secret_settings, ret_id, ret_job, reterr);
}

int app_preset_dismiss(Manager* m, const char* package, Error* reterr) {
        _cleanup_(presets_done) Presets p = {};
        int r = presets_load(m, &p, reterr);
        if (r >= 0 && !preset_find(&p, package))
                return nobody_wants(package, reterr);
        if (r >= 0)
                r = in_the_way(m, &p, package, reterr);
        if (r < 0)
                return r;
        presets_note(&p, package, "dismissed", NULL, NULL, NULL);
        r = presets_save(m, &p, reterr);
        events_changed(m->events, "catalogue");
        events_changed(m->events, "finding");
        return r;
}

/* --- what needs attention --- */

static char* names_of(const json_t* items, const char* state) {
        char* text = NULL;
        size_t size = 0, i, n = 0;
        json_t* one;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        json_array_foreach((json_t*) items, i, one)
                if (streq(json_get_string(one, "state"), state))
                        (void) fprintf(f, "%s%s", n++ ? ", " : "", json_get_string(one, "title"));
        if (fclose(f) == 0 && n > 0)
                return text;
        free(text);
        return NULL;
}

/* Takes over names. */
static void add_waiting(Findings* list, const char* id, char* names, const char* format, const char* operation, const char* page, const char* label) {
        char* sentence = NULL;
        if (!names)
                return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        if (asprintf(&sentence, format, names) < 0) /* a constant of below */
                sentence = NULL;
#pragma GCC diagnostic pop
        (void) findings_add(list, (Finding) { .id = id, .severity = SEVERITY_NOTE, .key = id, .facts = json_pack("{s:s}", "apps", names),
                                              .sentence = sentence, .fix_operation = operation, .fix_page = page, .fix_label = label });
        free(names);
}

static void add_failed(Findings* list, const json_t* preset) {
        const char *package = json_get_string(preset, "package"), *title = json_get_string(preset, "title");
        const char* reason = strempty(json_get_string(preset, "reason"));
        char* sentence = NULL;
        if (asprintf(&sentence, "Your provider wanted %s to be here, which could not be installed: %s", title, reason) < 0)
                sentence = NULL;
        (void) findings_add(list, (Finding) { .id = "app.preset-failed", .severity = SEVERITY_WARN, .key = "app.preset-failed",
                                              .facts = json_pack("{s:s, s:s, s:s}", "package", package, "title", title, "reason", reason),
                                              .sentence = sentence, .fix_operation = "app.preset-install",
                                              .fix_parameters = json_pack("{s:s}", "package", package), .fix_page = "/catalogue",
                                              .fix_label = "findings.app.preset.fix", .about = package });
}

int app_preset_findings(Manager* m, Findings* list, Error* reterr) {
        _cleanup_json_ json_t* items = NULL;
        size_t i;
        json_t* one;
        int r = app_presets_show(m, "en", &items, reterr);
        if (r < 0)
                return r;
        add_waiting(list, "app.preset-domain", names_of(items, "needs-domain"),
                    "Your provider wants these apps to be here: %s. They come as soon as the box has a domain.", "", "/domains", "findings.app.preset-domain.fix");
        add_waiting(list, "app.preset-offer", names_of(items, "needs-offer"),
                    "Your provider wants these apps to be here, which the catalogue does not have: %s.", "catalogue.refresh", "/catalogue/-/sources",
                    "findings.catalogue.fix");
        json_array_foreach(items, i, one)
                if (streq(json_get_string(one, "state"), "failed"))
                        add_failed(list, one);
        return 0;
}
