#include "image/registry.h"
#include "base/file.h"
#include "base/grow.h"
#include "base/secret.h"
#include "base/time.h"
#include "image/challenge.h"
#include "net/body.h"
#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

#define REDIRECTS_MAX 5
#define TRIES_MAX 6                                   /* in a row without a byte of progress */
#define PATIENCE_USEC (600 * USEC_PER_SEC)
#define WAIT_MAX_USEC (300 * USEC_PER_SEC)            /* whoever asks for more is asked another day */
#define WAIT_LAST_USEC (30 * USEC_PER_SEC)
#define NAP_USEC (200 * USEC_PER_MSEC)
#define SILENCE_SECONDS 45L                           /* a line on which nothing comes is dead */
#define URL_MAX 8192                                  /* storage services sign theirs at length */
#define READ_BYTES (256 * 1024)
#define TOKEN_MAX ((uint64_t) 256 * 1024)             /* of the answer it comes in */

struct Registry {
        CURL* curl;
        RegistryOptions options; /* strings are ours */
        char *host, *path, *what;
        char* authorization;     /* the whole header; NULL = none yet */
        RegistryCredentials credentials;
        bool asked;              /* for credentials */
        char* withheld_from;     /* the host that gave a token without being told the password there is; NULL = none did */
        uint64_t waited_usec;
};

/* One request and what came back. */
typedef struct Exchange {
        const char* url;
        const char* accept;
        const char* authorization; /* NULL = none */
        uint64_t from;             /* first byte wanted */
        uint64_t max;              /* bytes of body taken */
        /* where the body goes */
        Digest* digest;
        int fd;                    /* -EBADF = into text */
        char* text;
        bool secret;               /* text has all its room at once: growing would leave copies behind */
        uint64_t size;             /* taken */
        Registry* registry;
        int problem;               /* -EFBIG, -errno of the file */
        /* what was said */
        unsigned status;
        uint64_t retry_after;
        char challenge[2048], type[128], location[URL_MAX];
} Exchange;

/* An error that was gathered apart, to whoever called. */
static int hand_on(Error* to, Error* from) {
        int r = -error_name_errno(from->name);
        if (to && !error_is_set(to))
                *to = *from, *from = ERROR_NULL; /* ownership moved */
        return r;
}

int registry_new(const RegistryOptions* options, Registry** ret, Error* reterr) {
        _cleanup_(registry_freep) Registry* r = calloc(1, sizeof(Registry));
        if (!r)
                return error_errno(reterr, -ENOMEM, "Cannot ask a registry");
        r->options = *options;
        r->options.patience_usec = options->patience_usec ?: PATIENCE_USEC;
        r->host = strdup(options->host);
        r->path = strdup(options->path);
        r->what = strdup(options->what);
        r->curl = curl_easy_init();
        if (!r->host || !r->path || !r->what || !r->curl)
                return error_errno(reterr, -ENOMEM, "Cannot ask a registry");
        *ret = TAKE_PTR(r);
        return 0;
}

Registry* registry_free(Registry* r) {
        if (!r)
                return NULL;
        if (r->curl)
                curl_easy_cleanup(r->curl);
        erase_and_free(r->authorization);
        erase_and_free(r->credentials.username);
        erase_and_free(r->credentials.password);
        free(r->credentials.token_host);
        free(r->withheld_from);
        free(r->host);
        free(r->path);
        free(r->what);
        free(r);
        return NULL;
}

/* --- one exchange --- */

static bool is_body(Exchange* x) {
        long status = 0;
        (void) curl_easy_getinfo(x->registry->curl, CURLINFO_RESPONSE_CODE, &status);
        x->status = (unsigned) status;
        return status == 200 || status == 206;
}

static int take_to_file(Exchange* x, const char* bytes, size_t n) {
        if (x->status == 200 && x->from > 0) { /* it does not know ranges: from the beginning again */
                if (ftruncate(x->fd, 0) < 0 || lseek(x->fd, 0, SEEK_SET) < 0)
                        return -errno;
                char ignored[DIGEST_BYTES * 2 + 1];
                digest_end(x->digest, ignored);
                x->from = 0;
        }
        if (n > x->max - x->from - x->size)
                return -EFBIG;
        digest_add(x->digest, bytes, n);
        return write_full(x->fd, bytes, n);
}

static int take_to_text(Exchange* x, const char* bytes, size_t n) {
        size_t size = x->size;
        if (x->secret) {
                if (n > x->max - size)
                        return -EFBIG;
                if (!x->text && !(x->text = malloc(x->max + 1)))
                        return -ENOMEM;
                memcpy(x->text + size, bytes, n);
                x->text[size + n] = 0;
                return 0;
        }
        return text_grow(&x->text, &size, bytes, n, x->max);
}

static size_t on_body(char* bytes, size_t one, size_t n, void* userdata) {
        Exchange* x = userdata;
        if (!is_body(x))
                return n; /* what a refusal says is nobody's business */
        x->problem = x->fd >= 0 ? take_to_file(x, bytes, n) : take_to_text(x, bytes, n);
        if (x->problem < 0)
                return 0;
        x->size += n;
        if (x->fd >= 0 && x->registry->options.progress)
                x->registry->options.progress(x->from + x->size, x->registry->options.userdata);
        return n;
}

static void keep_header(const char* line, size_t n, const char* name, char* ret, size_t room) {
        size_t length = strlen(name);
        if (n <= length || strncasecmp(line, name, length) != 0)
                return;
        line += length;
        n -= length;
        while (n > 0 && (*line == ' ' || *line == '\t'))
                line++, n--;
        while (n > 0 && strchr("\r\n \t", line[n - 1]))
                n--;
        if (n < room)
                (void) snprintf(ret, room, "%.*s", (int) n, line);
}

static size_t on_header(char* line, size_t one, size_t n, void* userdata) {
        Exchange* x = userdata;
        keep_header(line, n, "WWW-Authenticate:", x->challenge, sizeof(x->challenge));
        keep_header(line, n, "Content-Type:", x->type, sizeof(x->type));
        keep_header(line, n, "Location:", x->location, sizeof(x->location));
        return n;
}

static int on_tick(void* userdata, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
        const Registry* r = userdata;
        return r->options.cancelled && r->options.cancelled(r->options.userdata) ? 1 : 0;
}

static struct curl_slist* headers_of(const Exchange* x) {
        struct curl_slist* list = NULL;
        char accept[512];
        (void) snprintf(accept, sizeof(accept), "Accept: %s", x->accept ?: "*/*");
        const char* const lines[] = { accept, x->authorization, NULL };
        for (size_t i = 0; i < 2; i++)
                if (lines[i]) {
                        struct curl_slist* longer = curl_slist_append(list, lines[i]);
                        if (!longer) {
                                slist_freep(&list);
                                return NULL;
                        }
                        list = longer;
                }
        return list;
}

static void prepare(Registry* r, Exchange* x, struct curl_slist* headers) {
        CURL* c = r->curl;
        char range[32];
        curl_easy_reset(c);
        (void) curl_easy_setopt(c, CURLOPT_URL, x->url);
        (void) curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, r->options.plain ? "http" : "https");
        (void) curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L); /* where a token may go is decided here */
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
        (void) curl_easy_setopt(c, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        (void) curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        (void) curl_easy_setopt(c, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(c, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
        (void) curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 20L);
        (void) curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
        (void) curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
        (void) curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long) READ_BYTES);
        (void) curl_easy_setopt(c, CURLOPT_USERAGENT, "steadbox");
        (void) curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
        (void) curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
        (void) curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
        (void) curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
        (void) curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
        (void) curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
        (void) curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick);
        (void) curl_easy_setopt(c, CURLOPT_XFERINFODATA, r);
        if (x->from > 0) {
                (void) snprintf(range, sizeof(range), "%llu-", (unsigned long long) x->from);
                (void) curl_easy_setopt(c, CURLOPT_RANGE, range); /* copied */
        }
}

/* One request. 0 = an answer, x->status says which; 1 = the line failed, sentence in reterr, worth another try; <0 = no use. */
static int exchange(Registry* r, Exchange* x, Error* reterr) {
        _cleanup_(slist_freep) struct curl_slist* headers = headers_of(x);
        long status = 0;
        curl_off_t after = 0;
        if (!headers)
                return error_errno(reterr, -ENOMEM, "Cannot ask %s", r->host);
        x->status = 0, x->size = 0, x->problem = 0, x->retry_after = 0;
        *x->challenge = *x->type = *x->location = 0;
        prepare(r, x, headers);
        CURLcode code = curl_easy_perform(r->curl);
        (void) curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
        (void) curl_easy_getinfo(r->curl, CURLINFO_RETRY_AFTER, &after);
        (void) curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, NULL);
        x->status = (unsigned) status;
        x->retry_after = after > 0 ? (uint64_t) after : 0;
        if (x->problem == -EFBIG)
                return error_set(reterr, ERROR_BAD_IMAGE, "%s sends more for %s than it announced.", r->host, r->what);
        if (x->problem < 0)
                return error_errno(reterr, x->problem, "Cannot keep what %s sends", r->host);
        if (code == CURLE_ABORTED_BY_CALLBACK)
                return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
        if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
                return error_set(reterr, ERROR_UNREACHABLE, "Whoever answers for %s could not prove to be it: %s.", r->host, curl_easy_strerror(code));
        if (code != CURLE_OK) {
                (void) error_set(reterr, ERROR_UNREACHABLE, "%s cannot be reached: %s.", r->host, curl_easy_strerror(code));
                return 1;
        }
        return 0;
}

/* --- who we are --- */

static int credentials_ask(Registry* r, Error* reterr) {
        if (r->asked || !r->options.credentials)
                return 0;
        r->asked = true;
        return r->options.credentials(r->host, &r->credentials, r->options.userdata, reterr);
}

/* "Authorization: Basic .." or NULL where we are nobody. */
static char* basic_header(const Registry* r) {
        _cleanup_(erase_and_freep) char *pair = NULL, *encoded = NULL;
        char* header = NULL;
        const RegistryCredentials* c = &r->credentials;
        if (!c->username || !c->password || asprintf(&pair, "%s:%s", c->username, c->password) < 0)
                return NULL;
        encoded = base64_encode(pair, strlen(pair));
        return encoded && asprintf(&header, "Authorization: Basic %s", encoded) >= 0 ? header : NULL;
}

/* Whether the password may be told to who hands out tokens: the registry itself, or the host that was named with the login. A registry that was
 * broken into, or one whose name is somebody else's now, could name any other. */
static bool realm_trusted(const Registry* r, const char* realm) {
        const char *begin = strstr(realm, "://") + 3, *token_host = strempty(r->credentials.token_host);
        size_t n = strcspn(begin, "/?#");
        return (strlen(r->host) == n && strncasecmp(begin, r->host, n) == 0) || (n > 0 && strlen(token_host) == n && strncasecmp(begin, token_host, n) == 0);
}

static char* realm_host(const char* realm) {
        const char* begin = strstr(realm, "://") + 3;
        return strndup(begin, strcspn(begin, "/?#"));
}

static int token_url(Registry* r, const ImageChallenge* c, char ret[static URL_MAX]) {
        _cleanup_free_ char* own_scope = NULL;
        if (asprintf(&own_scope, "repository:%s:pull", r->path) < 0)
                return -ENOMEM;
        char* service = curl_easy_escape(NULL, c->service, 0);
        char* scope = curl_easy_escape(NULL, *c->scope ? c->scope : own_scope, 0);
        bool any = !*r->path && !*c->scope; /* its front page: of no image */
        int n = service && scope ? snprintf(ret, URL_MAX, "%s%cservice=%s%s%s", c->realm, strchr(c->realm, '?') ? '&' : '?', service, any ? "" : "&scope=", any ? "" : scope) : -1;
        curl_free(service);
        curl_free(scope);
        return n < 0 || n >= URL_MAX ? -EBADMSG : 0;
}

/* Where nothing but a greeting was asked for it is the login itself that was not taken. */
static int denied(const Registry* r, Error* reterr) {
        if (streq(r->what, r->host))
                return error_set(reterr, ERROR_WRONG_CREDENTIALS, "%s does not take this name and password.", r->host);
        return error_set(reterr, ERROR_WRONG_CREDENTIALS, "%s does not let this box have %s.", r->host, r->what);
}

static int token_take(Registry* r, const Exchange* x, Error* reterr) {
        _cleanup_json_ json_t* answer = NULL;
        if (x->status == 401 || x->status == 403)
                return denied(r, reterr);
        const char* token = NULL;
        if (x->status == 200 && x->text && json_parse_object(x->text, x->size, &answer, NULL) >= 0)
                token = json_get_string(answer, "token") ?: json_get_string(answer, "access_token");
        if (isempty(token) || strpbrk(token, "\r\n"))
                return error_set(reterr, ERROR_UNREACHABLE, "%s gave no token (HTTP %u).", r->host, x->status);
        erase_and_free(r->authorization);
        if (asprintf(&r->authorization, "Authorization: Bearer %s", token) < 0)
                r->authorization = NULL;
        explicit_bzero((char*) token, strlen(token)); /* jansson's copy */
        return r->authorization ? 0 : error_errno(reterr, -ENOMEM, "Cannot ask %s", r->host);
}

static int be_patient(Registry* r, const Exchange* x, unsigned tries, Error* reterr);

static int distrusted(const Registry* r, const char* realm_host, Error* reterr) {
        (void) error_set(reterr, ERROR_WRONG_CREDENTIALS, "%s has its tokens fetched at %s, which is not told the password.", r->host, realm_host);
        return error_hint(reterr, "If that host belongs to the registry, name it as the login's token host.");
}

/* All of its room: a try that broke off may have left the end of a longer answer. */
static void token_text_free(Exchange* x) {
        if (x->text)
                explicit_bzero(x->text, x->max + 1);
        free(TAKE_PTR(x->text));
}

static int token_fetch(Registry* r, const ImageChallenge* c, Error* reterr) {
        bool trusted = realm_trusted(r, c->realm);
        _cleanup_free_ char* withheld_from = trusted || !r->credentials.password ? NULL : realm_host(c->realm);
        _cleanup_(erase_and_freep) char* basic = trusted ? basic_header(r) : NULL;
        char url[URL_MAX];
        if (!trusted && r->credentials.password && !withheld_from)
                return error_errno(reterr, -ENOMEM, "Cannot ask %s", r->host);
        Exchange x = { .url = url, .accept = "application/json", .authorization = basic, .max = TOKEN_MAX, .fd = -EBADF, .secret = true, .registry = r };
        if (token_url(r, c, url) < 0)
                return error_set(reterr, ERROR_UNREACHABLE, "%s asks for a token in a way Steadbox does not know.", r->host);
        for (unsigned tries = 1;; tries++) {
                _cleanup_error_ Error e = ERROR_NULL;
                int k = exchange(r, &x, &e);
                if (k == 0 && withheld_from && (x.status == 401 || x.status == 403)) {
                        token_text_free(&x);
                        return distrusted(r, withheld_from, reterr);
                }
                if (k == 0 && x.status != 429 && x.status < 500) {
                        k = token_take(r, &x, reterr);
                        token_text_free(&x);
                        if (k >= 0 && withheld_from) {
                                free(r->withheld_from);
                                r->withheld_from = TAKE_PTR(withheld_from);
                        }
                        return k;
                }
                if (k >= 0)
                        k = be_patient(r, &x, tries, &e);
                if (k <= 0) {
                        token_text_free(&x);
                        return hand_on(reterr, &e);
                }
        }
}

/* Answers a 401. 1 = try again with what we have now. */
static int authorise(Registry* r, const Exchange* x, Error* reterr) {
        ImageChallenge c;
        if (image_challenge_parse(x->challenge, r->options.plain, &c) < 0)
                return error_set(reterr, ERROR_UNREACHABLE, "%s asks who we are in a way Steadbox does not know.", r->host);
        int k = credentials_ask(r, reterr);
        if (k < 0)
                return k;
        if (c.basic) {
                erase_and_free(r->authorization);
                r->authorization = basic_header(r);
                return r->authorization ? 1 : error_set(reterr, ERROR_WRONG_CREDENTIALS, "%s wants a name and a password for %s.", r->host, r->what);
        }
        k = token_fetch(r, &c, reterr);
        return k < 0 ? k : 1;
}

/* --- patience --- */

static int nap(Registry* r, uint64_t usec) {
        for (uint64_t left = usec; left > 0; left -= MIN(left, NAP_USEC)) {
                if (r->options.cancelled && r->options.cancelled(r->options.userdata))
                        return -ECANCELED;
                (void) usleep((useconds_t) MIN(left, NAP_USEC));
        }
        return 0;
}

static int give_up(const Registry* r, const Exchange* x, Error* reterr) {
        if (error_is_set(reterr)) /* the line failed */
                return error_hint(reterr, "Try again later: what has come so far is kept.");
        if (x->status == 429) {
                (void) error_set(reterr, ERROR_TOO_MANY, "%s allows no more downloads for now.", r->host);
                return x->retry_after > 0 ? error_hint(reterr, "It asks to be left alone for %u minutes.", (unsigned) (x->retry_after / 60 + 1))
                                          : error_hint(reterr, "Try again in some minutes, or give it a name and a password.");
        }
        (void) error_set(reterr, ERROR_UNREACHABLE, "%s has a trouble of its own (HTTP %u).", r->host, x->status);
        return error_hint(reterr, "Try again later; nothing is wrong with this box.");
}

/* Called after a failure that may pass. 1 = waited, try again; <0 = no more, with its sentence. */
static int be_patient(Registry* r, const Exchange* x, unsigned tries, Error* reterr) {
        uint64_t usec = tries > 5 ? WAIT_LAST_USEC : USEC_PER_SEC << (tries - 1);
        char sentence[400];
        if (x->retry_after > 0 && (x->status == 429 || x->status == 503))
                usec = MIN(x->retry_after, UINT64_C(86400)) * USEC_PER_SEC;
        if (tries >= TRIES_MAX || usec > WAIT_MAX_USEC || r->waited_usec + usec > r->options.patience_usec)
                return give_up(r, x, reterr);
        if (r->options.say && usec > USEC_PER_SEC) {
                (void) snprintf(sentence, sizeof(sentence), "%s %s; trying again in %u seconds", r->host,
                                x->status == 429 ? "asks for patience" : "does not answer as it should", (unsigned) (usec / USEC_PER_SEC));
                r->options.say(sentence, r->options.userdata);
        }
        r->waited_usec += usec;
        error_done(reterr);
        *reterr = ERROR_NULL;
        return nap(r, usec) < 0 ? error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.") : 1;
}

/* --- redirects --- */

/* host[:port] of an URL: the same means that the same may be told. */
static bool same_host(const char* a, const char* b) {
        const char *x = strstr(a, "://"), *y = strstr(b, "://");
        if (!x || !y)
                return false;
        size_t n = (size_t) (x - a) + 3 + strcspn(x + 3, "/?#"), m = (size_t) (y - b) + 3 + strcspn(y + 3, "/?#");
        return n == m && strncasecmp(a, b, n) == 0;
}

static int redirect(const Registry* r, const Exchange* x, char url[static URL_MAX], Error* reterr) {
        const char* scheme = r->options.plain ? "http://" : "https://";
        char next[URL_MAX];
        int n;
        if (startswith(x->location, scheme))
                n = snprintf(next, sizeof(next), "%s", x->location);
        else if (*x->location == '/' && x->location[1] != '/') {
                const char* host = strstr(url, "://");
                n = snprintf(next, sizeof(next), "%.*s%s", (int) (host + 3 + strcspn(host + 3, "/") - url), url, x->location);
        } else
                return error_set(reterr, ERROR_UNREACHABLE, "%s sends us somewhere Steadbox does not go.", r->host);
        if (n >= (int) sizeof(next) || strchr(next, '@'))
                return error_set(reterr, ERROR_UNREACHABLE, "%s sends us somewhere Steadbox does not go.", r->host);
        memcpy(url, next, (size_t) n + 1);
        return 0;
}

static bool is_redirect(unsigned status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* --- a request until its answer --- */

static int refusal(const Registry* r, const Exchange* x, Error* reterr) {
        if (x->status == 404)
                return error_set(reterr, ERROR_NOT_FOUND, "%s is not at %s.", r->what, r->host);
        if (x->status == 401 || x->status == 403)
                return denied(r, reterr);
        return error_set(reterr, ERROR_UNREACHABLE, "%s refused to hand out %s (HTTP %u).", r->host, r->what, x->status);
}

/* One step of a conversation whose place is url. 1 = an answer with a body, 0 = ask again at once, 2 = ask again after a while, <0 = no. */
static int converse(Registry* r, Exchange* x, const char* first_url, char url[static URL_MAX], unsigned* redirects, bool* authorised, Error* reterr) {
        x->url = url;
        x->authorization = same_host(first_url, url) ? r->authorization : NULL;
        int k = exchange(r, x, reterr);
        if (k != 0)
                return k < 0 ? k : 2;
        if (x->status == 200 || x->status == 206)
                return 1;
        if (is_redirect(x->status)) {
                if (++*redirects > REDIRECTS_MAX)
                        return error_set(reterr, ERROR_UNREACHABLE, "%s sends us around in circles.", r->host);
                return redirect(r, x, url, reterr);
        }
        if (x->status == 401 && !*authorised && same_host(first_url, url)) {
                *authorised = true; /* once an answer: a second 401 is a no */
                k = authorise(r, x, reterr);
                return k < 0 ? k : 0;
        }
        if (x->status == 416) /* beyond its end: what we have is something else */
                return error_set(reterr, ERROR_BAD_IMAGE, "%s has less of %s than it announced.", r->host, r->what);
        if (x->status == 429 || x->status >= 500)
                return 2;
        return refusal(r, x, reterr);
}

/* Until there is a body. before: called before each request; may be NULL. */
static int request(Registry* r, Exchange* x, const char* first_url, int (*before)(Exchange* x), Error* reterr) {
        char url[URL_MAX];
        unsigned redirects = 0, tries = 0;
        bool authorised = false;
        uint64_t reached = 0;
        (void) snprintf(url, sizeof(url), "%s", first_url);
        for (;;) {
                _cleanup_error_ Error e = ERROR_NULL;
                int k = before ? before(x) : 0;
                if (k < 0)
                        return error_errno(reterr, k, "Cannot keep what %s sends", r->host);
                k = converse(r, x, first_url, url, &redirects, &authorised, &e);
                if (k == 1)
                        return 0;
                if (k == 2) {
                        tries = x->from + x->size > reached ? 1 : tries + 1;
                        reached = MAX(reached, x->from + x->size);
                        (void) snprintf(url, sizeof(url), "%s", first_url); /* signed addresses age */
                        redirects = 0;
                        authorised = false;
                        k = be_patient(r, x, tries, &e);
                }
                if (k < 0)
                        return hand_on(reterr, &e);
        }
}

static int url_of(const Registry* r, const char* kind, const char* name, char ret[static URL_MAX], Error* reterr) {
        int n = snprintf(ret, URL_MAX, "%s://%s/v2/%s/%s/%s", r->options.plain ? "http" : "https", r->host, r->path, kind, name);
        return n < URL_MAX ? 0 : error_set(reterr, ERROR_BAD_FIELD, "The name of the image is too long.");
}

static int wrong_digest(const Registry* r, Error* reterr) {
        (void) error_set(reterr, ERROR_BAD_IMAGE, "%s sent something else than %s: the digest is wrong.", r->host, r->what);
        return error_hint(reterr, "It was thrown away. Try again; if it stays so, the registry or the way to it is not sound.");
}

static int text_fetch(Registry* r, const char* kind, const char* name, const char* accept, uint64_t max, Exchange* x, Error* reterr) {
        char url[URL_MAX];
        int k = url_of(r, kind, name, url, reterr);
        if (k < 0)
                return k;
        *x = (Exchange) { .accept = accept, .max = max, .fd = -EBADF, .registry = r };
        k = request(r, x, url, NULL, reterr);
        x->url = NULL;
        if (k >= 0 && !x->text)
                k = error_set(reterr, ERROR_UNREACHABLE, "%s answered with nothing.", r->host);
        if (k < 0) {
                free(x->text);
                x->text = NULL;
        }
        return k;
}

static bool digest_is(const char* text, size_t size, const char* hex) {
        uint8_t bytes[DIGEST_BYTES];
        char found[DIGEST_BYTES * 2 + 1];
        digest_sha256(text, size, bytes);
        hex_encode(bytes, sizeof(bytes), found);
        return streq(found, hex);
}

int registry_manifest(Registry* r, const char* name, char** ret_text, size_t* ret_size, char ret_type[static 128], Error* reterr) {
        Exchange x;
        const char* hex = startswith(name, "sha256:");
        int k = text_fetch(r, "manifests", name, IMAGE_ACCEPT, IMAGE_DOCUMENT_MAX, &x, reterr);
        if (k < 0)
                return k;
        if (hex && !digest_is(x.text, x.size, hex)) {
                free(x.text);
                return wrong_digest(r, reterr);
        }
        (void) snprintf(ret_type, 128, "%.*s", (int) strcspn(x.type, "; "), x.type);
        *ret_text = x.text;
        *ret_size = x.size;
        return 0;
}

int registry_greet(Registry* r, bool* ret_asked, Error* reterr) {
        char url[URL_MAX];
        Exchange x = { .max = IMAGE_DOCUMENT_MAX, .fd = -EBADF, .registry = r };
        if (snprintf(url, sizeof(url), "%s://%s/v2/", r->options.plain ? "http" : "https", r->host) >= (int) sizeof(url))
                return error_set(reterr, ERROR_BAD_FIELD, "The name of the registry is too long.");
        int k = request(r, &x, url, NULL, reterr);
        free(x.text);
        *ret_asked = r->asked;
        return k;
}

int registry_login_check(const Registry* r, Error* reterr) {
        return r->withheld_from ? distrusted(r, r->withheld_from, reterr) : 0;
}

int registry_blob_text(Registry* r, const ImageBlob* blob, char** ret_text, Error* reterr) {
        Exchange x;
        char name[80];
        (void) snprintf(name, sizeof(name), "sha256:%s", blob->hex);
        int k = text_fetch(r, "blobs", name, NULL, blob->size, &x, reterr);
        if (k < 0)
                return k;
        if (x.size != blob->size || !digest_is(x.text, x.size, blob->hex)) {
                free(x.text);
                return wrong_digest(r, reterr);
        }
        *ret_text = x.text;
        return 0;
}

/* What lies in the file already counts, if it is not more than there should be. */
static int resume(Exchange* x) {
        _cleanup_free_ char* buffer = malloc(READ_BYTES);
        char ignored[DIGEST_BYTES * 2 + 1];
        struct stat st;
        if (!buffer)
                return -ENOMEM;
        if (fstat(x->fd, &st) < 0 || lseek(x->fd, 0, SEEK_SET) < 0)
                return -errno;
        if ((uint64_t) st.st_size > x->max && ftruncate(x->fd, 0) < 0)
                return -errno;
        digest_end(x->digest, ignored);
        x->from = x->size = 0;
        for (ssize_t n; (n = read(x->fd, buffer, READ_BYTES)) != 0; x->from += (uint64_t) n) {
                if (n < 0)
                        return -errno;
                digest_add(x->digest, buffer, (size_t) n);
        }
        return 0;
}

/* Before each request: what came last time is ours, and the digest knows it already. */
static int go_on(Exchange* x) {
        struct stat st;
        if (fstat(x->fd, &st) < 0)
                return -errno;
        if ((uint64_t) st.st_size != x->from + x->size)
                return resume(x);
        x->from += x->size;
        x->size = 0;
        return 0;
}

static int blob_fetch(Registry* r, const char* url, Exchange* x, uint64_t* moved, Error* reterr) {
        if (resume(x) < 0)
                return error_errno(reterr, -EIO, "Cannot read what has come so far");
        uint64_t began = x->from;
        int k = x->from < x->max ? request(r, x, url, go_on, reterr) : 0;
        *moved += x->from + x->size > began ? x->from + x->size - began : 0;
        if (k >= 0 && x->from + x->size < x->max)
                return error_set(reterr, ERROR_BAD_IMAGE, "%s has less of %s than it announced.", r->host, r->what);
        return k;
}

int registry_blob(Registry* r, const ImageBlob* blob, int fd, uint64_t* ret_moved, Error* reterr) {
        _cleanup_(digest_freep) Digest* digest = digest_new();
        char name[80], url[URL_MAX], found[DIGEST_BYTES * 2 + 1];
        struct stat st = {};
        *ret_moved = 0;
        if (!digest)
                return error_errno(reterr, -ENOMEM, "Cannot fetch %s", r->what);
        (void) snprintf(name, sizeof(name), "sha256:%s", blob->hex);
        int k = url_of(r, "blobs", name, url, reterr);
        /* Twice where the beginning is from an earlier day: that may be what is wrong. */
        for (int tries = fstat(fd, &st) >= 0 && st.st_size > 0 ? 2 : 1; k >= 0 && tries > 0; tries--) {
                Exchange x = { .max = blob->size, .fd = fd, .registry = r, .digest = digest };
                k = blob_fetch(r, url, &x, ret_moved, reterr);
                if (k < 0)
                        return k;
                digest_end(digest, found);
                if (streq(found, blob->hex))
                        return 0;
                if (ftruncate(fd, 0) < 0)
                        return error_errno(reterr, -errno, "Cannot throw away what came");
        }
        return k < 0 ? k : wrong_digest(r, reterr);
}
