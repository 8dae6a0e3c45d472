/* Job app-clone: another app with a copy of this one's data. The copy is made beside the app, and finished while it stands for a moment. Secrets
 * are new but for those that the package says are in the data; mail, schedule and search engines stay out until somebody lets them in. */
#include "base/log.h"
#include "base/time.h"
#include "app/install.h"
#include "app/move.h"
#include "app/update.h"
#include "domain/names.h"
#include "net/name.h"
#include "package/manifest.h"
#include "store/store-name.h"
#include <stdio.h>

enum { COPY, SECRETS, START, ANSWER };

static bool flag(const Job* job, const char* key) {
        return json_is_true(json_object_get(job->journal, key));
}

static void flag_set(Job* job, const char* key) {
        (void) json_object_set_new(job->journal, key, json_true());
}

/* --- asking --- */

/* What stays silent. */
static char* muted_text(const json_t* manifest) {
        const json_t* rules = json_object_get(manifest, "clone");
        _cleanup_json_ json_t* list = json_array();
        json_t* t;
        size_t i;
        if (!streq(json_get_string(rules, "mail") ?: "mute", "keep"))
                (void) json_array_append_new(list, json_string(APP_MUTED_MAIL));
        if (!streq(json_get_string(rules, "schedule") ?: "mute", "keep"))
                json_array_foreach(json_object_get(manifest, "schedule"), i, t)
                        (void) json_array_append(list, json_object_get(t, "id"));
        return json_text(list, /* canonical= */ false);
}

static int copy_fill(AppRow* row, const char* id, const char* title, const char* name, Error* reterr) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        _cleanup_free_ char *muted = muted_text(manifest), *longer = NULL;
        char shown[DOMAIN_SHOWN_BYTES];
        domain_name_show(name, shown);
        if (!title && asprintf(&longer, "%.50s (copy)", row->title) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot copy an app");
        const struct {
                char** field;
                const char* value;
        } texts[] = {
                { &row->id, id }, { &row->title, title ?: longer }, { &row->name, name }, { &row->shown, shown }, { &row->extra_names, "[]" },
                { &row->state, "installing" }, { &row->wanted, "running" }, { &row->gate, "closed" }, { &row->job, "" }, { &row->reason, "" },
                { &row->open_ports, "[]" }, { &row->muted, muted }, { &row->held_version, "" },
        };
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (!texts[i].value || app_row_text(texts[i].field, texts[i].value) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot copy an app");
        row->maintenance = row->held_until = row->soak_until = row->answered_at = 0;
        row->installed_at = now_seconds();
        return 0;
}

static int copy_row(Manager* m, AppRow* copy, const char* source, Error* reterr) {
        _cleanup_json_ json_t *groups = NULL, *operators = NULL;
        int r = store_app_free_slot(m->store, APP_SLOT_MAX, &copy->slot, reterr);
        if (r >= 0 && copy->slot == 0)
                r = error_set(reterr, ERROR_CONFLICT, "All of the box's %d places for apps and archives are taken.", APP_SLOT_MAX);
        if (r >= 0)
                r = store_app_add(m->store, copy, reterr);
        if (r >= 0)
                r = store_app_groups(m->store, source, &groups, reterr);
        if (r >= 0)
                r = store_app_groups_set(m->store, copy->id, groups, reterr);
        if (r >= 0)
                r = store_app_operators(m->store, source, &operators, reterr);
        if (r >= 0)
                r = store_app_operators_set(m->store, copy->id, operators, reterr);
        return MIN(r, 0);
}

static int id_take(Manager* m, const char* id, const char* name, char ret[static APP_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow there = {};
        _cleanup_free_ char* label = strndup(name, strcspn(name, "."));
        if (!id)
                return label ? app_id_choose(m, label, ret, reterr) : -ENOMEM;
        int r = store_app_get(m->store, id, &there, reterr);
        if (r > 0)
                return error_field(reterr, ERROR_NAME_TAKEN, "id", "There is an app %s already.", id);
        (void) snprintf(ret, APP_ID_BYTES, "%s", id);
        return r;
}

static int may_copy(Manager* m, const AppRow* row, const char* name, Error* reterr) {
        _cleanup_json_ json_t *manifest = app_manifest(row), *fit = NULL;
        if (*row->job || !streq(row->state, "present"))
                return error_set(reterr, ERROR_WRONG_STATE, "%s is being worked on.", row->title);
        int r = app_name_check(m, "name", name, /* app= */ NULL, reterr);
        if (r >= 0 && row->host_network)
                r = app_host_port_free(m, manifest, reterr);
        if (r >= 0)
                r = app_fit(m, manifest, &fit, reterr);
        if (r >= 0 && !json_get_boolean(fit, "fits", false)) {
                (void) error_set(reterr, ERROR_CONFLICT, "A second one does not fit. %s", strempty(json_get_string(fit, "sentence")));
                return error_hint(reterr, "Stop or remove something, or take a larger machine.");
        }
        return r;
}

/* Search engines stay away from the copy until somebody takes the header off its name. */
static void robots_out(Manager* m, const char* name) {
        _cleanup_json_ json_t *headers = json_pack("[s]", "no-index"), *shown = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        if (name_update(m, name, /* target= */ NULL, headers, &shown, &e) < 0)
                log_warning("Cannot keep search engines away from '%s', ignoring: %s", name, strempty(e.message));
}

int app_clone(Manager* m, const Actor* actor, const char* app, const char* name, const char* id, const char* title, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_app_row_ AppRow source = {}, copy = {};
        char chosen[APP_ID_BYTES];
        int r = store_app_get(m->store, app, &source, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no app %s.", app);
        if (r >= 0)
                r = may_copy(m, &source, name, reterr);
        if (r >= 0)
                r = id_take(m, id, name, chosen, reterr);
        if (r >= 0)
                r = store_app_get(m->store, app, &copy, reterr);
        if (r >= 0)
                r = copy_fill(&copy, chosen, title, name, reterr);
        if (r >= 0)
                r = copy_row(m, &copy, app, reterr);
        if (r >= 0)
                r = jobs_add(m->jobs, JOB_APP_CLONE, actor, chosen, json_pack("{s:s}", "source", app), ret_job, reterr);
        if (r >= 0 && (app_row_text(&copy.job, ret_job) < 0 || app_row_text(&source.job, ret_job) < 0))
                r = error_errno(reterr, -ENOMEM, "Cannot copy an app");
        if (r >= 0)
                r = store_app_save(m->store, &copy, reterr);
        if (r >= 0)
                r = store_app_save(m->store, &source, reterr);
        if (r >= 0)
                robots_out(m, name);
        app_changed(m, app);
        app_changed(m, chosen);
        return MIN(r, 0);
}

/* --- copying --- */

static int source_row(Manager* m, Job* job, AppRow* ret, Error* reterr) {
        const char* id = strempty(json_get_string(job->request, "source"));
        int r = store_app_get(m->store, id, ret, reterr);
        return r < 0 ? r : r == 0 ? error_set(reterr, ERROR_NOT_FOUND, "The app %s is gone.", id) : 0;
}

static json_t* copy_request(const AppRow* source, bool early) {
        _cleanup_json_ json_t* manifest = app_manifest(source);
        return json_pack("{s:{s:s, s:I}, s:b, s:b, s:o}", "from", "app", source->id, "slot",
                         (json_int_t) source->slot, "early", (int) early, "keeps_none",
                         (int) move_keeps_none(manifest), "without", move_caches(manifest));
}

static int door(Manager* m, AppRow* row, bool open, Error* reterr) {
        int r = app_gate_set(row, open);
        if (r >= 0)
                r = store_app_save(m->store, row, reterr);
        return MIN(r, 0);
}

/* The original stands from here until its data is copied. */
static int source_stop(Manager* m, Job* job, AppRow* source, Error* reterr) {
        if (!flag(job, "closed")) {
                (void) json_object_set_new(job->journal, "gate", json_string(source->gate));
                int r = door(m, source, /* open= */ false, reterr);
                if (r < 0)
                        return r;
                flag_set(job, "closed");
                return 0;
        }
        int r = app_step_apply(m, job, "source-close", source, reterr);
        return r == 1 ? app_step_stop(m, job, "source-stop", source->id, reterr) : r;
}

static int source_start(Manager* m, Job* job, AppRow* source, Error* reterr) {
        if (!flag(job, "closed"))
                return 1;
        int r = app_step_start(m, job, "source-start", source->id, reterr);
        if (r == 1 && !flag(job, "reopened")) {
                r = door(m, source, streq(strempty(json_get_string(job->journal, "gate")), "open"), reterr);
                if (r < 0)
                        return r;
                flag_set(job, "reopened");
                return 0;
        }
        return r == 1 ? app_step_apply(m, job, "source-open", source, reterr) : r;
}

static void clone_reboot_check(Job* job) {
        static const char* const steps[] = { "source-close", "source-stop", "source-start", "source-open", "apply", "start", "answer", "undo-stop" };
        const char* before = json_get_string(job->journal, "boot");
        _cleanup_free_ char* kept = before ? strdup(before) : NULL;
        flag_set(job, "touched"); /* no restore point of ours hangs on it */
        move_reboot_check(job);
        if (kept && !streq(kept, strempty(json_get_string(job->journal, "boot"))))
                for (size_t i = 0; i < ELEMENTS(steps); i++)
                        app_step_again(job, steps[i]);
}

static int clone_copy(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_app_row_ AppRow source = {};
        int r = source_row(m, job, &source, reterr);
        if (r < 0)
                return r;
        bool running = streq(source.wanted, "running");
        job_say(job, "Copying the data of %s", source.title);
        if (!flag(job, "swept")) { /* nothing of an earlier app of this id may be left */
                r = app_step_data(m, job, "sweep", row, "remove", json_pack("{s:b}", "whole", 1), NULL, reterr);
                if (r != 1)
                        return r;
                flag_set(job, "swept");
        }
        r = running && !flag(job, "copied") ? app_step_data(m, job, "early", row, "copy", copy_request(&source, /* early= */ true), NULL, reterr) : 1;
        if (r == 1 && running && !flag(job, "copied"))
                r = source_stop(m, job, &source, reterr);
        if (r == 1)
                r = app_step_data(m, job, "copy", row, "copy", copy_request(&source, /* early= */ false), NULL, reterr);
        if (r != 1)
                return r;
        flag_set(job, "copied");
        r = source_start(m, job, &source, reterr);
        if (r != 1)
                return r;
        r = app_job_over(m, source.id, NULL, NULL, reterr); /* the original is free again */
        return r < 0 ? r : 1;
}

/* --- the copy --- */

static bool is_kept(const json_t* manifest, const char* key) {
        const json_t* kept = json_object_get(json_object_get(manifest, "clone"), "keep_secrets");
        return json_list_has(kept, key) || startswith(key, "setting:"); /* people's answers are as good here as there */
}

static int clone_secrets(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_(app_values_freep) json_t* values = NULL;
        _cleanup_json_ json_t* manifest = app_manifest(row);
        const char* key;
        json_t* value;
        if (!flag(job, "secrets")) {
                int r = app_secrets_open(m, strempty(json_get_string(job->request, "source")), &values, reterr);
                json_object_foreach(values, key, value)
                        if (r >= 0 && is_kept(manifest, key))
                                r = app_secret_put(m, row->id, key, strempty(json_string_value(value)), reterr);
                if (r >= 0)
                        r = app_secrets_make(m, row->id, manifest, reterr);
                if (r < 0)
                        return r;
                flag_set(job, "secrets");
                return 0;
        }
        return app_step_directories(m, job, "directories", row, reterr);
}

static int clone_start(Manager* m, Job* job, AppRow* row, Error* reterr) {
        int r = app_step_apply(m, job, "apply", row, reterr);
        job_say(job, "Starting %s", row->title);
        return r == 1 ? app_step_start(m, job, "start", row->id, reterr) : r;
}

/* As the package wants it: a copy for trying things out writes to nobody. */
static int tell(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* list = json_loads(row->muted, JSON_REJECT_DUPLICATES, NULL);
        const char* source = strempty(json_get_string(job->request, "source"));
        bool mail = false, tasks = false;
        size_t i;
        json_t* v;
        json_array_foreach(list, i, v)
                *(streq(strempty(json_string_value(v)), APP_MUTED_MAIL) ? &mail : &tasks) = true;
        return app_event_add(m, row->id, "clone", "ok", &job->actor,
                             mail && tasks ? "%s was made as a copy of %s; mail and schedule are silent."
                             : mail        ? "%s was made as a copy of %s; its mail is silent."
                             : tasks       ? "%s was made as a copy of %s; its schedule is silent."
                                           : "%s was made as a copy of %s.", row->title, source);
}

static int clone_answer(Manager* m, Job* job, AppRow* row, Error* reterr) {
        int r = clone_start(m, job, row, reterr);
        if (r == 1)
                r = app_step_answer(m, job, "answer", row, reterr);
        if (r == 1)
                r = app_step_hook(m, job, "after", row, "after_clone", reterr);
        if (r == 1 && !streq(row->gate, "open")) {
                r = door(m, row, /* open= */ true, reterr);
                return r < 0 ? r : 0;
        }
        if (r == 1)
                r = app_step_apply(m, job, "open", row, reterr);
        if (r != 1)
                return r;
        r = tell(m, job, row, reterr);
        if (r >= 0)
                r = app_job_over(m, row->id, "present", "", reterr);
        app_names_changed(m, row->name);
        (void) json_object_set_new(job->result, "app", json_string(row->id));
        return r < 0 ? r : 1;
}

static int clone_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = app_job_row(m, job, &row, reterr);
        if (r < 0)
                return r;
        clone_reboot_check(job);
        switch (job->stage) {
        case COPY:
                return clone_copy(m, job, &row, reterr);
        case SECRETS:
                return clone_secrets(m, job, &row, reterr);
        case START:
                return clone_start(m, job, &row, reterr);
        default:
                return clone_answer(m, job, &row, reterr);
        }
}

/* Nothing of the copy stays, and the original runs on. */
static int clone_undo(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {}, source = {};
        app_undo_again(job);
        clone_reboot_check(job);
        int r = 1;
        if (!flag(job, "released")) {
                const char* id = strempty(json_get_string(job->request, "source"));
                int k = store_app_get(m->store, id, &source, reterr);
                if (k < 0) /* it may stand because of us: to be looked at again */
                        return k;
                /* If not, it is free, and others may be at it. */
                bool ours = k > 0 && streq(source.job, job->id);
                r = ours && streq(source.wanted, "running") ? source_start(m, job, &source, reterr) : 1;
                if (r == 1 && ours)
                        r = app_job_over(m, source.id, NULL, NULL, reterr) < 0 ? -EIO : 1;
                if (r != 1)
                        return move_undone(job, r);
                flag_set(job, "released");
        }
        r = store_app_get(m->store, job->object, &row, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = app_step_stop(m, job, "undo-stop", row.id, reterr);
        if (r == 1)
                r = app_step_remove(m, job, "undo-remove", row.id, reterr);
        if (r == 1)
                r = app_step_data(m, job, "undo-data", &row, "remove", json_pack("{s:b}", "whole", 1), NULL, reterr);
        if (r != 1)
                return r;
        r = store_app_remove(m->store, row.id, reterr);
        if (r >= 0)
                r = store_name_remove(m->store, row.name, reterr); /* what keeps search engines away would be the next app's of that name */
        app_names_changed(m, row.name);
        app_changed(m, row.id);
        return r < 0 ? r : 1;
}

/* The original, where it stands because of us, is the one that people miss. */
static int clone_stranded(Manager* m, Job* job, const Error* why, Error* reterr) {
        _cleanup_app_row_ AppRow source = {};
        int r = source_row(m, job, &source, NULL);
        if (r >= 0 && streq(source.job, job->id)) {
                _cleanup_free_ char* sentence = NULL;
                if (asprintf(&sentence, "It was stopped to be copied, and could not be started again: %s Start it.", strempty(why->message)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot note what became of an app");
                r = app_event_add(m, source.id, "health", "bad", &job->actor, "%s", sentence);
                r = r < 0 ? r : app_job_over(m, source.id, flag(job, "closed") ? "broken" : NULL, flag(job, "closed") ? sentence : NULL, reterr);
                if (r < 0)
                        return r;
        }
        return app_job_stranded(m, job, why, reterr);
}

const JobClass app_clone_job = { .step = clone_step, .undo = clone_undo, .stranded = clone_stranded, .ended = app_job_ended };
