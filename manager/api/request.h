/* One request on its way through an operation: who asks, the decoded fields, the answer. A handler is
 *
 *     int op_user_show(Request* request, Error* reterr);
 *
 * It runs on the loop's thread. For rows with WRITE or AUDIT_READ the router has begun a store transaction; when the handler returns 0
 * it adds the line to the log, commits and only then answers, when it returns an error it rolls back, logs the refusal and answers the
 * error. A handler that must wait (argon2id, the helper) returns REQUEST_LATER after arranging that request_resume() is called; the
 * router has then rolled back whatever was written, and runs `then` in a transaction of its own. So: first wait, then write. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "ops.h"

#define REQUEST_LATER 1

typedef struct Manager Manager;
typedef struct Request Request;

typedef enum Via {
        VIA_NOBODY,  /* not signed in */
        VIA_SESSION, /* cookie */
        VIA_TOKEN,   /* Authorization: Bearer */
        VIA_UNIX,    /* admin.sock, SO_PEERCRED */
        VIA_SYSTEM,  /* the manager itself */
} Via;

typedef struct Actor {
        Via via;
        Role role;
        int64_t user_id;       /* 0 = not one of our people */
        char username[33];     /* empty = not one of our people */
        char name[48];         /* what the log shows for others: system, unix:root */
        char session_id[45];   /* of session or token */
        bool root;             /* uid 0 on the admin socket */
} Actor;

Manager* request_manager(Request* r);
const Operation* request_operation(Request* r);
const Actor* request_actor(Request* r);
const char* request_address(Request* r); /* of the client, as text; "" on the admin socket */
const char* request_agent(Request* r);   /* User-Agent or "" */
const char* request_language(Request* r); /* of Accept-Language: a language of ours, or the box's */
const char* request_host(Request* r);    /* Host header, or "" on the admin socket */

/* Fields, already checked against the table; asking for one the row does not have is a programming error (assert). Borrowed. */
bool request_has(Request* r, const char* field);
const char* request_string(Request* r, const char* field); /* NULL = not given */
int64_t request_integer(Request* r, const char* field, int64_t otherwise);
bool request_boolean(Request* r, const char* field, bool otherwise);
json_t* request_strings(Request* r, const char* field);    /* array, or NULL = not given */
json_t* request_fields(Request* r);                        /* all of them, an object */

/* The answer; takes ownership of body. Each returns 0 so that a handler can end in it. */
int request_reply(Request* r, json_t* body);
int request_reply_text(Request* r, char* json);   /* JSON text from malloc() or SQLite's own json functions copied */
int request_reply_empty(Request* r);              /* {} */
int request_reply_items(Request* r, json_t* items); /* array -> {"items":..,"next":null,"total":n} */
/* The page of PAGE_FIELDS of an array of objects; its cursor is their `key`, which no two of them share. */
int request_reply_page(Request* r, json_t* items, const char* key, Error* reterr);
int request_reply_job(Request* r, const char* job_id); /* 202 {"job":id} */
void request_cookie_set(Request* r, const char* token, int64_t max_age_sec); /* __Host-steadbox; NULL clears it */

/* For the log's line of this request. object is borrowed text such as "#12" (people by number), "group:crew", "setting". */
void request_audit_object(Request* r, const char* object);
void request_audit_actor(Request* r, int64_t user_id);            /* signing in: the actor becomes known on the way */
void request_audit_detail(Request* r, const char* key, json_t* value); /* takes ownership; never a secret */

/* Waiting. state is freed by free_state when the request ends in whatever way (NULL = nothing to free). */
typedef int (*RequestThen)(Request* r, void* state, Error* reterr);
int request_later(Request* r, RequestThen then, void* state, void (*free_state)(void* state)); /* returns REQUEST_LATER */
void* request_state(Request* r);
/* Continues with `then`, or with the error when r < 0 (error's content is taken over). The client may be gone; then nothing runs. Requests
 * stay valid until resumed, so whoever holds one must resume it exactly once. */
void request_resume(Request* r, int result, Error* error);

/* argon2id on the pool; then is called with the outcome in request_password_matched() / request_password_hash(). hash NULL: a stand-in of
 * the same cost is checked and never matches, so that the time does not tell whether the account exists. */
int request_password_check(Request* r, const char* password, const char* hash, RequestThen then, void* state,
                void (*free_state)(void*), Error* reterr);
bool request_password_matched(Request* r);
int request_password_derive(Request* r, const char* password, RequestThen then, void* state, void (*free_state)(void*), Error* reterr);
const char* request_password_hash(Request* r);
