#include "app/sweep.h"
#include "base/validate.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
