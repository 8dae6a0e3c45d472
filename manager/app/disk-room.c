#include "app/disk-room.h"
#include "base/log.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define MEGABYTE ((int64_t) 1 << 20)
#define BALLAST_FILE "ballast"                 /* in the state directory */
#define BALLAST_BYTES (32 * MEGABYTE)
#define ROOM_DISK (1024 * MEGABYTE)            /* smaller file systems have none of both */

bool disk_ballast_drop(const char* state_directory) {
        char path[256];
        (void) snprintf(path, sizeof(path), "%s/" BALLAST_FILE, state_directory);
        if (unlink(path) < 0)
                return false;
        log_notice("The disk is full; the room that was kept for the manager's store is given free.");
        return true;
}

static int log_keep(Manager* m, DiskRoom* room) {
        int r = room->log_refused ? 0 : store_log_keep(m->store);
        if (r < 0 && r != -ENOSPC) {
                room->log_refused = true;
                (void) log_warning_errno(r, "Failed to keep room in the store's log, ignoring: %m");
        }
        return r;
}

void disk_room_give(Manager* m, DiskRoom* room) {
        if (room->ballast != 0 && disk_ballast_drop(m->state_directory))
                (void) log_keep(m, room); /* at once, before somebody else has it */
        room->ballast = 0;
}

static bool is_kept(const Manager* m, const DiskLook* look) {
        return m->apps->live_n > 0 && look->total >= ROOM_DISK;
}

/* The log is new after each start, but for a kill; what it had may be gone. */
void disk_room_start(Manager* m, DiskRoom* room, const DiskLook* look) {
        if (is_kept(m, look) && log_keep(m, room) == -ENOSPC)
                disk_room_give(m, room);
}

/* Only blocks are taken, nothing is written. Where the file system cannot do that, there is no ballast. */
static void ballast_keep(Manager* m, DiskRoom* room) {
        char path[256];
        struct stat st;
        (void) snprintf(path, sizeof(path), "%s/" BALLAST_FILE, m->state_directory);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        int r = fd < 0 || fstat(fd, &st) < 0 || (st.st_blocks * 512 < BALLAST_BYTES && fallocate(fd, 0, 0, BALLAST_BYTES) < 0) ? -errno : 0;
        room->ballast = r != -ENOSPC; /* tried: not again every two seconds, unless somebody else was faster */
        if (r < 0 && r != -ENOSPC)
                (void) log_warning_errno(r, "Failed to keep room for the manager's store, ignoring: %m");
}

void disk_room_keep(Manager* m, DiskRoom* room, const DiskLook* look) {
        if (!is_kept(m, look)) {
                char path[256];
                (void) snprintf(path, sizeof(path), "%s/" BALLAST_FILE, m->state_directory);
                if (room->ballast != 0)
                        (void) unlink(path);
                room->ballast = 0;
                return;
        }
        if (look->free < disk_reserve(look->total) + BALLAST_BYTES)
                return;
        (void) log_keep(m, room);
        if (room->ballast <= 0)
                ballast_keep(m, room);
}
