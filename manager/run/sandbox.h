/* What a container sees of the machine's files, laid out below VIEW_DIRECTORY (run/bundle.h) in a mount
 * namespace that only this process and what it starts have: when the container's last process ends, the
 * kernel takes all of it away. */
#pragma once
#include "run/record.h"

#define IMAGES_DIRECTORY "/var/lib/steadbox/images"

/* Leaves the machine's mount namespace and mounts everything of the container. Needs root. */
int sandbox_make(const AppRecord* a, const AppContainerRecord* c, Error* reterr);
