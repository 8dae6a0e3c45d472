/* Room to write in when others have filled the disk to its last byte: blocks of the store's log, which
 * nobody else can take, and the ballast, a file that goes when the log has used its own up, or for what
 * root has to write (docs/decisions/0028). */
#pragma once
#include "app/app-internal.h"

typedef struct DiskRoom {
        int ballast;      /* 1 there, 0 not, -1 not yet looked */
        bool log_refused; /* the file system takes no blocks ahead */
} DiskRoom;
#define DISK_ROOM_NULL ((DiskRoom) { .ballast = -1 })

void disk_room_start(Manager* m, DiskRoom* room, const DiskLook* look);
void disk_room_keep(Manager* m, DiskRoom* room, const DiskLook* look); /* every few seconds while the disk is calm */
void disk_room_give(Manager* m, DiskRoom* room); /* the ballast, while there is one */

/* --- disk-base.c: what apps are compared with is kept in the store, so that neither a kill nor a reboot
 * of a full machine loses who filled it --- */
int disk_bases_save(Manager* m, Error* reterr);
void disk_bases_load(Manager* m); /* of apps that have none yet */
