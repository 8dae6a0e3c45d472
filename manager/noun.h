/* How a noun plugs in: each exports one constant NounClass, listed in include/tbl/nouns.h. Every member may be NULL. */
#pragma once
#include "daemon/manager.h"

typedef enum Severity { SEVERITY_NOTE, SEVERITY_WARN, SEVERITY_BAD } Severity;

/* Something that needs attention; pure data. id and key are constant text. */
typedef struct Finding {
        const char* id;            /* user.single-owner */
        Severity severity;
        const char* key;           /* of the UI's catalogues */
        json_t* facts;             /* owned object; values for the sentence */
        char* sentence;            /* owned; English, for the CLI */
        const char* fix_operation; /* "" = none */
        json_t* fix_parameters;    /* owned object or NULL */
        const char* fix_page;      /* where in the UI */
        const char* fix_under;     /* NULL, or the part of the page behind `about`, as limits */
        const char* fix_label;     /* sentence key of the button */
        const char* about;         /* NULL, or which of several such things (an app's id, at most 32 bytes; copied): stands behind the id,
                                    * as app.failing:notes, and behind the page */
        char *own_id, *own_page;   /* findings_add()'s */
} Finding;
typedef struct Findings Findings;
int findings_add(Findings* list, Finding finding); /* takes over what the finding owns */

typedef struct Port {
        const char* protocol; /* tcp, udp */
        uint16_t port;
        const char* purpose;  /* web, ssh ... */
        const char* scope;    /* world, local */
} Port;
typedef struct Ports Ports;
int ports_add(Ports* list, Port port);

typedef struct NginxName {
        const char* name;
        const char* kind;    /* box, redirect, maintenance, mta-sts */
        const char* target;
        const char* headers; /* words of the closed list, joined by spaces; NULL = none */
} NginxName;
typedef struct NginxNames NginxNames;
int nginx_names_add(NginxNames* list, NginxName name); /* copies */

/* A record that should be in the world's DNS. */
typedef struct WantedRecord {
        const char* owner;    /* A-labels, no final dot */
        const char* type;     /* A, AAAA, CNAME, MX, TXT, SRV, CAA, PTR */
        const char* check;    /* DomainRecord.check of tbl/types.h: how it is judged; most often the type in lower case */
        const char* part;     /* box, web, mail, zone */
        const char* value;    /* as in a zone file; TXT without quotes. Records of the same owner, type and check are one set */
        const char* why;      /* a short sentence, constant */
        Severity severity;    /* how much it matters while it is not as it should be */
        bool hold;            /* waits for domain.switch while something else lives there */
} WantedRecord;
typedef struct WantedRecords WantedRecords;
int wanted_records_add(WantedRecords* list, WantedRecord record); /* copies; the same one twice is one */

/* What the nouns are told of a domain, and may ask. Borrowed. */
typedef struct DomainView {
        int64_t id;
        const char* name;     /* A-labels */
        const char* scope;    /* subdomain, web, everything */
        bool primary, proven, switched_web, switched_mail;
        const char* dkim_selector; /* empty = no key yet */
        const char* dkim_key;      /* public, base64 */
        const json_t* ipv4;   /* array of strings: where the world reaches the box */
        const json_t* ipv6;
} DomainView;

/* A service that shows certificates. */
typedef struct CertificateSubscriber {
        const char* service;  /* web, mail ... */
        const char* protocol; /* https, smtp (STARTTLS), smtps, imaps, imap (STARTTLS) */
        uint16_t port;        /* probed after every switch and once a day */
} CertificateSubscriber;

typedef struct BackupUnit {
        const char* id;
        const char* path;         /* below /var/lib/steadbox */
        const char* class_name;   /* precious, rebuildable, cache, media */
        const char* consistency;  /* plain, sqlite, dump */
} BackupUnit;

typedef struct NounClass {
        const char* name;
        int (*startup)(Manager* m, Error* reterr);                      /* once, after everything is built */
        void (*shutdown)(Manager* m);                                   /* once, before everything is taken down */
        int (*findings)(Manager* m, Findings* list, Error* reterr);     /* pure: reads, never writes */
        int (*ports)(Manager* m, Ports* list, Error* reterr);           /* what the firewall must let in */
        int (*nginx_names)(Manager* m, NginxNames* list, Error* reterr);
        int (*wanted_records)(Manager* m, const DomainView* domain, WantedRecords* list, Error* reterr); /* pure */
        const CertificateSubscriber* certificate_subscribers;           /* ends with a NULL service */
        /* Appends the domains whose names may have a certificate: {id, name, writable, names: [those of
         * its names that the world was seen to reach this box by (HTTP), A-labels, not more than once]}.
         * writable: Steadbox may write the zone, so a wildcard can be had. id 0 is the name that the
         * provider gave the box: what is below it. */
        int (*certificate_domains)(Manager* m, json_t* ret_domains, Error* reterr);
        const char* (*certificate_for_name)(Manager* m, const char* name); /* id of the one it should show; NULL = no opinion */
        void (*applied)(Manager* m);                                    /* firewall, certificate and web server were brought up to date */
        void (*offers_changed)(Manager* m);                             /* the catalogue was fetched again */
        void (*addresses_changed)(Manager* m);                          /* the machine's addresses are others now */
        const BackupUnit* backup_units;                                 /* ends with a NULL id */
        int (*personal_data)(Manager* m, int64_t user_id, json_t* ret_parts, Error* reterr); /* adds parts[noun] */
        int (*erase)(Manager* m, int64_t user_id, Error* reterr);       /* inside the off-boarding job's transaction */
        int (*search)(Manager* m, int role, const char* q, json_t* ret_hits, Error* reterr); /* appends SearchHit objects */
        int (*housekeeping)(Manager* m, Error* reterr);                 /* hourly, inside a transaction: expire what is old */
} NounClass;

#define NOUN(symbol) extern const NounClass symbol##_noun;
#include "tbl/nouns.h"
#undef NOUN
