/* What a certificate says, read from the words of openssl-x509(1), and what we ask of one. Pure. */
#pragma once
#include "base/error.h"

#define CERTIFICATE_NAMES_MAX 100
#define CERTIFICATE_PEM_MAX (64 * 1024)

typedef struct Certificate {
        char* names[CERTIFICATE_NAMES_MAX + 1]; /* owned; DNS names (also *.x) and addresses in their usual spelling; NULL-ended */
        size_t names_n;
        char* issuer;                            /* owned; RFC 2253, printable ASCII, at most 255 bytes */
        bool self_signed;                        /* issuer and subject are the same */
        bool trusted;                            /* leads to an authority this machine knows, see certificate_load() */
        uint64_t not_before, not_after;          /* seconds since 1970 */
        char fingerprint[65];                    /* SHA-256 in hex */
} Certificate;
void certificate_done(Certificate* c);

/* The words come from: openssl x509 -noout -subject -issuer -startdate -enddate -fingerprint -sha256 -ext subjectAltName
 * -nameopt RFC2253 -dateopt iso_8601 */
int certificate_parse(const char* words, Certificate* ret, Error* reterr);
/* Whether a browser asking for name (or address) is satisfied; a wildcard covers one label. */
bool certificate_covers(const Certificate* c, const char* name);
/* A name of a host, or of all hosts of a domain (*.example.com). */
bool certificate_name_valid(const char* name);
/* Whether fresh may take present's place (NULL = there is none): covers all names, is valid now, does not end earlier than a present
 * one of an authority that covers the same names, is not self-signed where that one is not, and is trusted where that one is. */
int certificate_may_replace(const Certificate* present, const Certificate* fresh, const char* const* names, uint64_t now, Error* reterr);
/* openssl-req(1) configuration for a self-signed certificate of one name or address; owned by the caller. */
int certificate_request_text(const char* name, char** ret, Error* reterr);
