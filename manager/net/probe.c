#include "net/probe.h"
#include <curl/curl.h>
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
