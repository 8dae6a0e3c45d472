#include "data/test-place.h"
#include "data/tree-internal.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

void shell(const World* w, const char* command) {
        _cleanup_free_ char* line = NULL;
        ASSERT_TRUE(asprintf(&line, "cd %s && %s", w->root, command) > 0);
        if (system(line) != 0)
                TEST_FAIL("failed: %s", command);
}

bool world_up(World* w) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (geteuid() != 0) {
                puts("# skipped: needs root");
                return false;
        }
        *w = (World) { .root = "/var/tmp/test-data-XXXXXX" }; /* a file system of the kind that apps have, not tmpfs */
        ASSERT_TRUE(mkdtemp(w->root));
        w->fd = ASSERT_OK(open(w->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        shell(w, "mkdir apps archives exports outside && echo secret >outside/victim && chmod 600 outside/victim && chmod 710 outside");
        ASSERT_OK(place_new(w->root, 0, &w->place, &e));
        ASSERT_OK(place_create(w->place, "notes", SLOT, (PlaceData[]) { { "files", 0, 0 }, { "db", 999, 999 } }, 2, &e));
        return true;
}

void world_down(World* w) {
        shell(w, "test $(cat outside/victim) = secret && test $(stat -c %a,%u outside/victim) = 600,0 && test $(stat -c %a,%u outside) = 710,0 && test $(ls outside | wc -l) = 1");
        w->place = place_free(w->place);
        (void) close(w->fd);
        ASSERT_OK(tree_remove(AT_FDCWD, w->root, NULL));
        ASSERT_TRUE(access(w->root, F_OK) < 0);
}

/* --- comparing --- */

static void same_attributes(int a, int b, const char* name) {
        char la[4096], lb[4096];
        ssize_t na = flistxattr(a, la, sizeof(la)), nb = flistxattr(b, lb, sizeof(lb));
        size_t counted[2] = {};
        for (ssize_t at = 0; at < na; at += (ssize_t) strlen(la + at) + 1) {
                char va[4096], vb[4096];
                if (!startswith(la + at, "user.") || streq(la + at, TREE_MARK)) /* the mark is ours alone, even where the app sets it */
                        continue;
                counted[0]++;
                ssize_t sa = fgetxattr(a, la + at, va, sizeof(va)), sb = fgetxattr(b, la + at, vb, sizeof(vb));
                if (sa != sb || memcmp(va, vb, (size_t) sa) != 0)
                        TEST_FAIL("attribute %s of %s differs", la + at, name);
        }
        for (ssize_t at = 0; at < nb; at += (ssize_t) strlen(lb + at) + 1)
                counted[1] += startswith(lb + at, "user.") && !streq(lb + at, TREE_MARK);
        if (counted[0] != counted[1])
                TEST_FAIL("%s has %zu attributes and its copy %zu", name, counted[0], counted[1]);
}

static void same_content(int a, int b, const char* name) {
        static char ba[65536], bb[65536];
        for (off_t at = 0;;) {
                ssize_t na = pread(a, ba, sizeof(ba), at), nb = pread(b, bb, sizeof(bb), at);
                if (na != nb || (na > 0 && memcmp(ba, bb, (size_t) na) != 0))
                        TEST_FAIL("content of '%s' differs", name);
                if (na <= 0)
                        return;
                at += na;
                if (at > 64 * 1024 * 1024) /* the rest of huge holes */
                        return;
        }
}

static void same_tree(int a, int b, uint32_t from, uint32_t to);

static void same_entry(int a, int b, const char* name, uint32_t from, uint32_t to) {
        struct stat sa, sb;
        if (fstatat(a, name, &sa, AT_SYMLINK_NOFOLLOW) < 0 || fstatat(b, name, &sb, AT_SYMLINK_NOFOLLOW) < 0)
                TEST_FAIL("'%s' is not in both", name);
        if (sa.st_mode != sb.st_mode || sb.st_uid != tree_id_shift(sa.st_uid, from, to) || sb.st_gid != tree_id_shift(sa.st_gid, from, to))
                TEST_FAIL("'%s': %o %u:%u became %o %u:%u", name, sa.st_mode, sa.st_uid, sa.st_gid, sb.st_mode, sb.st_uid, sb.st_gid);
        if (sa.st_mtim.tv_sec != sb.st_mtim.tv_sec || sa.st_mtim.tv_nsec != sb.st_mtim.tv_nsec)
                TEST_FAIL("the time of '%s' differs", name);
        if (S_ISLNK(sa.st_mode)) {
                char ta[4096] = {}, tb[4096] = {};
                ASSERT_TRUE(readlinkat(a, name, ta, sizeof(ta) - 1) >= 0 && readlinkat(b, name, tb, sizeof(tb) - 1) >= 0);
                ASSERT_STREQ(ta, tb);
        }
        if (!S_ISREG(sa.st_mode) && !S_ISDIR(sa.st_mode))
                return;
        _cleanup_close_ int fa = openat(a, name, O_RDONLY | O_NOFOLLOW), fb = openat(b, name, O_RDONLY | O_NOFOLLOW);
        ASSERT_TRUE(fa >= 0 && fb >= 0);
        same_attributes(fa, fb, name);
        if (S_ISDIR(sa.st_mode)) {
                same_tree(fa, fb, from, to);
                return;
        }
        if (sa.st_size != sb.st_size || sa.st_nlink != sb.st_nlink)
                TEST_FAIL("'%s': size %lld links %lu became %lld, %lu", name, (long long) sa.st_size, (unsigned long) sa.st_nlink, (long long) sb.st_size, (unsigned long) sb.st_nlink);
        same_content(fa, fb, name);
}

void unmarked(const World* w, const char* path) {
        char value[16];
        _cleanup_close_ int fd = ASSERT_OK(openat(w->fd, path, O_RDONLY | O_DIRECTORY));
        ASSERT_TRUE(fgetxattr(fd, TREE_MARK, value, sizeof(value)) < 0);
}

static unsigned entries(int fd) {
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        unsigned n = 0;
        ASSERT_OK(tree_names_init(&names, fd));
        while (tree_names_next(&names, &name, NULL) > 0)
                n++;
        return n;
}

static void same_tree(int a, int b, uint32_t from, uint32_t to) {
        _cleanup_(tree_names_done) TreeNames names = {};
        const char* name;
        ASSERT_OK(tree_names_init(&names, a));
        while (tree_names_next(&names, &name, NULL) > 0)
                same_entry(a, b, name, from, to);
        ASSERT_EQ(entries(a), entries(b));
}

void same(const World* w, const char* a, const char* b, uint32_t from, uint32_t to) {
        _cleanup_close_ int fa = openat(w->fd, a, O_RDONLY | O_DIRECTORY), fb = openat(w->fd, b, O_RDONLY | O_DIRECTORY);
        ASSERT_TRUE(fa >= 0 && fb >= 0);
        same_tree(fa, fb, from, to);
}

/* --- what an app may leave --- */

void own(const World* w) {
        char command[128];
        (void) snprintf(command, sizeof(command), "chown -hR %u:%u " DATA "/files && chown -h %u:%u " DATA "/files/many/7", BASE + 33, BASE + 34, BASE + 65534, BASE);
        shell(w, command);
}

void attribute(const World* w, const char* path, const char* name, const char* value) {
        _cleanup_close_ int fd = ASSERT_OK(openat(w->fd, path, O_RDONLY));
        if (fsetxattr(fd, name, value, strlen(value), 0) < 0)
                ASSERT_EQ(errno, EOPNOTSUPP);
}

void furnish(const World* w) {
        shell(w, "cd " DATA "/files && mkdir -p a/b/c many && echo hello >a/b/c/text && touch empty && ln -s /etc/passwd link && ln -s ../../../../outside away"
                 " && ln -s '' x 2>/dev/null || ln -s nowhere x; mkfifo pipe && ln a/b/c/text hard && ln a/b/c/text a/hard2 && truncate -s 40G sparse"
                 " && printf data | dd of=sparse bs=1 seek=1000000 conv=notrunc status=none && dd if=/dev/urandom of=big bs=64k count=40 status=none"
                 " && printf new >new && mkdir 0 && echo zero >0/0 && mkdir .part && touch \"$(printf 'n\\nl\\377 \\\\')\" -- '-rf' && seq 200 | (cd many && xargs touch)");
        own(w);
        shell(w, "cd " DATA "/files && chmod 4755 hard && chmod 2770 a && chmod 0 empty && chmod 1777 many && chmod 000 0 && touch -d 1975-03-02T01:02:03.123456789 big a/b");
        attribute(w, DATA "/files/big", "user.note", "kept");
        attribute(w, DATA "/files/a", "user.steadbox.inode", "planted");
}

int copy(World* w, const char* point, bool early, Error* e) {
        TreeCount count = {};
        return place_copy(w->place, &(PlaceCopy) { .from_app = "notes", .from_slot = SLOT, .app = "notes", .slot = SLOT, .point = point, .early = early }, &count, e);
}
