/* "steadbox pack": makes packages and catalogues from directories. The one command that asks no box. */
#pragma once
#include "base/error.h"

/* argv is what follows "pack"; 0, or a negative errno with the error set. */
int pack_command(int argc, char** argv, Error* reterr);
