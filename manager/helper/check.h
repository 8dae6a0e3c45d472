/* Whitelists of the helper's own, on top of base/validate.h. Each looks at the length before anything else, and each refuses rather than
 * escapes. Pure. */
#pragma once
#include "base/error.h"

#define CHECK_STRING_MAX 4096 /* no argument of any verb is longer */

/* Refuses strings over max bytes; field names the argument for the sentence. */
int check_length(const char* field, const char* value, size_t max, Error* reterr);
/* Whether the bytes can stand in a configuration file as one plain word: none of "';{}$\#, no blank, control or non-ASCII byte. Every
 * renderer asks this of every value just before it writes it, whatever the value's own validator said. */
bool check_plain(const char* value);

int check_job_kind(const char* kind, Error* reterr);            /* a WORKER row of jobs.h */
int check_id(const char* field, const char* id, Error* reterr); /* [a-z0-9]{1,32} */
/* A DNS name, a host name or an address in numbers. */
int check_name_or_address(const char* field, const char* name, Error* reterr);
/* Whether the tab file (zone1970.tab(5) form: code, coordinates, zone) lists this zone. */
bool zone_listed(const char* tab, const char* zone);
/* SHA-256 in lower-case hex. */
int check_fingerprint(const char* field, const char* fingerprint, Error* reterr);
