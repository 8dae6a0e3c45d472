/* From what the world answered to what it means and what to do. Pure: no sockets, no clock; every function returns a new Verdict object
 * as dns/survey.h describes it (owned; NULL only without memory). The sentences stand in dns/keys.h.
 *
 * What is compared is sets in canonical spelling (dns/seen.h). A server that does not answer proves nothing: a record is only called
 * missing when a server that is responsible for it said so. */
#pragma once
#include "dns/seen.h"
#include "dns/spf.h"

typedef enum VerdictKey {
#define KEY(symbol, key, verdict, sentence, hint) VERDICT_##symbol,
#include "dns/keys.h"
#undef KEY
        _VERDICT_KEY_MAX,
        _VERDICT_KEY_INVALID = -EINVAL,
} VerdictKey;
const char* verdict_key_to_string(VerdictKey k);

/* What is judged: a wanted record, or a check of its own. */
typedef struct VerdictItem {
        const char* id;
        const char* check;
        const char* part;
        const char* owner;
        const char* type;       /* NULL = not about one record */
        const char* why;
        const char* severity;   /* note, warn, bad */
        const json_t* wanted;   /* canonical set; NULL = none */
        bool hold;              /* something else may live there until it is switched */
} VerdictItem;

/* What a fetch by HTTP showed. */
typedef struct Shown {
        bool asked;
        bool good;              /* status 200 and text is whole */
        const char* text;
        const char* problem;    /* why not; constant or borrowed */
} Shown;

/* All that is known about one wanted record. What was not needed or not asked is NULL or empty. */
typedef struct Evidence {
        const char* domain;
        const char* zone;
        bool nowhere;           /* the parent says that the domain does not exist */
        const json_t* servers;  /* names of the zone's nameservers, for sentences */
        const Seen* own;        /* one per nameserver that was asked */
        size_t n_own;
        const Seen* resolver;
        const json_t *ipv4, *ipv6;  /* of the box, canonical */
        /* follow-ups to the answer that evidence_take() chose */
        const Seen* end;        /* what the last alias has; cname: the addresses of owner */
        bool alias_loop, alias_long; /* found by following from answer to answer */
        const json_t* chain;    /* names of aliases in order */
        const json_t* hosts;    /* mx: {host: leads here} */
        bool identity_here;     /* a visit to owner ended at this box */
        const SpfOutcome* spf;  /* the worst over the box's addresses */
        const char* spf_address;
        const Seen* inherited;  /* dmarc: TXT at the organisational domain */
        const char* inherited_at;
        Shown policy;           /* mta-sts */
} Evidence;

/* The answer the verdict is about: of those responsible, the one as wanted, or else that most agree on;
 * when none is responsible perhaps the resolver's. NULL with *ret_trouble when nothing is known. */
const Seen* evidence_take(const VerdictItem* item, const Evidence* e, VerdictKey* ret_trouble);
json_t* verdict_record(const VerdictItem* item, const Evidence* e);

/* One sentence of the table. now and asked may be NULL; facts is taken over and may be NULL. */
json_t* verdict_new(VerdictKey key, const VerdictItem* item, const json_t* now, const json_t* asked, json_t* facts);

/* --- checks of a domain as a whole --- */

typedef struct ServerView {
        const char* name;
        bool addressed;         /* it has an address */
        const Seen* soa;        /* asked there; NULL = not asked */
        const Seen* ns;
} ServerView;

typedef struct ZoneEvidence {
        const char* domain;
        const char* zone;
        const char* parent;     /* the zone above */
        bool nowhere;           /* the parent says it does not exist */
        bool parent_known;      /* the parent answered about the delegation */
        const json_t* above;    /* nameservers the parent names */
        const ServerView* servers;
        size_t n_servers;
        const Seen* secured;    /* SOA of the zone at our validating resolver */
        const Seen* unchecked;  /* the same without validation; NULL = not needed */
        const Seen* bogus;      /* an answer of the resolver that failed while the zone's own servers gave one; NULL = none */
} ZoneEvidence;
json_t* verdict_delegation(const VerdictItem* item, const ZoneEvidence* z);
json_t* verdict_nameservers(const VerdictItem* item, const ZoneEvidence* z);
json_t* verdict_dnssec(const VerdictItem* item, const ZoneEvidence* z, const char** ret_state); /* signed, unsigned, bogus, unknown */

/* levels: CAA of owner, of its parent, and so on up (RFC 8659 3); at: their names. */
json_t* verdict_caa(const VerdictItem* item, const char* zone, const Seen* levels, const char* const* at, size_t n, const json_t* issuers);
/* forward: {name: [addresses of it]}; names: what the box may be called; should: the name to tell people. */
json_t* verdict_ptr(
                const VerdictItem* item,
                const char* address,
                const Seen* answer,
                const json_t* forward,
                const json_t* names,
                const char* should);
/* visits: [{name, addresses: [..], ours: bool, here: bool, problem: null|".."}]. */
json_t* verdict_proxy(const VerdictItem* item, const char* domain, const json_t* visits);
/* addresses of a name nobody made. */
json_t* verdict_wildcard(const VerdictItem* item, const char* domain, const Seen* v4, const Seen* v6, const Evidence* box);
json_t* verdict_blocklist(const VerdictItem* item, const char* address, const Seen* answers,
                const char* const* lists, const char* const* pages, size_t n);
