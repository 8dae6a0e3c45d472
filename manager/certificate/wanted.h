/* Which certificates are wanted, with which names, and how the authority is to check them. Pure. */
#pragma once
#include "base/json.h"

#define CERTIFICATE_NAMES_MAX 100 /* what authorities sign in one certificate */
#define CERTIFICATE_APPS "apps"   /* of apps below the name that the provider gave the box */

/* Whether a certificate with these names (array of strings) satisfies a browser that asks for name; a wildcard covers one label. */
bool names_cover(const json_t* names, const char* name);
bool names_cover_all(const json_t* names, const json_t* wanted);
/* box_names: names of the box itself, best first. domains: as NounClass.certificate_domains says; the one
 * with id 0 is the provider's name of the box. extra: names that are to be fetched besides. Result: [{id,
 * domain_id, method, names}], owned; a domain without a name that leads here has no entry. */
json_t* certificates_wanted(const json_t* box_names, const json_t* domains, const json_t* extra);
/* Which of its entries has this name; NULL = none. */
const json_t* wanted_for_name(const json_t* wanted, const char* name);

/* Where the authority's directory is, and that of its test service (RFC 8555 7.1.1). NULL = it has none that we know. */
const char* acme_directory(const char* url, bool staging);
