/* app update, app update-all: what is new in each version and in those between, told before it is begun. */
#pragma once
#include "cli/arguments.h"
#include "client/client.h"

bool news_handles(const Arguments* a);
/* Pure. Of AppVersions, those on offer that an update to `to` brings (NULL = as far as it goes) and that
 * say what is new; an array, newest first, owned. */
json_t* news_of(const json_t* versions, const char* to);
/* Pure. To which version an update of all takes this App, as the box chooses it; NULL = it stays as it is.
 * versions: of it, newest first; NULL = they could not be asked for. Borrowed from either. */
const char* news_target(const json_t* app, const json_t* versions, int64_t now);
/* To standard error. What cannot be asked is not told: the update itself says why. */
void news_tell(Client* c, const Arguments* a);
