/* DKIM's key pairs (RFC 6376) on disk: /var/lib/steadbox/dkim/<domain>/<selector>.pem, root's only. The public half goes into DNS. */
#pragma once
#include "base/error.h"

#define DKIM_DIRECTORY "/var/lib/steadbox/dkim"
#define DKIM_DOMAINS_MAX 256
#define DKIM_SELECTORS_MAX 8 /* of one domain: the present one, and old ones until mail they signed has arrived */
#define DKIM_PUBLIC_MAX 512  /* base64 of an RSA key of 2048 bits is 392 */

/* directory is DKIM_DIRECTORY but in tests. The public key of the pair in base64, owned; the pair is made unless it is there. */
int dkim_key_ensure(const char* directory, const char* domain, const char* selector, char** ret_public, Error* reterr);
/* Fine when there is none. */
int dkim_key_remove(const char* directory, const char* domain, const char* selector, Error* reterr);
