/* Settings of the manager by key; what may be a key is decided by the nouns. */
#pragma once
#include "store/store.h"

/* 1 set (owned), 0 not set: *ret is left alone. */
int store_setting_get(Store* s, const char* key, char** ret, Error* reterr);
int store_setting_set(Store* s, const char* key, const char* value, Error* reterr);
int store_setting_save(Store* s, const char* key, const char* value, Error* reterr); /* in a transaction of its own */
/* When the newest of these changed; keys is a JSON array as text; 0 = never. */
int store_setting_changed_at(Store* s, const char* keys, int64_t* ret, Error* reterr);
