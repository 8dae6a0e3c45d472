/* Owners, modes, times, attributes. */
#include "data/tree-internal.h"
#include "app-slots.h"
#include <endian.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define LIST_BYTES 65536   /* XATTR_LIST_MAX */
#define VALUE_BYTES 65536  /* XATTR_SIZE_MAX */
#define ACL_VERSION 2      /* linux/posix_acl_xattr.h */
#define ACL_USER 0x02
#define ACL_GROUP 0x08

struct AclEntry {
        uint16_t tag, permissions;
        uint32_t id;
};

uint32_t tree_id_shift(uint32_t id, uint32_t from_base, uint32_t to_base) {
        return id >= from_base && id - from_base < APP_UIDS ? to_base + (id - from_base) : to_base;
}

int tree_acl_shift(void* acl, size_t size, uint32_t from_base, uint32_t to_base) {
        uint32_t version;
        if (size < sizeof(version) || (size - sizeof(version)) % sizeof(struct AclEntry) != 0)
                return -EINVAL;
        memcpy(&version, acl, sizeof(version));
        if (le32toh(version) != ACL_VERSION)
                return -EINVAL;
        for (size_t at = sizeof(version); at < size; at += sizeof(struct AclEntry)) {
                struct AclEntry e;
                memcpy(&e, (char*) acl + at, sizeof(e));
                uint16_t tag = le16toh(e.tag);
                if (tag == ACL_USER || tag == ACL_GROUP)
                        e.id = htole32(tree_id_shift(le32toh(e.id), from_base, to_base));
                memcpy((char*) acl + at, &e, sizeof(e));
        }
        return 0;
}

static bool is_acl(const char* name) {
        return startswith(name, "system.posix_acl_") != NULL;
}

static bool wanted(const char* name) {
        return (startswith(name, "user.") && !streq(name, TREE_MARK)) || is_acl(name);
}

static bool unsupported(int r) {
        return r == -EOPNOTSUPP || r == -ENOSYS;
}

/* *ret: names, each with its NUL; owned. */
static int attributes_list(int fd, char** ret, size_t* ret_size) {
        _cleanup_free_ char* list = NULL;
        ssize_t size = flistxattr(fd, NULL, 0);
        *ret_size = 0;
        if (size < 0)
                return unsupported(-errno) ? 0 : -errno;
        if (size == 0)
                return 0;
        list = malloc(LIST_BYTES);
        if (!list)
                return -ENOMEM;
        size = flistxattr(fd, list, LIST_BYTES);
        if (size < 0)
                return -errno;
        *ret = TAKE_PTR(list);
        *ret_size = (size_t) size;
        return 0;
}

static int attribute_copy(int from_fd, int to_fd, const char* name, uint32_t from_base, uint32_t to_base) {
        _cleanup_free_ char* value = malloc(VALUE_BYTES);
        if (!value)
                return -ENOMEM;
        ssize_t size = fgetxattr(from_fd, name, value, VALUE_BYTES);
        if (size < 0)
                return errno == ENODATA ? 0 : -errno;
        if (is_acl(name) && tree_acl_shift(value, (size_t) size, from_base, to_base) < 0)
                return 0;
        return fsetxattr(to_fd, name, value, (size_t) size, 0) < 0 ? -errno : 0;
}

static bool is_extra(int from_fd, const char* name) {
        return streq(name, TREE_MARK) || (wanted(name) && fgetxattr(from_fd, name, NULL, 0) < 0 && errno == ENODATA);
}

/* What the original has no more, of an older copy. */
static int attributes_drop(int from_fd, int to_fd) {
        _cleanup_free_ char* list = NULL;
        size_t size = 0;
        int r = attributes_list(to_fd, &list, &size);
        for (size_t at = 0; r >= 0 && at < size; at += strlen(list + at) + 1)
                if (is_extra(from_fd, list + at) && fremovexattr(to_fd, list + at) < 0)
                        r = errno == ENODATA ? 0 : -errno;
        return r;
}

static int attributes_copy(int from_fd, int to_fd, uint32_t from_base, uint32_t to_base) {
        _cleanup_free_ char* list = NULL;
        size_t size = 0;
        int r = attributes_list(from_fd, &list, &size);
        for (size_t at = 0; r >= 0 && at < size; at += strlen(list + at) + 1)
                if (wanted(list + at))
                        r = attribute_copy(from_fd, to_fd, list + at, from_base, to_base);
        return unsupported(r) ? 0 : r;
}

int tree_meta_copy(int from_fd, int to_fd, uint32_t from_base, uint32_t to_base, bool fresh) {
        struct stat st;
        if (fstat(from_fd, &st) < 0)
                return -errno;
        /* A change of owner takes set-id bits off, a change of mode rewrites an ACL's mask, attributes change nothing else. */
        if (fchown(to_fd, tree_id_shift(st.st_uid, from_base, to_base), tree_id_shift(st.st_gid, from_base, to_base)) < 0 ||
            fchmod(to_fd, st.st_mode & 07777) < 0)
                return -errno;
        int r = fresh ? 0 : attributes_drop(from_fd, to_fd);
        if (r >= 0)
                r = attributes_copy(from_fd, to_fd, from_base, to_base);
        if (r < 0)
                return r;
        const struct timespec times[] = { st.st_atim, st.st_mtim };
        return futimens(to_fd, times) < 0 ? -errno : 0;
}
