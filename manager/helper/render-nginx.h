/* The whole nginx configuration of the box, from typed records. Pure: what must be looked up (certificates) comes in with the record. */
#pragma once
#include "base/error.h"

#define NGINX_NAMES_MAX 1024 /* 200 domains with box, website, www and mail policy, and 200 more; the manager's system/wanted.h agrees */
#define NGINX_CERTIFICATES "/var/lib/steadbox/certificates" /* the only directory keys are read from */

typedef enum NginxKind {
        NGINX_BOX,         /* the web UI and the API */
        NGINX_REDIRECT,    /* to the same path of another name */
        NGINX_MAINTENANCE, /* a calm page for whoever comes */
        NGINX_MTA_STS,     /* the mail policy of a domain (RFC 8461) and nothing else */
        NGINX_APP,         /* an app; render-nginx-app.h */
        NGINX_APP_ALIAS,   /* a further name of an app, served alike */
        _NGINX_KIND_MAX,
        _NGINX_KIND_INVALID = -EINVAL,
} NginxKind;
NginxKind nginx_kind_from_string(const char* s);

/* Extra headers, a closed list of words; bits. */
typedef enum NginxHeaders {
        NGINX_NO_INDEX = 1 << 0,              /* no-index: X-Robots-Tag */
        NGINX_HSTS_SUBDOMAINS = 1 << 1,       /* hsts-subdomains */
        NGINX_HSTS_PRELOAD = 1 << 2,          /* hsts-preload; takes in the subdomains, or the list would refuse it */
        NGINX_NO_REFERRER = 1 << 3,           /* no-referrer */
        NGINX_SAME_ORIGIN_RESOURCES = 1 << 4, /* same-origin-resources */
        _NGINX_HEADERS_INVALID = -EINVAL,
} NginxHeaders;
#define NGINX_HEADERS_N 5
NginxHeaders nginx_header_from_string(const char* word);

typedef struct NginxApp NginxApp;

typedef struct NginxName {
        const char* name;        /* DNS or host name, address in numbers, or "*": every address of the machine */
        NginxKind kind;
        const char* target;      /* REDIRECT: a name; MTA_STS: the mail server's name; APP, APP_ALIAS: the app's id; otherwise empty */
        const char* certificate; /* id */
        bool self_signed;        /* found out by the helper: no HSTS then, it would lock people out */
        NginxHeaders headers;
        const NginxApp* app;     /* APP, APP_ALIAS: what root knows of it, found by the helper; NULL = nothing yet: shown as closed */
} NginxName;

int nginx_name_check(const NginxName* n, Error* reterr);
/* Checks every record again, and that no name comes twice. Without any record the box answers on port 80 only, for ACME. identity (of
 * include/identity.h) is what /.well-known/steadbox says. Owned by the caller. */
int render_nginx(const NginxName* names, size_t n, const char* identity, char** ret, Error* reterr);
