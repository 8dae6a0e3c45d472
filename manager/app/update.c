/* Job app-update: to a newer version, in as many hops as its data needs. Until people are let in everything goes back by itself, data too. */
#include "base/time.h"
#include "app/answers.h"
#include "app/move.h"
#include "app/own.h"
#include "app/update.h"
#include "catalogue/catalogue.h"
#include "package/manifest.h"
#include <stdio.h>

enum { PULL, UNPACK, STOP, KEEP, SWITCH, START, ANSWER, ADMIT, SOAK };

/* --- the way --- */

static int manifests_of(Manager* m, const AppRow* row, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *versions = NULL, *list = json_array();
        size_t i;
        json_t* v;
        int r = catalogue_versions(m, row->source, row->package, /* from= */ NULL, &versions, reterr);
        json_array_foreach(versions, i, v) {
                _cleanup_catalogue_offer_ CatalogueOffer offer = {};
                if (r >= 0)
                        r = catalogue_offer_find(m, row->source, row->package, json_string_value(v), &offer, reterr);
                if (r > 0)
                        (void) json_array_append(list, offer.manifest);
        }
        if (r >= 0)
                *ret = TAKE_PTR(list);
        return MIN(r, 0);
}

static int own_manifests(Manager* m, const AppRow* row, json_t** ret, Error* reterr) {
        _cleanup_app_version_row_ AppVersionRow offer = {};
        int r = own_offer(m, row, &offer, reterr);
        if (r < 0)
                return r;
        json_t* manifest = r > 0 ? json_loads(offer.manifest, JSON_REJECT_DUPLICATES, NULL) : NULL;
        *ret = manifest ? json_pack("[o]", manifest) : json_array();
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot look for versions");
}

int update_way(Manager* m, const AppRow* row, const char* to, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* manifests = NULL;
        int r = own_is(row) ? own_manifests(m, row, &manifests, reterr) : manifests_of(m, row, &manifests, reterr);
        return r < 0 ? r : version_way(row->title, row->version, to, manifests, ret, reterr);
}

/* The versions of the way are kept as rows without left_at until the job is over: an offer may vanish meanwhile. */
static int stage_version(Manager* m, const AppRow* row, const char* version, Error* reterr) {
        _cleanup_catalogue_offer_ CatalogueOffer offer = {};
        if (own_is(row))
                return 0; /* its offer is such a row already */
        int r = catalogue_offer_find(m, row->source, row->package, version, &offer, reterr);
        if (r <= 0)
                return r < 0 ? r : error_set(reterr, ERROR_NOT_FOUND, "The catalogue has no version %s of %s.", version, row->title);
        _cleanup_free_ char* manifest = json_text(offer.manifest, /* canonical= */ true);
        if (!manifest)
                return error_errno(reterr, -ENOMEM, "Cannot update");
        AppVersionRow v = { .app_id = row->id, .version = (char*) version, .manifest = manifest, .images = (char*) "{}", .point = (char*) "" };
        r = store_app_version_put(m->store, &v, reterr);
        return MIN(r, 0);
}

static int plan(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* way = NULL;
        size_t i;
        json_t* v;
        int r = update_way(m, row, json_get_string(job->request, "version"), &way, reterr);
        json_array_foreach(way, i, v)
                if (r >= 0)
                        r = stage_version(m, row, json_string_value(v), reterr);
        if (r < 0)
                return r;
        (void) json_object_set(job->journal, "way", way);
        (void) json_object_set_new(job->journal, "began_at", json_integer((json_int_t) now_seconds()));
        r = move_begin(m, job, row, reterr);
        return r < 0 ? r : 0;
}

static int hop_row(Manager* m, Job* job, const AppRow* row, size_t hop, AppVersionRow* ret, Error* reterr) {
        const char* version = strempty(json_string_value(json_array_get(json_object_get(job->journal, "way"), hop)));
        int r = store_app_version_get(m->store, row->id, version, ret, reterr);
        return r < 0 ? r : r == 0 ? error_set(reterr, ERROR_INTERNAL, "The version %s is not there any more.", version) : 0;
}

/* People who ask for a newer version of an app of an image want to know what its tag leads to now. */
static int own_look(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        _cleanup_app_version_row_ AppVersionRow offer = {};
        int r = own_step_look(m, job, "look", row, reterr);
        if (r != 1)
                return r;
        r = own_offer(m, row, &offer, reterr);
        if (r == 0) {
                job_say(job, "%s has the newest there is", row->title);
                (void) json_object_set_new(job->journal, "nothing", json_true());
        }
        return r < 0 ? r : 1;
}

static bool nothing_newer(const Job* job) {
        return json_is_true(json_object_get(job->journal, "nothing"));
}

static int nothing_over(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        int r = app_job_over(m, row->id, NULL, NULL, reterr);
        (void) json_object_set_new(job->result, "app", json_string(row->id));
        (void) json_object_set_new(job->result, "version", json_string(row->version));
        (void) json_object_set_new(job->result, "from", json_string(row->version));
        (void) json_object_set_new(job->result, "seconds_away", json_integer(0));
        return r < 0 ? r : 1;
}

/* Images that are only known by name have no layers yet. */
static bool is_fetched(const json_t* images) {
        const char* container;
        json_t* image;
        json_object_foreach((json_t*) images, container, image)
                if (!json_object_get(image, "layers"))
                        return false;
        return json_object_size(images) > 0;
}

static int fetch(Manager* m, Job* job, const char* what, const AppRow* row, AppVersionRow* v, json_t* manifest, const json_t* known, Error* reterr) {
        _cleanup_json_ json_t *pinned = own_pinned(manifest, known), *images = NULL;
        int r = app_step_pull(m, job, what, pinned, &images, reterr);
        if (r == 1 && streq(row->origin, "image"))
                r = manifest_image_found(manifest, json_object_get(json_object_iter_value(json_object_iter(images)), "config"), reterr) < 0 ? -EINVAL : 1;
        if (r != 1)
                return r;
        free(v->images);
        v->images = json_text(images, /* canonical= */ true);
        free(v->manifest);
        v->manifest = json_text(manifest, /* canonical= */ true);
        r = v->images && v->manifest ? store_app_version_put(m->store, v, reterr) : error_errno(reterr, -ENOMEM, "Cannot keep what images say");
        return r < 0 ? r : 1;
}

static int pull(Manager* m, Job* job, AppRow* row, Error* reterr) {
        const json_t* way = json_object_get(job->journal, "way");
        if (!way && own_is(row) && !json_get_string(job->request, "version")) {
                int r = own_look(m, job, row, reterr);
                if (r != 1 || nothing_newer(job))
                        return r;
        }
        if (!way)
                return plan(m, job, row, reterr);
        for (size_t i = 0; i < json_array_size(way); i++) {
                _cleanup_app_version_row_ AppVersionRow v = {};
                _cleanup_json_ json_t *manifest = NULL, *images = NULL;
                char what[32];
                int r = hop_row(m, job, row, i, &v, reterr);
                if (r < 0)
                        return r;
                manifest = json_loads(v.manifest, JSON_REJECT_DUPLICATES, NULL);
                images = json_loads(v.images, JSON_REJECT_DUPLICATES, NULL);
                if (is_fetched(images))
                        continue;
                (void) snprintf(what, sizeof(what), "pull-%zu", i);
                job_say(job, "Fetching %s %s", row->title, v.version);
                r = fetch(m, job, what, row, &v, manifest, images, reterr);
                return r == 1 ? 0 : r;
        }
        return 1;
}

/* --- hops --- */

static size_t hop_of(const Job* job) {
        return (size_t) json_get_integer(job->journal, "hop", 0);
}

static int hop_switch(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_app_version_row_ AppVersionRow v = {};
        char what[24];
        int r = hop_row(m, job, row, hop_of(job), &v, reterr);
        (void) snprintf(what, sizeof(what), "%zu", hop_of(job));
        return r < 0 ? r : move_switch(m, job, row, what, &v, reterr);
}

static int hop_prove(Manager* m, Job* job, AppRow* row, Error* reterr) {
        char step[40];
        (void) snprintf(step, sizeof(step), "answer-%zu", hop_of(job));
        job_say(job, "Waiting for %s %s to answer, behind the maintenance page", row->title, row->version);
        return app_step_answer(m, job, step, row, reterr);
}

/* Stopped, in place, started: what is done costs nothing, and after a restart of the machine all of it is done again, since PID 1 may have started
 * what was there before. */
static int hop_start(Manager* m, Job* job, AppRow* row, Error* reterr) {
        char what[24];
        size_t hop = hop_of(job);
        (void) snprintf(what, sizeof(what), "%zu", hop);
        int r = hop > 0 ? move_stop(m, job, row, what, reterr) : app_step_stop(m, job, "stop", row->id, reterr);
        if (r == 1)
                r = hop_switch(m, job, row, reterr);
        return r == 1 ? move_start(m, job, row, what, reterr) : r;
}

/* The first hop has stages of its own; those that follow are walked here. */
static int hops(Manager* m, Job* job, AppRow* row, Error* reterr) {
        size_t hop = hop_of(job);
        int r = hop_start(m, job, row, reterr);
        if (r == 1)
                r = hop_prove(m, job, row, reterr);
        if (r != 1)
                return r;
        if (hop + 1 < json_array_size(json_object_get(job->journal, "way"))) {
                (void) json_object_set_new(job->journal, "hop", json_integer((json_int_t) hop + 1));
                return 0;
        }
        return app_step_hook(m, job, "after", row, "after_update", reterr);
}

/* --- the end --- */

/* What a changed Compose file says was on offer before there was a way: it goes, too, where the job was cancelled before its first step. */
static int unstage(Manager* m, Job* job, const AppRow* row, Error* reterr) {
        const json_t* way = json_object_get(job->journal, "way");
        const char* file = !way && json_get_boolean(job->request, "file", false) ? json_get_string(job->request, "version") : NULL;
        size_t i;
        json_t* v;
        int r = file ? store_app_version_remove(m->store, row->id, file, reterr) : 0;
        json_array_foreach(way, i, v)
                if (r >= 0)
                        r = store_app_version_remove(m->store, row->id, json_string_value(v), reterr);
        app_images_clean_soon(m); /* of versions that were only passed, or did not work */
        return MIN(r, 0);
}

static int over(Manager* m, Job* job, AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        const char* from = strempty(json_get_string(job->journal, "from"));
        int64_t soak = json_get_integer(json_object_get(manifest, "health"), "soak_seconds", 600);
        int64_t away = now_seconds() - json_get_integer(job->journal, "closed_at", now_seconds());
        row->soak_until = streq(row->wanted, "running") ? now_seconds() + soak : 0;
        row->held_until = 0;
        int r = app_row_text(&row->held_version, "") < 0 || app_row_text(&row->reason, "") < 0 ? error_errno(reterr, -ENOMEM, "Cannot end an update") : 0;
        if (r >= 0)
                r = store_app_save(m->store, row, reterr);
        if (r >= 0)
                r = unstage(m, job, row, reterr);
        if (r >= 0)
                r = answers_settle(m, row->id, /* back= */ false, reterr);
        if (r >= 0)
                r = move_thin(m, row->id, reterr);
        if (r >= 0)
                r = app_event_add(m, row->id, "update", "ok", &job->actor, "%s went from %s to %s; people waited %lld s.", row->title, from, row->version, (long long) MAX(away, 0));
        if (r >= 0)
                r = app_job_over(m, row->id, "present", NULL, reterr);
        if (r < 0)
                return r;
        (void) json_object_set_new(job->result, "app", json_string(row->id));
        (void) json_object_set_new(job->result, "version", json_string(row->version));
        (void) json_object_set_new(job->result, "from", json_string(from));
        (void) json_object_set_new(job->result, "seconds_away", json_integer((json_int_t) MAX(away, 0)));
        return 1;
}

static int update_step(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = app_job_row(m, job, &row, reterr);
        if (r < 0)
                return r;
        if (nothing_newer(job))
                return job->stage < SOAK ? 1 : nothing_over(m, job, &row, reterr);
        if (job->stage > PULL)
                move_reboot_check(job);
        switch (job->stage) {
        case PULL:
        case UNPACK: /* a part of the fetching: where that is, the job is shown at it before what was fetched is noted */
                return pull(m, job, &row, reterr);
        case STOP:
                return move_close(m, job, &row, MOVE_KEEP_COPY, "before_update", reterr);
        case KEEP:
                return move_keep(m, job, &row, reterr);
        case SWITCH:
                r = move_keep(m, job, &row, reterr); /* again, where the machine was restarted meanwhile */
                return r == 1 ? hop_switch(m, job, &row, reterr) : r;
        case START:
                return hop_start(m, job, &row, reterr);
        case ANSWER:
                return hops(m, job, &row, reterr);
        case ADMIT:
                return move_admit(m, job, &row, /* proven= */ true, reterr);
        default:
                return over(m, job, &row, reterr);
        }
}

/* --- going back --- */

/* What one that was broken before says has to be done stays said. */
static int hold(Manager* m, const Job* job, AppRow* row, const char* version, const char* why, Error* reterr) {
        char at[APP_CLOCK_BYTES];
        _cleanup_free_ char* sentence = NULL;
        app_clock_text(now_seconds(), at);
        row->held_until = now_seconds() + MOVE_HELD_SEC;
        if (asprintf(&sentence, "%s went back to %s at %s, nothing lost. %s did not work: %s", row->title, row->version, at, version, why) < 0 ||
            app_row_text(&row->held_version, version) < 0 || (!streq(row->state, "broken") && app_row_text(&row->reason, sentence) < 0))
                return error_errno(reterr, -ENOMEM, "Cannot note why an update went back");
        int r = store_app_save(m->store, row, reterr);
        return r < 0 ? r : app_event_add(m, row->id, "return", "warn", &job->actor, "%s", sentence);
}

/* People were let in and write into the new version: it stays, and is watched as after any update. Whatever failed behind that was done by now. */
static int stays(Manager* m, Job* job, AppRow* row, Error* reterr) {
        const json_t* why = json_object_get(job->journal, "undoing");
        if (json_get_string(why, "message"))
                job_log(m, job, "warning", "It was done in a second try: %s", json_get_string(why, "message"));
        int r = over(m, job, row, reterr);
        if (r == 1)
                (void) json_object_del(job->journal, "undoing"); /* so the job is done */
        return r;
}

static int update_undo(Manager* m, Job* job, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        VersionReturn how;
        const json_t* way = json_object_get(job->journal, "way");
        const char* to = strempty(json_string_value(json_array_get(way, json_array_size(way) > 0 ? json_array_size(way) - 1 : 0)));
        const json_t* why = json_object_get(job->journal, "undoing");
        bool failed = streq(strempty(json_get_string(why, "state")), "failed"), file = json_get_boolean(job->request, "file", false);
        int r = app_job_row(m, job, &row, NULL);
        if (r < 0)
                return 1; /* the app is gone: nothing to bring back */
        r = move_back(m, job, &row, &how, reterr);
        if (r != 1)
                return move_undone(job, r);
        if (json_get_boolean(job->journal, "admitted", false))
                return stays(m, job, &row, reterr);
        if (how == VERSION_RETURN_ALL && failed)
                r = hold(m, job, &row, to, strempty(json_get_string(why, "message")), reterr);
        else if (how == VERSION_RETURN_ALL)
                r = app_event_add(m, row.id, "return", "note", &job->actor, "%s stayed at %s: the update was cancelled. Nothing is lost.", row.title, row.version);
        if (r >= 0 && (file || !own_is(&row))) /* what a tag leads to stays on offer */
                r = unstage(m, job, &row, reterr);
        if (r >= 0)
                r = app_job_over(m, row.id, NULL, NULL, reterr);
        return r < 0 ? r : 1;
}

const JobClass app_update_job = { .step = update_step, .undo = update_undo, .stranded = app_job_stranded, .ended = app_job_ended };
