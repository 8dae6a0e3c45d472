/* Which certificate is really shown: one TLS handshake with our own web server. The only place that knows libcurl. */
#pragma once
#include "base/error.h"

/* Connects to address:port, asks for name (SNI), and compares the leaf that is shown with the first certificate of chain (PEM).
 * 1 the same, 0 another one; UNREACHABLE when nobody answers. */
int probe_certificate(const char* name, const char* address, unsigned port, const char* chain, Error* reterr);
