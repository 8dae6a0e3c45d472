#include "api/http.h"
#include "api/decode.h"
#include "api/inner.h"
#include "api/request-internal.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "daemon/quiet.h"
#include <pwd.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 1200            /* on each socket */
#define CONNECTION_MEMORY (80 * 1024)   /* twice the 32 KiB of headers that nginx lets pass, as cookies are kept split, too; and a piece of body */
/* The library does not log: strangers who send nonsense could fill the journal with its lines. */
#define FULL_USEC (50 * USEC_PER_MSEC)  /* how often a full listener is looked after */
#define LOOK_AGAIN 3                    /* runs after it was full */
#define IDLE_TIMEOUT_SEC 30             /* between bytes: slow senders do not hold a place for long */
#define PATIENCE_SEC 300                /* the same for who reads a stream of their own: a download that is paused, a log behind less(1) */

typedef struct Listener {
        Http* http;
        struct MHD_Daemon* daemon;
        sd_event_source* io;
        sd_event_source* timer;
        bool admin;
        unsigned look_again; /* runs that are still owed after it was full */
} Listener;

struct Http {
        Manager* manager;
        Listener admin, web;
        uid_t web_uid;      /* www-data */
        unsigned suspended; /* connections that wait for a handler or for events */
};

const char* http_header(Request* r, const char* name) {
        return r->connection ? MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name) : NULL;
}

const char* http_cookie(Request* r, const char* name, size_t size) {
        const char *cookies = http_header(r, "Cookie"), *found = NULL;
        while (!isempty(cookies)) {
                cookies += strspn(cookies, " ;");
                size_t n = strcspn(cookies, ";");
                const char* value = startswith(cookies, name);
                if (value && *value == '=' && n == strlen(name) + 1 + size) {
                        if (found)
                                return NULL;
                        found = value + 1;
                }
                cookies += n;
        }
        return found;
}

typedef struct QueryWalk {
        int (*visit)(void*, const char*, const char*, Error*);
        void* userdata;
        Error* reterr;
        int r;
} QueryWalk;

static enum MHD_Result on_query(void* cls, enum MHD_ValueKind kind, const char* key, const char* value) {
        QueryWalk* w = cls;
        char name[64], text[1024];
        (void) snprintf(name, sizeof(name), "%s", key);
        int n = snprintf(text, sizeof(text), "%s", strempty(value));
        if (n >= (int) sizeof(text) || percent_decode(name) < 0 || percent_decode(text) < 0)
                w->r = error_field(w->reterr, ERROR_BAD_FIELD, name, "The parameter %.32s is too long or not well formed.", name);
        else
                w->r = w->visit(w->userdata, name, text, w->reterr);
        return w->r < 0 ? MHD_NO : MHD_YES;
}

int http_query(Request* r, int (*visit)(void*, const char*, const char*, Error*), void* userdata, Error* reterr) {
        QueryWalk walk = { .visit = visit, .userdata = userdata, .reterr = reterr };
        (void) MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, on_query, &walk);
        return walk.r;
}

/* Escapes stay: the router splits the path before it decodes, so that %2F cannot make a segment. */
static size_t on_unescape(void* cls, struct MHD_Connection* connection, char* text) {
        return strlen(text);
}

static void set_address(Request* r, Http* h, int fd) {
        struct ucred peer = { .uid = (uid_t) -1 };
        socklen_t size = sizeof(peer);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || (peer.uid != h->web_uid && peer.uid != 0))
                return;
        const char* address = http_header(r, "X-Real-IP");
        if (address && ip_address_valid(address))
                (void) snprintf(r->address, sizeof(r->address), "%s", address);
}

static void timer_arm(Listener* l, uint64_t after_usec) {
        (void) sd_event_source_set_time_relative(l->timer, after_usec);
        (void) sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

void http_suspend(Manager* m, struct MHD_Connection* connection) {
        m->http->suspended++;
        MHD_suspend_connection(connection);
}

void http_be_patient(struct MHD_Connection* connection) {
        (void) MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned) PATIENCE_SEC);
}

void http_resume(Manager* m, struct MHD_Connection* connection, bool admin_socket) {
        m->http->suspended--;
        MHD_resume_connection(connection);
        timer_arm(admin_socket ? &m->http->admin : &m->http->web, 0);
}

static Request* request_begin(Listener* l, struct MHD_Connection* connection, const char* url, const char* method) {
        Request* r = request_new(l->http->manager);
        if (!r)
                return NULL;
        r->connection = connection;
        r->admin_socket = l->admin;
        r->agent = http_header(r, "User-Agent");
        if (!l->admin) {
                set_address(r, l->http, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
                (void) snprintf(r->host, sizeof(r->host), "%s", strempty(http_header(r, "Host")));
        }
        if (!inner_answer(r, url))
                route_head(r, method, url);
        return r;
}

static void body_append(Request* r, const char* data, size_t size) {
        if (r->state == REQUEST_ANSWERED || r->body_too_large)
                return;
        if (size > r->body_max - r->body_size) {
                r->body_too_large = true;
                return;
        }
        if (r->body_size + size > r->body_room) {
                size_t room = MIN(r->body_max, MAX(r->body_room * 2, r->body_size + size + 512));
                char* bigger = realloc(r->body, room);
                if (!bigger) {
                        r->body_too_large = true;
                        return;
                }
                r->body = bigger;
                r->body_room = room;
        }
        memcpy(r->body + r->body_size, data, size);
        r->body_size += size;
}

static void add_allow(Request* r) {
        char allow[64] = "";
        for (Method i = 0; i < _METHOD_MAX; i++)
                if (r->allowed & (1u << i))
                        (void) snprintf(allow + strlen(allow), sizeof(allow) - strlen(allow), "%s%s", *allow ? ", " : "", method_to_string(i));
        if (*allow)
                (void) MHD_add_response_header(r->response, "Allow", allow);
}

static enum MHD_Result queue_answer(Request* r) {
        if (!r->response) {
                size_t n = r->reply_text ? strlen(r->reply_text) : 0;
                r->response = MHD_create_response_from_buffer(n, r->reply_text, MHD_RESPMEM_MUST_FREE);
                if (!r->response)
                        return MHD_NO;
                r->reply_text = NULL; /* the response owns it now */
                (void) MHD_add_response_header(r->response, "Content-Type", "application/json");
        }
        (void) MHD_add_response_header(r->response, "Cache-Control", *r->tag ? "private, no-cache" : "no-store");
        if (*r->tag)
                (void) MHD_add_response_header(r->response, "ETag", r->tag);
        if (r->cookie)
                (void) MHD_add_response_header(r->response, "Set-Cookie", r->cookie);
        add_allow(r);
        if (r->resume_error.retry_after > 0) {
                char seconds[16];
                (void) snprintf(seconds, sizeof(seconds), "%u", r->resume_error.retry_after);
                (void) MHD_add_response_header(r->response, "Retry-After", seconds);
        }
        return MHD_queue_response(r->connection, r->status ?: 200, r->response);
}

static enum MHD_Result on_access(void* cls, struct MHD_Connection* connection, const char* url, const char* method,
                                 const char* version, const char* upload, size_t* upload_size, void** context) {
        Listener* l = cls;
        Request* r = *context;
        if (!r) {
                r = *context = request_begin(l, connection, url, method);
                return r ? MHD_YES : MHD_NO;
        }
        if (*upload_size > 0) {
                body_append(r, upload, *upload_size);
                *upload_size = 0;
                return MHD_YES;
        }
        if (r->state == REQUEST_READING)
                route_run(r);
        if (r->state == REQUEST_ANSWERED)
                return queue_answer(r);
        http_suspend(r->manager, connection);
        return MHD_YES;
}

static void on_completed(void* cls, struct MHD_Connection* connection, void** context, enum MHD_RequestTerminationCode code) {
        *context = request_free(*context);
}

static bool is_full(Listener* l) {
        return MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections >= CONNECTIONS_MAX;
}

/* The library gives relative milliseconds, the loop wants microseconds; none means no timer at all, so an idle box sleeps. But a library
 * that is full looks away from the listening socket, and looks back in a run after the one that made room: so it gets a few more. */
static void run_daemon(Listener* l) {
        MHD_UNSIGNED_LONG_LONG timeout_msec;
        if (!l->daemon)
                return;
        bool full = is_full(l);
        (void) MHD_run(l->daemon);
        manager_was_busy(l->http->manager);
        bool waits = MHD_get_timeout(l->daemon, &timeout_msec) == MHD_YES;
        uint64_t usec = waits ? (uint64_t) timeout_msec * USEC_PER_MSEC : UINT64_MAX;
        if (full || is_full(l))
                l->look_again = LOOK_AGAIN;
        else if (l->look_again > 0)
                l->look_again--;
        if (l->look_again > 0)
                usec = MIN(usec, (uint64_t) FULL_USEC);
        if (usec != UINT64_MAX)
                timer_arm(l, usec);
        else
                (void) sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
}

static int on_daemon_io(sd_event_source* s, int fd, uint32_t revents, void* userdata) {
        run_daemon(userdata);
        return 0;
}

static int on_daemon_timer(sd_event_source* s, uint64_t usec, void* userdata) {
        run_daemon(userdata);
        return 0;
}

static int listener_init(Listener* l, Http* h, int fd, bool admin, Error* reterr) {
        *l = (Listener) { .http = h, .admin = admin };
        l->daemon = MHD_start_daemon(
                        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL, on_access, l,
                        MHD_OPTION_LISTEN_SOCKET, (MHD_socket) fd,
                        MHD_OPTION_CONNECTION_LIMIT, (unsigned) CONNECTIONS_MAX,
                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_MEMORY,
                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) IDLE_TIMEOUT_SEC,
                        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                        MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
                        MHD_OPTION_STRICT_FOR_CLIENT, 1,
                        MHD_OPTION_END);
        if (!l->daemon)
                return error_set(reterr, ERROR_INTERNAL, "The HTTP library does not take the socket.");
        int epoll_fd = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        int r = sd_event_add_io(h->manager->event, &l->io, epoll_fd, EPOLLIN, on_daemon_io, l);
        if (r >= 0)
                r = sd_event_add_time(h->manager->event, &l->timer, CLOCK_MONOTONIC, UINT64_MAX, /* accuracy= */ 1, on_daemon_timer, l);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch the socket");
        (void) sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
        (void) sd_event_source_set_description(l->io, admin ? "http-admin" : "http-web");
        (void) sd_event_source_set_description(l->timer, admin ? "http-admin-timer" : "http-web-timer");
        return 0;
}

static void listener_done(Listener* l) {
        sd_event_source_disable_unref(l->io);
        sd_event_source_disable_unref(l->timer);
        if (l->daemon)
                MHD_stop_daemon(l->daemon);
        *l = (Listener) {};
}

int http_new(Manager* m, int admin_fd, int web_fd, Http** ret, Error* reterr) {
        _cleanup_(http_freep) Http* h = calloc(1, sizeof(Http));
        if (!h)
                return error_errno(reterr, -ENOMEM, "Cannot serve");
        h->manager = m;
        const struct passwd* p = getpwnam("www-data");
        h->web_uid = p ? p->pw_uid : 0;
        int r = admin_fd >= 0 ? listener_init(&h->admin, h, admin_fd, true, reterr) : 0;
        if (r >= 0 && web_fd >= 0)
                r = listener_init(&h->web, h, web_fd, false, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

Http* http_free(Http* h) {
        if (!h)
                return NULL;
        run_daemon(&h->admin); /* lets connections that were just resumed end */
        run_daemon(&h->web);
        if (h->suspended > 0) { /* the library refuses to stop then; the process ends in a moment anyway */
                log_info("%u requests were still waiting at the end.", h->suspended);
                return NULL;
        }
        listener_done(&h->admin);
        listener_done(&h->web);
        free(h);
        return NULL;
}
