#include "helper/certificate-store.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/secret.h"
#include "helper/check.h"
#include "helper/render-nginx.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define OPENSSL "/usr/bin/openssl"
#define AUTHORITIES "/etc/ssl/certs"
#define VERSIONS ".versions"
#define MARK "self-signed"
#define NOBODY 65534
#define SELF_SIGNED_DAYS "825" /* the most that Apple's platforms accept of a certificate trusted by hand */

int certificate_directory_open(int* ret_fd, Error* reterr) {
        struct stat st;
        _cleanup_close_ int fd = open(NGINX_CERTIFICATES, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(reterr, -errno, "Cannot open the certificates' directory");
        if (st.st_uid != 0 || (st.st_mode & 0022) != 0)
                return error_set(reterr, ERROR_HELPER_FAILED, "%s must belong to root and be writable by nobody else.", NGINX_CERTIFICATES);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* As a browser would, but without a name. Who is known here is what Debian's ca-certificates and the machine's owner say. */
static bool chain_trusted(const char* chain, size_t size) {
        static const char* const argv[] = {
                OPENSSL, "verify", "-no-CAfile", "-no-CAstore", "-CApath", AUTHORITIES, "-purpose", "sslserver", "-untrusted", "/dev/stdin",
                "/dev/stdin", NULL,
        };
        _cleanup_(process_result_done) ProcessResult result = {};
        int r = process_run(
                        argv,
                        &(ProcessOptions) { .input = chain, .input_size = size, .input_again = true, .timeout_sec = 10, .user_id = NOBODY,
                                            .group_id = NOBODY },
                        &result);
        return r >= 0 && result.exit_code == 0;
}

int certificate_read_pem(const char* chain, size_t size, Certificate* ret, Error* reterr) {
        static const char* const argv[] = {
                OPENSSL, "x509", "-noout", "-subject", "-issuer", "-startdate", "-enddate", "-fingerprint", "-sha256", "-ext", "subjectAltName",
                "-nameopt", "RFC2253", "-dateopt", "iso_8601", NULL,
        };
        _cleanup_(process_result_done) ProcessResult result = {};
        int r = process_run(
                        argv,
                        &(ProcessOptions) { .input = chain, .input_size = size, .timeout_sec = 10, .user_id = NOBODY, .group_id = NOBODY },
                        &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run openssl");
        if (result.exit_code != 0)
                return error_set(reterr, ERROR_HELPER_FAILED, "The certificate cannot be read.");
        r = certificate_parse(result.output, ret, reterr);
        if (r >= 0)
                ret->trusted = !ret->self_signed && chain_trusted(chain, size);
        return r;
}

static int public_key(const char* const* argv, const char* pem, uid_t uid, gid_t gid, char** ret, Error* reterr) {
        _cleanup_(process_result_done) ProcessResult result = {};
        int r = process_run(
                        argv,
                        &(ProcessOptions) { .input = pem, .input_size = strlen(pem), .timeout_sec = 10, .stdout_only = true, .user_id = uid, .group_id = gid },
                        &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run openssl");
        if (result.exit_code != 0 || !startswith(result.output, "-----BEGIN PUBLIC KEY-----"))
                return error_set(reterr, ERROR_HELPER_FAILED, "The certificate or its key cannot be read.");
        *ret = TAKE_PTR(result.output);
        return 0;
}

int certificate_key_matches(const char* chain, const char* key, uid_t uid, gid_t gid, Error* reterr) {
        _cleanup_free_ char *of_chain = NULL, *of_key = NULL;
        int r = public_key((const char*[]) { OPENSSL, "x509", "-noout", "-pubkey", NULL }, chain, NOBODY, NOBODY, &of_chain, reterr);
        if (r >= 0)
                r = public_key((const char*[]) { OPENSSL, "pkey", "-pubout", NULL }, key, uid, gid, &of_key, reterr);
        if (r < 0)
                return r;
        if (!streq(of_chain, of_key))
                return error_set(reterr, ERROR_HELPER_FAILED, "The key is not that of the certificate.");
        return 0;
}

/* The PEM block of that kind, with its frame; owned by the caller. Around it openssl may have printed what it pleased. */
static char* pem_block(const char* text, const char* begin, const char* end) {
        const char* from = strstr(text, begin);
        const char* to = from ? strstr(from, end) : NULL;
        char* block = NULL;
        if (to && asprintf(&block, "%.*s%s\n", (int) (to - from), from, end) < 0)
                block = NULL;
        return block;
}

int certificate_make(const char* name, char** ret_chain, char** ret_key, Error* reterr) {
        static const char* const argv[] = {
                OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256", "-days", SELF_SIGNED_DAYS,
                "-config", "/dev/stdin", "-keyout", "/dev/stdout", "-out", "/dev/stdout", NULL,
        };
        _cleanup_free_ char* request = NULL;
        _cleanup_(process_result_done) ProcessResult result = {};
        int r = certificate_request_text(name, &request, reterr);
        if (r < 0)
                return r;
        r = process_run(argv, &(ProcessOptions) { .input = request, .input_size = strlen(request), .timeout_sec = 20 }, &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run openssl");
        char* key = pem_block(result.output, "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
        char* chain = pem_block(result.output, "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
        explicit_bzero(result.output, result.output_size);
        if (result.exit_code != 0 || !key || !chain) {
                erase_and_free(key);
                free(chain);
                return error_set(reterr, ERROR_HELPER_FAILED, "openssl could not make a certificate (code %d).", result.exit_code);
        }
        *ret_chain = chain;
        *ret_key = key;
        return 0;
}

int certificate_load(int directory_fd, const char* id, Certificate* ret, uint64_t* ret_switched, Error* reterr) {
        char path[64];
        _cleanup_free_ char* chain = NULL;
        struct stat st;
        size_t size;
        (void) snprintf(path, sizeof(path), "%s/chain.pem", id);
        int r = file_read(directory_fd, path, CERTIFICATE_PEM_MAX, &chain, &size);
        if (r == -ENOENT)
                return 0;
        if (r < 0 || fstatat(directory_fd, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(reterr, r < 0 ? r : -errno, "Cannot read certificate %s", id);
        r = certificate_read_pem(chain, size, ret, reterr);
        if (r >= 0 && ret_switched)
                *ret_switched = (uint64_t) st.st_mtime;
        return r < 0 ? r : 1;
}

/* openssl takes some 10 ms, and a box with fifty domains asks for fifty certificates whenever a name changes; so the answer is kept beside the
 * chain, and believed while the chain is older. Root's alone can write there. */
int certificate_self_signed(int directory_fd, const char* id, bool* ret, Error* reterr) {
        char chain[64], mark[64];
        struct stat of_chain, of_mark;
        _cleanup_free_ char* kept = NULL;
        _cleanup_(certificate_done) Certificate c = {};
        (void) snprintf(chain, sizeof(chain), "%s/chain.pem", id);
        (void) snprintf(mark, sizeof(mark), "%s/" MARK, id);
        if (fstatat(directory_fd, chain, &of_chain, 0) == 0 && fstatat(directory_fd, mark, &of_mark, AT_SYMLINK_NOFOLLOW) == 0 &&
            (of_mark.st_mtim.tv_sec > of_chain.st_mtim.tv_sec ||
             (of_mark.st_mtim.tv_sec == of_chain.st_mtim.tv_sec && of_mark.st_mtim.tv_nsec >= of_chain.st_mtim.tv_nsec)) &&
            file_read(directory_fd, mark, 16, &kept, NULL) >= 0 && (streq(kept, "yes\n") || streq(kept, "no\n"))) {
                *ret = streq(kept, "yes\n");
                return 1;
        }
        int r = certificate_load(directory_fd, id, &c, NULL, reterr);
        if (r <= 0)
                return r;
        *ret = c.self_signed;
        const char* text = c.self_signed ? "yes\n" : "no\n";
        (void) file_write(directory_fd, mark, text, strlen(text), 0644); /* without it the next time is slow again */
        return 1;
}

int certificate_each(int directory_fd, int (*visit)(const char* id, void* userdata), void* userdata) {
        int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* d = fd < 0 ? NULL : fdopendir(fd);
        int r = 0;
        if (!d)
                return -errno;
        for (struct dirent* e; r >= 0 && (e = readdir(d));)
                if (e->d_type == DT_LNK && check_id("id", e->d_name, NULL) >= 0)
                        r = visit(e->d_name, userdata);
        (void) closedir(d);
        return r;
}

static int version_write(int directory_fd, const char* version, const char* chain, const char* key) {
        if (mkdirat(directory_fd, VERSIONS, 0700) < 0 && errno != EEXIST)
                return -errno;
        if (mkdirat(directory_fd, version, 0700) < 0)
                return -errno;
        _cleanup_close_ int fd = openat(directory_fd, version, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        int r = file_write(fd, "key.pem", key, strlen(key), 0600);
        return r < 0 ? r : file_write(fd, "chain.pem", chain, strlen(chain), 0644);
}

static void version_remove(int directory_fd, const char* version) {
        static const char* const files[] = { "chain.pem", "key.pem", MARK };
        char path[384];
        for (size_t i = 0; i < ELEMENTS(files); i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", version, files[i]);
                (void) unlinkat(directory_fd, path, 0);
        }
        (void) unlinkat(directory_fd, version, AT_REMOVEDIR);
}

/* Versions of id that neither link names: a power cut between two steps left them, keys and all. */
static void versions_sweep(int directory_fd, const char* id, const char* previous) {
        size_t id_size = strlen(id);
        int fd = openat(directory_fd, VERSIONS, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        DIR* d = fd < 0 ? NULL : fdopendir(fd);
        for (struct dirent* e; d && (e = readdir(d));) {
                char path[320];
                if (strncmp(e->d_name, id, id_size) != 0 || e->d_name[id_size] != '-')
                        continue;
                (void) snprintf(path, sizeof(path), VERSIONS "/%s", e->d_name);
                if (!streq_ptr(path, previous))
                        version_remove(directory_fd, path);
        }
        if (d)
                (void) closedir(d);
}

static int link_switch(int directory_fd, const char* id, const char* version) {
        char temporary[64];
        (void) snprintf(temporary, sizeof(temporary), ".%s.new", id);
        (void) unlinkat(directory_fd, temporary, 0);
        if (symlinkat(version, directory_fd, temporary) < 0 || renameat(directory_fd, temporary, directory_fd, id) < 0)
                return -errno;
        return fsync(directory_fd) < 0 ? -errno : 0;
}

static char* link_read(int directory_fd, const char* id) {
        char text[128];
        ssize_t n = readlinkat(directory_fd, id, text, sizeof(text) - 1);
        if (n <= 0)
                return NULL;
        text[n] = 0;
        return startswith(text, VERSIONS "/") ? strdup(text) : NULL;
}

int certificate_switch(const char* id, const char* chain, const char* key, CertificateSwitch* ret, Error* reterr) {
        CertificateSwitch s = { .directory_fd = -EBADF };
        uint8_t random[8];
        char hex[17];
        int r = certificate_directory_open(&s.directory_fd, reterr);
        if (r < 0)
                return r;
        (void) snprintf(s.id, sizeof(s.id), "%s", id);
        random_bytes(random, sizeof(random));
        hex_encode(random, sizeof(random), hex);
        s.previous = link_read(s.directory_fd, id);
        versions_sweep(s.directory_fd, id, s.previous);
        if (asprintf(&s.fresh, VERSIONS "/%s-%s", id, hex) < 0)
                s.fresh = NULL;
        r = s.fresh ? version_write(s.directory_fd, s.fresh, chain, key) : -ENOMEM;
        if (r >= 0)
                r = link_switch(s.directory_fd, id, s.fresh);
        if (r < 0) {
                if (s.fresh)
                        version_remove(s.directory_fd, s.fresh);
                closep(&s.directory_fd);
                free(s.fresh);
                free(s.previous);
                return error_errno(reterr, r, "Cannot put certificate %s in place", id);
        }
        *ret = s;
        return 0;
}

static void switch_end(CertificateSwitch* s, const char* unwanted) {
        if (unwanted)
                version_remove(s->directory_fd, unwanted);
        closep(&s->directory_fd);
        free(s->fresh);
        free(s->previous);
        *s = (CertificateSwitch) { .directory_fd = -EBADF };
}

void certificate_switch_back(CertificateSwitch* s) {
        int r = s->previous ? link_switch(s->directory_fd, s->id, s->previous) : unlinkat(s->directory_fd, s->id, 0) < 0 ? -errno : 0;
        if (r < 0)
                (void) log_error_errno(r, "Cannot switch certificate %s back: %m", s->id);
        switch_end(s, r < 0 ? NULL : s->fresh);
}

void certificate_switch_done(CertificateSwitch* s) {
        switch_end(s, s->previous);
}

int certificate_remove(const char* id, Error* reterr) {
        _cleanup_close_ int fd = -EBADF;
        int r = certificate_directory_open(&fd, reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* version = link_read(fd, id);
        if (unlinkat(fd, id, 0) < 0 && errno != ENOENT)
                return error_errno(reterr, -errno, "Cannot remove certificate %s", id);
        versions_sweep(fd, id, /* previous= */ NULL);
        return version != NULL;
}
