#include "cli/import.h"
#include "cli/request.h"
#include "cli/table.h"
#include <stdio.h>

/* Programs read the report of app.import-check themselves. */
bool import_handles(const Arguments* a) {
        return !a->json && (a->operation->symbol == OP_APP_IMPORT || a->operation->symbol == OP_APP_REIMPORT);
}

static json_t* fields_of_check(const Arguments* a) {
        static const char* const asked[] = { "app", "compose", "port", "service", "variables" };
        json_t* fields = json_object();
        for (size_t i = 0; fields && i < ELEMENTS(asked); i++) {
                json_t* value = json_object_get(a->fields, asked[i]);
                if (value && json_object_set(fields, asked[i], value) < 0)
                        return json_decref(fields), NULL;
        }
        return fields;
}

/* "Line 5, services.web.labels: ignored. Labels are for other tools."; the whole has no line. */
static void tell_line(const json_t* line) {
        _cleanup_free_ char* text = NULL;
        char where[32] = "";
        int64_t number = json_get_integer(line, "line", 0);
        if (number > 0)
                (void) snprintf(where, sizeof(where), "Line %lld, ", (long long) number);
        if (asprintf(&text, "%s%s: %s. %s", where, strempty(json_get_string(line, "key")), strempty(json_get_string(line, "verdict")),
                     strempty(json_get_string(line, "sentence"))) < 0)
                return;
        text_tame(text, /* newlines= */ false);
        (void) fprintf(stderr, "%s\n", text);
}

void import_tell(Client* c, const Arguments* a) {
        const Operation* o = &operation_table[OP_APP_IMPORT_CHECK];
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_json_ json_t *fields = fields_of_check(a), *body = NULL;
        _cleanup_free_ char* path = NULL;
        _cleanup_error_ Error ignored = ERROR_NULL;
        size_t i;
        json_t* line;
        if (!fields || request_make(o, fields, &path, &body, &ignored) < 0
            || client_call(c, method_to_string(o->method), path, body, NULL, &reply, &ignored) < 0)
                return;
        json_array_foreach(json_object_get(reply.body, "lines"), i, line)
                if (!streq(strempty(json_get_string(line, "verdict")), "honoured"))
                        tell_line(line);
}
