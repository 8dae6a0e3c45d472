/* How often somebody may try: 5 tries a minute for an account from an address, 30 for an address with all accounts, then a delay that
 * doubles with every further minute of trying, up to an hour. A bounded table in memory; keys are hashed with a random key, so that
 * nobody can aim at another's place in it. */
#pragma once
#include "base/error.h"

#define LIMITS_ENTRIES 1024 /* a power of two; 32 KiB */
#define LIMITS_ACCOUNT_TRIES 5
#define LIMITS_ADDRESS_TRIES 30
#define LIMITS_WINDOW_SEC 60
#define LIMITS_DELAY_MAX_SEC 3600

typedef struct Limits Limits;
int limits_new(Limits** ret);
Limits* limits_free(Limits* l);
DEFINE_CLEANUP(Limits*, limits_free);

/* Counts a try before it is known how it ends, so that many at once are counted too. TOO_MANY with Retry-After. Whether the account exists
 * does not matter. account NULL: only the address counts. IPv6 addresses count by their /64, which is one customer's. */
int limits_try(Limits* l, const char* account, const char* address, uint64_t now_usec, Error* reterr);
/* It was right: forgets the tries for this account from this address. */
void limits_forgive(Limits* l, const char* account, const char* address);
