/* What a pull answered. The worker met the outside, so all of it is looked at before anybody believes it. Pure. */
#pragma once
#include "base/error.h"
#include "base/json.h"

int image_result_check(const json_t* result, Error* reterr); /* of the whole job, see image.h */
/* Adds the digests of all images named anywhere in json (values of "digest" that are 64 hex digits) to the object `named`. */
void image_digests_add(const json_t* json, json_t* named);
