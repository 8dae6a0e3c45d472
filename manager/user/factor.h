/* The second factor: an authenticator (TOTP) and recovery codes. Secrets stand sealed in the store. */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"
#include "store/store-user.h"

#define RECOVERY_CODES 10
#define RECOVERY_CODE_BYTES 20 /* xxxx-xxxx-xxxx-xxxx and NUL: 79 random bits, so that a fast hash is enough */

/* Keeps a new secret as pending; *ret is a TotpStart. Inside the open transaction, as all that follows. */
int factor_start(Manager* m, User* u, json_t** ret, Error* reterr);
/* The pending secret comes on if the code is its; *ret is RecoveryCodes. */
int factor_confirm(Manager* m, User* u, const char* code, json_t** ret, Error* reterr);
int factor_remove(Manager* m, User* u, Error* reterr);
/* At sign-in: a TOTP code (each works once) or a recovery code (is used up). 1 = good, 0 = not. */
int factor_check(Manager* m, User* u, const char* code, Error* reterr);
int recovery_renew(Manager* m, User* u, json_t** ret, Error* reterr);
/* 1 = it is one of the unused codes; it stays usable. */
int recovery_verify(Manager* m, User* u, const char* code, Error* reterr);
/* The key "totp" was rotated: seals everybody's secret under the new generation. */
int factor_reseal(Manager* m, uint64_t new_generation, Error* reterr);
