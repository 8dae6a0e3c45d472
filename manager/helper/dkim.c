#include "helper/dkim.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/secret.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define OPENSSL "/usr/bin/openssl"
#define NOBODY 65534
#define PEM_MAX (16 * 1024)

static int root_open(const char* directory, int* ret_fd, Error* reterr) {
        struct stat st;
        _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(reterr, -errno, "Cannot open the mail keys' directory");
        if (st.st_uid != geteuid() || (st.st_mode & 0077) != 0)
                return error_set(reterr, ERROR_HELPER_FAILED, "%s must belong to root and be nobody else's to look at.", directory);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* Entries of the directory that are no dots, and no remains of a write that was cut. */
static unsigned entries(int directory_fd) {
        unsigned n = 0;
        int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* d = fd < 0 ? NULL : fdopendir(fd);
        for (struct dirent* e; d && (e = readdir(d));)
                n += *e->d_name != '.';
        if (d)
                (void) closedir(d);
        return n;
}

static int domain_open(int root_fd, const char* domain, bool make, int* ret_fd) {
        if (make && mkdirat(root_fd, domain, 0700) < 0 && errno != EEXIST)
                return -errno;
        *ret_fd = openat(root_fd, domain, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return *ret_fd < 0 ? -errno : 0;
}

/* Nothing from outside goes in, so it may run as we are; the key leaves it only through the pipe. */
static int pair_make(char** ret_pem, Error* reterr) {
        static const char* const argv[] = { OPENSSL, "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", NULL };
        static const char* const loud[] = { OPENSSL, "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", NULL };
        const ProcessOptions options = { .output_max = PEM_MAX, .timeout_sec = 60, .stdout_only = true };
        ProcessResult result = {};
        int r = process_run(argv, &options, &result);
        if (r >= 0 && result.exit_code != 0) { /* openssl before 3.0 knows no -quiet, and then only fills the log with dots */
                process_result_done(&result);
                r = process_run(loud, &options, &result);
        }
        if (r >= 0 && (result.exit_code != 0 || !startswith(result.output, "-----BEGIN PRIVATE KEY-----")))
                r = error_set(reterr, ERROR_HELPER_FAILED, "openssl could not make a key (code %d).", result.exit_code);
        else if (r < 0)
                r = error_errno(reterr, r, "Cannot run openssl");
        else
                *ret_pem = TAKE_PTR(result.output);
        if (result.output)
                explicit_bzero(result.output, result.output_size);
        process_result_done(&result);
        return r;
}

/* The base64 between the frame, in one line; owned. NULL when it is not what openssl prints. */
static char* unframed(const char* pem) {
        const char* p = startswith(pem, "-----BEGIN PUBLIC KEY-----\n");
        char* out = p ? malloc(DKIM_PUBLIC_MAX + 1) : NULL;
        size_t n = 0;
        for (; out && *p && *p != '-' && n < DKIM_PUBLIC_MAX; p++)
                if (*p != '\n')
                        out[n++] = *p;
        if (!out)
                return NULL;
        out[n] = 0;
        if (n < 64 || *p != '-' || out[strspn(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")] != 0) {
                free(out);
                return NULL;
        }
        return out;
}

/* The file may have come back from a backup, so it is parsed without privilege. */
static int public_of(const char* pem, char** ret, Error* reterr) {
        static const char* const argv[] = { OPENSSL, "pkey", "-pubout", NULL };
        _cleanup_(process_result_done) ProcessResult result = {};
        bool root = geteuid() == 0;
        int r = process_run(
                        argv,
                        &(ProcessOptions) { .input = pem, .input_size = strlen(pem), .timeout_sec = 10, .stdout_only = true,
                                            .user_id = root ? NOBODY : 0, .group_id = root ? NOBODY : 0 },
                        &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run openssl");
        char* key = result.exit_code == 0 ? unframed(result.output) : NULL;
        if (!key)
                return error_set(reterr, ERROR_HELPER_FAILED, "The mail key cannot be read.");
        *ret = key;
        return 0;
}

static int pair_add(int root_fd, int domain_fd, const char* file, char** ret_pem, Error* reterr) {
        if (entries(root_fd) > DKIM_DOMAINS_MAX || entries(domain_fd) >= DKIM_SELECTORS_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "There are too many mail keys already; at most %d for a domain.", DKIM_SELECTORS_MAX);
        int r = pair_make(ret_pem, reterr);
        if (r < 0)
                return r;
        r = file_write(domain_fd, file, *ret_pem, strlen(*ret_pem), 0600);
        return r < 0 ? error_errno(reterr, r, "Cannot keep the mail key") : 0;
}

int dkim_key_ensure(const char* directory, const char* domain, const char* selector, char** ret_public, Error* reterr) {
        _cleanup_close_ int root_fd = -EBADF, domain_fd = -EBADF;
        _cleanup_(erase_and_freep) char* pem = NULL;
        char file[64];
        (void) snprintf(file, sizeof(file), "%s.pem", selector);
        int r = root_open(directory, &root_fd, reterr);
        if (r < 0)
                return r;
        r = domain_open(root_fd, domain, /* make= */ true, &domain_fd);
        if (r >= 0)
                r = file_read(domain_fd, file, PEM_MAX, &pem, NULL);
        if (r == -ENOENT && domain_fd >= 0)
                r = pair_add(root_fd, domain_fd, file, &pem, reterr);
        if (r < 0) {
                (void) unlinkat(root_fd, domain, AT_REMOVEDIR); /* only goes when it is empty */
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot read the mail key");
        }
        return public_of(pem, ret_public, reterr);
}

int dkim_key_remove(const char* directory, const char* domain, const char* selector, Error* reterr) {
        _cleanup_close_ int root_fd = -EBADF, domain_fd = -EBADF;
        char file[64];
        (void) snprintf(file, sizeof(file), "%s.pem", selector);
        int r = root_open(directory, &root_fd, reterr);
        if (r < 0)
                return r;
        r = domain_open(root_fd, domain, /* make= */ false, &domain_fd);
        if (r == -ENOENT)
                return 0;
        if (r >= 0 && unlinkat(domain_fd, file, 0) < 0 && errno != ENOENT)
                r = -errno;
        if (r >= 0 && fsync(domain_fd) < 0)
                r = -errno;
        if (r < 0)
                return error_errno(reterr, r, "Cannot remove the mail key");
        (void) unlinkat(root_fd, domain, AT_REMOVEDIR);
        return 0;
}
