/* The face of the box: under which names it is served, how it looks, what its privacy notice says. */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"

typedef struct Site Site;
int site_new(Manager* m, Site** ret, Error* reterr);
Site* site_free(Site* s);

/* https://name of the best name the box has: the primary domain's, fallback_name, the host name if it has a dot, else an address. Owned. */
char* site_base_url(Manager* m);
/* Names that are ours, best first, then addresses; an array of strings, owned. */
json_t* site_names(Manager* m);
/* MISDIRECTED unless Host is one of our names or any address in numbers (rebinding attacks need a name). */
int site_check_host(Manager* m, const char* host, Error* reterr);
json_t* site_brand(Manager* m); /* Brand of types.h, owned */
const char* site_language(Manager* m); /* borrowed until a setting changes */
int site_box_name(Manager* m, char** ret, Error* reterr); /* owned */
