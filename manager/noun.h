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
        const char* fix_label;     /* sentence key of the button */
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
        const char* kind;   /* box, redirect, maintenance */
        const char* target;
        const char* certificate_id;
} NginxName;
typedef struct NginxNames NginxNames;
int nginx_names_add(NginxNames* list, NginxName name); /* copies */

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
        const BackupUnit* backup_units;                                 /* ends with a NULL id */
        int (*personal_data)(Manager* m, int64_t user_id, json_t* ret_parts, Error* reterr); /* adds parts[noun] */
        int (*erase)(Manager* m, int64_t user_id, Error* reterr);       /* inside the off-boarding job's transaction */
        int (*search)(Manager* m, int role, const char* q, json_t* ret_hits, Error* reterr); /* appends SearchHit objects */
        int (*housekeeping)(Manager* m, Error* reterr);                 /* hourly, inside a transaction: expire what is old */
} NounClass;

#define NOUN(symbol) extern const NounClass symbol##_noun;
#include "tbl/nouns.h"
#undef NOUN
