#include "app/sweep.h"
#include "base/time.h"
#include "base/validate.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define APART_SEC 600 /* an hour's slewing by NTP is at most 2 s; more than this was set */

/* False for what has another name than an export: what is being written begins with a dot. */
static bool id_of(const char* name, char ret[static 33]) {
        size_t n = strcspn(name, ".");
        if (n > 32 || strcmp(name + n, ".tar") != 0)
                return false;
        memcpy(ret, name, n);
        ret[n] = 0;
        return id_valid(ret);
}

int sweep_look(const char* directory, int64_t before, size_t max, json_t* list) {
        DIR* d = opendir(directory);
        char id[33];
        if (!d)
                return errno == ENOENT ? 0 : -errno;
        for (struct dirent* entry; json_array_size(list) < max && (entry = readdir(d));) {
                struct stat st;
                if (id_of(entry->d_name, id) && fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISREG(st.st_mode) && st.st_mtime < before)
                        (void) json_array_append_new(list, json_string(id));
        }
        (void) closedir(d);
        return 0;
}

bool sweep_calendar(SweepClock* c, int64_t now, uint64_t boottime_usec) {
        int64_t apart = now - (int64_t) (boottime_usec / USEC_PER_SEC);
        bool steady = c->known && llabs((long long) (apart - c->apart_sec)) <= APART_SEC;
        *c = (SweepClock) { .apart_sec = apart, .known = true };
        return steady;
}
