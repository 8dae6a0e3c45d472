/* Domains as the store keeps them: what was decided of each, what the last check said, who writes its zone, what changed. JSON columns are
 * handed on as text; what they may hold is decided by manager/domain. */
#pragma once
#include "base/json.h"
#include "store/store.h"

#define DOMAINS_MAX 200 /* on one box */

typedef struct DomainRow {
        int64_t id;
        char* name;             /* A-labels */
        char* shown;
        char* scope;            /* subdomain, web, everything */
        char* state;            /* pending, proven */
        bool primary, switched_web, switched_mail;
        char* existing;         /* JSON */
        char* writer;           /* kind; empty = by hand */
        char* writer_options;   /* JSON */
        char* writer_result;    /* JSON */
        int64_t connected_at, tested_at; /* 0 = never, as all times here */
        char* dkim_selector;    /* empty = no key yet */
        char* dkim_key;
        char* facts;            /* JSON */
        int64_t created_at, changed_at, proven_at, checked_at, check_at;
} DomainRow;
void domain_row_done(DomainRow* row);
#define _cleanup_domain_row_ _cleanup_(domain_row_done)

typedef struct DomainRows {
        DomainRow* items; /* owned; the primary one first, then by name */
        size_t count;
} DomainRows;
void domain_rows_done(DomainRows* rows);
#define _cleanup_domain_rows_ _cleanup_(domain_rows_done)

/* Getters: 1 found, 0 not. */
int store_domain_get(Store* s, const char* name, DomainRow* ret, Error* reterr);
int store_domain_get_by_id(Store* s, int64_t id, DomainRow* ret, Error* reterr);
int store_domain_primary(Store* s, DomainRow* ret, Error* reterr);
int store_domain_all(Store* s, DomainRows* ret, Error* reterr);
/* The longest of our domains that name is, or is below of. */
int store_domain_of_name(Store* s, const char* name, DomainRow* ret, Error* reterr);

int store_domain_add(Store* s, const char* name, const char* shown, const char* scope, const char* existing,
                int64_t now, int64_t* ret_id, Error* reterr);
int store_domain_remove(Store* s, int64_t id, Error* reterr);
/* The rest returns the number of rows changed. */
int store_domain_scope_set(Store* s, int64_t id, const char* scope, Error* reterr);
int store_domain_switched_set(Store* s, int64_t id, bool web, bool mail, Error* reterr);
int store_domain_primary_set(Store* s, int64_t id, Error* reterr); /* the only one from now on; 0 = none */
int store_domain_prove(Store* s, int64_t id, int64_t now, Error* reterr); /* 0 when it was proven already */
int store_domain_existing_set(Store* s, int64_t id, const char* existing, Error* reterr);
int store_domain_dkim_set(Store* s, int64_t id, const char* selector, const char* key, Error* reterr);
int store_domain_checked(Store* s, int64_t id, const char* facts, int64_t now, Error* reterr);
int store_domain_changed(Store* s, int64_t id, int64_t now, Error* reterr); /* id 0 = all; asked at once */
int store_domain_check_at_set(Store* s, int64_t id, int64_t at, Error* reterr); /* 0 = never */

/* The open domain-check job that asks about the domain, or looks at the name; *ret_job is owned. 1 found, 0 none. */
int store_domain_check_open(Store* s, const char* name, char** ret_job, Error* reterr);
int store_domain_look_open(Store* s, const char* name, char** ret_job, Error* reterr);
/* Result of the last look at the name that is still kept, JSON text. 1 found, 0 none. */
int store_domain_last_look(Store* s, const char* name, char** ret_result, Error* reterr);
/* Removes checks that went well and that nobody asked for: their verdicts are kept, and they would push people's jobs out of the list. */
int store_domain_checks_forget(Store* s, int64_t before, Error* reterr);
/* When the next domain is due that no open job asks about. 1 found, 0 none. */
int store_domain_next_check(Store* s, int64_t* ret_at, Error* reterr);

/* The writer. The token comes sealed and is handed back so; *ret_token is owned. */
int store_domain_writer_set(Store* s, int64_t id, const char* kind, const char* options, const void* token,
                size_t token_size, int64_t now, Error* reterr);
int store_domain_writer_clear(Store* s, int64_t id, Error* reterr);
int store_domain_writer_token(Store* s, int64_t id, void** ret_token, size_t* ret_size, Error* reterr); /* 1 found, 0 none */
int store_domain_writer_token_set(Store* s, int64_t id, const void* token, size_t token_size, Error* reterr); /* sealed anew */
int store_domain_writer_tested(Store* s, int64_t id, const char* result, int64_t now, Error* reterr);

/* Values of a set that are ours, as a JSON array; *ret is owned. 1 found, 0 none. */
int store_domain_written_get(Store* s, int64_t domain_id, const char* owner, const char* type, char** ret, Error* reterr);
int store_domain_written_set(Store* s, int64_t domain_id, const char* owner, const char* type,
                const char* ours, int64_t now, Error* reterr);

/* Verdicts of the last check. */
typedef struct VerdictRow {
        char* id;
        char* verdict;
        char* now;     /* JSON array */
        char* body;    /* JSON object */
        char* ignored; /* JSON object, NULL = counts */
        int64_t checked_at, since;
} VerdictRow;
void verdict_row_done(VerdictRow* row);
#define _cleanup_verdict_row_ _cleanup_(verdict_row_done)
int store_verdict_get(Store* s, int64_t domain_id, const char* id, VerdictRow* ret, Error* reterr);
/* By id. each() borrows the row; negative ends the walk. */
int store_verdict_each(Store* s, int64_t domain_id, int (*each)(const VerdictRow* row, void* userdata), void* userdata, Error* reterr);
int store_verdict_put(Store* s, int64_t domain_id, const VerdictRow* row, Error* reterr); /* writes over what was there */
int store_verdict_ignore(Store* s, int64_t domain_id, const char* id, const char* ignored, Error* reterr); /* NULL = counts again */
int store_verdict_drop_older(Store* s, int64_t domain_id, int64_t checked_before, Error* reterr); /* 0 = all rows */

/* The timeline. */
typedef struct DomainChange {
        int64_t at;
        const char* kind;     /* answer, write, switch, ignore, state, add */
        const char* record;   /* NULL = of none */
        const char* before;   /* NULL = nothing to say */
        const char* after;
        int64_t actor_id;     /* 0 = not a person */
        const char* actor;    /* world, system, unix:root; of a person anything: the number is looked up */
        const char* sentence;
} DomainChange;
int store_domain_change_add(Store* s, int64_t domain_id, const DomainChange* change, Error* reterr);
/* {"items":[DomainChange],"next","total"} as text, newest first; after = cursor or NULL. */
int store_domain_change_list(Store* s, int64_t domain_id, const char* q, const char* after, unsigned limit, char** ret_json, Error* reterr);
int store_domain_change_expire(Store* s, int64_t before, unsigned keep, Error* reterr); /* keep: of each domain, the newest stay */
int store_domain_erase(Store* s, int64_t user_id, Error* reterr);                       /* the actor becomes "#id" */
int store_domain_personal(Store* s, int64_t user_id, json_t** ret, Error* reterr);      /* [{domain, at, sentence}] */
