/* Opening apps: the launcher, links, and the way into an app. */
#include "api/events.h"
#include "api/handlers.h"
#include "app/gate.h"
#include "app/launcher.h"
#include "base/time.h"
#include "base/validate.h"
#include "daemon/manager.h"
#include <stdio.h>

#define LINKS_MAX 100

/* --- what there is to open --- */

static json_t* link_tile(const char* id, const char* title, const char* url) {
        return json_pack("{s:s, s:s, s:s, s:s, s:n, s:s, s:s}", "tile", id, "kind", "link", "title", title, "url", url, "icon", "state", "ok",
                         "sentence", "");
}

int op_launcher_list(Request* r, Error* reterr) {
        _cleanup_json_ json_t *apps = NULL, *links = NULL;
        int64_t user = request_actor(r)->user_id;
        size_t i;
        json_t *item, *items = json_array();
        int k = store_launcher_apps(request_manager(r)->store, user, &apps, reterr);
        if (k >= 0)
                k = store_launcher_links(request_manager(r)->store, user, &links, reterr);
        if (k < 0) {
                json_decref(items);
                return k;
        }
        json_array_foreach(apps, i, item)
                (void) json_array_append_new(items, app_tile(request_manager(r), item));
        json_array_foreach(links, i, item)
                (void) json_array_append_new(items, link_tile(strempty(json_get_string(item, "id")), strempty(json_get_string(item, "title")),
                                                              strempty(json_get_string(item, "url"))));
        return request_reply_items(r, items);
}

/* --- links --- */

int op_launcher_links(Request* r, Error* reterr) {
        json_t* items = NULL;
        int k = store_launcher_links_all(request_manager(r)->store, &items, reterr);
        return k < 0 ? k : request_reply_items(r, items);
}

static void about_link(Request* r, const char* id) {
        char object[64];
        (void) snprintf(object, sizeof(object), "launcher:%s", id);
        request_audit_object(r, object);
}

static int check_groups(Request* r, const json_t* groups, Error* reterr) {
        _cleanup_free_ char* unknown = NULL;
        int k = store_launcher_group_unknown(request_manager(r)->store, groups, &unknown, reterr);
        return k > 0 ? error_field(reterr, ERROR_BAD_FIELD, "groups", "There is no group %s.", unknown) : k;
}

int op_launcher_link_add(Request* r, Error* reterr) {
        Store* s = request_manager(r)->store;
        const char *title = request_string(r, "title"), *url = request_string(r, "url");
        uint8_t bytes[8];
        char id[sizeof(bytes) * 2 + 1];
        int64_t count = 0;
        random_bytes(bytes, sizeof(bytes));
        hex_encode(bytes, sizeof(bytes), id);
        int k = check_groups(r, request_strings(r, "groups"), reterr);
        if (k >= 0)
                k = store_launcher_count(s, &count, reterr);
        if (k >= 0 && count >= LINKS_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "More than %d links are not supported.", LINKS_MAX);
        if (k >= 0)
                k = store_launcher_add(s, id, title, url, request_strings(r, "groups"), now_seconds(), reterr);
        if (k < 0)
                return k;
        about_link(r, id);
        request_audit_detail(r, "title", json_string(title));
        events_changed(request_manager(r)->events, "launcher");
        return request_reply(r, link_tile(id, title, url));
}

int op_launcher_link_remove(Request* r, Error* reterr) {
        const char* id = request_string(r, "tile");
        about_link(r, id);
        int k = store_launcher_remove(request_manager(r)->store, id, reterr);
        if (k == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no link %s in the launcher.", id);
        if (k < 0)
                return k;
        events_changed(request_manager(r)->events, "launcher");
        return request_reply_empty(r);
}

/* --- the way in --- */

int op_app_authorize(Request* r, Error* reterr) {
        const Actor* a = request_actor(r);
        _cleanup_free_ char *app = NULL, *title = NULL, *url = NULL;
        char object[64];
        if (a->via != VIA_SESSION)
                return error_set(reterr, ERROR_WRONG_SCOPE, "This can only be done signed in, in a browser.");
        int k = gate_authorize(request_manager(r), a, request_string(r, "name"), request_string(r, "path") ?: "/",
                               strempty(request_string(r, "state")), &app, &title, &url, reterr);
        if (k < 0)
                return k;
        (void) snprintf(object, sizeof(object), "app:%s", app);
        request_audit_object(r, object);
        return request_reply(r, json_pack("{s:s, s:s}", "url", url, "title", title));
}
