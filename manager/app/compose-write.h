/* An app as a Compose file that runs elsewhere: what an export holds beside data. Pure. */
#pragma once
#include "run/record.h"

/* [{"name": "compose.yaml", "text"}, {"name": ".env"}, {"name": "README.txt"}], owned. values: the app's secrets by key. Without secrets the file
 * names variables in their place, and .env lists them empty; a secret answer stays out wherever it stands alone. NULL: out of memory. */
json_t* compose_texts(const AppRecord* record, const json_t* manifest, const json_t* images, const json_t* values, bool compose, bool secrets);
