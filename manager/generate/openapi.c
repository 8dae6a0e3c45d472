/* OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0). What OpenAPI has no word for stands in x- members: role, scope, how the log and the command
 * line treat an operation; the tests that walk the API read those. */
#include "base/json.h"
#include "config.h"
#include "generate/generate.h"

/* A step that cannot fail but for memory; a build-time program may end there. */
static json_t* must(json_t* j) {
        if (!j) {
                (void) fputs("out of memory, or a text of the table is not UTF-8\n", stderr);
                abort();
        }
        return j;
}

static void set(json_t* object, const char* key, json_t* value) {
        if (json_object_set_new(object, key, must(value)) < 0)
                abort();
}

static void add(json_t* array, json_t* value) {
        if (json_array_append_new(array, must(value)) < 0)
                abort();
}

static json_t* reference(const char* kind, const char* name) {
        char text[128];
        (void) snprintf(text, sizeof(text), "#/components/%s/%s", kind, name);
        return must(json_pack("{s:s}", "$ref", text));
}

static json_t* words(const char* values) {
        json_t* list = must(json_array());
        while (values && *values) {
                size_t n = strcspn(values, "|");
                add(list, json_stringn(values, n));
                values += n + (values[n] == '|');
        }
        return list;
}

static json_t* of_type(const char* name, bool nullable) {
        return nullable ? must(json_pack("{s:[s,s]}", "type", name, "null")) : must(json_pack("{s:s}", "type", name));
}

static json_t* property_schema(const Property* p) {
        json_t* s;
        switch (p->kind) {
        case PROPERTY_INTEGER:
        case PROPERTY_TIME:
                s = of_type("integer", p->nullable);
                set(s, "format", json_string("int64"));
                break;
        case PROPERTY_BOOLEAN:
                s = of_type("boolean", p->nullable);
                break;
        case PROPERTY_STRINGS:
                s = of_type("array", p->nullable);
                set(s, "items", of_type("string", false));
                break;
        case PROPERTY_OBJECT:
                s = of_type("object", p->nullable);
                break;
        case PROPERTY_MANY:
                s = of_type("array", p->nullable);
                set(s, "items", reference("schemas", p->type));
                break;
        case PROPERTY_ONE:
                s = reference("schemas", p->type);
                if (p->nullable)
                        s = must(json_pack("{s:[o,o]}", "anyOf", s, of_type("null", false)));
                break;
        default:
                s = of_type("string", p->nullable);
        }
        set(s, "description", json_string(p->sentence));
        return s;
}

static json_t* type_schema(const Type* t) {
        json_t* s = of_type("object", false);
        set(s, "description", json_string(t->sentence));
        if (streq(t->name, "OpenApi"))
                return s; /* described by its own specification */
        json_t *properties = must(json_object()), *required = must(json_array());
        for (size_t i = 0; i < t->n_properties; i++) {
                set(properties, t->properties[i].name, property_schema(&t->properties[i]));
                add(required, json_string(t->properties[i].name));
        }
        set(s, "properties", properties);
        set(s, "required", required);
        set(s, "additionalProperties", json_false());
        return s;
}

static json_t* field_schema(const Field* f) {
        json_t* s;
        switch (f->type) {
        case FIELD_INTEGER:
                s = must(json_pack("{s:s,s:s,s:I,s:I}", "type", "integer", "format", "int64", "minimum", (json_int_t) f->min, "maximum", (json_int_t) f->max));
                break;
        case FIELD_BOOLEAN:
                s = of_type("boolean", false);
                break;
        case FIELD_STRINGS:
                s = must(json_pack("{s:s,s:{s:s},s:I,s:I}", "type", "array", "items", "type", "string", "minItems", (json_int_t) f->min, "maxItems", (json_int_t) f->max));
                break;
        case FIELD_ENUM:
                s = of_type("string", false);
                set(s, "enum", words(f->values));
                break;
        default:
                s = must(json_pack("{s:s,s:I,s:I}", "type", "string", "minLength", (json_int_t) f->min, "maxLength", (json_int_t) f->max));
        }
        if (f->flags & FIELD_SECRET)
                set(s, "format", json_string("password"));
        else if (f->type == FIELD_EMAIL && f->min > 0)
                set(s, "format", json_string("email")); /* where empty is allowed it is no address */
        set(s, "x-type", json_string(field_type_to_string(f->type)));
        return s;
}

static json_t* parameter(const Operation* o, const Field* f) {
        bool in_path = operation_field_in_path(o, f);
        json_t* p = must(json_pack("{s:s,s:s,s:s,s:b}", "name", f->name, "in", in_path ? "path" : "query", "description", f->sentence,
                                   "required", (f->flags & FIELD_REQUIRED) != 0));
        set(p, "schema", field_schema(f));
        return p;
}

static json_t* parameters(const Operation* o) {
        json_t* list = must(json_array());
        for (size_t i = 0; i < o->n_fields; i++)
                if (operation_takes_query(o) || operation_field_in_path(o, &o->fields[i]))
                        add(list, parameter(o, &o->fields[i]));
        if (o->method == METHOD_POST)
                add(list, reference("parameters", "IdempotencyKey"));
        if (o->method == METHOD_PATCH || o->method == METHOD_PUT || o->method == METHOD_DELETE)
                add(list, reference("parameters", "IfMatch"));
        if (o->method == METHOD_GET && !(o->flags & OPERATION_STREAM))
                add(list, reference("parameters", "IfNoneMatch"));
        return list;
}

static json_t* body(const Operation* o) {
        json_t *properties = must(json_object()), *required = must(json_array());
        for (size_t i = 0; i < o->n_fields; i++) {
                const Field* f = &o->fields[i];
                if (operation_field_in_path(o, f))
                        continue;
                json_t* s = field_schema(f);
                set(s, "description", json_string(f->sentence));
                set(properties, f->name, s);
                if (f->flags & FIELD_REQUIRED)
                        add(required, json_string(f->name));
        }
        bool needed = json_array_size(required) > 0;
        json_t* schema = must(json_pack("{s:s,s:o,s:o,s:b}", "type", "object", "properties", properties, "required", required, "additionalProperties", 0));
        return must(json_pack("{s:b,s:{s:{s:o}}}", "required", needed, "content", "application/json", "schema", schema));
}

static json_t* answer_schema(const Operation* o) {
        json_t* one = reference("schemas", o->result);
        if (!(o->flags & OPERATION_COLLECTION))
                return one;
        return must(json_pack("{s:s,s:{s:{s:s,s:o},s:{s:[s,s],s:s},s:{s:s,s:s,s:s}},s:[s,s,s],s:b}", "type", "object", "properties",
                              "items", "type", "array", "items", one,
                              "next", "type", "string", "null", "description", "The cursor of the next page; null on the last.",
                              "total", "type", "integer", "format", "int64", "description", "How many items there are on all pages.",
                              "required", "items", "next", "total", "additionalProperties", 0));
}

static json_t* answer(const Operation* o) {
        if (o->flags & OPERATION_STREAM)
                return must(json_pack("{s:s,s:{s:{s:{s:s}}}}", "description", o->help, "content", "text/event-stream", "schema", "type", "string"));
        json_t* a = must(json_pack("{s:s,s:{s:{s:o}}}", "description", (o->flags & OPERATION_JOB) ? "Long work has begun." : type_find(o->result)->sentence,
                                   "content", "application/json", "schema", answer_schema(o)));
        if (o->method == METHOD_GET)
                set(a, "headers", json_pack("{s:o}", "ETag", reference("headers", "ETag")));
        return a;
}

static json_t* responses(const Operation* o) {
        json_t* r = must(json_object());
        set(r, (o->flags & OPERATION_JOB) ? "202" : "200", answer(o));
        if (o->method == METHOD_GET && !(o->flags & OPERATION_STREAM))
                set(r, "304", json_pack("{s:s}", "description", "Nothing has changed since the ETag that If-None-Match names."));
        set(r, "default", reference("responses", "Error"));
        return r;
}

static json_t* security(const Operation* o) {
        json_t* list = must(json_array());
        if (o->who == ROLE_NOBODY || o->who == ROLE_ROOT)
                return list; /* root shows its credentials to the socket, not to HTTP */
        add(list, json_pack("{s:[]}", "session"));
        if (!(o->flags & OPERATION_SESSION_ONLY))
                add(list, json_pack("{s:[]}", "token"));
        return list;
}

static void extensions(json_t* j, const Operation* o) {
        char scope[64];
        (void) snprintf(scope, sizeof(scope), "%s:%s", o->scope, operation_writes(o) ? "write" : "read");
        set(j, "x-role", json_string(role_to_string(o->who)));
        set(j, "x-scope", json_string(scope));
        set(j, "x-session-only", json_boolean(o->flags & OPERATION_SESSION_ONLY));
        set(j, "x-logged", json_boolean(o->flags & (OPERATION_WRITE | OPERATION_AUDIT_READ)));
        set(j, "x-destroys", json_boolean(o->flags & OPERATION_DESTROYS));
        set(j, "x-large", json_boolean(o->flags & OPERATION_BODY_LARGE));
}

static json_t* operation(const Operation* o) {
        char description[1024];
        (void) snprintf(description, sizeof(description), "%s%sNeeds %s%s.", o->help, isempty(o->help) ? "" : " ",
                        o->who == ROLE_NOBODY ? "no sign-in" : o->who == ROLE_ROOT ? "root on the machine itself" : "the role ",
                        o->who == ROLE_NOBODY || o->who == ROLE_ROOT ? "" : role_to_string(o->who));
        json_t* j = must(json_pack("{s:s,s:[o],s:s,s:s}", "operationId", o->name, "tags", json_stringn(o->name, operation_noun_length(o)),
                                   "summary", o->title, "description", description));
        set(j, "security", security(o));
        set(j, "parameters", parameters(o));
        if (!operation_takes_query(o))
                set(j, "requestBody", body(o));
        set(j, "responses", responses(o));
        extensions(j, o);
        return j;
}

static json_t* paths(void) {
        static const char* const keys[_METHOD_MAX] = { "get", "post", "put", "patch", "delete" };
        json_t* all = must(json_object());
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                json_t* path = json_object_get(all, o->path);
                if (!path) {
                        path = must(json_object());
                        set(all, o->path, path);
                }
                set(path, keys[o->method], operation(o));
        }
        return all;
}

static json_t* error_schema(void) {
        json_t* names = must(json_array());
        for (ErrorName e = 0; e < _ERROR_MAX; e++)
                add(names, json_string(error_name_to_string(e)));
        return must(json_pack("{s:s,s:[s],s:b,s:{s:{s:s,s:[s,s],s:b,s:{s:{s:s,s:o},s:{s:s,s:s},s:{s:[s,s],s:s},s:{s:[s,s],s:s}}}}}",
                              "type", "object", "required", "error", "additionalProperties", 0, "properties", "error",
                              "type", "object", "required", "name", "message", "additionalProperties", 0, "properties",
                              "name", "type", "string", "enum", names,
                              "message", "type", "string", "description", "A sentence for people: what failed, why, what to do.",
                              "field", "type", "string", "null", "description", "The field that can be mended.",
                              "hint", "type", "string", "null", "description", "What to do next."));
}

static json_t* header_parameter(const char* name, const char* description, int max) {
        return must(json_pack("{s:s,s:s,s:s,s:b,s:{s:s,s:i}}", "name", name, "in", "header", "description", description, "required", 0,
                              "schema", "type", "string", "maxLength", max));
}

static json_t* components(void) {
        json_t* schemas = must(json_object());
        for (size_t i = 0; i < type_count(); i++)
                set(schemas, type_table[i].name, type_schema(&type_table[i]));
        set(schemas, "Error", error_schema());
        json_t* c = must(json_object());
        set(c, "schemas", schemas);
        set(c, "responses", json_pack("{s:{s:s,s:{s:{s:o}},s:{s:{s:s,s:{s:s}}}}}", "Error", "description", "Anything that did not work, by name.",
                                      "content", "application/json", "schema", reference("schemas", "Error"),
                                      "headers", "Retry-After", "description", "Seconds to wait, with too-many and busy.", "schema", "type", "integer"));
        set(c, "headers", json_pack("{s:{s:s,s:{s:s}}}", "ETag", "description", "Names this state; for If-Match and If-None-Match.", "schema", "type", "string"));
        json_t* p = must(json_object());
        set(p, "IdempotencyKey", header_parameter("Idempotency-Key", "The same key with the same request within a day gives the first answer again.", 64));
        set(p, "IfMatch", header_parameter("If-Match", "Refuses with 412 when somebody changed it meanwhile.", 128));
        set(p, "IfNoneMatch", header_parameter("If-None-Match", "Answers 304 when nothing has changed.", 128));
        set(c, "parameters", p);
        set(c, "securitySchemes", json_pack("{s:{s:s,s:s,s:s,s:s},s:{s:s,s:s,s:s}}",
                                            "session", "type", "apiKey", "in", "cookie", "name", "__Host-steadbox", "description", "Set by session.create; requests that change something also need an Origin of the box's own.",
                                            "token", "type", "http", "scheme", "bearer", "description", "Made by account.token-add; carries scopes and an end."));
        return c;
}

/* The table's nouns as tags, in the table's order. */
static json_t* tags(void) {
        json_t* list = must(json_array());
        for (size_t i = 0; i < _OP_MAX; i++)
                if (operation_begins_noun(&operation_table[i]))
                        add(list, json_pack("{s:o}", "name", json_stringn(operation_table[i].name, operation_noun_length(&operation_table[i]))));
        return list;
}

int generate_openapi(FILE* f) {
        _cleanup_json_ json_t* j = must(json_pack("{s:s,s:{s:s,s:s,s:s,s:{s:s,s:s}},s:[{s:s}]}", "openapi", "3.1.0",
                                                  "info", "title", "Steadbox", "version", STEADBOX_VERSION,
                                                  "description", "One machine, one API: the web UI and the command line use nothing else.",
                                                  "license", "name", "Apache-2.0", "identifier", "Apache-2.0",
                                                  "servers", "url", API_PREFIX));
        set(j, "tags", tags());
        set(j, "paths", paths());
        set(j, "components", components());
        return json_dumpf(j, f, JSON_COMPACT) < 0 || fputc('\n', f) == EOF ? -EIO : 0;
}
