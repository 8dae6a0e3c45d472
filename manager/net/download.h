/* One public file over https, whole and within a limit. No secret goes with it, so a redirect to another https address is followed. */
#pragma once
#include "base/error.h"

typedef struct DownloadOptions {
        const char* whom;     /* for sentences: "The catalogue of ours" */
        size_t max;           /* bytes; more is TOO_LARGE */
        uint64_t call_usec;   /* for one try; 0 = 60 s */
        bool (*cancelled)(void* userdata);
        void* userdata;
} DownloadOptions;

/* *ret is NUL-terminated, owned. Servers that fail are asked three times; what is not 200, or is a web
 * page, is UNREACHABLE with a sentence. */
int download(const char* url, const DownloadOptions* options, char** ret, size_t* ret_size, Error* reterr);
