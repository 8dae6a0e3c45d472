/* steadboxd: see docs/architecture.md. Started by systemd with its sockets; by hand it makes them below $RUNTIME_DIRECTORY. */
#include "base/log.h"
#include "base/secret.h"
#include "config.h"
#include "daemon/manager-internal.h"
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#define EXIT_STORE 78 /* EX_CONFIG of sysexits.h: the unit does not start us again, a person must look */

static const char* directory_of(const char* variable, const char* otherwise) {
        const char* s = secure_getenv(variable);
        return isempty(s) ? otherwise : s;
}

static int socket_make(const char* directory, const char* name) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", directory, name) >= (int) sizeof(address.sun_path))
                return -ENAMETOOLONG;
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        (void) unlink(address.sun_path);
        mode_t old = umask(0117);
        int r = bind(fd, (const void*) &address, sizeof(address)) < 0 || listen(fd, 4096) < 0 ? -errno : 0;
        (void) umask(old);
        return r < 0 ? r : TAKE_FD(fd);
}

/* By name (systemd.socket(5), FileDescriptorName=); job.sock is taken by the jobs themselves. */
static int sockets_take(const char* runtime_directory, ManagerOptions* o) {
        char** names = NULL;
        int n = sd_listen_fds_with_names(/* unset_environment= */ 0, &names);
        for (int i = 0; i < n; i++) {
                if (streq(names[i], "admin"))
                        o->admin_fd = SD_LISTEN_FDS_START + i;
                else if (streq(names[i], "web"))
                        o->web_fd = SD_LISTEN_FDS_START + i;
                free(names[i]);
        }
        free(names);
        if (n > 0)
                return 0;
        o->admin_fd = socket_make(runtime_directory, "admin");
        o->web_fd = socket_make(runtime_directory, "web");
        return MIN(o->admin_fd, o->web_fd);
}

static void limits_memory(void) {
        (void) mallopt(M_ARENA_MAX, 1);
        (void) mallopt(M_MMAP_THRESHOLD, 128 * 1024); /* large buffers go back to the kernel when they are freed */
        (void) mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

int main(int argc, char** argv) {
        _cleanup_(manager_freep) Manager* m = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        ManagerOptions o = {
                .state_directory = directory_of("STATE_DIRECTORY", "/var/lib/steadbox"),
                .runtime_directory = directory_of("RUNTIME_DIRECTORY", "/run/steadbox"),
                .machine_file = directory_of("STEADBOX_CONFIG", "/etc/steadbox/steadbox.json"),
                .admin_fd = -EBADF,
                .web_fd = -EBADF,
        };

        if (argc > 1) {
                puts("steadboxd " STEADBOX_VERSION ": the manager of a Steadbox; see steadboxd(8).");
                return streq(argv[1], "--version") ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        limits_memory();
        sigset_t mask;
        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigaddset(&mask, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &mask, NULL);
        (void) signal(SIGPIPE, SIG_IGN);

        int r = secret_init();
        if (r >= 0)
                r = sockets_take(o.runtime_directory, &o);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot listen: %m");
                return EXIT_FAILURE;
        }
        r = manager_new(&o, &m, &e);
        if (r < 0) {
                log_error("%s%s%s", strempty(e.message), e.hint ? " " : "", strempty(e.hint));
                return e.name == ERROR_STORE_BROKEN || e.name == ERROR_STORE_NEWER ? EXIT_STORE : EXIT_FAILURE;
        }
        r = manager_run(m);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
