/* Clocks. */
#pragma once
#include "base/macro.h"
#include <time.h>

uint64_t now_usec(clockid_t clock);
static inline int64_t now_seconds(void) {
        return (int64_t) (now_usec(CLOCK_REALTIME) / USEC_PER_SEC);
}
