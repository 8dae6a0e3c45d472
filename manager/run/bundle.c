#include "run/bundle.h"
#include "app-slots.h"
#include "run/seccomp.h"
#include <stdio.h>

#define SHM_BYTES (UINT64_C(64) * 1024 * 1024)
#define INIT_PATH "/dev/init" /* in the container */

void container_id(const AppRecord* a, const AppContainerRecord* c, char ret[static CONTAINER_ID_BYTES]) {
        (void) snprintf(ret, CONTAINER_ID_BYTES, "%s-%s", a->id, c->name);
}

static json_t* strings(const char* const* list) {
        json_t* j = json_array();
        for (; j && list && *list; list++)
                if (json_array_append_new(j, json_string(*list)) < 0) {
                        json_decref(j);
                        return NULL;
                }
        return j;
}

/* Within the app's own user namespace, so none of it counts outside. A program that does not start as root has none of them, but may get
 * them from a file of the image that carries them. */
static const char* const usual_capabilities[] = { "CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE",
                                                  "CAP_SETFCAP", "CAP_SETGID",      "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT", NULL };

static json_t* capabilities(const AppContainerRecord* c) {
        json_t *bounding = strings(usual_capabilities), *powers = json_array();
        for (const char* const* p = c->powers; p && *p; p++) {
                char name[64];
                (void) snprintf(name, sizeof(name), "CAP_%s", *p);
                (void) json_array_append_new(bounding, json_string(name));
                (void) json_array_append_new(powers, json_string(name));
        }
        json_t* effective = c->uid == 0 ? json_incref(bounding) : json_incref(powers);
        json_t* ambient = c->uid == 0 ? json_array() : json_incref(powers);
        json_decref(powers);
        return json_pack("{s:o, s:o, s:O, s:O, s:o}", "bounding", bounding, "ambient", ambient, "effective", effective, "permitted",
                         effective, "inheritable", effective);
}

static bool has_variable(const char* const* env, const char* name) {
        size_t n = strlen(name);
        for (; env && *env; env++)
                if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
                        return true;
        return false;
}

static json_t* environment(const AppContainerRecord* c) {
        json_t* env = strings(c->env);
        if (env && !has_variable(c->env, "PATH"))
                (void) json_array_append_new(env, json_string("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
        if (env && !has_variable(c->env, "HOSTNAME"))
                (void) json_array_append_new(env, json_sprintf("HOSTNAME=%s", c->name));
        return env;
}

static json_t* arguments(const AppContainerRecord* c) {
        json_t* args = strings(c->args);
        if (args && c->init) {
                (void) json_array_insert_new(args, 0, json_string("--"));
                (void) json_array_insert_new(args, 0, json_string(INIT_PATH));
        }
        return args;
}

static json_t* process(const AppContainerRecord* c) {
        json_t* groups = json_array();
        for (size_t i = 0; groups && i < c->groups_n; i++)
                (void) json_array_append_new(groups, json_integer(c->groups[i]));
        return json_pack("{s:b, s:{s:i, s:i, s:i, s:o}, s:o, s:o, s:s, s:o, s:b}", "terminal", 0, "user", "uid", (int) c->uid, "gid", (int) c->gid,
                         "umask", 022, "additionalGids", groups, "args", arguments(c), "env", environment(c), "cwd", c->cwd, "capabilities",
                         capabilities(c), "noNewPrivileges", 1);
}

static int mount_add(json_t* mounts, const char* path, const char* type, const char* source, const char* const* options) {
        json_t* list = strings(options);
        return json_array_append_new(
                        mounts, json_pack("{s:s, s:s, s:s, s:o}", "destination", path, "type", type, "source", source, "options", list));
}
#define OPTIONS(...) ((const char*[]) { __VA_ARGS__, NULL })

static int kernel_mounts_add(json_t* mounts, const AppContainerRecord* c) {
        char size[48];
        (void) snprintf(size, sizeof(size), "size=%llu", (unsigned long long) (c->shm_bytes ?: SHM_BYTES));
        int r = mount_add(mounts, "/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"));
        if (r >= 0)
                r = mount_add(mounts, "/dev", "tmpfs", "tmpfs", OPTIONS("nosuid", "strictatime", "mode=755", "size=65536k"));
        if (r >= 0)
                r = mount_add(mounts, "/dev/pts", "devpts", "devpts",
                              OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"));
        if (r >= 0)
                r = mount_add(mounts, "/dev/shm", "tmpfs", "shm", OPTIONS("nosuid", "noexec", "nodev", "mode=1777", size));
        if (r >= 0)
                r = mount_add(mounts, "/dev/mqueue", "mqueue", "mqueue", OPTIONS("nosuid", "noexec", "nodev"));
        if (r >= 0)
                r = mount_add(mounts, "/sys", "bind", VIEW_SYS, OPTIONS("bind", "nosuid", "noexec", "nodev", "ro"));
        return r;
}

static int file_mounts_add(json_t* mounts, const AppContainerRecord* c) {
        static const char* const files[][2] = {
                { "/etc/hosts", VIEW_FILES "/hosts" },
                { "/etc/hostname", VIEW_FILES "/hostname" },
                { "/etc/resolv.conf", VIEW_FILES "/resolv.conf" },
        };
        int r = 0;
        for (size_t i = 0; i < ELEMENTS(files) && r >= 0; i++)
                r = mount_add(mounts, files[i][0], "bind", files[i][1], OPTIONS("bind", "nosuid", "nodev", "noexec", "ro"));
        if (c->init && r >= 0)
                r = mount_add(mounts, INIT_PATH, "bind", VIEW_FILES "/init", OPTIONS("bind", "nosuid", "nodev", "ro"));
        return r;
}

/* What lies in them is the app's memory; they say so by their size, as the kernel's usual half would be half of the machine's. */
static int scratch_add(json_t* mounts, const AppRecord* a, const char* path) {
        char size[48];
        (void) snprintf(size, sizeof(size), "size=%llu", (unsigned long long) (a->memory_max / 2));
        return mount_add(mounts, path, "tmpfs", "tmpfs", OPTIONS("nosuid", "nodev", "mode=1777", size));
}

static json_t* mounts_of(const AppRecord* a, const AppContainerRecord* c) {
        json_t* mounts = json_array();
        int r = mounts ? kernel_mounts_add(mounts, c) : -1;
        if (r >= 0)
                r = file_mounts_add(mounts, c);
        for (const char* const* s = c->scratch; s && *s && r >= 0; s++)
                r = scratch_add(mounts, a, *s);
        for (size_t i = 0; i < c->mounts_n && r >= 0; i++) {
                char source[128];
                (void) snprintf(source, sizeof(source), VIEW_DATA "/%s", c->mounts[i].data);
                r = mount_add(mounts, c->mounts[i].path, "bind", source,
                              OPTIONS("rbind", "nosuid", "nodev", c->mounts[i].read_only ? "ro" : "rw"));
        }
        if (r >= 0)
                return mounts;
        json_decref(mounts);
        return NULL;
}

static json_t* namespaces(const AppRecord* a) {
        char network[128];
        json_t* list = json_pack("[{s:s}, {s:s}, {s:s}, {s:s}, {s:s}, {s:s}]", "type", "pid", "type", "ipc", "type", "uts", "type", "mount", "type",
                                 "user", "type", "cgroup");
        (void) snprintf(network, sizeof(network), APP_RUN_DIRECTORY "/%s/netns", a->id);
        if (list && !a->host_network)
                (void) json_array_append_new(list, json_pack("{s:s, s:s}", "type", "network", "path", network));
        return list;
}

static json_t* linux_of(const AppRecord* a, const AppContainerRecord* c) {
        static const char* const masked[] = { "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/kmsg",
                                              "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/slabinfo", "/proc/sysrq-trigger",
                                              "/proc/timer_list", "/proc/timer_stats", "/proc/vmallocinfo", "/proc/kallsyms", "/proc/cmdline",
                                              "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/kernel", "/sys/module", "/sys/fs", NULL };
        static const char* const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", NULL };
        json_int_t base = (json_int_t) (APP_UID_BASE + a->slot * APP_UIDS);
        json_t* map = json_pack("[{s:i, s:I, s:i}]", "containerID", 0, "hostID", base, "size", (int) APP_UIDS);
        return json_pack("{s:O, s:o, s:o, s:o, s:o, s:o}", "uidMappings", map, "gidMappings", map, "namespaces", namespaces(a), "seccomp",
                         seccomp_profile(c->powers), "maskedPaths", strings(masked), "readonlyPaths", strings(read_only));
}

json_t* bundle_config(const AppRecord* a, const AppContainerRecord* c) {
        return json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o}", "ociVersion", "1.0.0", "process", process(c), "root", "path", VIEW_ROOT,
                         "readonly", (int) c->read_only, "hostname", c->name, "mounts", mounts_of(a, c), "linux", linux_of(a, c));
}
