/* nginx as the verbs see it: check a configuration in a sandbox, put it in place, have it loaded, go back if that fails. */
#pragma once
#include "helper/helper.h"

/* Runs nginx -t over text; the complaint of nginx becomes the error's sentence. */
int nginx_check(Helper* h, const char* text, Error* reterr);
/* Makes text the configuration; what is loaded now stays aside until the next reload worked. */
int nginx_put(const char* text, Error* reterr);
/* The configuration in place: 1 = read, 0 = none yet. */
int nginx_current(char** ret, Error* reterr);
/* The one that was loaded last with success: 1 = read, 0 = none yet. */
int nginx_last_good(char** ret, Error* reterr);
/* Starts nginx unless it runs. */
int nginx_start(Helper* h, Error* reterr);
/* Loads the configuration in place: at once, or joined with others (VERB_LATER, call is kept) when the last reload is younger than
 * NGINX_RELOAD_JOIN_USEC; NGINX_RELOAD_LATE_USEC after that at the latest. On failure the last good configuration is in place again. */
int nginx_reload(Helper* h, sd_bus_message* call, Error* reterr);
/* Shuts or opens an app's door, at once; 0 or negative. See NGINX_CLOSED of render-nginx-app.h. */
int nginx_door_set(const char* app, bool closed, Error* reterr);
