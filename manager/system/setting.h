/* Settings of the box: those kept in the store, and those of the machine (time zone, host name) that only root may change. */
#pragma once
#include "daemon/manager.h"

bool setting_locked(Manager* m, const char* key);         /* fixed by the provider in steadbox.json */
json_t* setting_show(Manager* m, Error* reterr);          /* Settings of tbl/types.h, owned */
/* Writes those of fields that are kept in the store, inside the open transaction; what was the same already stays untouched. Returns
 * the number of changes; their keys are appended to changed. */
int setting_write(Manager* m, const json_t* fields, json_t* changed, Error* reterr);
/* Array of Name: the zones of zone1970.tab and zone.tab, and UTC, in which q occurs; sorted. Owned. */
json_t* timezone_list(const char* directory, const char* q);
bool timezone_known(const char* directory, const char* name);
#define ZONEINFO_DIRECTORY "/usr/share/zoneinfo"
