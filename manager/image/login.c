#include "image/login.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/validate.h"
#include "image/reference.h"
#include "store/store-registry.h"
#include "store/store-secret.h"
#include <stdio.h>

#define SEAL_NAME "registry"
#define HOST_BYTES sizeof(((ImageReference*) NULL)->host)

/* Registries whose tokens are known to come from elsewhere. */
static const char* const token_hosts[][2] = { { "docker.io", "auth.docker.io" } };

/* As references name it: "Registry.Example" and "index.docker.io" would never be asked for. */
static int host_read(const char* field, const char* text, char ret[static HOST_BYTES], Error* reterr) {
        _cleanup_error_ Error ignored = ERROR_NULL;
        ImageReference r;
        char reference[IMAGE_REFERENCE_MAX];
        if (!strchr(text, '/') && snprintf(reference, sizeof(reference), "%s/x", text) < (int) sizeof(reference) &&
            image_reference_parse(reference, &r, &ignored) >= 0 && streq(r.host, text)) {
                (void) snprintf(ret, HOST_BYTES, "%s", r.host);
                return 0;
        }
        (void) error_field(reterr, ERROR_BAD_FIELD, field, "This is not the name of a registry.");
        return error_hint(reterr, "Give what stands before the first slash of its images: ghcr.io, docker.io, registry.example:5000.");
}

static int not_there(const char* host, Error* reterr) {
        return error_set(reterr, ERROR_NOT_FOUND, "There is no login for %.253s.", host);
}

static json_t* login_json(const RegistryRow* row) {
        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "host", row->host, "username", row->username, "token_host",
                         json_string_or_null(isempty(row->token_host) ? NULL : row->token_host), "created_at", json_time_or_null(row->created_at), "tested_at",
                         json_time_or_null(row->tested_at), "error", json_string_or_null(isempty(row->error) ? NULL : row->error));
}

int logins_list(Manager* m, json_t** ret_items, Error* reterr) {
        RegistryRow* rows = NULL;
        size_t n = 0;
        int r = store_registry_all(m->store, &rows, &n, reterr);
        if (r < 0)
                return r;
        json_t* items = json_array();
        for (size_t i = 0; i < n; i++)
                (void) json_array_append_new(items, login_json(&rows[i]));
        registry_rows_free(rows, n);
        *ret_items = items;
        return items ? 0 : error_errno(reterr, -ENOMEM, "Cannot list logins");
}

/* --- sealing --- */

static int generation(Manager* m, int64_t* ret, Error* reterr) {
        SecretRow row = {};
        int r = store_secret_get(m->store, SEAL_NAME, &row, reterr);
        if (r > 0)
                *ret = row.generation;
        return r != 0 ? MIN(r, 0) : store_secret_rotate(m->store, SEAL_NAME, now_seconds(), ret, reterr);
}

static int seal(Manager* m, int64_t g, const char* password, uint8_t** ret, size_t* ret_size, Error* reterr) {
        int r = seal_encrypt(m->seal, SEAL_NAME, (uint64_t) g, password, strlen(password), ret, ret_size);
        return r < 0 ? error_errno(reterr, r, "Cannot seal a password") : 0;
}

/* Owned, to be wiped. */
static int unseal(Manager* m, const RegistryRow* row, char** ret, Error* reterr) {
        uint8_t* bytes = NULL;
        size_t size = 0;
        int r = seal_decrypt(m->seal, SEAL_NAME, row->password, row->password_size, &bytes, &size, reterr);
        if (r < 0)
                return error_context(reterr, "The password for %s", row->host);
        *ret = (char*) bytes; /* seal_decrypt() puts a NUL behind it */
        return 0;
}

int logins_reseal(Manager* m, uint64_t g, Error* reterr) {
        RegistryRow* rows = NULL;
        size_t n = 0;
        int r = store_registry_all(m->store, &rows, &n, reterr);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                _cleanup_(erase_and_freep) char* password = NULL;
                _cleanup_free_ uint8_t* blob = NULL;
                size_t size = 0;
                r = unseal(m, &rows[i], &password, reterr);
                if (r >= 0)
                        r = seal(m, (int64_t) g, password, &blob, &size, reterr);
                if (r >= 0)
                        r = store_registry_password_set(m->store, rows[i].host, blob, size, reterr);
        }
        registry_rows_free(rows, n);
        return MIN(r, 0);
}

/* --- changing --- */

static int count_check(Manager* m, const char* host, Error* reterr) {
        RegistryRow* rows = NULL;
        size_t n = 0;
        bool there = false;
        int r = store_registry_all(m->store, &rows, &n, reterr);
        for (size_t i = 0; i < n; i++)
                there = there || streq(rows[i].host, host);
        registry_rows_free(rows, n);
        if (r >= 0 && !there && n >= LOGINS_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "More than %d logins are not supported.", LOGINS_MAX);
        return MIN(r, 0);
}

/* What would end the header or the pair in it. */
static int words_check(const RegistryLogin* l, Error* reterr) {
        if (!text_valid(l->username, false) || isempty(l->username) || strchr(l->username, ':'))
                return error_field(reterr, ERROR_BAD_FIELD, "username", "A user name has no colon and no control characters.");
        if (!text_valid(l->password, false) || isempty(l->password))
                return error_field(reterr, ERROR_BAD_FIELD, "password", "A password has no control characters.");
        return 0;
}

int login_set(Manager* m, const RegistryLogin* login, json_t** ret, Error* reterr) {
        _cleanup_free_ uint8_t* blob = NULL;
        char host[HOST_BYTES], token_host[HOST_BYTES] = "";
        RegistryRow row = { .host = host, .username = (char*) login->username, .token_host = token_host, .created_at = now_seconds(), .error = (char*) "" };
        int64_t g = 0;
        int r = host_read("host", login->host, host, reterr);
        if (r >= 0 && !isempty(login->token_host))
                r = host_read("token_host", login->token_host, token_host, reterr);
        for (size_t i = 0; i < ELEMENTS(token_hosts) && !*token_host; i++)
                if (streq(token_hosts[i][0], host))
                        (void) snprintf(token_host, sizeof(token_host), "%s", token_hosts[i][1]);
        if (r >= 0)
                r = words_check(login, reterr);
        if (r >= 0)
                r = count_check(m, host, reterr);
        if (r >= 0)
                r = generation(m, &g, reterr);
        if (r >= 0)
                r = seal(m, g, login->password, &blob, &row.password_size, reterr);
        row.password = blob;
        if (r >= 0)
                r = store_registry_set(m->store, &row, reterr);
        if (r < 0)
                return r;
        *ret = login_json(&row);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot show a login");
}

int login_remove(Manager* m, const char* host, Error* reterr) {
        _cleanup_registry_row_ RegistryRow row = {};
        int r = store_registry_get(m->store, host, &row, reterr);
        if (r == 0)
                return not_there(host, reterr);
        return r < 0 ? r : MIN(store_registry_remove(m->store, host, reterr), 0);
}

/* --- testing, and handing out --- */

#define TAG_BYTES (DIGEST_BYTES * 2 + 1)

/* Which login this is, of all that a host ever had: each is sealed with a nonce of its own. Says nothing of the password. */
static void tag_of(const RegistryRow* row, char ret[static TAG_BYTES]) {
        uint8_t digest[DIGEST_BYTES];
        digest_sha256(row->password, row->password_size, digest);
        hex_encode(digest, sizeof(digest), ret);
}

int login_test(Manager* m, const Actor* actor, const char* host, const char* image, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_registry_row_ RegistryRow row = {};
        ImageReference reference;
        char object[300], tag[TAG_BYTES];
        int r = store_registry_get(m->store, host, &row, reterr);
        if (r == 0)
                return not_there(host, reterr);
        if (r >= 0 && image)
                r = image_reference_parse(image, &reference, reterr);
        if (r < 0)
                return r;
        if (image && !streq(reference.host, host))
                return error_field(reterr, ERROR_BAD_FIELD, "image", "This image is at %s, and the login is for %s.", reference.host, host);
        (void) snprintf(object, sizeof(object), "registry:%s", host);
        tag_of(&row, tag);
        r = jobs_add(m->jobs, JOB_IMAGE_PULL, actor, object, json_pack("{s:{s:s, s:o, s:s}}", "login", "host", host, "image", json_string_or_null(image), "tag", tag),
                     ret_job, reterr);
        return MIN(r, 0);
}

int login_open(Manager* m, const char* host, json_t** ret, Error* reterr) {
        _cleanup_registry_row_ RegistryRow row = {};
        _cleanup_(erase_and_freep) char* password = NULL;
        int r = store_registry_get(m->store, host, &row, reterr);
        if (r == 0) {
                *ret = json_null();
                return 0;
        }
        if (r >= 0)
                r = unseal(m, &row, &password, reterr);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s, s:s}", "username", row.username, "password", password, "token_host", row.token_host);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot hand out a password");
}

int login_tested(Manager* m, const char* host, const char* tag, const char* error, Error* reterr) {
        _cleanup_registry_row_ RegistryRow row = {};
        char now[TAG_BYTES];
        int r = store_registry_get(m->store, host, &row, reterr);
        if (r <= 0)
                return r;
        tag_of(&row, now);
        if (!streq_ptr(tag, now))
                return 0;
        return MIN(store_registry_tested(m->store, host, error, now_seconds(), reterr), 0);
}
