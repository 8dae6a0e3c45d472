/* Image references as people and Compose files write them: [host[:port]/]path[:tag][@sha256:digest]. Pure. Short names mean what they mean
 * everywhere else: "redis" is docker.io/library/redis:latest. Grammar: the distribution specification's "Pulling manifests". */
#pragma once
#include "base/error.h"

#define IMAGE_HEX_BYTES 65 /* a SHA-256 in lower case hex, and NUL */
#define IMAGE_REFERENCE_MAX 512

typedef struct ImageReference {
        char host[270];  /* as in the reference, with its port */
        char path[256];  /* repository: library/redis */
        char tag[129];   /* "" where only a digest was given */
        char hex[IMAGE_HEX_BYTES]; /* of the digest; "" = by tag */
} ImageReference;

/* BAD_FIELD (field "image") with a sentence when it is anything else. */
int image_reference_parse(const char* text, ImageReference* ret, Error* reterr);
/* Whom to ask: the host, but for the one registry whose API has another name. */
const char* image_reference_api_host(const ImageReference* r);
/* host/path@sha256:hex; owned. */
char* image_reference_pin(const ImageReference* r, const char* hex);
bool image_hex_valid(const char* s);
