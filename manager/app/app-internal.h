/* Shared by the files of this folder: what is known of apps in memory, and the pieces their jobs are made of. */
#pragma once
#include "app/app.h"
#include "app/disk.h"
#include "app/steps.h"
#include "app/sweep.h"
#include "app/unit.h"
#include "base/secret.h"
#include "run/record.h"
#include "noun.h"

#define APP_PROBE_SOCKET "/run/steadbox-probe/probe.sock"
#define APP_CGROUPS "/sys/fs/cgroup/steadbox.slice/steadbox-app.slice"
#define APP_BODY_MAX 4096      /* of an answer that is kept */
#define APP_EXPECT_MAX 16      /* statuses that are well */
#define APP_SLOW_USEC (30 * USEC_PER_SEC)     /* without a good answer: yellow */
#define APP_FAILING_USEC (180 * USEC_PER_SEC) /* red */

/* An answer to a probe. status 0: there was none, and body is why. */
typedef struct AppAnswer {
        int64_t at;
        unsigned status, milliseconds;
        char* body; /* owned, valid UTF-8 */
} AppAnswer;

/* An answer without its words. */
typedef struct AppPulse {
        uint32_t at;               /* seconds; until 2106 */
        uint16_t milliseconds;     /* 65535: that or more, which no probe waits for */
        uint16_t status : 15, good : 1;
} AppPulse;
#define APP_PULSES 90 /* a quarter of an hour */

/* What it may have, and what the kernel did to keep it there. Times in seconds, 0 = never; counts as at the last look, -1 = not yet. */
typedef struct AppLimit {
        int64_t memory_mb, tasks;
        int64_t memory_since;        /* when the manager heard of memory_mb */
        int64_t kills, tight;        /* memory.events oom_kill, oom */
        int64_t refused;             /* pids.events max */
        int64_t killed_at, refused_at;
        int64_t killed_noted, refused_noted;
        int64_t killed_mb;           /* what it might take then; 0 = not known */
        bool machine;                /* not its limit was met, but the machine had no memory left */
        char container[40];          /* that was killed; "" = not known */
} AppLimit;

typedef struct AppProbe AppProbe;
typedef struct AppUse AppUse;
typedef struct AppDisk AppDisk;

/* What the manager knows of one app beside its row. About 4 KiB, most of it samples, and twice an answer's words at most. */
typedef struct AppLive {
        char id[APP_ID_BYTES];
        char* host;                  /* what it is asked as */
        char* path;
        uint16_t expect[APP_EXPECT_MAX];
        size_t expect_n;
        bool http;                   /* there is something to ask */
        bool present;                /* its row is there */
        bool wanted;                 /* it should run, and nobody is working on it that says otherwise */
        bool watched;                /* a job waits for an answer: ask often */
        char job[JOB_ID_BYTES];      /* that waits for states or answers */
        uint64_t due_usec;           /* next probe, CLOCK_BOOTTIME */
        uint64_t good_usec;          /* of the last good answer, or since when one is expected */
        uint64_t good_answer_usec;   /* of the last good answer; 0 = none */
        int64_t since;               /* of the present state, seconds */
        int shown;                   /* the state people were told last, see app_health() */
        AppAnswer last, good;        /* of a last one that was good the words are good's */
        bool last_good;
        AppPulse pulses[APP_PULSES]; /* the last answers, in a ring */
        uint32_t pulses_n;           /* ever told */
        AppUnitLive* units;          /* owned; of PID 1 */
        size_t units_n;
        AppUse* use;
        AppProbe* probe;             /* in flight */
        int64_t disk_bytes;          /* its own use of the disk; -1 = never measured. After a start what was known before */
        int64_t disk_limit;          /* bytes; 0 = none of its own */
        DiskUse disk;                /* the same in parts */
        DiskBase disk_base;          /* how it stood when nothing was wrong */
        uint64_t disk_usec;          /* when it was measured, CLOCK_BOOTTIME; 0 = not since the manager runs */
        uint64_t disk_soon_usec;     /* it is measured out of turn then; 0 = no need */
        uint64_t disk_pause_usec;    /* it could not be measured and is measured again then; 0 = it could */
        uint64_t disk_ended_usec;    /* when it was ended for what it takes; 0 = never */
        AppLimit limit;
} AppLive;

/* A call to the helper that a step waits for. */
typedef struct AppCall AppCall;

struct Apps {
        Manager* m;
        AppLive** live;              /* owned, sorted by id */
        size_t live_n;
        AppCall* calls;
        json_t* changed;             /* ids to look at again on the next turn */
        sd_event_source* settle;     /* deferred: changed rows */
        sd_event_source* prober;     /* timer: the next probe */
        sd_event_source* lister;     /* timer: unit states, coalesced */
        sd_event_source* sampler;    /* timer: use, every minute */
        sd_bus_slot *job_removed, *properties, *listing;
        bool look_again;             /* somebody wants to know while a question is in flight */
        uint64_t listing_usec;       /* when the question in flight was asked, CLOCK_BOOTTIME */
        uint64_t listed_usec;        /* when that was asked whose answer we have; 0 = none yet */
        const char* probe_socket;    /* constant text; a test puts its own here */
        const char* cgroups;
        unsigned probing;            /* in flight */
        sd_event_source* cleaner;    /* timer: image-clean */
        sd_event_source* presets;    /* deferred: the provider's apps */
        AppDisk* disk;               /* disk.c */
        SweepClock calendar;         /* as housekeeping saw it last */
        bool names_due;              /* a record was applied that the web server was not told of yet */
};

/* --- call.c: questions whose answers come later --- */

typedef int (*AppAsking)(Manager* m, const void* subject, AppCall* call, Error* reterr);
/* Asks once, waits, and takes the answer. 1 answered well, JOB_WAIT, <0. What was asked is known in
 * memory only: after a kill it is asked again. */
int app_call_step(Manager* m, Job* job, const char* what, AppAsking ask, const void* subject, Error* reterr);
void app_call_answer(json_t* answer, const Error* error, void* call); /* for the one who was asked; error NULL = well */
/* For the one who is asked and can be told to stop: drop ends it and frees userdata; the call is gone then and is not answered. */
void app_call_droppable(AppCall* call, void (*drop)(void* userdata), void* userdata);
void app_calls_drop(Apps* a, const char* job); /* ends those that can be; NULL = of all jobs */
void app_calls_forget(Apps* a, const char* job); /* answers that nobody will take; NULL = of all jobs */
bool app_call_is_open(Apps* a, const char* job, const char* what); /* asked, and the answer not taken yet */

/* --- how a job ends: job.c, steps.c --- */
/* JobClass.stranded: the app is broken, and says why and what may be done */
int app_job_stranded(Manager* m, Job* job, const Error* why, Error* reterr);
/* for an undo, first of all: what was done or begun in a try that failed is asked for anew, unless the
 * door is open again */
void app_undo_again(Job* job);
void app_job_ended(Manager* m, Job* job, bool done); /* JobClass.ended of jobs that ask */

/* --- live.c --- */
AppLive* app_live(Manager* m, const char* id); /* NULL where there is none */
AppLive* app_live_new(Manager* m, const char* id);
int app_live_update(Manager* m, const AppRow* row, AppLive** ret); /* makes or follows the row */
void app_live_drop(Manager* m, const char* id);
void app_live_free_all(Apps* a);
AppUnitLive* app_unit(AppLive* live, const char* name); /* NULL where PID 1 never spoke of it */
void app_answer_done(AppAnswer* a);

/* --- secret.c --- */
#define APP_SEAL_NAME "apps"
/* Makes those of manifest.secrets that are not there; keeps the rest. Inside the open transaction. */
int app_secrets_make(Manager* m, const char* app, const json_t* manifest, Error* reterr);
int app_secret_put(Manager* m, const char* app, const char* key, const char* value, Error* reterr);
/* {key: value} in clear, owned: wipe with app_values_free(). */
int app_secrets_open(Manager* m, const char* app, json_t** ret, Error* reterr);
void app_values_free(json_t* values);
static inline void app_values_freep(json_t** values) {
        app_values_free(*values);
}
/* The sealed blobs as {key: base64}, for the note, and back. */
int app_secrets_note(Manager* m, const char* app, json_t** ret, Error* reterr);
int app_secrets_from_note(Manager* m, const char* app, const json_t* note, Error* reterr);

/* --- record.c --- */
/* A command of the package with its placeholders filled in; owned. It may hold secrets. */
int app_command_fill(Manager* m, const AppRow* row, const json_t* command, json_t** ret, Error* reterr);
int app_record_make(Manager* m, const AppRow* row, AppRecord** ret, Error* reterr); /* owned: app_record_free() */
#define APP_MUTED_MAIL "mail" /* beside the ids of tasks in a row's `muted`; no package calls a task so */
bool app_muted(const AppRow* row, const char* what);
bool app_may_mail(const AppRow* row); /* whether it may reach mail servers, where it may reach the world */
int app_mail_take(AppRow* row, bool may, Error* reterr); /* into the row; CONFLICT: it cannot be muted */
json_t* app_note_make(Manager* m, const AppRow* row, Error* reterr); /* owned */
int app_note_read(Manager* m, const json_t* note, Error* reterr);    /* adds the row; inside the open transaction */
int app_row_from_note(const json_t* note, AppRow* ret, Error* reterr); /* without what hangs on it */

/* --- state.c --- */
int app_state_start(Manager* m, Error* reterr);
void app_state_look_soon(Manager* m); /* ask PID 1 again, coalesced */
bool app_states_newer(const Manager* m, uint64_t boottime_usec); /* what is known was asked after that */
/* What stands in the way of running, as a sentence (owned), or NULL: a container that was given up, or ends again and again. */
char* app_failed_container(const AppLive* live, const json_t* manifest);
bool app_units_quiet(const AppLive* live);   /* nothing of it runs */
bool app_units_up(const AppLive* live, const json_t* manifest); /* every container runs or is done */

/* --- probe.c --- */
int app_probe_start(Manager* m, Error* reterr);
void app_probe_plan(Manager* m);                        /* after live apps changed */
void app_probe_now(Manager* m, AppLive* live);
void app_probe_cancel(AppLive* live);
bool app_answer_good(const AppLive* live, const AppAnswer* a);
void app_answered(Manager* m, AppLive* live, unsigned status, char* body, unsigned milliseconds); /* takes over body */

/* --- use.c --- */
int app_use_start(Manager* m, Error* reterr);
void app_use_save_all(Manager* m); /* before the end */
void app_use_free(AppUse* u);
void app_use_load(Manager* m, AppLive* live, const AppRow* row);
int64_t app_memory_now(const Manager* m, const AppLive* live); /* bytes; -1 = nothing runs */
int64_t app_memory_of(const Manager* m, const AppLive* live, const char* container); /* likewise */
int64_t app_account(const Manager* m, const char* app, const char* file, const char* key); /* of its slice; -1 = there is none */
/* day|week|month: array of AppSample, owned; NULL: no memory */
json_t* app_use_json(const Manager* m, const AppLive* live, const char* period);
void app_use_forget(const Manager* m, const char* app); /* its history, beside what its row says */
void app_use_sweep(Manager* m); /* histories of apps that are not there any more */
int64_t app_peak_measured(const AppLive* live); /* bytes; 0 = not yet */


void app_images_clean_start(Manager* m); /* clean.c: what was planned before the manager was started anew */

/* --- disk.c --- */
int app_disk_start(Manager* m, Error* reterr);
AppDisk* app_disk_free(AppDisk* d);
void app_disk_soon(Manager* m, const char* app);    /* it may take more or less than it did: measure it within seconds */
void app_disk_full(Manager* m);                     /* root had no room for what it was asked to write */
int64_t app_disk_limit(const AppRow* row, const json_t* manifest); /* bytes; 0 = none of its own */
json_t* app_disk_show(const AppLive* live);         /* AppDisk of types.h or null, owned */
/* Why it was stopped, where that was the disk: the facts are kept in the row's limits until it is started or stopped by somebody. */
json_t* app_disk_stopped(const AppRow* row);        /* owned; NULL = it was not */
char* app_disk_stopped_sentence(const AppRow* row, const json_t* facts); /* owned */
int app_disk_stopped_set(AppRow* row, const json_t* facts); /* NULL = forget it; save the row */
void app_disk_size_text(int64_t bytes, char ret[static 24]); /* "412 MB", "9.1 GB" */

/* --- limit.c --- */
void app_limit_look(Manager* m, AppLive* live, int64_t now); /* compares the accounts with those of the last look */
void app_limit_ended(Manager* m, AppLive* live, const char* container, int64_t at); /* PID 1 saw the kernel kill it */
void app_limits_load(Manager* m); /* what was met before the manager was started */
bool app_limit_was_killed(const AppLive* live, int64_t now);  /* lately */
bool app_limit_was_refused(const AppLive* live, int64_t now); /* processes, lately */
char* app_limit_killed(const AppLive* live, const json_t* manifest); /* owned */
char* app_limit_refused(const AppLive* live);                        /* owned */

/* --- show.c --- */
typedef enum AppHealthState {
        APP_HEALTH_STOPPED,
        APP_HEALTH_STARTING,
        APP_HEALTH_OK,
        APP_HEALTH_SLOW,
        APP_HEALTH_FAILING,
} AppHealthState;
const char* app_health_to_string(AppHealthState s);
AppHealthState app_health(const Manager* m, const AppLive* live, const AppRow* row, const json_t* manifest);
/* App. With a language also what is asked of its owner, and its containers; NULL for lists. */
json_t* app_show(Manager* m, const AppRow* row, const char* language, Error* reterr);
json_t* app_health_show(Manager* m, const AppRow* row, Error* reterr);
char* app_sentence(Manager* m, const AppRow* row, const json_t* manifest, const AppLive* live,
                const char** ret_state, const char** ret_severity);
json_t* app_manifest(const AppRow* row);    /* owned; an empty object where it is broken */
/* Likewise, at least what app_show(), app_sentence(), app_health() and findings look at: most of a
 * manifest are words in all languages and what only an installation asks for, and reading those takes
 * longer than all else that a list of apps does. */
json_t* app_manifest_brief(const AppRow* row);

/* --- noun.c --- */
extern const Actor app_system_actor; /* who does what nobody asked for */
#define APP_CLOCK_BYTES 16
void app_clock_text(int64_t at, char ret[static APP_CLOCK_BYTES]); /* "02:14" of the box's time zone */

/* --- names.c --- */
int app_name_choose(Manager* m, const char* id, char ret[static 254], Error* reterr);
int app_name_check(Manager* m, const char* field, const char* name, const char* app, Error* reterr); /* app: whose name it may be already */
int app_id_choose(Manager* m, const char* wish, char ret[static APP_ID_BYTES], Error* reterr);
void app_names_changed(Manager* m, const char* name);

/* --- install.c, change.c --- */
int app_settings_take(Manager* m, AppRow* row, const json_t* manifest, const json_t* settings,
                const char* secret_settings, bool all, Error* reterr);
int app_access_take(Manager* m, AppRow* row, const char* access, const json_t* groups, Error* reterr);
int app_environment_take(AppRow* row, const json_t* list, Error* reterr);

void app_health_follow(Manager* m, AppLive* live);   /* after an answer or another state of its units */
void app_health_note(Manager* m, AppLive* live, bool failing); /* a line of its timeline */
void app_note(Manager* m, const AppLive* live, const char* severity, const char* sentence); /* likewise */
int64_t app_limit_of(const AppRow* row, const char* limit, const json_t* manifest, const char* resource, int64_t otherwise);
int app_update_offered(Manager* m, const AppRow* row, char** ret, Error* reterr); /* owned; NULL = none */
json_t* app_questions(const json_t* manifest, const char* language); /* array of Question, owned */

/* --- finding.c --- */
int app_findings(Manager* m, Findings* list, Error* reterr);
int app_preset_findings(Manager* m, Findings* list, Error* reterr); /* preset.c */

/* --- rebuild.c --- */
int app_rebuild(Manager* m, Error* reterr); /* rows that are missing, from apps/<id>/record.json; inside the open transaction */
