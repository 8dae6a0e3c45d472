/* Shared by the files of this folder and by those who build on domains: the noun's memory, and what is wanted as sets. */
#pragma once
#include "domain/domain.h"
#include "store/store-domain.h"

#define CHECK_EVERY_SEC (6 * 3600)
#define CHECK_JITTER_SEC 1800     /* more or less, so that boxes and domains do not ask all at once */
#define CHECK_CHANGED_SEC 60      /* after a change, for CHANGED_SEC */
#define CHANGED_SEC 3600
#define CHECK_FAILED_SEC 600      /* after a check that did not work out */

typedef struct DomainWriter DomainWriter; /* writer.c */

struct Domain {
        Manager* m;
        sd_event_source* timer;    /* schedule.c: the next check that is due */
        sd_event_source* effects;  /* schedule.c: deferred, what follows a change */
        bool dkim_asked;           /* dkim.c: the helper is making a key */
        json_t* dkim_gone;         /* dkim.c: {domain: selector} of keys that go when the removal of their domain is committed */
        uint64_t primary_usec;     /* domain.c: when a first primary domain was last tried for; 0 = never */
        DomainWriter* writer;      /* NULL until its first need */
        json_t* summaries;         /* record.c: {domain id: summary}; forgotten by domain_publish() */
        json_t* addresses;         /* address.c: of the machine, as the kernel said last; NULL = ask */
        uint64_t addresses_usec;   /* when */
        char* pages[8];            /* finding.c: addresses of pages that findings name; kept until the next call */
};

/* The records of one owner, type and check: they are right or wrong together. */
typedef struct WantedSet {
        char* id;                  /* check:owner */
        char* owner;
        char* type;
        char* check;
        char* part;                /* box, web, mail, zone */
        const char* why;           /* constant */
        json_t* values;            /* array of strings; empty = there should be none */
        Severity severity;
        bool hold;                 /* its part is not switched: what already stands there stays */
        bool waits;                /* and something else lives in that part, so the whole part waits: never write it */
} WantedSet;

struct WantedRecords {
        WantedSet* sets;           /* owned; in the order in which the nouns named them */
        size_t count;
};
void wanted_records_done(WantedRecords* list);
#define _cleanup_wanted_records_ _cleanup_(wanted_records_done)

/* wanted.c. What all nouns want of this domain, with hold and waits decided by what was switched and what the last check saw. */
int domain_wanted(Manager* m, const DomainRow* row, WantedRecords* ret, Error* reterr);
/* What nouns are told; borrows from row, ipv4 and ipv6. */
DomainView domain_view(const DomainRow* row, const json_t* ipv4, const json_t* ipv6);

/* A and AAAA of label.<domain> ("" = the domain itself); of a family that the box has no address of, an empty set. */
int address_records_add(
                WantedRecords* list,
                const DomainView* domain,
                const char* label,
                const char* part,
                const char* why,
                Severity severity,
                bool hold);
/* What the noun itself wants: the box's own name, the website. Pure. */
int box_records_add(WantedRecords* list, const DomainView* domain);
/* mail-records.c. Pure. */
int mail_records_add(WantedRecords* list, const DomainView* domain);
/* zone.c. RFC 1035 master file; owned, NULL on out of memory. Pure. */
char* zone_text(const char* domain, const WantedRecords* list);

/* address.c. Of the machine's addresses those of one family that the world may reach. Pure, owned. */
json_t* addresses_pick(const json_t* all, bool ipv6);
bool address_is_private(const char* text);

/* domain.c. NOT_FOUND with a sentence. */
int domain_find(Manager* m, const char* name, DomainRow* ret, Error* reterr);
/* The store changed: open pages ask anew, and summaries are made anew. */
void domain_publish(Manager* m);
/* Inside the open transaction: pending becomes proven, with a line in the timeline. */
int domain_prove(Manager* m, const DomainRow* row, const char* why, Error* reterr);
bool domain_scope_has(const char* scope, const char* part); /* whether a domain of this scope has records of part */
void domain_box_name_of(const char* domain, char ret[static DOMAIN_NAME_BYTES]); /* my.<domain> */

/* record.c. Array of DomainRecord of tbl/types.h, worst first, owned. */
int domain_records(Manager* m, const DomainRow* row, json_t** ret, Error* reterr);
int domain_record(Manager* m, const DomainRow* row, const char* id, json_t** ret, Error* reterr); /* one of them; NOT_FOUND */
/* {records, ok, severity, sentence, broken, worst, worst_severity, worst_check, worst_part}; worst_severity leaves silence out. Owned. */
int domain_summary(Manager* m, const DomainRow* row, json_t** ret, Error* reterr);
const char* severity_to_string(int severity); /* of a Severity; "ok" for -1 */
int severity_from_string(const char* s);      /* -1 = none of ours */

/* check.c. Ids of jobs go to ret_job; a check that is open already is joined. Inside the open transaction. */
int domain_check_ownable(const char* name, Error* reterr); /* BAD_FIELD for a public suffix */
int domain_look(Manager* m, const Actor* actor, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr);
int domain_check(Manager* m, const Actor* actor, const char* name, char ret_job[static JOB_ID_BYTES], Error* reterr);
int domain_check_all(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr);
int domain_check_due(Manager* m, int64_t now, Error* reterr);    /* returns how many were due */
json_t* domain_served_names(const WantedRecords* list);          /* names that should lead here; array of strings, owned */
bool port_is_listening(const char* table, uint16_t port);        /* text of proc_net_tcp(5); pure */
bool box_takes_mail(void);                                       /* something listens on port 25 */

/* schedule.c */
int64_t check_next(int64_t now, int64_t changed_at);             /* seconds since 1970; pure but for its jitter */
void domain_schedule(Manager* m);                                /* plans the next check anew */
void domain_effects_soon(Manager* m);                            /* on the next turn of the loop, after the commit */

/* domain.c: what the rest of the box makes of a change: certificates, the first primary domain. Outside any transaction. */
void domain_effects(Manager* m);
/* dkim.c: asks the helper for the keys that are missing. Outside any transaction. */
void dkim_ensure_all(Manager* m);
void dkim_forget(Manager* m, const DomainRow* row);
void dkim_forget_gone(Manager* m); /* after the commit */

/* verdicts.c. What a domain-check job says: {"domain", "items", "done", "facts"} of dns/survey.h.
 * Everything is checked, for the worker met the outside; BAD_REQUEST. Stores all of it inside the open
 * transaction; ret says what came of it. */
typedef struct VerdictsNews {
        int64_t id;        /* 0 = the domain is gone meanwhile */
        bool proven;       /* it leads here, for the first time */
        bool changed;      /* some answer or verdict is another one */
        bool done;
} VerdictsNews;
int verdicts_take(Manager* m, const Job* job, const json_t* question, VerdictsNews* ret, Error* reterr);

/* finding.c */
int domain_findings(Manager* m, Findings* list, Error* reterr);

/* history.c. Inside the open transaction; actor NULL = the world. kind, before and after as in DomainChange of tbl/types.h. */
int domain_history_add(
                Manager* m,
                int64_t id,
                const char* kind,
                const char* record,
                const char* before,
                const char* after,
                const Actor* actor,
                const char* format,
                ...) _printf_(8, 9);

/* writer.c. Something that is wanted changed, or a check saw what is not as it should be: write it where we may, without consent to
 * replace anything foreign. Safe to call often; begins its own transaction later. id 0 = all. */
void domain_write_due(Manager* m, int64_t id);
void domain_writer_shutdown(Manager* m);
/* The domain's DomainWriter of tbl/types.h, owned; JSON null when its records are written by hand. */
json_t* domain_writer_json(const DomainRow* row);

/* served-name.c: redirects, aliases and headers. */
int served_names_nginx(Manager* m, NginxNames* list, Error* reterr);
int served_names_wanted(Manager* m, const DomainView* domain, WantedRecords* list, Error* reterr);
