/* Apps that the provider wants here from the first start: "apps" and "template" of steadbox.json
 * (docs/provider.md). They are installed one after the other, once the owner's link was made and there is
 * a place for them; each at most once, whatever becomes of it. What became of each is kept in the store's
 * setting "app_presets", written in the same transaction as the app's row and job. */
#pragma once
#include "api/request.h"
#include "job/job.h"

#define APP_PRESETS_MAX 16

/* Pure: [{"package", "location", "title" (or null), "access" (or null), "settings": ["key=value"]}],
 * owned; packages and locations are different. */
json_t* presets_wanted(const json_t* machine);
/* Pure: what the state of an app's row says of its package: 1 it is here, 2 it is coming, 0 it is not. What stopped half way is no app. */
int preset_is_there(const char* app_state);

/* The box gets its first owner: from now on they may come. On a box that had one before, they are offers,
 * and come when somebody says so. Inside the open transaction. */
int app_presets_begin(Manager* m, Error* reterr);
/* Something changed that may let the next one be installed: a place, the catalogue, the end of an
 * installation. Looked at on the next turn. */
void app_presets_soon(Manager* m);
/* Preset objects of tbl/types.h, owned. */
int app_presets_show(Manager* m, const char* language, json_t** ret_items, Error* reterr);
/* Now, because somebody says so: also one that failed or was left out. Further answers speak before the
 * provider's. Inside the open transaction. */
int app_preset_install(Manager* m, const Actor* actor, const char* package, const json_t* settings, const char* secret_settings,
                       char ret_id[static 33], char ret_job[static JOB_ID_BYTES], Error* reterr);
/* It shall not come. Inside the open transaction. */
int app_preset_dismiss(Manager* m, const char* package, Error* reterr);
