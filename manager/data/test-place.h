/* A place with one app's data in a directory of its own, furnished with whatever an app may leave, and
 * how two trees are compared. As root only: owners are what most of it is about. */
#pragma once
#include "base/test.h"
#include "data/place.h"
#include <unistd.h>

#define SLOT 5 /* of the app "notes", which is there; BASE is the first of its ids */
#define BASE (APP_UID_BASE + SLOT * APP_UIDS)
#define OTHER 9 /* of whoever comes beside it */
#define OTHER_BASE (APP_UID_BASE + OTHER * APP_UIDS)
#define DATA "apps/notes/data"

typedef struct World {
        char root[64];
        int fd; /* of root */
        Place* place;
} World;

bool world_up(World* w); /* false: not root here, nothing can be tested */
void world_down(World* w); /* nobody has touched what lies outside */
void shell(const World* w, const char* command); /* in root; or the test fails */

void attribute(const World* w, const char* path, const char* name, const char* value); /* where the file system has any */
void furnish(const World* w); /* the data of "notes": every kind of file, name, time and mode */
void own(const World* w);     /* all of it as the app would have made it */

/* "notes" into a restore point of its own; early: the first of two passes. */
int copy(World* w, const char* point, bool early, Error* e);

/* The trees below root are the same but for their ids, which are shifted; or the test fails. */
void same(const World* w, const char* a, const char* b, uint32_t from, uint32_t to);
/* What is complete has no mark of the first pass, also where the app planted one. */
void unmarked(const World* w, const char* path);
