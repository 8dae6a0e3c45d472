/* Certificates: made here, or taken from what an ACME job left; listed. */
#include "base/log.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/time.h"
#include "helper/certificate-store.h"
#include "helper/check.h"
#include "helper/helper.h"
#include "helper/nginx.h"
#include "helper/render-nginx.h"
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>

#define JOBS_DIRECTORY "/run/steadbox-acme"
#define RENEW_BEFORE_SEC (30 * 24 * 3600) /* a self-signed one is made anew when it has less than this left */

/* A certificate in place is worth nothing before nginx has it. The check comes first, so that a bad one is taken back unseen; without
 * a configuration of ours there is nobody to tell. */
static int switch_and_reload(Helper* h, sd_bus_message* call, const char* id, const char* chain, const char* key, Error* reterr) {
        _cleanup_free_ char* configuration = NULL;
        CertificateSwitch s = { .directory_fd = -EBADF };
        int r = nginx_current(&configuration, reterr);
        if (r < 0)
                return r;
        bool running = r > 0;
        r = certificate_switch(id, chain, key, &s, reterr);
        if (r < 0)
                return r;
        r = running ? nginx_check(h, configuration, reterr) : 0;
        if (r < 0) {
                certificate_switch_back(&s);
                return r;
        }
        certificate_switch_done(&s);
        log_notice("Certificate %s was switched.", id);
        return running ? nginx_reload(h, call, reterr) : VERB_DONE;
}

static int self_sign_needed(const char* id, const char* name, Error* reterr) {
        _cleanup_(certificate_done) Certificate present = {};
        _cleanup_close_ int fd = -EBADF;
        uint64_t now = (uint64_t) now_seconds();
        int r = certificate_directory_open(&fd, reterr);
        if (r >= 0)
                r = certificate_load(fd, id, &present, NULL, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        if (certificate_covers(&present, name) && now >= present.not_before &&
            now + (present.self_signed ? RENEW_BEFORE_SEC : 0) < present.not_after)
                return 0;
        if (!present.self_signed && now < present.not_after)
                return error_set(reterr, ERROR_CONFLICT, "Certificate %s comes from an authority and is still valid.", id);
        return 1;
}

/* Safe with a hostile manager: an id and a name of letters, digits, dots, colons and dashes go into a constant request; openssl runs
 * with fixed arguments. A certificate of an authority is never replaced by a self-made one while it is valid. */
int verb_certificate_self_sign(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char *id, *name;
        _cleanup_free_ char* chain = NULL;
        _cleanup_(erase_and_freep) char* key = NULL;
        int r = sd_bus_message_read(call, "ss", &id, &name);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = check_id("certificate", id, reterr);
        if (r >= 0)
                r = check_name_or_address("name", name, reterr);
        if (r >= 0)
                r = self_sign_needed(id, name, reterr);
        if (r <= 0)
                return r < 0 ? r : VERB_DONE;
        r = certificate_make(name, &chain, &key, reterr);
        return r < 0 ? r : switch_and_reload(h, call, id, chain, key, reterr);
}

/* The job's directory belongs to steadbox-acme, who may have put anything there: links, pipes, other people's files by hard link. It is
 * therefore read as that user: whatever comes out, the job could have said itself. */
static int left_read(const char* job, const char* file, uid_t uid, gid_t gid, char** ret, Error* reterr) {
        char path[128];
        _cleanup_(process_result_done) ProcessResult result = {};
        (void) snprintf(path, sizeof(path), JOBS_DIRECTORY "/%s/%s", job, file);
        const char* const argv[] = { "/usr/bin/head", "--bytes=65537", path, NULL };
        int r = process_run(
                        argv,
                        &(ProcessOptions) { .output_max = CERTIFICATE_PEM_MAX + 1, .timeout_sec = 5, .stdout_only = true, .user_id = uid, .group_id = gid },
                        &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the job's %s", file);
        if (result.exit_code != 0)
                return error_set(reterr, ERROR_NOT_FOUND, "The job %s has left no %s.", job, file);
        if (result.output_size > CERTIFICATE_PEM_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "The job's %s is larger than %d bytes.", file, CERTIFICATE_PEM_MAX);
        if (strspn(result.output, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=- \n") != result.output_size)
                return error_set(reterr, ERROR_HELPER_FAILED, "The job's %s is not in PEM form.", file);
        *ret = TAKE_PTR(result.output);
        return 0;
}

typedef struct Adoption {
        char* chain;                                    /* owned */
        char* key;                                      /* owned, wiped */
        const char* id;                                 /* borrowed from the call, as the rest */
        const char* job;
        const char* names[CERTIFICATE_NAMES_MAX + 1];   /* NULL-ended */
} Adoption;

static void adoption_done(Adoption* a) {
        free(a->chain);
        erase_and_free(a->key);
}

static int adoption_read(sd_bus_message* call, Adoption* a, Error* reterr) {
        const char* name;
        size_t n = 0;
        int r = sd_bus_message_read(call, "ss", &a->id, &a->job);
        if (r >= 0)
                r = sd_bus_message_enter_container(call, 'a', "s");
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = check_id("certificate", a->id, reterr);
        if (r >= 0)
                r = check_id("job", a->job, reterr);
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(call, "s", &name)) > 0) {
                if (n >= CERTIFICATE_NAMES_MAX)
                        return error_set(reterr, ERROR_TOO_LARGE, "More than %d names are not supported.", CERTIFICATE_NAMES_MAX);
                r = startswith(name, "*.") && certificate_name_valid(name) ? 0 : check_name_or_address("names", name, reterr);
                if (r < 0)
                        return r;
                a->names[n++] = name;
        }
        return r < 0 ? error_errno(reterr, r, "Cannot read the arguments") : 0;
}

static int adoption_judge(const Adoption* a, uid_t uid, gid_t gid, Error* reterr) {
        _cleanup_(certificate_done) Certificate fresh = {}, present = {};
        _cleanup_close_ int fd = -EBADF;
        int r = certificate_key_matches(a->chain, a->key, uid, gid, reterr);
        if (r >= 0)
                r = certificate_read_pem(a->chain, strlen(a->chain), &fresh, reterr);
        if (r >= 0)
                r = certificate_directory_open(&fd, reterr);
        if (r >= 0)
                r = certificate_load(fd, a->id, &present, NULL, reterr);
        if (r < 0)
                return r;
        return certificate_may_replace(r > 0 ? &present : NULL, &fresh, a->names, (uint64_t) now_seconds(), reterr);
}

/* Safe with a hostile manager: two ids choose a directory below one that only certificate jobs can write, and it is read with their
 * rights. What lies there is parsed by openssl as nobody (the certificate) and as the job's own user (the key), never as root; nginx
 * checks the pair before it counts. The worst a manager and a job together achieve is a certificate for the wrong name. */
int verb_certificate_adopt(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        _cleanup_(adoption_done) Adoption a = {};
        int r = adoption_read(call, &a, reterr);
        if (r < 0)
                return r;
        struct passwd* acme = getpwnam("steadbox-acme");
        if (!acme || acme->pw_uid == 0)
                return error_set(reterr, ERROR_HELPER_FAILED, "There is no user steadbox-acme.");
        uid_t uid = acme->pw_uid;
        gid_t gid = acme->pw_gid;
        r = left_read(a.job, "chain.pem", uid, gid, &a.chain, reterr);
        if (r >= 0)
                r = left_read(a.job, "key.pem", uid, gid, &a.key, reterr);
        if (r >= 0)
                r = adoption_judge(&a, uid, gid, reterr);
        return r < 0 ? r : switch_and_reload(h, call, a.id, a.chain, a.key, reterr);
}

typedef struct Listing {
        sd_bus_message* reply;
        int directory_fd;
        unsigned n;
} Listing;

static int append_certificate(const char* id, void* userdata) {
        Listing* l = userdata;
        _cleanup_(certificate_done) Certificate c = {};
        _cleanup_error_ Error e = ERROR_NULL;
        uint64_t switched = 0;
        if (l->n++ >= 256)
                return 0;
        int r = certificate_load(l->directory_fd, id, &c, &switched, &e);
        if (r < 0)
                log_warning("Certificate %s is left out of the list: %s", id, strempty(e.message));
        if (r <= 0)
                return 0;
        r = sd_bus_message_open_container(l->reply, 'r', "sassbbttts");
        if (r >= 0)
                r = sd_bus_message_append(l->reply, "s", id);
        if (r >= 0)
                r = sd_bus_message_append_strv(l->reply, c.names);
        if (r >= 0)
                r = sd_bus_message_append(
                                l->reply, "sbbttts", c.issuer, (int) c.self_signed, (int) c.trusted, c.not_before, c.not_after, switched, c.fingerprint);
        return r < 0 ? r : sd_bus_message_close_container(l->reply);
}

/* Safe with a hostile manager: no argument; certificates are public. */
int verb_certificate_list(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        _cleanup_close_ int fd = -EBADF;
        int r = certificate_directory_open(&fd, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "(sassbbttts)");
        if (r >= 0)
                r = certificate_each(fd, append_certificate, &(Listing) { .reply = reply, .directory_fd = fd });
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? error_errno(reterr, r, "Cannot list the certificates") : VERB_DONE;
}

/* Whether the configuration in place or the one to fall back to reads this certificate. The trailing slash ends the id. */
static bool configured(const char* configuration, const char* id) {
        char path[128];
        (void) snprintf(path, sizeof(path), NGINX_CERTIFICATES "/%s/", id);
        return configuration && strstr(configuration, path);
}

/* Safe with a hostile manager: an id chooses a link of ours below a directory of root's. The box's own stays, and so does one that the
 * web server would miss at its next start; without a web server nobody misses it. */
int verb_certificate_remove(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char* id;
        _cleanup_free_ char *current = NULL, *last_good = NULL;
        int r = sd_bus_message_read(call, "s", &id);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = check_id("certificate", id, reterr);
        if (r < 0)
                return r;
        if (streq(id, "box"))
                return error_set(reterr, ERROR_WRONG_STATE, "The box's own certificate cannot be removed.");
        r = nginx_current(&current, reterr);
        if (r >= 0)
                r = nginx_last_good(&last_good, reterr);
        if (r < 0)
                return r;
        if (configured(current, id) || configured(last_good, id))
                return error_set(reterr, ERROR_WRONG_STATE, "The web server still shows certificate %s.", id);
        r = certificate_remove(id, reterr);
        if (r > 0)
                log_notice("Certificate %s was removed.", id);
        return r < 0 ? r : VERB_DONE;
}
