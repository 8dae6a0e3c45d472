#include "net/probe.h"
#include "base/secret.h"
#include "identity.h"
#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END "-----END CERTIFICATE-----"

/* The base64 of the first certificate without white space, owned; NULL when there is none. */
static char* pem_first(const char* text) {
        const char* from = strstr(text, PEM_BEGIN);
        const char* to = from ? strstr(from, PEM_END) : NULL;
        if (!to)
                return NULL;
        from += strlen(PEM_BEGIN);
        char* out = malloc((size_t) (to - from) + 1);
        size_t n = 0;
        for (const char* p = from; out && p < to; p++)
                if (*p != '\n' && *p != '\r' && *p != ' ')
                        out[n++] = *p;
        if (out)
                out[n] = 0;
        return out;
}

/* libcurl tells the chain as lists of "name:value"; the leaf is the first. */
static char* leaf_shown(CURL* c) {
        struct curl_certinfo* info = NULL;
        if (curl_easy_getinfo(c, CURLINFO_CERTINFO, &info) != CURLE_OK || !info || info->num_of_certs < 1)
                return NULL;
        for (struct curl_slist* s = info->certinfo[0]; s; s = s->next) {
                const char* pem = startswith(s->data, "Cert:");
                if (pem)
                        return pem_first(pem);
        }
        return NULL;
}

static void setup(CURL* c, const char* url, struct curl_slist* connect_to) {
        (void) curl_easy_setopt(c, CURLOPT_URL, url);
        (void) curl_easy_setopt(c, CURLOPT_CONNECT_TO, connect_to);
        (void) curl_easy_setopt(c, CURLOPT_CERTINFO, 1L);
        (void) curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
        (void) curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(c, CURLOPT_TIMEOUT, 10L);
        /* We compare every byte of the certificate, which is stricter than any list of authorities. */
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
}

int probe_certificate(const char* name, const char* address, unsigned port, const char* chain, Error* reterr) {
        char url[512], to[512];
        _cleanup_free_ char *wanted = pem_first(chain), *shown = NULL;
        (void) snprintf(url, sizeof(url), "https://%s:%u/", name, port);
        (void) snprintf(to, sizeof(to), "%s:%u:%s:%u", name, port, address, port);
        struct curl_slist* connect_to = curl_slist_append(NULL, to);
        CURL* c = curl_easy_init();
        CURLcode code = c && connect_to && wanted ? CURLE_OK : CURLE_OUT_OF_MEMORY;
        if (code == CURLE_OK) {
                setup(c, url, connect_to);
                code = curl_easy_perform(c);
                shown = leaf_shown(c);
        }
        curl_easy_cleanup(c);
        curl_slist_free_all(connect_to);
        if (!shown)
                return error_set(reterr, ERROR_UNREACHABLE, "Port %u at %s shows no certificate: %s.", port, address, curl_easy_strerror(code));
        return streq(shown, wanted);
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

static bool fingerprint_is(const char* base64, const char* fingerprint) {
        uint8_t der[16 * 1024], digest[DIGEST_BYTES];
        char hex[2 * DIGEST_BYTES + 1];
        size_t n = 0;
        if (!base64 || sodium_base642bin(der, sizeof(der), base64, strlen(base64), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
                return false;
        digest_sha256(der, n, digest);
        hex_encode(digest, sizeof(digest), hex);
        return streq(hex, fingerprint);
}

/* *ret_leaf, owned, only over TLS. */
static CURLcode ask(const char* scheme, const char* name, const char* address, unsigned port, Said* said, long* ret_status, char** ret_leaf) {
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
                        *ret_leaf = leaf_shown(c);
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
        _cleanup_free_ char* leaf = NULL;
        CURLcode code = ask("https", name, address, port, &said, &status, &leaf);
        if (!leaf)
                return error_set(reterr, ERROR_UNREACHABLE, "Port %u at %s shows no certificate: %s.", port, address, curl_easy_strerror(code));
        if (status == 200)
                (void) identity_said(&said, ret);
        return fingerprint_is(leaf, fingerprint);
}
