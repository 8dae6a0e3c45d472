/* What names may look like. Pure whitelists, shared by the edge, the installer and the root helper (which checks everything again). */
#pragma once
#include "base/macro.h"

bool username_valid(const char* s);     /* [a-z][a-z0-9._-]{0,31}, no dot at the end or doubled */
bool groupname_valid(const char* s);    /* the same shape */
bool email_valid(const char* s);        /* local@domain of RFC 5321's plain forms, at most 254 bytes, no quoting */
bool hostname_valid(const char* s);     /* RFC 1123 labels, lower case, at most 64 bytes (hostname(7)); a dot may separate labels */
bool dns_name_valid(const char* s);     /* at least two RFC 1123 labels, at most 253 bytes, not an IP address */
bool timezone_name_valid(const char* s);/* shape only: Area/City of [A-Za-z0-9_+-/], no "..", no leading slash */
bool language_valid(const char* s);     /* xx or xx-YY (BCP 47's short forms) */
bool id_valid(const char* s);           /* [a-z0-9]{1,32}: ids of apps, jobs, certificates; no dash, it would nest slices */
bool colour_valid(const char* s);       /* #rrggbb */
bool url_https_valid(const char* s);    /* https://name[:port][/path] of printable ASCII without quotes, at most 2000 bytes */
bool text_valid(const char* s, bool newlines); /* no control characters but, where allowed, newline and tab */
bool utf8_valid(const char* s, size_t size);
bool ip_address_valid(const char* s);   /* IPv4 or IPv6 in numbers */
