/* Hetzner Cloud API v1, zones and RRsets (the DNS Console's own API has ended). Sets are whole there, so nothing is ever half written; names
 * are relative to the zone, "@" is the zone itself; values are zone file text. Changes are actions that may still be running when the
 * answer comes, which is why they are read back. 3600 requests an hour, 429 beyond; TTL 60 at least. */
#include "provider/provider-internal.h"
#include <stdio.h>

#define BASE_URL "https://api.hetzner.cloud/v1"
#define PER_PAGE 50

static int zone_look(Provider* p, const char* zone, Error* reterr) {
        _cleanup_(fetch_reply_done) FetchReply reply = {};
        char id[32];
        int r = provider_call(p, "GET", NULL, /* absent_ok= */ true, &reply, reterr, "/zones/%s", zone);
        if (r < 0)
                return r;
        if (reply.status == 404)
                return 0;
        const json_t* found = json_object_get(reply.body, "zone");
        (void) snprintf(id, sizeof(id), "%lld", (long long) json_get_integer(found, "id", 0));
        if (streq_ptr(json_get_string(found, "mode"), "secondary"))
                return error_set(reterr, ERROR_NOT_ALLOWED, "%s is a secondary zone at Hetzner; its records are changed at its primary server.", zone);
        return provider_zone_take(p, json_get_string(found, "name"), id, reterr);
}

static int open_(Provider* p, Error* reterr) {
        p->least_ttl = 60;
        int r = provider_fetch_new(p, BASE_URL, "Bearer", reterr);
        return r < 0 ? r : provider_zone_search(p, zone_look, reterr);
}

int hetzner_sets_parse(const json_t* body, const ParseContext* c, json_t* sets) {
        const json_t* list = json_object_get(body, "rrsets");
        const json_t* next = json_object_get(json_object_get(json_object_get(body, "meta"), "pagination"), "next_page");
        size_t i, k;
        json_t *set, *record;
        if (!json_is_array(list))
                return -EBADMSG;
        json_array_foreach(list, i, set) {
                if (!json_is_array(json_object_get(set, "records")))
                        return -EBADMSG;
                json_array_foreach(json_object_get(set, "records"), k, record) {
                        int r = parse_add(c, sets, json_get_string(set, "name"), /* relative= */ true, json_get_string(set, "type"),
                                          json_get_string(record, "value"), c->zone, json_get_integer(set, "ttl", 0));
                        if (r < 0)
                                return r;
                }
        }
        return json_array_size(list) > 0 && json_integer_value(next) > 0;
}

/* "www", "@": escaped, owned. */
static char* relative_name(const Provider* p, const char* owner, bool escaped) {
        size_t n = 0;
        const char* from = record_name_relative(owner, p->zone, &n);
        _cleanup_free_ char* name = !from ? NULL : n == 0 ? strdup("@") : strndup(from, n);
        return !name ? NULL : escaped ? fetch_escape(name) : TAKE_PTR(name);
}

static int read_(Provider* p, const char* const* owners, size_t n, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* sets = json_array();
        for (size_t i = 0; i < n; i++) {
                const ParseContext c = { .zone = p->zone, .owners = owners + i, .n_owners = 1 };
                _cleanup_free_ char* name = relative_name(p, owners[i], /* escaped= */ true);
                int more = 1;
                for (unsigned page = 1; name && more > 0 && page <= PAGES_MAX; page++) {
                        _cleanup_(fetch_reply_done) FetchReply reply = {};
                        int r = provider_call(p, "GET", NULL, false, &reply, reterr, "/zones/%s/rrsets?name=%s&per_page=%d&page=%u", p->zone_id,
                                              name, PER_PAGE, page);
                        if (r < 0)
                                return r;
                        more = hetzner_sets_parse(reply.body, &c, sets);
                        if (more < 0 || (more > 0 && page == PAGES_MAX))
                                return provider_garbled(p, reterr);
                }
        }
        *ret = TAKE_PTR(sets);
        return 0;
}

static json_t* records_json(const char* type, const json_t* values) {
        json_t *list = json_array(), *v;
        size_t i;
        json_array_foreach(values, i, v) {
                _cleanup_free_ char* text = record_value_text(type, json_string_value(v));
                (void) json_array_append_new(list, json_pack("{s:s}", "value", strempty(text)));
        }
        return list;
}

static int write_(Provider* p, const char* owner, const char* type, const json_t* values, uint32_t ttl, Error* reterr) {
        _cleanup_(fetch_reply_done) FetchReply present = {}, reply = {};
        _cleanup_free_ char *name = relative_name(p, owner, /* escaped= */ true), *plain = relative_name(p, owner, /* escaped= */ false);
        if (!name || !plain)
                return error_errno(reterr, -ENOMEM, "Cannot write");
        int r = provider_call(p, "GET", NULL, /* absent_ok= */ true, &present, reterr, "/zones/%s/rrsets/%s/%s", p->zone_id, name, type);
        if (r < 0)
                return r;
        bool there = present.status != 404, wanted = json_array_size(values) > 0;
        if (!there && !wanted)
                return 0;
        if (!wanted)
                return provider_call(p, "DELETE", NULL, /* absent_ok= */ true, &reply, reterr, "/zones/%s/rrsets/%s/%s", p->zone_id, name, type);
        if (there)
                return provider_call(p, "POST", json_pack("{s:o}", "records", records_json(type, values)), false, &reply, reterr,
                                     "/zones/%s/rrsets/%s/%s/actions/set_records", p->zone_id, name, type);
        return provider_call(p, "POST",
                             json_pack("{s:s, s:s, s:I, s:o}", "name", plain, "type", type, "ttl", (json_int_t) ttl, "records",
                                       records_json(type, values)),
                             false, &reply, reterr, "/zones/%s/rrsets", p->zone_id);
}

const ProviderClass provider_hetzner = { .kind = "hetzner", .open = open_, .read = read_, .write = write_ };
