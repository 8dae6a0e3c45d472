/* The operations table as constant data: what manager, CLI, generator and tests all read. Expanded once, in manager/ops, from
 * tbl/ops.h, tbl/types.h and tbl/jobs.h; no code here decides anything about people or the box. */
#pragma once
#include "base/macro.h"

typedef enum OperationSymbol {
#define OP(symbol, name, method, path, who, flags, scope, result, fields, title, help) OP_##symbol,
#include "tbl/ops.h"
#undef OP
        _OP_MAX,
        _OP_INVALID = -EINVAL,
} OperationSymbol;

typedef enum Method {
        METHOD_GET,
        METHOD_POST,
        METHOD_PUT,
        METHOD_PATCH,
        METHOD_DELETE,
        _METHOD_MAX,
        _METHOD_INVALID = -EINVAL,
} Method;

/* In rising order of power; compare with role_includes(), since the two managers stand side by side. */
typedef enum Role {
        ROLE_NOBODY,       /* not signed in */
        ROLE_USER,
        ROLE_MAIL_MANAGER,
        ROLE_USER_MANAGER,
        ROLE_ADMIN,
        ROLE_OWNER,
        ROLE_ROOT,         /* uid 0 on the admin socket; no person has it */
        _ROLE_MAX,
        _ROLE_INVALID = -EINVAL,
} Role;

typedef enum OperationFlags {
        OPERATION_READ         = 1 << 0,
        OPERATION_WRITE        = 1 << 1,
        OPERATION_AUDIT_READ   = 1 << 2, /* a read that is worth a line in the log; implies READ */
        OPERATION_JOB          = 1 << 3, /* answers 202 {"job"} */
        OPERATION_DESTROYS     = 1 << 4, /* the CLI asks first */
        OPERATION_SESSION_ONLY = 1 << 5, /* never by API token */
        OPERATION_BODY_LARGE   = 1 << 6,
        OPERATION_STREAM       = 1 << 7, /* server-sent events */
        OPERATION_COLLECTION   = 1 << 8, /* {"items":[...],"next":...,"total":n} */
} OperationFlags;

typedef enum FieldType {
        FIELD_STRING,    /* one line of UTF-8 */
        FIELD_TEXT,      /* UTF-8 that may hold newlines */
        FIELD_INTEGER,
        FIELD_BOOLEAN,
        FIELD_STRINGS,   /* array of STRING; min and max count elements */
        FIELD_USERNAME,
        FIELD_GROUPNAME,
        FIELD_EMAIL,
        FIELD_PASSWORD,
        FIELD_ENUM,
        FIELD_TIMEZONE,
        FIELD_HOSTNAME,
        FIELD_LANGUAGE,
        FIELD_ID,
        FIELD_CODE,
        FIELD_COLOUR,
        FIELD_URL,
        FIELD_DOMAIN,    /* handed on in A-labels */
        _FIELD_TYPE_MAX,
        _FIELD_TYPE_INVALID = -EINVAL,
} FieldType;

typedef enum FieldFlags {
        FIELD_OPTIONAL   = 0,
        FIELD_REQUIRED   = 1 << 0,
        FIELD_SECRET     = 1 << 1, /* blanked in logs; the CLI reads it from stdin */
        FIELD_POSITIONAL = 1 << 2, /* an argument of the CLI rather than an option */
        FIELD_MOMENT     = 1 << 3, /* an INTEGER that is seconds since 1970; the CLI takes dates as well */
} FieldFlags;

typedef struct Field {
        const char* name;
        FieldType type;
        unsigned flags;     /* FieldFlags */
        int64_t min, max;   /* bytes for strings, the value for integers, elements for STRINGS */
        const char* values; /* "a|b|c" for ENUM, else NULL */
        const char* sentence;
} Field;

typedef enum PropertyKind {
        PROPERTY_STRING,
        PROPERTY_INTEGER,
        PROPERTY_BOOLEAN,
        PROPERTY_TIME,    /* seconds since 1970 */
        PROPERTY_STRINGS,
        PROPERTY_OBJECT,  /* free form */
        PROPERTY_ONE,     /* an object of another type */
        PROPERTY_MANY,    /* an array of those */
        _PROPERTY_KIND_MAX,
} PropertyKind;

typedef struct Property {
        const char* name;
        PropertyKind kind;
        bool nullable;
        const char* type; /* for ONE and MANY; look it up with type_find() */
        const char* sentence;
} Property;

typedef struct Type {
        const char* name;
        const Property* properties;
        size_t n_properties; /* 0: an empty object, but OpenApi is free form */
        const char* sentence;
} Type;

typedef struct Operation {
        OperationSymbol symbol;
        const char* name;   /* "noun.verb" */
        Method method;
        const char* path;   /* below API_PREFIX; {x} names a field */
        Role who;           /* the least role */
        unsigned flags;     /* OperationFlags */
        const char* scope;  /* a token needs <scope>:read or <scope>:write */
        const char* result; /* a type's name */
        const Field* fields;
        size_t n_fields;
        const char* title;
        const char* help;   /* may be empty */
} Operation;

#define API_PREFIX "/api/v1"
#define OPERATION_SEGMENTS_MAX 8 /* of a path in the table; longer requests name nothing */
#define OPERATION_VALUES_MAX 3   /* {x} in one path */

extern const Operation operation_table[_OP_MAX]; /* indexed by symbol */
extern const Type type_table[];
size_t type_count(void);

const Operation* operation_find(const char* name); /* "noun.verb"; NULL when there is none */
/* Finds the row for a method and the segments of a path below API_PREFIX, literals before {x}. 1 found: values[i] (borrowed from
 * segments) belongs to fields[i]. 0 no such address. -EOPNOTSUPP: the address knows other methods only; *ret_allowed then has
 * the bits 1 << METHOD_x of those. */
int operation_route(
                Method method,
                const char* const* segments,
                size_t n_segments,
                const Operation** ret,
                const Field* fields[static OPERATION_VALUES_MAX],
                const char* values[static OPERATION_VALUES_MAX],
                size_t* ret_n_values,
                unsigned* ret_allowed);
const Field* operation_field(const Operation* o, const char* name); /* NULL when there is none */
bool operation_field_in_path(const Operation* o, const Field* f);
/* Fields that are not in the path come from the query string rather than from a JSON body. */
static inline bool operation_takes_query(const Operation* o) {
        return o->method == METHOD_GET || o->method == METHOD_DELETE;
}
/* What changes something, and so needs the write half of its scope. */
static inline bool operation_writes(const Operation* o) {
        return o->flags & OPERATION_WRITE;
}

const Type* type_find(const char* name);
bool field_enum_has(const Field* f, const char* value);

const char* method_to_string(Method m); /* "GET" */
Method method_from_string(const char* s);
const char* role_to_string(Role r); /* "user-manager"; the words of the role fields, besides "nobody" and "root" */
Role role_from_string(const char* s); /* only roles people can have */
const char* role_sentence(Role r);
bool role_includes(Role have, Role least); /* whether have may do what needs least */
const char* field_type_to_string(FieldType t); /* "string" */

typedef enum JobKind {
#define JOB(symbol, kind, where, flags, stages, sentence) JOB_##symbol,
#include "tbl/jobs.h"
#undef JOB
        _JOB_KIND_MAX,
        _JOB_KIND_INVALID = -EINVAL,
} JobKind;

typedef enum JobFlags {
        JOB_WORKER = 1 << 0, /* its own process; else steps inside the manager */
        JOB_CANCEL = 1 << 1, /* may be cancelled */
        JOB_LONE   = 1 << 2, /* one at a time; another one is refused meanwhile */
        JOB_SERIAL = 1 << 3, /* one at a time; others wait in the queue */
        JOB_AGAIN = 1 << 4,  /* its process is begun once more where it died without a word */
        JOB_ADMITS = 1 << 5, /* it has a stage "admit": from there on it is not cancelled any more */
} JobFlags;

typedef struct JobType {
        JobKind symbol;
        const char* name;   /* "log-verify" */
        unsigned flags;     /* JobFlags */
        const char* stages; /* "walk|..." */
        const char* sentence;
} JobType;

extern const JobType job_type_table[_JOB_KIND_MAX];
const JobType* job_type_find(const char* name);
