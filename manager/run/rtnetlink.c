#include "run/rtnetlink.h"
#include <sys/socket.h>

int rtnetlink_open(void) {
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        return fd < 0 ? -errno : fd;
}

/* Room for size bytes at the end, padded as NLMSG_ALIGN wants; NULL when there is none. */
static char* room(Rtnetlink* n, size_t size) {
        size_t at = NLMSG_ALIGN(n->header.nlmsg_len);
        if (n->full || size > RTNETLINK_BYTES || at + NLMSG_ALIGN(size) > RTNETLINK_BYTES) {
                n->full = true;
                return NULL;
        }
        n->header.nlmsg_len = (uint32_t) (at + size);
        return n->bytes + at;
}

void rtnetlink_begin(Rtnetlink* n, uint16_t type, uint16_t flags, const void* body, size_t size) {
        memset(n, 0, sizeof(Rtnetlink));
        n->header.nlmsg_len = NLMSG_HDRLEN;
        n->header.nlmsg_type = type;
        n->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        char* to = room(n, size);
        if (to)
                memcpy(to, body, size);
}

size_t rtnetlink_nest(Rtnetlink* n, uint16_t type, const void* body, size_t size) {
        size_t at = NLMSG_ALIGN(n->header.nlmsg_len);
        char* to = room(n, RTA_LENGTH(size));
        if (!to)
                return 0;
        *(struct rtattr*) to = (struct rtattr) { .rta_len = (uint16_t) RTA_LENGTH(size), .rta_type = type };
        if (size > 0)
                memcpy(to + RTA_LENGTH(0), body, size);
        return at;
}

void rtnetlink_close(Rtnetlink* n, size_t nest) {
        if (!n->full)
                ((struct rtattr*) (n->bytes + nest))->rta_len = (uint16_t) (n->header.nlmsg_len - nest);
}

void rtnetlink_add(Rtnetlink* n, uint16_t type, const void* data, size_t size) {
        (void) rtnetlink_nest(n, type, data, size);
}

void rtnetlink_add_string(Rtnetlink* n, uint16_t type, const char* s) {
        rtnetlink_add(n, type, s, strlen(s) + 1);
}

void rtnetlink_add_number(Rtnetlink* n, uint16_t type, uint32_t number) {
        rtnetlink_add(n, type, &number, sizeof(number));
}

static ssize_t receive(int fd, void* answer, size_t size) {
        ssize_t n;
        do
                n = recv(fd, answer, size, 0);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n < (ssize_t) NLMSG_HDRLEN ? -EBADMSG : n;
}

static int verdict(const struct nlmsghdr* h, ssize_t size) {
        if (size < 0)
                return (int) size;
        if (h->nlmsg_type != NLMSG_ERROR || size < (ssize_t) NLMSG_LENGTH(sizeof(struct nlmsgerr)))
                return -EBADMSG;
        return ((const struct nlmsgerr*) NLMSG_DATA(h))->error;
}

int rtnetlink_call(Rtnetlink* n, int fd) {
        union {
                struct nlmsghdr header;
                char bytes[RTNETLINK_BYTES + 512]; /* the kernel's answer carries our question */
        } answer;
        if (n->full)
                return -E2BIG;
        if (send(fd, n->bytes, n->header.nlmsg_len, 0) < 0)
                return -errno;
        return verdict(&answer.header, receive(fd, answer.bytes, sizeof(answer.bytes)));
}

/* Without NLM_F_ACK: the answer, or the error, is the one message that comes. */
int rtnetlink_ask(Rtnetlink* n, int fd, uint16_t type, size_t size, RtnetlinkAnswer* ret) {
        if (n->full)
                return -E2BIG;
        n->header.nlmsg_flags &= (uint16_t) ~NLM_F_ACK;
        if (send(fd, n->bytes, n->header.nlmsg_len, 0) < 0)
                return -errno;
        ssize_t received = receive(fd, ret->bytes, sizeof(ret->bytes));
        if (received < 0 || ret->header.nlmsg_type == NLMSG_ERROR)
                return verdict(&ret->header, received);
        return ret->header.nlmsg_type == type && ret->header.nlmsg_len <= received && ret->header.nlmsg_len >= NLMSG_SPACE(size) ? 0 : -EBADMSG;
}
