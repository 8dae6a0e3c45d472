/* tests/lib/escape.c: tries from inside an app what only the machine may do. Built static by tests/lib/apps.py and put beside busybox.
 *
 *   escape all              every try; prints the names of those that went well, one a line, and "end"
 *   escape some             those that harm nothing where they are allowed: to see, outside, that a try can go well
 *   escape abstract NAME    connects to the abstract socket NAME
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char page[4096];

static long unshare_try(unsigned long flags) {
        pid_t pid = fork(); /* or the tries behind it would be in there */
        if (pid == 0)
                _exit(syscall(SYS_unshare, flags) < 0);
        int status;
        return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static long clone_try(unsigned long flags) {
        long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
        if (pid == 0)
                _exit(0);
        return pid > 0 ? waitpid((pid_t) pid, NULL, 0) : -1;
}

static long clone3_try(void) {
        uint64_t arguments[8] = { CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0 };
        long pid = syscall(SYS_clone3, arguments, sizeof(arguments));
        if (pid == 0)
                _exit(0);
        return pid > 0 ? waitpid((pid_t) pid, NULL, 0) : -1;
}

static long socket_try(int family, int type, int protocol) {
        return socket(family, type, protocol);
}

static long write_try(const char* path) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        long n = fd < 0 ? -1 : write(fd, "1", 1);
        return n;
}

static long read_try(const char* path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        return fd < 0 || read(fd, page, sizeof(page)) <= 0 ? -1 : 0;
}

static long node_try(void) {
        return mknod("/tmp/escape-disk", S_IFBLK | 0600, 8 << 8) == 0 ? open("/tmp/escape-disk", O_RDONLY | O_CLOEXEC) : -1;
}

static long handle_try(void) {
        struct { unsigned bytes; int type; unsigned char handle[128]; } h = { 128, 0, {} };
        int mount_id;
        return syscall(SYS_name_to_handle_at, AT_FDCWD, "/", &h, &mount_id, 0);
}

static long process_try(void) {
        struct iovec here = { page, 16 }, there = { (void*) 0x400000, 16 };
        long best = -1;
        for (int pid = 1; pid < 400; pid++) /* other people's processes; own ones are no secret */
                if (pid != getpid() && kill(pid, 0) < 0 && errno == EPERM && process_vm_readv(pid, &here, 1, &there, 1, 0) > 0)
                        best = 0;
        return best;
}

/* Of the processes that can be seen those that are in no namespace of ours: another container's, or the machine's. Who traces need not stop
 * them, and lets go of them at its end. */
static long trace_try(void) {
        char own[64] = "", theirs[64], path[320];
        DIR* proc = readlink("/proc/self/ns/pid", own, sizeof(own) - 1) < 0 ? NULL : opendir("/proc");
        long best = -1;
        for (struct dirent* e; proc && (e = readdir(proc));) {
                pid_t pid = atoi(e->d_name);
                (void) snprintf(path, sizeof(path), "/proc/%s/ns/pid", e->d_name);
                memset(theirs, 0, sizeof(theirs));
                if (pid <= 0 || (readlink(path, theirs, sizeof(theirs) - 1) > 0 && strcmp(own, theirs) == 0))
                        continue;
                if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) /* also where its namespace may not be read */
                        best = 0;
        }
        if (proc)
                (void) closedir(proc);
        return best;
}

static long ioctl_try(void) {
        static const char byte = 'x';
        int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
        return fd < 0 ? -1 : syscall(SYS_ioctl, fd, 0x5412 /* TIOCSTI */, &byte);
}

static int all;

/* Where a try would harm the machine if it went well, it is made inside only. */
#define TRY(name, harmless, call)                 \
        if (all || (harmless)) {                  \
                errno = 0;                        \
                if ((long) (call) >= 0)           \
                        printf("%s\n", name);     \
        }

static void namespaces(void) {
        TRY("unshare user", 1, unshare_try(CLONE_NEWUSER))
        TRY("unshare mount", 1, unshare_try(CLONE_NEWNS))
        TRY("unshare net", 1, unshare_try(CLONE_NEWNET))
        TRY("unshare pid", 1, unshare_try(CLONE_NEWPID))
        TRY("unshare cgroup", 1, unshare_try(CLONE_NEWCGROUP))
        TRY("unshare time", 1, unshare_try(0x80))
        TRY("clone user", 1, clone_try(CLONE_NEWUSER))
        TRY("clone mount", 1, clone_try(CLONE_NEWNS))
        TRY("clone3 user", 1, clone3_try())
        TRY("setns", 0, syscall(SYS_setns, open("/proc/1/ns/uts", O_RDONLY), 0))
}

static void mounts(void) {
        TRY("mount", 0, mount("x", "/tmp", "tmpfs", 0, NULL))
        TRY("mount proc", 0, mount("x", "/tmp", "proc", 0, NULL))
        TRY("remount sys", 0, mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND, NULL))
        TRY("remount proc sys", 0, mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL))
        TRY("umount", 0, umount2("/proc/sys", MNT_DETACH))
        TRY("open_tree", 0, syscall(428, AT_FDCWD, "/", 1))
        TRY("move_mount", 0, syscall(429, AT_FDCWD, "/proc", AT_FDCWD, "/tmp", 0))
        TRY("fsopen", 0, syscall(430, "tmpfs", 0))
        TRY("fspick", 0, syscall(433, AT_FDCWD, "/", 0))
        TRY("mount_setattr", 0, syscall(442, AT_FDCWD, "/", 0, page, 32))
        TRY("pivot_root", 0, syscall(SYS_pivot_root, "/", "/tmp"))
}

static void kernel(void) {
        TRY("bpf", 0, syscall(SYS_bpf, 0, page, 64))
        TRY("io_uring", 1, syscall(425, 4, page))
        TRY("userfaultfd", 0, syscall(SYS_userfaultfd, 1))
        TRY("perf", 0, syscall(SYS_perf_event_open, page, 0, -1, -1, 0))
        TRY("keyctl", 1, syscall(SYS_keyctl, 0, -3, 1))
        TRY("add_key", 1, syscall(SYS_add_key, "user", "escape", "x", 1, -2))
        TRY("request_key", 0, syscall(SYS_request_key, "user", "escape", NULL, -2))
}

static void sockets(void) {
        TRY("raw socket", 1, socket_try(AF_INET, SOCK_RAW, 1))
        TRY("raw socket 6", 1, socket_try(AF_INET6, SOCK_RAW, 58))
        TRY("packet socket", 1, socket_try(AF_PACKET, SOCK_RAW, 0))
        TRY("vsock", 0, socket_try(40, SOCK_STREAM, 0))
        TRY("crypto socket", 0, socket_try(38, SOCK_SEQPACKET, 0))
        TRY("key socket", 0, socket_try(15, SOCK_RAW, 2))
        TRY("can socket", 0, socket_try(29, SOCK_RAW, 1))
        TRY("xdp socket", 0, socket_try(44, SOCK_RAW, 0))
        TRY("bluetooth socket", 0, socket_try(31, SOCK_RAW, 1))
        TRY("audit socket", 0, ({ int f = socket(AF_NETLINK, SOCK_RAW, 9); struct sockaddr_storage n = { .ss_family = AF_NETLINK };
                uint32_t groups = 1; memcpy((char*) &n + 8, &groups, 4); f < 0 ? -1 : bind(f, (struct sockaddr*) &n, 12); }))
}

static void machine(void) {
        TRY("init_module", 0, syscall(SYS_init_module, page, 0, ""))
        TRY("finit_module", 0, syscall(SYS_finit_module, 0, "", 0))
        TRY("delete_module", 0, syscall(SYS_delete_module, "dummy", O_NONBLOCK))
        TRY("kexec", 0, syscall(SYS_kexec_load, 0, 0, NULL, 0))
        TRY("reboot", 0, syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL))
        TRY("swapon", 0, syscall(SYS_swapon, "/tmp/x", 0))
        TRY("acct", 0, syscall(SYS_acct, NULL))
        TRY("quotactl", 0, syscall(SYS_quotactl, 0x800001 << 8, NULL, 0, NULL))
        TRY("settimeofday", 0, ({ struct timeval t; gettimeofday(&t, NULL); settimeofday(&t, NULL); }))
        TRY("sethostname", 0, syscall(SYS_sethostname, "escape", 6))
        TRY("syslog", 0, syscall(SYS_syslog, 3, page, sizeof(page)))
}

static void others(void) {
        TRY("handle", 0, handle_try())
        TRY("open by handle", 0, syscall(SYS_open_by_handle_at, AT_FDCWD, page, 0))
        TRY("fanotify", 0, syscall(SYS_fanotify_init, 0, 0))
        TRY("kcmp", 0, syscall(SYS_kcmp, 1, getpid(), 0, 0, 0))
        TRY("memory of others", 0, process_try())
        TRY("trace others", 1, trace_try())
        TRY("personality", 0, syscall(SYS_personality, 0x0400000))
        TRY("disk", 0, node_try())
}

static void files(void) {
        TRY("kernel memory", 0, read_try("/proc/kcore"))
        TRY("kernel log", 0, read_try("/dev/kmsg"))
        TRY("keys", 0, read_try("/proc/keys"))
        TRY("symbols", 0, read_try("/proc/kallsyms"))
        TRY("timers", 0, read_try("/proc/timer_list"))
        TRY("boot parameters", 0, read_try("/proc/cmdline"))
        TRY("dmi", 0, read_try("/sys/class/dmi/id/product_uuid"))
        TRY("firmware", 0, read_try("/sys/firmware/acpi/tables/DSDT"))
        TRY("sysctl", 0, write_try("/proc/sys/kernel/domainname"))
        TRY("core pattern", 0, write_try("/proc/sys/kernel/core_pattern"))
        TRY("sysrq", 0, write_try("/proc/sysrq-trigger"))
        TRY("mtu", 0, write_try("/sys/class/net/eth0/mtu"))
        TRY("uevent", 0, write_try("/sys/class/net/lo/uevent"))
        TRY("oom of init", 0, write_try("/proc/sys/vm/overcommit_memory"))
        TRY("cgroup", 0, write_try("/sys/fs/cgroup/cgroup.procs"))
        TRY("type for others", 0, ioctl_try())
}

static int abstract(const char* name) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        size_t n = strlen(name);
        memcpy(sa.sun_path + 1, name, n < sizeof(sa.sun_path) - 1 ? n : sizeof(sa.sun_path) - 1);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr*) &sa, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + n)) < 0)
                return fprintf(stderr, "%s\n", strerror(errno)) < 0 ? 2 : 1;
        return puts("connected") < 0;
}

int main(int argc, char** argv) {
        if (argc == 3 && strcmp(argv[1], "abstract") == 0)
                return abstract(argv[2]);
        all = argc == 2 && strcmp(argv[1], "all") == 0;
        namespaces();
        mounts();
        kernel();
        sockets();
        machine();
        others();
        files();
        return puts("end") < 0;
}
