/* All nouns, in the order of tbl/nouns.h. */
#pragma once
#include "noun.h"

extern const NounClass* const noun_table[]; /* ends with NULL */
