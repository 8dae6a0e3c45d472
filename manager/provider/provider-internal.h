/* Shared by the providers' files. */
#pragma once
#include "net/fetch.h"
#include "provider/provider.h"
#include "provider/record.h"

#define PAGES_MAX 40 /* of one listing */

struct Provider {
        const ProviderClass* class;
        ProviderOptions options; /* token is ours, options borrowed */
        char* token;
        char domain[RECORD_NAME_BYTES];
        char zone[RECORD_NAME_BYTES];
        char zone_id[64];
        uint32_t least_ttl;      /* the provider takes no less */
        Fetch* fetch;            /* NULL for rfc2136 */
        void* own;
};

extern const ProviderClass provider_cloudflare, provider_desec, provider_digitalocean, provider_hetzner, provider_rfc2136;

int provider_fetch_new(Provider* p, const char* base_url, const char* scheme, Error* reterr);
/* Calls look for the domain, its parent and so on, until one answers 1. NOT_FOUND when none does. */
int provider_zone_search(Provider* p, int (*look)(Provider* p, const char* zone, Error* reterr), Error* reterr);
int provider_zone_take(Provider* p, const char* zone, const char* id, Error* reterr);
/* One call; path is printf'd, its parts already escaped. Takes ownership of body. A refusal (status from
 * 400) is an error with the provider's own words, but 404 is given back when absent_ok. */
int provider_call(Provider* p, const char* method, json_t* body, bool absent_ok, FetchReply* ret, Error* reterr, const char* path, ...)
        _printf_(7, 8);
/* "answered in a way we do not understand": a reply without what its documentation promises. */
int provider_garbled(const Provider* p, Error* reterr);

/* Pure: what a provider says about its refusal, cut and cleaned; false when it says nothing. Known are error.message, message, detail and
 * errors[].message. A text that contains secret is not repeated. */
bool provider_error_text(const json_t* body, const char* secret, char* to, size_t size);

/* Pure parsers of captured answers, one a provider: adds what concerns owners to sets. Foreign owners are
 * left out, values that cannot be read are kept with a quote in front, which no value of ours has, so
 * that nobody takes their place unasked. 1 = there is another page, 0 = that was all, -EBADMSG = not such
 * an answer, -E2BIG. */
typedef struct ParseContext {
        const char* zone;
        const char* const* owners;
        size_t n_owners;
} ParseContext;
int cloudflare_records_parse(const json_t* body, const ParseContext* c, json_t* sets);
int hetzner_sets_parse(const json_t* body, const ParseContext* c, json_t* sets);
int desec_sets_parse(const json_t* body, const ParseContext* c, json_t* sets);
int digitalocean_records_parse(const json_t* body, const ParseContext* c, json_t* sets);
/* Adds text of a provider. owner may be relative to the zone when it is ("" and "@" the zone itself). */
int parse_add(const ParseContext* c, json_t* sets, const char* owner, bool relative, const char* type,
                const char* text, const char* origin, int64_t ttl);
