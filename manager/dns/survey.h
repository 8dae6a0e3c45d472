/* Asks the world all it knows about domains: their servers at the parent, every wanted record at every one of their own servers, the
 * validating resolver's verdict, and by HTTP whether names lead to this box. Many domains at a time on one loop; what comes out are
 * answers, judged by verdict.h. For the domain-check job.
 *
 * The job's request (made by manager/domain, no secrets):
 *   { "look": "example.com" }                      what lives there? nothing is judged
 * or
 *   { "ipv4": ["203.0.113.5"], "ipv6": [],         where the world reaches the box
 *     "box_names": ["c123.provider.example", ...], other names of the box, for PTR and sentences
 *     "outside": false,                            consent to block lists and port 25
 *     "issuers": ["letsencrypt.org"],              CAA identities of our authority (RFC 8659); empty = not known
 *     "mail_ready": false,                         whether something answers on this box's port 25
 *     "domains": [ { "name": "example.com", "shown": "...", "scope": "subdomain|web|everything", "primary": true,
 *                    "switched_web": false, "switched_mail": false, "names": ["my.example.com", ...],
 *                    "records": [ { "id": "a:my.example.com", "owner", "type", "check", "part", "values": [..], "why",
 *                                   "severity": "bad", "hold": false } ] } ] }
 *                                                  "values": [] = there should be none (an A or AAAA of a
 *                                                  family that the box has no address of): one that is
 *                                                  there is "wrong", with a sentence about whom it
 *                                                  misleads; none is "ok".
 * The request also has "names": [domains] and "asked_at", which are the manager's own.
 * While it goes, and at the latest at the end of each domain, it asks the manager
 *   { "what": "verdicts", "domain": "example.com", "done": false, "facts": {..}, "items": [ Verdict.. ] }
 * where facts (only with done) is
 *   { "zone", "nameservers": [..], "provider": "cloudflare"|"hetzner"|...|null,
 *     "dnssec": "signed|unsigned|bogus", "leads_here": bool, "reached": [..] }
 * (leads_here: the box's name my.<domain> was seen to lead to this box; reached: those of the request's
 * names that were, by HTTP) and Verdict is
 *   { "id", "check", "part", "owner", "type"|null, "wanted": [..], "now": [..], "verdict", "severity", "sentence", "hint"|null,
 *     "key", "facts": {..}, "asked": [..], "why" }
 * with the words of DomainRecord in tbl/types.h. Result: { "domains": n, "questions": n, "bad": n } or, for look,
 *   { "name", "shown", "exists": bool, "zone", "registered": bool|null, "nameservers": [..], "provider": kind|null,
 *     "web": null|{ "owner", "addresses": [..], "here": bool, "parked": bool, "sentence" },
 *     "mail": null|{ "hosts": [..], "here": bool, "sentence" },
 *     "suggestion": "subdomain|web|everything", "sentence" } */
#pragma once
#include "net/dns.h"

typedef struct Survey Survey;

typedef struct SurveyOptions {
        const char* const* resolvers; /* our validating resolver, "127.0.0.1"; NULL-ended */
        DnsOptions dns;
        uint16_t http_port;           /* 80 */
} SurveyOptions;

typedef struct SurveyEvents {
        /* Verdicts of one domain, as they come; facts NULL until its last call. Takes ownership of neither. Negative ends the survey. */
        int (*verdicts)(const char* domain, const json_t* items, const json_t* facts, void* userdata, Error* reterr);
        void (*progress)(unsigned asked, unsigned answered, const char* sentence, void* userdata);
        bool (*cancelled)(void* userdata);
        void* userdata;
} SurveyEvents;

/* Runs its own loop until everything is judged or the deadline (10 s without SPF includes) is over. *ret_result as above, owned. */
int survey_run(const json_t* request, const SurveyOptions* options, const SurveyEvents* events, json_t** ret_result, Error* reterr);
