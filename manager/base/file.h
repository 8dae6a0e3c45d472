/* Whole files, read with a limit and written so that a power cut leaves the old or the new one. */
#pragma once
#include "base/macro.h"
#include <sys/types.h>

/* Reads at most max bytes relative to dir_fd (or AT_FDCWD); -EFBIG when there is more. *ret is NUL-terminated and owned by the caller. */
int file_read(int dir_fd, const char* path, size_t max, char** ret, size_t* ret_size);
int file_read_open(int fd, size_t max, char** ret, size_t* ret_size); /* the rest of what is open already, which stays open */
/* Writes through a temporary sibling, fsync, rename, fsync of the directory. */
int file_write(int dir_fd, const char* path, const void* data, size_t size, mode_t mode);
/* mkdir -p; existing directories are left as they are. */
int directory_make(const char* path, mode_t mode);
int write_full(int fd, const void* data, size_t size);
