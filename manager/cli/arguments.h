/* What a person typed behind "steadbox noun verb", decoded by the operation's row into fields and wishes. Reads nothing but argv. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "ops.h"

#define ARGUMENTS_SECRETS_MAX 8

typedef struct Arguments {
        const Operation* operation;
        json_t* fields;            /* owned; field name -> value */
        const Field* secrets[ARGUMENTS_SECRETS_MAX]; /* asked for by --<field>-stdin: one line each, in this order */
        size_t n_secrets;
        const Field* file_field;   /* a TEXT that comes from a file, or NULL */
        const char* file_path;     /* borrowed from argv; "-" is stdin */
        const char* output;        /* borrowed from argv: the file that takes what comes, or NULL */
        bool all, force, help, json, no_wait, wait, yes;
} Arguments;

/* argv holds what follows the verb. The caller calls arguments_done() whatever comes back. */
int arguments_parse(const Operation* o, int argc, char** argv, Arguments* ret, Error* reterr);
void arguments_done(Arguments* a);
#define _cleanup_arguments_ _cleanup_(arguments_done)

/* The first required field that was given in no way, or NULL. */
const Field* arguments_missing(const Arguments* a);
/* The TEXT that "FILE" means for this operation: its required TEXT field, or NULL. */
const Field* arguments_file_field(const Operation* o);
/* "display_name" as the option "display-name"; ret has room for the name and NUL. */
#define OPTION_NAME_MAX 64
void option_name(const char* field, char ret[static OPTION_NAME_MAX]);
/* Whether what this operation gives is bytes, which --output puts into a file. */
bool operation_has_output(const Operation* o);
/* Whether a list of this operation is read in pages. */
bool operation_has_pages(const Operation* o);
