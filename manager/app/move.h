/* Changing what an app is, and getting back: what updating, rolling back and putting data back have in
 * common. A "move" lives in the journal of its job:
 *
 *   "boot"      the machine's boot id: what was stopped or started in another boot is not any more
 *   "from"      the version that was left; its row of app_version exists from the switch on
 *   "gate"      how the door stood before
 *   "state"     present or broken, as it was before
 *   "wanted"    running or stopped, as people wanted it before
 *   "closed"    the door was shut by us          "stopped"   the app was stopped by us
 *   "point"     the restore point; "pointed": it is complete; "points-old": those that a restart of the machine made useless
 *   "touched"   from here the new version may have changed the data, or other data stands in its place
 *   "admitted"  from here people's writing may be in the data: it never goes back by itself
 *   "replaced"  under which id data that goes is kept
 *   "target_point"  which point a return with data takes; "swapping": its data was asked for; "swapped":
 *               it stands in the app's place, and the point's row goes when the job is over
 *   "settings"  the answers that are not sealed as they were before, where going back changed them
 *
 * Each function is a sub-step as in steps.h: 1 done, JOB_WAIT, 0 call again (after a commit), <0 failed. */
#pragma once
#include "app/app-internal.h"
#include "app/version.h"

#define MOVE_KEEP_SEC (30 * 24 * 3600)   /* data that was put aside */
#define MOVE_HELD_SEC (7 * 24 * 3600)    /* a version that failed is not tried again by itself before that */
#define MOVE_VERSIONS_KEPT 2

typedef enum MoveKeep {
        MOVE_KEEP_COPY,  /* a restore point is made of the present data, beside the app and then again when it stands */
        MOVE_KEEP_NONE,  /* the present data is put aside itself */
} MoveKeep;

int move_begin(Manager* m, Job* job, AppRow* row, Error* reterr);      /* once; takes the row out of use */
int move_shut(Manager* m, Job* job, AppRow* row, MoveKeep keep, Error* reterr); /* door shut, a first copy made; the app runs on */
int move_close(Manager* m, Job* job, AppRow* row, MoveKeep keep, const char* hook, Error* reterr); /* the same, and the app stopped */
int move_keep(Manager* m, Job* job, AppRow* row, Error* reterr);       /* the restore point is complete */
/* The row becomes `to`, in the store and at root's; what was there becomes a kept version with the
 * restore point. `what` tells hops apart. */
int move_switch(Manager* m, Job* job, AppRow* row, const char* what, const AppVersionRow* to, Error* reterr);
int move_start(Manager* m, Job* job, AppRow* row, const char* what, Error* reterr);
int move_stop(Manager* m, Job* job, AppRow* row, const char* what, Error* reterr);
/* The door opens. From the first call on nothing of the data goes back by itself. proven: it has
 * answered, so that one that was broken is present again and its door, which was shut since, opens; else
 * it stands as before. */
int move_admit(Manager* m, Job* job, AppRow* row, bool proven, Error* reterr);
/* What an undo answers where a step would answer 0: the engine takes everything but JOB_WAIT for its end. */
int move_undone(Job* job, int r);
/* For undo: everything as it was, as far as version_return() allows. *ret_how tells what was done. */
int move_back(Manager* m, Job* job, AppRow* row, VersionReturn* ret_how, Error* reterr);

/* An undo was given up: what a return has put in place is no point any more, and what it replaced is one. Where nobody
 * knows whether it was put in place, both are: one too many can be deleted, but what is not listed is found by nobody. */
int move_given_up(Manager* m, Job* job, const AppRow* row, Error* reterr);
void move_reboot_check(Job* job);
/* A fresh id for a point, the same over a kill: kept in the journal under key. */
const char* move_id(Job* job, const char* key);
int point_note(Manager* m, const AppRow* row, const char* id, const char* kind, const char* version, int64_t bytes, Error* reterr);
/* Names of data directories that are caches: their content is not worth a copy. An array, owned. */
json_t* move_caches(const json_t* manifest);
bool move_keeps_none(const json_t* manifest); /* no data directories at all; false where nobody knows */
/* Of the versions that were left, the oldest go beyond those that are kept, and their points with them. */
int move_thin(Manager* m, const char* app, Error* reterr);
