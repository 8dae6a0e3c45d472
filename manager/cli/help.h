/* "steadbox help": what there is, from the table. */
#pragma once
#include "ops.h"
#include <stdio.h>

bool noun_exists(const char* noun);
void help_nouns(FILE* f);
void help_verbs(FILE* f, const char* noun);
void help_operation(FILE* f, const Operation* o);
/* The known word nearest to what was typed: a noun, or with noun one of its verbs. NULL when nothing is near. A noun
 * ends at the dot. */
const char* help_guess(const char* noun, const char* typed);
/* "USERNAME [--role ROLE]..." behind the verb. */
void help_usage(FILE* f, const Operation* o);
