/* Signed-in browsers and API tokens: who is behind a cookie or a bearer token. */
#pragma once
#include "api/request.h"

/* 1 = *ret filled, 0 = the token is unknown, spent or its person may not sign in; *ret is then left alone. */
int session_authenticate(Manager* m, const char* token, Actor* ret, Error* reterr);
/* Errors: SIGN_IN_NEEDED for an unknown or expired token, WRONG_SCOPE when it does not cover the operation. */
int token_authenticate(Manager* m, const char* bearer, const Operation* operation, Actor* ret, Error* reterr);
