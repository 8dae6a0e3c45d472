/* Whether mail from an address would pass a domain's SPF record (RFC 7208). Pure: asks nobody. What it needs of DNS it asks a callback,
 * which may say "not known yet": the caller then asks the world for all that was wanted at once and calls again, so that every level of
 * includes costs one round trip however wide it is. Evaluating anew is cheap; nothing is kept between calls. */
#pragma once
#include "base/json.h"
#include "net/dns.h"

#define SPF_LOOKUPS_MAX 10 /* RFC 7208 4.6.4 */
#define SPF_VOID_MAX 2
#define SPF_HOSTS_MAX 10   /* names of one mx or ptr */
#define SPF_TERMS_MAX 128
#define SPF_WANTED_MAX 128 /* questions in all; a hostile record must not make us ask more */

typedef enum SpfResult { /* RFC 7208 2.6 */
        SPF_NONE,
        SPF_NEUTRAL,
        SPF_PASS,
        SPF_FAIL,
        SPF_SOFTFAIL,
        SPF_TEMPERROR,
        SPF_PERMERROR,
        _SPF_RESULT_MAX,
        _SPF_RESULT_INVALID = -EINVAL,
} SpfResult;
const char* spf_result_to_string(SpfResult r);

typedef enum SpfReason { /* why it is an error */
        SPF_REASON_NONE,
        SPF_REASON_SYNTAX,  /* term at a domain is not understood */
        SPF_REASON_SEVERAL, /* more than one record at a domain */
        SPF_REASON_INCLUDE, /* include or redirect of a domain without a record */
        SPF_REASON_LOOKUPS, /* more than SPF_LOOKUPS_MAX terms that ask */
        SPF_REASON_VOID,    /* more than SPF_VOID_MAX questions without an answer */
        SPF_REASON_HOSTS,   /* an mx of more than SPF_HOSTS_MAX hosts */
        SPF_REASON_SILENT,  /* nobody answers about term */
} SpfReason;

typedef struct SpfOutcome {
        SpfResult result;
        SpfReason reason;
        unsigned lookups;          /* terms that asked */
        unsigned voids;
        bool everybody;            /* it passed by +all */
        char term[256];            /* the term, or the name, that reason is about */
        char at[DNS_NAME_BYTES];   /* whose record it stands in */
} SpfOutcome;

/* 1 = known: *ret is an array of values in presentation form as in net/dns.h, empty = there is no such
 * record; borrowed until the next call. 0 = not known yet, but now wanted. Negative = nobody answers (RFC
 * 7208's temperror). Types: A, AAAA, MX, TXT, PTR. */
typedef int (*SpfLookup)(const char* name, const char* type, const json_t** ret, void* userdata);

/* check_host() for mail from postmaster@domain, HELO domain, from address (in numbers). 1 = *ret is set, 0 = answers are wanted first. */
int spf_check(const char* domain, const char* address, SpfLookup lookup, void* userdata, SpfOutcome* ret);

bool spf_is_record(const char* text); /* "v=spf1", alone or with a space behind it */
/* One record that keeps what the records here say, has the terms of wanted as well, and lets no longer everybody in. Owned. */
char* spf_suggest(const json_t* records, const char* wanted);
