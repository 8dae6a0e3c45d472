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

/* Neither broken nor at work: "present" in the box's own record. */
static bool is_present(const json_t* app) {
        static const char* const others[] = { "installing", "updating", "removing", "broken" };
        for (size_t i = 0; i < ELEMENTS(others); i++)
                if (streq_ptr(json_get_string(app, "state"), others[i]))
                        return false;
        return !json_get_string(app, "job");
}

/* How far a way leads; versions: newest first. NULL = nowhere. */
static const char* reached(const json_t* versions) {
        size_t i;
        json_t* one;
        json_array_foreach((json_t*) versions, i, one)
                if (streq_ptr(json_get_string(one, "state"), "offered") && json_get_boolean(one, "reachable", false))
                        return json_get_string(one, "version");
        return NULL;
}

const char* news_target(const json_t* app, const json_t* versions, int64_t now) {
        const char* to = versions ? reached(versions) : json_get_string(app, "update");
        const char *from = json_get_string(app, "version"), *held = json_get_string(app, "held_version");
        if (!to || !is_present(app))
                return NULL;
        if (json_get_integer(app, "held_until", 0) > now && (streq_ptr(held, to) || streq_ptr(held, from)))
                return NULL;
        return to;
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

/* Items of app.versions, owned; NULL = it could not be asked. */
static json_t* versions_of(Client* c, const char* app) {
        _cleanup_json_ json_t* page = answer(c, OP_APP_VERSIONS, json_pack("{s:s}", "app", app));
        return json_incref(json_object_get(page, "items"));
}

static size_t tell_one(const Printer* p, const json_t* versions, const char* to) {
        _cleanup_json_ json_t* news = news_of(versions, to);
        size_t i;
        json_t* one;
        json_array_foreach(news, i, one)
                print_news(p, one);
        return json_array_size(news);
}

static void tell_due(Client* c, const Printer* p, const json_t* app) {
        if (!json_get_string(app, "update") || !is_present(app)) /* nothing to ask about */
                return;
        _cleanup_json_ json_t* versions = versions_of(c, strempty(json_get_string(app, "id")));
        _cleanup_free_ char* head = NULL;
        const char *title = json_get_string(app, "title"), *from = json_get_string(app, "version");
        const char* to = news_target(app, versions, now_seconds());
        if (!to || asprintf(&head, "%s: from %s to %s", strempty(title), strempty(from), to) < 0)
                return;
        text_tame(head, /* newlines= */ false);
        (void) fprintf(p->file, "%s\n", head);
        if (versions && tell_one(p, versions, to) == 0)
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
                        tell_due(c, p, app);
                free(after);
                after = next ? strdup(next) : NULL;
        } while (after);
}

void news_tell(Client* c, const Arguments* a) {
        const Printer p = { .file = stderr };
        if (a->operation->symbol == OP_APP_UPDATE_ALL) {
                tell_all(c, &p);
                return;
        }
        _cleanup_json_ json_t* versions = versions_of(c, strempty(json_get_string(a->fields, "app")));
        (void) tell_one(&p, versions, json_get_string(a->fields, "version"));
}
