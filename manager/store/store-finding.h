/* What was put aside, and since when findings stand. */
#pragma once
#include "base/json.h"
#include "store/store.h"

/* {"id":{"facts":"..","until":n}} */
int store_finding_ignored(Store* s, int64_t now, json_t** ret, Error* reterr);
int store_finding_ignore(Store* s, const char* id, const char* facts, const char* reason, int64_t until, const char* actor, Error* reterr);
int store_finding_show(Store* s, const char* id, Error* reterr);
int store_finding_since(Store* s, json_t** ret, Error* reterr); /* {"id":seconds} */
int store_finding_since_set(Store* s, const json_t* since, Error* reterr); /* makes the table equal to it */
