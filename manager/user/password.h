/* Which passwords are good enough, and which hashes we accept from elsewhere. The hashing itself is api/request.c's, on the pool. */
#pragma once
#include "base/error.h"

#define PASSWORD_CHARACTERS_MIN 10

/* WEAK_PASSWORD with the reason, for field. Too short, the user name in it, one of the passwords everybody tries, or made of so little
 * that guessing is quick. username may be NULL. */
int password_check(const char* password, const char* username, const char* field, Error* reterr);
/* An argon2id hash in PHC form that libsodium can check and that does not ask for more than 256 MiB or 16 passes. */
int password_hash_check(const char* hash, const char* field, Error* reterr);
