/* What all nouns want of a domain, collected as sets. */
#include "daemon/nouns.h"
#include "domain/domain-internal.h"
#include <stdio.h>

#define WANTED_MAX 300 /* sets of one domain */
#define VALUES_MAX 32
#define VALUE_BYTES 4096

static void set_done(WantedSet* s) {
        free(s->id);
        free(s->owner);
        free(s->type);
        free(s->check);
        free(s->part);
        json_decref(s->values);
        *s = (WantedSet) {};
}

void wanted_records_done(WantedRecords* list) {
        for (size_t i = 0; i < list->count; i++)
                set_done(&list->sets[i]);
        free(list->sets);
        *list = (WantedRecords) {};
}

static int set_new(WantedRecords* list, const WantedRecord* record, WantedSet** ret) {
        if (list->count == WANTED_MAX)
                return -ENOBUFS;
        WantedSet* bigger = reallocarray(list->sets, list->count + 1, sizeof(WantedSet));
        if (!bigger)
                return -ENOMEM;
        list->sets = bigger;
        WantedSet set = {
                .owner = strdup(record->owner),
                .type = strdup(record->type),
                .check = strdup(record->check),
                .part = strdup(record->part),
                .why = strempty(record->why),
                .values = json_array(),
                .severity = record->severity,
                .hold = record->hold,
        };
        if (asprintf(&set.id, "%s:%s", record->check, record->owner) < 0)
                set.id = NULL;
        if (!set.id || !set.owner || !set.type || !set.check || !set.part || !set.values) {
                set_done(&set);
                return -ENOMEM;
        }
        *ret = &list->sets[list->count++];
        **ret = set;
        return 0;
}

/* value NULL: the set is wanted empty. */
int wanted_records_add(WantedRecords* list, WantedRecord record) {
        WantedSet* set = NULL;
        for (size_t i = 0; i < list->count && !set; i++)
                if (streq(list->sets[i].owner, record.owner) && streq(list->sets[i].type, record.type) &&
                    streq(list->sets[i].check, record.check))
                        set = &list->sets[i];
        int r = set ? 0 : set_new(list, &record, &set);
        if (r < 0 || !record.value)
                return r;
        if (strlen(record.value) > VALUE_BYTES)
                return -E2BIG;
        if (json_list_has(set->values, record.value))
                return 0;
        if (json_array_size(set->values) == VALUES_MAX)
                return -ENOBUFS;
        return json_array_append_new(set->values, json_string(record.value)) < 0 ? -ENOMEM : 0;
}

/* --- what the noun itself wants --- */

int address_records_add(
                WantedRecords* list,
                const DomainView* d,
                const char* label,
                const char* part,
                const char* why,
                Severity severity,
                bool hold) {
        char owner[DOMAIN_NAME_BYTES + 64];
        (void) snprintf(owner, sizeof(owner), "%s%s%s", label, *label ? "." : "", d->name);
        const bool any = json_array_size(d->ipv4) > 0 || json_array_size(d->ipv6) > 0;
        for (int v6 = 0; v6 < 2; v6++) {
                const json_t* addresses = v6 ? d->ipv6 : d->ipv4;
                WantedRecord record = {
                        .owner = owner, .type = v6 ? "AAAA" : "A", .check = v6 ? "aaaa" : "a", .part = part, .why = why,
                        .severity = severity, .hold = hold,
                };
                if (json_array_size(addresses) == 0) {
                        record.why = v6 ? "This box has no IPv6 address: a record here would send those with IPv6 astray."
                                        : "This box has no IPv4 address: a record here would send those with IPv4 astray. "
                                          "Those without IPv6 cannot reach it.";
                        record.severity = severity == SEVERITY_BAD ? SEVERITY_WARN : severity;
                        int r = any ? wanted_records_add(list, record) : 0;
                        if (r < 0)
                                return r;
                        continue;
                }
                record.value = json_string_value(json_array_get(addresses, 0));
                int r = wanted_records_add(list, record);
                if (r < 0)
                        return r;
        }
        return 0;
}

int box_records_add(WantedRecords* list, const DomainView* d) {
        int r = address_records_add(list, d, "my", "box", "The box's own name in this domain.", SEVERITY_BAD, /* hold= */ false);
        if (r < 0 || streq(d->scope, "subdomain"))
                return r;
        r = address_records_add(list, d, "", "web", "Visitors of the domain reach this box.", SEVERITY_BAD, /* hold= */ true);
        return r < 0 ? r : address_records_add(list, d, "www", "web", "Visitors of www reach this box.", SEVERITY_WARN, /* hold= */ true);
}

DomainView domain_view(const DomainRow* row, const json_t* ipv4, const json_t* ipv6) {
        return (DomainView) {
                .id = row->id,
                .name = row->name,
                .scope = row->scope,
                .primary = row->primary,
                .proven = streq(row->state, "proven"),
                .switched_web = row->switched_web,
                .switched_mail = row->switched_mail,
                .dkim_selector = row->dkim_selector,
                .dkim_key = row->dkim_key,
                .ipv4 = ipv4,
                .ipv6 = ipv6,
        };
}

static bool part_is_switched(const DomainRow* row, const char* part) {
        return streq(part, "web") ? row->switched_web : streq(part, "mail") ? row->switched_mail : false;
}

static bool part_is_occupied(const WantedRecords* list, const char* part, const json_t* waiting) {
        for (size_t i = 0; i < list->count; i++)
                if (list->sets[i].hold && streq(list->sets[i].part, part) && json_object_get(waiting, list->sets[i].id))
                        return true;
        return false;
}

static int note_waiting(const VerdictRow* row, void* userdata) {
        return streq(row->verdict, "waits") ? json_object_set_new(userdata, row->id, json_true()) : 0;
}

/* A part is switched as a whole: where a foreign mail exchanger stands, our policies about mail would do harm even if their own places are
 * free. Before the first check nobody knows, so everything that might be held waits. */
static int decide_hold(Manager* m, const DomainRow* row, WantedRecords* list, Error* reterr) {
        _cleanup_json_ json_t* waiting = json_object();
        int r = store_verdict_each(m->store, row->id, note_waiting, waiting, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < list->count; i++)
                list->sets[i].hold = list->sets[i].hold && !part_is_switched(row, list->sets[i].part);
        for (size_t i = 0; i < list->count; i++)
                list->sets[i].waits =
                                list->sets[i].hold && (row->checked_at == 0 ||
                                                       part_is_occupied(list, list->sets[i].part, waiting));
        return 0;
}

int domain_wanted(Manager* m, const DomainRow* row, WantedRecords* ret, Error* reterr) {
        _cleanup_wanted_records_ WantedRecords list = {};
        _cleanup_json_ json_t *ipv4 = domain_addresses(m, /* ipv6= */ false), *ipv6 = domain_addresses(m, /* ipv6= */ true);
        DomainView view = domain_view(row, ipv4, ipv6);
        for (size_t i = 0; noun_table[i]; i++) {
                int r = noun_table[i]->wanted_records ? noun_table[i]->wanted_records(m, &view, &list, reterr) : 0;
                if (r < 0)
                        return error_is_set(reterr)
                                               ? r
                                               : error_errno(reterr, r, "Cannot collect the records of %s",
                                                             noun_table[i]->name);
        }
        int r = decide_hold(m, row, &list, reterr);
        if (r < 0)
                return r;
        *ret = list;
        list = (WantedRecords) {};
        return 0;
}
