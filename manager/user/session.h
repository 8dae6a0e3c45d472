/* Signed-in browsers and API tokens: who is behind a cookie or a bearer token, and what they may do. */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"
#include "store/store-session.h"

#define SESSION_IDLE_SEC (14 * 86400)     /* unused for so long, a session is over */
#define SESSION_LIFE_SEC (90 * 86400)     /* and over in any case */
#define SESSIONS_MAX 64                   /* for one person; the one unused for longest gives way */
#define TOKENS_MAX 64
#define TOKEN_PREFIX "sbt_"               /* lets scanners find a token that leaked */
#define TOKEN_BYTES (sizeof(TOKEN_PREFIX) - 1 + TOKEN_TEXT_BYTES)

/* 1 = *ret filled, 0 = the token is unknown, spent or its person may not sign in; *ret is then left alone. */
int session_authenticate(Manager* m, const char* token, Actor* ret, Error* reterr);
/* Errors: SIGN_IN_NEEDED for an unknown or expired token, WRONG_SCOPE when it does not cover the operation. */
int token_authenticate(Manager* m, const char* bearer, const Operation* operation, Actor* ret, Error* reterr);
/* scopes: array of scope:read and scope:write; write includes read. */
bool scopes_allow(const json_t* scopes, const Operation* o);

/* Signs u in, inside the open transaction. */
int session_begin(Manager* m, const User* u, const char* agent, const char* address,
                char ret_token[static TOKEN_TEXT_BYTES], Actor* ret, Error* reterr);
/* Type Session: who, what they may do, of what they should be reminded. */
int session_describe(Manager* m, const Actor* a, json_t** ret, Error* reterr);
/* "Firefox on Linux" and the like; never the whole string. */
void agent_words(const char* user_agent, char ret[static 64]);

/* Makes a token for the actor; scopes must exist; a token never does more than the role allows. */
int token_make_for(Manager* m, const Actor* a, const char* name, const json_t* scopes, int64_t days, json_t** ret, Error* reterr);
int session_housekeeping(Manager* m, Error* reterr);
