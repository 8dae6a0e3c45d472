/* Steps that look at the machine and make it large enough: pre-flight, growing the file system, swap. */
#include "base/file.h"
#include "base/process.h"
#include "base/time.h"
#include "install.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define OS_ID "debian"
#define OS_VERSION "13"
/* A machine rented as "512 MB" shows about 455 MiB: the kernel keeps the rest to itself. */
#define MEMORY_MIN (440 * MIB)
#define DISK_FREE_MIN (3 * GIB)
#define DISK_FREE_MIN_AGAIN (64 * MIB)
#define GROW_MIN (256 * MIB)
#define SWAP_BELOW (1536 * MIB)
#define SWAP_PATH "/var/swapfile"
#define SWAP_UNIT "var-swapfile.swap"
#define SWAP_UNIT_PATH "/etc/systemd/system/" SWAP_UNIT

/* ---- pre-flight -------------------------------------------------------------------------------------------------------------- */

static int preflight_system(Install* i, Error* reterr) {
        const Machine* m = &i->machine;
        if (geteuid() != 0)
                return error_set(reterr, ERROR_NOT_ALLOWED, "The installer must run as root.");
        if (!streq_ptr(m->os_id, OS_ID) || !streq_ptr(m->os_version, OS_VERSION)) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "This machine runs %s; Steadbox needs Debian %s.",
                                 m->os_name ?: "an unknown system", OS_VERSION);
                return error_hint(reterr, "Reinstall the machine with Debian %s, then run the installer again. Nothing was changed.", OS_VERSION);
        }
        if (access("/run/systemd/system", F_OK) < 0)
                return error_set(reterr, ERROR_WRONG_STATE, "This machine was not started by systemd; Steadbox needs a machine or a system container, not an application container.");
        return 0;
}

static int preflight_size(Install* i, Error* reterr) {
        const Machine* m = &i->machine;
        if (m->memory_bytes < MEMORY_MIN) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "This machine has %llu MiB of memory; Steadbox needs at least %llu MiB.",
                                 (unsigned long long) (m->memory_bytes / MIB), (unsigned long long) (MEMORY_MIN / MIB));
                return error_hint(reterr, "Choose a larger machine; with 1 GB there is room for mail and apps. Nothing was changed.");
        }
        uint64_t needed = install_finished_before(i) ? DISK_FREE_MIN_AGAIN : DISK_FREE_MIN;
        if (m->disk_free_bytes + m->disk_room_bytes < needed) {
                (void) error_set(reterr, ERROR_STORAGE_FULL, "The disk has %llu MiB free; Steadbox needs at least %llu MiB.",
                                 (unsigned long long) (m->disk_free_bytes / MIB), (unsigned long long) (needed / MIB));
                return error_hint(reterr, "Make room, or choose a larger disk. Nothing was changed.");
        }
        return 0;
}

/* nginx with sites of somebody else would lose them to us. Debian's own welcome page is nobody's site. */
static bool nginx_has_sites(char* ret, size_t size) {
        static const char* const directories[] = { "/etc/nginx/sites-enabled", "/etc/nginx/conf.d" };
        bool found = false;
        for (size_t k = 0; k < ELEMENTS(directories) && !found; k++) {
                DIR* d = opendir(directories[k]);
                for (struct dirent* e; d && !found && (e = readdir(d));) {
                        found = e->d_name[0] != '.' && !streq(e->d_name, "default") && !strstr(e->d_name, "steadbox");
                        if (found)
                                (void) snprintf(ret, size, "%s/%.200s", directories[k], e->d_name);
                }
                if (d)
                        (void) closedir(d);
        }
        return found;
}

static int preflight_ports(Install* i, Error* reterr) {
        static const unsigned ports[] = { 80, 443 };
        char name[64], site[300];
        bool nginx = false;
        for (size_t k = 0; k < ELEMENTS(ports); k++) {
                if (port_owner(ports[k], name) == 0)
                        continue;
                if (streq(name, "nginx")) {
                        nginx = true;
                        continue;
                }
                (void) error_set(reterr, ERROR_WRONG_STATE, "Port %u is taken by '%s'; Steadbox needs ports 80 and 443.", ports[k], name);
                return error_hint(reterr, "Remove that program, or install on a machine of its own. Nothing was changed.");
        }
        if (nginx && !install_finished_before(i) && nginx_has_sites(site, sizeof(site))) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "nginx serves a web site here already (%s); Steadbox needs the machine for itself.", site);
                return error_hint(reterr, "Move that site away first, or install on a machine of its own. Nothing was changed.");
        }
        return 0;
}

/* Certificates and archive signatures are judged by the clock. It cannot be earlier than the day this program was made. */
static int preflight_clock(Error* reterr) {
        struct stat st;
        if (stat("/proc/self/exe", &st) < 0)
                return 0;
        for (unsigned tries = 0; tries < 20; tries++) {
                if (now_seconds() >= (int64_t) st.st_mtime - 86400 && now_seconds() < 4102444800)
                        return 0;
                (void) sleep(1); /* time synchronisation may still be on its way */
        }
        (void) error_set(reterr, ERROR_WRONG_STATE, "The machine's clock is wrong: it shows a time before this program was made, or one after 2100.");
        return error_hint(reterr, "Set it with 'timedatectl set-time', or let the machine reach a time server, and run the installer again.");
}

static int preflight_timezone(Install* i, Error* reterr) {
        const char* zone = config_string(i->config, "timezone");
        char path[128];
        if (!zone || access("/usr/share/zoneinfo", F_OK) < 0)
                return 0;
        (void) snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
        if (file_exists(path))
                return 0;
        (void) error_field(reterr, ERROR_BAD_FIELD, "timezone", "This machine does not know the time zone '%s'.", zone);
        return error_hint(reterr, "'timedatectl list-timezones' lists those it knows. Nothing was changed.");
}

int preflight_check(Install* i, Error* reterr) {
        const Machine* m = &i->machine;
        int r = preflight_system(i, reterr);
        if (r >= 0)
                r = preflight_size(i, reterr);
        if (r >= 0)
                r = preflight_ports(i, reterr);
        if (r >= 0)
                r = preflight_clock(reterr);
        if (r >= 0)
                r = preflight_timezone(i, reterr);
        if (r < 0)
                return r;
        const char* network = m->ipv4_route && m->ipv6_route ? "IPv4 and IPv6" : m->ipv4_route ? "IPv4 only" :
                              m->ipv6_route ? "IPv6 only" : "no way out";
        install_say(i, "%s, virtualisation: %s, %llu MiB memory, %llu MiB disk free, network: %s.", m->os_name, strempty(m->virtualisation),
                    (unsigned long long) (m->memory_bytes / MIB), (unsigned long long) (m->disk_free_bytes / MIB), network);
        if (!m->ipv4_route && !m->ipv6_route)
                install_note(i, "This machine has no route to the outside: certificates and updates have to wait for one.");
        else if (!m->ipv4_route)
                install_note(i, "This machine has IPv6 only: people whose network has no IPv6 cannot reach it.");
        return 1;
}

/* ---- growing ----------------------------------------------------------------------------------------------------------------- */

int grow_check(Install* i, Error* reterr) {
        RootDisk d;
        if (i->machine.container || root_disk_read(&d) < 0)
                return 1;
        if (journal_state(i->journal, "grow") == JOURNAL_BEGUN)
                return 0; /* perhaps the partition was grown and the file system was not */
        return d.partition_room_bytes < GROW_MIN && d.file_system_room_bytes < GROW_MIN;
}

static int grow_partition(const RootDisk* d, Error* reterr) {
        char disk[80], number[16];
        _cleanup_(process_result_done) ProcessResult result = {};
        (void) snprintf(disk, sizeof(disk), "/dev/%s", d->disk);
        (void) snprintf(number, sizeof(number), "%u", d->partition);
        int r = process_run((const char*[]) { "/usr/bin/growpart", disk, number, NULL }, NULL, &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run growpart");
        if (result.exit_code != 0 && !strstr(result.output, "NOCHANGE"))
                return error_set(reterr, ERROR_INTERNAL, "growpart failed with code %d.", result.exit_code);
        return 0;
}

static int grow_file_system(const RootDisk* d, Error* reterr) {
        char device[80];
        (void) snprintf(device, sizeof(device), "/dev/%s", d->device);
        const ProcessOptions patient = { .timeout_sec = 600 };
        if (startswith(d->type, "ext"))
                return process_check((const char*[]) { "/usr/sbin/resize2fs", device, NULL }, &patient, reterr);
        if (streq(d->type, "xfs"))
                return process_check((const char*[]) { "/usr/sbin/xfs_growfs", "/", NULL }, &patient, reterr);
        return error_set(reterr, ERROR_INTERNAL, "A %s file system is not grown by the installer.", d->type);
}

/* A disk that stays small is no reason to stop: the pre-flight counted what will be there, and the next run tries again. */
int grow_apply(Install* i, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        RootDisk d;
        int r = root_disk_read(&d);
        if (r < 0)
                return 0;
        if (d.partition > 0 && d.partition_room_bytes >= GROW_MIN)
                r = grow_partition(&d, &e);
        if (r >= 0)
                r = grow_file_system(&d, &e);
        if (r < 0)
                install_note(i, "The disk could not be used to its end: %s", e.message);
        struct statvfs v;
        if (statvfs("/var/lib", &v) == 0)
                i->machine.disk_free_bytes = (uint64_t) v.f_bavail * v.f_frsize;
        if (i->machine.disk_free_bytes < DISK_FREE_MIN && !install_finished_before(i)) {
                (void) error_set(reterr, ERROR_STORAGE_FULL, "The disk could not be grown, and %llu MiB are too little.",
                                 (unsigned long long) (i->machine.disk_free_bytes / MIB));
                return error_hint(reterr, "Grow the root file system by hand, then run the installer again.");
        }
        return 0;
}

/* ---- swap -------------------------------------------------------------------------------------------------------------------- */

static bool swap_file_possible(void) {
        RootDisk d;
        return root_disk_read(&d) >= 0 && (startswith(d.type, "ext") || streq(d.type, "xfs"));
}

int swap_check(Install* i, Error* reterr) {
        const Machine* m = &i->machine;
        if (m->container || m->memory_bytes >= SWAP_BELOW || !swap_file_possible())
                return 1;
        return m->swap_bytes > 0 && journal_state(i->journal, "swap") != JOURNAL_BEGUN;
}

/* A half-written file never has the final name, so whoever finds the name finds a swap file. */
static int swap_file_make(uint64_t bytes, Error* reterr) {
        static const char temporary[] = SWAP_PATH ".new";
        (void) unlink(temporary);
        _cleanup_close_ int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return error_errno(reterr, -errno, "Cannot make the swap file");
        int r = -posix_fallocate(fd, 0, (off_t) bytes);
        if (r >= 0)
                r = process_check((const char*[]) { "/usr/sbin/mkswap", temporary, NULL }, NULL, reterr);
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (r >= 0 && rename(temporary, SWAP_PATH) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlink(temporary);
                return error_errno(reterr, r, "Cannot make the swap file");
        }
        return 0;
}

/* A unit of our own, because /etc/fstab is the administrator's. */
static int swap_unit_write(Error* reterr) {
        static const char text[] =
                        "[Unit]\n"
                        "Description=Swap file for a small machine, made by Steadbox\n\n"
                        "[Swap]\n"
                        "What=" SWAP_PATH "\n\n"
                        "[Install]\n"
                        "WantedBy=swap.target\n";
        int r = file_write(AT_FDCWD, SWAP_UNIT_PATH, text, strlen(text), 0644);
        return r < 0 ? error_errno(reterr, r, "Cannot write " SWAP_UNIT_PATH) : 0;
}

static int swap_make(const Machine* m, Error* reterr) {
        uint64_t bytes = m->disk_free_bytes >= 8 * GIB ? GIB : 512 * MIB;
        int r = file_exists(SWAP_PATH) ? 0 : swap_file_make(bytes, reterr);
        if (r >= 0)
                r = swap_unit_write(reterr);
        if (r >= 0)
                r = process_check((const char*[]) { "/usr/bin/systemctl", "daemon-reload", NULL }, NULL, reterr);
        if (r >= 0)
                r = process_check((const char*[]) { "/usr/bin/systemctl", "enable", "--now", "--quiet", SWAP_UNIT, NULL }, NULL, reterr);
        return r;
}

int swap_apply(Install* i, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (swap_make(&i->machine, &e) < 0)
                install_note(i, "There will be no swap: %s", e.message);
        return 0;
}

int swap_undo(Install* i, Error* reterr) {
        if (!file_exists(SWAP_UNIT_PATH))
                return 0;
        int r = process_check((const char*[]) { "/usr/bin/systemctl", "disable", "--now", "--quiet", SWAP_UNIT, NULL }, NULL, reterr);
        if (r < 0)
                return r;
        (void) unlink(SWAP_UNIT_PATH);
        (void) unlink(SWAP_PATH);
        return process_check((const char*[]) { "/usr/bin/systemctl", "daemon-reload", NULL }, NULL, reterr);
}
