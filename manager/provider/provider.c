#include "provider/provider-internal.h"
#include "base/format.h"
#include "base/secret.h"
#include "base/validate.h"
#include "provider/kinds.h"
#include <stdarg.h>
#include <stdio.h>

const ProviderClass* const provider_table[] = {
        &provider_cloudflare, &provider_hetzner, &provider_desec, &provider_digitalocean, &provider_rfc2136, NULL,
};

const ProviderClass* provider_find(const char* kind) {
        for (const ProviderClass* const* c = provider_table; *c; c++)
                if (streq_ptr((*c)->kind, kind))
                        return *c;
        return NULL;
}

static const char* name_of(const Provider* p) {
        return provider_kind_find(p->class->kind)->name;
}

/* --- life --- */

int provider_new(const ProviderClass* class, const char* domain, const ProviderOptions* options, Provider** ret, Error* reterr) {
        _cleanup_(provider_freep) Provider* p = calloc(1, sizeof(Provider));
        if (!p)
                return error_errno(reterr, -ENOMEM, "Cannot reach the provider");
        *p = (Provider) { .class = class, .options = *options, .token = strdup(options->token) };
        if (!p->token)
                return error_errno(reterr, -ENOMEM, "Cannot reach the provider");
        p->options.token = p->token;
        if (!record_name_parse(domain, p->domain))
                return error_set(reterr, ERROR_BAD_REQUEST, "The domain is not well formed.");
        int r = class->open(p, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

Provider* provider_free(Provider* p) {
        if (!p)
                return NULL;
        if (p->class->close)
                p->class->close(p);
        (void) fetch_free(p->fetch);
        erase_and_free(p->token);
        free(p);
        return NULL;
}

const char* provider_zone(const Provider* p) {
        return p->zone;
}

int provider_read(Provider* p, const char* const* owners, size_t n, json_t** ret, Error* reterr) {
        return p->class->read(p, owners, n, ret, reterr);
}

int provider_write(Provider* p, const char* owner, const char* type, const json_t* values, uint32_t ttl, Error* reterr) {
        size_t size;
        if (!record_name_relative(owner, p->zone, &size))
                return error_set(reterr, ERROR_BAD_REQUEST, "%s is not in the zone %s.", owner, p->zone);
        return p->class->write(p, owner, type, values, MAX(ttl, p->least_ttl), reterr);
}

/* --- for the providers --- */

int provider_fetch_new(Provider* p, const char* base_url, const char* scheme, Error* reterr) {
        const FetchOptions o = {
                .base_url = p->options.base_url ?: base_url,
                .scheme = scheme,
                .secret = p->token,
                .whom = name_of(p),
                .plain = p->options.base_url != NULL,
                .cancelled = p->options.cancelled,
                .say = p->options.say,
                .wait = p->options.wait,
                .userdata = p->options.userdata,
        };
        return fetch_new(&o, &p->fetch, reterr);
}

int provider_zone_search(Provider* p, int (*look)(Provider* p, const char* zone, Error* reterr), Error* reterr) {
        for (const char* zone = p->domain; zone && strchr(zone, '.'); zone = strchr(zone, '.') + 1) {
                int r = look(p, zone, reterr);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        (void) error_set(reterr, ERROR_NOT_FOUND, "%s shows this token no zone that %s is in.", name_of(p), p->domain);
        return error_hint(reterr, "Look whether the domain is kept there, and whether the token may see its zone.");
}

int provider_zone_take(Provider* p, const char* zone, const char* id, Error* reterr) {
        size_t n;
        if (!zone || !record_name_parse(zone, p->zone) || !record_name_relative(p->domain, p->zone, &n) || !id || strlen(id) >= sizeof(p->zone_id))
                return provider_garbled(p, reterr);
        (void) snprintf(p->zone_id, sizeof(p->zone_id), "%s", id);
        return 1;
}

int provider_garbled(const Provider* p, Error* reterr) {
        return error_set(reterr, ERROR_UNREACHABLE, "%s answered in a way that Steadbox does not understand.", name_of(p));
}

/* The first text in one of the places where such APIs put their reasons. */
static const char* reason_in(const json_t* body) {
        const json_t* e = json_object_get(body, "error");
        const json_t* list = json_object_get(body, "errors");
        const char* text = json_get_string(e, "message") ?: json_get_string(json_array_get(list, 0), "message");
        if (!text)
                text = json_get_string(body, "message") ?: json_get_string(body, "detail");
        if (text)
                return text;
        /* deSEC: {"records": ["..."]} or, of a list of sets, [{..}, {"non_field_errors": ["..."]}] */
        const json_t* first = body;
        if (json_is_array(body)) {
                size_t i;
                json_t* v;
                json_array_foreach(body, i, v)
                        if (json_object_size(v) > 0) {
                                first = v;
                                break;
                        }
        }
        const json_t* value = json_object_iter_value(json_object_iter((json_t*) first));
        return json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
}

bool provider_error_text(const json_t* body, const char* secret, char* to, size_t size) {
        const char* text = reason_in(body);
        if (isempty(text) || (!isempty(secret) && strstr(text, secret)))
                return false;
        size_t n = 0;
        for (; *text && n + 1 < size && n < 200; text++)
                to[n++] = (unsigned char) *text >= 0x20 && (unsigned char) *text < 0x7f ? *text : ' ';
        to[n] = 0;
        return true;
}

static int refused(const Provider* p, const FetchReply* reply, Error* reterr) {
        char reason[256] = "";
        bool told = provider_error_text(reply->body, p->token, reason, sizeof(reason));
        ErrorName name = reply->status == 401 ? ERROR_WRONG_CREDENTIALS
                : reply->status == 403        ? ERROR_NOT_ALLOWED
                : reply->status == 404        ? ERROR_NOT_FOUND
                : reply->status == 409        ? ERROR_CONFLICT
                                              : ERROR_BAD_REQUEST;
        const char* what = name == ERROR_WRONG_CREDENTIALS ? "does not know this token"
                : name == ERROR_NOT_ALLOWED                ? "does not let this token do that"
                : name == ERROR_NOT_FOUND                  ? "does not find that"
                                                           : "refuses";
        (void) error_set(reterr, name, "%s %s (HTTP %u)%s%s", name_of(p), what, reply->status, told ? ": " : ".", reason);
        if (name == ERROR_WRONG_CREDENTIALS || name == ERROR_NOT_ALLOWED)
                return error_hint(reterr, "It needs: %s", provider_kind_find(p->class->kind)->token_sentence);
        return -error_name_errno(name);
}

int provider_call(Provider* p, const char* method, json_t* body, bool absent_ok, FetchReply* ret, Error* reterr, const char* path, ...) {
        _cleanup_json_ json_t* owned = body;
        FetchReply reply = {};
        va_list ap;
        va_start(ap, path);
        _cleanup_free_ char* text = format_text_va(path, ap);
        va_end(ap);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot ask %s", name_of(p));
        int r = fetch_call(p->fetch, method, text, owned, &reply, reterr);
        if (r < 0)
                return r;
        if (reply.status >= 400 && !(absent_ok && reply.status == 404)) {
                r = refused(p, &reply, reterr);
                fetch_reply_done(&reply);
                return r;
        }
        *ret = reply;
        return 0;
}

static bool is_asked_for(const ParseContext* c, const char* owner) {
        for (size_t i = 0; i < c->n_owners; i++)
                if (streq(c->owners[i], owner))
                        return true;
        return false;
}

int parse_add(const ParseContext* c, json_t* sets, const char* owner, bool relative, const char* type, const char* text, const char* origin,
              int64_t ttl) {
        char whole[2 * RECORD_NAME_BYTES], name[RECORD_NAME_BYTES];
        _cleanup_free_ char* value = NULL;
        if (!owner || !type || !text || !record_type_valid(type))
                return -EBADMSG;
        bool apex = relative && (!*owner || streq(owner, "@"));
        int n = relative && !apex ? snprintf(whole, sizeof(whole), "%s.%s", owner, c->zone) : snprintf(whole, sizeof(whole), "%s", apex ? c->zone : owner);
        if (n < 0 || n >= (int) sizeof(whole) || !record_name_parse(whole, name) || !is_asked_for(c, name))
                return 0; /* somebody else's name */
        int r = record_value_parse(type, text, origin, &value);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && asprintf(&value, "\"%.250s", text) < 0)
                return -ENOMEM;
        if (!utf8_valid(value, strlen(value)))
                return -EBADMSG;
        return record_sets_add(sets, name, type, value, (uint32_t) MIN(MAX(ttl, 0), 604800));
}
