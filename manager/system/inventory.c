#include "system/inventory.h"
#include "base/file.h"
#include "base/time.h"
#include "config.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#define PROC_TEXT_MAX (256 * 1024)
#define DISKS_MAX 32

static char* text_read(const char* path) {
        char* text = NULL;
        return file_read(AT_FDCWD, path, PROC_TEXT_MAX, &text, NULL) < 0 ? NULL : text;
}

/* The number behind "Key:" at the start of a line, in bytes; these files count in kB. */
static int64_t kilobytes_of(const char* text, const char* key) {
        size_t n = strlen(key);
        for (const char* line = text; line && *line; line = (line = strchr(line, '\n')) ? line + 1 : NULL)
                if (strncmp(line, key, n) == 0 && line[n] == ':')
                        return strtoll(line + n + 1, NULL, 10) * 1024;
        return 0;
}

void memory_parse(const char* meminfo, Memory* ret) {
        *ret = (Memory) {
                .total = kilobytes_of(meminfo, "MemTotal"),
                .available = kilobytes_of(meminfo, "MemAvailable"),
                .swap = kilobytes_of(meminfo, "SwapTotal"),
                .swap_free = kilobytes_of(meminfo, "SwapFree"),
        };
}

int memory_read(Memory* ret) {
        _cleanup_free_ char* text = text_read("/proc/meminfo");
        if (!text)
                return -EIO;
        memory_parse(text, ret);
        return 0;
}

char* os_name_parse(const char* os_release) {
        static const char key[] = "PRETTY_NAME=";
        for (const char* line = os_release; line && *line; line = (line = strchr(line, '\n')) ? line + 1 : NULL) {
                const char* value = startswith(line, key);
                if (!value)
                        continue;
                size_t n = strcspn(value, "\n");
                if (n >= 2 && (*value == '"' || *value == '\'') && value[n - 1] == *value)
                        return strndup(value + 1, n - 2);
                return strndup(value, n);
        }
        return NULL;
}

/* --- file systems --- */

static bool type_is_real(const char* type) {
        static const char* const real[] = {
                "9p", "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "overlay", "vfat", "virtiofs", "xfs", "zfs",
        };
        for (size_t i = 0; i < ELEMENTS(real); i++)
                if (streq(type, real[i]))
                        return true;
        return false;
}

/* mountinfo writes space, tab, newline and backslash as three octal digits. */
static void unescape(char* s) {
        char* out = s;
        for (; *s; s++) {
                if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
                        *out++ = (char) ((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
                        s += 3;
                } else
                        *out++ = *s;
        }
        *out = 0;
}

/* A device mounted in several places (bind mounts, our own sandbox) shows once, at the shortest path. */
static void mount_add(json_t* mounts, const char* device, const char* mount, const char* source, const char* type) {
        size_t i;
        json_t* known;
        json_array_foreach(mounts, i, known) {
                if (!streq_ptr(json_get_string(known, "device"), device))
                        continue;
                if (strlen(mount) < strlen(json_get_string(known, "mount")))
                        (void) json_object_set_new(known, "mount", json_string(mount));
                return;
        }
        json_t* fresh = json_pack("{s:s, s:s, s:s, s:s}", "device", device, "mount", mount, "source", source, "type", type);
        if (streq(mount, "/"))
                (void) json_array_insert_new(mounts, 0, fresh);
        else if (json_array_size(mounts) < DISKS_MAX)
                (void) json_array_append_new(mounts, fresh);
        else
                json_decref(fresh);
}

json_t* mounts_parse(const char* mountinfo) {
        json_t* mounts = json_array();
        _cleanup_free_ char* copy = strdup(mountinfo);
        char* rest = copy;
        for (char* line; rest && (line = strsep(&rest, "\n"));) {
                char device[32], mount[1024], type[64], source[1024];
                char* tail = strstr(line, " - ");
                if (!tail || sscanf(line, "%*d %*d %31s %*s %1023s", device, mount) != 2 ||
                    sscanf(tail, " - %63s %1023s", type, source) != 2 || !type_is_real(type))
                        continue;
                unescape(mount);
                unescape(source);
                bool inner = startswith(mount, "/proc") || startswith(mount, "/sys") || startswith(mount, "/dev");
                if (!inner && (!streq(type, "overlay") || streq(mount, "/"))) /* an app's overlay is no disk */
                        mount_add(mounts, device, mount, source, type);
        }
        return mounts;
}

json_t* disks_read(void) {
        _cleanup_free_ char* text = text_read("/proc/self/mountinfo");
        json_t* disks = json_array();
        _cleanup_json_ json_t* mounts = mounts_parse(strempty(text));
        size_t i;
        json_t* mount;
        json_array_foreach(mounts, i, mount) {
                struct statvfs st;
                const char* path = json_get_string(mount, "mount");
                if (statvfs(path, &st) < 0 || st.f_blocks == 0)
                        continue;
                json_int_t block = (json_int_t) st.f_frsize;
                (void) json_array_append_new(disks, json_pack(
                        "{s:s, s:s, s:s, s:I, s:I, s:I}", "mount", path, "source", json_get_string(mount, "source"), "type",
                        json_get_string(mount, "type"), "size_bytes", (json_int_t) st.f_blocks * block, "used_bytes",
                        ((json_int_t) st.f_blocks - (json_int_t) st.f_bfree) * block, "free_bytes", (json_int_t) st.f_bavail * block));
        }
        return disks;
}

/* --- time --- */

char* timezone_read(void) {
        char target[PATH_MAX];
        ssize_t n = readlink("/etc/localtime", target, sizeof(target) - 1);
        if (n > 0) {
                target[n] = 0;
                const char* zone = strstr(target, "/zoneinfo/");
                if (zone)
                        return strdup(zone + strlen("/zoneinfo/"));
        }
        char* text = text_read("/etc/timezone");
        if (text)
                text[strcspn(text, "\n")] = 0;
        return text ?: strdup("UTC");
}

int64_t start_ticks_parse(const char* stat) {
        const char* p = strrchr(stat, ')'); /* the name before may hold anything */
        for (int field = 2; p && field < 22; field++)
                p = (p = strchr(p, ' ')) ? p + 1 : NULL;
        return p ? strtoll(p, NULL, 10) : 0;
}

int64_t booted_at_read(void) {
        _cleanup_free_ char* stat = text_read("/proc/1/stat");
        int64_t ticks = stat ? start_ticks_parse(stat) : 0;
        int64_t since_boot = (int64_t) (now_usec(CLOCK_BOOTTIME) / USEC_PER_SEC);
        return now_seconds() - since_boot + ticks / sysconf(_SC_CLK_TCK);
}

int boot_id_read(char ret[static 40]) {
        _cleanup_free_ char* text = text_read("/proc/sys/kernel/random/boot_id");
        if (!text)
                return -EIO;
        (void) snprintf(ret, 40, "%.*s", (int) strcspn(text, "\n"), text);
        return 0;
}

/* --- the whole --- */

static char* cpu_model_read(void) {
        FILE* f = fopen("/proc/cpuinfo", "re");
        char line[512];
        char* model = NULL;
        while (f && !model && fgets(line, sizeof(line), f)) {
                if (!startswith(line, "model name") && !startswith(line, "Model"))
                        continue;
                const char* value = strchr(line, ':');
                if (!value)
                        continue;
                value += 1 + strspn(value + 1, " \t");
                model = strndup(value, strcspn(value, "\n"));
        }
        if (f)
                (void) fclose(f);
        return model ?: strdup("unknown");
}

static json_t* load_read(void) {
        double load[3] = {};
        json_t* texts = json_array();
        int n = getloadavg(load, ELEMENTS(load));
        for (int i = 0; i < n; i++) {
                char text[32];
                (void) snprintf(text, sizeof(text), "%.2f", load[i]);
                (void) json_array_append_new(texts, json_string(text));
        }
        return texts;
}

static const char* architecture_name(const char* machine) {
        return streq(machine, "x86_64") ? "x86-64" : streq(machine, "aarch64") ? "arm64" : machine;
}

json_t* inventory_read(void) {
        struct utsname uts = {};
        Memory memory = {};
        _cleanup_free_ char* os_release = text_read("/etc/os-release");
        _cleanup_free_ char* os = os_name_parse(strempty(os_release));
        _cleanup_free_ char* model = cpu_model_read();
        _cleanup_free_ char* zone = timezone_read();
        _cleanup_free_ char* rollup = text_read("/proc/self/smaps_rollup");
        (void) uname(&uts);
        (void) memory_read(&memory);
        return json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:s, s:I}",
                "hostname", uts.nodename, "release", STEADBOX_VERSION, "os", os ?: "Linux", "kernel", uts.release, "architecture",
                architecture_name(uts.machine), "cpus", (int) sysconf(_SC_NPROCESSORS_ONLN), "cpu_model", strempty(model), "load",
                load_read(), "memory_bytes", (json_int_t) memory.total, "memory_used_bytes",
                (json_int_t) (memory.total - memory.available), "swap_bytes", (json_int_t) memory.swap, "swap_used_bytes",
                (json_int_t) (memory.swap - memory.swap_free), "manager_bytes", (json_int_t) kilobytes_of(strempty(rollup), "Pss"),
                "disks", disks_read(), "timezone", strempty(zone), "booted_at", (json_int_t) booted_at_read());
}
