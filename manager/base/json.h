/* JSON by jansson, with the strictness the whole project wants: one document, no duplicate keys, no trailing bytes, limited depth. */
#pragma once
#include "base/error.h"
#include <jansson.h>

#define JSON_DEPTH_MAX 16

static inline void json_decrefp_(json_t** j) {
        json_decref(*j);
}
#define _cleanup_json_ _cleanup_(json_decrefp_)

/* Parses an object. Refuses depth over JSON_DEPTH_MAX before jansson recurses, NUL in strings, non-UTF-8, duplicates, trailing bytes. */
int json_parse_object(const char* text, size_t size, json_t** ret, Error* reterr);
/* The same for an object or an array. */
int json_parse(const char* text, size_t size, json_t** ret, Error* reterr);
/* Compact text, keys sorted when canonical; owned by the caller, NULL on out of memory. */
char* json_text(const json_t* j, bool canonical);
/* Values of an object with a default where absent or of another type; strings are borrowed. */
const char* json_get_string(const json_t* object, const char* key); /* NULL when absent */
int64_t json_get_integer(const json_t* object, const char* key, int64_t otherwise);
bool json_get_boolean(const json_t* object, const char* key, bool otherwise);
bool json_list_has(const json_t* list, const char* s); /* whether the string is one of an array; false where either is NULL */
/* "s" or null */
json_t* json_string_or_null(const char* s);
json_t* json_time_or_null(int64_t seconds); /* null for 0 and below */
