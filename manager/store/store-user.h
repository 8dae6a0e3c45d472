/* People as the store keeps them. No rules here: who may do what is decided in user/user.c. */
#pragma once
#include "ops.h"
#include "store/store.h"

typedef enum UserState {
        USER_STATE_ACTIVE,
        USER_STATE_INVITED,     /* no password yet */
        USER_STATE_DEACTIVATED, /* may not sign in */
        USER_STATE_FROZEN,      /* may not sign in, be changed or be deleted */
        _USER_STATE_MAX,
        _USER_STATE_INVALID = -EINVAL,
} UserState;
const char* user_state_to_string(UserState s);
UserState user_state_from_string(const char* s);

typedef struct User {
        int64_t id;
        char* username;
        char* display_name;
        char* email;         /* or NULL */
        Role role;
        UserState state;
        char* language;      /* or NULL */
        char* password_hash; /* or NULL */
        int64_t password_changed_at;
        uint8_t* totp_secret; /* sealed, or NULL */
        size_t totp_secret_size;
        uint8_t* totp_pending; /* sealed, or NULL */
        size_t totp_pending_size;
        int64_t totp_step;
        int64_t recovery_verified_at; /* 0 = never */
        int64_t created_at;
        int64_t seen_at; /* 0 = never */
} User;
User* user_free(User* u);
DEFINE_CLEANUP(User*, user_free);

/* 1 found, 0 not. */
int store_user_by_name(Store* s, const char* username, User** ret, Error* reterr);
int store_user_by_id(Store* s, int64_t id, User** ret, Error* reterr);
int store_user_by_login(Store* s, const char* username_or_email, User** ret, Error* reterr);
int store_user_first_owner(Store* s, User** ret, Error* reterr); /* active ones first, then the oldest */
int store_user_email_taken(Store* s, const char* email, int64_t but_id, Error* reterr); /* 1 by somebody else */

int store_user_add(Store* s, const User* u, int64_t* ret_id, Error* reterr); /* id is given by the store */
int store_user_profile(Store* s, const User* u, Error* reterr);              /* writes display name, email, role, language */
int store_user_state(Store* s, int64_t id, UserState state, Error* reterr);
int store_user_password(Store* s, int64_t id, const char* hash, int64_t at, Error* reterr);
int store_user_totp(Store* s, const User* u, Error* reterr); /* writes secret, pending, step */
int store_user_recovery_verified(Store* s, int64_t id, int64_t at, Error* reterr);
int store_user_seen(Store* s, int64_t id, int64_t at, Error* reterr);
int store_user_remove(Store* s, int64_t id, Error* reterr); /* everything that hangs on it goes too */
int store_user_remove_range(Store* s, int64_t first, int64_t last, Error* reterr);

int store_user_sealed_after(Store* s, int64_t id, User** ret, Error* reterr); /* the next person with a sealed secret; 1 found, 0 end */
/* The generation of a sealing key, which is remembered as used; the first use adds it. */
int store_user_seal_used(Store* s, const char* name, int64_t now, int64_t hour, int64_t* ret_generation, Error* reterr);

int store_user_active_owners(Store* s, int64_t but_id, int64_t* ret, Error* reterr);
int store_user_count(Store* s, int64_t* ret, Error* reterr);
int store_user_role_count(Store* s, Role role, int64_t* ret, Error* reterr);
int store_user_invited_without_link(Store* s, int64_t now, int64_t* ret, Error* reterr);
int store_user_unguarded_owners(Store* s, int64_t* ret, Error* reterr); /* active owners without an authenticator */

typedef enum UserSort {
        USER_SORT_USERNAME,
        USER_SORT_DISPLAY_NAME,
        USER_SORT_LAST_SEEN, /* latest first */
        USER_SORT_CREATED,   /* latest first */
        _USER_SORT_MAX,
        _USER_SORT_INVALID = -EINVAL,
} UserSort;

typedef struct UserFilter {
        const char* q;     /* each may be NULL */
        const char* state;
        const char* role;
        const char* group;
        UserSort sort;
        const char* after; /* a cursor of an earlier page */
        unsigned limit;
} UserFilter;
int store_user_list(Store* s, const UserFilter* filter, char** ret_json, Error* reterr);
int store_user_json(Store* s, int64_t id, char** ret_json, Error* reterr); /* type User */
int store_user_search(Store* s, const char* q, char** ret_json, Error* reterr); /* array of {username, display_name} */
int store_user_personal_data(Store* s, int64_t id, char** ret_json, Error* reterr); /* array with all rows that speak of them */

/* Calls back for each person in the order of names; stops at the first failure. */
typedef int (*UserRow)(const User* u, const char* groups, void* data); /* groups: names with spaces between */
int store_user_walk(Store* s, UserRow row, void* data, Error* reterr);
/* An import that is done needs no copy of the people's addresses in its job. */
int store_user_import_forget(Store* s, const char* job_id, Error* reterr);
