/* One container's unit as PID 1 tells of it, and what that means to people. Pure: the caller brings the clock. */
#pragma once
#include "app-slots.h"
#include "base/macro.h"

#define APP_UNIT_PREFIX "steadbox-app-"

typedef enum AppUnitState {
        APP_UNIT_UNKNOWN, /* PID 1 has not loaded it: stopped, or never started */
        APP_UNIT_STARTING,
        APP_UNIT_RUNNING,
        APP_UNIT_DONE,    /* a one-shot that went well */
        APP_UNIT_STOPPING,
        APP_UNIT_STOPPED,
        APP_UNIT_FAILED,
} AppUnitState;

/* The end of a main process. code 0: it never came to be. */
typedef struct AppUnitEnd {
        int32_t code;        /* waitid(2): CLD_EXITED, CLD_KILLED, CLD_DUMPED */
        int32_t status;      /* exit status or signal */
        char result[20];     /* systemd.service(5) Result: success, exit-code, signal, oom-kill, timeout .. */
} AppUnitEnd;

typedef struct AppUnitLive {
        char name[40];       /* of the container; "task-<id>" of a task */
        AppUnitState state;
        bool asked;          /* the numbers below are being asked for */
        bool seen;           /* PID 1 named it in the list that is being read */
        bool counted;        /* restarts has been read before */
        uint32_t restarts;   /* since somebody started it, as PID 1 counts */
        uint32_t row;        /* ends that followed one another closely */
        uint64_t ended_usec; /* when the last of them was seen, CLOCK_BOOTTIME */
        int64_t started_at;  /* 0 = not */
        AppUnitEnd end;      /* the last one */
} AppUnitLive;

/* "steadbox-app-<id>-<container>.service" into its parts; false for any other. */
bool app_unit_parse(const char* unit, char id[static APP_ID_BYTES], char name[static 40]);
AppUnitState app_unit_state(const char* active, const char* sub); /* ActiveState and SubState */

/* Takes what PID 1 says now. ended: its main process is over, or never was. */
void app_unit_told(AppUnitLive* u, uint32_t restarts, bool ended, const AppUnitEnd* end, uint64_t now_usec);
/* Whether it stands in the way of the app: PID 1 gave it up, or it ends again and again. A container that
 * ran for some minutes since is fine. */
bool app_unit_failing(const AppUnitLive* u, uint64_t now_usec);
/* Why it ended, as a sentence or two; owned, NULL = out of memory. */
char* app_unit_failure(const AppUnitLive* u);
