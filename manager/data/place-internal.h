/* Shared by the files of this folder: directories below the root, opened so that nothing on the way is a link. */
#pragma once
#include "data/place.h"

#define PLACE_NAME_BYTES 48 /* ".", an id, a suffix */

struct Place {
        int root;
        uint32_t gid;
};

/* A tree that is there, or will be: its parent and its name in it. */
typedef struct Spot {
        int parent;              /* owned */
        char name[PLACE_NAME_BYTES];
        char part[PLACE_NAME_BYTES]; /* its name while it is not complete */
        char work[PLACE_NAME_BYTES]; /* what the copying needs */
        char gone[PLACE_NAME_BYTES]; /* its name while it is removed */
} Spot;
void spot_done(Spot* s);
#define _cleanup_spot_ _cleanup_(spot_done)

int place_open(Place* p, const char* format, ...) _printf_(2, 3); /* an fd or -errno */
/* Makes name in parent, root's and of the group, where it is missing; an fd or -errno. */
int place_make(Place* p, int parent, const char* name, uint32_t mode, uint32_t gid);
int place_app_make(Place* p, const char* app);
int spot_open(Place* p, PlaceKind kind, const char* app, const char* id, Spot* ret); /* makes nothing; -ENOENT */
int spot_open_making(Place* p, PlaceKind kind, const char* app, const char* id, Spot* ret);
bool entry_exists(int parent, const char* name);
/* Renamed first, so that nobody meets half of it. Absent is fine. */
int spot_remove(Spot* s, const TreeWatch* watch);
int not_there(Error* reterr, int r, const char* what, const char* id);
