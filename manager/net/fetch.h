/* HTTPS and JSON for jobs that talk to somebody's API. TLS is verified, no redirect is followed, answers
 * have a size limit, and whoever asks for patience gets it within limits. The secret travels as a header
 * only: never in an URL, an argument, a log line or an error. */
#pragma once
#include "base/error.h"
#include "base/json.h"

#define FETCH_BODY_MAX (4U * 1024 * 1024) /* bytes of one answer */

typedef struct Fetch Fetch;

typedef struct FetchOptions {
        const char* base_url;      /* https://host[/path]; http only with plain */
        const char* scheme;        /* before the secret in the Authorization header: Bearer, Token */
        const char* secret;        /* copied, wiped at the end */
        const char* whom;          /* for sentences: "Cloudflare" */
        bool plain;                /* tests name a local fake */
        uint64_t call_usec;        /* for one exchange; 30 s */
        uint64_t patience_usec;    /* that all calls together may wait between tries; 3 min */
        bool (*cancelled)(void* userdata);
        void (*say)(const char* sentence, void* userdata); /* before a wait of more than a moment */
        int (*wait)(uint64_t usec, void* userdata);        /* NULL = sleeps, looking at cancelled; tests do not sleep */
        void* userdata;
} FetchOptions; /* zeros mean the values given here */

typedef struct FetchReply {
        unsigned status;
        json_t* body;      /* owned object or array; NULL where the answer was empty, or refused without JSON */
} FetchReply;
void fetch_reply_done(FetchReply* r);

int fetch_new(const FetchOptions* options, Fetch** ret, Error* reterr);
Fetch* fetch_free(Fetch* f);
DEFINE_CLEANUP(Fetch*, fetch_free);

/* One call; path begins with a slash, its parts escaped by fetch_escape(). 429 and 503 are tried again after what Retry-After says, other
 * failures of server or network only where trying again is harmless (not POST). 0 = an answer with a status below 500 that is not 429 or a
 * redirect, to be read by the caller; UNREACHABLE for the rest and for a 2xx that is not JSON; TOO_MANY when the wait would be too long;
 * WRONG_STATE when cancelled. */
int fetch_call(Fetch* f, const char* method, const char* path, const json_t* body, FetchReply* ret, Error* reterr);
char* fetch_escape(const char* s); /* for one part of a path or query; owned */

/* Pure, for tests: an answer's bytes. Empty is fine (*ret NULL); HTML, half a document, or anything but JSON is UNREACHABLE with a sentence
 * that says which. */
int fetch_body_parse(const char* whom, const char* text, size_t size, json_t** ret, Error* reterr);
/* Pure: how long to wait before try number `tries` (from 1) after a status; 0 = do not try again. retry_after in seconds, 0 = not told. */
uint64_t fetch_patience(const char* method, unsigned status, unsigned tries, uint64_t retry_after);
