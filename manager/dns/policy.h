/* The small languages that mail's policies and CAA are written in. Pure. problem is a short English phrase about what is wrong, constant
 * or in the result's own room. */
#pragma once
#include "base/json.h"

#define POLICY_PROBLEM_BYTES 160

typedef struct DkimKey {      /* RFC 6376 3.6.1 */
        char type[16];        /* k=, "rsa" unless told */
        bool testing;         /* t=y */
        bool revoked;         /* p= is empty */
        char* key;            /* owned base64 without white space */
} DkimKey;
void dkim_key_done(DkimKey* k);
int dkim_parse(const char* text, DkimKey* ret, char problem[static POLICY_PROBLEM_BYTES]); /* -EBADMSG with problem */

typedef struct Dmarc {        /* RFC 7489 6.3 */
        char policy[16];      /* none, quarantine, reject */
        char subdomains[16];  /* sp=, empty = as policy */
} Dmarc;
int dmarc_parse(const char* text, Dmarc* ret, char problem[static POLICY_PROBLEM_BYTES]);

int mta_sts_record_parse(const char* text, char problem[static POLICY_PROBLEM_BYTES]); /* RFC 8461 3.1 */
typedef struct MtaStsPolicy { /* RFC 8461 3.2 */
        char mode[16];        /* enforce, testing, none */
        json_t* hosts;        /* owned array of strings: mx patterns */
        int64_t max_age;      /* seconds */
} MtaStsPolicy;
void mta_sts_policy_done(MtaStsPolicy* p);
int mta_sts_policy_parse(const char* text, MtaStsPolicy* ret, char problem[static POLICY_PROBLEM_BYTES]);
bool mta_sts_host_matches(const char* pattern, const char* host); /* "*.x" covers one label, RFC 8461 4.1 */

int tls_rpt_parse(const char* text, char problem[static POLICY_PROBLEM_BYTES]); /* RFC 8460 3 */

/* What one set of CAA records (values canonical) means for one issuer, RFC 8659 4. */
typedef struct CaaMeaning {
        bool any;                /* no issue property: every authority may */
        bool allowed;            /* single names */
        bool wildcard;           /* *.name */
        bool critical;           /* an unknown property with the flag 128: nobody may */
        char tag[32];            /* that property */
        char methods[128];       /* validationmethods (RFC 8657) that leave out both http-01 and dns-01; empty = fine */
        json_t* issuers;         /* owned array of strings: who is allowed, for sentences */
} CaaMeaning;
void caa_meaning_done(CaaMeaning* m);
int caa_read(const json_t* values, const json_t* issuers, CaaMeaning* ret);
