/* What a command still needs after its arguments: files, secrets from stdin or typed unseen, a yes before something is lost. */
#pragma once
#include "cli/arguments.h"

#define INPUT_FILE_MAX (4U * 1024 * 1024)
#define INPUT_SECRET_MAX 1024

/* Reads what the arguments ask for into a->fields. */
int input_complete(Arguments* a, Error* reterr);
/* 1 = go on; an error when the person says no, or when nobody can be asked. */
int input_confirm(const Arguments* a, Error* reterr);
