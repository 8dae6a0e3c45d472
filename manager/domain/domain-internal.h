/* Shared by the files of this folder and by those who build on domains: the noun's memory, and what is wanted as sets. */
#pragma once
#include "domain/domain.h"
#include "store/store-domain.h"

#define CHECK_EVERY_SEC (6 * 3600)
#define CHECK_JITTER_SEC 1800     /* more or less, so that boxes and domains do not ask all at once */
#define CHECK_CHANGED_SEC 60      /* after a change, for CHANGED_SEC */
#define CHANGED_SEC 3600

typedef struct DomainWriter DomainWriter; /* writer.c */

struct Domain {
        Manager* m;
        sd_event_source* timer;    /* schedule.c: the next check that is due */
        DomainWriter* writer;      /* NULL until its first need */
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
const WantedSet* wanted_find(const WantedRecords* list, const char* id); /* NULL = not wanted */
/* What nouns are told; borrows from row, ipv4 and ipv6. */
DomainView domain_view(const DomainRow* row, const json_t* ipv4, const json_t* ipv6);

/* address.c. Of the machine's addresses those of one family: public ones, and private ones only where no address is public. Pure, owned. */
json_t* addresses_pick(const json_t* all, bool ipv6);

/* domain.c. NOT_FOUND with a sentence. */
int domain_find(Manager* m, const char* name, DomainRow* ret, Error* reterr);
/* The store changed: open pages ask anew. */
void domain_publish(Manager* m);
void domain_box_name_of(const char* domain, char ret[static DOMAIN_NAME_BYTES]); /* my.<domain> */

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
