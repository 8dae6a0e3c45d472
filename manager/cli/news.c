#include "cli/news.h"
#include "cli/print.h"
#include "cli/request.h"

/* Programs read the notes of app.versions themselves. */
bool news_handles(const Arguments* a) {
        return !a->json && a->operation->symbol == OP_APP_UPDATE;
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

void news_tell(Client* c, const Arguments* a) {
        const Operation* o = &operation_table[OP_APP_VERSIONS];
        const Printer p = { .file = stderr };
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_json_ json_t *fields = json_pack("{s:O?}", "app", json_object_get(a->fields, "app")), *body = NULL, *news = NULL;
        _cleanup_free_ char* path = NULL;
        _cleanup_error_ Error ignored = ERROR_NULL;
        size_t i;
        json_t* one;
        if (!fields || request_make(o, fields, &path, &body, &ignored) < 0
            || client_call(c, method_to_string(o->method), path, body, NULL, &reply, &ignored) < 0)
                return;
        news = news_of(json_object_get(reply.body, "items"), json_get_string(a->fields, "version"));
        json_array_foreach(news, i, one)
                print_news(&p, one);
}
