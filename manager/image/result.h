/* What a pull answered. The worker met the outside, so all of it is looked at before anybody believes it. Pure. */
#pragma once
#include "base/error.h"
#include "base/json.h"

/* Of the whole job, see image.h; look: that it only looked was asked for. */
int image_result_check(const json_t* result, bool look, Error* reterr);
