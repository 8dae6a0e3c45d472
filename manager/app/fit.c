/* Whether a newcomer fits beside what is there: the measured figures for admission.h. */
#include "app/admission.h"
#include "app/app-internal.h"
#include "app/install.h"
#include "system/inventory.h"
#include <stdio.h>
#include <sys/statvfs.h>

#define MEGABYTE ((int64_t) 1 << 20)

static int64_t needs(const json_t* manifest, const char* what) {
        return json_get_integer(json_object_get(manifest, "resources"), what, 0) * MEGABYTE;
}

/* Stopped apps count too: they may be started without being asked again. */
static int apps_add(Manager* m, Admission* a, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                const AppLive* live = app_live(m, rows.items[i].id);
                int64_t peak = MAX(rows.items[i].memory_peak, live ? app_peak_measured(live) : 0);
                if (peak == 0) {
                        _cleanup_json_ json_t* manifest = app_manifest(&rows.items[i]);
                        peak = needs(manifest, "memory_mb");
                }
                a->apps_peak += peak;
                a->apps_now += live ? MAX(app_memory_now(m, live), (int64_t) 0) : 0;
        }
        return r;
}

static int admission_make(Manager* m, const json_t* manifest, Admission* ret, Error* reterr) {
        Admission a = { .memory_need = needs(manifest, "memory_mb"), .disk_need = needs(manifest, "disk_mb") };
        Memory memory = {};
        struct statvfs disk = {};
        int r = memory_read(&memory);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read how much memory there is");
        if (statvfs(m->state_directory, &disk) < 0)
                return error_errno(reterr, -errno, "Cannot read how much disk there is");
        a.memory_total = memory.total;
        a.memory_available = memory.available;
        a.disk_free = (int64_t) disk.f_bavail * (int64_t) disk.f_frsize;
        r = apps_add(m, &a, reterr);
        if (r >= 0)
                *ret = a;
        return r;
}

int app_fit(Manager* m, const json_t* manifest, json_t** ret, Error* reterr) {
        Admission a;
        int r = admission_make(m, manifest, &a, reterr);
        if (r < 0)
                return r;
        Verdict v = admission_judge(&a);
        _cleanup_free_ char* sentence = NULL;
        if (!v.memory_fits)
                r = asprintf(&sentence, "It needs %lld MB of memory, and %lld MB are left beside what runs here at its worst.",
                             (long long) (a.memory_need / MEGABYTE), (long long) MAX(v.memory_free / MEGABYTE, (int64_t) 0));
        else if (!v.disk_fits)
                r = asprintf(&sentence, "It needs %lld MB of disk, and %lld MB are left beside the reserve.", (long long) (a.disk_need / MEGABYTE),
                             (long long) MAX(v.disk_free / MEGABYTE, (int64_t) 0));
        else
                r = asprintf(&sentence, "It fits.");
        if (r < 0)
                return error_errno(reterr, -ENOMEM, "Cannot say whether it fits");
        *ret = json_pack("{s:b, s:I, s:I, s:I, s:I, s:s}", "fits", (int) (v.memory_fits && v.disk_fits), "memory_mb",
                         (json_int_t) (a.memory_need / MEGABYTE), "memory_free_mb", (json_int_t) MAX(v.memory_free / MEGABYTE, (int64_t) 0), "disk_mb",
                         (json_int_t) (a.disk_need / MEGABYTE), "disk_free_mb", (json_int_t) MAX(v.disk_free / MEGABYTE, (int64_t) 0), "sentence",
                         sentence);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot say whether it fits");
}

int app_host_port_free(Manager* m, const json_t* asked, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        int64_t port = json_get_integer(json_object_get(asked, "http"), "port", 0);
        int r = store_app_all(m->store, &rows, reterr);
        for (size_t i = 0; i < rows.count && r >= 0 && port > 0; i++) {
                const AppRow* row = &rows.items[i];
                _cleanup_json_ json_t* manifest = row->host_network ? app_manifest(row) : NULL;
                if (json_get_integer(json_object_get(manifest, "http"), "port", 0) != port)
                        continue;
                (void) error_field(reterr, ERROR_CONFLICT, "port", "Port %lld of the machine is that of %s.",
                                   (long long) port, row->title);
                return error_hint(reterr, "Let one of them answer on another port.");
        }
        return MIN(r, 0);
}
