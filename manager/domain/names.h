/* Names the box answers to: its own, my.<domain> of every domain, what leads there, redirects and aliases people made. Which of them there
 * are follows from domains, the last check and the table served_name; nothing of it is kept twice. */
#pragma once
#include "job/job.h"
#include "noun.h"

#define SERVED_ROWS_MAX 200 /* redirects, aliases and names with headers; with 200 domains it stays below what nginx is given */

typedef struct ServedName {
        char* name;          /* A-labels, or "*" for every address */
        const char* kind;    /* box, redirect, alias, app, policy */
        const char* serve;   /* as nginx does: box, redirect, app, app-alias, mta-sts; NULL = an alias whose target is gone */
        char* target;        /* of an app its id; empty = none */
        char* domain;        /* empty = of none of our domains */
        int64_t domain_id;   /* 0 = of none */
        char* shown;         /* as it was typed; empty = never was */
        char* headers;       /* words, joined by spaces */
        bool removable;
} ServedName;

typedef struct ServedNames {
        ServedName* items;
        size_t count;
} ServedNames;
void served_names_done(ServedNames* list);
#define _cleanup_served_names_ _cleanup_(served_names_done)

int served_names_collect(Manager* m, ServedNames* ret, Error* reterr);
/* Which names are served may have changed: web server, certificates and open pages follow. Outside of the store; safe to call often. */
void served_names_changed(Manager* m);

/* Whether something else may live at name: in a domain of the box or below the name its provider gave it,
 * not the box's own, of nobody's redirect or alias, no foreign website. The error is about the field
 * `name`. */
int served_name_check(Manager* m, const char* name, Error* reterr);

/* For op-name.c, inside the open transaction; answers are ServedName of tbl/types.h, owned. headers: array of words or NULL. */
int name_list(Manager* m, json_t** ret, Error* reterr);
int name_add(Manager* m, const char* kind, const char* name, const char* target, const json_t* headers, json_t** ret, Error* reterr);
int name_update(Manager* m, const char* name, const char* target, const json_t* headers, json_t** ret, Error* reterr);
int name_remove(Manager* m, const char* name, Error* reterr);
