/* What steadbox-acme-hook says to the certificate job that started uacme: one datagram-sized line each way over a unix socket whose
 * path is in the environment. A pure parser, as what it carries comes from the authority. */
#pragma once
#include "base/error.h"

#define HOOK_SOCKET_VARIABLE "STEADBOX_ACME_HOOK"
#define HOOK_LINE_MAX 2048

typedef struct HookCall {
        const char* event;         /* begin, done, failed */
        const char* type;          /* http-01, dns-01, tls-alpn-01 */
        const char* name;
        const char* token;
        const char* authorization;
} HookCall;
/* line: five words with spaces between, as the hook joins its arguments; it is cut up. -EBADMSG unless every word is well formed:
 * tokens and authorizations are of [A-Za-z0-9_-] (and one dot), at most 512 bytes (RFC 8555 8.1, 8.3). */
int hook_call_parse(char* line, HookCall* ret);
