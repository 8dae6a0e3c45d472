/* Writes a tar archive (POSIX pax interchange, pax(1)) by libarchive: owners, modes, links, holes, user.*
 * attributes. Only writes: what could be hostile in it goes through nobody's parser here. */
#pragma once
#include "base/error.h"
#include "data/tree.h"
#include <sys/stat.h>

typedef struct Tar Tar;
int tar_new(int fd, Tar** ret);   /* fd is borrowed, at its beginning */
/* The same, to whoever takes at most TAR_BLOCK bytes at a time, and may wait; a negative errno of theirs ends it. */
#define TAR_BLOCK 49152
typedef int (*TarPut)(const void* bytes, size_t size, void* userdata);
int tar_new_to(TarPut put, void* userdata, Tar** ret);
Tar* tar_free(Tar* t);
DEFINE_CLEANUP(Tar*, tar_free);
int tar_text(Tar* t, const char* name, const char* text, mode_t mode);
/* The open file from its beginning, as name, root's. */
int tar_file(Tar* t, const char* name, int fd, mode_t mode);
/* A tree as `name`/.. by its open directory; what was moved meanwhile is left out and counted as skipped
 * where the watch says that it may be. Ids less base, so that they are those inside the app; what is
 * outside of the range is 0. -ENAMETOOLONG: deeper than TREE_DEPTH_MAX, or a path of more than 64 KiB. */
int tar_tree(Tar* t, const char* name, int fd, uint32_t base, const TreeWatch* watch, TreeCount* count);
int tar_finish(Tar* t, uint64_t* ret_size); /* the end of the archive */
