/* What the files of the survey share. One Survey is one run; each domain is a Site; whatever must wait for several answers waits at a Gate.
 * Questions to the resolver go through Lookups, so that no two of the run are asked twice; questions to a zone's own servers are asked at
 * each of them. */
#pragma once
#include "dns/survey.h"
#include "dns/verdict.h"
#include "dns/zone.h"
#include "identity.h"
#include "net/name.h"
#include "net/visit.h"

#define SITES_MAX 256
#define SERVERS_MAX 13           /* of one zone; more than fit into one referral of old are not asked */
#define SERVER_ADDRESSES_MAX 4
#define RECORDS_MAX 300
#define LOOKUPS_MAX 32768
#define LEVELS_MAX 12            /* labels of a name that are climbed */
#define OWN_WINDOW 1024          /* questions on the wire at once */
/* Together no more than fit into the resolver's socket's buffer (units/unbound.conf: 425984 bytes, 768 a packet), and no more than it works
 * on at once (512); the others would be lost. */
#define FINDER_WINDOW 96
#define RESOLVER_WINDOW 320
#define OWN_TRY_USEC (700 * USEC_PER_MSEC)
#define OWN_DEADLINE_USEC (2800 * USEC_PER_MSEC)
#define RESOLVER_TRY_USEC (1200 * USEC_PER_MSEC)
#define RESOLVER_DEADLINE_USEC (4000 * USEC_PER_MSEC)
#define FIND_USEC (2000 * USEC_PER_MSEC)  /* patience with the resolver before the servers are looked for without it */
#define VISIT_USEC (2500 * USEC_PER_MSEC)
#define SURVEY_USEC (9000 * USEC_PER_MSEC) /* everything is judged by then: those who asked were promised 10 s */
#define BATCH_USEC (150 * USEC_PER_MSEC)
#define BATCH_SITES 8            /* with more domains than this only whole domains are told, or telling would delay asking */

typedef struct Site Site;
typedef struct Survey Survey;

/* Counts what is awaited; opens once each time the count falls to zero. Whoever adds to it holds it meanwhile. */
typedef struct Gate {
        unsigned held;
        void (*open)(void* userdata);
        void* userdata;
} Gate;
void gate_hold(Gate* g);
void gate_release(Gate* g);

/* One question to the resolver and who waits for it. */
typedef struct Lookup {
        struct Lookup* next;   /* with the same hash */
        bool quick;            /* signatures are not looked at, which saves the resolver half its way: for finding whom to ask */
        char* name;
        char* type;
        Seen seen;
        bool known;
        Gate** waiting;        /* owned; the gates are borrowed and outlive it */
        size_t n_waiting;
} Lookup;

/* One question to somebody; in the run's list while it is on its way. */
typedef struct Ask {
        struct Ask *next, *before;
        Survey* survey;
        Gate* gate;
        DnsQuestion* question;
        void (*heard)(struct Ask* a, const DnsAnswer* answer); /* NULL = nothing was heard */
        void* to;
        char* server;          /* owned: for sentences */
        char* name;            /* owned */
        const char* type;      /* constant, or of the request */
} Ask;

/* Whether a visit by HTTP to name at address ends at this box. */
typedef struct Visited {
        struct Visited* next;
        Survey* survey;
        char* name;
        char* address;
        bool known, here;
        char* problem;
        Gate** waiting;
        size_t n_waiting;
} Visited;

typedef struct Server {
        char* name;
        char* addresses[SERVER_ADDRESSES_MAX];
        size_t n_addresses;
        Seen soa, ns;
        bool nameless;         /* it is known to have no address */
        bool asked;
} Server;

typedef struct Record {
        Site* site;
        VerdictItem item;      /* borrows from the request, but wanted */
        json_t* wanted;        /* owned, canonical */
        const char* address;   /* ptr: of which address of the box owner is the reverse name; borrowed */
        Gate gate;
        Seen* own;             /* owned array of n_own */
        size_t n_own;
        bool served;           /* owner is a name that the box's web server answers to */
        /* follow-ups */
        json_t* chain;         /* names of aliases in order, for loops */
        bool alias_loop, alias_long;
        bool policy_asked;
        Shown policy;
        char* policy_text;     /* owned */
        char* policy_problem;
        SpfOutcome spf;
        const char* spf_address;
        bool judged;
} Record;

/* A zone above the domain: the addresses of its servers are looked up before it is known which of them is needed. */
typedef struct Above {
        Site* site;
        const char* name;
        Gate gate;
} Above;

#define MAIL_HOSTS 3
typedef struct Port25 {
        Site* site;
        const char* host;
} Port25;

struct Site {
        Survey* survey;
        const json_t* request;
        const char* name;
        const char* shown;
        const char* scope;
        bool look;
        char* zone;            /* owned; NULL = not known */
        char* parent;          /* owned: the zone above; NULL = not known */
        bool nowhere;          /* the parent says that there is no such domain */
        bool parent_known;
        json_t* above;         /* nameservers the parent names */
        char* glue[2 * SERVERS_MAX][2]; /* owned: name, address */
        size_t n_glue;
        Server servers[SERVERS_MAX];
        size_t n_servers;
        Record* records;
        size_t n_records;
        char* random_name;     /* below the domain, made by nobody */
        bool mail;             /* it does mail, so what only mail needs is looked at */
        Above levels[LEVELS_MAX];
        Gate find, nameservers, parent_addresses, referral, addresses, ask, extras;
        Gate later;            /* for what nobody waits for */
        Gate end;              /* records, zone and extras are in */
        bool is_found;         /* find has opened, or patience was over */
        bool followed;         /* what hangs on the extras' first answers was asked */
        bool finished;
        const char* dnssec;    /* signed, unsigned, bogus, unknown */
        json_t* queue;         /* verdicts not told yet */
        Port25 port25[MAIL_HOSTS];
        unsigned port25_waiting;
        bool port25_tried;
        const char* port25_host; /* that greeted; NULL = none did */
};

struct Survey {
        sd_event* event;
        Dns *own, *resolver;
        Dns* finder;           /* the resolver too, with a queue of its own that bulk does not fill */
        Visits* visits;
        const SurveyOptions* options;
        const SurveyEvents* events;
        sd_event_source *deadline, *find_timer, *batch;
        json_t *ipv4, *ipv6;   /* canonical */
        json_t* box_names;
        const json_t* issuers;
        bool outside;
        char identity[IDENTITY_BYTES];
        Site* sites;
        size_t n_sites, n_finished;
        Lookup* lookups[4096];
        size_t n_lookups;
        Visited* visited;
        Ask* asks;
        bool expired;
        unsigned asked, answered, bad;
        int failed;            /* negative: events want no more */
        Error* reterr;
        json_t* look_result;
};

/* survey-ask.c */
/* At a zone's own server. The answer is taken to *to, which outlives the gate. */
void ask_seen(Site* site, Gate* gate, const Server* server, const char* name, const char* type, Seen* to);
void ask_heard(
                Site* site,
                Gate* gate,
                const char* const* servers,
                size_t n_servers,
                const char* name,
                const char* type,
                void (*heard)(Ask* a, const DnsAnswer* answer),
                void* to);
const Lookup* lookup(Survey* s, Gate* gate, const char* name, const char* type); /* asks unless known; NULL = cannot be asked */
const Seen* looked_up(const Survey* s, const char* name, const char* type);      /* NULL = not asked or not known yet */
/* Values of A and AAAA of a name that were looked up, owned. */
json_t* looked_up_addresses(const Survey* s, const char* name);
void lookup_addresses(Survey* s, Gate* gate, const char* name);
/* The same without signatures. */
void find_lookup(Survey* s, Gate* gate, const char* name, const char* type);
const Seen* found(const Survey* s, const char* name, const char* type);
json_t* found_addresses(const Survey* s, const char* name);
void find_addresses(Survey* s, Gate* gate, const char* name);
const Visited* visit_name(Survey* s, Gate* gate, const char* name, const char* address);
const Visited* visited(const Survey* s, const char* name, const char* address);
void survey_expire(Survey* s);
void asks_free(Survey* s);

/* survey-find.c */
void site_find(Site* site);
void site_find_now(Site* site); /* patience is over */
bool site_cut_off(const Site* site); /* nobody at all answers: it is the box's own way out */
bool site_is_ours(const Survey* s, const char* address);

/* survey-record.c */
int record_init(Record* r, Site* site, const json_t* wanted);
void record_done(Record* r);
void record_lookup(Record* r);       /* at the resolver, at once */
void record_ask(Record* r);          /* at every own server */
void record_step(void* userdata);    /* whenever nothing is awaited: follow on, or judge */
void record_expire(Record* r);       /* visits will not be answered any more */
const Seen* record_resolver(const Record* r);

/* survey-extra.c: checks of the domain as a whole */
void extras_lookup(Site* site);
void extras_expire(Site* site);
void extras_step(void* userdata);    /* whenever no extra is awaited */
void extras_judge(Site* site);       /* when records and extras are in */
json_t* site_facts(const Site* site, const char* dnssec);
/* survey-look.c */
void look_lookup(Site* site);
void look_step(void* userdata);      /* as extras_step() */
json_t* look_judge(Site* site);

/* survey.c */
void site_tell(Site* site, json_t* verdict); /* takes it over */
