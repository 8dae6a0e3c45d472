/* The last step: what was needed only once leaves the disk, from install.json and from the copies that cloud-init keeps of it. A provider
 * has these secrets anyway; a thief of a later backup or snapshot need not. */
#include "base/file.h"
#include "install.h"
#include "scrub.h"
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>

#define COPY_MAX ((size_t) 32 * 1024 * 1024)

static const char* const copies[] = {
        "/var/lib/cloud/instances/*/user-data.txt*",
        "/var/lib/cloud/instances/*/cloud-config.txt",
        "/var/lib/cloud/instances/*/vendor-*data.txt*",
        "/var/lib/cloud/instances/*/vendor-cloud-config.txt",
        "/var/lib/cloud/instances/*/obj.pkl",
        "/var/lib/cloud/instances/*/scripts/*",
        "/var/lib/cloud/seed/*/user-data",
        "/var/lib/cloud/seed/*/vendor-data",
        "/run/cloud-init/instance-data-sensitive.json",
        "/run/cloud-init/combined-cloud-config.json",
};

int secrets_check(Install* i, Error* reterr) {
        return !config_has_secrets(i->config) || i->secrets_erased;
}

/* Overwrites in place, so that no older block of the file survives under another number. */
static int scrub_file(const char* path, const Config* config, unsigned* ret_found) {
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        int r = file_read(AT_FDCWD, path, COPY_MAX, &text, &size);
        if (r < 0)
                return r;
        unsigned found = scrub_secrets(text, size, config);
        if (found > 0) {
                _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
                if (fd < 0)
                        return -errno;
                r = write_full(fd, text, size);
                if (r >= 0 && fsync(fd) < 0)
                        r = -errno;
        }
        explicit_bzero(text, size);
        *ret_found += found;
        return r;
}

/* User-data that came compressed or in base64 cannot be scrubbed; if it is what brought install.json here, it goes as a whole. */
static int drop_if_opaque(const char* path) {
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        int r = file_read(AT_FDCWD, path, COPY_MAX, &text, &size);
        if (r < 0)
                return r;
        if (!scrub_opaque(text, size))
                return 0;
        if (strstr(path, "obj.pkl") || strstr(path, ".json")) /* half a file would confuse cloud-init; it makes them anew */
                return unlink(path) < 0 ? -errno : 1;
        _cleanup_close_ int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fsync(fd) < 0 ? -errno : 1;
}

static int scrub_copies(Install* i, Error* reterr) {
        for (size_t k = 0; k < ELEMENTS(copies); k++) {
                glob_t found = {};
                if (glob(copies[k], 0, NULL, &found) != 0)
                        continue;
                for (size_t n = 0; n < found.gl_pathc; n++) {
                        const char* path = found.gl_pathv[n];
                        unsigned hits = 0;
                        struct stat st;
                        if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
                                continue;
                        int r = scrub_file(path, i->config, &hits);
                        if (r >= 0 && hits == 0)
                                r = drop_if_opaque(path);
                        if (r < 0) {
                                r = error_errno(reterr, r, "Cannot erase secrets in %s", path);
                                globfree(&found);
                                return r;
                        }
                }
                globfree(&found);
        }
        return 0;
}

/* install.json goes last: as long as it has them, a killed run knows what to look for in the copies. */
int secrets_apply(Install* i, Error* reterr) {
        int r = scrub_copies(i, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* rest = config_without_secrets(i->config);
        _cleanup_free_ char* text = rest ? json_dumps(rest, JSON_INDENT(2)) : NULL;
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot erase the secrets");
        unsigned hits = 0;
        r = i->config_path ? scrub_file(i->config_path, i->config, &hits) : 0;
        if (r >= 0 && i->config_path)
                r = file_write(AT_FDCWD, i->config_path, text, strlen(text), 0600);
        if (r < 0)
                return error_errno(reterr, r, "Cannot erase the secrets in %s", i->config_path);
        i->secrets_erased = true;
        return 0;
}
