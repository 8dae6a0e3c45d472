#include "run/words.h"
#include <stdio.h>
#include <syslog.h>

static void one_line(Words* w, const char* line, size_t size, WordsSay say, void* userdata) {
        int priority = LOG_INFO;
        while (size > 0 && strchr(" \t\r", line[size - 1]) && line[size - 1])
                size--;
        if (size >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
                priority = MAX(line[1] - '0', LOG_CRIT);
                line += 3;
                size -= 3;
        }
        if (size == 0)
                return;
        if (w->lines >= WORDS_WINDOW_LINES || w->bytes + size > WORDS_WINDOW_BYTES || w->budget->spent + size + WORDS_LINE_COST > WORDS_STORE_BYTES) {
                w->left_out++;
                return;
        }
        w->lines++;
        w->bytes += size;
        w->budget->spent += size + WORDS_LINE_COST;
        say(line, size, priority, userdata);
}

void words_budget_turn(WordsBudget* b, uint64_t now_usec) {
        uint64_t windows = (now_usec - b->at_usec) / WORDS_WINDOW_USEC;
        size_t back = (size_t) MIN(windows, (uint64_t) 1 << 20) * WORDS_STORE_WINDOW;
        b->spent -= MIN(b->spent, back);
        b->at_usec += windows * WORDS_WINDOW_USEC;
}

void words_turn(Words* w, uint64_t now_usec, WordsSay say, void* userdata) {
        char text[80];
        if (now_usec < w->window_usec + WORDS_WINDOW_USEC)
                return;
        size_t left_out = w->left_out;
        w->window_usec = now_usec;
        w->lines = w->bytes = w->left_out = 0;
        if (left_out > 0) {
                int n = snprintf(text, sizeof(text), "%zu more lines were too many in 10 s, and are not kept.", left_out);
                say(text, (size_t) n, LOG_WARNING, userdata);
        }
}

/* The rest together with what completes it. */
static size_t rest_complete(Words* w, const char* data, size_t size, WordsSay say, void* userdata) {
        const char* end = memchr(data, '\n', size);
        size_t part = MIN(end ? (size_t) (end - data) : size, WORDS_LINE_MAX - w->rest_size);
        memcpy(w->rest + w->rest_size, data, part);
        w->rest_size += part;
        bool ended = end && data + part == end;
        if (ended || w->rest_size == WORDS_LINE_MAX) {
                one_line(w, w->rest, w->rest_size, say, userdata);
                free(w->rest);
                w->rest = NULL;
                w->rest_size = 0;
        }
        return part + ended;
}

/* Without memory for it the rest becomes a line of its own. */
static void rest_keep(Words* w, const char* data, size_t size, WordsSay say, void* userdata) {
        w->rest = malloc(WORDS_LINE_MAX);
        if (!w->rest) {
                one_line(w, data, size, say, userdata);
                return;
        }
        memcpy(w->rest, data, size);
        w->rest_size = size;
}

void words_add(Words* w, const char* data, size_t size, uint64_t now_usec, WordsSay say, void* userdata) {
        words_budget_turn(w->budget, now_usec);
        words_turn(w, now_usec, say, userdata);
        if (w->rest && size > 0) {
                size_t used = rest_complete(w, data, size, say, userdata);
                data += used;
                size -= used;
        }
        while (size > 0) {
                const char* end = memchr(data, '\n', size);
                size_t n = end ? (size_t) (end - data) : size;
                if (!end && n < WORDS_LINE_MAX) {
                        rest_keep(w, data, n, say, userdata);
                        return;
                }
                bool whole = end && n <= WORDS_LINE_MAX;
                n = MIN(n, (size_t) WORDS_LINE_MAX);
                one_line(w, data, n, say, userdata);
                data += n + whole;
                size -= n + whole;
        }
}

void words_end(Words* w, uint64_t now_usec, WordsSay say, void* userdata) {
        if (w->rest)
                one_line(w, w->rest, w->rest_size, say, userdata);
        free(w->rest);
        w->rest = NULL;
        w->rest_size = 0;
        if (w->left_out > 0) {
                w->window_usec = 0;
                words_turn(w, MAX(now_usec, WORDS_WINDOW_USEC), say, userdata);
        }
}
