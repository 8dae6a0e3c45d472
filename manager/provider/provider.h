/* Where a domain's records are kept, and how they are changed there. A provider is one small file with one constant ProviderClass; what
 * all share (HTTP, patience, comparing) is here. For the dns-write job; nothing here runs in the manager, which knows only kinds.h.
 *
 * The job's request (made by manager/domain, no secrets):
 *   { "mode": "test|plan|apply|put|drop", "domain": "example.com", "kind": "cloudflare",
 *     "options": { "server", "port", "key_name", "algorithm" },
 *     "records": [ { "id", "owner", "type", "part", "values": [..], "hold": false, "waits": false,
 *                    "ours": [..] } ],         ours: values we wrote there before
 *     "replace": ["mx:example.com"],           consent, for apply
 *     "owner": "_acme-challenge.example.com", "value": "..." }                                 put and drop: one TXT value
 * The token comes by asking the manager { "what": "token" } -> { "token": "..." }. Before a set is written the manager is told
 *   { "what": "writing", "owner", "type", "values" }    what of it will be ours, and after it was seen there
 *   { "what": "written", "id", "owner", "type", "values", "before": [..], "after": [..] }
 * so that after a kill in between the value is known to be ours.
 * Results: test { "works": bool, "zone", "may": ["see","read","write"], "sentence" };
 *   plan and apply { "changes": [ { "id", "action": "create|replace|same|foreign|waits", "owner", "type", "now": [..], "wanted": [..],
 *   "done": bool, "error": null|"..." } ], "written": n, "sentence" };  put and drop {}. */
#pragma once
#include "base/error.h"
#include "base/json.h"

typedef struct Provider Provider;

typedef struct ProviderOptions {
        const char* token;
        const json_t* options;   /* of the request */
        const char* base_url;    /* NULL = the provider's own; tests name a local one */
        void (*say)(const char* sentence, void* userdata); /* progress */
        bool (*cancelled)(void* userdata);
        int (*wait)(uint64_t usec, void* userdata);        /* see net/fetch.h; NULL but in tests */
        void* userdata;
} ProviderOptions;

/* Values are in the form of provider/record.h throughout. */
typedef struct ProviderClass {
        const char* kind;
        int (*open)(Provider* p, Error* reterr);  /* finds the zone that domain is in; WRONG_CREDENTIALS, NOT_ALLOWED, NOT_FOUND */
        void (*close)(Provider* p);               /* NULL = nothing of its own */
        /* All sets at these owners: array of {owner, type, values, ttl}, owned. */
        int (*read)(Provider* p, const char* const* owners, size_t n, json_t** ret, Error* reterr);
        /* The set of owner and type becomes exactly these values; none = it is removed. One set is changed as a whole or not at all where
         * the provider's API allows; where not, the new values are added before the old ones go. */
        int (*write)(Provider* p, const char* owner, const char* type, const json_t* values, uint32_t ttl, Error* reterr);
} ProviderClass;

extern const ProviderClass* const provider_table[]; /* ends with NULL */
const ProviderClass* provider_find(const char* kind);

/* Opens: the zone is known afterwards. */
int provider_new(const ProviderClass* class, const char* domain, const ProviderOptions* options, Provider** ret, Error* reterr);
Provider* provider_free(Provider* p);
DEFINE_CLEANUP(Provider*, provider_free);
const char* provider_zone(const Provider* p);
int provider_read(Provider* p, const char* const* owners, size_t n, json_t** ret, Error* reterr);
int provider_write(Provider* p, const char* owner, const char* type, const json_t* values, uint32_t ttl, Error* reterr);
