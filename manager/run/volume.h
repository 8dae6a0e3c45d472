/* A data directory that is used for the first time looks as the image has it at that path: owner, mode and content, as people know it from
 * other engines' volumes. */
#pragma once
#include "run/record.h"

/* After the container's files and data are laid out in the view (run/bundle.h); does nothing unless the data is empty. The image's
 * path is resolved inside its own files, and nothing below it is followed: neither an image nor a container that runs beside can lead it
 * anywhere else. */
int volume_fill(const AppRecord* a, const AppContainerRecord* c, const AppMount* m, Error* reterr);
