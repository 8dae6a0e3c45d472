/* A file in the layers below the one that is being unpacked, for hard links that lead there: what
 * overlayfs would show at that path, without following any link. */
#pragma once
#include "base/macro.h"

/* own: the layer itself, whose signs hide what is below; lowers: those below, highest first. 1 = found,
 * *ret is open for reading; 0 = there is none, or it is hidden; -ELOOP = a part of the path is a link;
 * -EPERM = it is no file; or another error. */
int lower_find(int own, const int* lowers, size_t n, const char* path, int* ret);
