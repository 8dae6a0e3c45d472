/* What people find in the launcher of an app: where it is, and in few words how it stands. */
#pragma once
#include "base/json.h"
#include "daemon/manager.h"

/* Tile of tbl/types.h, owned, from an item of store_launcher_apps(). */
json_t* app_tile(Manager* m, const json_t* app);
