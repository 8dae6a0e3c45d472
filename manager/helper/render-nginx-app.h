/* What nginx does for apps, as parts of the configuration that render-nginx.c puts together. Pure. */
#pragma once
#include "helper/render-nginx.h"
#include "helper/text.h"
#include "run/record.h"

/* A file <id> here: visitors of the app see the maintenance page. nginx looks for it at every request, so
 * a door is shut the moment the file is there, also for workers of an older configuration that finish
 * their connections; and opening it costs no reload. */
#define NGINX_CLOSED "/etc/steadbox/nginx/closed"
#define PROBE_SOCKET "/run/steadbox-probe/probe.sock" /* in a directory of root:steadbox, 0750 */

struct NginxApp {
        const char* id;
        char address[16];    /* of the app, as nginx reaches it */
        uint16_t port;       /* 0 = it serves nothing */
        bool gated;
        uint32_t max_upload_mb;
        const char* const* public_paths;
        const char* user_header; /* or empty */
};

/* From a record that was checked; borrows its texts. */
void nginx_app_of_record(const AppRecord* record, NginxApp* ret);

void nginx_app_add_maps(Text* t);                                  /* once, in http {} */
void nginx_app_add_upstream(Text* t, const NginxApp* app);         /* once for each app */
void nginx_app_add_probe_default(Text* t);                         /* once, before the next */
/* The inside of a server {} that strangers reach, and of one of the probe socket; app may be NULL. */
void nginx_app_add_served(Text* t, const NginxApp* app);
void nginx_app_add_probed(Text* t, const NginxApp* app);
