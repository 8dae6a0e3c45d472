#include "net/fetch.h"
#include "base/secret.h"
#include "base/time.h"
#include "net/body.h"
#include <stdio.h>
#include <strings.h>

#define TRIES_MAX 5
#define WAIT_MAX_USEC (120 * USEC_PER_SEC) /* whoever asks for more is asked another day */
#define CALL_USEC (30 * USEC_PER_SEC)
#define PATIENCE_USEC (180 * USEC_PER_SEC)
#define NAP_USEC (200 * USEC_PER_MSEC)

struct Fetch {
        CURL* curl;
        FetchOptions options; /* strings are ours */
        char* base_url;
        char* authorization;  /* the whole header */
        char* whom;
        uint64_t waited_usec;
};

void fetch_reply_done(FetchReply* r) {
        json_decref(r->body);
        *r = (FetchReply) {};
}

int fetch_new(const FetchOptions* options, Fetch** ret, Error* reterr) {
        if (!startswith(options->base_url, options->plain ? "http://" : "https://"))
                return error_set(reterr, ERROR_BAD_REQUEST, "%s is not an address Steadbox may send a token to.", options->base_url);
        _cleanup_(fetch_freep) Fetch* f = calloc(1, sizeof(Fetch));
        if (!f)
                return error_errno(reterr, -ENOMEM, "Cannot reach %s", options->whom);
        f->options = *options;
        f->options.call_usec = options->call_usec ?: CALL_USEC;
        f->options.patience_usec = options->patience_usec ?: PATIENCE_USEC;
        f->base_url = strdup(options->base_url);
        f->whom = strdup(options->whom);
        f->curl = curl_easy_init();
        if (asprintf(&f->authorization, "Authorization: %s %s", options->scheme, options->secret) < 0)
                f->authorization = NULL;
        if (!f->base_url || !f->whom || !f->curl || !f->authorization)
                return error_errno(reterr, -ENOMEM, "Cannot reach %s", options->whom);
        if (strpbrk(f->authorization, "\r\n"))
                return error_set(reterr, ERROR_WRONG_CREDENTIALS, "The token for %s has a line break in it.", f->whom);
        *ret = TAKE_PTR(f);
        return 0;
}

Fetch* fetch_free(Fetch* f) {
        if (!f)
                return NULL;
        if (f->curl)
                curl_easy_cleanup(f->curl);
        erase_and_free(f->authorization);
        free(f->base_url);
        free(f->whom);
        free(f);
        return NULL;
}

char* fetch_escape(const char* s) {
        char* escaped = curl_easy_escape(NULL, s, (int) strlen(s));
        char* copy = escaped ? strdup(escaped) : NULL; /* so that the caller frees with free() */
        curl_free(escaped);
        return copy;
}

/* --- pure --- */

static bool looks_like_html(const char* text, size_t size) {
        size_t i = 0;
        while (i < size && strchr(" \t\r\n", text[i]) && text[i])
                i++;
        return i < size && text[i] == '<';
}

int fetch_body_parse(const char* whom, const char* text, size_t size, json_t** ret, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (size == 0) {
                *ret = NULL;
                return 0;
        }
        if (json_parse(text, size, ret, &e) >= 0)
                return 0;
        if (looks_like_html(text, size))
                return error_set(reterr, ERROR_UNREACHABLE, "%s answered with a web page instead of data; something stands between it and this box.", whom);
        return error_set(reterr, ERROR_UNREACHABLE, "%s answered with something that is not JSON, or only half of it.", whom);
}

static bool is_harmless_again(const char* method) {
        return !streq(method, "POST"); /* RFC 9110 9.2.2 */
}

uint64_t fetch_patience(const char* method, unsigned status, unsigned tries, uint64_t retry_after) {
        bool told = status == 429 || status == 503; /* refused before anything was done */
        if (tries >= TRIES_MAX || (!told && status != 0 && status < 500) || (!told && !is_harmless_again(method)))
                return 0;
        if (told && retry_after > 0)
                return MIN(retry_after, UINT64_C(86400)) * USEC_PER_SEC;
        return USEC_PER_SEC << (tries - 1);
}

/* --- one exchange --- */

static int on_tick(void* userdata, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
        Fetch* f = userdata;
        return f->options.cancelled && f->options.cancelled(f->options.userdata) ? 1 : 0;
}

static int make_headers(const Fetch* f, bool has_body, struct curl_slist** ret) {
        _cleanup_(slist_freep) struct curl_slist* list = NULL;
        const char* const lines[] = { f->authorization, "Accept: application/json", "Expect:",
                                      has_body ? "Content-Type: application/json" : NULL, NULL };
        for (size_t i = 0; lines[i]; i++) {
                struct curl_slist* longer = curl_slist_append(list, lines[i]);
                if (!longer)
                        return -ENOMEM;
                list = longer;
        }
        *ret = TAKE_PTR(list);
        return 0;
}

/* The copy of the secret in the list goes as well. */
static void headers_wipe(struct curl_slist* list) {
        for (struct curl_slist* s = list; s; s = s->next)
                explicit_bzero(s->data, strlen(s->data));
}

static int prepare(Fetch* f, const char* method, const char* path, const char* text, Body* body, Error* reterr) {
        _cleanup_free_ char* url = NULL;
        CURL* c = f->curl;
        if (asprintf(&url, "%s%s", f->base_url, path) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot ask %s", f->whom);
        curl_easy_reset(c);
        if (curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK || curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method) != CURLE_OK)
                return error_errno(reterr, -ENOMEM, "Cannot ask %s", f->whom);
        (void) curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, f->options.plain ? "http" : "https");
        (void) curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L); /* a token goes to one host only */
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
        (void) curl_easy_setopt(c, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        (void) curl_easy_setopt(c, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(c, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
        (void) curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long) (MIN(f->options.call_usec, 10 * USEC_PER_SEC) / USEC_PER_MSEC));
        (void) curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long) (f->options.call_usec / USEC_PER_MSEC));
        (void) curl_easy_setopt(c, CURLOPT_USERAGENT, "steadbox");
        (void) curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, body_write);
        (void) curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
        (void) curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
        (void) curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick);
        (void) curl_easy_setopt(c, CURLOPT_XFERINFODATA, f);
        if (text) {
                (void) curl_easy_setopt(c, CURLOPT_POSTFIELDS, text);
                (void) curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen(text));
        }
        return 0;
}

/* One try. *ret_status 0 = no answer at all, and the error says why. */
static int exchange(Fetch* f, const char* method, const char* path, const char* text, Body* body, unsigned* ret_status, uint64_t* ret_after,
                    Error* reterr) {
        _cleanup_(slist_freep) struct curl_slist* headers = NULL;
        long status = 0;
        curl_off_t after = 0;
        *ret_status = 0;
        int r = prepare(f, method, path, text, body, reterr);
        if (r < 0)
                return r;
        r = make_headers(f, text, &headers);
        if (r < 0)
                return error_errno(reterr, r, "Cannot ask %s", f->whom);
        (void) curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, headers);
        CURLcode code = curl_easy_perform(f->curl);
        (void) curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, NULL);
        headers_wipe(headers);
        if (body->too_large)
                return error_set(reterr, ERROR_TOO_LARGE, "%s answered with more than %u bytes.", f->whom, FETCH_BODY_MAX);
        if (code == CURLE_ABORTED_BY_CALLBACK)
                return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
        if (code == CURLE_PEER_FAILED_VERIFICATION)
                return error_set(reterr, ERROR_UNREACHABLE, "Whoever answers for %s could not prove to be it: %s.", f->whom, curl_easy_strerror(code));
        if (code != CURLE_OK)
                return error_set(reterr, ERROR_UNREACHABLE, "%s cannot be reached: %s.", f->whom, curl_easy_strerror(code));
        (void) curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
        (void) curl_easy_getinfo(f->curl, CURLINFO_RETRY_AFTER, &after);
        *ret_status = (unsigned) status;
        *ret_after = after > 0 ? (uint64_t) after : 0;
        return 0;
}

/* --- patience --- */

static int nap(Fetch* f, uint64_t usec) {
        if (f->options.wait)
                return f->options.wait(usec, f->options.userdata);
        for (uint64_t left = usec; left > 0; left -= MIN(left, NAP_USEC)) {
                if (f->options.cancelled && f->options.cancelled(f->options.userdata))
                        return -ECANCELED;
                (void) usleep((useconds_t) MIN(left, NAP_USEC));
        }
        return 0;
}

/* 1 = waited, try again; 0 = do not try again. */
static int be_patient(Fetch* f, const char* method, unsigned status, unsigned tries, uint64_t retry_after, Error* reterr) {
        uint64_t usec = fetch_patience(method, status, tries, retry_after);
        if (usec == 0)
                return 0;
        if (usec > WAIT_MAX_USEC || f->waited_usec + usec > f->options.patience_usec)
                return 0;
        if (f->options.say && usec > 2 * USEC_PER_SEC) {
                char sentence[160];
                (void) snprintf(sentence, sizeof(sentence), "%s asks for patience: waiting %u seconds", f->whom, (unsigned) (usec / USEC_PER_SEC));
                f->options.say(sentence, f->options.userdata);
        }
        f->waited_usec += usec;
        return nap(f, usec) < 0 ? error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.") : 1;
}

static int give_up(const Fetch* f, unsigned status, uint64_t retry_after, Error* reterr) {
        if (status == 429) {
                (void) error_set(reterr, ERROR_TOO_MANY, "%s allows no more requests for now.", f->whom);
                if (reterr && retry_after > 0)
                        reterr->retry_after = (unsigned) MIN(retry_after, UINT64_C(86400));
                return retry_after > 0 ? error_hint(reterr, "It asks to be left alone for %u seconds.", (unsigned) MIN(retry_after, UINT64_C(86400)))
                                       : error_hint(reterr, "Try again in some minutes.");
        }
        if (status >= 300 && status < 400)
                return error_set(reterr, ERROR_UNREACHABLE, "%s sends us elsewhere (HTTP %u), where a token must not go.", f->whom, status);
        (void) error_set(reterr, ERROR_UNREACHABLE, "%s has a trouble of its own (HTTP %u).", f->whom, status);
        return error_hint(reterr, "Try again later; nothing is wrong with this box.");
}

int fetch_call(Fetch* f, const char* method, const char* path, const json_t* body, FetchReply* ret, Error* reterr) {
        _cleanup_free_ char* text = body ? json_text(body, /* canonical= */ false) : NULL;
        if (body && !text)
                return error_errno(reterr, -ENOMEM, "Cannot ask %s", f->whom);
        for (unsigned tries = 1;; tries++) {
                _cleanup_(body_done) Body answer = BODY(FETCH_BODY_MAX);
                _cleanup_error_ Error e = ERROR_NULL;
                unsigned status = 0;
                uint64_t after = 0;
                int r = exchange(f, method, path, text, &answer, &status, &after, &e);
                if (r < 0 && !error_has_name(&e, ERROR_UNREACHABLE))
                        return error_set(reterr, e.name, "%s", e.message);
                bool settled = r >= 0 && status < 500 && status != 429 && (status < 300 || status >= 400);
                if (!settled) {
                        int again = be_patient(f, method, status, tries, after, reterr);
                        if (again < 0)
                                return again;
                        if (again > 0)
                                continue;
                        return r < 0 ? error_set(reterr, e.name, "%s", e.message) : give_up(f, status, after, reterr);
                }
                FetchReply reply = { .status = status };
                r = fetch_body_parse(f->whom, answer.text, answer.size, &reply.body, status < 300 ? reterr : &e);
                if (r < 0 && status < 300)
                        return r;
                *ret = reply;
                return 0;
        }
}
