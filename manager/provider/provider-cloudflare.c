/* Cloudflare API v4. Records have ids and are listed in pages; one set is changed by one batch, which is one transaction there. Names
 * inside values have no final dot; MX keeps its preference apart, SRV and CAA are objects. TTL 1 means automatic, else 60 at least. 1200
 * requests in 5 minutes; beyond that 429 with Retry-After. */
#include "provider/provider-internal.h"
#include <stdio.h>

#define BASE_URL "https://api.cloudflare.com/client/v4"
#define PER_PAGE 100

static int zone_look(Provider* p, const char* zone, Error* reterr) {
        _cleanup_(fetch_reply_done) FetchReply reply = {};
        int r = provider_call(p, "GET", NULL, false, &reply, reterr, "/zones?name=%s&per_page=5", zone);
        if (r < 0)
                return r;
        const json_t* list = json_object_get(reply.body, "result");
        const json_t* found = json_array_get(list, 0);
        if (!json_is_array(list))
                return provider_garbled(p, reterr);
        return found ? provider_zone_take(p, json_get_string(found, "name"), json_get_string(found, "id"), reterr) : 0;
}

static int open_(Provider* p, Error* reterr) {
        p->least_ttl = 60;
        int r = provider_fetch_new(p, BASE_URL, "Bearer", reterr);
        return r < 0 ? r : provider_zone_search(p, zone_look, reterr);
}

/* One record's value as zone files write it. */
static int content_of(const json_t* record, const char* type, char** ret) {
        const json_t* data = json_object_get(record, "data");
        const char* content = json_get_string(record, "content");
        int n = -1;
        if (streq(type, "SRV") && json_is_object(data))
                n = asprintf(ret, "%d %d %d %s", (int) json_get_integer(data, "priority", -1), (int) json_get_integer(data, "weight", -1),
                             (int) json_get_integer(data, "port", -1), strempty(json_get_string(data, "target")));
        else if (streq(type, "CAA") && json_is_object(data))
                n = asprintf(ret, "%d %s \"%s\"", (int) json_get_integer(data, "flags", -1), strempty(json_get_string(data, "tag")),
                             strempty(json_get_string(data, "value")));
        else if (streq(type, "MX") && content)
                n = asprintf(ret, "%d %s", (int) json_get_integer(record, "priority", -1), content);
        else if (content)
                n = asprintf(ret, "%s", content);
        return n < 0 ? -EBADMSG : 0;
}

int cloudflare_records_parse(const json_t* body, const ParseContext* c, json_t* sets) {
        const json_t* list = json_object_get(body, "result");
        const json_t* info = json_object_get(body, "result_info");
        size_t i;
        json_t* record;
        if (!json_is_array(list))
                return -EBADMSG;
        json_array_foreach(list, i, record) {
                _cleanup_free_ char* content = NULL;
                const char* type = json_get_string(record, "type");
                if (!type || content_of(record, type, &content) < 0)
                        return -EBADMSG;
                int r = parse_add(c, sets, json_get_string(record, "name"), false, type, content, NULL, json_get_integer(record, "ttl", 0));
                if (r < 0)
                        return r;
        }
        return json_array_size(list) > 0 && json_get_integer(info, "page", 1) < json_get_integer(info, "total_pages", 1);
}

static int read_(Provider* p, const char* const* owners, size_t n, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* sets = json_array();
        for (size_t i = 0; i < n; i++) {
                const ParseContext c = { .zone = p->zone, .owners = owners + i, .n_owners = 1 };
                int more = 1;
                _cleanup_free_ char* name = fetch_escape(owners[i]);
                for (unsigned page = 1; name && more > 0 && page <= PAGES_MAX; page++) {
                        _cleanup_(fetch_reply_done) FetchReply reply = {};
                        int r = provider_call(p, "GET", NULL, false, &reply, reterr, "/zones/%s/dns_records?name=%s&per_page=%d&page=%u",
                                              p->zone_id, name, PER_PAGE, page);
                        if (r < 0)
                                return r;
                        more = cloudflare_records_parse(reply.body, &c, sets);
                        if (more < 0 || (more > 0 && page == PAGES_MAX))
                                return provider_garbled(p, reterr);
                }
        }
        *ret = TAKE_PTR(sets);
        return 0;
}

/* A record as the API takes it. */
static json_t* record_json(const char* owner, const char* type, const char* value, uint32_t ttl) {
        unsigned a = 0, b = 0, c = 0;
        char word[32] = "", target[256] = "";
        json_t* record = json_pack("{s:s, s:s, s:I}", "name", owner, "type", type, "ttl", (json_int_t) ttl);
        if (streq(type, "MX") && sscanf(value, "%u %255s", &a, target) == 2)
                (void) json_object_update_new(record, json_pack("{s:s, s:i}", "content", target, "priority", (int) a));
        else if (streq(type, "SRV") && sscanf(value, "%u %u %u %255s", &a, &b, &c, target) == 4)
                (void) json_object_update_new(record, json_pack("{s:{s:i, s:i, s:i, s:s}}", "data", "priority", (int) a, "weight", (int) b, "port",
                                                                (int) c, "target", target));
        else if (streq(type, "CAA") && sscanf(value, "%u %31s \"%255[^\"]\"", &a, word, target) == 3)
                (void) json_object_update_new(record, json_pack("{s:{s:i, s:s, s:s}}", "data", "flags", (int) a, "tag", word, "value", target));
        else {
                char* text = streq(type, "TXT") ? record_value_text(type, value) : strdup(value);
                (void) json_object_set_new(record, "content", json_string(strempty(text)));
                free(text);
        }
        if (streq(type, "A") || streq(type, "AAAA") || streq(type, "CNAME"))
                (void) json_object_set_new(record, "proxied", json_false()); /* what is served here ends TLS here */
        return record;
}

/* Which records of the set go, and which values are new. */
static int batch_make(const json_t* body, const char* owner, const char* type, const json_t* values, uint32_t ttl, json_t* deletes, json_t* posts) {
        _cleanup_json_ json_t* kept = json_array();
        size_t i;
        json_t *record, *v;
        json_array_foreach(json_object_get(body, "result"), i, record) {
                _cleanup_free_ char *content = NULL, *value = NULL;
                const char* id = json_get_string(record, "id");
                char name[RECORD_NAME_BYTES];
                if (!id || !streq_ptr(json_get_string(record, "type"), type) || !record_name_parse(strempty(json_get_string(record, "name")), name) ||
                    !streq(name, owner))
                        continue;
                if (content_of(record, type, &content) >= 0 && record_value_parse(type, content, NULL, &value) >= 0 && json_list_has(values, value) &&
                    !json_list_has(kept, value))
                        (void) json_array_append_new(kept, json_string(value));
                else
                        (void) json_array_append_new(deletes, json_pack("{s:s}", "id", id));
        }
        json_array_foreach(values, i, v)
                if (!json_list_has(kept, json_string_value(v)))
                        (void) json_array_append_new(posts, record_json(owner, type, json_string_value(v), ttl));
        return (int) (json_array_size(deletes) + json_array_size(posts));
}

static int write_(Provider* p, const char* owner, const char* type, const json_t* values, uint32_t ttl, Error* reterr) {
        _cleanup_(fetch_reply_done) FetchReply list = {}, reply = {};
        _cleanup_free_ char* name = fetch_escape(owner);
        int r = provider_call(p, "GET", NULL, false, &list, reterr, "/zones/%s/dns_records?name=%s&type=%s&per_page=%d&page=1", p->zone_id, name,
                              type, RECORD_VALUES_MAX);
        if (r < 0)
                return r;
        json_t *deletes = json_array(), *posts = json_array();
        if (batch_make(list.body, owner, type, values, ttl, deletes, posts) == 0) {
                json_decref(deletes);
                json_decref(posts);
                return 0;
        }
        json_t* batch = json_pack("{s:o, s:o}", "deletes", deletes, "posts", posts);
        return provider_call(p, "POST", batch, false, &reply, reterr, "/zones/%s/dns_records/batch", p->zone_id);
}

const ProviderClass provider_cloudflare = { .kind = "cloudflare", .open = open_, .read = read_, .write = write_ };
