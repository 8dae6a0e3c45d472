/* Logins at private registries: one a host, the password sealed. A pull asks for that of a host it was
 * told to fetch from, and keeps it in memory. Where a password may go: to the registry itself over TLS,
 * and to the one host that hands out its tokens if that was named here (or is known to belong to it);
 * never with a redirect. */
#pragma once
#include "job/job.h"

#define LOGINS_MAX 64

typedef struct RegistryLogin {
        const char *host, *username, *password;
        const char* token_host; /* NULL or "" = the registry's own */
} RegistryLogin;

/* RegistryLogin of tbl/types.h, owned. */
int logins_list(Manager* m, json_t** ret_items, Error* reterr);
/* Inside the caller's transaction. *ret as in the list. host is brought into its one form. */
int login_set(Manager* m, const RegistryLogin* login, json_t** ret, Error* reterr);
int login_remove(Manager* m, const char* host, Error* reterr);
/* A job (image-pull, which fetches nothing then) that finds out whether the registry takes it; image: may it have that one? NULL = any. */
int login_test(Manager* m, const Actor* actor, const char* host, const char* image, char ret_job[static JOB_ID_BYTES], Error* reterr);
int logins_reseal(Manager* m, uint64_t generation, Error* reterr);

/* For job.c: {"username", "password", "token_host"} for a host, owned and to be wiped by whoever sends
 * it; JSON null where there is none. */
int login_open(Manager* m, const char* host, json_t** ret, Error* reterr);
/* Inside the caller's transaction. error "" = it is taken. tag: of the job's request; a login that took
 * the place of the one that was tested stays untested. */
int login_tested(Manager* m, const char* host, const char* tag, const char* error, Error* reterr);
