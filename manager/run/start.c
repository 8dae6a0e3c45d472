#include "app-slots.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/time.h"
#include "run/bundle.h"
#include "run/network.h"
#include "run/output.h"
#include "run/run.h"
#include "run/sandbox.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define CRUN "/usr/bin/crun"
#define PATH_BYTES 192

static void pid_file(const AppRecord* a, const AppContainerRecord* c, char ret[static PATH_BYTES]) {
        (void) snprintf(ret, PATH_BYTES, APP_RUN_DIRECTORY "/%s/%s.pid", a->id, c->name);
}

static int bundle_write(const AppRecord* a, const AppContainerRecord* c, Error* reterr) {
        _cleanup_json_ json_t* config = bundle_config(a, c);
        _cleanup_(erase_and_freep) char* text = config ? json_text(config, false) : NULL;
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot render the bundle");
        _cleanup_close_ int fd = open(VIEW_BUNDLE "/config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int r = fd < 0 ? -errno : write_full(fd, text, strlen(text));
        return r < 0 ? error_errno(reterr, r, "Cannot write the bundle") : 0;
}

static int become(const char* const* argv, Error* reterr) {
        static const char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LANG=C.UTF-8";
        char* const environment[] = { (char*) path, (char*) language, NULL };
        (void) execve(CRUN, (char* const*) argv, environment);
        return error_errno(reterr, -errno, "Cannot run " CRUN);
}
#define CRUN_ARGUMENTS CRUN, "--root=" APP_CRUN_ROOT, "--cgroup-manager=disabled"

static int output_of(const AppRecord* a, const AppContainerRecord* c, const char* name, int* ret, Error* reterr) {
        uint32_t base = APP_UID_BASE + a->slot * APP_UIDS;
        return output_open(a->id, name, base + c->uid, base + c->gid, ret, reterr);
}

static int output_use(int fd, Error* reterr) {
        return dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0 ? error_errno(reterr, -errno, "Cannot use the pipe for what it says") : 0;
}

/* A container of that name can only be left from a start that was killed: this unit is the only one that makes it. */
int run_clean(const AppRecord* a, const AppContainerRecord* c, Error* reterr) {
        char id[CONTAINER_ID_BYTES], file[PATH_BYTES];
        _cleanup_(process_result_done) ProcessResult result = {};
        container_id(a, c, id);
        (void) snprintf(file, sizeof(file), APP_CRUN_ROOT "/%s", id);
        if (access(file, F_OK) == 0)
                (void) process_run((const char*[]) { CRUN_ARGUMENTS, "delete", "--force", id, NULL }, &(ProcessOptions) { .timeout_sec = 30 }, &result);
        pid_file(a, c, file);
        return unlink(file) < 0 && errno != ENOENT ? error_errno(reterr, -errno, "Cannot remove %s", file) : 0;
}

static int directories_make(const AppRecord* a, Error* reterr) {
        char path[PATH_BYTES];
        (void) snprintf(path, sizeof(path), APP_RUN_DIRECTORY "/%s", a->id);
        int r = directory_make(path, 0755);
        if (r >= 0)
                r = directory_make(APP_CRUN_ROOT, 0700);
        return r < 0 ? error_errno(reterr, r, "Cannot make %s", path) : 0;
}

int run_start(const AppRecord* a, const AppContainerRecord* c, Error* reterr) {
        char id[CONTAINER_ID_BYTES], file[PATH_BYTES], option[PATH_BYTES + 16];
        _cleanup_close_ int output = -EBADF;
        int r = directories_make(a, reterr);
        if (r >= 0 && !a->host_network)
                r = app_network_up(a->id, a->slot, reterr);
        if (r >= 0)
                r = run_clean(a, c, reterr);
        if (r >= 0)
                r = output_of(a, c, c->name, &output, reterr);
        if (r >= 0)
                r = sandbox_make(a, c, reterr);
        if (r >= 0)
                r = bundle_write(a, c, reterr);
        if (r >= 0)
                r = output_use(output, reterr);
        if (r < 0)
                return r;
        container_id(a, c, id);
        pid_file(a, c, file);
        (void) snprintf(option, sizeof(option), "--pid-file=%s", file);
        if (c->one_shot)
                return become((const char*[]) { CRUN_ARGUMENTS, "run", "--bundle=" VIEW_BUNDLE, id, NULL }, reterr);
        return become((const char*[]) { CRUN_ARGUMENTS, "run", "--detach", "--bundle=" VIEW_BUNDLE, option, id, NULL }, reterr);
}

static size_t count(const char* const* list) {
        size_t n = 0;
        while (list && list[n])
                n++;
        return n;
}

/* crun exec of a command in the container, NULL-ended in ret; borrows everything. */
static void exec_arguments(const char* id, const char* const* command, const char** ret) {
        const char* const head[] = { CRUN_ARGUMENTS, "exec", "--no-new-privs", id };
        memcpy(ret, head, sizeof(head));
        memcpy(ret + ELEMENTS(head), command, (count(command) + 1) * sizeof(char*));
}

static bool is_alive(const AppRecord* a, const AppContainerRecord* c) {
        char file[PATH_BYTES];
        _cleanup_free_ char* text = NULL;
        pid_file(a, c, file);
        if (file_read(AT_FDCWD, file, 64, &text, NULL) < 0)
                return false;
        long pid = strtol(text, NULL, 10);
        return pid > 1 && kill((pid_t) pid, 0) >= 0;
}

int run_wait(const AppRecord* a, const AppContainerRecord* c, Error* reterr) {
        const AppHealth* h = &c->health;
        const char* argv[APP_ARGS_MAX + 9];
        char id[CONTAINER_ID_BYTES];
        uint64_t pause_usec = 50 * USEC_PER_MSEC;
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + (h->start_sec + (uint64_t) h->retries * (h->interval_sec + h->timeout_sec)) * USEC_PER_SEC;
        container_id(a, c, id);
        exec_arguments(id, h->command, argv);
        for (;;) {
                _cleanup_(process_result_done) ProcessResult result = {};
                int r = process_run(argv, &(ProcessOptions) { .timeout_sec = h->timeout_sec }, &result);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot run " CRUN);
                if (result.exit_code == 0)
                        return 0;
                if (!is_alive(a, c))
                        return error_set(reterr, ERROR_WRONG_STATE, "%s of app %s ended before it was healthy.", c->name, a->id);
                if (now_usec(CLOCK_MONOTONIC) + pause_usec > deadline)
                        return error_set(reterr, ERROR_WRONG_STATE, "%s of app %s is not healthy (code %d): %s", c->name, a->id, result.exit_code,
                                         strempty(result.output));
                (void) nanosleep(&(struct timespec) { .tv_sec = (time_t) (pause_usec / USEC_PER_SEC), .tv_nsec = (long) (pause_usec % USEC_PER_SEC) * 1000 }, NULL);
                pause_usec = MIN(pause_usec * 5 / 4, USEC_PER_SEC); /* somebody waits; each look costs one crun */
        }
}

int run_task(const AppRecord* a, const char* task, Error* reterr) {
        const char* argv[APP_ARGS_MAX + 9];
        char id[CONTAINER_ID_BYTES];
        for (size_t i = 0; i < a->tasks_n; i++) {
                const AppTaskRecord* t = &a->tasks[i];
                if (!streq(t->id, task))
                        continue;
                const AppContainerRecord* c = app_record_container(a, t->container);
                _cleanup_close_ int output = -EBADF;
                char name[64];
                (void) snprintf(name, sizeof(name), "task-%s", t->id);
                int r = output_of(a, c, name, &output, reterr);
                if (r >= 0)
                        r = output_use(output, reterr);
                if (r < 0)
                        return r;
                container_id(a, c, id);
                exec_arguments(id, t->command, argv);
                return become(argv, reterr);
        }
        return error_set(reterr, ERROR_NOT_FOUND, "App %s has no task '%s'.", a->id, task);
}
