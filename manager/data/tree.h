/* Trees of files that somebody else made and may be changing while we look: the data of apps. Whoever
 * calls has more power than the one who made them, so nothing here follows a symbolic link, opens a pipe
 * or a device, or goes up but to where it was; every step is one name relative to an open directory.
 *
 * What is copied: directories, files with their holes, hard links among themselves, symbolic links (as
 * text), pipes; owner, mode, times, user.* attributes and POSIX ACLs. Devices, sockets and attributes of
 * other name spaces (file capabilities) are not data. Owners are shifted from one range of 65,536 ids to
 * another; one outside of the range becomes the range's first, so that no copy ever belongs to the
 * machine. */
#pragma once
#include "base/error.h"

#define TREE_DEPTH_MAX 2000 /* of what is copied: two open directories a level; of an archive: one */

typedef struct TreeCount {
        uint64_t bytes;          /* allocated, of everything seen */
        uint64_t files;          /* names seen */
        uint64_t copied, shared; /* bytes: copied, shared with the original */
        uint64_t skipped;        /* devices and sockets */
        char example[256];       /* a skipped name, with ? for what is no ASCII */
        uint64_t asked_usec;     /* CLOCK_MONOTONIC: when the watch was asked last, or would have been */
} TreeCount;

typedef struct TreeWatch {
        /* Called every few MB, every few hundred names and where those take longer than a second, with
         * what was done so far; false = stop with -ECANCELED. NULL = nobody asks. */
        bool (*go_on)(const TreeCount* count, void* userdata);
        void* userdata;
        bool moving; /* tar_tree() alone: what vanishes or becomes something else is no error */
} TreeWatch;

typedef struct TreeCopy {
        uint32_t from_base, to_base; /* first ids of the two ranges */
        bool moving;                 /* it may change meanwhile: what vanishes or differs is no error */
        int64_t since_nsec;          /* what was not touched (ctime) since then and looks the same is there already; 0 = trust nothing */
        int work_fd;                 /* an empty directory of ours on the target's file system */
        uint64_t until_usec;         /* CLOCK_MONOTONIC: moving only, enough then; 0 = to the end */
        uint64_t reserve;            /* bytes of the file system left free, else -ENOSPC */
        const char* const* without;  /* names at the top whose content stays out; NULL-ended; NULL = none */
        TreeWatch watch;
} TreeCopy;

/* Makes `to` like `from`, also where `to` has an older copy. What belongs to the target is on the disk
 * only after syncfs(2). -EBUSY: it changed although it should not have. */
int tree_copy(int from_fd, int to_fd, const TreeCopy* how, TreeCount* ret, Error* reterr);
/* Of any depth. Absent is fine. */
int tree_remove(int parent_fd, const char* name, const TreeWatch* watch);
int tree_open(int parent, const char* name); /* a directory, never through a link; an fd or -errno */
/* Counts bytes and files, down to any depth that a file system is filled with. Where directories deep in
 * it are moved meanwhile, it is no less than what was counted: the rest of those they were in may be
 * missing. */
int tree_measure(int fd, const TreeWatch* watch, TreeCount* ret);

/* The next names of a directory without "." and "..", by getdents64(2): 1 = a name, 0 = the end. */
#define TREE_NAMES_BYTES 16384
typedef struct TreeNames {
        int fd;                      /* borrowed */
        size_t at, size;
        int64_t offset;              /* behind the name that was told last, for lseek(2) */
        char* buffer;                /* owned, TREE_NAMES_BYTES */
} TreeNames;
int tree_names_init(TreeNames* n, int fd);
void tree_names_done(TreeNames* n);
int tree_names_next(TreeNames* n, const char** ret, unsigned char* ret_type);
/* Of a POSIX ACL as fgetxattr(2) gives it, shifts ids in place; -EINVAL when it is none. Pure. */
int tree_acl_shift(void* acl, size_t size, uint32_t from_base, uint32_t to_base);
