/* Where apps' data lies: directories found by ids, and the acts that put a whole tree into its place.
 * app/data.h has the map and the rules. */
#pragma once
#include "app-slots.h"
#include "data/tree.h"

typedef struct Place Place;

/* root is /var/lib/steadbox but in tests; gid: the manager's group, which may look into exports. */
int place_new(const char* root, uint32_t gid, Place** ret, Error* reterr);
Place* place_free(Place* p);
DEFINE_CLEANUP(Place*, place_free);

typedef struct PlaceData {
        const char* name;
        uint32_t uid, gid; /* inside the app */
} PlaceData;
int place_create(Place* p, const char* app, uint32_t slot, const PlaceData* data, size_t n, Error* reterr);

/* A copy on its way: what is copied from where, and under which name it will be there. */
typedef struct PlaceCopy {
        const char* from_app;
        const char* from_point;  /* NULL = the app's data */
        uint32_t from_slot;
        const char* app;
        const char* point;       /* NULL = the app's data */
        uint32_t slot;
        bool early;              /* the app may write; what is copied stays incomplete */
        bool keeps_none;         /* from_app is one that has no data directories: to have none is right */
        uint64_t reserve;
        const char* const* without;
        TreeWatch watch;         /* count.bytes against *total */
        uint64_t* total;         /* set before the copying begins: what there is; may be NULL */
} PlaceCopy;
int place_copy(Place* p, const PlaceCopy* how, TreeCount* ret, Error* reterr);

int place_restore(Place* p, const char* app, const char* point, const char* replaced, Error* reterr);
int place_archive(Place* p, const char* app, const char* archive, const TreeWatch* watch, Error* reterr);
int place_unarchive(Place* p, const char* app, const char* archive, Error* reterr);

typedef enum PlaceKind {
        PLACE_POINT,    /* of app */
        PLACE_ARCHIVE,
        PLACE_EXPORT,
        PLACE_APP,      /* the whole directory */
        PLACE_SCRATCH,  /* what its containers wrote beside its data; to be measured only */
        PLACE_DUMPS,    /* of app, made for an export by steadbox-inside */
} PlaceKind;
int place_remove(Place* p, PlaceKind kind, const char* app, const char* id, const TreeWatch* watch, Error* reterr);
/* What interrupted work left and nobody came back to for a day. */
void place_sweep(Place* p, const char* app);

/* PLACE_APP: its data; PLACE_DUMPS: all of them; -ENOENT */
int place_measure(Place* p, PlaceKind kind, const char* app, const char* id, TreeCount* ret);
int place_points(Place* p, const char* app, int (*each)(const char* point, void* userdata), void* userdata);
int place_free_bytes(Place* p, uint64_t* ret);
/* The tree of a point, to read. */
int place_point_open(Place* p, const char* app, const char* point, Error* reterr);
/* The dumps that were made for an export, to read; -ENOENT without a sentence where there are none. */
int place_dumps_open(Place* p, const char* app, const char* export);
/* A new export is written to *ret_fd and has its name after place_export_finish(). */
int place_export_begin(Place* p, const char* id, int* ret_fd, Error* reterr);
int place_export_finish(Place* p, const char* id, int fd, Error* reterr);
