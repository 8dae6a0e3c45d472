/* One repository at one registry (OCI distribution specification 1.1): manifests and blobs over HTTPS,
 * with tokens, redirects, patience, and blobs that go on where they broke off. Passwords and tokens
 * travel in headers only, and to no host that was not meant: a redirect to another one goes without.
 * Blocking, for jobs. Only here and in net/ is curl.h included. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "image/document.h"

typedef struct Registry Registry;

/* Owned; wiped by registry_free(). */
typedef struct RegistryCredentials {
        char *username, *password;
        char* token_host;       /* who may be told the password beside the registry: who hands out its tokens. NULL or "" = nobody */
} RegistryCredentials;

typedef struct RegistryOptions {
        const char* host;       /* with its port */
        const char* path;       /* the repository */
        const char* what;       /* for sentences: the reference */
        const char* architecture; /* NULL = this machine's */
        bool plain;             /* tests: http */
        uint64_t patience_usec; /* that all waits together may take; 10 min */
        /* Asked for when the registry wants to know who we are, at most once; NULL = nobody. What it fills is ours. */
        int (*credentials)(const char* host, RegistryCredentials* ret, void* userdata, Error* reterr);
        bool (*cancelled)(void* userdata);
        void (*say)(const char* sentence, void* userdata);       /* before a wait */
        void (*progress)(uint64_t bytes, void* userdata);        /* of the running blob, so far */
        void* userdata;
} RegistryOptions;

int registry_new(const RegistryOptions* options, Registry** ret, Error* reterr);
Registry* registry_free(Registry* r);
DEFINE_CLEANUP(Registry*, registry_free);

/* name: a tag or sha256:hex, which is then checked. *ret_text is owned; type is the Content-Type. */
int registry_manifest(Registry* r, const char* name, char** ret_text, size_t* ret_size, char ret_type[static 128], Error* reterr);
/* Whether the registry knows us: asks for its front page (/v2/). *ret_asked: it wanted to know at all. */
int registry_greet(Registry* r, bool* ret_asked, Error* reterr);
/* After an answer: WRONG_CREDENTIALS where a token was had as nobody, because the password was not for
 * who hands them out. What was answered then says nothing of the login. */
int registry_login_check(const Registry* r, Error* reterr);
/* Small, in memory, checked. */
int registry_blob_text(Registry* r, const ImageBlob* blob, char** ret_text, Error* reterr);
/* Into fd, which may hold the beginning from an earlier try. Done = all of it is there and its digest is right; else the file is empty or
 * worth going on with. *ret_moved: bytes that came over the wire, also on failure. */
int registry_blob(Registry* r, const ImageBlob* blob, int fd, uint64_t* ret_moved, Error* reterr);
