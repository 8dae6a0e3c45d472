/* What about domains needs attention. One finding of a kind, about the first domain it is true of; its page shows the others too. */
#include "domain/domain-internal.h"
#include <stdio.h>

typedef enum Kind { KIND_DELEGATION, KIND_BOX, KIND_MAIL, KIND_RECORDS, _KIND_MAX } Kind;

static const char* const id_table[_KIND_MAX] = {
        [KIND_DELEGATION] = "domain.not-delegated",
        [KIND_BOX] = "domain.box-name-astray",
        [KIND_MAIL] = "domain.mail-broken",
        [KIND_RECORDS] = "domain.records-broken",
};
static_assert(_KIND_MAX <= ELEMENTS(((Domain*) NULL)->pages), "a page is kept for each");

typedef struct Collected {
        int severity;    /* the worst of all */
        unsigned count;  /* of domains */
        char* domain;    /* the first with that severity */
        char* sentence;
} Collected;

static Kind kind_of(const json_t* summary) {
        const char *check = strempty(json_get_string(summary, "worst_check")),
                   *part = strempty(json_get_string(summary, "worst_part"));
        if (streq(check, "delegation") || streq(check, "nameservers") || streq(check, "dnssec"))
                return KIND_DELEGATION;
        return streq(part, "box") ? KIND_BOX : streq(part, "mail") ? KIND_MAIL : KIND_RECORDS;
}

static void collect(Collected* all, const DomainRow* row, const json_t* summary) {
        int severity = severity_from_string(json_get_string(summary, "worst_severity"));
        if (severity < (int) SEVERITY_WARN) /* notes, and silent servers, are for the domain's own page */
                return;
        Collected* c = &all[kind_of(summary)];
        c->count++;
        if (c->domain && severity <= c->severity)
                return;
        free(c->domain);
        free(c->sentence);
        c->severity = severity;
        c->domain = strdup(row->name);
        c->sentence = strdup(strempty(json_get_string(summary, "sentence")));
}

/* Findings name pages by constant text, so the text is kept until they are collected again. */
static const char* page_keep(Domain* d, Kind kind, const char* domain) {
        char* page = NULL;
        free(d->pages[kind]);
        d->pages[kind] = asprintf(&page, "/domains/%s", domain) < 0 ? NULL : page;
        return d->pages[kind] ?: "/domains";
}

static void add(Manager* m, Findings* list, Kind kind, Collected* c) {
        char* sentence = NULL;
        int n = c->count > 1 ? asprintf(&sentence, "%s: %s Another %u of your domains need attention too.",
                                        c->domain, c->sentence, c->count - 1)
                             : asprintf(&sentence, "%s: %s", c->domain, c->sentence);
        (void) findings_add(list, (Finding) {
                .id = id_table[kind],
                .severity = (Severity) c->severity,
                .key = id_table[kind],
                .facts = json_pack("{s:s, s:i, s:s}", "domain", c->domain, "count", (int) c->count, "sentence", c->sentence),
                .sentence = n < 0 ? NULL : sentence,
                .fix_operation = "",
                .fix_page = page_keep(m->domain, kind, c->domain),
                .fix_label = "findings.domain.fix",
        });
}

/* Behind somebody's address translation the kernel cannot know what the world sees. */
static void add_private(Manager* m, Findings* list) {
        _cleanup_json_ json_t* ipv4 = domain_addresses(m, /* ipv6= */ false);
        const char* address = json_string_value(json_array_get(ipv4, 0));
        char* sentence = NULL;
        if (!address || !address_is_private(address))
                return;
        if (asprintf(&sentence,
                     "The machine's only IPv4 address, %s, is a private one. Say in the settings at which "
                     "address the world reaches the box.",
                     address) < 0)
                sentence = NULL;
        (void) findings_add(list, (Finding) {
                .id = "domain.private-address",
                .severity = SEVERITY_WARN,
                .key = "domain.private-address",
                .facts = json_pack("{s:s}", "address", address),
                .sentence = sentence,
                .fix_operation = "setting.update",
                .fix_page = "/system/settings",
                .fix_label = "findings.system.show.fix",
        });
}

int domain_findings(Manager* m, Findings* list, Error* reterr) {
        _cleanup_domain_rows_ DomainRows rows = {};
        Collected all[_KIND_MAX] = {};
        int r = m->domain ? store_domain_all(m->store, &rows, reterr) : 0;
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                _cleanup_json_ json_t* summary = NULL;
                r = domain_summary(m, &rows.items[i], &summary, reterr);
                if (r >= 0 && rows.items[i].checked_at > 0)
                        collect(all, &rows.items[i], summary);
        }
        if (r >= 0 && rows.count > 0)
                add_private(m, list);
        for (Kind k = 0; k < _KIND_MAX; k++) {
                if (r >= 0 && all[k].domain && all[k].sentence)
                        add(m, list, k, &all[k]);
                free(all[k].domain);
                free(all[k].sentence);
        }
        return MIN(r, 0);
}
