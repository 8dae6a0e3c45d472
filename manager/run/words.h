/* Bytes that a container wrote, as lines for the journal, no more of them than it may take. Pure: the caller passes bytes and clock. */
#pragma once
#include "base/macro.h"
#include <sys/types.h>

#define WORDS_LINE_MAX 8192                          /* what is longer becomes several */
#define WORDS_WINDOW_USEC (10 * USEC_PER_SEC)
#define WORDS_WINDOW_LINES 1000
#define WORDS_WINDOW_BYTES ((size_t) 1024 * 1024)
/* What the journal has room for is shared by all: whoever never stops may not push out what the others
 * said last week. A line costs its bytes and what the journal keeps with it; so much may be said at once,
 * and so much comes back in each window, which is 4 KiB a second and 340 MB a day. */
#define WORDS_LINE_COST 256
#define WORDS_STORE_BYTES ((size_t) 64 * 1024 * 1024)
#define WORDS_STORE_WINDOW ((size_t) 40 * 1024)

/* One line, neither empty nor ending in blanks; priority is that of syslog(3), out of "<3>" before it where that stood; never above
 * LOG_CRIT: what an app calls an emergency would be written to every terminal of the machine (ForwardToWall=, journald.conf(5)). */
typedef void (*WordsSay)(const char* line, size_t size, int priority, void* userdata);

/* What was said of it, by all pipes that one name has and had: who is started anew every second has no
 * more to say than who stays. Zero is the beginning. */
typedef struct WordsBudget {
        size_t spent;          /* of WORDS_STORE_BYTES */
        uint64_t at_usec;      /* until when what comes back has come */
} WordsBudget;

/* What has come back since. */
void words_budget_turn(WordsBudget* b, uint64_t now_usec);

typedef struct Words {
        WordsBudget* budget;   /* borrowed */
        char* rest;            /* the beginning of a line whose end has not come; NULL when there is none */
        size_t rest_size;
        uint64_t window_usec;  /* when this stretch of time began */
        size_t lines, bytes;   /* said in it */
        size_t left_out;       /* and not said */
} Words;

void words_add(Words* w, const char* data, size_t size, uint64_t now_usec, WordsSay say, void* userdata);
/* Nothing more comes: the rest is a line, too. */
void words_end(Words* w, uint64_t now_usec, WordsSay say, void* userdata);
/* A stretch of time that is over begins anew, and how many lines were left out is said. */
void words_turn(Words* w, uint64_t now_usec, WordsSay say, void* userdata);
