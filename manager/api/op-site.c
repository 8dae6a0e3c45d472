/* The edge of what needs no noun of its own: the box's face, privacy notice, findings, search, help, the API's description. */
#include "api/handlers.h"
#include "base/file.h"
#include "base/time.h"
#include "config.h"
#include "daemon/nouns.h"
#include "finding/finding.h"
#include "help/help.h"
#include "ops.h"
#include "site/privacy.h"
#include "site/site.h"
#include "store/store-user.h"
#include <fcntl.h>

#define OPENAPI_MAX (1024 * 1024)
#define SEARCH_HITS_MAX 20

int op_site_show(Request* request, Error* reterr) {
        Manager* m = request_manager(request);
        int64_t owners = 0;
        int r = store_user_active_owners(m->store, /* but_id= */ 0, &owners, reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* box_name = NULL;
        r = site_box_name(m, &box_name, reterr);
        if (r < 0)
                return r;
        return request_reply(request, json_pack("{s:s,s:o,s:b,s:s,s:[s,s],s:o,s:s,s:I}", "box_name", box_name, "brand", site_brand(m),
                                                "owner_exists", owners > 0, "language", site_language(m), "languages", "en", "de",
                                                "names", site_names(m), "release", STEADBOX_VERSION, "time", (json_int_t) now_seconds()));
}

int op_privacy_show(Request* request, Error* reterr) {
        json_t* notice = privacy_notice(request_manager(request), request_string(request, "language"), reterr);
        return notice ? request_reply(request, notice) : -EIO;
}

int op_finding_list(Request* request, Error* reterr) {
        json_t* items = finding_list(request_manager(request), reterr);
        return items ? request_reply_items(request, items) : -EIO;
}

int op_finding_ignore(Request* request, Error* reterr) {
        const char* id = request_string(request, "id");
        request_audit_object(request, id);
        int r = finding_ignore(request_manager(request), id, request_integer(request, "days", -1), request_string(request, "reason"),
                               request_actor(request), reterr);
        return r < 0 ? r : request_reply_empty(request);
}

static int search_help(Request* request, const char* q, json_t* hits, Error* reterr) {
        _cleanup_json_ json_t* pages = help_search(help_directory(), request_language(request), q, reterr);
        size_t i;
        json_t* page;
        json_array_foreach(pages, i, page) {
                json_t* hit = json_pack("{s:s,s:O,s:O}", "kind", "help", "title", json_object_get(page, "title"), "detail", json_object_get(page, "excerpt"));
                (void) json_object_set_new(hit, "page", json_sprintf("/help/%s", json_get_string(page, "page")));
                (void) json_array_append_new(hits, hit);
        }
        return pages ? 0 : -EIO;
}

int op_search(Request* request, Error* reterr) {
        _cleanup_json_ json_t* hits = json_array();
        const char* q = request_string(request, "q");
        for (size_t i = 0; noun_table[i]; i++)
                if (noun_table[i]->search) {
                        int r = noun_table[i]->search(request_manager(request), (int) request_actor(request)->role, q, hits, reterr);
                        if (r < 0)
                                return r;
                }
        int r = search_help(request, q, hits, reterr);
        if (r < 0)
                return r;
        while (json_array_size(hits) > SEARCH_HITS_MAX)
                (void) json_array_remove(hits, json_array_size(hits) - 1);
        return request_reply_items(request, TAKE_PTR(hits));
}

int op_help_list(Request* request, Error* reterr) {
        json_t* pages = help_search(help_directory(), request_string(request, "language") ?: request_language(request),
                                    request_string(request, "q"), reterr);
        return pages ? request_reply_items(request, pages) : -EIO;
}

int op_help_show(Request* request, Error* reterr) {
        json_t* page = help_page(help_directory(), request_string(request, "language") ?: request_language(request),
                                 request_string(request, "page"), reterr);
        return page ? request_reply(request, page) : -ENOENT;
}

int op_openapi(Request* request, Error* reterr) {
        char* text = NULL;
        int r = file_read(AT_FDCWD, data_path("openapi.json"), OPENAPI_MAX, &text, NULL);
        if (r < 0)
                return error_errno(reterr, r, "The description of the API is missing from this installation");
        return request_reply_text(request, text);
}
