/* After a burst of work the manager gives memory back: statements, caches, the heap's tail. */
#pragma once
#include "daemon/manager.h"

typedef struct Quiet Quiet;
int quiet_new(Manager* m, Quiet** ret);
Quiet* quiet_free(Quiet* q);
void manager_was_busy(Manager* m); /* cheap; called whenever something came in, and by every commit */
