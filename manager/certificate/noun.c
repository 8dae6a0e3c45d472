#include "certificate/certificate.h"

const NounClass certificate_noun = { .name = "certificate" };
