/* The face of the box: under which names it is served, how it looks, what its privacy notice says. */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"

typedef struct Site Site;
int site_new(Manager* m, Site** ret, Error* reterr);
Site* site_free(Site* s);

/* https://name of the best name the box has: the primary domain's, fallback_name, the host name if it has a dot, else an address. Owned. */
char* site_base_url(Manager* m);
/* Names under which the manager may be asked, best first, then addresses: the primary domain's when it is proven, the box's own, those of
 * all other domains, aliases. An array of strings, owned. Kept until the store changes, as every request asks. */
json_t* site_names(Manager* m);
/* The box's own without any domain: fallback_name, the host name if it has a dot, addresses. Owned. */
json_t* site_own_names(Manager* m);
/* MISDIRECTED unless Host is one of our names or any address in numbers (rebinding attacks need a name). */
int site_check_host(Manager* m, const char* host, Error* reterr);
json_t* site_brand(Manager* m); /* Brand of types.h, owned */
const char* site_language(Manager* m); /* borrowed until a setting changes */
int site_box_name(Manager* m, char** ret, Error* reterr); /* owned */
