/* Blacks out what could tell who somebody is or open something: people's and boxes' names (a list), e-mail addresses, IP and hardware
 * addresses, host and domain names, tokens, hashes, values behind words like password=. Pure. Rather too much than too little: what is
 * kept must look harmless. Equal things get equal numbers, so that a reader can still follow one address through a log. */
#pragma once
#include "base/json.h"

typedef struct Redactor Redactor;
/* words: array of strings, names in whatever spelling; parts of names of several words count too. */
int redactor_new(const json_t* words, Redactor** ret);
Redactor* redactor_free(Redactor* r);
DEFINE_CLEANUP(Redactor*, redactor_free);
/* *ret is owned and valid UTF-8: other bytes become '?', control characters but newline and tab become spaces. */
int redact(Redactor* r, const char* text, char** ret, unsigned* ret_count);
