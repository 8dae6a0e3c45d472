/* Workers seen from the manager: job.sock, what comes over it, and doubt about those who are silent. A worker keeps its result until we
 * say {"over":true}, which is after the commit, so neither side's death loses it; it outlives our restarts and says hello again. */
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/validate.h"
#include "job/job-internal.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define HELLO_USEC (10 * USEC_PER_SEC)
#define FLUSH_USEC (2 * USEC_PER_SEC)  /* progress reaches the store at most so often */
#define CANCEL_USEC (20 * USEC_PER_SEC) /* a worker that does not heed is stopped by PID 1 */
#define GONE_MAX 2                     /* looks that must agree: the unit may be about to start */
#define LOOKS_MAX 100                  /* a unit that lives but never speaks is stopped after that many */
#define READ_BYTES 16384

struct Connection {
        Jobs* jobs;
        Task* task;       /* NULL until its hello */
        int fd;
        uid_t uid;
        sd_event_source* io;
        sd_event_source* timer; /* of the hello */
        char* buffer;           /* an unfinished line */
        size_t size, room;
};

static void doubt_later(Task* t, uint64_t usec);

/* --- speaking --- */

Connection* connection_free(Connection* c) {
        if (!c)
                return NULL;
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
                if (c->jobs->connections[i] == c)
                        c->jobs->connections[i] = NULL;
        if (c->task)
                c->task->connection = NULL;
        (void) sd_event_source_disable_unref(c->io);
        (void) sd_event_source_disable_unref(c->timer);
        closep(&c->fd);
        free(c->buffer);
        free(c);
        return NULL;
}

/* A few bytes a job: if they do not fit the socket's buffer the worker has not read for very long, and may connect again. */
static int say(Connection* c, json_t* message) {
        _cleanup_(erase_and_freep) char* text = json_text(message, /* canonical= */ false); /* an answer may carry a token */
        json_decref(message);
        _cleanup_(erase_and_freep) char* line = NULL;
        if (!text || asprintf(&line, "%s\n", text) < 0)
                return -ENOMEM;
        size_t size = strlen(line);
        ssize_t n = send(c->fd, line, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        return n < 0 ? -errno : (size_t) n < size ? -EAGAIN : 0;
}

static void connection_lost(Connection* c) {
        Task* t = c->task;
        (void) connection_free(c);
        if (t && t->ending == JOB_STATE_QUEUED)
                doubt_later(t, t->jobs->options.doubt_usec);
}

void jobs_answer(Jobs* j, const char* id, int r, Error* error) {
        Task* t = jobs_find(j, id);
        if (t && t->connection) {
                json_t* e = json_null();
                if (r < 0) {
                        _cleanup_error_ Error own = ERROR_NULL;
                        if (!error_is_set(error))
                                (void) error_errno(&own, r, "This did not work");
                        const Error* shown = error_is_set(error) ? error : &own;
                        e = json_pack("{s:s, s:s, s:s}", "name", error_name_to_string(shown->name), "message", shown->message,
                                      "hint", strempty(shown->hint));
                }
                if (say(t->connection, json_pack("{s:{s:o}}", "answer", "error", e)) < 0)
                        connection_lost(t->connection);
        }
        error_done(error);
}

/* What is below and nobody else has, too: texts with secrets come in lists. */
static void parts_wipe(json_t* value) {
        const char* key;
        json_t* v;
        size_t i;
        if (value->refcount != 1)
                return;
        if (json_is_string(value)) /* jansson's own copy */
                explicit_bzero((char*) json_string_value(value), json_string_length(value));
        json_object_foreach(value, key, v)
                parts_wipe(v);
        json_array_foreach(value, i, v)
                parts_wipe(v);
}

void jobs_answer_data(Jobs* j, const char* id, json_t* data) {
        Task* t = jobs_find(j, id);
        const char* key;
        json_t* v;
        if (t && t->connection && say(t->connection, json_pack("{s:{s:n, s:O}}", "answer", "error", "data", data)) < 0)
                connection_lost(t->connection);
        json_object_foreach(data, key, v)
                if (json_is_string(v)) /* whoever else has it */
                        explicit_bzero((char*) json_string_value(v), json_string_length(v));
                else
                        parts_wipe(v);
        if (json_is_array(data))
                parts_wipe(data);
        json_decref(data);
}

/* --- listening --- */

static int flush(Task* t, Error* reterr) {
        Store* s = t->jobs->m->store;
        Task* parent = isempty(t->row.parent) ? NULL : jobs_find(t->jobs, t->row.parent);
        int r = store_begin(s, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = s;
        r = task_save(t, reterr);
        if (r >= 0 && parent && parent->waiting) /* who asks for the parent sees it too */
                r = task_save(parent, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(s, reterr);
}

static int on_flush(sd_event_source* source, uint64_t usec, void* userdata) {
        Task* t = userdata;
        _cleanup_error_ Error e = ERROR_NULL;
        t->flush = sd_event_source_disable_unref(t->flush);
        int r = flush(t, &e);
        if (r < 0)
                log_warning("Cannot save the progress of job '%s', ignoring: %s", t->row.id, strempty(e.message));
        else
                (void) json_array_clear(t->lines);
        task_publish(t, /* force= */ true);
        return 0;
}

static void flush_later(Task* t) {
        if (t->flush)
                return;
        int r = sd_event_add_time_relative(t->jobs->m->event, &t->flush, CLOCK_MONOTONIC, FLUSH_USEC, USEC_PER_SEC / 2, on_flush, t);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to plan saving a job's progress, ignoring: %m");
}

static void line_add(Task* t, const char* level, const char* text) {
        if (t->n_lines >= LINES_MAX)
                return;
        if (++t->n_lines == LINES_MAX) {
                level = "warning";
                text = "More lines came; they were not kept.";
        }
        (void) json_array_append_new(
                t->lines, json_pack("{s:I, s:s, s:s}", "at", (json_int_t) now_seconds(), "level", level, "text", text));
        flush_later(t);
}

static void take_error(Task* t, const Message* m) {
        Error e = ERROR_NULL;
        (void) error_set(&e, error_name_from_string(json_get_string(m->object, "name")), "%s", m->text);
        const char* hint = json_get_string(m->object, "hint");
        if (!isempty(hint))
                (void) error_hint(&e, "%.1000s", hint);
        task_end(t, t->job.cancel ? JOB_STATE_CANCELLED : JOB_STATE_FAILED, &e);
}

static void take_question(Task* t, const json_t* question) {
        _cleanup_error_ Error e = ERROR_NULL;
        char id[JOB_ID_BYTES];
        memcpy(id, t->job.id, sizeof(id));
        Jobs* j = t->jobs;
        int r = t->class && t->class->asked ? t->class->asked(j->m, &t->job, question, &e)
                                            : error_set(&e, ERROR_NOT_ALLOWED, "This kind of job may not ask.");
        if (r < 0)
                jobs_answer(j, id, r, &e);
}

/* Whether a worker may go home. A job that is open but not loaded yet (we have just been started) wants it back: without an answer it
 * tries again in a moment. */
static bool job_is_over(Jobs* j, const char* id) {
        _cleanup_job_row_ JobRow row = {};
        int r = store_job_get(j->m->store, id, &row, NULL);
        return r == 0 || (r > 0 && !streq(row.state, "running") && !streq(row.state, "queued"));
}

static int task_of_peer(Connection* c, const char* id, Task** ret) {
        Task* t = jobs_find(c->jobs, id);
        if (!t || !task_is_worker(t))
                return -ENOENT;
        if (!c->jobs->options.peer_allowed(t->type, id, c->fd, c->uid)) {
                log_warning("Uid %u may not speak for job '%s' (%s), refusing.", (unsigned) c->uid, id, t->row.kind);
                return -EPERM;
        }
        *ret = t;
        return 0;
}

/* Returns 0, or negative when the connection is no use. */
static int take_hello(Connection* c, const char* id) {
        Task* t = NULL;
        int r = task_of_peer(c, id, &t);
        if (r == -ENOENT && job_is_over(c->jobs, id))
                (void) say(c, json_pack("{s:b}", "over", 1));
        if (r < 0)
                return r;
        if (t->connection) /* the older one is dead: a worker has one socket at a time */
                (void) connection_free(t->connection);
        t->connection = c;
        c->task = t;
        c->timer = sd_event_source_disable_unref(c->timer);
        if (t->ending == JOB_STATE_QUEUED)
                t->timer = sd_event_source_disable_unref(t->timer);
        t->gone = t->looks = 0;
        (void) json_object_set_new(t->job.journal, "met", json_true());
        flush_later(t);
        r = say(c, json_pack("{s:b}", "welcome", 1));
        if (r >= 0 && t->job.cancel)
                worker_cancel(t);
        return r;
}

/* Returns 0, or negative when the connection is no use. The task may be gone afterwards, and the connection with it (-ESTALE). */
static int take_message(Connection* c, const Message* m) {
        Task* t = c->task;
        if (m->kind == MESSAGE_HELLO)
                return t ? -EPROTO : take_hello(c, m->id);
        if (!t)
                return -EPROTO;
        if (t->ending != JOB_STATE_QUEUED) /* it repeats its result while we wait for the disk */
                return 0;
        switch (m->kind) {
        case MESSAGE_PROGRESS:
                task_progress(t, m->stage, m->percent, m->text);
                flush_later(t);
                return 0;
        case MESSAGE_LOG:
                line_add(t, m->level, m->text);
                return 0;
        case MESSAGE_ASK:
                take_question(t, m->object);
                return 0;
        case MESSAGE_RESULT:
                json_decref(t->job.result);
                t->job.result = json_incref(m->object);
                task_end(t, JOB_STATE_DONE, NULL);
                return -ESTALE;
        case MESSAGE_ERROR:
                take_error(t, m);
                return -ESTALE;
        default:
                return -EPROTO;
        }
}

static bool connection_lives(const Jobs* j, const Connection* c) {
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
                if (j->connections[i] == c)
                        return true;
        return false;
}

/* Works off the whole lines of the buffer. False when the connection is gone. */
static bool take_lines(Connection* c) {
        Jobs* j = c->jobs;
        size_t start = 0;
        for (;;) {
                char* newline = memchr(c->buffer + start, '\n', c->size - start);
                if (!newline)
                        break;
                size_t length = (size_t) (newline - c->buffer) - start;
                _cleanup_(message_done) Message m = {};
                _cleanup_error_ Error e = ERROR_NULL;
                int r = message_parse(c->buffer + start, length, &m, &e);
                if (r < 0)
                        log_warning("A worker sent nonsense, closing: %s", strempty(e.message));
                else
                        r = take_message(c, &m);
                if (!connection_lives(j, c))
                        return false;
                if (r < 0 && r != -ESTALE) {
                        connection_lost(c);
                        return false;
                }
                start += length + 1;
        }
        memmove(c->buffer, c->buffer + start, c->size - start);
        c->size -= start;
        if (c->size == 0 && c->room > READ_BYTES) { /* a large result has passed; do not keep its room */
                free(c->buffer);
                c->buffer = NULL;
                c->room = 0;
        }
        return true;
}

static int make_room(Connection* c) {
        if (c->room - c->size >= READ_BYTES)
                return 0;
        size_t limit = c->task ? MESSAGE_BYTES_MAX + READ_BYTES : 2 * READ_BYTES; /* strangers get little */
        size_t room = MIN(MAX(c->room * 2, (size_t) READ_BYTES * 2), limit);
        if (room - c->size < 1)
                return -EMSGSIZE;
        char* bigger = realloc(c->buffer, room);
        if (!bigger)
                return -ENOMEM;
        c->buffer = bigger;
        c->room = room;
        return 0;
}

static int on_connection(sd_event_source* source, int fd, uint32_t revents, void* userdata) {
        Connection* c = userdata;
        int r = make_room(c);
        if (r < 0) {
                log_warning("A worker sent a line of more than %d bytes, closing.", MESSAGE_BYTES_MAX);
                connection_lost(c);
                return 0;
        }
        ssize_t n = read(fd, c->buffer + c->size, c->room - c->size);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                connection_lost(c);
                return 0;
        }
        c->size += (size_t) n;
        (void) take_lines(c);
        return 0;
}

static int on_hello_missing(sd_event_source* source, uint64_t usec, void* userdata) {
        connection_lost(userdata);
        return 0;
}

static int connection_new(Jobs* j, int fd, Connection** slot) {
        _cleanup_close_ int owned = fd;
        struct ucred peer;
        socklen_t size = sizeof(peer);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        Connection* c = calloc(1, sizeof(Connection));
        if (!c)
                return -ENOMEM;
        *c = (Connection) { .jobs = j, .fd = TAKE_FD(owned), .uid = peer.uid };
        int r = sd_event_add_io(j->m->event, &c->io, c->fd, EPOLLIN, on_connection, c);
        if (r >= 0)
                r = sd_event_add_time_relative(j->m->event, &c->timer, CLOCK_MONOTONIC, HELLO_USEC, 0, on_hello_missing, c);
        if (r < 0) {
                (void) connection_free(c);
                return r;
        }
        (void) sd_event_source_set_description(c->io, "job-connection");
        *slot = c;
        return 0;
}

static int on_listener(sd_event_source* source, int fd, uint32_t revents, void* userdata) {
        Jobs* j = userdata;
        int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer < 0)
                return 0;
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
                if (!j->connections[i]) {
                        int r = connection_new(j, peer, &j->connections[i]);
                        if (r < 0)
                                (void) log_warning_errno(r, "Failed to take a worker's connection, ignoring: %m");
                        return 0;
                }
        (void) close(peer);
        return 0;
}

int worker_listen(Jobs* j, Error* reterr) {
        if (j->options.listen_fd < 0)
                return 0;
        int r = sd_event_add_io(j->m->event, &j->listener, j->options.listen_fd, EPOLLIN, on_listener, j);
        if (r < 0)
                return error_errno(reterr, r, "Cannot listen for workers");
        (void) sd_event_source_set_description(j->listener, "job-socket");
        return 0;
}

/* --- starting, doubting, stopping --- */

static int request_path(Task* t, const char* file, char** ret) {
        return asprintf(ret, "%s/jobs/%s%s", t->jobs->m->runtime_directory, t->row.id, file) < 0 ? -ENOMEM : 0;
}

static int request_write(Task* t) {
        _cleanup_free_ char *directory = NULL, *path = NULL;
        int r = request_path(t, "", &directory);
        if (r >= 0)
                r = request_path(t, "/request.json", &path);
        if (r < 0)
                return r;
        /* The jobs directory is setgid: what is made in it belongs to the group of job programs. Our own umask would shut them out, and
         * a later chmod() would take the bit away. */
        mode_t old = umask(0027);
        r = directory_make(directory, 0750);
        (void) umask(old);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* request = json_pack(
                "{s:s, s:s, s:s, s:O}", "id", t->row.id, "kind", t->row.kind, "object", t->row.object, "request", t->job.request);
        _cleanup_free_ char* text = json_text(request, /* canonical= */ false);
        if (!text)
                return -ENOMEM;
        return file_write(AT_FDCWD, path, text, strlen(text), 0640);
}

static void request_remove(Task* t) {
        _cleanup_free_ char *directory = NULL, *path = NULL;
        if (request_path(t, "", &directory) < 0 || request_path(t, "/request.json", &path) < 0)
                return;
        (void) unlink(path);
        (void) rmdir(directory);
}

/* Of jobs that were over when we were killed. */
void worker_requests_sweep(Jobs* j) {
        _cleanup_free_ char* path = NULL;
        DIR* d = asprintf(&path, "%s/jobs", j->m->runtime_directory) < 0 ? NULL : opendir(path);
        for (struct dirent* e; d && (e = readdir(d));) {
                char request[JOB_ID_BYTES + sizeof("/request.json")];
                if (!id_valid(e->d_name) || store_job_is_open(j->m->store, e->d_name, NULL) != 0)
                        continue;
                (void) snprintf(request, sizeof(request), "%.20s/request.json", e->d_name);
                (void) unlinkat(dirfd(d), request, 0);
                (void) unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
        }
        if (d)
                (void) closedir(d);
}

static int on_doubt(sd_event_source* source, uint64_t usec, void* userdata) {
        Task* t = userdata;
        t->timer = sd_event_source_disable_unref(t->timer);
        if (t->stopping && t->connection) { /* told to stop, and did not */
                t->jobs->options.stop(t->jobs, t->row.kind, t->row.id);
                doubt_later(t, CANCEL_USEC);
                return 0;
        }
        if (t->connection)
                return 0;
        if (t->jobs->options.look(t->jobs, t->row.kind, t->row.id) < 0)
                doubt_later(t, t->jobs->options.doubt_usec);
        return 0;
}

static void doubt_later(Task* t, uint64_t usec) {
        t->timer = sd_event_source_disable_unref(t->timer);
        int r = sd_event_add_time_relative(t->jobs->m->event, &t->timer, CLOCK_MONOTONIC, usec, 0, on_doubt, t);
        if (r < 0)
                (void) log_error_errno(r, "Failed to watch job '%s': %m", t->row.id);
}

void worker_begin(Task* t) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = request_write(t);
        if (r < 0)
                (void) error_errno(&e, r, "Cannot write the job's request");
        else
                r = t->jobs->options.start(t->jobs, t->row.kind, t->row.id, &e);
        if (r < 0)
                task_end(t, JOB_STATE_FAILED, &e);
}

void worker_adopt(Task* t) {
        if (json_is_true(json_object_get(t->job.journal, "met")))
                doubt_later(t, t->jobs->options.doubt_usec);
        else
                worker_begin(t); /* we were killed before it said a word; starting a unit that runs does nothing */
}

/* Killed by whoever it was, or the helper was that should start it: where that does no harm it gets a second try. */
static bool begin_again(Task* t, const char* why) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (!(t->type->flags & JOB_AGAIN) || t->job.cancel || json_object_get(t->job.journal, "again"))
                return false;
        (void) json_object_set_new(t->job.journal, "again", json_true());
        (void) json_object_del(t->job.journal, "met");
        if (flush(t, &e) < 0)
                return false;
        log_warning("Job '%s' (%s) is begun again: %s", t->row.id, t->row.kind, why);
        t->gone = t->looks = 0;
        worker_begin(t);
        return true;
}

void jobs_started(Jobs* j, const char* id, int r, Error* error) {
        Task* t = jobs_find(j, id);
        if (!t) {
                error_done(error);
                return;
        }
        if (r < 0 && error_has_name(error, ERROR_HELPER_FAILED) && begin_again(t, strempty(error->message))) {
                error_done(error);
                return;
        }
        if (r < 0) {
                if (error && !error_is_set(error))
                        (void) error_errno(error, r, "The job's unit did not start");
                task_end(t, JOB_STATE_FAILED, error);
                return;
        }
        error_done(error);
        if (!t->connection)
                doubt_later(t, j->options.doubt_usec);
}

void jobs_looked(Jobs* j, const char* id, int alive) {
        Task* t = jobs_find(j, id);
        if (!t || t->connection || t->ending != JOB_STATE_QUEUED)
                return;
        t->gone = alive == 0 ? t->gone + 1 : 0;
        if (t->gone >= GONE_MAX) {
                Error e = ERROR_NULL;
                if (t->job.cancel) {
                        task_end(t, JOB_STATE_CANCELLED, NULL);
                        return;
                }
                if (begin_again(t, "its process died"))
                        return;
                (void) error_set(&e, ERROR_INTERNAL, "The worker ended without an answer.");
                (void) error_hint(&e, "Try again; the machine's journal of the unit steadbox-job-%s@%s says more.", t->row.kind, t->row.id);
                task_end(t, JOB_STATE_FAILED, &e);
                return;
        }
        if (++t->looks >= LOOKS_MAX) {
                j->options.stop(j, t->row.kind, t->row.id);
                t->looks = 0;
        }
        doubt_later(t, j->options.doubt_usec);
}

void worker_cancel(Task* t) {
        t->stopping = true;
        if (t->connection) {
                if (say(t->connection, json_pack("{s:b}", "cancel", 1)) >= 0) {
                        doubt_later(t, CANCEL_USEC);
                        return;
                }
                connection_lost(t->connection);
        }
        t->jobs->options.stop(t->jobs, t->row.kind, t->row.id);
        doubt_later(t, t->jobs->options.doubt_usec);
}

void worker_forget(Task* t) {
        if (t->connection) {
                Connection* c = t->connection;
                (void) say(c, json_pack("{s:b}", "over", 1));
                c->task = NULL;
                t->connection = NULL;
        }
        request_remove(t);
}
