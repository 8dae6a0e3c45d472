/* What about apps needs attention. */
#include "app/app-internal.h"
#include "app/version.h"
#include "base/format.h"
#include "base/time.h"
#include "catalogue/catalogue.h"
#include <stdio.h>

#define USED_STEPS 20 /* of a limit: facts are this coarse, so that what was put aside does not come back with each megabyte */

/* Takes over facts and sentence. */
static void add(Findings* list, Severity severity, const char* id, json_t* facts, char* sentence, const char* fix_operation, const char* app) {
        (void) findings_add(list, (Finding) {
                .id = id, .severity = severity, .key = id, .facts = facts, .sentence = sentence, .fix_operation = fix_operation,
                .fix_parameters = *fix_operation ? json_pack("{s:s}", "app", app) : NULL, .fix_page = "/apps", .fix_label = "findings.app.show.fix",
                .about = app,
        });
}

static const char* label_of(const char* under) {
        return streq(under, "limits") ? "findings.app.limits.fix" : streq(under, "access") ? "findings.app.access.fix" : "findings.app.files.fix";
}

/* The same, with a button that leads to the part of the app's page where it can be mended. */
static void add_under(Findings* list, Severity severity, const char* id, json_t* facts, char* sentence, const char* under, const char* app) {
        (void) findings_add(list, (Finding) {
                .id = id, .severity = severity, .key = id, .facts = facts, .sentence = sentence, .fix_operation = "", .fix_page = "/apps",
                .fix_under = under, .fix_label = label_of(under), .about = app,
        });
}

static json_t* facts_of(const AppRow* row) {
        return json_pack("{s:s, s:s}", "app", row->id, "title", row->title);
}

static bool disk_stopped(Findings* list, const AppRow* row) {
        _cleanup_json_ json_t* why = app_disk_stopped(row);
        if (!why)
                return false;
        const char* of = strempty(json_get_string(why, "why"));
        bool limit = streq(of, "limit");
        json_t* facts = facts_of(row);
        (void) json_object_update_missing(facts, why);
        (void) json_object_del(facts, "why");
        const char* id = limit ? "app.disk-stopped" : streq(of, "unmeasured") ? "app.disk-unmeasured" : streq(of, "files") ? "app.disk-files" : "app.disk-filled";
        add_under(list, SEVERITY_BAD, id, facts,
                  app_disk_stopped_sentence(row, why), limit ? "limits" : "files", row->id);
        return true;
}

static void state(Manager* m, Findings* list, const AppRow* row, const json_t* manifest, const AppLive* live) {
        const char *word = NULL, *severity = NULL;
        _cleanup_free_ char* sentence = app_sentence(m, row, manifest, live, &word, &severity);
        if (*row->job)
                return; /* somebody is at it */
        if (disk_stopped(list, row))
                return;
        if (streq(severity, "bad") || streq(severity, "warn")) {
                json_t* facts = facts_of(row);
                (void) json_object_set_new(facts, "reason", json_string(strempty(sentence)));
                add(list, streq(severity, "bad") ? SEVERITY_BAD : SEVERITY_WARN, streq(row->state, "broken") ? "app.broken" : "app.failing", facts,
                    format_text("%s: %s", row->title, strempty(sentence)), streq(row->state, "broken") ? "" : "app.restart", row->id);
        }
}

/* The facts do not say when: what was put aside would come back each time that it happens again. */
static void kernel_acted(Findings* list, const AppRow* row, const json_t* manifest, const AppLive* live) {
        int64_t now = now_seconds();
        if (app_limit_was_killed(live, now)) {
                _cleanup_free_ char* why = app_limit_killed(live, manifest);
                json_t* facts = facts_of(row);
                add(list, SEVERITY_WARN, live->limit.machine ? "app.memory-short" : "app.memory-killed", facts,
                    format_text("%s: %s", row->title, strempty(why)), "", row->id);
        }
        if (app_limit_was_refused(live, now)) {
                _cleanup_free_ char* why = app_limit_refused(live);
                json_t* facts = facts_of(row);
                (void) json_object_set_new(facts, "limit", json_integer(live->limit.tasks));
                add(list, SEVERITY_WARN, "app.tasks-limit", facts, format_text("%s: %s", row->title, strempty(why)), "", row->id);
        }
}

static void limits(Findings* list, const AppRow* row, const json_t* manifest, const AppLive* live) {
        int64_t limit = app_disk_limit(row, manifest), used = live ? live->disk_bytes : -1;
        _cleanup_json_ json_t* stopped = app_disk_stopped(row);
        DiskLevel level = stopped ? DISK_FINE : disk_level(used, limit); /* that it was stopped for it is said elsewhere */
        if (level != DISK_FINE) {
                char used_text[24], limit_text[24];
                json_t* facts = facts_of(row);
                app_disk_size_text(used, used_text);
                app_disk_size_text(limit, limit_text);
                (void) json_object_set_new(facts, "used_mb", json_integer((used - used % MAX(limit / USED_STEPS, (int64_t) 1 << 20)) >> 20));
                (void) json_object_set_new(facts, "limit_mb", json_integer(limit >> 20));
                add_under(list, level == DISK_NEAR ? SEVERITY_WARN : SEVERITY_BAD, "app.disk-limit", facts,
                          format_text("%s uses %s of its %s.", row->title, used_text, limit_text), "limits", row->id);
        }
}

/* Its groups may have been removed since somebody chose them. */
static int door(Manager* m, Findings* list, const AppRow* row, Error* reterr) {
        _cleanup_json_ json_t* groups = NULL;
        if (!streq(row->access, "groups"))
                return 0;
        int r = store_app_groups(m->store, row->id, &groups, reterr);
        if (r >= 0 && json_array_size(groups) == 0)
                add_under(list, SEVERITY_WARN, "app.nobody", facts_of(row),
                          format_text("Nobody can open %s: it is for members of groups, and none of its groups is left.", row->title), "access", row->id);
        return MIN(r, 0);
}

/* The earlier of what its package says and what who keeps the catalogue has said since. */
static void care(Manager* m, Findings* list, const AppRow* row, const json_t* manifest) {
        _cleanup_free_ char* told = NULL;
        const char* end = json_get_string(manifest, "end_of_life");
        if (*row->package && catalogue_end_of_life(m, row->source, row->package, &told, NULL) > 0 && (!end || strcmp(told, end) < 0))
                end = told;
        VersionCare left = version_care(end, now_seconds());
        if (left == VERSION_CARED_FOR)
                return;
        bool ended = left == VERSION_CARE_ENDED;
        json_t* facts = facts_of(row);
        (void) json_object_set_new(facts, ended ? "since" : "until", json_string(end));
        if (ended)
                add(list, SEVERITY_BAD, "app.end-of-life", facts, format_text("Nobody cares for %s any more since %s: it gets no more security fixes.", row->title, end), "", row->id);
        else
                add(list, SEVERITY_WARN, "app.end-of-life-soon", facts, format_text("%s is cared for until %s: after that it gets no more security fixes.", row->title, end), "", row->id);
}

static void version(Findings* list, const AppRow* row) {
        bool undecided = *row->held_version && streq(row->held_version, row->version); /* see fresh_failed() in auto.c */
        if (undecided) {
                json_t* facts = facts_of(row);
                (void) json_object_set_new(facts, "version", json_string(row->version));
                (void) json_object_set_new(facts, "reason", json_string(row->reason));
                add(list, SEVERITY_BAD, "app.undecided", facts, format_text("%s", row->reason), "app.rollback", row->id);
        } else if (*row->held_version && row->held_until > now_seconds()) {
                json_t* facts = facts_of(row);
                (void) json_object_set_new(facts, "version", json_string(row->held_version));
                (void) json_object_set_new(facts, "reason", json_string(row->reason));
                add(list, SEVERITY_WARN, "app.update-held", facts, format_text("%s is not updated to %s. %s", row->title, row->held_version, row->reason), "", row->id);
        }
}

int app_findings(Manager* m, Findings* list, Error* reterr) {
        _cleanup_app_rows_ AppRows rows = {};
        int r = m->apps ? store_app_all(m->store, &rows, reterr) : 0;
        for (size_t i = 0; i < rows.count && r >= 0; i++) {
                _cleanup_json_ json_t* manifest = app_manifest_brief(&rows.items[i]);
                const AppLive* live = app_live(m, rows.items[i].id);
                state(m, list, &rows.items[i], manifest, live);
                limits(list, &rows.items[i], manifest, live);
                kernel_acted(list, &rows.items[i], manifest, live);
                care(m, list, &rows.items[i], manifest);
                version(list, &rows.items[i]);
                r = door(m, list, &rows.items[i], reterr);
        }
        return r < 0 || !m->apps ? MIN(r, 0) : app_preset_findings(m, list, reterr);
}
