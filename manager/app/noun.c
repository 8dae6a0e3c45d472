#include "app/app.h"
#include "noun.h"

const NounClass app_noun = {
        .name = "app",
};
