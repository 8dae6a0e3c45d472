/* The OCI runtime bundle of one container (runtime-spec's config.json), rendered from the record at every start. Where things are on the
 * machine's side is constant: steadbox-run has laid them out below VIEW_DIRECTORY in a mount namespace of its own. Pure. */
#pragma once
#include "run/record.h"

#define VIEW_DIRECTORY APP_RUN_DIRECTORY "/.view"  /* a tmpfs that only this start sees */
#define VIEW_ROOT VIEW_DIRECTORY "/root"           /* the container's files */
#define VIEW_DATA VIEW_DIRECTORY "/data"           /* <data> */
#define VIEW_FILES VIEW_DIRECTORY "/files"         /* hosts, hostname, resolv.conf, init */
#define VIEW_SYS VIEW_DIRECTORY "/sys"
#define VIEW_BUNDLE VIEW_DIRECTORY "/bundle"       /* config.json; root's only */

json_t* bundle_config(const AppRecord* a, const AppContainerRecord* c); /* NULL when out of memory */
/* The container's name at crun, see APP_CRUN_ROOT. */
#define CONTAINER_ID_BYTES 80
void container_id(const AppRecord* a, const AppContainerRecord* c, char ret[static CONTAINER_ID_BYTES]);
