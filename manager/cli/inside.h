/* Commands whose answer is bytes: what runs inside an app, what is written into and read from its files, what is watched. */
#pragma once
#include "cli/arguments.h"
#include "client/client.h"

/* True = this operation is done here; --json asks for the API's own answer instead, where there is one. */
bool inside_handles(const Arguments* a);
/* 0 or the command's exit status, 1..255; negative with an error. */
int inside_command(Client* c, const char* socket_path, Arguments* a, Error* reterr);
