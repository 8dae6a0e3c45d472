/* What about sources of apps needs attention: those that cannot be fetched, and those whose index has run out. */
#include "base/time.h"
#include "catalogue/catalogue-internal.h"
#include <stdio.h>
#include <time.h>

#define PATIENCE_SEC (2 * 86400) /* a source may be away for a while */

static void add(Findings* list, Severity severity, const char* id, const CatalogueSourceRow* row, json_t* facts, const char* format) {
        char* sentence = NULL;
        const char* name = isempty(row->name) ? row->id : row->name;
        (void) json_object_set_new(facts, "name", json_string(name));
        (void) json_object_set_new(facts, "source", json_string(row->id));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        if (asprintf(&sentence, format, name) < 0) /* a constant of below */
                sentence = NULL;
#pragma GCC diagnostic pop
        (void) findings_add(list, (Finding) { .id = id, .severity = severity, .key = id, .facts = facts, .sentence = sentence,
                                              .fix_operation = "catalogue.refresh", .fix_page = "/catalogue/-/sources",
                                              .fix_label = "findings.catalogue.fix", .about = row->id });
}

static void look(Findings* list, const CatalogueSourceRow* row, int64_t now) {
        if (row->expires_at > 0 && row->expires_at < now) {
                char day[16] = "";
                struct tm tm;
                time_t at = (time_t) row->expires_at;
                if (gmtime_r(&at, &tm))
                        (void) strftime(day, sizeof(day), "%Y-%m-%d", &tm);
                add(list, SEVERITY_WARN, "catalogue.expired", row, json_pack("{s:s, s:s}", "day", day, "error", row->error),
                    "The list of apps of %s has run out: whoever makes it has not said anything new in time.");
        } else if (!isempty(row->error))
                add(list, row->fetched_at + PATIENCE_SEC < now ? SEVERITY_WARN : SEVERITY_NOTE, "catalogue.failing", row, json_pack("{s:s}", "error", row->error),
                    "The list of apps of %s cannot be fetched.");
}

int catalogue_findings(Manager* m, Findings* list, Error* reterr) {
        CatalogueSourceRow* rows = NULL;
        size_t n = 0;
        int r = store_catalogue_source_all(m->store, &rows, &n, reterr);
        for (size_t i = 0; r >= 0 && i < n; i++)
                look(list, &rows[i], now_seconds());
        catalogue_source_rows_free(rows, n);
        return MIN(r, 0);
}
