/* From what a client sent to checked fields, by the operations table. Pure: no request, no store; a fuzzer is ten lines. */
#pragma once
#include "base/json.h"
#include "ops.h"

/* Checks one value of the JSON body or one text of path or query (is_text) and returns a new JSON value. */
int field_decode(const Field* field, const json_t* value, json_t** ret, Error* reterr);
int field_decode_text(const Field* field, const char* text, json_t** ret, Error* reterr);
/* Checks a whole body: unknown fields, types, limits; adds to fields (which may hold path and query values already). */
int fields_decode_body(const Operation* o, const json_t* body, json_t* fields, Error* reterr);
/* At the end: all required ones there? */
int fields_check_required(const Operation* o, const json_t* fields, Error* reterr);
/* A path below API_PREFIX (still percent-encoded, writable) into decoded segments: returns their number, or <0 for tricks (empty segments,
 * dots, encoded slashes, NUL, control bytes, broken UTF-8). */
int path_split(char* path, const char* segments[static OPERATION_SEGMENTS_MAX], Error* reterr);
/* Undoes percent-encoding in place; <0 when it is broken, holds NUL or is not UTF-8. */
int percent_decode(char* text);
