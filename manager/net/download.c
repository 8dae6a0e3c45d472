#include "net/download.h"
#include "base/grow.h"
#include <curl/curl.h>
#include <strings.h>

#define TRIES 3
#define REDIRECTS 3L

typedef struct Bytes {
        const DownloadOptions* options;
        char* text;
        size_t size;
        bool too_large;
} Bytes;

static size_t on_bytes(char* bytes, size_t one, size_t n, void* userdata) {
        Bytes* b = userdata;
        int r = text_grow(&b->text, &b->size, bytes, n, b->options->max);
        b->too_large = r == -EFBIG;
        return r < 0 ? 0 : n;
}

static int on_tick(void* userdata, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
        const DownloadOptions* o = userdata;
        return o->cancelled && o->cancelled(o->userdata) ? 1 : 0;
}

static void prepare(CURL* c, const char* url, Bytes* b) {
        const DownloadOptions* o = b->options;
        uint64_t usec = o->call_usec ?: 60 * USEC_PER_SEC;
        (void) curl_easy_setopt(c, CURLOPT_URL, url);
        (void) curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
        (void) curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https");
        (void) curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
        (void) curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS);
        (void) curl_easy_setopt(c, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        (void) curl_easy_setopt(c, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(c, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
        (void) curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long) (MIN(usec, 10 * USEC_PER_SEC) / USEC_PER_MSEC));
        (void) curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long) (usec / USEC_PER_MSEC));
        (void) curl_easy_setopt(c, CURLOPT_USERAGENT, "steadbox");
        (void) curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
        (void) curl_easy_setopt(c, CURLOPT_WRITEDATA, b);
        (void) curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
        (void) curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick);
        (void) curl_easy_setopt(c, CURLOPT_XFERINFODATA, (void*) o);
}

/* One try. 1 = the file is there, 0 = worth another try, and the error says why. */
static int attempt(CURL* c, const char* url, Bytes* b, Error* reterr) {
        const char* whom = b->options->whom;
        long status = 0;
        prepare(c, url, b);
        CURLcode code = curl_easy_perform(c);
        if (b->too_large)
                return error_set(reterr, ERROR_TOO_LARGE, "%s answered with more than %zu KiB.", whom, b->options->max / 1024);
        if (code == CURLE_ABORTED_BY_CALLBACK)
                return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
        if (code == CURLE_PEER_FAILED_VERIFICATION)
                return error_set(reterr, ERROR_UNREACHABLE, "Whoever answers for %s could not prove to be it: %s.", whom, curl_easy_strerror(code));
        (void) curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OK && status == 200)
                return 1;
        if (code != CURLE_OK)
                (void) error_set(reterr, ERROR_UNREACHABLE, "%s cannot be reached: %s.", whom, curl_easy_strerror(code));
        else
                (void) error_set(reterr, ERROR_UNREACHABLE, "%s answered with status %ld instead of %s.", whom, status, strrchr(url, '/') + 1);
        return code != CURLE_OK || status >= 500 || status == 429 ? 0 : -EHOSTUNREACH;
}

static bool is_page(const Bytes* b) {
        const char* p = b->text ? b->text + strspn(b->text, " \t\r\n") : "";
        return *p == '<';
}

int download(const char* url, const DownloadOptions* options, char** ret, size_t* ret_size, Error* reterr) {
        if (!startswith(url, "https://"))
                return error_set(reterr, ERROR_BAD_REQUEST, "%s is no https address.", url);
        CURL* c = curl_easy_init();
        int r = c ? 0 : error_errno(reterr, -ENOMEM, "Cannot fetch %s", url);
        Bytes b = { .options = options };
        for (unsigned i = 0; c && r == 0 && i < TRIES; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                free(b.text);
                b = (Bytes) { .options = options };
                if (i > 0)
                        (void) usleep((useconds_t) (i * USEC_PER_SEC));
                r = attempt(c, url, &b, &e);
                if (r < 0 || (r == 0 && i == TRIES - 1))
                        r = error_set(reterr, e.name, "%s", e.message);
        }
        if (c)
                curl_easy_cleanup(c);
        if (r > 0 && is_page(&b))
                r = error_set(reterr, ERROR_UNREACHABLE, "%s answered with a web page instead of %s; something stands between it and this box.",
                        options->whom, strrchr(url, '/') + 1);
        if (r > 0 && !b.text)
                r = error_set(reterr, ERROR_UNREACHABLE, "%s answered with nothing instead of %s.", options->whom, strrchr(url, '/') + 1);
        if (r <= 0) {
                free(b.text);
                return r;
        }
        *ret = b.text;
        *ret_size = b.size;
        return 0;
}
