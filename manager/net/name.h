/* Domain names as people write them and as DNS carries them. The only place that knows libidn2, libunistring and libpsl. */
#pragma once
#include "base/error.h"

#define DOMAIN_NAME_BYTES 254 /* 253 octets (RFC 1035 2.3.4, without the final dot) and NUL */
#define DOMAIN_SHOWN_BYTES (4 * DOMAIN_NAME_BYTES)

/* text may be Unicode; ret gets lower-case A-labels (RFC 5891, UTS 46 non-transitional). One final dot is
 * forgiven. BAD_FIELD with field, reason and remedy for empty or long labels, names over 253 octets,
 * underscores and other bytes no host name has, addresses and what browsers take for one, mixed scripts
 * (UTS 39, highly restrictive) and digits, misplaced dashes, directions (RFC 5893), one label alone. */
int domain_name_parse(const char* field, const char* text, char ret[static DOMAIN_NAME_BYTES], Error* reterr);
/* Unicode again, for people; the A-labels where they do not convert. */
void domain_name_show(const char* name, char ret[static DOMAIN_SHOWN_BYTES]);
/* Whether many own what is below it: a public suffix such as co.uk. Below a top level the list does not know, one label is registered. */
bool domain_name_is_public(const char* name);
/* The part somebody registered: example.co.uk of a.b.example.co.uk. Borrowed from name; NULL when it is public. */
const char* domain_name_registered(const char* name);
/* Whether name is domain or below it. */
bool domain_name_is_below(const char* name, const char* domain);
