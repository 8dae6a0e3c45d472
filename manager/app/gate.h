/* Who may open an app. nginx asks at every request (api/inner.c); a person gets in by a code that works
 * once, for half a minute, at one name, for whoever came from there, and has a cookie of that name from
 * then on. Codes are kept in memory only: a restart costs a redirect. */
#pragma once
#include "api/request.h"
#include "store/store-gate.h"

#define GATE_COOKIE "__Host-steadbox-app"
#define GATE_STATE_COOKIE "__Host-steadbox-state" /* tells that the browser that comes back is the one that was sent */
#define GATE_STATE_BYTES 23                       /* 16 random bytes as base64url, and NUL */
#define GATE_CODE_SEC 30
#define GATE_CODES_MAX 256                        /* the oldest give way */

typedef struct Gate Gate;
Gate* gate_free(Gate* g);

typedef enum GateAnswer {
        GATE_UNKNOWN, /* no cookie, or one that is worth nothing here and now */
        GATE_IN,
        GATE_REFUSED, /* we know who it is, and they may not */
} GateAnswer;

/* token: the cookie's value, or NULL. *ret is filled where the answer is GATE_IN and there is a person. Reads the store, never writes. */
int gate_ask(Manager* m, const char* app, const char* host, const char* token, Visitor* ret, Error* reterr);
/* A way into the app at name for the actor's session: *ret_url is owned. NOT_FOUND where no app of theirs
 * lives. Inside the open transaction. */
int gate_authorize(Manager* m, const Actor* a, const char* name, const char* path, const char* state,
                char** ret_app, char** ret_title, char** ret_url, Error* reterr);
/* 1: ret_token is the cookie's value, *ret_path (owned) where to go. 0: the code is none, over, used, of
 * another name or another browser's. */
int gate_redeem(Manager* m, const char* host, const char* code, const char* state,
                char ret_token[static TOKEN_TEXT_BYTES], char** ret_path);
int gate_leave(Manager* m, const char* token, Error* reterr);

/* https://my.<domain>/authorize?..., owned; NULL on out of memory. uri is as the browser asked. */
char* gate_door(Manager* m, const char* host, const char* uri, const char* state);
bool gate_state_valid(const char* s);
/* A place on the same host: begins with one slash, and no browser reads it as another address. */
bool gate_path_valid(const char* path);
