/* What about the machine needs attention. Reads files of the kernel and what the outside said last; asks for news, waits for none. */
#include "base/format.h"
#include "base/time.h"
#include "site/privacy.h"
#include "store/store-start.h"
#include "system/inventory.h"
#include "system/system-internal.h"
#include <stdio.h>

#define FRESH_USEC (300 * USEC_PER_SEC)
#define DISK_WARN_PERCENT 85
#define DISK_BAD_PERCENT 95
#define MEMORY_WARN_PERCENT 90
#define SMALL_MEMORY_BYTES ((int64_t) 1200 << 20)
#define CRASH_NEWS_SEC (3 * 86400) /* older ones stay in the history of starts */

/* Takes over facts and sentence. A full list drops the rest, which is no failure. */
static void add(Findings* list, Severity severity, const char* id, json_t* facts, char* sentence, const char* fix_operation, const char* page) {
        (void) findings_add(list, (Finding) {
                .id = id, .severity = severity, .key = id, .facts = facts, .sentence = sentence, .fix_operation = fix_operation,
                .fix_page = page, .fix_label = "findings.system.show.fix",
        });
}

/* Of all disks only the worst: one sentence is enough to make somebody look. */
static void disk(Findings* list) {
        _cleanup_json_ json_t* disks = disks_read();
        const json_t* worst = NULL;
        int64_t worst_percent = 0;
        size_t i;
        json_t* d;
        json_array_foreach(disks, i, d) {
                int64_t used = json_get_integer(d, "used_bytes", 0), free_bytes = json_get_integer(d, "free_bytes", 0);
                int64_t percent = used + free_bytes > 0 ? used * 100 / (used + free_bytes) : 0;
                if (percent > worst_percent) {
                        worst_percent = percent;
                        worst = d;
                }
        }
        if (worst_percent < DISK_WARN_PERCENT)
                return;
        const char* mount = json_get_string(worst, "mount");
        int64_t megabytes = json_get_integer(worst, "free_bytes", 0) >> 20;
        add(list, worst_percent >= DISK_BAD_PERCENT ? SEVERITY_BAD : SEVERITY_WARN, "system.disk-full",
            json_pack("{s:s, s:I, s:I}", "mount", mount, "percent", (json_int_t) worst_percent, "free", (json_int_t) megabytes),
            format_text("The disk at %s is %lld %% full; %lld MB are left.", mount, (long long) worst_percent, (long long) megabytes), "",
            "/system/storage");
}

static void memory(Findings* list) {
        Memory m = {};
        if (memory_read(&m) < 0 || m.total <= 0)
                return;
        int64_t percent = (m.total - m.available) * 100 / m.total;
        if (percent >= MEMORY_WARN_PERCENT)
                add(list, SEVERITY_WARN, "system.memory-tight", json_pack("{s:I}", "percent", (json_int_t) (percent / 5 * 5)),
                    format_text("Memory is tight: %lld %% are in use.", (long long) percent), "", "/system");
        if (m.total < SMALL_MEMORY_BYTES && m.swap == 0)
                add(list, SEVERITY_NOTE, "system.no-swap", json_pack("{s:I}", "megabytes", (json_int_t) (m.total >> 20)),
                    format_text("The machine has %lld MB of memory and no swap, so a burst may end a program.", (long long) (m.total >> 20)),
                    "", "/system");
}

/* A container's clock is the host's, and nobody in here could set it (systemd-detect-virt(1)). */
static bool in_container(const System* s) {
        static const char* const containers[] = { "docker", "lxc", "lxc-libvirt", "openvz", "podman", "proot", "rkt", "systemd-nspawn", "wsl" };
        for (size_t i = 0; s->virtualisation && i < ELEMENTS(containers); i++)
                if (streq(s->virtualisation, containers[i]))
                        return true;
        return false;
}

bool system_clock_doubtful(Manager* m) {
        const System* s = m->system;
        return s && s->clock_known && s->virtualisation && !s->clock_synchronised && !in_container(s);
}

static void outside(System* s, Findings* list) {
        if (system_clock_doubtful(s->m))
                add(list, SEVERITY_WARN, "system.clock", json_object(),
                    format_text("The clock is not synchronised; certificates and six-digit codes depend on it."), "", "/system");
        if (s->reboot_needed)
                add(list, SEVERITY_NOTE, "system.reboot-needed", json_object(),
                    format_text("An update takes effect only after a reboot."), "system.reboot", "/system/power");
        if (json_array_size(s->failed) > 0) {
                const char* first = json_string_value(json_array_get(s->failed, 0));
                add(list, SEVERITY_BAD, "system.service-failed",
                    json_pack("{s:s, s:I}", "service", strempty(first), "count", (json_int_t) json_array_size(s->failed)),
                    format_text("A service has failed: %s.", strempty(first)), "", "/system/services");
        }
}

static int crash(Manager* m, Findings* list, Error* reterr) {
        _cleanup_free_ char* before = NULL;
        int64_t at = 0;
        int r = store_start_before(m->store, &before, &at, reterr);
        if (r <= 0 || now_seconds() - at > CRASH_NEWS_SEC)
                return r;
        if (streq(before, "power"))
                add(list, SEVERITY_NOTE, "system.power-lost", json_pack("{s:I}", "at", (json_int_t) at),
                    format_text("The machine went off without being shut down; everything that was saved is there."), "", "/system/starts");
        else if (streq(before, "crash"))
                add(list, SEVERITY_WARN, "system.manager-crashed", json_pack("{s:I}", "at", (json_int_t) at),
                    format_text("The manager ended unexpectedly and was started again."), "support.bundle", "/system/help");
        return 0;
}

int system_findings(Manager* m, Findings* list, Error* reterr) {
        disk(list);
        memory(list);
        if (m->system)
                outside(m->system, list);
        if (!privacy_complete(m))
                add(list, SEVERITY_NOTE, "system.privacy-incomplete", json_object(),
                    format_text("The privacy notice does not say who is responsible and how to reach them."), "setting.update", "/system/settings");
        system_refresh(m, FRESH_USEC);
        return crash(m, list, reterr);
}
