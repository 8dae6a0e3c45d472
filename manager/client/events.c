#include "client/events.h"

struct Events {
        char* line;        /* the line being read, without its end */
        size_t line_size;
        char* data;        /* data lines so far, each followed by a newline */
        size_t data_size;
        char event[65];
        size_t max;        /* bytes for line and data each */
        bool after_cr;     /* a newline now belongs to the line before */
};

int events_new(size_t event_max, Events** ret) {
        _cleanup_(events_freep) Events* e = malloc(sizeof(*e));
        if (!e)
                return -ENOMEM;
        *e = (Events) { .max = event_max };
        *ret = TAKE_PTR(e);
        return 0;
}

Events* events_free(Events* e) {
        if (!e)
                return NULL;
        free(e->line);
        free(e->data);
        free(e);
        return NULL;
}

/* Rooms grow by doubling from 256 bytes; one byte more is kept for the NUL. */
static int append(char** buffer, size_t* size, size_t max, const char* bytes, size_t n) {
        if (n > max - MIN(*size, max))
                return -EMSGSIZE;
        size_t need = *size + n + 1, room = 256;
        while (room < need)
                room *= 2;
        char* bigger = realloc(*buffer, room);
        if (!bigger)
                return -ENOMEM;
        *buffer = bigger;
        memcpy(*buffer + *size, bytes, n);
        *size += n;
        (*buffer)[*size] = 0;
        return 0;
}

static int dispatch(Events* e, EventsOn on, void* userdata) {
        int r = 0;
        if (e->data_size > 0) {
                e->data[e->data_size - 1] = 0; /* the last newline does not count */
                r = on(e->event[0] ? e->event : "message", e->data, userdata);
        }
        e->data_size = 0;
        e->event[0] = 0;
        return r;
}

static int line_end(Events* e, EventsOn on, void* userdata) {
        size_t size = e->line_size;
        e->line_size = 0;
        if (size == 0)
                return dispatch(e, on, userdata);

        char* value = memchr(e->line, ':', size);
        if (value == e->line)
                return 0; /* a comment keeps the connection alive */
        if (value)
                *value++ = 0;
        else
                value = e->line + size;
        if (*value == ' ')
                value++;
        if (streq(e->line, "data")) {
                int r = append(&e->data, &e->data_size, e->max, value, strlen(value));
                return r < 0 ? r : append(&e->data, &e->data_size, e->max, "\n", 1);
        }
        if (streq(e->line, "event")) {
                size_t n = MIN(strlen(value), sizeof(e->event) - 1);
                memcpy(e->event, value, n);
                e->event[n] = 0;
        }
        return 0; /* id and retry mean nothing here */
}

int events_feed(Events* e, const char* bytes, size_t size, EventsOn on, void* userdata) {
        int r = 0;
        for (size_t i = 0; i < size && r == 0;) {
                bool second_half = e->after_cr && bytes[i] == '\n';
                e->after_cr = false;
                if (second_half) {
                        i++;
                        continue;
                }
                size_t n = 0;
                while (i + n < size && bytes[i + n] != '\n' && bytes[i + n] != '\r')
                        n++;
                r = append(&e->line, &e->line_size, e->max, bytes + i, n);
                if (r < 0)
                        return r;
                i += n;
                if (i == size)
                        break;
                e->after_cr = bytes[i++] == '\r';
                r = line_end(e, on, userdata);
        }
        return r;
}
