/* net/body.h: what those who speak HTTP through libcurl have in common: an answer while it arrives, and a list of headers. */
#pragma once
#include "base/grow.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Start with BODY(max); more than max bytes are an error of the transfer, too_large says so. */
typedef struct Body {
        char* text; /* ours; NUL-terminated once there is any */
        size_t size, max;
        bool too_large;
} Body;

#define BODY(most) ((Body) { .max = (most) })

static inline void body_done(Body* b) {
        free(b->text);
}

/* CURLOPT_WRITEFUNCTION, with the Body as CURLOPT_WRITEDATA. */
static inline size_t body_write(char* bytes, size_t one, size_t n, void* userdata) {
        Body* b = userdata;
        int r = text_grow(&b->text, &b->size, bytes, n, b->max);
        b->too_large = r == -EFBIG;
        return r < 0 ? 0 : n;
}

/* Wipes them: one of them may be a token. */
static inline void slist_freep(struct curl_slist** list) {
        for (struct curl_slist* s = *list; s; s = s->next)
                explicit_bzero(s->data, strlen(s->data));
        curl_slist_free_all(*list);
}
