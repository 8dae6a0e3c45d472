/* Installing: a row, a job, and either everything or nothing at the end. */
#include "app/install.h"
#include "app/app-internal.h"
#include "app/own.h"
#include "app/preset.h"
#include "base/log.h"
#include "noun.h"
#include "domain/names.h"
#include "base/time.h"
#include "base/validate.h"
#include "net/name.h"
#include "catalogue/catalogue.h"
#include "package/manifest.h"
#include "store/store-group.h"
#include <stdio.h>

/* --- answers --- */

static const json_t* question_of(const json_t* manifest, const char* key) {
        size_t i;
        json_t* q;
        json_array_foreach(json_object_get(manifest, "settings"), i, q)
                if (streq_ptr(json_get_string(q, "key"), key))
                        return q;
        return NULL;
}

static int answer_wrong(Error* reterr, const json_t* q, const char* what) {
        return error_field(reterr, ERROR_BAD_FIELD, "settings", "The answer to \"%s\" (%s) %s.", text_of_languages(json_object_get(q, "label"), "en"),
                           strempty(json_get_string(q, "key")), what);
}

static int answer_check(const json_t* q, const char* value, Error* reterr) {
        const char* type = strempty(json_get_string(q, "type"));
        bool newlines = streq(type, "text");
        if (!utf8_valid(value, strlen(value)) || !text_valid(value, newlines) || strlen(value) > 16384)
                return answer_wrong(reterr, q, "is not text");
        if (!*value)
                return json_get_boolean(q, "required", false) ? answer_wrong(reterr, q, "is missing") : 0;
        const char* digits = value + (*value == '-');
        if (streq(type, "integer") && (strlen(value) > 18 || !*digits || digits[strspn(digits, "0123456789")]))
                return answer_wrong(reterr, q, "is not a whole number");
        if (streq(type, "boolean") && !streq(value, "true") && !streq(value, "false"))
                return answer_wrong(reterr, q, "is not true or false");
        if (streq(type, "enum") && !json_list_has(json_object_get(q, "choices"), value))
                return answer_wrong(reterr, q, "is none of the choices");
        if (streq(type, "email") && !email_valid(value))
                return answer_wrong(reterr, q, "is no e-mail address");
        if (streq(type, "url") && !url_https_valid(value) && !startswith(value, "http://"))
                return answer_wrong(reterr, q, "is no address of a page");
        return 0;
}

static int take_one(Manager* m, const char* app, const json_t* manifest, const char* line, bool secret, json_t* settings, Error* reterr) {
        const char *field = secret ? "secret_settings" : "settings", *equals = strchr(line, '=');
        _cleanup_free_ char* key = equals ? strndup(line, (size_t) (equals - line)) : NULL;
        char sealed[80];
        if (!equals)
                return error_field(reterr, ERROR_BAD_FIELD, field, "An answer is written key=value.");
        const json_t* q = key ? question_of(manifest, key) : NULL;
        if (!q)
                return error_field(reterr, ERROR_BAD_FIELD, field, "The package does not ask for \"%.60s\".", strempty(key));
        if (!secret && streq_ptr(json_get_string(q, "type"), "password")) {
                (void) error_field(reterr, ERROR_BAD_FIELD, field, "%s is secret.", key);
                return error_hint(reterr, "Give it in secret_settings, which is kept out of logs.");
        }
        int r = answer_check(q, equals + 1, reterr);
        if (r < 0)
                return r;
        (void) snprintf(sealed, sizeof(sealed), "setting:%s", key);
        if (secret)
                return app_secret_put(m, app, sealed, equals + 1, reterr);
        return json_object_set_new(settings, key, json_string(equals + 1)) < 0 ? error_errno(reterr, -ENOMEM, "Cannot keep answers") : 0;
}

static int take_secrets(Manager* m, const char* app, const json_t* manifest, const char* text, Error* reterr) {
        _cleanup_(erase_and_freep) char* copy = strdup(text);
        if (!copy)
                return error_errno(reterr, -ENOMEM, "Cannot keep answers");
        for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
                int r = *line ? take_one(m, app, manifest, line, /* secret= */ true, NULL, reterr) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Every question that must be answered is, by a person or by its initial value. */
static int all_answered(Manager* m, const AppRow* row, const json_t* manifest, const json_t* settings, Error* reterr) {
        size_t i;
        json_t* q;
        json_array_foreach(json_object_get(manifest, "settings"), i, q) {
                const char* key = strempty(json_get_string(q, "key"));
                const char* value = json_get_string(settings, key) ?: json_get_string(q, "initial");
                _cleanup_free_ void* blob = NULL;
                size_t size = 0;
                char sealed[80];
                if (!json_get_boolean(q, "required", false) || !isempty(value))
                        continue;
                (void) snprintf(sealed, sizeof(sealed), "setting:%s", key);
                int r = store_app_secret_get(m->store, row->id, sealed, &blob, &size, reterr);
                if (r < 0)
                        return r;
                if (r == 0)
                        return error_field(reterr, ERROR_MISSING_FIELD, "settings", "The package asks: %s (%s)",
                                           text_of_languages(json_object_get(q, "label"), "en"), key);
        }
        return 0;
}

int app_settings_take(Manager* m, AppRow* row, const json_t* manifest, const json_t* list, const char* secret_settings, bool all, Error* reterr) {
        _cleanup_json_ json_t* settings = json_loads(strempty(row->settings), JSON_REJECT_DUPLICATES, NULL);
        size_t i;
        json_t* line;
        int r = 0;
        if (!settings)
                settings = json_object();
        json_array_foreach((json_t*) list, i, line)
                if (r >= 0)
                        r = take_one(m, row->id, manifest, strempty(json_string_value(line)), /* secret= */ false, settings, reterr);
        if (r >= 0 && !isempty(secret_settings))
                r = take_secrets(m, row->id, manifest, secret_settings, reterr);
        if (r >= 0 && all)
                r = all_answered(m, row, manifest, settings, reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* text = json_text(settings, /* canonical= */ true);
        return !text || app_row_text(&row->settings, text) < 0 ? error_errno(reterr, -ENOMEM, "Cannot keep answers") : 0;
}

static bool variable_valid(const char* line) {
        size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
        return n > 0 && n <= 128 && line[n] == '=' && !(line[0] >= '0' && line[0] <= '9') && line[0] != '-' && line[0] != '.';
}

int app_environment_take(AppRow* row, const json_t* list, Error* reterr) {
        _cleanup_json_ json_t* object = json_object();
        size_t i;
        json_t* v;
        json_array_foreach((json_t*) list, i, v) {
                const char* line = strempty(json_string_value(v));
                if (!variable_valid(line) || strlen(line) > APP_TEXT_BYTES || !text_valid(line, /* newlines= */ true))
                        return error_field(reterr, ERROR_BAD_FIELD, "environment", "\"%.60s\" is not KEY=value.", line);
                _cleanup_free_ char* key = strndup(line, strcspn(line, "="));
                if (!key || json_object_set_new(object, key, json_string(strchr(line, '=') + 1)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot keep variables");
        }
        _cleanup_free_ char* text = json_text(object, /* canonical= */ true);
        return !text || app_row_text(&row->environment, text) < 0 ? error_errno(reterr, -ENOMEM, "Cannot keep variables") : 0;
}

/* Looked at only where somebody says who may open it: what becomes of groups later is told as a finding. */
static int somebody_check(Manager* m, const AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* groups = NULL;
        int r = streq(row->access, "groups") ? store_app_groups(m->store, row->id, &groups, reterr) : 1;
        if (r < 0 || !streq(row->access, "groups") || json_array_size(groups) > 0)
                return MIN(r, 0);
        (void) error_field(reterr, ERROR_MISSING_FIELD, "groups", "Members of which groups may open %s? Without one nobody could.", row->title);
        return error_hint(reterr, "Name at least one in groups, or let everyone or public open it.");
}

int app_access_take(Manager* m, AppRow* row, const char* access, const json_t* groups, Error* reterr) {
        _cleanup_free_ char* unknown = NULL;
        int r = groups ? store_group_unknown(m->store, groups, &unknown, reterr) : 0;
        if (r != 0)
                return r < 0 ? r : error_field(reterr, ERROR_NOT_FOUND, "groups", "There is no group %s.", unknown);
        if (access && app_row_text(&row->access, access) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot keep who may open it");
        if (groups)
                r = store_app_groups_set(m->store, row->id, groups, reterr);
        return r < 0 ? r : access || groups ? somebody_check(m, row, reterr) : 0;
}

/* --- beginning --- */

static int may_install(Manager* m, const AppInstall* i, Error* reterr) {
        _cleanup_json_ json_t* fit = NULL;
        int64_t count = 0;
        int r = store_app_count(m->store, &count, reterr);
        if (r < 0)
                return r;
        if (count >= APPS_MAX)
                return error_set(reterr, ERROR_CONFLICT, "This box has %d apps already.", APPS_MAX);
        if (!isempty(i->package) && !catalogue_allowed(m, i->package)) {
                (void) error_set(reterr, ERROR_LOCKED, "Your provider does not let %s be installed here.", i->package);
                return error_hint(reterr, "Ask your provider.");
        }
        if (!streq(i->origin, "catalogue") && (r = catalogue_imports_check(m, reterr)) < 0)
                return r;
        if (json_is_object(json_object_get(i->manifest, "host_network")) && !i->host_network) {
                (void) error_field(reterr, ERROR_NOT_ALLOWED, "host_network", "It wants the machine's own network: %s",
                                   strempty(json_get_string(json_object_get(i->manifest, "host_network"), "reason")));
                return error_hint(reterr, "Then it reaches everything the machine does. Say yes with host_network if that is meant.");
        }
        if (json_is_object(json_object_get(i->manifest, "host_network")))
                r = app_host_port_free(m, i->manifest, reterr);
        if (r < 0)
                return r;
        r = app_fit(m, i->manifest, &fit, reterr);
        if (r < 0)
                return r;
        if (!json_get_boolean(fit, "fits", false)) {
                (void) error_set(reterr, ERROR_CONFLICT, "It does not fit. %s", strempty(json_get_string(fit, "sentence")));
                return error_hint(reterr, "Stop or remove something, or take a larger machine.");
        }
        return 0;
}

static int place_choose(Manager* m, const AppInstall* i, AppRow* row, Error* reterr) {
        char name[DOMAIN_NAME_BYTES], shown[DOMAIN_SHOWN_BYTES];
        int r = 0;
        if (!isempty(i->name))
                (void) snprintf(name, sizeof(name), "%s", i->name);
        else
                r = app_name_choose(m, row->id, name, reterr);
        if (r >= 0)
                r = app_name_check(m, "name", name, /* app= */ NULL, reterr);
        if (r < 0)
                return r;
        domain_name_show(name, shown);
        return app_row_text(&row->name, name) < 0 || app_row_text(&row->shown, shown) < 0 ? error_errno(reterr, -ENOMEM, "Cannot add an app") : 0;
}

static int id_take(Manager* m, const AppInstall* i, char ret[static APP_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow there = {};
        if (isempty(i->id))
                return app_id_choose(m, !isempty(i->package) ? i->package : strempty(json_get_string(i->manifest, "id")), ret, reterr);
        if (!id_valid(i->id))
                return error_field(reterr, ERROR_BAD_FIELD, "id", "An app's id is 1 to 32 of a-z and 0-9.");
        int r = store_app_get(m->store, i->id, &there, reterr);
        if (r > 0)
                return error_field(reterr, ERROR_NAME_TAKEN, "id", "There is an app %s already.", i->id);
        (void) snprintf(ret, APP_ID_BYTES, "%s", i->id);
        return r;
}

static int row_fill(AppRow* row, const AppInstall* i, const char* id, Error* reterr) {
        const char* access = i->access ?: json_get_string(i->manifest, "access") ?: "everyone";
        const char* title = !isempty(i->title) ? i->title : manifest_text(i->manifest, "title", "en");
        _cleanup_free_ char* manifest = json_text(i->manifest, /* canonical= */ true);
        struct {
                char** field;
                const char* value;
        } texts[] = {
                { &row->id, id },
                { &row->origin, i->origin },
                { &row->package, i->package },
                { &row->source, i->source },
                { &row->version, json_get_string(i->manifest, "version") },
                { &row->manifest, manifest },
                { &row->images, "{}" },
                { &row->title, isempty(title) ? id : title },
                { &row->icon, i->icon },
                { &row->extra_names, "[]" },
                { &row->access, access },
                { &row->state, "installing" },
                { &row->wanted, "running" },
                { &row->gate, "closed" },
                { &row->settings, "{}" },
                { &row->environment, "{}" },
                { &row->limits, "{}" },
                { &row->network_out, json_get_string(i->manifest, "network_out") ?: "any" },
                { &row->open_ports, "[]" },
                { &row->muted, "[]" },
                { &row->job, "" },
                { &row->reason, "" },
                { &row->held_version, "" },
        };
        for (size_t k = 0; k < ELEMENTS(texts); k++)
                if (app_row_text(texts[k].field, texts[k].value) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot add an app");
        row->auto_update = streq(i->origin, "catalogue"); /* nobody vouches for what a tag leads to tomorrow */
        row->host_network = i->host_network && json_is_object(json_object_get(i->manifest, "host_network"));
        row->installed_at = now_seconds();
        return manifest ? 0 : error_errno(reterr, -ENOMEM, "Cannot add an app");
}

static int row_add(Manager* m, const AppInstall* i, AppRow* row, Error* reterr) {
        int r = store_app_free_slot(m->store, APP_SLOT_MAX, &row->slot, reterr);
        if (r >= 0 && row->slot == 0)
                r = error_set(reterr, ERROR_CONFLICT, "All of the box's %d places for apps and archives are taken.", APP_SLOT_MAX);
        if (r >= 0)
                r = store_app_add(m->store, row, reterr);
        if (r >= 0)
                r = app_settings_take(m, row, i->manifest, i->settings, i->secret_settings, /* all= */ true, reterr);
        if (r >= 0 && i->environment)
                r = app_environment_take(row, i->environment, reterr);
        if (r >= 0)
                r = app_access_take(m, row, row->access, i->groups, reterr);
        return r;
}

/* What has no version of its own is called by the day. */
static int version_give(AppInstall* i, json_t** ret, Error* reterr) {
        char today[32];
        own_version_today(today);
        json_t* manifest = json_deep_copy(i->manifest);
        if (!manifest || json_object_set_new(manifest, "version", json_string(today)) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot add an app");
        i->manifest = *ret = manifest;
        return 0;
}

int app_install_begin(Manager* m, const AppInstall* asked, const Actor* actor, char ret_id[static APP_ID_BYTES], char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        _cleanup_json_ json_t* dated = NULL;
        AppInstall own = *asked;
        const AppInstall* i = &own;
        int r = may_install(m, i, reterr);
        if (r >= 0 && !streq(i->origin, "catalogue"))
                r = version_give(&own, &dated, reterr);
        if (r >= 0)
                r = id_take(m, i, ret_id, reterr);
        if (r >= 0)
                r = row_fill(&row, i, ret_id, reterr);
        if (r >= 0)
                r = place_choose(m, i, &row, reterr);
        if (r >= 0)
                r = row_add(m, i, &row, reterr);
        if (r >= 0)
                r = jobs_add(m->jobs, JOB_APP_INSTALL, actor, ret_id, json_pack("{s:s}", "title", row.title), ret_job, reterr);
        if (r >= 0 && app_row_text(&row.job, ret_job) < 0)
                r = error_errno(reterr, -ENOMEM, "Cannot add an app");
        if (r >= 0)
                r = store_app_save(m->store, &row, reterr);
        if (r >= 0)
                app_changed(m, ret_id);
        return MIN(r, 0);
}

/* --- the job --- */

enum { STAGE_PULL, STAGE_UNPACK, STAGE_SECRETS, STAGE_DATABASES, STAGE_START, STAGE_ANSWER };

/* What only the image knows becomes part of a bare image's manifest. */
static int image_tells(AppRow* row, json_t* manifest, const json_t* images, Error* reterr) {
        void* first = json_object_iter((json_t*) images);
        if (!streq(row->origin, "image") || !first)
                return 0;
        int r = manifest_image_found(manifest, json_object_get(json_object_iter_value(first), "config"), reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* text = json_text(manifest, /* canonical= */ true);
        return !text || app_row_text(&row->manifest, text) < 0 ? error_errno(reterr, -ENOMEM, "Cannot keep a manifest") : 0;
}

static int step_pull(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_json_ json_t *manifest = app_manifest(row), *images = NULL;
        if (json_get_boolean(job->journal, "pulled", false))
                return 1; /* the manifest may be another one since */
        int r = app_step_pull(m, job, "pull", manifest, &images, reterr);
        if (r != 1)
                return r;
        _cleanup_free_ char* text = json_text(images, /* canonical= */ true);
        if (!text || app_row_text(&row->images, text) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot keep what images say");
        r = image_tells(row, manifest, images, reterr);
        if (r >= 0)
                r = store_app_save(m->store, row, reterr);
        (void) json_object_set_new(job->journal, "pulled", json_true());
        return r < 0 ? r : 1;
}

/* From here on there is something on the disk, so the journal says so before it is. */
static int step_secrets(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        if (!json_get_boolean(job->journal, "touched", false)) {
                (void) json_object_set_new(job->journal, "touched", json_true());
                job_say(job, "Making secrets and directories.");
                int r = app_secrets_make(m, row->id, manifest, reterr);
                return MIN(r, 0);
        }
        int r = app_step_apply_first(m, job, "apply", row, reterr);
        return r != 1 ? r : app_step_directories(m, job, "directories", row, reterr);
}

static bool addons_up(const AppLive* live, const json_t* manifest) {
        size_t i;
        json_t* a;
        json_array_foreach(json_object_get(manifest, "addons"), i, a) {
                const AppUnitLive* u = live ? app_unit((AppLive*) live, strempty(json_get_string(a, "name"))) : NULL;
                if (!u || (u->state != APP_UNIT_RUNNING && u->state != APP_UNIT_DONE))
                        return false;
        }
        return true;
}

/* Its containers come one after the other, as systemd orders them; first those it needs. */
static int step_up(Manager* m, Job* job, AppRow* row, bool (*up)(const AppLive*, const json_t*), Error* reterr) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        int r = app_step_start(m, job, "start", row->id, reterr);
        if (r != 1)
                return r;
        AppLive* live = app_live(m, row->id);
        _cleanup_free_ char* failed = live ? app_failed_container(live, manifest) : NULL;
        if (failed)
                return error_set(reterr, ERROR_WRONG_STATE, "%s", failed);
        if (up(live, manifest))
                return 1;
        if (live)
                (void) snprintf(live->job, sizeof(live->job), "%s", job->id);
        app_state_look_soon(m);
        return app_step_patience(m, job, "up", manifest, reterr);
}

static bool any_up(const AppLive* live, const json_t* manifest) {
        return live && app_units_up(live, manifest);
}

static int step_answer(Manager* m, Job* job, AppRow* row, Error* reterr) {
        int r = app_step_answer(m, job, "answer", row, reterr);
        if (r != 1)
                return r;
        if (!streq(row->gate, "open")) {
                job_say(job, "It answers; opening the door.");
                r = app_gate_set(row, true);
                if (r >= 0)
                        r = store_app_save(m->store, row, reterr);
                return MIN(r, 0);
        }
        r = app_step_apply(m, job, "open", row, reterr);
        if (r != 1)
                return r;
        r = app_job_over(m, row->id, "present", "", reterr);
        (void) app_event_add(m, row->id, "install", "ok", &job->actor, "%s %s was installed and answers.", row->title, row->version);
        (void) json_object_set_new(job->result, "app", json_string(row->id));
        (void) json_object_set_new(job->result, "name", json_string(row->name));
        return r < 0 ? r : 1;
}

static int install_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = app_job_row(m, job, &row, reterr);
        if (r < 0)
                return r;
        switch (job->stage) {
        case STAGE_PULL:
        case STAGE_UNPACK:
                return step_pull(m, job, &row, reterr);
        case STAGE_SECRETS:
                return step_secrets(m, job, &row, reterr);
        case STAGE_DATABASES:
                return step_up(m, job, &row, addons_up, reterr);
        case STAGE_START:
                return step_up(m, job, &row, any_up, reterr);
        default:
                return step_answer(m, job, &row, reterr);
        }
}

static int undo_disk(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        int r = app_step_stop(m, job, "undo-stop", row->id, reterr);
        if (r == 1)
                r = app_step_remove(m, job, "undo-remove", row->id, reterr);
        if (r == 1)
                r = app_step_data(m, job, "undo-data", row, "remove", json_pack("{s:b}", "whole", 1), NULL, reterr);
        return r;
}

/* What cannot be taken back is kept and said, not forgotten. */
static int install_stranded(Manager* m, Job* job, const Error* why, Error* reterr) {
        _cleanup_free_ char* reason = NULL;
        if (asprintf(&reason, "Its installation failed, and could not be undone: %s Uninstall it.", strempty(why->message)) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot undo an installation");
        log_error("App '%s': %s", job->object, reason);
        return app_job_over(m, job->object, "broken", reason, reterr);
}

static int install_undo(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = store_app_get(m->store, job->object, &row, reterr);
        if (r <= 0)
                return r;
        app_undo_again(job);
        if (json_get_boolean(job->journal, "touched", false)) {
                r = undo_disk(m, job, &row, reterr);
                if (r != 1)
                        return r;
        }
        r = store_app_remove(m->store, row.id, reterr);
        app_images_clean_soon(m);
        app_names_changed(m, row.name);
        app_changed(m, row.id);
        return MIN(r, 0);
}

static void install_ended(Manager* m, Job* job, bool done) {
        _cleanup_app_row_ AppRow row = {};
        app_job_ended(m, job, done);
        if (done && store_app_get(m->store, job->object, &row, NULL) > 0)
                app_names_changed(m, row.name); /* certificates follow */
        app_presets_soon(m);
}

const JobClass app_install_job = { .step = install_step, .undo = install_undo, .stranded = install_stranded, .ended = install_ended };
