/* Walks all rows of the tables: what a reader, the router, the CLI and the generator count on. */
#include "ops.h"
#include "base/test.h"
#include <ctype.h>

static bool is_word(const char* s, const char* more) {
        if (!islower((unsigned char) *s))
                return false;
        for (; *s; s++)
                if (!islower((unsigned char) *s) && !isdigit((unsigned char) *s) && !strchr(more, *s))
                        return false;
        return true;
}

static bool ends_as_sentence(const char* s) {
        size_t n = strlen(s);
        return n > 0 && strchr(".:?`", s[n - 1]);
}

TEST(operations_are_spelled_right) {
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                ASSERT_EQ(o->symbol, i);
                const char* dot = strchr(o->name, '.');
                ASSERT_TRUE(dot && !strchr(dot + 1, '.') && is_word(dot + 1, "-"));
                ASSERT_TRUE(is_word(o->name, ".-"));
                ASSERT_TRUE(operation_find(o->name) == o); /* so no name is there twice */
                ASSERT_TRUE(o->path[0] == '/' && o->path[strlen(o->path) - 1] != '/' && !strstr(o->path, "//"));
                ASSERT_TRUE(isupper((unsigned char) o->title[0]) && !ends_as_sentence(o->title));
                ASSERT_TRUE(isempty(o->help) || ends_as_sentence(o->help));
                ASSERT_TRUE(is_word(o->scope, "-"));
                if (!type_find(o->result))
                        TEST_FAIL("%s answers %s, which is no type", o->name, o->result);
        }
}

TEST(flags_agree_with_methods) {
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                bool reads = o->flags & OPERATION_READ, writes = o->flags & OPERATION_WRITE;
                if (reads == writes)
                        TEST_FAIL("%s must either read or write", o->name);
                if (o->method == METHOD_GET && writes)
                        TEST_FAIL("%s writes by GET", o->name);
                if ((o->flags & OPERATION_JOB) && !streq(o->result, "JobStarted"))
                        TEST_FAIL("%s starts a job and answers %s", o->name, o->result);
                if ((o->flags & OPERATION_COLLECTION) && o->method != METHOD_GET)
                        TEST_FAIL("%s is a collection that is not read by GET", o->name);
                if (o->method == METHOD_DELETE && o->who != ROLE_NOBODY && !(o->flags & OPERATION_DESTROYS) &&
                    o->symbol != OP_SESSION_DELETE && o->symbol != OP_GROUP_LEAVE)
                        TEST_FAIL("%s deletes without asking", o->name);
        }
}

static void check_field(const Operation* o, const Field* f) {
        if (!is_word(f->name, "_"))
                TEST_FAIL("%s: field '%s' is not spelled right", o->name, f->name);
        if (operation_field(o, f->name) != f)
                TEST_FAIL("%s: field '%s' is there twice", o->name, f->name);
        if (!isupper((unsigned char) f->sentence[0]) || !ends_as_sentence(f->sentence))
                TEST_FAIL("%s: field '%s' has no sentence", o->name, f->name);
        if (f->min < 0 || f->max < f->min || (f->type != FIELD_INTEGER && f->max == 0))
                TEST_FAIL("%s: field '%s' has odd limits", o->name, f->name);
        if ((f->type == FIELD_ENUM) != (f->values != NULL))
                TEST_FAIL("%s: field '%s' must have values if, and only if, it is an ENUM", o->name, f->name);
        if (f->type == FIELD_BOOLEAN && (f->min != 0 || f->max != 1))
                TEST_FAIL("%s: field '%s' is a boolean with other limits than 0 and 1", o->name, f->name);
        if ((f->flags & FIELD_MOMENT) && f->type != FIELD_INTEGER)
                TEST_FAIL("%s: field '%s' is a moment and so an INTEGER", o->name, f->name);
        if (f->type == FIELD_PASSWORD && !(f->flags & FIELD_SECRET))
                TEST_FAIL("%s: field '%s' is a password that is not secret", o->name, f->name);
        if (operation_takes_query(o) && (f->flags & FIELD_SECRET))
                TEST_FAIL("%s: field '%s' would put a secret into an address", o->name, f->name);
        if (operation_takes_query(o) && f->type == FIELD_STRINGS)
                TEST_FAIL("%s: field '%s' is a list in a query string", o->name, f->name);
        if (operation_field_in_path(o, f) && (f->flags & (FIELD_REQUIRED | FIELD_SECRET | FIELD_POSITIONAL)) != (FIELD_REQUIRED | FIELD_POSITIONAL))
                TEST_FAIL("%s: field '%s' is in the path, so it is required, positional and no secret", o->name, f->name);
}

TEST(fields_are_sane) {
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                bool optional_seen = false;
                for (size_t k = 0; k < o->n_fields; k++) {
                        const Field* f = &o->fields[k];
                        check_field(o, f);
                        if (!(f->flags & FIELD_POSITIONAL))
                                continue;
                        /* otherwise nobody could tell which argument is meant */
                        ASSERT_FALSE(optional_seen && (f->flags & FIELD_REQUIRED));
                        optional_seen = !(f->flags & FIELD_REQUIRED);
                }
        }
}

TEST(enum_values_are_words_within_limits) {
        for (size_t i = 0; i < _OP_MAX; i++)
                for (size_t k = 0; k < operation_table[i].n_fields; k++) {
                        const Field* f = &operation_table[i].fields[k];
                        if (f->type != FIELD_ENUM)
                                continue;
                        _cleanup_free_ char* copy = strdup(f->values);
                        ASSERT_TRUE(copy);
                        char* rest = copy;
                        for (char* v; (v = strsep(&rest, "|"));) {
                                ASSERT_TRUE(is_word(v, "-_"));
                                ASSERT_TRUE((int64_t) strlen(v) >= f->min && (int64_t) strlen(v) <= f->max);
                                ASSERT_TRUE(field_enum_has(f, v));
                        }
                        ASSERT_FALSE(field_enum_has(f, f->values));
                        ASSERT_FALSE(field_enum_has(f, ""));
                }
}

/* Fills {x} with a value and finds the row again. */
TEST(every_path_leads_to_its_row) {
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation *o = &operation_table[i], *found = NULL;
                _cleanup_free_ char* copy = strdup(o->path + 1);
                ASSERT_TRUE(copy);
                const char* segments[OPERATION_SEGMENTS_MAX];
                size_t n = 0, n_holes = 0, n_values = 0;
                char* rest = copy;
                for (char* s; (s = strsep(&rest, "/"));) {
                        ASSERT_TRUE(n < OPERATION_SEGMENTS_MAX);
                        if (*s == '{') {
                                s[strlen(s) - 1] = 0;
                                const Field* f = operation_field(o, s + 1);
                                if (!f)
                                        TEST_FAIL("%s: the path names '%s', which is no field", o->name, s + 1);
                                ASSERT_TRUE(operation_field_in_path(o, f));
                                n_holes++;
                                segments[n++] = "value";
                        } else
                                segments[n++] = s;
                }
                const Field* fields[OPERATION_VALUES_MAX];
                const char* values[OPERATION_VALUES_MAX];
                unsigned allowed;
                ASSERT_EQ(operation_route(o->method, segments, n, &found, fields, values, &n_values, &allowed), 1);
                if (found != o)
                        TEST_FAIL("%s %s leads to %s, not %s", method_to_string(o->method), o->path, found->name, o->name);
                ASSERT_EQ(n_values, n_holes);
                for (size_t k = 0; k < n_values; k++)
                        ASSERT_STREQ(values[k], "value");
        }
}

TEST(addresses_that_lead_nowhere) {
        const Operation* found = NULL;
        const Field* fields[OPERATION_VALUES_MAX];
        const char* values[OPERATION_VALUES_MAX];
        size_t n;
        unsigned allowed = 0;
        const char *users[] = { "users" }, *user[] = { "users", "" }, *longer[] = { "users", "a", "b", "c" }, *half[] = { "user" };
        ASSERT_ERROR(operation_route(METHOD_DELETE, users, 1, &found, fields, values, &n, &allowed), EOPNOTSUPP);
        ASSERT_EQ(allowed, (1 << METHOD_GET) | (1 << METHOD_POST));
        ASSERT_EQ(operation_route(METHOD_GET, user, 2, &found, fields, values, &n, &allowed), 0);
        ASSERT_EQ(operation_route(METHOD_GET, longer, 4, &found, fields, values, &n, &allowed), 0);
        ASSERT_EQ(operation_route(METHOD_GET, half, 1, &found, fields, values, &n, &allowed), 0);
        ASSERT_EQ(operation_route(METHOD_GET, users, 0, &found, fields, values, &n, &allowed), 0);
        ASSERT_TRUE(!found);
        ASSERT_TRUE(!operation_find("user.nothing"));
}

TEST(types_are_sane) {
        for (size_t i = 0; i < type_count(); i++) {
                const Type* t = &type_table[i];
                ASSERT_TRUE(type_find(t->name) == t);
                ASSERT_TRUE(isupper((unsigned char) t->name[0]) && ends_as_sentence(t->sentence));
                for (size_t k = 0; k < t->n_properties; k++) {
                        const Property* p = &t->properties[k];
                        if (!is_word(p->name, "_") || isempty(p->sentence))
                                TEST_FAIL("%s.%s is not spelled right", t->name, p->name);
                        if (p->type && !type_find(p->type))
                                TEST_FAIL("%s.%s is of type %s, which does not exist", t->name, p->name, p->type);
                        for (size_t m = 0; m < k; m++)
                                ASSERT_FALSE(streq(p->name, t->properties[m].name));
                }
        }
        ASSERT_TRUE(!type_find("Nonsense"));
}

TEST(roles) {
        for (Role r = ROLE_USER; r <= ROLE_OWNER; r++) {
                ASSERT_EQ(role_from_string(role_to_string(r)), r);
                ASSERT_TRUE(role_includes(r, r) && role_includes(ROLE_OWNER, r) && role_includes(r, ROLE_NOBODY));
        }
        ASSERT_EQ(role_from_string("root"), _ROLE_INVALID);
        ASSERT_FALSE(role_includes(ROLE_USER_MANAGER, ROLE_MAIL_MANAGER));
        ASSERT_FALSE(role_includes(ROLE_MAIL_MANAGER, ROLE_USER_MANAGER));
        ASSERT_FALSE(role_includes(ROLE_OWNER, ROLE_ROOT));
        /* the words a person's role may be are the words of the table */
        ASSERT_STREQ(operation_field(operation_find("user.add"), "role")->values, "owner|admin|user-manager|mail-manager|user");
}

TEST(jobs) {
        for (size_t i = 0; i < _JOB_KIND_MAX; i++) {
                ASSERT_TRUE(job_type_find(job_type_table[i].name) == &job_type_table[i]);
                ASSERT_TRUE(is_word(job_type_table[i].name, "-") && is_word(job_type_table[i].stages, "|-"));
        }
        ASSERT_EQ(job_type_find("certificate")->flags, JOB_WORKER | JOB_CANCEL | JOB_SERIAL);
        ASSERT_EQ(job_type_find("user-delete")->flags, 0);
        ASSERT_TRUE(!job_type_find("nothing"));
}

TEST_MAIN()
