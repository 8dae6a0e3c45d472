/* People: who may do what to whom. Rules only; SQL is in store-user.c, the edge in op-user.c. Everything that changes runs inside the
 * caller's open transaction. */
#pragma once
#include "api/request.h"
#include "job/job.h"
#include "noun.h"
#include "store/store-user.h"

/* NOT_FOUND when there is nobody of this name. */
int user_find(Manager* m, const char* username, User** ret, Error* reterr);
/* Whether the actor stands above the person: owners and root over everybody, others only over lower roles. Oneself is left to account.*.
 * what completes "You may not ... this person." */
int user_may_edit(const Actor* a, const User* u, const char* what, Error* reterr);
/* Nobody gives a role that is not included in their own. */
int user_may_grant(const Actor* a, Role role, Error* reterr);
/* LAST_OWNER when u is the only active owner. */
int user_check_last_owner(Manager* m, const User* u, Error* reterr);
/* WRONG_STATE while frozen. */
int user_check_thawed(const User* u, Error* reterr);

typedef struct UserNew {
        const char* username;
        const char* display_name;  /* NULL = the user name */
        const char* email;         /* NULL or "" = none */
        const char* language;      /* NULL = the box's */
        const char* password_hash; /* NULL = invited */
        Role role;
        const json_t* groups;      /* array of names, or NULL */
} UserNew;
/* Whether it could be added: names free, groups there, role allowed. Asked before a password is hashed. */
int user_check_new(Manager* m, const Actor* a, const UserNew* n, Error* reterr);
int user_add(Manager* m, const Actor* a, const UserNew* n, int64_t* ret_id, Error* reterr);

typedef struct UserChange {
        const char* display_name; /* NULL = as it is */
        const char* email;        /* NULL = as it is, "" = none */
        const char* language;     /* NULL = as it is */
        Role role;                /* _ROLE_INVALID = as it is */
        const json_t* groups;     /* NULL = as they are */
} UserChange;
int user_update(Manager* m, const Actor* a, User* u, const UserChange* c, Error* reterr);
/* One's own profile; no role, no groups. */
int user_update_self(Manager* m, User* u, const UserChange* c, Error* reterr);

int user_deactivate(Manager* m, const Actor* a, User* u, Error* reterr);
int user_freeze(Manager* m, const Actor* a, User* u, Error* reterr);
int user_activate(Manager* m, const Actor* a, User* u, Error* reterr);
int user_sign_out(Manager* m, const Actor* a, User* u, Error* reterr);
/* Begins the off-boarding job; the person is deactivated at once, so that nothing happens between. */
int user_delete(Manager* m, const Actor* a, User* u, char ret_job[static JOB_ID_BYTES], Error* reterr);
/* Ends all sessions but one (NULL = none is spared), and cuts their event streams off. */
int user_sessions_end(Manager* m, int64_t id, const char* but_session, Error* reterr);
/* A new password: ends links and all sessions but keep_session (may be NULL). */
int user_password_set(Manager* m, User* u, const char* hash, const char* keep_session, Error* reterr);

/* A dated answer, with the version of the text that was shown. */
int user_consent(Manager* m, int64_t id, const char* kind, bool given, Error* reterr);

/* All people as CSV; owned. */
int user_export(Manager* m, char** ret, Error* reterr);

extern const JobClass user_delete_job;
extern const JobClass user_import_job;
