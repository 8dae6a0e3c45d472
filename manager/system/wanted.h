/* What all nouns together want from firewall and web server, collected for the helper. */
#pragma once
#include "daemon/helper-client.h"
#include "noun.h"

#define PORTS_MAX 256
#define NGINX_NAMES_MAX 1024 /* as the helper takes: helper/render-nginx.h */

struct Ports {
        HelperPort items[PORTS_MAX]; /* texts are constant */
        size_t count;
};
struct NginxNames {
        HelperName items[NGINX_NAMES_MAX]; /* owned copies */
        size_t count;
};
void nginx_names_done(NginxNames* list);

/* nouns ends with NULL. */
int wanted_ports(Manager* m, const NounClass* const* nouns, Ports* ret, Error* reterr);
int wanted_names(Manager* m, const NounClass* const* nouns, NginxNames* ret, Error* reterr);
