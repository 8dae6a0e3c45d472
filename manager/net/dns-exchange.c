/* One query on one socket: UDP connected to its server, so that the kernel drops what others send and tells
 * about refusals; or TCP with its lengths (RFC 7766), in whatever pieces it comes. */
#include "net/dns-internal.h"
#include <sys/epoll.h>

static int watch(const DnsExchange* e, int epoll, int how, uint32_t events) {
        struct epoll_event event = { .events = events, .data.ptr = (void*) e };
        return epoll_ctl(epoll, how, e->fd, &event) < 0 ? -errno : 0;
}

/* The packet may still be lost on the way; a full buffer here is one more way to lose it. */
static int send_udp(const DnsExchange* e) {
        if (send(e->fd, e->out + 2, e->out_size - 2, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
                return 0;
        return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? 0 : -errno;
}

static int send_tcp(DnsExchange* e, int epoll) {
        ssize_t n = send(
                        e->fd, e->out + e->out_done, e->out_size - e->out_done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
                return errno == EAGAIN ? 0 : -errno;
        e->out_done += (size_t) n;
        return e->out_done == e->out_size ? watch(e, epoll, EPOLL_CTL_MOD, EPOLLIN) : 0;
}

static int begin(DnsExchange* e, int epoll, const DnsAddress* to) {
        int type = e->tcp ? SOCK_STREAM : SOCK_DGRAM;
        e->fd = socket(to->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (e->fd < 0)
                return -errno;
        /* The kernel gives a random port (RFC 5452 9.2). */
        if (connect(e->fd, &to->any, to->size) < 0 && errno != EINPROGRESS)
                return -errno;
        int r = e->tcp ? 0 : send_udp(e);
        return r < 0 ? r : watch(e, epoll, EPOLL_CTL_ADD, e->tcp ? EPOLLOUT : EPOLLIN);
}

int dns_exchange_open(
                DnsExchange* e,
                int epoll,
                const DnsAddress* to,
                bool tcp,
                uint16_t id,
                const uint8_t* query,
                size_t size) {
        assert(e->fd < 0 && size <= DNS_QUERY_MAX);
        e->tcp = tcp;
        e->id = id;
        e->out[0] = (uint8_t) (size >> 8);
        e->out[1] = (uint8_t) size;
        memcpy(e->out + 2, query, size);
        e->out[2] = (uint8_t) (id >> 8);
        e->out[3] = (uint8_t) id;
        e->out_size = 2 + size;
        e->out_done = e->in_done = e->in_size = 0;
        int r = begin(e, epoll, to);
        if (r < 0)
                dns_exchange_close(e);
        return r;
}

int dns_exchange_repeat(DnsExchange* e) {
        assert(e->fd >= 0 && !e->tcp);
        return send_udp(e);
}

static int move_udp(const DnsExchange* e, uint8_t* buffer, const uint8_t** ret, size_t* ret_size) {
        ssize_t n = recv(e->fd, buffer, DNS_MESSAGE_MAX, MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        *ret = buffer;
        *ret_size = (size_t) n;
        return 1;
}

/* Reads up to where n bytes are there. 1 = they are. */
static int fill(const DnsExchange* e, uint8_t* to, size_t n, size_t* done) {
        ssize_t k = *done < n ? recv(e->fd, to + *done, n - *done, MSG_DONTWAIT) : 1;
        if (*done == n)
                return 1;
        if (k == 0)
                return -EPROTO;
        if (k < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        *done += (size_t) k;
        return *done == n;
}

static int move_tcp(DnsExchange* e, int epoll, const uint8_t** ret, size_t* ret_size) {
        if (e->out_done < e->out_size)
                return send_tcp(e, epoll);
        if (!e->in) {
                int r = fill(e, e->in_length, sizeof(e->in_length), &e->in_done);
                if (r <= 0)
                        return r;
                e->in_size = (size_t) e->in_length[0] << 8 | e->in_length[1];
                e->in_done = 0;
                e->in = malloc(e->in_size + 1);
                if (!e->in)
                        return -ENOMEM;
        }
        int r = fill(e, e->in, e->in_size, &e->in_done);
        if (r <= 0)
                return r;
        *ret = e->in;
        *ret_size = e->in_size;
        return 1;
}

int dns_exchange_move(
                DnsExchange* e,
                int epoll,
                uint8_t buffer[static DNS_MESSAGE_MAX],
                const uint8_t** ret,
                size_t* ret_size) {
        return e->tcp ? move_tcp(e, epoll, ret, ret_size) : move_udp(e, buffer, ret, ret_size);
}

void dns_exchange_close(DnsExchange* e) {
        if (e->fd >= 0)
                (void) close(e->fd); /* leaves the epoll by itself */
        e->fd = -EBADF;
        free(TAKE_PTR(e->in));
}
