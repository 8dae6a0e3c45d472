/* What people are told of each DNS provider. Plain data, for the manager too. */
#pragma once
#include "base/macro.h"

typedef struct ProviderKind {
        const char* kind;
        const char* name;
        const char* token_sentence; /* what kind of token, and the least it must be allowed */
        const char* token_url;      /* NULL = none */
        const char* fields[4];      /* of domain.connect beside the token; NULL-ended */
} ProviderKind;

extern const ProviderKind provider_kinds[]; /* ends with a NULL kind */
const ProviderKind* provider_kind_find(const char* kind);
