/* The manager's end of one connection to steadbox-inside (inside/inside.h): lines of JSON both ways, on the loop, without waiting. */
#pragma once
#include "daemon/manager.h"

typedef struct InsideLink InsideLink;

typedef struct InsideLinkHooks {
        /* A line, without its newline; borrowed. The link may be freed inside. */
        void (*line)(const char* text, size_t size, void* userdata);
        void (*over)(void* userdata); /* the other side ended; free the link */
} InsideLinkHooks;

/* request goes first; takes ownership. */
int inside_link_new(Manager* m, const InsideLinkHooks* hooks, void* userdata, json_t* request, InsideLink** ret, Error* reterr);
InsideLink* inside_link_free(InsideLink* l);
int inside_link_send(InsideLink* l, json_t* line); /* takes ownership; -ENOBUFS when too much waits */
void inside_link_pause(InsideLink* l, bool pause); /* nothing is read, so that the other side waits */
