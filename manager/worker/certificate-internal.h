/* Shared by the files of the certificate job. */
#pragma once
#include "worker/acme-hook.h"
#include "worker/acme-output.h"
#include "worker/worker.h"

#define CERTIFICATE_NAMES_MAX 100
#define PUTS_MAX (2 * CERTIFICATE_NAMES_MAX)
#define OPENSSL "/usr/bin/openssl"
#define PEM_MAX (256 * 1024)

typedef struct Put { /* one answer that stands in a zone */
        char name[300];
        char value[64];
} Put;

typedef struct Certificate {
        Worker* w;
        const char* names[CERTIFICATE_NAMES_MAX + 1]; /* borrowed from the request, which knows them first to last */
        size_t n_names;
        const char* acme_url;
        const char* prove;                /* a name the web server should show it for; NULL = none yet */
        bool by_dns, staging;
        const char* directory;            /* ours, on tmpfs: state, chain.pem, key.pem */
        const char* challenges;           /* what nginx serves */
        char* state;                      /* uacme's confdir, only for this certificate (see uacme's shared directories of x and *.x) */
        char* hook_path;
        int hook_fd;
        unsigned answered;                /* challenges put up */
        Put puts[PUTS_MAX];
        size_t n_puts;
        AcmeOutput said;
        Error failed;                     /* why an answer could not be put up: closer to the cause than what uacme says */
} Certificate;

/* acme.c: runs uacme, serving its hook. 0, or why not. */
int acme_hook_listen(Certificate* c);
int acme_run(Certificate* c, const char* const* argv, Error* reterr);
/* challenge.c: true = uacme may go on. */
bool challenge(Certificate* c, const HookCall* call);
void challenges_drop(Certificate* c);
/* dns-wait.c: until every server of the zone that name is in answers the TXT value, or the deadline is over. */
int dns_wait(Worker* w, const char* name, const char* value, Error* reterr);
/* certificate-upload.c */
int certificate_upload_run(Certificate* c, json_t** ret_result, Error* reterr);
/* certificate.c: the pair lies where the helper looks. It judges, takes it and tells the web server. */
int certificate_adopt(Certificate* c, const char* chain, json_t* names, Error* reterr);
