/* Blacking out the secrets of a Config wherever they stand in a text. Pure. */
#pragma once
#include "install-json.h"

/* Overwrites every secret with as many x; also in the spelling of JSON inside YAML or JSON strings. Returns how many were found. */
unsigned scrub_secrets(char* text, size_t size, const Config* config);
/* Whether the text may hold secrets that no search would find: gzip, or MIME and cloud-config parts in base64. */
bool scrub_opaque(const char* text, size_t size);
