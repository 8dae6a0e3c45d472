/* Name servers far away: passes questions over UDP on to servers behind, each after the same delay, and their answers back at once.
 * Usage: dns-delay MILLISECONDS FROM=TO ...    both IPv4 addresses, port 53. Prints "ready"; ends with its standard input.
 * What goes to a server behind comes from FROM's address, so that rules for the network can tell it from those who ask. */
#include "base/time.h"
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#define PLACES_MAX 16
#define QUEUE_MAX 65536 /* one for each id */

typedef struct Waiting {
        uint64_t due_usec;
        struct sockaddr_in from;
        uint8_t id[2];       /* as the asker chose it */
        uint8_t packet[512]; /* questions are short */
        ssize_t size;
} Waiting;

typedef struct Place {
        int front, behind;
        Waiting* queue; /* by our own id; first and next run round */
        uint16_t first, next;
} Place;

static int open_socket(const char* address, const char* to) {
        struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(to ? 0 : 53) }, there = { .sin_family = AF_INET, .sin_port = htons(53) };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), size = 4 * 1024 * 1024;
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
        if (fd < 0 || inet_pton(AF_INET, address, &here.sin_addr) != 1 || bind(fd, (struct sockaddr*) (void*) &here, sizeof(here)) < 0)
                return -1;
        if (to && (inet_pton(AF_INET, to, &there.sin_addr) != 1 || connect(fd, (struct sockaddr*) (void*) &there, sizeof(there)) < 0))
                return -1;
        return fd;
}

static void take_questions(Place* p, uint64_t delay_usec) {
        for (;;) {
                Waiting* w = &p->queue[p->next];
                socklen_t size = sizeof(w->from);
                w->size = recvfrom(p->front, w->packet, sizeof(w->packet), 0, (struct sockaddr*) (void*) &w->from, &size);
                if (w->size < 12)
                        return;
                w->due_usec = now_usec(CLOCK_MONOTONIC) + delay_usec;
                memcpy(w->id, w->packet, 2);
                w->packet[0] = (uint8_t) (p->next >> 8);
                w->packet[1] = (uint8_t) p->next;
                p->next++;
        }
}

static void pass_due(Place* p) {
        while (p->first != p->next && p->queue[p->first].due_usec <= now_usec(CLOCK_MONOTONIC)) {
                Waiting* w = &p->queue[p->first++];
                (void) !send(p->behind, w->packet, (size_t) w->size, 0);
        }
}

static void pass_answers(Place* p) {
        uint8_t packet[65535];
        ssize_t n;
        while ((n = recv(p->behind, packet, sizeof(packet), 0)) >= 12) {
                Waiting* w = &p->queue[packet[0] << 8 | packet[1]];
                memcpy(packet, w->id, 2);
                (void) !sendto(p->front, packet, (size_t) n, 0, (struct sockaddr*) (void*) &w->from, sizeof(w->from));
        }
}

int main(int argc, char** argv) {
        Place places[PLACES_MAX] = {};
        struct pollfd polls[2 * PLACES_MAX + 1] = { { .fd = 0, .events = POLLIN } };
        nfds_t n = 0;
        uint64_t delay_usec = argc > 1 ? strtoul(argv[1], NULL, 10) * USEC_PER_MSEC : 0;
        for (int i = 2; i < argc && n < PLACES_MAX; i++, n++) {
                char* to = strchr(argv[i], '=');
                if (!to)
                        return EXIT_FAILURE;
                *to++ = 0;
                places[n] = (Place) { open_socket(argv[i], NULL), open_socket(argv[i], to), calloc(QUEUE_MAX, sizeof(Waiting)), 0, 0 };
                polls[1 + 2 * n] = (struct pollfd) { .fd = places[n].front, .events = POLLIN };
                polls[2 + 2 * n] = (struct pollfd) { .fd = places[n].behind, .events = POLLIN };
                if (places[n].front < 0 || places[n].behind < 0 || !places[n].queue)
                        return EXIT_FAILURE;
        }
        puts("ready");
        (void) fflush(stdout);
        while (polls[0].revents == 0) {
                bool some = false;
                for (nfds_t i = 0; i < n; i++)
                        some |= places[i].first != places[i].next;
                (void) poll(polls, 1 + 2 * n, some ? 1 : -1);
                for (nfds_t i = 0; i < n; i++) {
                        take_questions(&places[i], delay_usec);
                        pass_due(&places[i]);
                        pass_answers(&places[i]);
                }
        }
        return 0;
}
