/* What installing, running, updating, rolling back, copying and uninstalling an app have in common:
 * sub-steps of a job's step. Each answers as a step does (1 done, JOB_WAIT, <0 failed), is called inside
 * the step's open transaction until it answers 1, and may be called again after that: it answers 1 at
 * once. job->journal keeps what they need ("<what>:..."), so a kill between any two of them only repeats
 * what may be repeated. `what` is [a-z0-9-]{1,24} and tells two uses of the same sub-step in one job
 * apart; app_step_again() makes one ready for another round. None of them changes the app's row but
 * app_step_answer (answered_at): the caller saves the row first, then applies. */
#pragma once
#include "app/app.h"
#include "store/store-app.h"

/* Fetches every image of the manifest by an image-pull job. *ret_images (owned): {container: an image of
 * image/image.h with its "config" and "users"}, as AppRow.images keeps it. Call it in the stages pull and
 * unpack, which are the job's own: what is there already costs a moment. */
int app_step_pull(Manager* m, Job* job, const char* what, const json_t* manifest, json_t** ret_images, Error* reterr);
/* A job app-data: action and the rest of the request (data.h; ownership moves) without "app" and "slot". ret_result may be NULL. */
int app_step_data(Manager* m, Job* job, const char* what, const AppRow* row, const char* action,
                json_t* rest, json_t** ret_result, Error* reterr);
/* Makes the app's data directories with the owners its images name (action create). */
int app_step_directories(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr);

/* The helper's verbs, asked without waiting. Apply makes record.json and the units from the row as it is
 * now (record.c), and brings the web server, names and firewall behind it; it restarts nothing. */
int app_step_apply(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr);
/* The same for an app that is started next: firewall at once, web server and names with the answer of app_step_start(). */
int app_step_apply_first(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr);
int app_step_start(Manager* m, Job* job, const char* what, const char* app, Error* reterr);
int app_step_stop(Manager* m, Job* job, const char* what, const char* app, Error* reterr); /* 1 when no process of it is left */
int app_step_remove(Manager* m, Job* job, const char* what, const char* app, Error* reterr); /* units, record, network; data stays */
/* A hook of the manifest in the row: before_update, after_update or after_clone, run inside the app,
 * which runs. One that the manifest does not have is done at once; its failure fails the step. */
int app_step_hook(Manager* m, Job* job, const char* what, const AppRow* row, const char* hook, Error* reterr);

/* Waits for the first healthy answer through the web server (or, without HTTP, until all containers have
 * run for a while), asked often. Fails when the manifest's start_seconds are over, or as soon as a
 * container has ended for good; the error tells the last answer. Containers that PID 1 starts again count
 * as starting. */
int app_step_answer(Manager* m, Job* job, const char* what, const AppRow* row, Error* reterr);

/* For a step that waits for containers: JOB_WAIT, looking again soon, or an error when `start_seconds`
 * and what each container may take are over. */
int app_step_patience(Manager* m, Job* job, const char* what, const json_t* manifest, Error* reterr);

/* Ready for another round of the sub-step `what`, such as a second stop on the way back. */
void app_step_again(Job* job, const char* what);
bool app_step_is_done(const Job* job, const char* what); /* whether it has answered 1, and not been made ready again since */
/* Whether the machine was started anew since this was last asked for the same key of the journal; false the first time. */
bool app_boot_is_new(Job* job, const char* key);

/* --- job.c: around a job --- */

/* The row, with its job; WRONG_STATE where another job works on it ("" = none may), NOT_FOUND. */
int app_job_begin(Manager* m, JobKind kind, const Actor* actor, const char* app, json_t* request,
                char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_job_row(Manager* m, Job* job, AppRow* ret, Error* reterr); /* of job->object; an error when it is gone */
/* At the end of a job, however it ended: the row is free again. state NULL = unchanged; reason NULL = unchanged, "" = none. */
int app_job_over(Manager* m, const char* app, const char* state, const char* reason, Error* reterr);
/* Whether traffic is admitted: changes the row (save it) and nothing else; app_step_apply() makes it so. */
int app_gate_set(AppRow* row, bool open);
/* A line of the app's timeline. severity: ok, note, warn, bad. */
int app_event_add(Manager* m, const char* app, const char* kind, const char* severity, const Actor* actor,
                const char* format, ...) _printf_(6, 7);
/* The app changed: open pages are told, findings are looked at again. Cheap; after the commit. */
void app_changed(Manager* m, const char* app);
