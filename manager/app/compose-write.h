/* An app as a Compose file that runs elsewhere: what an export holds beside data. Pure. */
#pragma once
#include "run/record.h"

typedef struct ComposeTexts {
        const AppRecord* record;
        const json_t* manifest;
        const json_t* images;   /* by container, as AppRow.images */
        const json_t* values;   /* the app's secrets by key */
        const json_t* dumps;    /* [{"data", "file", "missed"}] of app/dump.h; NULL = none */
        const char* name;       /* where it lives here */
        bool compose;           /* with a Compose file */
        bool secrets;           /* with values for its variables */
} ComposeTexts;

/* [{"name": "compose.yaml", "text"}, {"name": ".env"}, {"name": "README.txt"}], owned. Without secrets
 * the file names variables in their place, and .env lists them empty; a secret answer stays out wherever
 * it stands alone. NULL: out of memory.
 *
 * Here all containers of an app share one network, and reach one another by names that lead to 127.0.0.1;
 * servers listen there only. So it is in the file: one service has the network, with the others' names,
 * and the rest joins it. */
json_t* compose_texts(const ComposeTexts* what);
