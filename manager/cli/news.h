/* app update, app update-all: what is new in each version and in those between, told before it is begun. */
#pragma once
#include "cli/arguments.h"
#include "client/client.h"

bool news_handles(const Arguments* a);
/* Pure. Of AppVersions, those on offer that an update to `to` brings (NULL = as far as it goes) and that
 * say what is new; an array, newest first, owned. */
json_t* news_of(const json_t* versions, const char* to);
bool news_is_due(const json_t* app, int64_t now); /* pure; whether an update of all takes this App along, as the box chooses them */
/* To standard error. What cannot be asked is not told: the update itself says why. */
void news_tell(Client* c, const Arguments* a);
