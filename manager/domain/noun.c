#include "domain/domain.h"

const NounClass domain_noun = { .name = "domain" };
