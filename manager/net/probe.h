/* Which certificate is really shown: one TLS handshake with our own web server. The only place that knows libcurl. */
#pragma once
#include "base/error.h"

/* Connects to address:port, asks for name (SNI), and compares the leaf that is shown with the first certificate of chain (PEM).
 * 1 the same, 0 another one; UNREACHABLE when nobody answers. */
int probe_certificate(const char* name, const char* address, unsigned port, const char* chain, Error* reterr);
/* What address:port says at /.well-known/steadbox (include/identity.h) when asked by HTTP as name: 1 = an identity (32 hex digits), 0 =
 * somebody answered something else, UNREACHABLE when nobody does. Redirects are not followed. */
int probe_identity(const char* name, const char* address, unsigned port, char ret[static 33], Error* reterr);
/* The same by HTTPS, and whether the leaf shown is the one with that SHA-256 (hex): 1 it is, and ret is set as far as an identity was said; 0 it
 * is another; UNREACHABLE. Authorities are not asked: who made the certificate was judged before, this compares every byte. */
int probe_fingerprint(const char* name, const char* address, unsigned port, const char* fingerprint, char ret[static 33], Error* reterr);
