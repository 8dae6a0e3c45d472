/* --output FILE: what comes in parts is gathered beside the file, and takes its name when it is whole. A part that broke off is gone on with, where
 * it is the same export's. */
#include "cli/output.h"
#include "base/file.h"
#include "base/secret.h"
#include "cli/follow.h"
#include "cli/request.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define SAY_BYTES (8 * 1024 * 1024) /* between two words about how far it is */

bool output_handles(const Arguments* a) {
        return a->output;
}

/* "-" is standard output; it is not asked for by accident. */
int output_check(const Arguments* a, Error* reterr) {
        struct stat st;
        if (!a->output || streq(a->output, "-") || lstat(a->output, &st) < 0)
                return 0;
        if (!S_ISREG(st.st_mode))
                return error_set(reterr, ERROR_BAD_REQUEST, "%s is no file.", a->output);
        if (a->force)
                return 0;
        (void) error_set(reterr, ERROR_CONFLICT, "There is a file %s already.", a->output);
        return error_hint(reterr, "Give another name, or --force to replace it.");
}

/* What is read is told by the fields; only an export never changes between two parts. */
static int part_open(const Arguments* a, const char* part, const json_t* fields, int64_t* ret_offset, Error* reterr) {
        bool export = json_get_string(fields, "export");
        int fd = open(part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (export ? 0 : O_TRUNC), 0600);
        struct stat st;
        errno = fd < 0 ? errno : 0;
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fchmod(fd, 0600) < 0 || lseek(fd, 0, SEEK_END) < 0) {
                int r = errno > 0 ? -errno : -EINVAL;
                closep(&fd);
                return error_errno(reterr, r, "Cannot write %s", part);
        }
        *ret_offset = json_get_integer(fields, "offset", 0) ?: (int64_t) st.st_size;
        return fd;
}

static void say(int64_t at, int64_t size, bool last) {
        if (!isatty(STDERR_FILENO))
                return;
        (void) fprintf(stderr, "\r%lld of %lld MB%s", (long long) (at >> 20), (long long) (size >> 20), last ? "\n" : "");
        (void) fflush(stderr);
}

static int chunk_call(Client* c, const Operation* o, const json_t* fields, json_t** ret, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_free_ char* path = NULL;
        _cleanup_json_ json_t* body = NULL;
        int r = request_make(o, fields, &path, &body, reterr);
        if (r >= 0)
                r = client_call(c, "GET", path, body, NULL, &reply, reterr);
        if (r >= 0)
                *ret = json_incref(reply.body);
        return r;
}

/* --- a directory: its archive comes as events --- */

typedef struct Stream {
        int fd;
        int64_t at;
        int64_t said; /* what the unfinished line at the terminal says; 0 = there is none */
        bool whole;
        Error* reterr;
} Stream;

static void line_end(Stream* s) {
        if (s->said > 0)
                (void) fputc('\n', stderr);
        s->said = 0;
}

/* What the end says must be here, or the archive has a hole. */
static int on_end(Stream* s, const json_t* end) {
        int64_t bytes = json_get_integer(end, "bytes", -1), skipped = json_get_integer(end, "skipped", 0);
        line_end(s);
        if (bytes != s->at)
                return error_set(s->reterr, ERROR_INTERNAL, "The archive has %lld bytes, and %lld came.", (long long) bytes, (long long) s->at);
        if (skipped > 0)
                (void) fprintf(stderr, "%lld were left out: the app moved them meanwhile, or they are no files.\n", (long long) skipped);
        s->whole = true;
        return 1;
}

static int on_part(const char* event, json_t* data, void* userdata) {
        Stream* s = userdata;
        _cleanup_free_ uint8_t* bytes = NULL;
        size_t size = 0;
        if (streq(event, "failed")) {
                ErrorName name = error_name_from_string(strempty(json_get_string(data, "name")));
                return error_set(s->reterr, name < 0 ? ERROR_INTERNAL : name, "%s", strempty(json_get_string(data, "message")));
        }
        if (streq(event, "end"))
                return on_end(s, data);
        if (!streq(event, "output"))
                return 0;
        const char* text = json_get_string(data, "base64");
        if (!text || base64_decode(text, &bytes, &size) < 0)
                return error_set(s->reterr, ERROR_INTERNAL, "The box sent a part that cannot be read.");
        int r = write_full(s->fd, bytes, size);
        if (r < 0)
                return error_errno(s->reterr, r, "Cannot write the file");
        s->at += (int64_t) size;
        if (s->at - s->said >= SAY_BYTES && isatty(STDERR_FILENO)) {
                (void) fprintf(stderr, "\r%lld MB", (long long) (s->at >> 20));
                s->said = s->at;
        }
        return 0;
}

static int stream(Client* c, const Operation* o, const json_t* fields, int fd, Error* reterr) {
        Stream s = { .fd = fd, .reterr = reterr };
        _cleanup_free_ char* path = NULL;
        _cleanup_json_ json_t* body = NULL;
        int r = request_make(o, fields, &path, &body, reterr);
        if (r >= 0)
                r = client_stream(c, path, /* seconds= */ 0, on_part, &s, reterr);
        line_end(&s);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot read the directory");
        return s.whole ? 0 : error_set(reterr, ERROR_UNREACHABLE, "The archive broke off before its end.");
}

static int chunks(Client* c, const Operation* o, json_t* fields, int fd, int64_t offset, Error* reterr) {
        if (o == &operation_table[OP_APP_DIRECTORY_READ])
                return stream(c, o, fields, fd, reterr);
        for (int64_t said = -SAY_BYTES;;) {
                _cleanup_json_ json_t* chunk = NULL;
                _cleanup_free_ uint8_t* bytes = NULL;
                size_t size = 0;
                (void) json_object_set_new(fields, "offset", json_integer(offset));
                int r = chunk_call(c, o, fields, &chunk, reterr);
                if (r < 0)
                        return r;
                if (base64_decode(strempty(json_get_string(chunk, "base64")), &bytes, &size) < 0)
                        return error_set(reterr, ERROR_INTERNAL, "The box sent a part that cannot be read.");
                if ((r = write_full(fd, bytes, size)) < 0)
                        return error_errno(reterr, r, "Cannot write the file");
                offset += (int64_t) size;
                const json_t* next = json_object_get(chunk, "next");
                bool last = !json_is_integer(next);
                if (last || offset - said >= SAY_BYTES) {
                        say(offset, json_get_integer(chunk, "size", offset), last);
                        said = offset;
                }
                if (last)
                        return 0;
        }
}

static int gather(Client* c, const Arguments* a, const Operation* o, json_t* fields, const char* part, Error* reterr) {
        int64_t offset = 0;
        _cleanup_close_ int fd = part_open(a, part, fields, &offset, reterr);
        if (fd < 0)
                return fd;
        int r = chunks(c, o, fields, fd, offset, reterr);
        if (r >= 0 && fsync(fd) < 0)
                r = error_errno(reterr, -errno, "Cannot write %s", part);
        return r;
}

static int fetch(Client* c, const Arguments* a, const Operation* o, json_t* fields, Error* reterr) {
        const char* export = json_get_string(fields, "export");
        _cleanup_free_ char* part = NULL;
        if (streq(a->output, "-"))
                return chunks(c, o, fields, STDOUT_FILENO, json_get_integer(fields, "offset", 0), reterr);
        if (asprintf(&part, "%s.%s.part", a->output, export ?: "steadbox") < 0)
                return error_errno(reterr, -ENOMEM, "Cannot write %s", a->output);
        int r = gather(c, a, o, fields, part, reterr);
        if (r < 0) {
                if (export)
                        return error_hint(reterr, "What came is kept. Go on with: steadbox app export-read %s --output %s%s", export, a->output, a->force ? " --force" : "");
                (void) unlink(part);
                return r;
        }
        r = a->force ? rename(part, a->output) : renameat2(AT_FDCWD, part, AT_FDCWD, a->output, RENAME_NOREPLACE);
        if (r < 0 && errno == EINVAL && !a->force && access(a->output, F_OK) < 0) /* a file system that knows no such thing */
                r = rename(part, a->output);
        return r < 0 ? error_errno(reterr, -errno, "Cannot give %s its name", part) : 0;
}

/* The job of an export first, with its progress. */
static int export_made(Client* c, const Arguments* a, json_t** ret_fields, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_free_ char* path = NULL;
        _cleanup_json_ json_t *body = NULL, *job = NULL;
        int r = request_make(a->operation, a->fields, &path, &body, reterr);
        if (r >= 0)
                r = client_call(c, "POST", path, body, NULL, &reply, reterr);
        const char* id = r >= 0 ? json_get_string(reply.body, "job") : NULL;
        if (r >= 0)
                r = follow_job(c, strempty(id), &job, reterr);
        if (r == 0)
                return OUTPUT_DETACHED;
        if (r > 0)
                r = job_error(job, reterr);
        if (r < 0)
                return r;
        *ret_fields = json_pack("{s:s}", "export", strempty(json_get_string(json_object_get(job, "result"), "export")));
        return *ret_fields ? 0 : error_errno(reterr, -ENOMEM, "Cannot fetch the export");
}

int output_command(Client* c, const Arguments* a, Error* reterr) {
        _cleanup_json_ json_t* fields = NULL;
        if (a->operation != &operation_table[OP_APP_EXPORT])
                return fetch(c, a, a->operation, a->fields, reterr);
        int r = export_made(c, a, &fields, reterr);
        return r != 0 ? r : fetch(c, a, &operation_table[OP_APP_EXPORT_READ], fields, reterr);
}
