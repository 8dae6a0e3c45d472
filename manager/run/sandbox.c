#include "run/sandbox.h"
#include "app-slots.h"
#include "base/file.h"
#include "data/tree.h"
#include "run/bundle.h"
#include "run/network.h"
#include "run/volume.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define INIT_PROGRAM "/usr/bin/catatonit"
#define VIEW_LAYERS VIEW_DIRECTORY "/l"
#define FILE_BYTES (64 * 1024)

static int failed(Error* reterr, const char* what) {
        return error_errno(reterr, errno > 0 ? -errno : -EIO, "Cannot %s", what);
}

static int directory_below(int fd, const char* path) {
        struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
        return (int) syscall(SYS_openat2, fd, path, &how, sizeof(how));
}

/* --- the app's ids ------------------------------------------------------------------------------------------------------ */

static uint32_t base_of(const AppRecord* a) {
        return APP_UID_BASE + a->slot * APP_UIDS;
}

static int map_write(pid_t pid, const char* file, uint32_t from, uint32_t to) {
        char path[64], line[64];
        (void) snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, file);
        int n = snprintf(line, sizeof(line), "%u %u %u\n", from, to, APP_UIDS);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
        return fd < 0 ? -errno : write_full(fd, line, (size_t) n);
}

static int maps_write(pid_t pid, uint32_t from, uint32_t to, int* ret) {
        char path[64];
        int r = map_write(pid, "uid_map", from, to);
        if (r >= 0)
                r = map_write(pid, "gid_map", from, to);
        (void) snprintf(path, sizeof(path), "/proc/%d/ns/user", (int) pid);
        if (r >= 0 && (*ret = open(path, O_RDONLY | O_CLOEXEC)) < 0)
                r = -errno;
        return r;
}

/* A user namespace exists as long as a process or a file descriptor has it: a child is born in one (clone(2)), we map it, keep it open, and let the
 * child go, which does nothing but wait for that. */
static int userns_open(uint32_t from, uint32_t to, int* ret, Error* reterr) {
        struct clone_args how = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
        int go[2];
        char byte;
        if (pipe2(go, O_CLOEXEC) < 0)
                return failed(reterr, "make a pipe");
        pid_t pid = (pid_t) syscall(SYS_clone3, &how, sizeof(how));
        if (pid == 0) {
                (void) close(go[1]);
                (void) !read(go[0], &byte, 1);
                _exit(0);
        }
        int r = pid < 0 ? -errno : maps_write(pid, from, to, ret);
        (void) close(go[0]);
        (void) close(go[1]);
        if (pid > 0)
                (void) waitpid(pid, NULL, 0);
        return r < 0 ? error_errno(reterr, r, "Cannot make a user namespace") : 0;
}

/* --- the view ----------------------------------------------------------------------------------------------------------- */

static int view_make(Error* reterr) {
        static const char* const directories[] = { VIEW_ROOT, VIEW_DATA, VIEW_FILES, VIEW_SYS, VIEW_LAYERS, NULL };
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
                return failed(reterr, "leave the machine's mount namespace");
        if (mkdir(VIEW_DIRECTORY, 0755) < 0 && errno != EEXIST)
                return failed(reterr, "make " VIEW_DIRECTORY);
        if (mount("tmpfs", VIEW_DIRECTORY, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
                return failed(reterr, "mount " VIEW_DIRECTORY);
        for (const char* const* d = directories; *d; d++)
                if (mkdir(*d, 0755) < 0)
                        return failed(reterr, "make the view's directories");
        return mkdir(VIEW_BUNDLE, 0700) < 0 ? failed(reterr, "make " VIEW_BUNDLE) : 0;
}

/* A copy of the mount that path below fd is on, with attributes of its own, put at target. */
static int clone_mount(int fd, const char* target, unsigned flags, struct mount_attr* attributes, Error* reterr) {
        _cleanup_close_ int tree = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);
        if (tree < 0)
                return error_errno(reterr, -errno, "Cannot clone the mount for %s", target);
        if (mount_setattr(tree, "", AT_EMPTY_PATH | flags, attributes, sizeof(*attributes)) < 0)
                return error_errno(reterr, -errno, "Cannot set the attributes of %s", target);
        if (move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errno(reterr, -errno, "Cannot mount %s", target);
        return 0;
}

/* On disk layers belong to the images' range (slot 0); each app sees them as its own, without a copy and without a chown. */
static int layer_mount(int layers_fd, int userns_fd, const char* layer, unsigned n, Error* reterr) {
        char target[64];
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID,
                                         .userns_fd = (uint64_t) userns_fd };
        (void) snprintf(target, sizeof(target), VIEW_LAYERS "/%u", n);
        _cleanup_close_ int fd = directory_below(layers_fd, layer);
        if (fd < 0)
                return error_set(reterr, ERROR_WRONG_STATE, "Layer %.12s of the image is not there (%s); it has to be fetched again.", layer, strerror(errno));
        if (mkdir(target, 0755) < 0)
                return failed(reterr, "make a layer's directory");
        return clone_mount(fd, target, 0, &attributes, reterr);
}

static int layers_mount(const AppRecord* a, const AppContainerRecord* c, Error* reterr) {
        _cleanup_close_ int userns_fd = -EBADF, layers_fd = open(IMAGES_DIRECTORY "/layers", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (layers_fd < 0)
                return failed(reterr, "open " IMAGES_DIRECTORY "/layers");
        int r = userns_open(APP_UID_BASE, base_of(a), &userns_fd, reterr);
        for (unsigned i = 0; r >= 0 && c->layers[i]; i++)
                r = layer_mount(layers_fd, userns_fd, c->layers[i], i, reterr);
        return r;
}

/* --- the writable top ---------------------------------------------------------------------------------------------------- */

/* What was written on top of other layers means nothing on top of these: it goes when they change. */
static int scratch_refresh(const char* directory, const AppContainerRecord* c, Error* reterr) {
        char file[256];
        char* text = NULL;
        _cleanup_free_ char *now = NULL, *was = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return error_errno(reterr, -ENOMEM, "Cannot list layers");
        for (const char* const* l = c->layers; *l; l++)
                fprintf(f, "%s\n", *l);
        if (fclose(f) != 0)
                return error_errno(reterr, -ENOMEM, "Cannot list layers");
        now = text;
        (void) snprintf(file, sizeof(file), "%s/layers", directory);
        if (file_read(AT_FDCWD, file, FILE_BYTES, &was, NULL) >= 0 && streq(was, now))
                return 0;
        _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        int r = fd < 0 ? -errno : tree_remove(fd, "upper", NULL);
        if (r < 0)
                return error_errno(reterr, r, "Cannot clear what the container wrote over its former image");
        r = file_write(AT_FDCWD, file, now, size, 0640);
        return r < 0 ? error_errno(reterr, r, "Cannot keep the list of layers") : 0;
}

static int owned_make(const char* path, uint32_t owner, Error* reterr) {
        if (mkdir(path, 0755) < 0)
                return errno == EEXIST ? 0 : failed(reterr, "make a directory of the app");
        /* without the setgid bit that it took from APPS_DIRECTORY */
        return chown(path, owner, owner) < 0 || chmod(path, 0755) < 0 ? failed(reterr, "give the app its directory") : 0;
}

/* Where a container may write over its image: kept over restarts below the app, or in memory where it shall write nowhere and only mount
 * points are missing. */
static int upper_make(const AppRecord* a, const AppContainerRecord* c, char ret[static 192], Error* reterr) {
        char path[256];
        int r = 0;
        if (c->read_only)
                (void) snprintf(ret, 192, VIEW_DIRECTORY "/top");
        else
                (void) snprintf(ret, 192, APPS_DIRECTORY "/%s/scratch/%s", a->id, c->name);
        r = directory_make(ret, 0750);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make %s", ret);
        r = scratch_refresh(ret, c, reterr);
        (void) snprintf(path, sizeof(path), "%s/upper", ret);
        if (r >= 0)
                r = owned_make(path, base_of(a), reterr);
        (void) snprintf(path, sizeof(path), "%s/work", ret);
        return r < 0 ? r : owned_make(path, base_of(a), reterr);
}

/* Relative names keep 127 layers below the page that mount(2) takes. */
static int root_mount(const AppRecord* a, const AppContainerRecord* c, Error* reterr) {
        char top[192], options[4096] = "userxattr,lowerdir=";
        size_t n = 0;
        int r = upper_make(a, c, top, reterr);
        if (r < 0)
                return r;
        while (c->layers[n])
                n++;
        for (size_t used = strlen(options); n-- > 0;)
                used += (size_t) snprintf(options + used, sizeof(options) - used, "l/%zu%s", n, n ? ":" : "");
        size_t used = strlen(options);
        (void) snprintf(options + used, sizeof(options) - used, ",upperdir=%s/upper,workdir=%s/work", top, top);
        if (chdir(VIEW_DIRECTORY) < 0 || mount("overlay", VIEW_ROOT, "overlay", MS_NODEV | MS_NOSUID, options) < 0)
                return failed(reterr, "lay the image's layers over each other");
        return chdir("/") < 0 ? failed(reterr, "leave the view") : 0;
}

/* --- data, kernel, files ------------------------------------------------------------------------------------------------- */

/* Data that has been made belongs to ids of this app, or to root where its maker was killed in between. Any other owner is another app's slot:
 * it would see files of nobody's, and there is a mistake somewhere. */
static int data_own(const AppRecord* a, int fd, const char* name, Error* reterr) {
        struct stat st;
        uint32_t base = base_of(a);
        if (fstat(fd, &st) < 0)
                return failed(reterr, "look at the app's data");
        if (st.st_uid == 0)
                return fchownat(fd, "", base, base, AT_EMPTY_PATH) < 0 ? failed(reterr, "give the app its data") : 0;
        if (st.st_uid < base || st.st_uid - base >= APP_UIDS)
                return error_set(reterr, ERROR_WRONG_STATE, "The data %s belongs to id %u, which is none of app %s.", name, (unsigned) st.st_uid, a->id);
        return 0;
}

static int data_mount(const AppRecord* a, const AppContainerRecord* c, const AppMount* m, Error* reterr) {
        char path[192], target[128];
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID };
        (void) snprintf(target, sizeof(target), VIEW_DATA "/%s", m->data);
        if (mkdir(target, 0755) < 0)
                return errno == EEXIST ? 0 : failed(reterr, "make the view's directories"); /* mounted twice in the container */
        (void) snprintf(path, sizeof(path), APPS_DIRECTORY "/%s/data", a->id);
        int r = directory_make(path, 0750);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make %s", path);
        _cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return failed(reterr, "open the app's data");
        if (mkdirat(fd, m->data, 0755) >= 0) {
                if (fchownat(fd, m->data, base_of(a), base_of(a), AT_SYMLINK_NOFOLLOW) < 0 || fchmodat(fd, m->data, 0755, 0) < 0)
                        return failed(reterr, "give the app its data");
        } else if (errno != EEXIST)
                return failed(reterr, "make the app's data");
        _cleanup_close_ int data_fd = directory_below(fd, m->data);
        if (data_fd < 0)
                return failed(reterr, "open the app's data");
        r = data_own(a, data_fd, m->data, reterr);
        return r < 0 ? r : clone_mount(data_fd, target, AT_RECURSIVE, &attributes, reterr);
}

static int netns_enter(const char* path, Error* reterr) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 || setns(fd, CLONE_NEWNET) < 0 ? failed(reterr, "enter the app's network") : 0;
}

/* sysfs shows the links of the network namespace it is mounted from: the app's own, not the machine's. */
static int sys_mount(const AppRecord* a, Error* reterr) {
        const unsigned long flags = MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY;
        char path[128];
        if (a->host_network)
                return mount("/sys", VIEW_SYS, NULL, MS_BIND, NULL) < 0 ? failed(reterr, "mount /sys") : 0;
        (void) snprintf(path, sizeof(path), APP_RUN_DIRECTORY "/%s/netns", a->id);
        int r = netns_enter(path, reterr);
        if (r < 0)
                return r;
        r = mount("sysfs", VIEW_SYS, "sysfs", flags, NULL) < 0 ? failed(reterr, "mount /sys") : 0;
        int back = netns_enter("/proc/1/ns/net", reterr);
        return r < 0 ? r : back;
}

static int text_put(const char* path, const char* text, Error* reterr) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        int r = fd < 0 ? -errno : write_full(fd, text, strlen(text));
        if (r >= 0 && fchmod(fd, 0644) < 0)
                r = -errno;
        return r < 0 ? error_errno(reterr, r, "Cannot write %s", path) : 0;
}

static int hosts_put(const AppRecord* a, Error* reterr) {
        char text[APP_CONTAINERS_MAX * 40 + 128] = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.0.1";
        size_t used = strlen(text);
        for (size_t i = 0; i < a->containers_n; i++)
                used += (size_t) snprintf(text + used, sizeof(text) - used, " %s", a->containers[i].name);
        (void) snprintf(text + used, sizeof(text) - used, "\n");
        return text_put(VIEW_FILES "/hosts", text, reterr);
}

static int resolv_conf_put(const AppRecord* a, Error* reterr) {
        _cleanup_free_ char* host = NULL;
        if (a->host_network && file_read(AT_FDCWD, "/etc/resolv.conf", FILE_BYTES, &host, NULL) >= 0)
                return text_put(VIEW_FILES "/resolv.conf", host, reterr);
        return text_put(VIEW_FILES "/resolv.conf", "nameserver " APP_GATEWAY4 "\nnameserver " APP_GATEWAY6 "\noptions timeout:3 attempts:2\n", reterr);
}

static int init_bind(Error* reterr) {
        int r = text_put(VIEW_FILES "/init", "", reterr);
        if (r >= 0 && mount(INIT_PROGRAM, VIEW_FILES "/init", NULL, MS_BIND, NULL) < 0)
                r = failed(reterr, "bind " INIT_PROGRAM);
        return r;
}

static int files_put(const AppRecord* a, const AppContainerRecord* c, Error* reterr) {
        char hostname[64];
        (void) snprintf(hostname, sizeof(hostname), "%s\n", c->name);
        int r = text_put(VIEW_FILES "/hostname", hostname, reterr);
        if (r >= 0)
                r = hosts_put(a, reterr);
        if (r >= 0)
                r = resolv_conf_put(a, reterr);
        if (r >= 0 && c->init)
                r = init_bind(reterr);
        return r;
}

int sandbox_make(const AppRecord* a, const AppContainerRecord* c, Error* reterr) {
        int r = view_make(reterr);
        if (r >= 0)
                r = layers_mount(a, c, reterr);
        if (r >= 0)
                r = root_mount(a, c, reterr);
        for (size_t i = 0; i < c->mounts_n && r >= 0; i++)
                r = data_mount(a, c, &c->mounts[i], reterr);
        for (size_t i = 0; i < c->mounts_n && r >= 0; i++)
                r = volume_fill(a, c, &c->mounts[i], reterr);
        if (r >= 0)
                r = sys_mount(a, reterr);
        if (r >= 0)
                r = files_put(a, c, reterr);
        return r;
}
