/* What containers say, on its way to the journal. Each has a named pipe in OUTPUT_DIRECTORY,
 * "<app>-<container>.<16 hex digits>", which is its standard output and error; one program of ours,
 * steadbox-output, reads them all. A pipe can be opened by name (/dev/stdout, /proc/self/fd/1), as many
 * images do; the socket that systemd gives a unit cannot (ENXIO, open(2)). A name is in the directory
 * from when somebody can write until steadbox-output has read the last word. */
#pragma once
#include "base/error.h"
#include <sys/types.h>

#define OUTPUT_DIRECTORY "/run/steadbox-output" /* root's alone */
#define OUTPUT_NAME_BYTES 128

/* "<app>-<name>", name being that of a container or "task-<task>". *ret can be read and written, so that nobody gets SIGPIPE while
 * steadbox-output is away; the caller closes it. */
int output_open(const char* app, const char* name, uid_t uid, gid_t gid, int* ret, Error* reterr);
