#include "cli/news.h"
#include "base/time.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/table.h"
#include <stdio.h>

#define APPS_AT_ONCE 1000 /* of a page */

/* Programs read the notes of app.versions themselves. */
bool news_handles(const Arguments* a) {
        return !a->json && (a->operation->symbol == OP_APP_UPDATE || a->operation->symbol == OP_APP_UPDATE_ALL);
}

json_t* news_of(const json_t* versions, const char* to) {
        json_t *news = json_array(), *one;
        bool brought = false;
        size_t i;
        json_array_foreach((json_t*) versions, i, one) {
                if (!streq(strempty(json_get_string(one, "state")), "offered"))
                        continue;
                brought = brought || (to ? streq_ptr(json_get_string(one, "version"), to) : json_get_boolean(one, "reachable", false));
                if (brought && !isempty(json_get_string(one, "notes")))
                        (void) json_array_append(news, one);
        }
        return news;
}

bool news_is_due(const json_t* app, int64_t now) {
        const char *update = json_get_string(app, "update"), *held = json_get_string(app, "held_version");
        if (json_get_integer(app, "held_until", 0) <= now)
                held = NULL;
        return update && !json_get_string(app, "job") && !streq_ptr(held, update) && !streq_ptr(held, json_get_string(app, "version"));
}

/* The whole answer, owned; NULL = there is none. Takes ownership of fields. */
static json_t* answer(Client* c, OperationSymbol operation, json_t* fields) {
        const Operation* o = &operation_table[operation];
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_json_ json_t *owned = fields, *body = NULL;
        _cleanup_free_ char* path = NULL;
        _cleanup_error_ Error ignored = ERROR_NULL;
        if (!owned || request_make(o, owned, &path, &body, &ignored) < 0 ||
            client_call(c, method_to_string(o->method), path, body, NULL, &reply, &ignored) < 0)
                return NULL;
        return json_incref(reply.body);
}

static size_t tell_one(Client* c, const Printer* p, const char* app, const char* to) {
        _cleanup_json_ json_t* versions = answer(c, OP_APP_VERSIONS, json_pack("{s:s}", "app", app));
        _cleanup_json_ json_t* news = news_of(json_object_get(versions, "items"), to);
        size_t i;
        json_t* one;
        json_array_foreach(news, i, one)
                print_news(p, one);
        return json_array_size(news);
}

static void tell_due(Client* c, const Printer* p, const json_t* app) {
        _cleanup_free_ char* head = NULL;
        const char* to = strempty(json_get_string(app, "update"));
        if (asprintf(&head, "%s: from %s to %s", strempty(json_get_string(app, "title")), strempty(json_get_string(app, "version")), to) < 0)
                return;
        text_tame(head, /* newlines= */ false);
        (void) fprintf(p->file, "%s\n", head);
        if (tell_one(c, p, strempty(json_get_string(app, "id")), to) == 0)
                (void) fputs("Nobody says what is new.\n", p->file);
}

static void tell_all(Client* c, const Printer* p) {
        _cleanup_free_ char* after = NULL;
        do {
                _cleanup_json_ json_t* page = answer(c, OP_APP_LIST, json_pack("{s:i, s:s*}", "limit", APPS_AT_ONCE, "after", after));
                const char* next = json_get_string(page, "next");
                size_t i;
                json_t* app;
                json_array_foreach(json_object_get(page, "items"), i, app)
                        if (news_is_due(app, now_seconds()))
                                tell_due(c, p, app);
                free(after);
                after = next ? strdup(next) : NULL;
        } while (after);
}

void news_tell(Client* c, const Arguments* a) {
        const Printer p = { .file = stderr };
        if (a->operation->symbol == OP_APP_UPDATE_ALL)
                tell_all(c, &p);
        else
                (void) tell_one(c, &p, strempty(json_get_string(a->fields, "app")), json_get_string(a->fields, "version"));
}
