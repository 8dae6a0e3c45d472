/* Puts fields where the API wants them: into the path, the query string or the body. Pure. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "ops.h"

/* *ret_path begins behind /api/v1; *ret_body is NULL where the operation takes none. Both are the caller's. */
int request_make(const Operation* o, const json_t* fields, char** ret_path, json_t** ret_body, Error* reterr);
