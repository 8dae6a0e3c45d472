#include "run/seccomp.h"
#include <sched.h>
#include <sys/socket.h>

/* Calls that take no part in what an app may not do. New kernels' calls are missing here on purpose: they answer ENOSYS, and programs fall
 * back, until somebody has looked at them. */
static const char* const allowed[] = {
        "accept", "accept4", "access", "alarm", "arch_prctl", "bind", "brk", "cachestat", "capget",
        "capset", "chdir", "chmod", "chown", "clock_getres", "clock_gettime", "clock_gettime64",
        "clock_nanosleep", "close", "close_range", "connect", "copy_file_range", "creat", "dup", "dup2",
        "dup3", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
        "epoll_wait", "eventfd", "eventfd2", "execve", "execveat", "exit", "exit_group", "faccessat",
        "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown",
        "fchownat", "fcntl", "fdatasync", "fgetxattr", "flistxattr", "flock", "fork", "fremovexattr",
        "fsetxattr", "fstat", "fstatfs", "fsync", "ftruncate", "futex", "futex_requeue", "futex_wait",
        "futex_waitv", "futex_wake", "futimesat", "get_mempolicy", "get_robust_list", "get_thread_area",
        "getcpu", "getcwd", "getdents", "getdents64", "getegid", "geteuid", "getgid", "getgroups",
        "getitimer", "getpeername", "getpgid", "getpgrp", "getpid", "getppid", "getpriority",
        "getrandom", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "getsockname",
        "getsockopt", "gettid", "gettimeofday", "getuid", "getxattr", "getxattrat", "inotify_add_watch",
        "inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents",
        "io_setup", "io_submit", "ioctl", "ioprio_get", "ioprio_set", "kill", "landlock_add_rule",
        "landlock_create_ruleset", "landlock_restrict_self", "lchown", "lgetxattr", "link", "linkat",
        "listen", "listxattr", "listxattrat", "llistxattr", "lremovexattr", "lseek", "lsetxattr",
        "lstat", "madvise", "map_shadow_stack", "mbind", "membarrier", "memfd_create", "mincore",
        "mkdir", "mkdirat", "mknod", "mknodat", "mlock", "mlock2", "mlockall", "mmap", "mprotect",
        "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink",
        "mremap", "mseal", "msgctl", "msgget", "msgrcv", "msgsnd", "msync", "munlock", "munlockall",
        "munmap", "nanosleep", "newfstatat", "open", "openat", "openat2", "pause", "pidfd_open",
        "pidfd_send_signal", "pipe", "pipe2", "pkey_alloc", "pkey_free", "pkey_mprotect", "poll",
        "ppoll", "prctl", "pread64", "preadv", "preadv2", "prlimit64", "process_madvise",
        "process_mrelease", "process_vm_readv", "process_vm_writev", "pselect6", "ptrace", "pwrite64",
        "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "recv",
        "recvfrom", "recvmmsg", "recvmsg", "remap_file_pages", "removexattr", "removexattrat", "rename",
        "renameat", "renameat2", "restart_syscall", "rmdir", "rseq", "rt_sigaction", "rt_sigpending",
        "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
        "rt_tgsigqueueinfo", "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity",
        "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
        "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
        "seccomp", "select", "semctl", "semget", "semop", "semtimedop", "send", "sendfile", "sendmmsg",
        "sendmsg", "sendto", "set_mempolicy", "set_robust_list", "set_thread_area", "set_tid_address",
        "setfsgid", "setfsuid", "setgid", "setgroups", "setitimer", "setpgid", "setpriority",
        "setregid", "setresgid", "setresuid", "setreuid", "setrlimit", "setsid", "setsockopt", "setuid",
        "setxattr", "setxattrat", "shmat", "shmctl", "shmdt", "shmget", "shutdown", "sigaltstack",
        "signalfd", "signalfd4", "sigsuspend", "socketpair", "splice", "stat", "statfs", "statx",
        "symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "sysinfo", "tee", "tgkill", "time",
        "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64",
        "timer_settime", "timer_settime64", "timerfd_create", "timerfd_gettime", "timerfd_gettime64",
        "timerfd_settime", "timerfd_settime64", "times", "tkill", "truncate", "ugetrlimit", "umask",
        "uname", "unlink", "unlinkat", "utime", "utimensat", "utimes", "vfork", "wait4", "waitid",
        "write", "writev",};

/* What programs try and take a no for: EPERM, where ENOSYS would mean an old kernel. Mounting, other namespaces, keyrings, the machine's
 * clock, modules, swap, accounting, files by handle, BPF, io_uring. */
static const char* const refused[] = {
        "acct", "add_key", "adjtimex", "bpf", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init",
        "fanotify_mark", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter", "io_uring_register",
        "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "mount", "mount_setattr",
        "move_mount", "move_pages", "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open", "pidfd_getfd",
        "pivot_root", "quotactl", "quotactl_fd", "reboot", "request_key", "setdomainname", "sethostname", "setns", "settimeofday",
        "swapoff", "swapon", "sysfs", "syslog", "umount2", "unshare", "userfaultfd", "uselib", "ustat", "vhangup", "vmsplice",
};

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP)

static int rule_add(json_t* rules, const char* const* names, size_t n, const char* action, int error, json_t* args) {
        json_t* list = json_array();
        for (size_t i = 0; list && i < n; i++)
                if (json_array_append_new(list, json_string(names[i])) < 0)
                        break;
        json_t* rule = json_pack("{s:o, s:s, s:o*}", "names", list, "action", action, "args", args);
        if (rule && error > 0)
                (void) json_object_set_new(rule, "errnoRet", json_integer(error));
        return json_array_append_new(rules, rule);
}

static int allow_one(json_t* rules, const char* name, unsigned index, int64_t value, int64_t value_two, const char* op) {
        json_t* args = json_pack(
                        "[{s:i, s:I, s:I, s:s}]", "index", (int) index, "value", (json_int_t) value, "valueTwo", (json_int_t) value_two, "op", op);
        return args ? rule_add(rules, &name, 1, "SCMP_ACT_ALLOW", 0, args) : -1;
}

/* Sockets of these families only: the others are code that nobody looks at. */
static int sockets_add(json_t* rules, const char* const* powers) {
        static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
        int r = 0;
        for (size_t i = 0; i < ELEMENTS(families) && r >= 0; i++)
                r = allow_one(rules, "socket", 0, families[i], 0, "SCMP_CMP_EQ");
        for (; powers && *powers && r >= 0; powers++)
                if (streq(*powers, "NET_RAW"))
                        r = allow_one(rules, "socket", 0, AF_PACKET, 0, "SCMP_CMP_EQ");
        return r;
}

/* Threads and processes, but no namespaces: a user namespace inside would give back most of what was taken. clone3's flags are behind a
 * pointer, where no filter can see them: it answers ENOSYS and the C library takes clone. personality: what setarch -R and old programs ask. */
static int special_add(json_t* rules) {
        static const int64_t personalities[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };
        int r = allow_one(rules, "clone", 0, NAMESPACES, 0, "SCMP_CMP_MASKED_EQ");
        for (size_t i = 0; i < ELEMENTS(personalities) && r >= 0; i++)
                r = allow_one(rules, "personality", 0, personalities[i], 0, "SCMP_CMP_EQ");
        return r;
}

json_t* seccomp_profile(const char* const* powers) {
        json_t* rules = json_array();
        int r = rules ? rule_add(rules, allowed, ELEMENTS(allowed), "SCMP_ACT_ALLOW", 0, NULL) : -1;
        if (r >= 0)
                r = rule_add(rules, refused, ELEMENTS(refused), "SCMP_ACT_ERRNO", EPERM, NULL);
        if (r >= 0)
                r = sockets_add(rules, powers);
        if (r >= 0)
                r = special_add(rules);
        if (r < 0) {
                json_decref(rules);
                return NULL;
        }
        return json_pack("{s:s, s:i, s:o}", "defaultAction", "SCMP_ACT_ERRNO", "defaultErrnoRet", ENOSYS, "syscalls", rules);
}
