/* Who writes a domain's records, at the edge. */
#include "api/handlers.h"
#include "domain/domain-internal.h"
#include "domain/writer.h"
#include "provider/kinds.h"
#include <stdio.h>

/* The domain of the request, which is also what its line in the log is about. */
static int domain_of(Request* r, DomainRow* ret, Error* reterr) {
        char object[DOMAIN_NAME_BYTES + 8];
        (void) snprintf(object, sizeof(object), "domain:%s", request_string(r, "domain"));
        request_audit_object(r, object);
        return domain_find(request_manager(r), request_string(r, "domain"), ret, reterr);
}

static int reply_domain(Request* r, Error* reterr) {
        json_t* domain = NULL;
        int k = domain_show(request_manager(r), request_string(r, "domain"), &domain, reterr);
        return k < 0 ? k : request_reply(r, domain);
}

int op_domain_connect(Request* r, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_json_ json_t* fields = json_object();
        static const char* const names[] = { "server", "port", "key_name", "algorithm" };
        int k = domain_of(r, &row, reterr);
        if (k < 0)
                return k;
        request_audit_detail(r, "kind", json_string(request_string(r, "kind")));
        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (request_has(r, names[i]))
                        (void) json_object_set(fields, names[i], json_object_get(request_fields(r), names[i]));
        k = domain_connect(request_manager(r), &row, request_string(r, "kind"), request_string(r, "token"), fields, request_actor(r), reterr);
        return k < 0 ? k : reply_domain(r, reterr);
}

int op_domain_disconnect(Request* r, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int k = domain_of(r, &row, reterr);
        if (k >= 0)
                k = domain_disconnect(request_manager(r), &row, request_actor(r), reterr);
        return k < 0 ? k : reply_domain(r, reterr);
}

static int begin(Request* r, const char* mode, const json_t* replace, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        char job[JOB_ID_BYTES];
        int k = domain_of(r, &row, reterr);
        if (k >= 0)
                k = domain_write_begin(request_manager(r), &row, mode, replace, request_actor(r), job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}

int op_domain_test(Request* r, Error* reterr) {
        return begin(r, "test", NULL, reterr);
}

int op_domain_write(Request* r, Error* reterr) {
        return begin(r, request_boolean(r, "dry_run", false) ? "plan" : "apply", request_strings(r, "replace"), reterr);
}

int op_dns_provider_list(Request* r, Error* reterr) {
        json_t* items = json_array();
        for (const ProviderKind* k = provider_kinds; k->kind; k++) {
                json_t* fields = json_array();
                for (size_t i = 0; k->fields[i]; i++)
                        (void) json_array_append_new(fields, json_string(k->fields[i]));
                (void) json_array_append_new(
                        items, json_pack("{s:s, s:s, s:s, s:o, s:o}", "kind", k->kind, "name", k->name, "token", k->token_sentence, "url",
                                         json_string_or_null(k->token_url), "fields", fields));
        }
        return request_reply_items(r, items);
}
