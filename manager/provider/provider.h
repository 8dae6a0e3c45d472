/* Where a domain's records are kept, and how they are changed there. A provider is one small file with one constant ProviderClass; what
 * all share (HTTP, patience, comparing) is here. For the dns-write job; nothing here runs in the manager.
 *
 * The job's request (made by manager/domain, no secrets):
 *   { "mode": "test|plan|apply|put|drop", "domain": "example.com", "kind": "cloudflare",
 *     "options": { "server", "port", "key_name", "algorithm" },
 *     "records": [ { "id", "owner", "type", "values": [..], "hold": false, "ours": [..] } ],   ours: values we wrote there before
 *     "replace": ["mx:example.com"],           consent, for apply
 *     "owner": "_acme-challenge.example.com", "value": "..." }                                 put and drop: one TXT value
 * The token comes by asking the manager { "what": "token" } -> { "token": "..." }.
 * Results: test { "works": bool, "zone", "may": ["see","read","write"], "sentence" };
 *   plan and apply { "changes": [ { "id", "action": "create|replace|same|foreign|waits", "owner", "type", "now": [..], "wanted": [..],
 *   "done": bool, "error": null|"..." } ], "written": n };  put and drop {}. */
#pragma once
#include "base/error.h"
#include "base/json.h"

typedef struct Provider Provider;

/* One set of records of the same owner and type. Values as in a zone file, names lower case without final dot, TXT without quotes. */
typedef struct RecordSet {
        char* owner;
        char* type;
        json_t* values; /* array of strings */
        uint32_t ttl;
} RecordSet;
void record_set_done(RecordSet* s);

typedef struct ProviderOptions {
        const char* token;
        const json_t* options;   /* of the request */
        const char* base_url;    /* NULL = the provider's own; tests name a local one */
        void (*say)(const char* sentence, void* userdata); /* progress */
        bool (*cancelled)(void* userdata);
        void* userdata;
} ProviderOptions;

typedef struct ProviderClass {
        const char* kind;
        const char* name;
        const char* token_sentence; /* what kind of token, and the least it must be allowed */
        const char* token_url;
        const char* const* fields;  /* of domain.connect beside the token; NULL-ended */
        int (*open)(Provider* p, Error* reterr);  /* finds the zone that domain is in; WRONG_CREDENTIALS, NOT_FOUND */
        void (*close)(Provider* p);
        /* All sets at these owners: array of {owner, type, values, ttl}, owned. */
        int (*read)(Provider* p, const char* const* owners, size_t n, json_t** ret, Error* reterr);
        /* The set of owner and type becomes exactly these values; none = it is removed. One set is changed as a whole or not at all where
         * the provider's API allows; where not, the new values are added before the old ones go. */
        int (*write)(Provider* p, const char* owner, const char* type, const json_t* values, uint32_t ttl, Error* reterr);
} ProviderClass;

extern const ProviderClass* const provider_table[]; /* ends with NULL */
const ProviderClass* provider_find(const char* kind);
