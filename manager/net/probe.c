#include "net/probe.h"
#include "base/secret.h"
#include "base/time.h"
#include "identity.h"
#include <curl/curl.h>
#include <stdio.h>

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END "-----END CERTIFICATE-----"
#define DIRECTORY_MAX (16 * 1024)

/* The bytes of the first certificate, owned; NULL when there is none. */
static uint8_t* der_first(const char* text, size_t* ret_size) {
        const char* from = strstr(text, PEM_BEGIN);
        const char* to = from ? strstr(from, PEM_END) : NULL;
        uint8_t* der = NULL;
        if (!to)
                return NULL;
        from += strlen(PEM_BEGIN);
        _cleanup_free_ char* base64 = strndup(from, (size_t) (to - from));
        return base64 && base64_decode(base64, &der, ret_size) >= 0 ? der : NULL;
}

static bool fingerprint_of(const char* pem, char ret[static 65]) {
        size_t size = 0;
        uint8_t digest[DIGEST_BYTES];
        _cleanup_free_ uint8_t* der = der_first(pem, &size);
        if (!der)
                return false;
        digest_sha256(der, size, digest);
        hex_encode(digest, sizeof(digest), ret);
        return true;
}

/* libcurl's two ways to write a moment, by its TLS library. */
static int64_t moment(const char* text) {
        static const char* const formats[] = { "%Y-%m-%d %H:%M:%S GMT", "%b %d %H:%M:%S %Y GMT" };
        text += strspn(text, " ");
        for (size_t i = 0; i < ELEMENTS(formats); i++) {
                struct tm tm = {};
                if (strptime(text, formats[i], &tm))
                        return timegm(&tm);
        }
        return 0;
}

static const char* value_of(const char* line, const char* key) {
        size_t n = strlen(key);
        return strncasecmp(line, key, n) == 0 ? line + n : NULL;
}

/* libcurl tells the chain as lists of "name:value"; the leaf is the first. */
static bool leaf_shown(CURL* c, ProbeSeen* ret) {
        struct curl_certinfo* info = NULL;
        bool found = false;
        const char* value;
        if (curl_easy_getinfo(c, CURLINFO_CERTINFO, &info) != CURLE_OK || !info || info->num_of_certs < 1)
                return false;
        for (struct curl_slist* s = info->certinfo[0]; s; s = s->next) {
                if ((value = value_of(s->data, "Cert:")))
                        found = fingerprint_of(value, ret->fingerprint);
                else if ((value = value_of(s->data, "Issuer:")))
                        (void) snprintf(ret->issuer, sizeof(ret->issuer), "%s", value);
                else if ((value = value_of(s->data, "Start date:")))
                        ret->not_before = moment(value);
                else if ((value = value_of(s->data, "Expire date:")))
                        ret->not_after = moment(value);
        }
        for (char* p = ret->issuer; *p; p++)
                if (*p < ' ' || *p >= 0x7f)
                        *p = '?';
        return found;
}

static void setup(CURL* c, const char* url, struct curl_slist* connect_to) {
        (void) curl_easy_setopt(c, CURLOPT_URL, url);
        (void) curl_easy_setopt(c, CURLOPT_CONNECT_TO, connect_to);
        (void) curl_easy_setopt(c, CURLOPT_CERTINFO, 1L);
        (void) curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(c, CURLOPT_TIMEOUT, 10L);
        /* We compare every byte of the certificate, which is stricter than any list of authorities. */
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
}

int probe_look(const char* protocol, const char* name, const char* address, unsigned port, ProbeSeen* ret, Error* reterr) {
        char url[512], to[512];
        ProbeSeen seen = {};
        bool shown = false;
        (void) snprintf(url, sizeof(url), "%s://%s:%u/", protocol, name, port);
        (void) snprintf(to, sizeof(to), strchr(address, ':') ? "%s:%u:[%s]:%u" : "%s:%u:%s:%u", name, port, address, port);
        struct curl_slist* connect_to = curl_slist_append(NULL, to);
        CURL* c = curl_easy_init();
        CURLcode code = c && connect_to ? CURLE_OK : CURLE_OUT_OF_MEMORY;
        if (code == CURLE_OK) {
                setup(c, url, connect_to);
                (void) curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L); /* the handshake is all we want */
                if (streq(protocol, "smtp") || streq(protocol, "imap"))
                        (void) curl_easy_setopt(c, CURLOPT_USE_SSL, (long) CURLUSESSL_ALL);
                code = curl_easy_perform(c);
                shown = leaf_shown(c, &seen);
        }
        curl_easy_cleanup(c);
        curl_slist_free_all(connect_to);
        if (!shown)
                return error_set(reterr, ERROR_UNREACHABLE, "Port %u at %s shows no certificate: %s.", port, address,
                                 code == CURLE_OK ? "none came" : curl_easy_strerror(code));
        *ret = seen;
        return 0;
}

int probe_certificate(const char* name, const char* address, unsigned port, const char* chain, Error* reterr) {
        char wanted[65];
        ProbeSeen seen;
        if (!fingerprint_of(chain, wanted))
                return error_set(reterr, ERROR_BAD_REQUEST, "There is no certificate to compare with.");
        int r = probe_look("https", name, address, port, &seen, reterr);
        return r < 0 ? r : streq(seen.fingerprint, wanted);
}

/* --- who is there --- */

#define SAID_MAX 256

typedef struct Said {
        char bytes[SAID_MAX + 1];
        size_t n;
} Said;

/* More than fits is no identity; giving fewer bytes back than came ends the transfer. */
static size_t on_said(char* data, size_t one, size_t n, void* userdata) {
        Said* s = userdata;
        if (s->n + n > SAID_MAX)
                return 0;
        memcpy(s->bytes + s->n, data, n);
        s->n += n;
        s->bytes[s->n] = 0;
        return n;
}

static bool identity_said(const Said* s, char ret[static 33]) {
        size_t n = strspn(s->bytes, "0123456789abcdef");
        if (n != 32 || s->bytes[n + strspn(s->bytes + n, "\r\n")] != 0)
                return false;
        memcpy(ret, s->bytes, 32);
        ret[32] = 0;
        return true;
}

/* *ret_leaf only over TLS; NULL = nobody asks. Its fingerprint is empty where none was shown. */
static CURLcode ask(
                const char* scheme, const char* name, const char* address, unsigned port, Said* said, long* ret_status, ProbeSeen* ret_leaf) {
        char url[512], to[512];
        bool six = strchr(address, ':');
        (void) snprintf(url, sizeof(url), "%s://%s:%u" IDENTITY_PATH, scheme, name, port);
        (void) snprintf(to, sizeof(to), six ? "%s:%u:[%s]:%u" : "%s:%u:%s:%u", name, port, address, port);
        struct curl_slist* connect_to = curl_slist_append(NULL, to);
        CURL* c = curl_easy_init();
        CURLcode code = c && connect_to ? CURLE_OK : CURLE_OUT_OF_MEMORY;
        if (code == CURLE_OK) {
                setup(c, url, connect_to);
                (void) curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
                (void) curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_said);
                (void) curl_easy_setopt(c, CURLOPT_WRITEDATA, said);
                code = curl_easy_perform(c);
                (void) curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, ret_status);
                if (ret_leaf)
                        (void) leaf_shown(c, ret_leaf);
        }
        curl_easy_cleanup(c);
        curl_slist_free_all(connect_to);
        return code;
}

int probe_identity(const char* name, const char* address, unsigned port, char ret[static 33], Error* reterr) {
        Said said = {};
        long status = 0;
        CURLcode code = ask("http", name, address, port, &said, &status, NULL);
        if (status == 0)
                return error_set(reterr, ERROR_UNREACHABLE, "Port %u at %s does not answer: %s.", port, address, curl_easy_strerror(code));
        return status == 200 && code == CURLE_OK && identity_said(&said, ret);
}

int probe_fingerprint(const char* name, const char* address, unsigned port, const char* fingerprint, char ret[static 33], Error* reterr) {
        Said said = {};
        long status = 0;
        ProbeSeen leaf = {};
        CURLcode code = ask("https", name, address, port, &said, &status, &leaf);
        if (!*leaf.fingerprint)
                return error_set(reterr, ERROR_UNREACHABLE, "Port %u at %s shows no certificate: %s.", port, address, curl_easy_strerror(code));
        if (status == 200)
                (void) identity_said(&said, ret);
        return streq(leaf.fingerprint, fingerprint);
}

/* --- authorities --- */

typedef struct Directory {
        char text[DIRECTORY_MAX + 1];
        size_t size;
} Directory;

static size_t take_some(char* data, size_t one, size_t n, void* userdata) {
        Directory* d = userdata;
        if (n > DIRECTORY_MAX - d->size)
                return 0;
        memcpy(d->text + d->size, data, n);
        d->size += n;
        return n;
}

/* RFC 8555 7.1.1; uacme reads it again, so this only has to tell a directory from somebody else's web page. */
static bool directory_whole(const Directory* d) {
        static const char* const members[] = { "\"newNonce\"", "\"newAccount\"", "\"newOrder\"" };
        for (size_t i = 0; i < ELEMENTS(members); i++)
                if (!strstr(d->text, members[i]))
                        return false;
        size_t end = d->size;
        while (end > 0 && strchr(" \r\n\t", d->text[end - 1]))
                end--;
        return d->text[strspn(d->text, " \r\n\t")] == '{' && end > 0 && d->text[end - 1] == '}';
}

static int authority_failed(CURL* c, CURLcode code, const char* url, const char* detail, Error* reterr) {
        (void) error_set(reterr, ERROR_UNREACHABLE, "The authority at %s cannot be reached: %s.", url,
                         isempty(detail) ? curl_easy_strerror(code) : detail);
        if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
                return error_hint(reterr, "Either this machine's clock is wrong, or it does not know who signed the authority's own certificate.");
        if (code == CURLE_COULDNT_RESOLVE_HOST)
                return error_hint(reterr, "Its name cannot be looked up: see whether this machine reaches the internet at all.");
        return error_hint(reterr, "See whether this machine reaches the internet, port 443; it is tried again by itself.");
}

static int authority_refused(CURL* c, const char* url, long status, Error* reterr) {
        curl_off_t after = 0;
        (void) curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &after);
        if (status == 429 || (status == 503 && after > 0)) {
                (void) error_set(reterr, ERROR_TOO_MANY, "The authority at %s wants to be asked less often (status %ld).", url, status);
                if (reterr)
                        reterr->retry_after = (unsigned) MIN(MAX(after, (curl_off_t) 600), (curl_off_t) 7 * 86400);
                return error_hint(reterr, "It is tried again by itself when the authority allows it.");
        }
        (void) error_set(reterr, ERROR_UNREACHABLE, "The authority at %s answers with status %ld.", url, status);
        return error_hint(reterr, status >= 500 ? "It is in trouble itself; it is tried again by itself." : "See whether its address is right.");
}

int probe_authority(const char* url, int64_t* ret_date, Error* reterr) {
        char detail[CURL_ERROR_SIZE] = "";
        struct curl_header* date = NULL;
        Directory directory = {};
        long status = 0;
        int r = 0;
        CURL* c = curl_easy_init();
        if (!c)
                return error_errno(reterr, -ENOMEM, "Cannot ask the authority");
        (void) curl_easy_setopt(c, CURLOPT_URL, url);
        (void) curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
        (void) curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 20L);
        (void) curl_easy_setopt(c, CURLOPT_TIMEOUT, 30L);
        (void) curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_some);
        (void) curl_easy_setopt(c, CURLOPT_WRITEDATA, &directory);
        (void) curl_easy_setopt(c, CURLOPT_USERAGENT, "Steadbox");
        (void) curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
        CURLcode code = curl_easy_perform(c);
        (void) curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
        *ret_date = 0;
        if (curl_easy_header(c, "date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK)
                *ret_date = MAX((int64_t) curl_getdate(date->value, NULL), (int64_t) 0);
        if (code != CURLE_OK)
                r = authority_failed(c, code, url, detail, reterr);
        else if (status >= 400)
                r = authority_refused(c, url, status, reterr);
        else if (!directory_whole(&directory)) {
                (void) error_set(reterr, ERROR_UNREACHABLE, "What answers at %s is no ACME directory.", url);
                r = error_hint(reterr, "See whether the authority's address is right, and whether something in between answers in its place.");
        }
        curl_easy_cleanup(c);
        return r;
}
