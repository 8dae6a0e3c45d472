/* Lines of the log and their details. */
#pragma once
#include "store/store.h"

typedef struct AuditRow {
        int64_t seq, at, actor_id; /* actor_id 0 = actor_name says who */
        char *operation, *actor_name, *object, *result;
        uint8_t detail_hash[32], hash[32];
        const char* detail;        /* while walking, borrowed; NULL = erased */
        const uint8_t* salt;
        size_t salt_size;
} AuditRow;
void audit_row_done(AuditRow* row); /* for rows of store_audit_last() */

int store_audit_last(Store* s, AuditRow* ret, Error* reterr); /* 1 set, 0 the log is empty */
int store_audit_insert(Store* s, const AuditRow* row, const void* salt, size_t salt_size, const char* detail, Error* reterr);
typedef int (*AuditVisit)(const AuditRow* row, void* userdata, Error* reterr); /* the row is borrowed */
int store_audit_walk(Store* s, int64_t from, unsigned count, AuditVisit visit, void* userdata, Error* reterr);
int store_audit_erase_person(Store* s, int64_t user_id, Error* reterr);
int store_audit_expire_details(Store* s, int64_t before, Error* reterr);

typedef struct AuditFilter {
        int64_t before;         /* only lines with a smaller seq; 0 = from the newest */
        int64_t limit;
        int64_t from, to;       /* seconds; 0 = open */
        int64_t actor_id;       /* 0 = anybody */
        const char* actor_name; /* NULL = anybody */
        const char* operation;  /* "user.add", or "user" for the noun; NULL = all */
        const char* object;     /* NULL = all */
        const char* result;     /* NULL = all */
        const char* q;          /* text in operation, object, actor or detail; NULL = all */
} AuditFilter;
/* A JSON array of LogEntry as text, owned by the caller; *ret_next = seq of the last line when there may be more, else 0. */
int store_audit_list(Store* s, const AuditFilter* filter, char** ret, int64_t* ret_next, int64_t* ret_total, Error* reterr);
