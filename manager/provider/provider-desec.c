/* deSEC API v1. Sets are whole; a list of sets put at once is one transaction, and an empty set is removed. Values are zone file text with final
 * dots. The domain says its smallest TTL (3600 as a rule). Writes of one domain: 2/s, 15/min, 100/h, 300/day; 429 with Retry-After. Pages (500)
 * are never needed, because we ask for one name at a time. */
#include "provider/provider-internal.h"

#define BASE_URL "https://desec.io/api/v1"

static int open_(Provider* p, Error* reterr) {
        _cleanup_(fetch_reply_done) FetchReply reply = {};
        int r = provider_fetch_new(p, BASE_URL, "Token", reterr);
        if (r >= 0)
                r = provider_call(p, "GET", NULL, false, &reply, reterr, "/domains/?owns_qname=%s", p->domain);
        if (r < 0)
                return r;
        if (!json_is_array(reply.body))
                return provider_garbled(p, reterr);
        const json_t* found = json_array_get(reply.body, 0);
        if (!found) {
                (void) error_set(reterr, ERROR_NOT_FOUND, "deSEC shows this token no zone that %s is in.", p->domain);
                return error_hint(reterr, "Look whether the domain is kept there, and whether a policy keeps the token from it.");
        }
        p->least_ttl = (uint32_t) MIN(MAX(json_get_integer(found, "minimum_ttl", 3600), 1), 86400);
        r = provider_zone_take(p, json_get_string(found, "name"), "", reterr);
        return r < 0 ? r : 0;
}

int desec_sets_parse(const json_t* body, const ParseContext* c, json_t* sets) {
        size_t i, k;
        json_t *set, *value;
        if (!json_is_array(body))
                return -EBADMSG;
        json_array_foreach(body, i, set) {
                if (!json_is_array(json_object_get(set, "records")))
                        return -EBADMSG;
                json_array_foreach(json_object_get(set, "records"), k, value) {
                        int r = parse_add(c, sets, json_get_string(set, "subname"), /* relative= */ true, json_get_string(set, "type"),
                                          json_string_value(value), c->zone, json_get_integer(set, "ttl", 0));
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int read_(Provider* p, const char* const* owners, size_t n, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* sets = json_array();
        for (size_t i = 0; i < n; i++) {
                const ParseContext c = { .zone = p->zone, .owners = owners + i, .n_owners = 1 };
                _cleanup_(fetch_reply_done) FetchReply reply = {};
                size_t size = 0;
                const char* from = record_name_relative(owners[i], p->zone, &size);
                _cleanup_free_ char *name = from ? strndup(from, size) : NULL, *escaped = name ? fetch_escape(name) : NULL;
                if (!escaped)
                        continue;
                int r = provider_call(p, "GET", NULL, false, &reply, reterr, "/domains/%s/rrsets/?subname=%s", p->zone, escaped);
                if (r < 0)
                        return r;
                if (desec_sets_parse(reply.body, &c, sets) < 0)
                        return provider_garbled(p, reterr);
        }
        *ret = TAKE_PTR(sets);
        return 0;
}

static int write_(Provider* p, const char* owner, const char* type, const json_t* values, uint32_t ttl, Error* reterr) {
        _cleanup_(fetch_reply_done) FetchReply reply = {};
        size_t i, size = 0;
        json_t *v, *records = json_array();
        const char* from = record_name_relative(owner, p->zone, &size);
        _cleanup_free_ char* name = strndup(strempty(from), size);
        json_array_foreach(values, i, v) {
                _cleanup_free_ char* text = record_value_text(type, json_string_value(v));
                (void) json_array_append_new(records, json_string(strempty(text)));
        }
        json_t* body = json_pack("[{s:s, s:s, s:I, s:o}]", "subname", strempty(name), "type", type, "ttl", (json_int_t) ttl, "records", records);
        return provider_call(p, "PUT", body, false, &reply, reterr, "/domains/%s/rrsets/", p->zone);
}

const ProviderClass provider_desec = { .kind = "desec", .open = open_, .read = read_, .write = write_ };
