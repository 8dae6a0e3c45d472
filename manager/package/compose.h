/* Compose files (https://compose-spec.io) as manifests: the subset that most published files keep to, and
 * a report, line by line, of what becomes of the rest. Pure: text in, manifest and report out. */
#pragma once
#include "package/manifest.h"
#include "package/yaml.h"

typedef struct ComposeOptions {
        const char* id;        /* NULL = made from the file's name: */
        const char* title;     /* NULL = made from the id */
        const char* service;   /* that people open; NULL = the first with a port */
        unsigned port;         /* of it; 0 = its first */
        const char* variables; /* KEY=value lines for ${..}; NULL = none */
        const json_t* kept;    /* {KEY: value} as it is, for those that `variables` does not name; NULL = none */
        bool host_network;     /* an administrator said yes */
        bool host_open;        /* nobody was asked yet: what lacks only that yes is possible, says the report */
} ComposeOptions;

typedef struct Compose {
        json_t* report;        /* ImportReport of tbl/types.h */
        json_t* manifest;      /* normalised; NULL where something is refused */
        json_t* answers;       /* {setting key: value}: values of variables, which are secret and not in the manifest */
} Compose;
void compose_done(Compose* c);
#define _cleanup_compose_ _cleanup_(compose_done)

/* Fails only where the file cannot be read at all; the error says in which line. */
int compose_read(const char* text, size_t size, const ComposeOptions* options, Compose* ret, Error* reterr);
/* Why there is no manifest, as an error that names what is refused, line by line as far as there is room; 0 where there is one. */
int compose_refusal(const Compose* c, Error* reterr);
