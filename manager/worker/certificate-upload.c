/* Takes in an uploaded pair: openssl looks at it in this sandbox, as this user, who holds nothing else. What it cannot mend it refuses with
 * a sentence; what browsers will merely dislike becomes a warning. */
#include "base/file.h"
#include "base/format.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/time.h"
#include "worker/certificate-internal.h"
#include "worker/upload.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#define AUTHORITIES "/etc/ssl/certs"
#define SOON_SEC (30 * 86400)

static int openssl_run(const char* const* argv, const char* input, char** ret, Error* reterr) {
        _cleanup_(process_result_done) ProcessResult result = {};
        int r = process_run(argv, &(ProcessOptions) { .input = input, .input_size = strlen(input), .timeout_sec = 20, .input_again = true }, &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run openssl");
        *ret = TAKE_PTR(result.output);
        return result.exit_code == 0;
}

static int words_read(const char* pem, UploadWords* ret, Error* reterr) {
        static const char* const argv[] = {
                OPENSSL, "x509", "-noout", "-subject", "-issuer", "-startdate", "-enddate", "-nameopt", "RFC2253", "-dateopt", "iso_8601", "-text", "-certopt",
                "no_header,no_version,no_serial,no_validity,no_pubkey,no_sigdump,no_aux", NULL,
        };
        _cleanup_free_ char* text = NULL;
        int r = openssl_run(argv, pem, &text, reterr);
        if (r < 0)
                return r;
        if (r == 0 || upload_words_parse(text, ret) < 0)
                return error_field(reterr, ERROR_BAD_FIELD, "chain", "A certificate of the chain cannot be read; perhaps a line of it is missing.");
        return 0;
}

static int key_read(const char* key, char** ret_public, Error* reterr) {
        static const char* const argv[] = { OPENSSL, "pkey", "-pubout", "-passin", "pass:", NULL };
        static const char* const text_argv[] = { OPENSSL, "pkey", "-pubin", "-noout", "-text", NULL };
        _cleanup_free_ char *public_key = NULL, *text = NULL;
        if (strstr(key, "ENCRYPTED")) {
                (void) error_field(reterr, ERROR_BAD_FIELD, "key", "The key is locked with a passphrase.");
                return error_hint(reterr, "Unlock it first: openssl pkey -in locked.pem -out key.pem");
        }
        int r = openssl_run(argv, key, &public_key, reterr);
        if (r < 0)
                return r;
        if (r == 0 || !startswith(public_key, "-----BEGIN PUBLIC KEY-----"))
                return error_field(reterr, ERROR_BAD_FIELD, "key", "The key cannot be read; it must be a private key in PEM form.");
        r = openssl_run(text_argv, public_key, &text, reterr);
        const char* weak = r > 0 ? upload_key_weakness(text) : "What kind of key it is cannot be told.";
        if (r < 0)
                return r;
        if (weak)
                return error_field(reterr, ERROR_BAD_FIELD, "key", "The key is not used. %s", weak);
        *ret_public = TAKE_PTR(public_key);
        return 0;
}

/* Which of the certificates is the key's. */
static int leaf_find(const json_t* pems, const char* public_key, size_t* ret, Error* reterr) {
        static const char* const argv[] = { OPENSSL, "x509", "-noout", "-pubkey", NULL };
        size_t i;
        json_t* pem;
        json_array_foreach(pems, i, pem) {
                _cleanup_free_ char* of = NULL;
                int r = openssl_run(argv, json_string_value(pem), &of, reterr);
                if (r < 0)
                        return r;
                if (r > 0 && streq(of, public_key)) {
                        *ret = i;
                        return 0;
                }
        }
        (void) error_field(reterr, ERROR_BAD_FIELD, "key", "The key is not that of any certificate in the chain.");
        return error_hint(reterr, "Chain and key belong together: take the key with which this certificate was requested.");
}

_printf_(3, 4) static void warn(Certificate* c, json_t* warnings, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        _cleanup_free_ char* text = format_text_va(format, ap);
        va_end(ap);
        if (!text)
                return;
        worker_log(c->w, "warning", "%s", text);
        (void) json_array_append_new(warnings, json_string(text));
}

static int leaf_judge(Certificate* c, const UploadWords* leaf, json_t* warnings, Error* reterr) {
        int64_t now = now_seconds();
        if (leaf->is_authority)
                return error_field(reterr, ERROR_BAD_FIELD, "chain", "This is the certificate of an authority, not of a host.");
        if (json_array_size(leaf->names) == 0)
                return error_field(reterr, ERROR_BAD_FIELD, "chain", "The certificate has no name of a host among its alternative names, so no browser accepts it.");
        if (now >= leaf->not_after)
                return error_field(reterr, ERROR_BAD_FIELD, "chain", "The certificate expired %lld days ago.", (long long) ((now - leaf->not_after) / 86400));
        if (now + 3600 < leaf->not_before)
                return error_field(reterr, ERROR_BAD_FIELD, "chain", "The certificate is valid only in %lld hours; is this machine's clock right?",
                                   (long long) ((leaf->not_before - now) / 3600 + 1));
        if (leaf->weak_signature)
                return error_field(reterr, ERROR_BAD_FIELD, "chain", "The certificate is signed with SHA-1 or MD5, which browsers refuse.");
        if (leaf->not_after - now < SOON_SEC)
                warn(c, warnings, "The certificate expires in %lld days; nobody here can renew it.", (long long) ((leaf->not_after - now) / 86400));
        return 0;
}

/* openssl names the file and the depth; what is wrong stands behind the second colon of its last complaint. */
static const char* complaint(char* text) {
        char* line = strstr(text, "error ");
        char* why = line ? strstr(line, "lookup: ") : NULL;
        if (!why)
                return "its signature leads nowhere";
        why += strlen("lookup: ");
        why[strcspn(why, "\n")] = 0;
        return why;
}

static int trust_judge(Certificate* c, const char* chain, const UploadWords* last, json_t* warnings, Error* reterr) {
        static const char* const argv[] = {
                OPENSSL, "verify", "-no-CAfile", "-no-CAstore", "-CApath", AUTHORITIES, "-purpose", "sslserver", "-untrusted", "/dev/stdin", "/dev/stdin", NULL,
        };
        _cleanup_free_ char* text = NULL;
        int r = openssl_run(argv, chain, &text, reterr);
        if (r != 0)
                return r < 0 ? r : 0;
        if (streq(last->subject, last->issuer))
                warn(c, warnings, "The certificate signed itself, so browsers will warn.");
        else
                warn(c, warnings, "The chain does not lead to an authority this machine knows (%s). What is missing is the certificate of: %s. Browsers may warn.",
                     complaint(text), last->issuer);
        return 0;
}

static int keep(Certificate* c, const char* file, const char* text, Error* reterr) {
        _cleanup_free_ char* path = NULL;
        int r = asprintf(&path, "%s/%s", c->directory, file) < 0 ? -ENOMEM : file_write(AT_FDCWD, path, text, strlen(text), 0640);
        return r < 0 ? error_errno(reterr, r, "Cannot keep %s", file) : 0;
}

static char* chain_in_order(const json_t* pems, const size_t* order, size_t n) {
        char* chain = strdup("");
        for (size_t i = 0; i < n && chain; i++) {
                char* longer = NULL;
                if (asprintf(&longer, "%s%s", chain, json_string_value(json_array_get(pems, order[i]))) < 0)
                        longer = NULL;
                free(chain);
                chain = longer;
        }
        return chain;
}

static int verify(Certificate* c, const json_t* pems, const char* key, UploadWords* words, char** ret_chain, size_t* ret_leaf, json_t* warnings, Error* reterr) {
        _cleanup_free_ char* public_key = NULL;
        size_t order[UPLOAD_CERTIFICATES_MAX], n = json_array_size(pems), leaf = 0;
        int r = key_read(key, &public_key, reterr);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = words_read(json_string_value(json_array_get(pems, i)), &words[i], reterr);
        if (r >= 0)
                r = leaf_find(pems, public_key, &leaf, reterr);
        if (r >= 0)
                r = leaf_judge(c, &words[leaf], warnings, reterr);
        if (r < 0)
                return r;
        size_t count = upload_order(words, n, leaf, order);
        for (size_t i = 0; i < count; i++)
                if (order[i] != i) {
                        worker_log(c->w, "info", "The chain was put in order: the host's certificate first, then who signed it.");
                        break;
                }
        char* chain = chain_in_order(pems, order, count);
        if (!chain)
                return error_errno(reterr, -ENOMEM, "Cannot put the chain in order");
        *ret_chain = chain;
        *ret_leaf = leaf;
        return trust_judge(c, chain, &words[order[count - 1]], warnings, reterr);
}

static int take_in(Certificate* c, const json_t* pair, json_t** ret_result, Error* reterr) {
        const char* key = strempty(json_get_string(pair, "key"));
        UploadWords words[UPLOAD_CERTIFICATES_MAX] = {};
        _cleanup_json_ json_t *pems = NULL, *warnings = json_array();
        _cleanup_free_ char* chain = NULL;
        size_t leaf = 0;
        int r = upload_split(strempty(json_get_string(pair, "chain")), &pems, reterr);
        if (r >= 0)
                r = verify(c, pems, key, words, &chain, &leaf, warnings, reterr);
        if (r >= 0)
                r = keep(c, "chain.pem", chain, reterr);
        if (r >= 0)
                r = keep(c, "key.pem", key, reterr);
        if (r >= 0)
                r = certificate_adopt(c, chain, json_incref(words[leaf].names), reterr);
        if (r >= 0)
                *ret_result = json_pack("{s:O, s:O}", "names", words[leaf].names, "warnings", warnings);
        for (size_t i = 0; i < ELEMENTS(words); i++)
                upload_words_done(&words[i]);
        return r;
}

/* Secrets in a JSON object are wiped before it goes. */
static void pair_erase(json_t* pair) {
        const char* key = json_get_string(pair, "key");
        if (key)
                explicit_bzero((char*) key, strlen(key));
        json_decref(pair);
}

int certificate_upload_run(Certificate* c, json_t** ret_result, Error* reterr) {
        json_t* pair = NULL;
        worker_progress(c->w, "prepare", 10, "Reading what was uploaded");
        int r = worker_ask(c->w, json_pack("{s:s}", "what", "upload"), &pair, reterr);
        if (r < 0)
                return r;
        worker_progress(c->w, "prove", 40, "Looking at chain, key, names and dates");
        r = take_in(c, pair, ret_result, reterr);
        pair_erase(pair);
        if (r >= 0)
                worker_progress(c->w, NULL, 100, "The certificate is in place");
        return r;
}
