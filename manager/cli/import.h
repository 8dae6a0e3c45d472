/* app import, app reimport: what of a Compose file is not done as it says, told line by line before anything is begun. */
#pragma once
#include "cli/arguments.h"
#include "client/client.h"

bool import_handles(const Arguments* a);
/* To standard error. What cannot be looked at is not told: the import itself says why. */
void import_tell(Client* c, const Arguments* a);
