/* An app's units from its record. The text is constant but for ids, words, numbers, and two values of their own whitelists (title,
 * calendar): nothing an app brings can add a line or a specifier. */
#pragma once
#include "run/record.h"

#define APP_UNITS_MAX (1 + APP_CONTAINERS_MAX + 2 * APP_TASKS_MAX)
#define APP_UNIT_NAME_BYTES 128

typedef struct AppUnit {
        char name[APP_UNIT_NAME_BYTES];
        char* text; /* owned */
} AppUnit;
typedef struct AppUnits {
        AppUnit units[APP_UNITS_MAX];
        size_t n;
} AppUnits;
void app_units_done(AppUnits* u);

int render_app(const AppRecord* a, AppUnits* ret, Error* reterr);

enum { APP_UNIT_CONTAINER, APP_UNIT_TASK, APP_UNIT_TIMER };
/* The name of a unit of the app: of a container or a task of that name. */
void app_unit_name(int kind, const char* id, const char* name, char ret[static APP_UNIT_NAME_BYTES]);
/* Whether this is the name of a file that render_app() could make for the app. */
bool app_unit_is_of(const char* file, const char* id);
