/* The whole nginx configuration of the box, from typed records. Pure: what must be looked up (certificates) comes in with the record. */
#pragma once
#include "base/error.h"

#define NGINX_NAMES_MAX 256
#define NGINX_CERTIFICATES "/var/lib/steadbox/certificates" /* the only directory keys are read from */

typedef enum NginxKind {
        NGINX_BOX,         /* the web UI and the API */
        NGINX_REDIRECT,    /* to the same path of another name */
        NGINX_MAINTENANCE, /* a calm page for whoever comes */
        _NGINX_KIND_MAX,
        _NGINX_KIND_INVALID = -EINVAL,
} NginxKind;
NginxKind nginx_kind_from_string(const char* s);

typedef struct NginxName {
        const char* name;        /* DNS or host name, address in numbers, or "*": every address of the machine */
        NginxKind kind;
        const char* target;      /* REDIRECT: a name; otherwise empty */
        const char* certificate; /* id */
        bool self_signed;        /* found out by the helper: no HSTS then, it would lock people out */
} NginxName;

int nginx_name_check(const NginxName* n, Error* reterr);
/* Checks every record again, and that no name comes twice. Without any record the box answers on port 80 only, for ACME. Owned by the
 * caller. */
int render_nginx(const NginxName* names, size_t n, char** ret, Error* reterr);
