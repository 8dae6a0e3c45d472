/* One layer out of its tar into a directory, as overlayfs wants it: whiteouts as character devices 0:0, opaque directories by the xattr
 * user.overlay.opaque=y (the mount option userxattr). Whatever the archive says, nothing outside the directory is touched: every path is
 * resolved below it by the kernel (openat2(2), RESOLVE_IN_ROOT), and steadbox-unpack has nothing else in sight besides. Only here is
 * archive.h included. */
#pragma once
#include "base/error.h"

typedef struct UnpackLimits {
        uint64_t entries_max;   /* 0 = the usual */
        uint64_t bytes_max;     /* unpacked; 0 = the usual */
        uint64_t reserve_bytes; /* that stay free on the disk */
        uint64_t packed_bytes;  /* size of the archive; much more than it can hold is a bomb */
        const int* lowers;      /* directories of the layers below, highest first, for hard links into them */
        size_t lowers_n;
        bool has_lowers;        /* they were given, be it none */
} UnpackLimits;

typedef struct Unpacked {
        uint64_t entries, bytes;
        uint64_t dropped;       /* device nodes: apps have a /dev of their own */
        bool wants_lowers;      /* a hard link leads out of the layer, and they were not given: it is not done */
} Unpacked;

/* A hard link to a file of a layer below becomes a copy of it, counted like any other file: layers are
 * directories of their own, and what is shared between them is not theirs to change. Few layers have such
 * links, so most are unpacked with nothing else in sight (wants_lowers).
 *
 * blob_fd: tar, gzip or zstd, read from its beginning. directory_fd: empty, stays the caller's. BAD_IMAGE where the archive is at fault,
 * STORAGE_FULL where the disk is; what was unpacked by then lies there and is the caller's to remove. */
int unpack_layer(int blob_fd, int directory_fd, const UnpackLimits* limits, Unpacked* ret, Error* reterr);
/* Removes everything below and the name itself; symlinks are not followed. Absent is fine. */
int unpack_remove(int parent_fd, const char* name);
