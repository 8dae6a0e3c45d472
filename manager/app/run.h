/* Jobs that start, stop and restart an app. The row says already what is wanted when they begin. */
#pragma once
#include "app/app.h"

typedef struct AppRun {
        const char* action;      /* start, stop, restart, configure: for the timeline */
        bool stop, apply, start; /* which stages there are; start includes the first answer */
} AppRun;
int app_run_begin(Manager* m, const Actor* actor, const char* app, AppRun run, char ret_job[static JOB_ID_BYTES], Error* reterr);

/* What a person asks for; all inside the caller's open transaction. */
int app_start(Manager* m, const Actor* actor, const AppRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_stop(Manager* m, const Actor* actor, const AppRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_restart(Manager* m, const Actor* actor, const AppRow* row, char ret_job[static JOB_ID_BYTES], Error* reterr);
int app_uninstall(Manager* m, const Actor* actor, const AppRow* row, bool archive, char ret_job[static JOB_ID_BYTES], Error* reterr);

typedef struct AppChange {
        const char *title, *name, *access, *network_out, *secret_settings; /* NULL = unchanged */
        const json_t *extra_names, *groups, *operators, *settings, *environment, *ports;
        int64_t memory_mb, cpu_weight, disk_mb; /* -1 = unchanged, 0 = as the package says */
        int maintenance, auto_update, mail;     /* -1 = unchanged */
} AppChange;
/* Restarts it only where what changed reaches the processes. */
int app_configure(Manager* m, const Actor* actor, const AppRow* row, const AppChange* change,
                char ret_job[static JOB_ID_BYTES], Error* reterr);
