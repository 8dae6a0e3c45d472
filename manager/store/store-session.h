/* What lets somebody in, as the store keeps it: sessions, API tokens, links, recovery codes; and dated consents. Whatever is shown only
 * once is here as SHA-256. */
#pragma once
#include "base/json.h"
#include "base/secret.h"
#include "ops.h"
#include "store/store-user.h"

#define SESSION_ID_BYTES 21 /* 20 hex digits and NUL */

typedef enum LinkKind {
        LINK_KIND_OWNER,
        LINK_KIND_INVITE,
        LINK_KIND_RESET,
        _LINK_KIND_MAX,
        _LINK_KIND_INVALID = -EINVAL,
} LinkKind;
const char* link_kind_to_string(LinkKind k);
LinkKind link_kind_from_string(const char* s);

/* A session or a token together with what matters of its person. */
typedef struct Entry {
        char id[SESSION_ID_BYTES];
        int64_t user_id;
        char username[33];
        Role role;
        UserState state;
        int64_t created_at;
        int64_t seen_at; /* 0 = never */
        int64_t expires_at;
        char* scopes; /* of a token, JSON; owned */
} Entry;
void entry_done(Entry* e);

int store_session_add(
                Store* s,
                const char* id,
                const uint8_t token[static DIGEST_BYTES],
                int64_t user_id,
                const char* agent,
                const char* address,
                int64_t now,
                int64_t expires_at,
                Error* reterr);
int store_session_find(Store* s, const uint8_t token[static DIGEST_BYTES], Entry* ret, Error* reterr); /* 1 found, 0 not */
int store_session_seen(Store* s, const char* id, int64_t at, int64_t expires_at, Error* reterr);
int store_session_list(Store* s, int64_t user_id, const char* current_id, int64_t now, char** ret_json, Error* reterr);
int store_session_expiry(Store* s, const char* id, int64_t* ret, Error* reterr); /* 1 found, 0 not */
int store_session_remove(Store* s, int64_t user_id, const char* id, Error* reterr); /* 1 gone, 0 there was none */
int store_session_remove_all(Store* s, int64_t user_id, const char* but_id, Error* reterr); /* but_id may be NULL; how many */

/* Ends those unused for longest until at most keep are left. */
int store_session_trim(Store* s, int64_t user_id, int64_t keep, Error* reterr);

int store_token_add(
                Store* s,
                const char* id,
                const uint8_t token[static DIGEST_BYTES],
                int64_t user_id,
                const char* name,
                const json_t* scopes,
                int64_t now,
                int64_t expires_at,
                Error* reterr);
int store_token_find(Store* s, const uint8_t token[static DIGEST_BYTES], Entry* ret, Error* reterr);
int store_token_used(Store* s, const char* id, int64_t at, Error* reterr);
int store_token_scopes(Store* s, const char* id, char** ret_json, Error* reterr);
int store_token_count(Store* s, int64_t user_id, int64_t* ret, Error* reterr);
int store_token_list(Store* s, int64_t user_id, char** ret_json, Error* reterr);
int store_token_remove(Store* s, int64_t user_id, const char* id, Error* reterr);
int store_token_remove_all(Store* s, int64_t user_id, Error* reterr);

typedef struct Link {
        LinkKind kind;
        int64_t user_id; /* 0 = the first owner, who chooses a name */
        char* email;     /* owned, or NULL */
        int64_t expires_at;
} Link;
void link_done(Link* l);
int store_link_add(Store* s, const uint8_t token[static DIGEST_BYTES], const Link* link, int64_t now, Error* reterr);
int store_link_find(Store* s, const uint8_t token[static DIGEST_BYTES], Link* ret, Error* reterr); /* 1 found, 0 not */
int store_link_remove_of(Store* s, int64_t user_id, Error* reterr); /* 0: those of the first owner */
int store_link_is_first(Store* s, Error* reterr); /* 1: there is no link, and nobody whose one was; 0: there is */

int store_recovery_replace(Store* s, int64_t user_id, const uint8_t (*codes)[DIGEST_BYTES], size_t n, Error* reterr);
int store_recovery_use(Store* s, int64_t user_id, const uint8_t code[static DIGEST_BYTES], int64_t now, Error* reterr); /* 1 was good */
int store_recovery_has(Store* s, int64_t user_id, const uint8_t code[static DIGEST_BYTES], Error* reterr);               /* 1 unused */
int store_recovery_left(Store* s, int64_t user_id, int64_t* ret, Error* reterr);

int store_consent_add(Store* s, int64_t user_id, const char* kind, bool given, const char* version, int64_t now, Error* reterr);
int store_consent_list(Store* s, int64_t user_id, char** ret_json, Error* reterr);
int store_consent_newest(Store* s, int64_t user_id, const char* kind, char** ret_json, Error* reterr);
int store_consent_given(Store* s, int64_t user_id, const char* kind, Error* reterr); /* 1 the newest answer is yes */
int store_privacy_changed_at(Store* s, int64_t* ret, Error* reterr); /* when the notice's settings last changed; 0 never */

int store_session_expire(Store* s, int64_t now, Error* reterr); /* sessions and links that are over; tokens a month later */
