/* Domains at the edge. */
#include "api/handlers.h"
#include "api/op-people.h"
#include "domain/domain-internal.h"
#include <stdio.h>

static void about(Request* r, const char* name) {
        char object[DOMAIN_NAME_BYTES + 8];
        (void) snprintf(object, sizeof(object), "domain:%s", name);
        request_audit_object(r, object);
}

/* The domain the address names; the log's line is about it. */
static const char* named(Request* r) {
        const char* name = request_string(r, "domain");
        about(r, name);
        return name;
}

static int reply_domain(Request* r, const char* name, Error* reterr) {
        json_t* domain = NULL;
        int k = domain_show(request_manager(r), name, &domain, reterr);
        return k < 0 ? k : request_reply(r, domain);
}

int op_domain_look(Request* r, Error* reterr) {
        char job[JOB_ID_BYTES];
        const char* name = request_string(r, "name");
        about(r, name);
        int k = domain_look(request_manager(r), request_actor(r), name, job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}

int op_domain_list(Request* r, Error* reterr) {
        json_t* list = NULL;
        int k =
                        domain_list(request_manager(r), request_string(r, "q"), request_string(r, "after"),
                                    request_limit(r), &list, reterr);
        return k < 0 ? k : request_reply(r, list);
}

int op_domain_add(Request* r, Error* reterr) {
        char shown[DOMAIN_SHOWN_BYTES];
        const char* name = request_string(r, "name");
        about(r, name);
        domain_name_show(name, shown);
        int k = domain_add(request_manager(r), request_actor(r), name, shown, request_string(r, "scope"), reterr);
        return k < 0 ? k : reply_domain(r, name, reterr);
}

int op_domain_check_all(Request* r, Error* reterr) {
        char job[JOB_ID_BYTES];
        int k = domain_check_all(request_manager(r), request_actor(r), job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}

int op_domain_show(Request* r, Error* reterr) {
        return reply_domain(r, named(r), reterr);
}

int op_domain_update(Request* r, Error* reterr) {
        const char* name = named(r);
        int k = domain_update(request_manager(r), request_actor(r), name, request_string(r, "scope"), reterr);
        return k < 0 ? k : reply_domain(r, name, reterr);
}

int op_domain_remove(Request* r, Error* reterr) {
        int k = domain_remove(request_manager(r), request_actor(r), named(r), reterr);
        return k < 0 ? k : request_reply_empty(r);
}

int op_domain_records(Request* r, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        json_t* items = NULL;
        int k = domain_find(request_manager(r), named(r), &row, reterr);
        if (k >= 0)
                k = domain_records(request_manager(r), &row, &items, reterr);
        return k < 0 ? k : request_reply_items(r, items);
}

int op_domain_zone(Request* r, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_wanted_records_ WantedRecords wanted = {};
        char file[DOMAIN_NAME_BYTES + 8];
        int k = domain_find(request_manager(r), named(r), &row, reterr);
        if (k >= 0)
                k = domain_wanted(request_manager(r), &row, &wanted, reterr);
        if (k < 0)
                return k;
        _cleanup_free_ char* text = zone_text(row.name, &wanted);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot write a zone file");
        (void) snprintf(file, sizeof(file), "%s.zone", row.name);
        return request_reply(r, json_pack("{s:s, s:s}", "name", file, "text", text));
}

int op_domain_history(Request* r, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        const char* after = request_string(r, "after");
        char* text = NULL;
        int k = domain_find(request_manager(r), named(r), &row, reterr);
        if (k < 0)
                return k;
        if (!isempty(after) && after[strspn(after, "0123456789")])
                return error_field(reterr, ERROR_BAD_FIELD, "after", "This is not a cursor of this list.");
        k = store_domain_change_list(
                        request_manager(r)->store, row.id, request_string(r, "q"), after, request_limit(r),
                        &text, reterr);
        return k < 0 ? k : request_reply_text(r, text);
}

int op_domain_check(Request* r, Error* reterr) {
        char job[JOB_ID_BYTES];
        int k = domain_check(request_manager(r), request_actor(r), named(r), job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}

int op_domain_ignore(Request* r, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        Manager* m = request_manager(r);
        const char *name = named(r), *record = request_string(r, "record");
        json_t* item = NULL;
        int k = domain_ignore(m, request_actor(r), name, record, strempty(request_string(r, "reason")), reterr);
        if (k >= 0)
                k = domain_find(m, name, &row, reterr);
        if (k >= 0)
                k = domain_record(m, &row, record, &item, reterr);
        return k < 0 ? k : request_reply(r, item);
}

int op_domain_switch(Request* r, Error* reterr) {
        const char* name = named(r);
        bool back = request_boolean(r, "back", /* otherwise= */ false);
        int k = (back ? domain_switch_back : domain_switch)(
                        request_manager(r), request_actor(r), name, request_string(r, "part"), reterr);
        return k < 0 ? k : reply_domain(r, name, reterr);
}
