/* Expands the tables. The bare words of the tables become constants here and nowhere else. */
#include "ops.h"

enum {
        READ = OPERATION_READ,
        WRITE = OPERATION_WRITE,
        AUDIT_READ = OPERATION_AUDIT_READ | OPERATION_READ,
        JOB_STARTS = OPERATION_JOB,
        DESTROYS = OPERATION_DESTROYS,
        SESSION_ONLY = OPERATION_SESSION_ONLY,
        BODY_LARGE = OPERATION_BODY_LARGE,
        STREAM = OPERATION_STREAM,
        COLLECTION = OPERATION_COLLECTION,
        OPTIONAL = FIELD_OPTIONAL,
        REQUIRED = FIELD_REQUIRED,
        SECRET = FIELD_SECRET,
        POSITIONAL = FIELD_POSITIONAL,
        MOMENT = FIELD_MOMENT,
        MANAGER = 0,
        WORKER = JOB_WORKER,
        CANCEL = JOB_CANCEL,
        LONE = JOB_LONE,
        SERIAL = JOB_SERIAL,
        AGAIN = JOB_AGAIN,
        ADMITS = JOB_ADMITS,
};

#define F(name, type, flags, min, max, values, sentence) { #name, FIELD_##type, flags, min, max, values, sentence }
#define FIELDS(...) (const Field[]) { __VA_ARGS__ }
#define NO_FIELDS (const Field[]) {}
#define JOB JOB_STARTS
#define OP(symbol, name, method, path, who, flags, scope, result, fields, title, help)                       \
        [OP_##symbol] = { OP_##symbol, name, METHOD_##method, path, ROLE_##who, flags, scope, #result, fields, \
                          sizeof(fields) / sizeof(Field), title, help },
const Operation operation_table[_OP_MAX] = {
#include "tbl/ops.h"
};
#undef OP
#undef JOB

#define KIND_STRING .kind = PROPERTY_STRING
#define KIND_INTEGER .kind = PROPERTY_INTEGER
#define KIND_BOOLEAN .kind = PROPERTY_BOOLEAN
#define KIND_TIME .kind = PROPERTY_TIME
#define KIND_STRINGS .kind = PROPERTY_STRINGS
#define KIND_OBJECT .kind = PROPERTY_OBJECT
#define KIND_ONE(of) .kind = PROPERTY_ONE, .type = #of
#define KIND_MANY(of) .kind = PROPERTY_MANY, .type = #of
#define KIND_NULLABLE_STRING KIND_STRING, .nullable = true
#define KIND_NULLABLE_INTEGER KIND_INTEGER, .nullable = true
#define KIND_NULLABLE_BOOLEAN KIND_BOOLEAN, .nullable = true
#define KIND_NULLABLE_TIME KIND_TIME, .nullable = true
#define KIND_NULLABLE_STRINGS KIND_STRINGS, .nullable = true
#define KIND_NULLABLE_ONE(of) KIND_ONE(of), .nullable = true
#define P(property, of_kind, text) { .name = #property, KIND_##of_kind, .sentence = text }
#define PROPS(...) (const Property[]) { __VA_ARGS__ }
#define NO_PROPS (const Property[]) {}
#define TYPE(name, props, sentence) { #name, props, sizeof(props) / sizeof(Property), sentence },
const Type type_table[] = {
#include "tbl/types.h"
};
#undef TYPE

size_t type_count(void) {
        return ELEMENTS(type_table);
}

#define JOB(symbol, kind, where, flags, stages, sentence) \
        [JOB_##symbol] = { JOB_##symbol, kind, (where) | (flags), stages, sentence },
const JobType job_type_table[_JOB_KIND_MAX] = {
#include "tbl/jobs.h"
};
#undef JOB

const Operation* operation_find(const char* name) {
        for (size_t i = 0; i < _OP_MAX; i++)
                if (streq(operation_table[i].name, name))
                        return &operation_table[i];
        return NULL;
}

const Field* operation_field(const Operation* o, const char* name) {
        for (size_t i = 0; i < o->n_fields; i++)
                if (streq(o->fields[i].name, name))
                        return &o->fields[i];
        return NULL;
}

static const Field* field_of_length(const Operation* o, const char* name, size_t length) {
        for (size_t i = 0; i < o->n_fields; i++)
                if (strncmp(o->fields[i].name, name, length) == 0 && !o->fields[i].name[length])
                        return &o->fields[i];
        return NULL;
}

bool operation_field_in_path(const Operation* o, const Field* f) {
        size_t n = strlen(f->name);
        for (const char* p = o->path; (p = strchr(p, '{')); p++)
                if (strncmp(p + 1, f->name, n) == 0 && p[n + 1] == '}')
                        return true;
        return false;
}

/* Whether the path of a row has this shape: -1 no, else the number of {x} that were filled. */
static int path_match(
                const Operation* o,
                const char* const* segments,
                size_t n_segments,
                const Field* fields[static OPERATION_VALUES_MAX],
                const char* values[static OPERATION_VALUES_MAX]) {
        int n = 0;
        const char* p = o->path;
        for (size_t i = 0; i < n_segments; i++) {
                if (*p++ != '/')
                        return -1;
                size_t length = strcspn(p, "/");
                if (*p == '{') {
                        if (isempty(segments[i]) || n >= OPERATION_VALUES_MAX)
                                return -1;
                        fields[n] = field_of_length(o, p + 1, length - 2);
                        values[n++] = segments[i];
                } else if (strncmp(p, segments[i], length) != 0 || segments[i][length])
                        return -1;
                p += length;
        }
        return *p ? -1 : n;
}

int operation_route(
                Method method,
                const char* const* segments,
                size_t n_segments,
                const Operation** ret,
                const Field* fields[static OPERATION_VALUES_MAX],
                const char* values[static OPERATION_VALUES_MAX],
                size_t* ret_n_values,
                unsigned* ret_allowed) {
        const Operation* found = NULL;
        int n_found = 0;
        unsigned allowed = 0;
        if (n_segments == 0 || n_segments > OPERATION_SEGMENTS_MAX)
                return 0;
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                const Field* f[OPERATION_VALUES_MAX];
                const char* v[OPERATION_VALUES_MAX];
                int n = path_match(o, segments, n_segments, f, v);
                if (n < 0)
                        continue;
                allowed |= 1U << o->method;
                if (o->method != method || (found && n >= n_found))
                        continue;
                found = o;
                n_found = n;
                memcpy(fields, f, n * sizeof(*f));
                memcpy(values, v, n * sizeof(*v));
        }
        *ret_allowed = allowed;
        if (!found)
                return allowed ? -EOPNOTSUPP : 0;
        *ret = found;
        *ret_n_values = n_found;
        return 1;
}

const Type* type_find(const char* name) {
        for (size_t i = 0; i < ELEMENTS(type_table); i++)
                if (streq(type_table[i].name, name))
                        return &type_table[i];
        return NULL;
}

bool field_enum_has(const Field* f, const char* value) {
        size_t n = strlen(value);
        for (const char* p = f->values; p && n > 0;) {
                size_t length = strcspn(p, "|");
                if (length == n && strncmp(p, value, n) == 0)
                        return true;
                p = p[length] ? p + length + 1 : NULL;
        }
        return false;
}

static const char* const method_names[_METHOD_MAX] = {
        [METHOD_GET] = "GET", [METHOD_POST] = "POST", [METHOD_PUT] = "PUT", [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE",
};

const char* method_to_string(Method m) {
        return m >= 0 && m < _METHOD_MAX ? method_names[m] : NULL;
}

Method method_from_string(const char* s) {
        for (Method m = 0; m < _METHOD_MAX; m++)
                if (streq(method_names[m], s))
                        return m;
        return _METHOD_INVALID;
}

static const struct {
        const char *name, *sentence;
} roles[_ROLE_MAX] = {
        [ROLE_NOBODY] = { "nobody", "Somebody who is not signed in." },
        [ROLE_USER] = { "user", "Uses what the box offers and looks after their own account." },
        [ROLE_MAIL_MANAGER] = { "mail-manager", "Looks after mailboxes and addresses." },
        [ROLE_USER_MANAGER] = { "user-manager", "Looks after people and groups." },
        [ROLE_ADMIN] = { "admin", "Looks after the whole box, but not over its owners." },
        [ROLE_OWNER] = { "owner", "The box is theirs: may do everything." },
        [ROLE_ROOT] = { "root", "Root of the machine, on its own console." },
};

const char* role_to_string(Role r) {
        return r >= 0 && r < _ROLE_MAX ? roles[r].name : NULL;
}

Role role_from_string(const char* s) {
        for (Role r = ROLE_USER; r <= ROLE_OWNER; r++)
                if (streq(roles[r].name, s))
                        return r;
        return _ROLE_INVALID;
}

const char* role_sentence(Role r) {
        return r >= 0 && r < _ROLE_MAX ? roles[r].sentence : NULL;
}

bool role_includes(Role have, Role least) {
        if (least == ROLE_MAIL_MANAGER && have == ROLE_USER_MANAGER)
                return false;
        return have >= least;
}

static const char* const field_type_names[_FIELD_TYPE_MAX] = {
        [FIELD_STRING] = "string",     [FIELD_TEXT] = "text",         [FIELD_INTEGER] = "integer",
        [FIELD_BOOLEAN] = "boolean",   [FIELD_STRINGS] = "strings",   [FIELD_USERNAME] = "username",
        [FIELD_GROUPNAME] = "groupname", [FIELD_EMAIL] = "email",     [FIELD_PASSWORD] = "password",
        [FIELD_ENUM] = "enum",         [FIELD_TIMEZONE] = "timezone", [FIELD_HOSTNAME] = "hostname",
        [FIELD_LANGUAGE] = "language", [FIELD_ID] = "id",             [FIELD_CODE] = "code",
        [FIELD_COLOUR] = "colour",     [FIELD_URL] = "url",         [FIELD_DOMAIN] = "domain",
};

const char* field_type_to_string(FieldType t) {
        return t >= 0 && t < _FIELD_TYPE_MAX ? field_type_names[t] : NULL;
}

const JobType* job_type_find(const char* name) {
        for (size_t i = 0; i < _JOB_KIND_MAX; i++)
                if (streq(job_type_table[i].name, name))
                        return &job_type_table[i];
        return NULL;
}
