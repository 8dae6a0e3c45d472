#include "base/time.h"

uint64_t now_usec(clockid_t clock) {
        struct timespec ts;
        assert(clock_gettime(clock, &ts) == 0);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}
