/* Asks apps how they are, as visitors would: nginx serves the same names as plain HTTP on a socket of its own, past the gate and the sign-in.
 * One GET every ten seconds an app, spread over them; one line out, the status and 4 KiB back. */
#include "app/app-internal.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PERIOD_USEC (10 * USEC_PER_SEC)
#define WATCHED_USEC (100 * USEC_PER_MSEC) /* while a job waits for the first answer */
#define TIMEOUT_USEC (10 * USEC_PER_SEC)
#define SLACK_USEC (50 * USEC_PER_MSEC)
#define IN_FLIGHT_MAX 16
#define READ_MAX (16 * 1024) /* head and the part of the body that is kept */
#define ANSWERED_SAVE_SEC 3600 /* answered_at of the row is brought up to date so often */

struct AppProbe {
        Manager* m;
        AppLive* live;
        int fd;
        sd_event_source *io, *timer;
        uint64_t began_usec;
        char* buffer;
        size_t size;
};

/* --- one answer --- */

bool app_answer_good(const AppLive* live, const AppAnswer* a) {
        for (size_t i = 0; i < live->expect_n; i++)
                if (live->expect[i] == a->status)
                        return true;
        return false;
}

static void pulse_add(AppLive* live, const AppAnswer* a, bool good) {
        live->pulses[live->pulses_n++ % APP_PULSES] = (AppPulse) {
                .at = (uint32_t) a->at, .milliseconds = (uint16_t) MIN(a->milliseconds, (unsigned) UINT16_MAX), .status = (uint16_t) a->status, .good = good,
        };
}

void app_answered(Manager* m, AppLive* live, unsigned status, char* body, unsigned milliseconds) {
        app_answer_done(&live->last);
        live->last = (AppAnswer) { .at = now_seconds(), .status = status, .milliseconds = milliseconds, .body = body };
        bool good = status > 0 && app_answer_good(live, &live->last);
        if (good || !live->watched)
                pulse_add(live, &live->last, good); /* four questions a second at a start tell nothing of how it goes */
        if (good) {
                live->good_usec = live->good_answer_usec = now_usec(CLOCK_BOOTTIME);
                app_answer_done(&live->good);
                live->good = live->last;
                live->last.body = NULL; /* the words are kept once */
        }
        live->last_good = good;
        if (*live->job)
                jobs_wake(m->jobs, live->job);
        app_health_follow(m, live);
}

/* --- one probe --- */

void app_probe_cancel(AppLive* live) {
        AppProbe* p = live->probe;
        if (!p)
                return;
        live->probe = NULL;
        if (p->m->apps)
                p->m->apps->probing--;
        (void) sd_event_source_disable_unref(p->io);
        (void) sd_event_source_disable_unref(p->timer);
        closep(&p->fd);
        free(p->buffer);
        free(p);
}

static void probe_end(AppProbe* p, unsigned status, const char* body, size_t size) {
        Manager* m = p->m;
        AppLive* live = p->live;
        unsigned milliseconds = (unsigned) ((now_usec(CLOCK_BOOTTIME) - p->began_usec) / USEC_PER_MSEC);
        while (size > 0 && !utf8_valid(body, size)) /* cut inside a sign, or no text at all */
                size = size > 4 && !utf8_valid(body, size - 4) ? 0 : size - 1;
        char* text = strndup(body, size);
        app_probe_cancel(live);
        app_answered(m, live, status, text, milliseconds);
        app_probe_plan(m);
}

static void probe_fail(AppProbe* p, const char* why) {
        probe_end(p, 0, why, strlen(why));
}

/* "HTTP/1.1 200 OK\r\n..\r\n\r\nbody": 0 when it is none. */
static unsigned parse_answer(const char* buffer, size_t size, const char** ret_body, size_t* ret_size) {
        const char* end = memmem(buffer, size, "\r\n\r\n", 4);
        if (!end || size < 12 || memcmp(buffer, "HTTP/1.", 7) != 0 || buffer[8] != ' ')
                return 0;
        unsigned status = 0;
        for (size_t i = 9; i < 12; i++) {
                if (buffer[i] < '0' || buffer[i] > '9')
                        return 0;
                status = status * 10 + (unsigned) (buffer[i] - '0');
        }
        *ret_body = end + 4;
        *ret_size = MIN((size_t) (buffer + size - (end + 4)), (size_t) APP_BODY_MAX);
        return status;
}

static void probe_take(AppProbe* p) {
        const char* body = "";
        size_t size = 0;
        unsigned status = parse_answer(p->buffer, p->size, &body, &size);
        if (status == 0)
                probe_fail(p, "The answer is not HTTP.");
        else
                probe_end(p, status, body, size);
}

static int on_io(sd_event_source* source, int fd, uint32_t revents, void* userdata) {
        AppProbe* p = userdata;
        ssize_t n = recv(fd, p->buffer + p->size, READ_MAX - p->size, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n < 0) {
                probe_fail(p, "The web server of the box ended the connection.");
                return 0;
        }
        p->size += (size_t) n;
        if (n == 0 || p->size == READ_MAX)
                probe_take(p);
        return 0;
}

static int on_timeout(sd_event_source* source, uint64_t usec, void* userdata) {
        probe_fail(userdata, "There was no answer within 10 s.");
        return 0;
}

static int request_send(AppProbe* p) {
        char request[2048];
        int n = snprintf(request, sizeof(request),
                         "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Steadbox\r\nAccept: */*\r\nConnection: close\r\n\r\n", p->live->path, p->live->host);
        if (n < 0 || (size_t) n >= sizeof(request))
                return -EMSGSIZE;
        ssize_t sent = send(p->fd, request, (size_t) n, MSG_DONTWAIT | MSG_NOSIGNAL);
        return sent < 0 ? -errno : sent < n ? -EAGAIN : 0;
}

static int probe_connect(Manager* m, AppProbe* p) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", m->apps->probe_socket);
        p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (p->fd < 0 || connect(p->fd, &sa, sizeof(sa)) < 0)
                return -errno;
        return request_send(p);
}

static int probe_begin(Manager* m, AppLive* live) {
        AppProbe* p = calloc(1, sizeof(AppProbe));
        if (!p)
                return -ENOMEM;
        *p = (AppProbe) { .m = m, .live = live, .fd = -EBADF, .began_usec = now_usec(CLOCK_BOOTTIME) };
        live->probe = p;
        m->apps->probing++;
        p->buffer = malloc(READ_MAX);
        int r = p->buffer ? probe_connect(m, p) : -ENOMEM;
        if (r >= 0)
                r = sd_event_add_io(m->event, &p->io, p->fd, EPOLLIN, on_io, p);
        if (r >= 0)
                r = sd_event_add_time_relative(m->event, &p->timer, CLOCK_MONOTONIC, TIMEOUT_USEC, USEC_PER_SEC, on_timeout, p);
        if (r < 0) /* nginx is being started, or not there at all */
                probe_fail(p, "The web server of the box does not take questions.");
        return r;
}

/* --- when --- */

static bool is_asked(const AppLive* live) {
        return live->http && (live->wanted || live->watched) && live->host;
}

/* Apps of a box do not all begin at the same moment of the ten seconds. */
static uint64_t spread(const AppLive* live, uint64_t now) {
        uint32_t hash = 2166136261u;
        for (const char* p = live->id; *p; p++)
                hash = (hash ^ (unsigned char) *p) * 16777619u;
        uint64_t phase = (uint64_t) hash % PERIOD_USEC;
        return now - now % PERIOD_USEC + phase + (now % PERIOD_USEC >= phase ? PERIOD_USEC : 0);
}

static void due_next(AppLive* live, uint64_t now) {
        live->due_usec = live->watched ? now + WATCHED_USEC : spread(live, now);
}

static int on_prober(sd_event_source* source, uint64_t usec, void* userdata) {
        Manager* m = userdata;
        uint64_t now = now_usec(CLOCK_BOOTTIME);
        for (size_t i = 0; i < m->apps->live_n; i++) {
                AppLive* live = m->apps->live[i];
                if (!is_asked(live) || live->probe || live->due_usec > now + SLACK_USEC || m->apps->probing >= IN_FLIGHT_MAX)
                        continue;
                due_next(live, now);
                (void) probe_begin(m, live);
        }
        app_probe_plan(m);
        return 0;
}

void app_probe_plan(Manager* m) {
        Apps* a = m->apps;
        uint64_t now = now_usec(CLOCK_BOOTTIME), next = UINT64_MAX;
        if (!a || !a->prober)
                return;
        for (size_t i = 0; i < a->live_n; i++) {
                AppLive* live = a->live[i];
                if (!is_asked(live) || live->probe)
                        continue;
                if (live->due_usec == 0)
                        due_next(live, now);
                next = MIN(next, live->due_usec);
        }
        if (next == UINT64_MAX) {
                (void) sd_event_source_set_enabled(a->prober, SD_EVENT_OFF);
                return;
        }
        (void) sd_event_source_set_time(a->prober, MAX(next, now + 1));
        (void) sd_event_source_set_enabled(a->prober, SD_EVENT_ONESHOT);
}

void app_probe_now(Manager* m, AppLive* live) {
        uint64_t now = now_usec(CLOCK_BOOTTIME);
        if (live->probe || (live->due_usec > now && live->due_usec <= now + WATCHED_USEC))
                return;
        live->due_usec = now + 10 * USEC_PER_MSEC;
        app_probe_plan(m);
}

int app_probe_start(Manager* m, Error* reterr) {
        int r = sd_event_add_time_relative(m->event, &m->apps->prober, CLOCK_BOOTTIME, PERIOD_USEC, SLACK_USEC, on_prober, m);
        if (r < 0)
                return error_errno(reterr, r, "Cannot ask apps how they are");
        (void) sd_event_source_set_description(m->apps->prober, "app-probe");
        return MIN(sd_event_source_set_enabled(m->apps->prober, SD_EVENT_OFF), 0);
}
