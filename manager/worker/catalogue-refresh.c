/* Fetches catalogues: from an https address or a directory, index first, then the packages the manager does not have. What does not bear its
 * signature is not handed over; the manager verifies again (manager/catalogue/job.c tells what is said). One source that fails does not
 * keep the others from being fetched. */
#include "net/download.h"
#include "base/time.h"
#include "package/catalogue-index.h"
#include "worker/worker.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

typedef struct Refresh {
        Worker* w;
        const char *source, *url;
        int64_t serial;
        MinisignPublic key;
        size_t n, of;         /* sources */
        unsigned packages;    /* handed over */
} Refresh;

static bool on_cancelled(void* userdata) {
        return worker_cancelled(((Refresh*) userdata)->w);
}

/* --- bytes --- */

/* Only a regular file: a pipe in the directory would wait for ever. */
static int read_file(const char* path, size_t max, char** ret, size_t* ret_size, Error* reterr) {
        const char* name = strrchr(path, '/') + 1;
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set(reterr, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_UNREACHABLE, "%s cannot be read: %s.", name, strerror(errno));
        if (!S_ISREG(st.st_mode))
                return error_set(reterr, ERROR_BAD_REQUEST, "%s is not a file.", name);
        if (st.st_size > (off_t) max)
                return error_set(reterr, ERROR_TOO_LARGE, "%s has more than %zu KiB.", name, max / 1024);
        _cleanup_free_ char* text = malloc(max + 1);
        size_t size = 0;
        ssize_t n = 0;
        while (text && size < max && (n = read(fd, text + size, max - size)) > 0)
                size += (size_t) n;
        if (!text || n < 0)
                return error_errno(reterr, text ? -errno : -ENOMEM, "Cannot read %s", name);
        text[size] = 0;
        *ret = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}

static int get(Refresh* f, const char* name, size_t max, char** ret, size_t* ret_size, Error* reterr) {
        _cleanup_free_ char *place = NULL, *whom = NULL;
        size_t n = strlen(f->url);
        while (n > 1 && f->url[n - 1] == '/')
                n--;
        if (asprintf(&place, "%.*s/%s", (int) n, f->url, name) < 0 || asprintf(&whom, "The catalogue of %s", f->source) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot fetch %s", name);
        if (*place == '/')
                return read_file(place, max, ret, ret_size, reterr);
        const DownloadOptions options = { .whom = whom, .max = max, .cancelled = on_cancelled, .userdata = f };
        return download(place, &options, ret, ret_size, reterr);
}

/* A file and its signature, as text that goes into a message: bytes that are not UTF-8 are not a catalogue's. */
static int get_signed(Refresh* f, const char* name, size_t max, json_t** ret_text, char** ret_signature, Error* reterr) {
        _cleanup_free_ char *text = NULL, *signature_name = NULL;
        size_t size = 0, signature_size = 0;
        int r = get(f, name, max, &text, &size, reterr);
        if (r < 0)
                return r;
        if (asprintf(&signature_name, "%s.minisig", name) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot fetch %s", name);
        r = get(f, signature_name, MINISIGN_SIGNATURE_MAX, ret_signature, &signature_size, reterr);
        if (r < 0)
                return r;
        *ret_text = json_stringn(text, size);
        return *ret_text ? 0 : error_set(reterr, ERROR_BAD_FIELD, "%s is not text.", name);
}

/* --- one source --- */

static int ask_missing(Refresh* f, const json_t* index, json_t** ret, Error* reterr) {
        const json_t* offers = json_object_get(index, "offers");
        json_t* all = json_array();
        for (size_t i = 0; i < json_array_size(offers); i++)
                (void) json_array_append(all, json_object_get(json_array_get(offers, i), "sha256"));
        json_t* question = json_pack("{s:s, s:s, s:o}", "what", "have", "source", f->source, "sha256", all);
        return question ? worker_ask(f->w, question, ret, reterr) : error_errno(reterr, -ENOMEM, "Cannot ask");
}

static int hand_over(Refresh* f, const char* what, json_t* text, const char* signature, Error* reterr) {
        json_t* question = json_pack("{s:s, s:s, s:O, s:s}", "what", what, "source", f->source, "text", text, "signature", signature);
        return question ? worker_ask(f->w, question, NULL, reterr) : error_errno(reterr, -ENOMEM, "Cannot hand over what was fetched");
}

static int fetch_package(Refresh* f, const json_t* offer, Error* reterr) {
        _cleanup_json_ json_t *text = NULL, *manifest = NULL;
        _cleanup_free_ char *signature = NULL, *icon = NULL;
        int r = get_signed(f, json_get_string(offer, "file"), CATALOGUE_PACKAGE_BYTES_MAX, &text, &signature, reterr);
        if (r >= 0)
                r = catalogue_package_parse(&f->key, offer, json_string_value(text), json_string_length(text), signature, &manifest, &icon, reterr);
        if (r >= 0)
                r = hand_over(f, "package", text, signature, reterr);
        f->packages += r >= 0;
        return r;
}

static bool is_missing(const json_t* missing, const json_t* offer) {
        const json_t* list = json_object_get(missing, "missing");
        for (size_t i = 0; i < json_array_size(list); i++)
                if (json_equal(json_array_get(list, i), json_object_get(offer, "sha256")))
                        return true;
        return false;
}

static int fetch_packages(Refresh* f, const json_t* index, Error* reterr) {
        _cleanup_json_ json_t* missing = NULL;
        const json_t* offers = json_object_get(index, "offers");
        size_t n = json_array_size(offers);
        int r = ask_missing(f, index, &missing, reterr);
        for (size_t i = 0; i < n && r >= 0; i++) {
                const json_t* offer = json_array_get(offers, i);
                if (!is_missing(missing, offer))
                        continue;
                if (worker_cancelled(f->w))
                        return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
                worker_progress(f->w, "packages", (int) (100 * (f->n * n + i) / (f->of * n)), "%s %s", json_get_string(offer, "package"),
                        json_get_string(offer, "version"));
                r = fetch_package(f, offer, reterr);
        }
        return r;
}

static int fetch_source(Refresh* f, const char* key, Error* reterr) {
        _cleanup_json_ json_t *text = NULL, *index = NULL;
        _cleanup_free_ char* signature = NULL;
        int r = minisign_public_parse(key, &f->key, reterr);
        if (r >= 0)
                r = get_signed(f, "index.json", CATALOGUE_INDEX_BYTES_MAX, &text, &signature, reterr);
        if (r >= 0)
                r = catalogue_index_parse(&f->key, json_string_value(text), json_string_length(text), signature, f->serial, now_seconds(), &index,
                        reterr);
        if (r >= 0)
                r = fetch_packages(f, index, reterr);
        if (r < 0)
                return r;
        worker_progress(f->w, "keep", -1, "%s", f->source);
        return hand_over(f, "index", text, signature, reterr);
}

static void tell_failure(Refresh* f, const Error* error) {
        _cleanup_error_ Error e = ERROR_NULL;
        char sentence[400];
        (void) snprintf(sentence, sizeof(sentence), "%.*s", (int) sizeof(sentence) - 1, strempty(error->message));
        worker_log(f->w, "warning", "%s: %s", f->source, sentence);
        json_t* question = json_pack("{s:s, s:s, s:s%}", "what", "failed", "source", f->source, "error", sentence, strlen(sentence));
        if (question) /* nobody to tell it to: the job's own end says it */
                (void) worker_ask(f->w, question, NULL, &e);
}

int catalogue_refresh_main(Worker* w, json_t** ret_result, Error* reterr) {
        const json_t* sources = json_object_get(worker_request(w), "sources");
        Refresh f = { .w = w, .of = json_array_size(sources) };
        unsigned failed = 0;
        _cleanup_error_ Error last = ERROR_NULL;
        for (f.n = 0; f.n < f.of; f.n++) {
                const json_t* s = json_array_get(sources, f.n);
                _cleanup_error_ Error e = ERROR_NULL;
                f.source = strempty(json_get_string(s, "source"));
                f.url = strempty(json_get_string(s, "url"));
                f.serial = json_get_integer(s, "serial", 0);
                worker_progress(w, "index", (int) (100 * f.n / f.of), "%s", f.source);
                if (fetch_source(&f, strempty(json_get_string(s, "key")), &e) >= 0)
                        continue;
                if (worker_cancelled(w))
                        return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
                tell_failure(&f, &e);
                failed++;
                if (!error_is_set(&last))
                        (void) error_set(&last, e.name, "%s", strempty(e.message));
        }
        if (f.of == 1 && failed == 1) /* who asked for this one wants to know at once */
                return error_set(reterr, last.name, "%s", last.message);
        *ret_result = json_pack("{s:i, s:i}", "packages", (int) f.packages, "failed", (int) failed);
        return *ret_result ? 0 : error_errno(reterr, -ENOMEM, "Cannot tell the result");
}
