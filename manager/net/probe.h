/* What is really shown: one TLS handshake with our own services, or one word with an authority. The only place that knows libcurl's TLS. */
#pragma once
#include "base/error.h"

typedef struct ProbeSeen {
        char fingerprint[65];          /* SHA-256 of the leaf, in hex */
        char issuer[256];              /* printable ASCII */
        int64_t not_before, not_after; /* seconds since 1970; 0 = not understood */
} ProbeSeen;

/* Connects to address:port and asks for name (SNI). protocol: https, smtps, imaps, or smtp and imap,
 * which begin in the clear and go on with STARTTLS (RFC 3207, RFC 9051 6.2.1). UNREACHABLE when nobody
 * answers or no certificate comes. */
int probe_look(const char* protocol, const char* name, const char* address, unsigned port, ProbeSeen* ret, Error* reterr);
/* Compares the leaf that is shown with the first certificate of chain (PEM). 1 the same, 0 another one; UNREACHABLE when nobody answers. */
int probe_certificate(const char* name, const char* address, unsigned port, const char* chain, Error* reterr);

/* What address:port says at /.well-known/steadbox (include/identity.h) when asked by HTTP as name: 1 = an identity (32 hex digits), 0 =
 * somebody answered something else, UNREACHABLE when nobody does. Redirects are not followed. */
int probe_identity(const char* name, const char* address, unsigned port, char ret[static 33], Error* reterr);
/* The same by HTTPS, and whether the leaf shown is the one with that SHA-256 (hex): 1 it is, and ret is
 * set as far as an identity was said; 0 it is another; UNREACHABLE. Authorities are not asked: who made
 * the certificate was judged before, this compares every byte. */
int probe_fingerprint(const char* name, const char* address, unsigned port, const char* fingerprint, char ret[static 33], Error* reterr);

/* An authority's directory, verified against the authorities this machine knows: answers, and when is it
 * there (HTTP Date)? *ret_date 0 = it does not say. UNREACHABLE with the reason; TOO_MANY with
 * retry_after where it wants to be left alone. */
int probe_authority(const char* url, int64_t* ret_date, Error* reterr);
