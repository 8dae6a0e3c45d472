#include "machine.h"
#include "base/file.h"
#include "base/process.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#define PROC_TEXT_MAX ((size_t) 16 * 1024 * 1024)

char* os_release_value(const char* text, const char* key) {
        size_t n = strlen(key);
        for (const char* line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                if (strncmp(line, key, n) != 0 || line[n] != '=')
                        continue;
                const char* value = line + n + 1;
                size_t length = strcspn(value, "\n");
                if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value)
                        return strndup(value + 1, length - 2);
                return strndup(value, length);
        }
        return NULL;
}

uint64_t meminfo_value(const char* text, const char* key) {
        size_t n = strlen(key);
        for (const char* line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (strncmp(line, key, n) == 0 && line[n] == ':')
                        return strtoull(line + n + 1, NULL, 10) * 1024;
        return 0;
}

/* proc_pid_net(5): "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode"; state 0A is LISTEN. */
size_t listening_inodes(const char* text, unsigned port, uint64_t* ret, size_t max) {
        size_t found = 0;
        for (const char* line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                unsigned at, state;
                unsigned long long inode;
                if (sscanf(line, " %*d: %*32[0-9A-Fa-f]:%4x %*32[0-9A-Fa-f]:%*4x %2x %*8x:%*8x %*8x:%*8x %*8x %*u %*u %llu",
                           &at, &state, &inode) != 3 || at != port || state != 0x0a)
                        continue;
                if (found < max)
                        ret[found] = inode;
                found++;
        }
        return found;
}

/* IPv4: "Iface Destination Gateway Flags ... Mask"; IPv6: "dest len src len hop metric ref use flags iface". The kernel keeps a
 * default route over lo to reject what has none; it does not count. */
bool default_route(const char* text, bool six) {
        for (const char* line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                char name[32];
                unsigned destination, mask, length, flags;
                if (!six) {
                        if (sscanf(line, "%31s %8x %*8x %4x %*d %*d %*d %8x", name, &destination, &flags, &mask) == 4 &&
                            destination == 0 && mask == 0 && (flags & 1))
                                return true;
                } else if (strspn(line, "0") == 32 &&
                           sscanf(line, "%*32s %2x %*32s %*2s %*32s %*8x %*8x %*8x %8x %31s", &length, &flags, name) == 3 &&
                           length == 0 && !streq(name, "lo") && (flags & 1))
                        return true;
        }
        return false;
}

/* ---- who holds a port -------------------------------------------------------------------------------------------------------- */

static bool process_has_socket(const char* pid, const uint64_t* inodes, size_t n) {
        char path[300], target[64];
        (void) snprintf(path, sizeof(path), "/proc/%s/fd", pid);
        DIR* d = opendir(path);
        if (!d)
                return false;
        bool found = false;
        for (struct dirent* e; !found && (e = readdir(d));) {
                ssize_t length = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
                unsigned long long inode;
                if (length <= 0)
                        continue;
                target[length] = 0;
                if (sscanf(target, "socket:[%llu]", &inode) != 1)
                        continue;
                for (size_t i = 0; i < n && !found; i++)
                        found = inodes[i] == inode;
        }
        (void) closedir(d);
        return found;
}

static void process_name(const char* pid, char ret[static 64]) {
        char path[300];
        _cleanup_free_ char* text = NULL;
        (void) snprintf(path, sizeof(path), "/proc/%s/comm", pid);
        if (file_read(AT_FDCWD, path, 4096, &text, NULL) >= 0) {
                text[strcspn(text, "\n")] = 0;
                (void) snprintf(ret, 64, "%.63s", text);
        }
}

int port_owner(unsigned port, char ret_name[static 64]) {
        uint64_t inodes[32];
        size_t n = 0;
        static const char* const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
        for (size_t i = 0; i < ELEMENTS(tables); i++) {
                _cleanup_free_ char* text = NULL;
                if (file_read(AT_FDCWD, tables[i], PROC_TEXT_MAX, &text, NULL) >= 0)
                        n += listening_inodes(text, port, inodes + n, ELEMENTS(inodes) - n);
                n = MIN(n, ELEMENTS(inodes));
        }
        if (n == 0)
                return 0;
        (void) snprintf(ret_name, 64, "an unknown program");
        DIR* d = opendir("/proc");
        if (!d)
                return 1;
        for (struct dirent* e; (e = readdir(d));)
                if (isdigit((unsigned char) e->d_name[0]) && process_has_socket(e->d_name, inodes, n)) {
                        process_name(e->d_name, ret_name);
                        break;
                }
        (void) closedir(d);
        return 1;
}

/* ---- the root disk ----------------------------------------------------------------------------------------------------------- */

static uint64_t sysfs_number(const char* device, const char* file) {
        char path[256];
        _cleanup_free_ char* text = NULL;
        (void) snprintf(path, sizeof(path), "/sys/class/block/%s/%s", device, file);
        return file_read(AT_FDCWD, path, 4096, &text, NULL) < 0 ? 0 : strtoull(text, NULL, 10);
}

/* The block device of / by its number, so that device-mapper and by-uuid names do not confuse us. */
static int root_device(RootDisk* d) {
        struct stat st;
        char link[64], target[512];
        if (stat("/", &st) < 0)
                return -errno;
        if (major(st.st_dev) == 0)
                return -ENODEV; /* overlay, btrfs, zfs: not a device of its own */
        (void) snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
        ssize_t n = readlink(link, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = 0;
        char* name = strrchr(target, '/');
        if (!name)
                return -ENODEV;
        (void) snprintf(d->device, sizeof(d->device), "%.63s", name + 1);
        d->partition = (unsigned) sysfs_number(d->device, "partition");
        if (d->partition == 0)
                return 0;
        *name = 0;
        name = strrchr(target, '/');
        (void) snprintf(d->disk, sizeof(d->disk), "%.63s", name ? name + 1 : target);
        return 0;
}

static void root_type(RootDisk* d) {
        _cleanup_free_ char* text = NULL;
        if (file_read(AT_FDCWD, "/proc/self/mounts", PROC_TEXT_MAX, &text, NULL) < 0)
                return;
        char* save = NULL;
        for (char* line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                char where[256], type[32];
                if (sscanf(line, "%*s %255s %31s", where, type) == 2 && streq(where, "/"))
                        (void) snprintf(d->type, sizeof(d->type), "%s", type); /* the last one is on top */
        }
}

/* Room behind the partition counts only where no other partition lies there: growpart could not take it. */
static uint64_t room_behind(const RootDisk* d) {
        char path[128];
        uint64_t disk = sysfs_number(d->disk, "size"), end = sysfs_number(d->device, "start") + sysfs_number(d->device, "size");
        (void) snprintf(path, sizeof(path), "/sys/class/block/%s", d->disk);
        DIR* dir = opendir(path);
        if (!dir || disk <= end) {
                if (dir)
                        (void) closedir(dir);
                return 0;
        }
        uint64_t limit = disk;
        for (struct dirent* e; (e = readdir(dir));) {
                if (!startswith(e->d_name, d->disk))
                        continue;
                uint64_t start = sysfs_number(e->d_name, "start");
                if (start >= end)
                        limit = MIN(limit, start);
        }
        (void) closedir(dir);
        return (limit - end) * 512;
}

int root_disk_read(RootDisk* ret) {
        RootDisk d = {};
        struct statvfs v;
        int r;

        root_type(&d);
        r = root_device(&d);
        if (r < 0)
                return r;
        if (d.partition > 0)
                d.partition_room_bytes = room_behind(&d);
        if (statvfs("/", &v) < 0)
                return -errno;
        uint64_t device = sysfs_number(d.device, "size") * 512, used = (uint64_t) v.f_blocks * v.f_frsize;
        /* ext4 does not count its own tables, up to some percent of the device; only more than a tenth is room. */
        if (device > used && device - used > device / 10)
                d.file_system_room_bytes = device - used;
        *ret = d;
        return 0;
}

/* ---- all together ------------------------------------------------------------------------------------------------------------ */

void machine_done(Machine* m) {
        free(m->os_id);
        free(m->os_version);
        free(m->os_name);
        free(m->virtualisation);
        *m = (Machine) {};
}

/* systemd-detect-virt exits with 1 and says "none" where there is none. */
static char* detect_virtualisation(const char* option) {
        _cleanup_(process_result_done) ProcessResult result = {};
        if (process_run((const char*[]) { "/usr/bin/systemd-detect-virt", option, NULL }, NULL, &result) < 0)
                return NULL;
        result.output[strcspn(result.output, "\n")] = 0;
        return strdup(result.output);
}

static bool read_default_route(const char* path, bool six) {
        _cleanup_free_ char* text = NULL;
        return file_read(AT_FDCWD, path, PROC_TEXT_MAX, &text, NULL) >= 0 && default_route(text, six);
}

int machine_read(Machine* ret, Error* reterr) {
        _cleanup_(machine_done) Machine m = {};
        _cleanup_free_ char *release = NULL, *meminfo = NULL, *container = NULL;
        struct statvfs v;
        RootDisk disk;
        int r;

        r = file_read(AT_FDCWD, "/etc/os-release", 65536, &release, NULL);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read /etc/os-release");
        r = file_read(AT_FDCWD, "/proc/meminfo", 65536, &meminfo, NULL);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read /proc/meminfo");
        if (statvfs("/var/lib", &v) < 0)
                return error_errno(reterr, -errno, "Cannot look at /var/lib");

        m.os_id = os_release_value(release, "ID");
        m.os_version = os_release_value(release, "VERSION_ID");
        m.os_name = os_release_value(release, "PRETTY_NAME");
        m.memory_bytes = meminfo_value(meminfo, "MemTotal");
        m.swap_bytes = meminfo_value(meminfo, "SwapTotal");
        m.disk_free_bytes = (uint64_t) v.f_bavail * v.f_frsize;
        m.virtualisation = detect_virtualisation(NULL);
        container = detect_virtualisation("--container");
        m.container = container && *container && !streq(container, "none");
        m.ipv4_route = read_default_route("/proc/net/route", false);
        m.ipv6_route = read_default_route("/proc/net/ipv6_route", true);
        if (!m.container && root_disk_read(&disk) >= 0)
                m.disk_room_bytes = disk.partition_room_bytes + disk.file_system_room_bytes;
        *ret = m;
        m = (Machine) {};
        return 0;
}
