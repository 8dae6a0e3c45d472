#include "api/inside-link.h"
#include "base/log.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define LINE_MAX_BYTES (6U * 1024 * 1024)  /* of inside.h */
#define WAITING_MAX (6U * 1024 * 1024)
#define READ_BYTES (64 * 1024)

struct InsideLink {
        int fd;
        sd_event_source* io;
        const InsideLinkHooks* hooks;
        void* userdata;
        char *in, *out;
        size_t in_size, in_room, out_size, out_at;
        bool paused;
        bool* freed; /* set by free while a hook is on the stack */
};

static void watch(InsideLink* l) {
        uint32_t events = (l->paused ? 0 : EPOLLIN) | (l->out_size > l->out_at ? EPOLLOUT : 0);
        (void) sd_event_source_set_io_events(l->io, events);
}

static int flush(InsideLink* l) {
        while (l->out_at < l->out_size) {
                ssize_t n = send(l->fd, l->out + l->out_at, l->out_size - l->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        break;
                if (n < 0)
                        return -errno;
                l->out_at += (size_t) n;
        }
        if (l->out_at == l->out_size) {
                free(TAKE_PTR(l->out));
                l->out_at = l->out_size = 0;
        }
        watch(l);
        return 0;
}

/* Hands out whole lines. 1 = the link was freed on the way. */
static int lines(InsideLink* l, size_t fresh) {
        bool freed = false;
        size_t start = 0, from = l->in_size - fresh;
        l->freed = &freed;
        for (char* newline; (newline = memchr(l->in + from, '\n', l->in_size - from));) {
                size_t end = (size_t) (newline - l->in);
                *newline = 0;
                l->hooks->line(l->in + start, end - start, l->userdata);
                if (freed)
                        return 1;
                start = from = end + 1;
        }
        l->freed = NULL;
        memmove(l->in, l->in + start, l->in_size - start);
        l->in_size -= start;
        if (l->in_size == 0) {
                free(TAKE_PTR(l->in));
                l->in_room = 0;
        }
        return 0;
}

static int room(InsideLink* l) {
        if (l->in_room - l->in_size >= READ_BYTES)
                return 0;
        if (l->in_size >= LINE_MAX_BYTES)
                return -EMSGSIZE;
        size_t wanted = MAX(l->in_room * 2, (size_t) READ_BYTES * 2);
        char* bigger = realloc(l->in, wanted);
        if (!bigger)
                return -ENOMEM;
        l->in = bigger;
        l->in_room = wanted;
        return 0;
}

static int on_io(sd_event_source* s, int fd, uint32_t revents, void* userdata) {
        InsideLink* l = userdata;
        int r = revents & EPOLLOUT ? flush(l) : 0;
        if (r >= 0 && (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
                r = room(l);
                ssize_t n = r < 0 ? r : recv(fd, l->in + l->in_size, l->in_room - l->in_size, MSG_DONTWAIT);
                if (n > 0) {
                        l->in_size += (size_t) n;
                        if (lines(l, (size_t) n) > 0)
                                return 0;
                } else if (n == 0 || (errno != EAGAIN && errno != EINTR))
                        r = -ENOTCONN;
        }
        if (r < 0) {
                (void) sd_event_source_set_enabled(l->io, SD_EVENT_OFF);
                l->hooks->over(l->userdata);
        }
        return 0;
}

static int connected(Manager* m, Error* reterr) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/inside.sock", m->runtime_directory);
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, &sa, sizeof(sa)) < 0)
                return error_set(reterr, errno == EAGAIN ? ERROR_BUSY : ERROR_HELPER_FAILED, "Nothing looks into apps right now (%s).", strerror(errno));
        return TAKE_FD(fd);
}

int inside_link_new(Manager* m, const InsideLinkHooks* hooks, void* userdata, json_t* request, InsideLink** ret, Error* reterr) {
        _cleanup_json_ json_t* owned = request;
        InsideLink* l = calloc(1, sizeof(InsideLink));
        if (!l)
                return error_errno(reterr, -ENOMEM, "Cannot look into the app");
        *l = (InsideLink) { .fd = connected(m, reterr), .hooks = hooks, .userdata = userdata };
        int r = l->fd < 0 ? l->fd : sd_event_add_io(m->event, &l->io, l->fd, EPOLLIN, on_io, l);
        if (r >= 0)
                r = inside_link_send(l, json_incref(owned));
        if (r < 0) {
                (void) inside_link_free(l);
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot look into the app");
        }
        (void) sd_event_source_set_description(l->io, "inside");
        *ret = l;
        return 0;
}

InsideLink* inside_link_free(InsideLink* l) {
        if (!l)
                return NULL;
        if (l->freed)
                *l->freed = true;
        sd_event_source_disable_unref(l->io);
        closep(&l->fd);
        free(l->in);
        free(l->out);
        free(l);
        return NULL;
}

int inside_link_send(InsideLink* l, json_t* line) {
        _cleanup_json_ json_t* owned = line;
        _cleanup_free_ char* text = owned ? json_text(owned, /* canonical= */ false) : NULL;
        size_t n = text ? strlen(text) : 0;
        if (!text)
                return -ENOMEM;
        if (l->out_size - l->out_at + n + 1 > WAITING_MAX)
                return -ENOBUFS;
        char* bigger = realloc(l->out, l->out_size + n + 1);
        if (!bigger)
                return -ENOMEM;
        l->out = bigger;
        memcpy(l->out + l->out_size, text, n);
        l->out[l->out_size + n] = '\n';
        l->out_size += n + 1;
        return flush(l);
}

void inside_link_pause(InsideLink* l, bool pause) {
        if (l->paused == pause)
                return;
        l->paused = pause;
        watch(l);
}
