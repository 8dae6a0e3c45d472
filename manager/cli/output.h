/* --output FILE: exports and files of apps into a file here. */
#pragma once
#include "cli/arguments.h"
#include "client/client.h"

#define OUTPUT_DETACHED 130 /* somebody pressed Ctrl-C; the job goes on */

bool output_handles(const Arguments* a);
/* Before anything is begun: whether the file may be written. */
int output_check(const Arguments* a, Error* reterr);
/* 0, OUTPUT_DETACHED, or negative. The file is the caller's alone (0600), and there only when it is whole. */
int output_command(Client* c, const Arguments* a, Error* reterr);
