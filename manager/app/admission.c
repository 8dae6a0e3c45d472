#include "app/admission.h"

Verdict admission_judge(const Admission* a) {
        int64_t others = a->memory_total - a->memory_available - a->apps_now; /* the box itself, as it is now */
        Verdict v = {
                .memory_free = a->memory_total - MAX(others, (int64_t) 0) - MAX(a->apps_peak, a->apps_now) - ADMISSION_MEMORY_RESERVE,
                .disk_free = a->disk_free - ADMISSION_DISK_RESERVE,
        };
        v.memory_fits = a->memory_need <= v.memory_free;
        v.disk_fits = a->disk_need <= v.disk_free;
        return v;
}
