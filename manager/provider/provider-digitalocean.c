/* DigitalOcean API v2. Records have numbers and are listed in pages whose links lose our filters, so we count pages ourselves; there are no
 * sets, so new values are added before old ones go, and a lone value is changed in place. Names inside values come without a final dot, "@" being
 * the zone, and are taken with one; TXT is plain text. TTL 30 at least. 5000 requests an hour, 250 a minute, 429 beyond. */
#include "provider/provider-internal.h"
#include <stdio.h>
#include <strings.h>

#define BASE_URL "https://api.digitalocean.com/v2"
#define PER_PAGE 200

static int zone_look(Provider* p, const char* zone, Error* reterr) {
        _cleanup_(fetch_reply_done) FetchReply reply = {};
        int r = provider_call(p, "GET", NULL, /* absent_ok= */ true, &reply, reterr, "/domains/%s", zone);
        if (r < 0 || reply.status == 404)
                return r;
        return provider_zone_take(p, json_get_string(json_object_get(reply.body, "domain"), "name"), "", reterr);
}

static int open_(Provider* p, Error* reterr) {
        p->least_ttl = 30;
        int r = provider_fetch_new(p, BASE_URL, "Bearer", reterr);
        return r < 0 ? r : provider_zone_search(p, zone_look, reterr);
}

/* One record's value as zone files write it, but that names are whole without a dot. */
static int data_of(const json_t* record, const char* type, const char* zone, char** ret) {
        const char* data = json_get_string(record, "data");
        int priority = (int) json_get_integer(record, "priority", -1), n;
        if (!data)
                return -EBADMSG;
        if (streq(data, "@") && !streq(type, "TXT"))
                data = zone;
        if (streq(type, "MX"))
                n = asprintf(ret, "%d %s", priority, data);
        else if (streq(type, "SRV"))
                n = asprintf(ret, "%d %d %d %s", priority, (int) json_get_integer(record, "weight", -1), (int) json_get_integer(record, "port", -1), data);
        else if (streq(type, "CAA"))
                n = asprintf(ret, "%d %s \"%s\"", (int) json_get_integer(record, "flags", -1), strempty(json_get_string(record, "tag")), data);
        else if (streq(type, "TXT"))
                return record_txt_from_plain(data, ret);
        else
                n = asprintf(ret, "%s", data);
        return n < 0 ? -ENOMEM : 0;
}

int digitalocean_records_parse(const json_t* body, const ParseContext* c, json_t* sets) {
        const json_t* list = json_object_get(body, "domain_records");
        size_t i;
        json_t* record;
        if (!json_is_array(list))
                return -EBADMSG;
        json_array_foreach(list, i, record) {
                _cleanup_free_ char* data = NULL;
                const char* type = json_get_string(record, "type");
                if (!type || data_of(record, type, c->zone, &data) < 0)
                        return -EBADMSG;
                int r = parse_add(c, sets, json_get_string(record, "name"), /* relative= */ true, type, data, NULL, json_get_integer(record, "ttl", 0));
                if (r < 0)
                        return r;
        }
        return json_is_string(json_object_get(json_object_get(json_object_get(body, "links"), "pages"), "next")) && json_array_size(list) > 0;
}

static int read_(Provider* p, const char* const* owners, size_t n, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* sets = json_array();
        for (size_t i = 0; i < n; i++) {
                const ParseContext c = { .zone = p->zone, .owners = owners + i, .n_owners = 1 };
                _cleanup_free_ char* name = fetch_escape(owners[i]);
                int more = 1;
                for (unsigned page = 1; name && more > 0 && page <= PAGES_MAX; page++) {
                        _cleanup_(fetch_reply_done) FetchReply reply = {};
                        int r = provider_call(p, "GET", NULL, false, &reply, reterr, "/domains/%s/records?name=%s&per_page=%d&page=%u", p->zone, name,
                                              PER_PAGE, page);
                        if (r < 0)
                                return r;
                        more = digitalocean_records_parse(reply.body, &c, sets);
                        if (more < 0 || (more > 0 && page == PAGES_MAX))
                                return provider_garbled(p, reterr);
                }
        }
        *ret = TAKE_PTR(sets);
        return 0;
}

/* A record as the API takes it; NULL when a TXT value has bytes that its text cannot carry. */
static json_t* record_json(const char* name, const char* type, const char* value, uint32_t ttl) {
        unsigned a = 0, b = 0, c = 0;
        char word[32] = "", target[256] = "";
        if (streq(type, "MX") && sscanf(value, "%u %253s", &a, target) == 2)
                return json_pack("{s:s, s:s, s:s+, s:i, s:I}", "type", type, "name", name, "data", target, streq(target, ".") ? "" : ".", "priority", (int) a, "ttl",
                                 (json_int_t) ttl);
        if (streq(type, "SRV") && sscanf(value, "%u %u %u %253s", &a, &b, &c, target) == 4)
                return json_pack("{s:s, s:s, s:s+, s:i, s:i, s:i, s:I}", "type", type, "name", name, "data", target, streq(target, ".") ? "" : ".", "priority",
                                 (int) a, "weight", (int) b, "port", (int) c, "ttl", (json_int_t) ttl);
        if (streq(type, "CAA") && sscanf(value, "%u %31s \"%253[^\"]\"", &a, word, target) == 3)
                return json_pack("{s:s, s:s, s:s+, s:i, s:s, s:I}", "type", type, "name", name, "data", target, ".", "flags", (int) a, "tag", word, "ttl",
                                 (json_int_t) ttl);
        _cleanup_free_ char* text = streq(type, "TXT") ? record_txt_plain(value) : record_value_text(type, value);
        return text ? json_pack("{s:s, s:s, s:s, s:I}", "type", type, "name", name, "data", text, "ttl", (json_int_t) ttl) : NULL;
}

/* Numbers of records that go, and values that come. */
static int difference(Provider* p, const char* owner, const char* type, const json_t* values, json_t* old, json_t* new, Error* reterr) {
        _cleanup_(fetch_reply_done) FetchReply list = {};
        _cleanup_json_ json_t* kept = json_array();
        _cleanup_free_ char* name = fetch_escape(owner);
        size_t i;
        json_t *record, *v;
        int r = provider_call(p, "GET", NULL, false, &list, reterr, "/domains/%s/records?name=%s&type=%s&per_page=%d&page=1", p->zone, name, type, PER_PAGE);
        if (r < 0)
                return r;
        json_array_foreach(json_object_get(list.body, "domain_records"), i, record) {
                _cleanup_free_ char *data = NULL, *value = NULL;
                char whole[2 * RECORD_NAME_BYTES];
                const char* label = strempty(json_get_string(record, "name"));
                (void) snprintf(whole, sizeof(whole), "%.253s%s%s", streq(label, "@") ? "" : label, streq(label, "@") ? "" : ".", p->zone);
                if (!streq_ptr(json_get_string(record, "type"), type) || strcasecmp(whole, owner) != 0 || json_get_integer(record, "id", 0) <= 0)
                        continue;
                if (data_of(record, type, p->zone, &data) >= 0 && record_value_parse(type, data, NULL, &value) >= 0 && json_list_has(values, value) &&
                    !json_list_has(kept, value))
                        (void) json_array_append_new(kept, json_string(value));
                else
                        (void) json_array_append(old, json_object_get(record, "id"));
        }
        json_array_foreach(values, i, v)
                if (!json_list_has(kept, json_string_value(v)))
                        (void) json_array_append(new, v);
        return 0;
}

static int send_one(Provider* p, const char* name, const char* type, const char* value, uint32_t ttl, const json_t* id, Error* reterr) {
        _cleanup_(fetch_reply_done) FetchReply reply = {};
        json_t* body = record_json(name, type, value, ttl);
        if (!body)
                return error_set(reterr, ERROR_BAD_REQUEST, "DigitalOcean cannot keep this text: it has bytes that are no UTF-8.");
        if (id)
                return provider_call(p, "PUT", body, false, &reply, reterr, "/domains/%s/records/%lld", p->zone, (long long) json_integer_value(id));
        return provider_call(p, "POST", body, false, &reply, reterr, "/domains/%s/records", p->zone);
}

static int write_(Provider* p, const char* owner, const char* type, const json_t* values, uint32_t ttl, Error* reterr) {
        _cleanup_json_ json_t *old = json_array(), *new = json_array();
        size_t i, size = 0;
        json_t* v;
        const char* from = record_name_relative(owner, p->zone, &size);
        _cleanup_free_ char* name = size == 0 ? strdup("@") : strndup(strempty(from), size);
        int r = difference(p, owner, type, values, old, new, reterr);
        if (r < 0)
                return r;
        size_t changed = MIN(json_array_size(old), json_array_size(new));
        for (i = changed; r >= 0 && i < json_array_size(new); i++)
                r = send_one(p, name, type, json_string_value(json_array_get(new, i)), ttl, NULL, reterr);
        for (i = 0; r >= 0 && i < changed; i++)
                r = send_one(p, name, type, json_string_value(json_array_get(new, i)), ttl, json_array_get(old, i), reterr);
        json_array_foreach(old, i, v) {
                _cleanup_(fetch_reply_done) FetchReply reply = {};
                if (r < 0)
                        return r;
                if (i >= changed)
                        r = provider_call(p, "DELETE", NULL, /* absent_ok= */ true, &reply, reterr, "/domains/%s/records/%lld", p->zone,
                                          (long long) json_integer_value(v));
        }
        return r;
}

const ProviderClass provider_digitalocean = { .kind = "digitalocean", .open = open_, .read = read_, .write = write_ };
