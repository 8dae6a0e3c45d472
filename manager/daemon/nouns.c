#include "daemon/nouns.h"

const NounClass* const noun_table[] = {
#define NOUN(symbol) &symbol##_noun,
#include "tbl/nouns.h"
#undef NOUN
        NULL,
};
