#include "app/use-history.h"
#include "base/file.h"
#include "base/log.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define PATH_BYTES 512

typedef struct Header {
        char magic[8];
        uint32_t version, step_sec, steps, zero;
} Header;

static const Header header_ours = { .magic = "sbx-use", .version = 1, .step_sec = USE_STEP_SEC, .steps = USE_STEPS };

#define FILE_BYTES ((off_t) (sizeof(Header) + USE_STEPS * sizeof(UseStep)))
static_assert(sizeof(Header) == 24 && sizeof(UseStep) == 24, "The form of the file is fixed");

/* --- steps --- */

static uint32_t average(uint64_t a, uint64_t a_weight, uint64_t b, uint64_t b_weight) {
        uint64_t weight = a_weight + b_weight;
        return weight == 0 ? 0 : (uint32_t) ((a * a_weight + b * b_weight + weight / 2) / weight);
}

void use_step_add(UseStep* sum, const UseStep* later) {
        if (later->samples == 0)
                return;
        sum->memory_mb = average(sum->memory_mb, sum->samples, later->memory_mb, later->samples);
        sum->cpu_permille = (uint16_t) average(sum->cpu_permille, sum->samples, later->cpu_permille, later->samples);
        sum->memory_most_mb = MAX(sum->memory_most_mb, later->memory_most_mb);
        sum->cpu_most_permille = MAX(sum->cpu_most_permille, later->cpu_most_permille);
        if (sum->samples == 0 || later->disk_mb != USE_NONE)
                sum->disk_mb = later->disk_mb;
        sum->samples = (uint16_t) (sum->samples + later->samples);
}

UseStep use_step_of_day(const UseDay* d, int64_t step) {
        uint64_t memory = 0, cpu = 0;
        UseStep s = { .step = (uint32_t) step, .disk_mb = USE_NONE };
        for (int64_t slot = step * USE_STEP_SAMPLES; slot < (step + 1) * USE_STEP_SAMPLES; slot++) {
                const UseSample* one = use_day_sample(d, slot);
                if (!one)
                        continue;
                memory += one->memory_mb;
                cpu += one->cpu_permille;
                s.memory_most_mb = MAX(s.memory_most_mb, (uint32_t) one->memory_mb);
                s.cpu_most_permille = MAX(s.cpu_most_permille, (uint16_t) one->cpu_permille);
                if (one->disk_mb != USE_NONE)
                        s.disk_mb = one->disk_mb;
                s.samples++;
        }
        if (s.samples == 0)
                return (UseStep) {};
        s.memory_mb = (uint32_t) ((memory + s.samples / 2) / s.samples);
        s.cpu_permille = (uint16_t) ((cpu + s.samples / 2) / s.samples);
        return s;
}

/* --- files --- */

static int path_of(const char* directory, const char* app, char ret[static PATH_BYTES]) {
        return snprintf(ret, PATH_BYTES, "%s/%s", directory, app) < PATH_BYTES ? 0 : -ENAMETOOLONG;
}

static off_t place_of(size_t i) {
        return (off_t) (sizeof(Header) + i * sizeof(UseStep));
}

static bool is_ours(int fd) {
        struct stat st;
        Header h;
        return fstat(fd, &st) >= 0 && S_ISREG(st.st_mode) && st.st_size == FILE_BYTES &&
               pread(fd, &h, sizeof(h), 0) == (ssize_t) sizeof(h) && memcmp(&h, &header_ours, sizeof(h)) == 0;
}

static bool is_plausible(const UseStep* s, size_t i) {
        static const UseStep none = {};
        if (s->samples == 0)
                return memcmp(s, &none, sizeof(none)) == 0;
        return s->step > 0 && s->step % USE_STEPS == i && s->samples <= USE_STEP_SAMPLES && s->zero == 0 &&
               s->memory_mb <= s->memory_most_mb && s->memory_most_mb < USE_NONE &&
               s->cpu_permille <= s->cpu_most_permille && s->disk_mb <= USE_NONE;
}

static int written(ssize_t n, size_t size) {
        return n < 0 ? -errno : (size_t) n < size ? -ENOSPC : 0;
}

/* Most of it is a hole until it is used. */
static int begin(int fd) {
        if (ftruncate(fd, 0) < 0 || ftruncate(fd, FILE_BYTES) < 0)
                return -errno;
        return written(pwrite(fd, &header_ours, sizeof(header_ours), 0), sizeof(header_ours));
}

static int open_to_write(const char* directory, const char* path) {
        const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
        struct stat st;
        _cleanup_close_ int fd = open(path, flags, 0600);
        if (fd < 0 && errno == ENOENT) {
                int r = directory_make(directory, 0700);
                if (r < 0)
                        return r;
                fd = open(path, flags, 0600);
        }
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (is_ours(fd))
                return TAKE_FD(fd);
        if (st.st_size > 0)
                log_warning("'%s' is damaged: what the app used is kept from now on anew.", path);
        int r = begin(fd);
        if (r < 0) {
                (void) unlink(path);
                return r;
        }
        return TAKE_FD(fd);
}

/* One of more samples knows better: the manager was down for some of them, or the file was not. */
static int keep(int fd, const UseStep* s) {
        off_t place = place_of(s->step % USE_STEPS);
        UseStep there;
        if (pread(fd, &there, sizeof(there), place) != (ssize_t) sizeof(there))
                return -EIO;
        if (there.step == s->step && is_plausible(&there, s->step % USE_STEPS) &&
            (there.samples > s->samples || memcmp(&there, s, sizeof(there)) == 0))
                return 0;
        return written(pwrite(fd, s, sizeof(*s), place), sizeof(*s));
}

int use_history_keep(const char* directory, const char* app, const UseDay* d, int64_t first, int64_t last) {
        char path[PATH_BYTES];
        _cleanup_close_ int fd = -EBADF;
        int r = path_of(directory, app, path);
        for (int64_t step = MAX(first, (int64_t) 1); step <= last && r >= 0; step++) {
                UseStep s = use_step_of_day(d, step);
                if (s.samples == 0)
                        continue;
                if (fd < 0 && (fd = open_to_write(directory, path)) < 0)
                        return fd;
                r = keep(fd, &s);
        }
        return r;
}

static bool read_all(int fd, UseStep ret[static USE_STEPS]) {
        const size_t size = USE_STEPS * sizeof(UseStep);
        if (!is_ours(fd) || pread(fd, ret, size, sizeof(Header)) != (ssize_t) size)
                return false;
        for (size_t i = 0; i < USE_STEPS; i++)
                if (!is_plausible(&ret[i], i))
                        return false;
        return true;
}

int use_history_read(const char* directory, const char* app, UseStep ret[static USE_STEPS]) {
        char path[PATH_BYTES];
        int r = path_of(directory, app, path);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 && errno != ELOOP)
                return errno == ENOENT ? 0 : -errno;
        if (fd >= 0 && read_all(fd, ret))
                return 1;
        log_warning("'%s' is damaged: what the app used is kept from now on anew.", path);
        (void) unlink(path);
        return 0;
}

void use_history_remove(const char* directory, const char* app) {
        char path[PATH_BYTES];
        if (path_of(directory, app, path) >= 0 && unlink(path) < 0 && errno != ENOENT)
                (void) log_warning_errno(errno, "Cannot remove '%s', ignoring: %m", path);
}

static void closedirp(DIR** d) {
        if (*d)
                (void) closedir(*d);
}

void use_history_sweep(const char* directory, bool (*is_there)(const char* app, void* userdata), void* userdata) {
        _cleanup_(closedirp) DIR* d = opendir(directory);
        struct dirent* e;
        while (d && (e = readdir(d)))
                if (*e->d_name != '.' && !is_there(e->d_name, userdata))
                        use_history_remove(directory, e->d_name);
}
