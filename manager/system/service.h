/* The appliance's services as PID 1 and their control groups see them. Asks over D-Bus without waiting. */
#pragma once
#include "daemon/manager.h"

/* services: array of Service of tbl/types.h, borrowed; NULL with a negative r. Called once, from the loop. */
typedef void (*ServicesDone)(int r, json_t* services, void* userdata);
/* Negative: nothing was asked and done will not be called. */
int services_ask(Manager* m, ServicesDone done, void* userdata, Error* reterr);

/* A property of an object on the system bus: its text, yes or no of a boolean, "" when it is not known. */
typedef void (*StringDone)(const char* value, void* userdata);
int bus_string_ask(Manager* m, const char* service, const char* path, const char* interface,
                const char* property, StringDone done, void* userdata);
