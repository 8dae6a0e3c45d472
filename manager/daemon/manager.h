/* The manager: what one steadboxd process owns. Passed to everything; holds no rules of its own. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "base/pool.h"
#include "store/store.h"
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

typedef struct Apps Apps;
typedef struct Audit Audit;
typedef struct Domain Domain;
typedef struct Gate Gate;
typedef struct Certificates Certificates;
typedef struct Durable Durable;
typedef struct Events Events;
typedef struct FindingMemory FindingMemory;
typedef struct HelperClient HelperClient;
typedef struct Http Http;
typedef struct Jobs Jobs;
typedef struct Limits Limits;
typedef struct Quiet Quiet;
typedef struct Presence Presence;
typedef struct Seal Seal;
typedef struct Site Site;
typedef struct System System;
typedef struct TagCache TagCache;
typedef struct Terminals Terminals;

typedef struct Manager {
        sd_event* event;
        sd_bus* bus;             /* system bus; NULL in unit tests */
        Store* store;
        Pool* pool;
        Apps* apps;              /* of the noun app; NULL before its start and in most unit tests */
        Gate* gate;              /* codes that let people into apps; NULL = none yet */
        Audit* audit;
        Durable* durable;        /* answers that wait for the disk; NULL = commits wait themselves */
        Events* events;
        Domain* domain;          /* of the noun domain; NULL before its start and in most unit tests */
        HelperClient* helper;
        Jobs* jobs;
        Limits* limits;
        Presence* presence;      /* who was here lately; NULL in unit tests */
        Seal* seal;
        Http* http;
        Quiet* quiet;
        sd_event_source* housekeeping;
        Site* site;
        Certificates* certificates; /* of the noun certificate; NULL before its start and in most unit tests */
        System* system;          /* of the noun system; NULL before its start and in most unit tests */
        FindingMemory* finding_memory; /* made on first need */
        TagCache* tag_cache;     /* made on first need */
        Terminals* terminals;    /* commands that run inside apps; made on first need */
        json_t* machine;         /* steadbox.json: what the provider and the installer fixed; read only, may be an empty object */
        char* state_directory;   /* /var/lib/steadbox */
        char* runtime_directory; /* /run/steadbox */
        int64_t started_at;
        bool log_copying;        /* see daemon/log-copy.h */
} Manager;
