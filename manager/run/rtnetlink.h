/* Requests to the kernel's routing by rtnetlink(7), one at a time, each waiting for its answer. By hand and not by libnl: an app's start is
 * measured in milliseconds, and libnl first reads all links. */
#pragma once
#include "base/macro.h"
#include <linux/rtnetlink.h>

#define RTNETLINK_BYTES 1024

typedef struct Rtnetlink {
        union {
                struct nlmsghdr header;
                char bytes[RTNETLINK_BYTES];
        };
        bool full; /* something did not fit: -E2BIG at the end */
} Rtnetlink;

/* A socket in the network namespace the caller is in now; it stays there. */
int rtnetlink_open(void);
/* flags beside NLM_F_REQUEST and NLM_F_ACK. */
void rtnetlink_begin(Rtnetlink* n, uint16_t type, uint16_t flags, const void* body, size_t size);
void rtnetlink_add(Rtnetlink* n, uint16_t type, const void* data, size_t size);
void rtnetlink_add_string(Rtnetlink* n, uint16_t type, const char* s);
void rtnetlink_add_number(Rtnetlink* n, uint16_t type, uint32_t number);
/* What is added between stands inside; body may be NULL. Hand the answer to rtnetlink_close(). */
size_t rtnetlink_nest(Rtnetlink* n, uint16_t type, const void* body, size_t size);
void rtnetlink_close(Rtnetlink* n, size_t nest);
/* 0, or what the kernel said as negative errno. */
int rtnetlink_call(Rtnetlink* n, int fd);

typedef union RtnetlinkAnswer {
        struct nlmsghdr header;
        char bytes[16384]; /* all there is to know of a link takes 2 KB */
} RtnetlinkAnswer;

/* Sends a question about one thing; the answer is a message of that type with a whole body of size bytes, or an error. */
int rtnetlink_ask(Rtnetlink* n, int fd, uint16_t type, size_t size, RtnetlinkAnswer* ret);
