/* What walking, measuring, removing and copying share. */
#pragma once
#include "data/tree.h"

/* Of a directory of a copy that is not finished: the original's inode. Never copied, gone from what is complete. */
#define TREE_MARK "user.steadbox.inode"

void tree_printable(const char* name, char* ret, size_t size);
int tree_watch(const TreeWatch* watch, const TreeCount* count);       /* 0 or -ECANCELED */
int tree_watch_names(const TreeWatch* watch, TreeCount* count); /* asks every few hundred names, and every second that they take */
/* Owner, mode, attributes and times, in the order in which they keep each other. to_fd is a directory or file of ours. */
int tree_meta_copy(int from_fd, int to_fd, uint32_t from_base, uint32_t to_base, bool fresh);
uint32_t tree_id_shift(uint32_t id, uint32_t from_base, uint32_t to_base);
