/* Gets one certificate: by ACME (RFC 8555) with uacme, or from what somebody uploaded. What comes out lies in our own directory on tmpfs
 * until the helper has judged and taken it; then the web server itself is asked what it shows. */
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/validate.h"
#include "config.h"
#include "net/probe.h"
#include "worker/certificate-internal.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define UACME "/usr/bin/uacme"
#define PROBES 150
#define PROBE_USEC (100 * USEC_PER_MSEC)
#define ADOPT_TRIES 3
#define ADOPT_PAUSE_USEC USEC_PER_SEC
#define CLOCK_SLACK_SEC 3600 /* an authority dates back certificates by about as much */

static bool name_valid(const char* name) {
        return dns_name_valid(name && startswith(name, "*.") ? name + 2 : name);
}

static int request_take(Certificate* c, Error* reterr) {
        const json_t* request = worker_request(c->w);
        size_t i;
        json_t* name;
        c->acme_url = json_get_string(request, "acme_url");
        c->prove = json_get_string(request, "prove");
        c->by_dns = streq_ptr(json_get_string(request, "method"), "dns-01");
        c->staging = json_get_boolean(request, "staging", false);
        json_array_foreach(json_object_get(request, "names"), i, name) {
                if (c->n_names == CERTIFICATE_NAMES_MAX || !name_valid(json_string_value(name)))
                        return error_set(reterr, ERROR_BAD_REQUEST, "The certificate's names are not names of hosts.");
                c->names[c->n_names++] = json_string_value(name);
        }
        if (c->n_names == 0 || !url_https_valid(c->acme_url))
                return error_set(reterr, ERROR_BAD_REQUEST, "The request needs names and the authority's address.");
        return 0;
}

/* --- the authority --- */

/* Before anything is ordered: an order that fails for want of a network or a right clock would still count against its limits. */
static int authority_look(Certificate* c, Error* reterr) {
        int64_t date = 0;
        worker_progress(c->w, "prepare", 2, "Looking whether the authority can be reached");
        int r = probe_authority(c->acme_url, &date, reterr);
        if (r < 0 && error_has_name(reterr, ERROR_TOO_MANY) && reterr->retry_after > 0)
                (void) worker_ask(c->w, json_pack("{s:s, s:I}", "what", "later", "at", (json_int_t) (now_seconds() + reterr->retry_after)), NULL, NULL);
        if (r < 0 || date == 0)
                return r;
        int64_t ahead = now_seconds() - date;
        if (ahead <= CLOCK_SLACK_SEC && ahead >= -CLOCK_SLACK_SEC)
                return 0;
        (void) error_set(reterr, ERROR_WRONG_STATE, "This machine's clock is %lld hours %s that of the authority, so nothing is fetched.",
                         (long long) ((ahead < 0 ? -ahead : ahead) / 3600), ahead < 0 ? "behind" : "ahead of");
        return error_hint(reterr, "Set the clock right, by NTP or at the provider's console; it is tried again by itself.");
}

static int key_path(const Certificate* c, char** ret) {
        return asprintf(ret, "%s/private/key.pem", c->state) < 0 ? -ENOMEM : 0;
}

/* The key the manager keeps for this authority, put where uacme looks. 1 = there, 0 = there is none yet. */
static int account_take(Certificate* c, Error* reterr) {
        _cleanup_json_ json_t* data = NULL;
        _cleanup_free_ char *directory = NULL, *path = NULL;
        int r = worker_ask(c->w, json_pack("{s:s}", "what", "account"), &data, reterr);
        if (r < 0)
                return r;
        const char* key = json_get_string(data, "key");
        if (!key)
                return 0;
        r = asprintf(&directory, "%s/private", c->state) < 0 ? -ENOMEM : directory_make(directory, 0700);
        if (r >= 0)
                r = key_path(c, &path);
        if (r >= 0)
                r = file_write(AT_FDCWD, path, key, strlen(key), 0600);
        return r < 0 ? error_errno(reterr, r, "Cannot use the account at the authority") : 1;
}

static int account_make(Certificate* c, Error* reterr) {
        const char* const argv[] = { UACME, "-v", "-v", "-v", "-y", "-a", c->acme_url, "-c", c->state, "-t", "EC", "new", NULL };
        _cleanup_free_ char* path = NULL;
        _cleanup_(erase_and_freep) char* key = NULL;
        size_t size = 0;
        worker_progress(c->w, "prepare", 5, "Introducing the box to the authority");
        int r = acme_run(c, argv, reterr);
        if (r < 0)
                return r;
        r = key_path(c, &path);
        if (r >= 0)
                r = file_read(AT_FDCWD, path, PEM_MAX, &key, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot keep the account at the authority");
        return worker_ask(c->w, json_pack("{s:s, s:s}", "what", "account-keep", "key", key), NULL, reterr);
}

static int issue(Certificate* c, Error* reterr) {
        const char* argv[16 + CERTIFICATE_NAMES_MAX] = { UACME, "-v", "-v", "-v", "-a", c->acme_url, "-c", c->state, "-t", "EC", "-h",
                                                         STEADBOX_LIBEXECDIR "/steadbox-acme-hook", "issue" };
        const char* hook = secure_getenv("STEADBOX_ACME_HOOK_PROGRAM"); /* tests run from the build tree */
        size_t n = 13;
        if (hook)
                argv[11] = hook;
        for (size_t i = 0; i < c->n_names; i++)
                argv[n++] = c->names[i];
        worker_progress(c->w, "challenge", 15, c->n_names > 1 ? "Asking for %s and %zu more" : "Asking for %s", c->names[0], c->n_names - 1);
        return acme_run(c, argv, reterr);
}

static int fetch(Certificate* c, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = account_take(c, reterr);
        bool known = r > 0;
        if (r == 0)
                r = account_make(c, reterr);
        if (r < 0)
                return r;
        r = issue(c, &e);
        if (r < 0 && known && c->said.no_account) { /* the authority has forgotten us: a test's, or after a long time */
                r = account_make(c, reterr);
                return r < 0 ? r : issue(c, reterr);
        }
        if (r < 0) {
                *reterr = e;
                e = ERROR_NULL;
        }
        return r;
}

/* --- what came out --- */

/* uacme names its directory after the first name; a wildcard's without the star. */
static int leave(Certificate* c, const char* from_format, const char* to, char** ret, Error* reterr) {
        _cleanup_free_ char *from = NULL, *path = NULL;
        _cleanup_(erase_and_freep) char* text = NULL;
        const char* first = startswith(c->names[0], "*.") ?: c->names[0];
        size_t size = 0;
        if (asprintf(&from, "%s/%s%s/%s", c->state, from_format, first, streq(to, "key.pem") ? "key.pem" : "cert.pem") < 0 ||
            asprintf(&path, "%s/%s", c->directory, to) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot keep the certificate");
        int r = file_read(AT_FDCWD, from, PEM_MAX, &text, &size);
        if (r >= 0 && !strstr(text, "-----BEGIN "))
                r = -EBADMSG;
        if (r >= 0)
                r = file_write(AT_FDCWD, path, text, size, 0640); /* our group is the helper, which has no power over others' files */
        if (r < 0)
                return error_errno(reterr, r, "Cannot keep %s", to);
        *ret = TAKE_PTR(text);
        return 0;
}

/* A helper that dies meanwhile is started anew by the next question, and taking the same pair twice does no harm; an order that the authority
 * has filled is too dear to be lost for that. */
int certificate_adopt(Certificate* c, const char* chain, json_t* names, Error* reterr) {
        _cleanup_json_ json_t* question = json_pack("{s:s}", "what", "adopt");
        worker_progress(c->w, "switch", 85, "Putting it in place");
        if (names)
                (void) json_object_set_new(question, "names", names);
        for (unsigned i = 1;; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                int r = worker_ask(c->w, json_incref(question), NULL, &e);
                if (r >= 0)
                        return r;
                if (e.name != ERROR_HELPER_FAILED || i == ADOPT_TRIES || worker_cancelled(c->w)) {
                        (void) error_set(reterr, e.name, "%s", strempty(e.message));
                        return isempty(e.hint) ? r : error_hint(reterr, "%s", e.hint);
                }
                worker_log(c->w, "warning", "%s", e.message);
                (void) usleep(ADOPT_PAUSE_USEC);
        }
}

/* The helper reloads nginx without waiting for it, and a name that showed another certificate so far is switched after that. What is not
 * shown in time is no reason to fetch again: it is in place, and the ports are looked at once more afterwards. */
static void prove_served(Certificate* c, const char* chain) {
        const char* address = secure_getenv("STEADBOX_WEB_ADDRESS") ?: "127.0.0.1";
        for (unsigned i = 0; c->prove && i < PROBES; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                worker_progress(c->w, "switch", 90, "Looking at what the web server shows");
                if (probe_certificate(c->prove, address, 443, chain, &e) > 0)
                        return;
                if (worker_cancelled(c->w) || i + 1 == PROBES)
                        break; /* it is in place; that cannot be cancelled any more */
                (void) usleep(PROBE_USEC);
        }
        if (c->prove)
                worker_log(c->w, "warning", "The new certificate is in place, but the web server does not show it for %s yet.", c->prove);
}

static json_t* result_of(const Certificate* c, bool kept_old) {
        json_t* names = json_array();
        for (size_t i = 0; i < c->n_names; i++)
                (void) json_array_append_new(names, json_string(c->names[i]));
        return json_pack("{s:o, s:i, s:b}", "names", names, "challenges", (int) c->answered, "kept_old", (int) kept_old);
}

static int run(Certificate* c, json_t** ret_result, Error* reterr) {
        _cleanup_free_ char* chain = NULL;
        _cleanup_(erase_and_freep) char* key = NULL;
        int r = authority_look(c, reterr);
        if (r >= 0)
                r = fetch(c, reterr);
        if (r < 0)
                return r;
        worker_progress(c->w, "prove", 75, "Looking at what the authority sent");
        r = leave(c, "", "chain.pem", &chain, reterr);
        if (r >= 0)
                r = leave(c, "private/", "key.pem", &key, reterr);
        if (r < 0)
                return r;
        _cleanup_error_ Error e = ERROR_NULL;
        r = certificate_adopt(c, chain, /* names= */ NULL, &e);
        if (r < 0 && c->staging && error_has_name(&e, ERROR_CONFLICT)) { /* a test that went well, and may not replace what is better */
                *ret_result = result_of(c, /* kept_old= */ true);
                worker_progress(c->w, NULL, 100, "The test service would sign for %s; the trusted certificate stays", c->names[0]);
                return 0;
        }
        if (r < 0) {
                *reterr = e;
                e = ERROR_NULL;
                return r;
        }
        prove_served(c, chain);
        *ret_result = result_of(c, /* kept_old= */ false);
        worker_progress(c->w, NULL, 100, "%s has a certificate", c->names[0]);
        return 0;
}

static int fetch_main(Certificate* c, json_t** ret_result, Error* reterr) {
        int r = request_take(c, reterr);
        if (r < 0)
                return r;
        if (asprintf(&c->state, "%s/state", c->directory) < 0 || asprintf(&c->hook_path, "%s/hook.sock", c->directory) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot begin");
        r = directory_make(c->state, 0700);
        if (r >= 0)
                r = acme_hook_listen(c);
        r = r < 0 ? error_errno(reterr, r, "Cannot prepare") : run(c, ret_result, reterr);
        challenges_drop(c);
        closep(&c->hook_fd);
        (void) unlink(c->hook_path);
        return r;
}

int certificate_main(Worker* w, json_t** ret_result, Error* reterr) {
        Certificate* c = calloc(1, sizeof(Certificate));
        if (!c)
                return error_errno(reterr, -ENOMEM, "Cannot begin");
        *c = (Certificate) {
                .w = w,
                .hook_fd = -EBADF,
                .directory = secure_getenv("RUNTIME_DIRECTORY") ?: ".",
                .challenges = secure_getenv("STEADBOX_CHALLENGES") ?: "/run/steadbox-challenge",
        };
        bool upload = streq_ptr(json_get_string(worker_request(w), "mode"), "upload");
        int r = upload ? certificate_upload_run(c, ret_result, reterr) : fetch_main(c, ret_result, reterr);
        free(c->hook_path);
        free(c->state);
        error_done(&c->failed);
        free(c);
        return r;
}
