/* Sub-steps of jobs. What they keep of themselves is in the journal, below "<what>:"; what the helper was asked is
 * in memory only (call.c). */
#include "base/file.h"
#include "base/time.h"
#include "app/app-internal.h"
#include "daemon/helper-client.h"
#include "domain/names.h"
#include "system/system.h"
#include <fcntl.h>
#include <stdio.h>

#define LOOK_USEC (1 * USEC_PER_SEC)      /* how often a step that waits looks by itself */
#define START_SEC_DEFAULT 60
#define QUIET_SEC 120                     /* beyond the app's own stop_seconds, until somebody is told */
#define UP_USEC (5 * USEC_PER_SEC)        /* an app without HTTP answers by running for so long */
#define HOOK_SEC (6 * 3600)               /* as the unit says */

/* --- what the journal says --- */

static void key_make(const char* what, const char* key, char ret[static 64]) {
        (void) snprintf(ret, 64, "%s:%s", what, key);
}

bool app_step_is_done(const Job* job, const char* what) {
        char key[64];
        key_make(what, "done", key);
        return json_is_true(json_object_get(job->journal, key));
}

static int done(Job* job, const char* what) {
        char key[64];
        key_make(what, "done", key);
        return json_object_set_new(job->journal, key, json_true()) < 0 ? -ENOMEM : 1;
}

/* When the sub-step was first asked, CLOCK_BOOTTIME. After a reboot that clock is smaller, and it begins again. */
static uint64_t began(Job* job, const char* what) {
        char key[64];
        uint64_t now = now_usec(CLOCK_BOOTTIME);
        key_make(what, "began", key);
        uint64_t at = (uint64_t) json_get_integer(job->journal, key, 0);
        if (at == 0 || at > now) {
                at = now;
                (void) json_object_set_new(job->journal, key, json_integer((json_int_t) at));
        }
        return at;
}

static void ask_make(const char* what, char ret[static 32]) {
        (void) snprintf(ret, 32, "%.24s-ask", what);
}

static void forget(Job* job, const char* what) {
        static const char* const keys[] = { "done", "began", "up" };
        char key[64];
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                key_make(what, keys[i], key);
                (void) json_object_del(job->journal, key);
        }
}

void app_step_again(Job* job, const char* what) {
        char asked[32];
        ask_make(what, asked);
        forget(job, what);
        forget(job, asked);
        job_child_forget(job, what);
}

bool app_boot_is_new(Job* job, const char* key) {
        _cleanup_free_ char* boot = NULL;
        if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot, NULL) < 0)
                return false;
        boot[strcspn(boot, "\n")] = 0;
        const char* before = json_get_string(job->journal, key);
        bool is_new = before && !streq(before, boot);
        if (!streq_ptr(before, boot))
                (void) json_object_set_new(job->journal, key, json_string(boot));
        return is_new;
}

/* --- the helper --- */

static int ask_apply(Manager* m, const void* subject, AppCall* call, Error* reterr) {
        _cleanup_(app_record_freep) AppRecord* record = NULL;
        int r = app_record_make(m, subject, &record, reterr);
        return r < 0 ? r : helper_client_app_apply(m->helper, record, app_call_answer, call, reterr);
}

static int ask_start(Manager* m, const void* subject, AppCall* call, Error* reterr) {
        return helper_client_app_start(m->helper, subject, app_call_answer, call, reterr);
}

static int ask_stop(Manager* m, const void* subject, AppCall* call, Error* reterr) {
        return helper_client_app_stop(m->helper, subject, app_call_answer, call, reterr);
}

static int ask_remove(Manager* m, const void* subject, AppCall* call, Error* reterr) {
        return helper_client_app_remove(m->helper, subject, app_call_answer, call, reterr);
}

/* The helper reads gate, port and addresses from the new record. */
static void names_now(Manager* m) {
        m->apps->names_due = false;
        served_names_changed(m);
        system_apply_soon(m);
}

int app_step_apply(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) {
        if (app_step_is_done(job, what))
                return 1;
        int r = app_call_step(m, job, what, ask_apply, row, reterr);
        if (r != 1)
                return r;
        names_now(m);
        app_changed(m, row->id);
        return done(job, what);
}

/* The helper does one thing after the other. The web server's check and reload take longest, and may as well be done while the app makes itself
 * ready; the way out has to be there before. Should we die in between, all of it is applied when we start. */
int app_step_apply_first(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) {
        if (app_step_is_done(job, what))
                return 1;
        int r = app_call_step(m, job, what, ask_apply, row, reterr);
        if (r != 1)
                return r;
        m->apps->names_due = true;
        system_firewall_now(m);
        app_changed(m, row->id);
        return done(job, what);
}

int app_step_start(Manager* m, Job* job, const char* what, const char* app, Error* reterr) {
        if (app_step_is_done(job, what))
                return 1;
        int r = app_call_step(m, job, what, ask_start, app, reterr);
        if (r != 1)
                return r;
        if (m->apps->names_due)
                names_now(m);
        app_state_look_soon(m);
        return done(job, what);
}

/* The longest time that one of its containers may take to end. */
static unsigned stop_seconds(const json_t* manifest) {
        size_t i;
        json_t* c;
        int64_t longest = 10;
        json_array_foreach(json_object_get(manifest, "containers"), i, c)
                longest = MAX(longest, json_get_integer(c, "stop_seconds", 10));
        return (unsigned) longest;
}

static bool any_failed(const AppLive* live) {
        for (size_t i = 0; i < live->units_n; i++)
                if (live->units[i].state == APP_UNIT_FAILED)
                        return true;
        return false;
}

/* A process that would not listen was killed, and its unit has failed: but stopping was what was asked for. Asked again, the helper has PID 1
 * forget how it ended. */
static int stop_settle(Manager* m, Job* job, const char* what, const char* app) {
        _cleanup_error_ Error e = ERROR_NULL;
        char asked[32];
        AppLive* live = app_live(m, app);
        (void) snprintf(asked, sizeof(asked), "%.22s-settle", what);
        bool pending = app_call_is_open(m->apps, job->id, asked);
        if (!pending && (!live || !any_failed(live)))
                return 1;
        int r = app_call_step(m, job, asked, ask_stop, app, &e);
        if (r != JOB_WAIT)
                app_state_look_soon(m);
        return r == JOB_WAIT ? r : 1; /* it stands, whatever its unit is called */
}

/* After a restart of the machine PID 1 has started what the record says, whatever was stopped before. */
static void stop_boot_check(Job* job, const char* what) {
        char key[64];
        key_make(what, "boot", key);
        if (app_boot_is_new(job, key))
                app_step_again(job, what);
}

int app_step_stop(Manager* m, Job* job, const char* what, const char* app, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char asked[32];
        stop_boot_check(job, what);
        if (app_step_is_done(job, what))
                return 1;
        uint64_t since = began(job, what);
        ask_make(what, asked);
        if (!app_step_is_done(job, asked)) {
                Error e = ERROR_NULL;
                int r = app_call_step(m, job, asked, ask_stop, app, &e);
                if (r < 0 && !error_has_name(&e, ERROR_NOT_FOUND)) {
                        if (reterr)
                                *reterr = e;
                        return r;
                }
                error_done(&e);
                if (r == JOB_WAIT)
                        return r;
                app_state_look_soon(m);
                (void) done(job, asked);
        }
        uint64_t asked_at = began(job, asked);
        AppLive* live = app_live(m, app);
        if (!live || (app_states_newer(m, asked_at) && app_units_quiet(live))) {
                if (stop_settle(m, job, what, app) == JOB_WAIT)
                        return JOB_WAIT;
                app_step_again(job, asked);
                return done(job, what);
        }
        (void) snprintf(live->job, sizeof(live->job), "%s", job->id);
        int r = store_app_get(m->store, app, &row, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* manifest = r > 0 ? app_manifest(&row) : NULL;
        uint64_t now = now_usec(CLOCK_BOOTTIME);
        if (now > since + (stop_seconds(manifest) + QUIET_SEC) * USEC_PER_SEC)
                return error_set(reterr, ERROR_WRONG_STATE, "The app did not stop: PID 1 still sees a process of it.");
        app_state_look_soon(m);
        job_wait_until(job, now + LOOK_USEC);
        return JOB_WAIT;
}

int app_step_remove(Manager* m, Job* job, const char* what, const char* app, Error* reterr) {
        if (app_step_is_done(job, what))
                return 1;
        int r = app_call_step(m, job, what, ask_remove, app, reterr);
        if (r != 1)
                return r;
        served_names_changed(m);
        system_apply_soon(m);
        return done(job, what);
}

/* --- hooks --- */

static const char* hook_task(const char* hook) {
        return streq(hook, "before_update") ? "hook-before-update" : streq(hook, "after_update") ? "hook-after-update" : "hook-after-clone";
}

typedef struct HookSubject {
        const char *app, *task;
} HookSubject;

static int ask_hook(Manager* m, const void* subject, AppCall* call, Error* reterr) {
        const HookSubject* s = subject;
        return helper_client_app_task_run(m->helper, s->app, s->task, app_call_answer, call, reterr);
}

int app_step_hook(Manager* m, Job* job, const char* what, const AppRow* row, const char* hook, Error* reterr) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        char asked[32], unit[40];
        if (app_step_is_done(job, what) || !json_is_object(json_object_get(json_object_get(manifest, "hooks"), hook)))
                return 1;
        uint64_t since = began(job, what);
        ask_make(what, asked);
        (void) snprintf(unit, sizeof(unit), "task-%s", hook_task(hook));
        if (!app_step_is_done(job, asked)) {
                int r = app_call_step(m, job, asked, ask_hook, &(HookSubject) { row->id, hook_task(hook) }, reterr);
                if (r != 1)
                        return r;
                app_state_look_soon(m);
                (void) done(job, asked);
        }
        AppLive* live = app_live(m, row->id);
        const AppUnitLive* u = live ? app_unit(live, unit) : NULL;
        uint64_t now = now_usec(CLOCK_BOOTTIME);
        bool over = app_states_newer(m, began(job, asked)) && (!u || u->state != APP_UNIT_STARTING);
        if (over && u && u->state == APP_UNIT_FAILED)
                return error_set(reterr, ERROR_WRONG_STATE, "The package's own step %s failed; the app's log says why.", hook);
        if (over) {
                app_step_again(job, asked);
                return done(job, what);
        }
        if (now > since + HOOK_SEC * USEC_PER_SEC)
                return error_set(reterr, ERROR_WRONG_STATE, "The package's own step %s did not end.", hook);
        if (live)
                (void) snprintf(live->job, sizeof(live->job), "%s", job->id);
        app_state_look_soon(m);
        job_wait_until(job, now + LOOK_USEC);
        return JOB_WAIT;
}

/* --- images and data --- */

/* Further users of an image that have to be looked up: the manifest's own choice. */
static json_t* users_of(const json_t* container) {
        const char* user = json_get_string(container, "user");
        return isempty(user) ? json_array() : json_pack("[s]", user);
}

static json_t* pull_request(const json_t* manifest) {
        json_t *images = json_array(), *c;
        size_t i;
        json_array_foreach(json_object_get(manifest, "containers"), i, c)
                (void) json_array_append_new(
                                images, json_pack("{s:s, s:o}", "reference", strempty(json_get_string(c, "image")), "users", users_of(c)));
        return json_pack("{s:o}", "images", images);
}

/* The result is in the order of the request. */
static int images_by_container(const json_t* manifest, const json_t* result, json_t** ret, Error* reterr) {
        const json_t* images = json_object_get(result, "images");
        _cleanup_json_ json_t* by = json_object();
        size_t i;
        json_t* c;
        json_array_foreach(json_object_get(manifest, "containers"), i, c) {
                json_t* image = json_array_get(images, i);
                const char* reference = json_get_string(image, "reference");
                if (!json_is_object(image) || !streq_ptr(reference, json_get_string(c, "image")))
                        return error_set(reterr, ERROR_INTERNAL, "The pull answered for other images than were asked for.");
                (void) json_object_set(by, strempty(json_get_string(c, "name")), image);
        }
        *ret = TAKE_PTR(by);
        return 1;
}

int app_step_pull(Manager* m, Job* job, const char* what, const json_t* manifest, json_t** ret_images, Error* reterr) {
        _cleanup_json_ json_t* result = NULL;
        int r = job_child(m, job, what, JOB_IMAGE_PULL, job->object, pull_request(manifest), &result, reterr);
        if (r != 1)
                return r;
        return ret_images ? images_by_container(manifest, result, ret_images, reterr) : 1;
}

int app_step_data(Manager* m, Job* job, const char* what, const AppRow* row, const char* action, json_t* rest, json_t** ret_result, Error* reterr) {
        json_t* request = rest ?: json_object();
        (void) json_object_set_new(request, "action", json_string(action));
        (void) json_object_set_new(request, "app", json_string(row->id));
        (void) json_object_set_new(request, "slot", json_integer(row->slot));
        return job_child(m, job, what, JOB_APP_DATA, row->id, request, ret_result, reterr);
}

/* Data belongs to the user of the first container that writes it. */
static json_t* directories_of(const json_t* manifest, const json_t* images) {
        json_t *list = json_array(), *d, *c, *mount;
        size_t i, k, n;
        json_array_foreach(json_object_get(manifest, "data"), i, d) {
                const char* name = strempty(json_get_string(d, "name"));
                const json_t* ids = NULL;
                json_array_foreach(json_object_get(manifest, "containers"), k, c)
                        json_array_foreach(json_object_get(c, "mounts"), n, mount)
                                if (!ids && streq_ptr(json_get_string(mount, "data"), name) && !json_get_boolean(mount, "read_only", false))
                                        ids = json_object_get(json_object_get(json_object_get(images, strempty(json_get_string(c, "name"))), "users"),
                                                              strempty(json_get_string(c, "user")));
                (void) json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "name", name, "uid", (json_int_t) json_get_integer(ids, "uid", 0),
                                                             "gid", (json_int_t) json_get_integer(ids, "gid", 0)));
        }
        return list;
}

int app_step_directories(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) {
        _cleanup_json_ json_t *manifest = app_manifest(row), *images = json_loads(row->images, JSON_REJECT_DUPLICATES, NULL);
        if (json_array_size(json_object_get(manifest, "data")) == 0)
                return 1;
        return app_step_data(m, job, what, row, "create", json_pack("{s:o}", "data", directories_of(manifest, images)), NULL, reterr);
}

/* --- the first answer --- */

static int answer_missing(const AppLive* live, unsigned seconds, Error* reterr) {
        const AppAnswer* last = live && live->last.at ? &live->last : NULL;
        if (!last)
                return error_set(reterr, ERROR_WRONG_STATE, "The app did not answer within %u s.", seconds);
        if (last->status == 0)
                return error_set(reterr, ERROR_WRONG_STATE, "The app did not answer within %u s: %.200s", seconds, strempty(last->body));
        return error_set(reterr, ERROR_WRONG_STATE, "The app answered %u within %u s, which is not well.", last->status, seconds);
}

static int answered(Manager* m, Job* job, const char* what, AppLive* live, Error* reterr) {
        live->watched = false;
        int r = store_app_answered(m->store, live->id, now_seconds(), reterr);
        app_changed(m, live->id);
        return r < 0 ? r : done(job, what);
}

/* Without anything to ask: that all containers have run for a while is the answer. */
static bool up_for_a_while(Job* job, const char* what, bool up) {
        char key[64];
        uint64_t now = now_usec(CLOCK_BOOTTIME);
        key_make(what, "up", key);
        uint64_t since = (uint64_t) json_get_integer(job->journal, key, 0);
        if (!up)
                (void) json_object_del(job->journal, key);
        else if (since == 0 || since > now)
                (void) json_object_set_new(job->journal, key, json_integer((json_int_t) now));
        else
                return now >= since + UP_USEC;
        return false;
}

int app_step_answer(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        if (app_step_is_done(job, what))
                return 1;
        uint64_t since = began(job, what), now = now_usec(CLOCK_BOOTTIME);
        unsigned patience = (unsigned) json_get_integer(json_object_get(manifest, "health"), "start_seconds", START_SEC_DEFAULT);
        AppLive* live = NULL;
        int r = app_live_update(m, row, &live);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch an app");
        (void) snprintf(live->job, sizeof(live->job), "%s", job->id);
        live->watched = true;
        bool fresh = app_states_newer(m, since);
        bool up = fresh && app_units_up(live, manifest);
        if (live->http ? live->good_answer_usec >= since : up_for_a_while(job, what, up))
                return answered(m, job, what, live, reterr);
        _cleanup_free_ char* failed = fresh ? app_failed_container(live, manifest) : NULL;
        if (failed || now > since + patience * USEC_PER_SEC) {
                live->watched = false;
                return failed ? error_set(reterr, ERROR_WRONG_STATE, "%s", failed) : answer_missing(live, patience, reterr);
        }
        app_state_look_soon(m);
        app_probe_now(m, live);
        job_wait_until(job, MIN(now + LOOK_USEC, since + patience * USEC_PER_SEC + 1));
        return JOB_WAIT;
}

/* Databases may take minutes to be made; each container says how long it may take to be well. */
static unsigned up_seconds(const json_t* manifest) {
        size_t i;
        json_t* c;
        int64_t longest = 0;
        json_array_foreach(json_object_get(manifest, "containers"), i, c)
                longest = MAX(longest, json_get_integer(json_object_get(c, "health"), "start", 0));
        return (unsigned) (longest + json_get_integer(json_object_get(manifest, "health"), "start_seconds", START_SEC_DEFAULT) + START_SEC_DEFAULT);
}

int app_step_patience(Manager* m, Job* job, const char* what, const json_t* manifest, Error* reterr) {
        uint64_t since = began(job, what), now = now_usec(CLOCK_BOOTTIME);
        unsigned patience = up_seconds(manifest);
        if (now > since + patience * USEC_PER_SEC)
                return error_set(reterr, ERROR_WRONG_STATE, "Its containers did not all start within %u s.", patience);
        job_wait_until(job, now + LOOK_USEC);
        return JOB_WAIT;
}

/* --- an undo that is tried again --- */

/* "back-stop:done" and its like. */
static bool is_of_undo(const char* key) {
        static const char* const begins[] = { "back-", "undo-", "source-" };
        static const char* const ends[] = { ":done", ":began", ":up" };
        bool begin = false, end = false;
        for (size_t i = 0; i < ELEMENTS(begins); i++)
                begin = begin || startswith(key, begins[i]);
        for (size_t i = 0; i < ELEMENTS(ends); i++)
                end = end || (strlen(key) > strlen(ends[i]) && streq(key + strlen(key) - strlen(ends[i]), ends[i]));
        return begin && end;
}

/* The door, too, is to be opened anew. */
static void undo_forget(Job* job) {
        const char* key;
        json_t* v;
        void* next;
        json_object_foreach_safe(job->journal, next, key, v)
                if (is_of_undo(key))
                        (void) json_object_del(job->journal, key);
        (void) json_object_del(job->journal, "back-opened");
}

void app_undo_again(Job* job) {
        int64_t failed = job_undo_failed(job);
        if (failed == json_get_integer(job->journal, "undo-tried", 0))
                return;
        if (!app_step_is_done(job, "back-open")) /* else people are in, and what is left is not worth keeping them out once more */
                undo_forget(job);
        (void) json_object_set_new(job->journal, "undo-tried", json_integer((json_int_t) failed));
}
