/* One DNS message there and one back over TCP, blocking, with a deadline. For jobs that have nothing else to
 * do meanwhile. */
#include "base/time.h"
#include "net/dns-internal.h"
#include <poll.h>
#include <sys/socket.h>

static int wait_for(int fd, short events, uint64_t deadline_usec) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        if (now >= deadline_usec)
                return -ETIMEDOUT;
        struct pollfd p = { .fd = fd, .events = events };
        int r = poll(&p, 1, (int) ((deadline_usec - now) / USEC_PER_MSEC) + 1);
        return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

static int open_connection(const DnsAddress* to, uint64_t deadline_usec) {
        _cleanup_close_ int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int error = 0;
        socklen_t size = sizeof(error);
        if (fd < 0)
                return -errno;
        if (connect(fd, &to->any, to->size) < 0 && errno != EINPROGRESS)
                return -errno;
        int r = wait_for(fd, POLLOUT, deadline_usec);
        if (r < 0)
                return r;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return -errno;
        return error > 0 ? -error : TAKE_FD(fd);
}

/* out: from the buffer to the socket, else the other way; all of it. */
static int move_all(int fd, bool out, uint8_t* buffer, size_t size, uint64_t deadline_usec) {
        for (size_t done = 0; done < size;) {
                ssize_t n = out ? send(fd, buffer + done, size - done, MSG_NOSIGNAL)
                                : recv(fd, buffer + done, size - done, 0);
                if (n == 0)
                        return -ECONNRESET;
                if (n > 0)
                        done += (size_t) n;
                else if (errno != EAGAIN && errno != EINTR)
                        return -errno;
                int r = n > 0 ? 0 : wait_for(fd, out ? POLLOUT : POLLIN, deadline_usec);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return 0;
}

int dns_tcp_exchange(
                const DnsAddress* to,
                const uint8_t* packet,
                size_t size,
                uint64_t deadline_usec,
                uint8_t** ret,
                size_t* ret_size) {
        _cleanup_close_ int fd = open_connection(to, deadline_usec);
        _cleanup_free_ uint8_t* buffer = malloc(2 + DNS_MESSAGE_MAX);
        uint8_t length[2];
        if (fd < 0)
                return fd;
        if (!buffer)
                return -ENOMEM;
        buffer[0] = (uint8_t) (size >> 8);
        buffer[1] = (uint8_t) size;
        memcpy(buffer + 2, packet, size);
        int r = move_all(fd, /* out= */ true, buffer, 2 + size, deadline_usec);
        if (r >= 0)
                r = move_all(fd, /* out= */ false, length, sizeof(length), deadline_usec);
        if (r >= 0) {
                *ret_size = (size_t) length[0] << 8 | length[1];
                r = move_all(fd, /* out= */ false, buffer, *ret_size, deadline_usec);
        }
        if (r >= 0)
                *ret = TAKE_PTR(buffer);
        return r;
}
