/* Installing an app: what all three ways (a package of the catalogue, a bare image, a Compose file) have
 * in common once there is a manifest. */
#pragma once
#include "app/app.h"

/* All borrowed; what is NULL or empty is chosen. */
typedef struct AppInstall {
        const char* origin;          /* catalogue, image, compose */
        const char* package;         /* of the catalogue */
        const char* source;
        const json_t* manifest;      /* normalised, see package/manifest.h */
        const char* icon;            /* data: URL */
        const char* id;
        const char* title;
        const char* name;            /* A-labels */
        const char* access;
        const json_t* groups;        /* names */
        const json_t* settings;      /* ["key=value"] */
        const char* secret_settings; /* one key=value a line; wiped by whoever has it */
        const json_t* environment;   /* ["KEY=value"] */
        bool host_network;           /* an administrator said yes */
} AppInstall;

/* Adds the row and the job inside the caller's open transaction. Refuses what does not fit, is denied, is taken, lacks answers. */
int app_install_begin(Manager* m, const AppInstall* install, const Actor* actor,
                char ret_id[static APP_ID_BYTES], char ret_job[static JOB_ID_BYTES], Error* reterr);

/* Fit of tbl/types.h for this manifest, owned. */
int app_fit(Manager* m, const json_t* manifest, json_t** ret, Error* reterr);
/* For one that is to have the machine's own network, which has each port once: visitors of the second app would be
 * led to the first. Else CONFLICT. */
int app_host_port_free(Manager* m, const json_t* manifest, Error* reterr);
/* Where an app of this package would live if nobody says; empty where the box has no domain. */
int app_name_suggest(Manager* m, const char* package, char ret[static 254], Error* reterr);
