/* What dpkg's status file says. Pure parser. */
#pragma once
#include "base/macro.h"

typedef enum DpkgState {
        DPKG_ABSENT,
        DPKG_INSTALLED,
        DPKG_BROKEN, /* unpacked, half-configured and the like: a kill or a power cut inside dpkg */
} DpkgState;

DpkgState dpkg_state(const char* status_text, const char* package);
/* The first broken package, owned by the caller; NULL where all is well. */
char* dpkg_first_broken(const char* status_text);
