/* A domain's records, now and as they should be: what is wanted laid beside what the last check said. Reads only. */
#include "domain/domain-internal.h"
#include "store/store-user.h"
#include <stdio.h>

typedef struct Tally {
        unsigned records, ok;      /* wanted and counted; of them right */
        unsigned broken;           /* whatever counts against the domain */
        unsigned waiting, unknown;
        unsigned silent;           /* nobody answered about these: at most a warning, and nothing to mend there */
        json_t* silent_first;      /* borrowed, as worst; delegation where that is among them, for it explains the others */
        int severity;              /* -1 = nothing is broken */
        json_t* worst;             /* delegation before all others of its severity */
} Tally;

typedef struct Merge {
        Manager* m;
        json_t* verdicts;          /* {id: body with verdict, now, ignored, checked_at, since} */
        json_t* items;             /* array of DomainRecord */
        Tally tally;
} Merge;

static json_t* parse(const char* text) {
        return text ? json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL) : NULL;
}

static int on_verdict(const VerdictRow* row, void* userdata) {
        json_t* body = parse(row->body);
        json_t* now = parse(row->now);
        if (!json_is_object(body)) {
                json_decref(body);
                body = json_object();
        }
        (void) json_object_set_new(body, "verdict", json_string(row->verdict));
        (void) json_object_set_new(body, "now", json_is_array(now) ? json_incref(now) : json_array());
        (void) json_object_set_new(body, "checked_at", json_time_or_null(row->checked_at));
        (void) json_object_set_new(body, "since", json_time_or_null(row->since));
        (void) json_object_set_new(body, "ignored", parse(row->ignored) ?: json_null());
        json_decref(now);
        return json_object_set_new(userdata, row->id, body) < 0 ? -ENOMEM : 0;
}

/* Actors are kept by number where they are people, so that they can be erased. */
static json_t* ignored_json(Manager* m, const json_t* ignored) {
        _cleanup_(user_freep) User* u = NULL;
        int64_t id = json_get_integer(ignored, "actor_id", 0);
        const char* actor = json_get_string(ignored, "actor");
        if (!json_is_object(ignored))
                return json_null();
        if (id > 0 && store_user_by_id(m->store, id, &u, NULL) > 0)
                actor = u->username;
        return json_pack(
                        "{s:s, s:s, s:I}", "reason", strempty(json_get_string(ignored, "reason")), "actor",
                        strempty(actor), "at", (json_int_t) json_get_integer(ignored, "at", 0));
}

static const char* const severity_table[] = { [SEVERITY_NOTE] = "note", [SEVERITY_WARN] = "warn", [SEVERITY_BAD] = "bad" };

const char* severity_to_string(int severity) {
        return severity < 0 ? "ok" : severity_table[severity];
}

int severity_from_string(const char* s) {
        for (int i = 0; s && i < (int) ELEMENTS(severity_table); i++)
                if (streq(s, severity_table[i]))
                        return i;
        return -1;
}

static bool is_wrong(const char* verdict) {
        return streq(verdict, "missing") || streq(verdict, "different") || streq(verdict, "wrong");
}

static bool is_delegation(const json_t* item) {
        return streq(strempty(json_get_string(item, "check")), "delegation");
}

static void tally_counted(Tally* t, json_t* item, const char* verdict) {
        int severity = severity_from_string(json_get_string(item, "severity"));
        if (!is_wrong(verdict)) { /* a server that did not answer says nothing about records */
                t->silent++;
                if (!t->silent_first || is_delegation(item))
                        t->silent_first = item;
                return;
        }
        t->broken++;
        if (severity > t->severity || (severity == t->severity && is_delegation(item))) {
                t->severity = severity;
                t->worst = item;
        }
}

static void tally(Tally* t, json_t* item, bool wanted) {
        const char* verdict = strempty(json_get_string(item, "verdict"));
        bool aside = streq(verdict, "waits") || streq(verdict, "skipped") || !json_is_null(json_object_get(item, "ignored"));
        t->waiting += streq(verdict, "waits");
        t->unknown += streq(verdict, "unknown");
        if (wanted && !aside) {
                t->records++;
                t->ok += streq(verdict, "ok");
        }
        if (json_is_true(json_object_get(item, "counts")))
                tally_counted(t, item, verdict);
}

static bool same_values(const json_t* a, const json_t* b) {
        size_t i, k;
        json_t *x, *y;
        if (json_array_size(a) != json_array_size(b))
                return false;
        json_array_foreach(a, i, x) {
                bool found = false;
                json_array_foreach(b, k, y)
                        found |= json_equal(x, y);
                if (!found)
                        return false;
        }
        return true;
}

/* Takes over what is set in item; fills the rest from the verdict, which may be NULL. */
static int item_add(Merge* g, json_t* item, const json_t* verdict, bool wanted) {
        static const char* const copied[] = { "now", "asked", "facts", "checked_at", "since" };
        for (size_t i = 0; i < ELEMENTS(copied); i++) {
                json_t* value = json_object_get(verdict, copied[i]);
                if (!value)
                        value = i < 2 ? json_array() : i == 2 ? json_object() : json_null();
                else
                        json_incref(value);
                (void) json_object_set_new(item, copied[i], value);
        }
        json_t* ignored = ignored_json(g->m, json_object_get(verdict, "ignored"));
        const char* v = strempty(json_get_string(item, "verdict"));
        bool counts = (is_wrong(v) || streq(v, "unreachable")) && json_is_null(ignored);
        (void) json_object_set_new(item, "ignored", ignored);
        (void) json_object_set_new(item, "counts", json_boolean(counts));
        if (json_array_append_new(g->items, item) < 0)
                return -ENOMEM;
        tally(&g->tally, item, wanted);
        return 0;
}

/* What is said instead of the last verdict where that no longer fits. */
typedef struct Instead {
        const char* verdict;
        const char* key;
        char sentence[600];
} Instead;

static bool instead_of(const WantedSet* s, const json_t* verdict, Instead* ret) {
        const char* v = strempty(json_get_string(verdict, "verdict"));
        if (!verdict || streq(v, "unknown")) {
                *ret = (Instead) { "unknown", "unknown", "" };
                (void) snprintf(ret->sentence, sizeof(ret->sentence),
                               "The %s record of %s has not been asked for yet.", s->type, s->owner);
                return true;
        }
        if (!same_values(json_object_get(verdict, "wanted"), s->values)) {
                *ret = (Instead) { "unknown", "changed", "" };
                (void) snprintf(ret->sentence, sizeof(ret->sentence),
                               "The %s record of %s should have another value since the last check; it is "
                               "asked again soon.",
                               s->type, s->owner);
                return true;
        }
        if (streq(v, "waits") && !s->hold) {
                *ret = (Instead) { "unknown", "switched", "" };
                (void) snprintf(ret->sentence, sizeof(ret->sentence),
                               "The %s record of %s counts since the switch; it is asked again soon.",
                               s->type, s->owner);
                return true;
        }
        if (streq(v, "missing") && s->waits) {
                *ret = (Instead) { "waits", "waits-part", "" };
                (void) snprintf(ret->sentence, sizeof(ret->sentence),
                               "The %s record of %s waits, because %s for the domain lives elsewhere until "
                               "it is switched.",
                               s->type, s->owner, streq(s->part, "mail") ? "mail" : "the website");
                return true;
        }
        return false;
}

static int add_set(Merge* g, const WantedSet* s) {
        json_t* verdict = json_object_get(g->verdicts, s->id);
        Instead instead = {};
        bool replaced = instead_of(s, verdict, &instead);
        const char* severity = replaced ? severity_to_string((int) s->severity)
                                        : strempty(json_get_string(verdict, "severity"));
        json_t* facts = json_pack("{s:s, s:s, s:s}", "owner", s->owner, "type", s->type, "part", s->part);
        json_t* item = json_pack(
                        "{s:s, s:s, s:s, s:s, s:s, s:O, s:s, s:s, s:s, s:s, s:o, s:s}", "id", s->id, "check",
                        s->check, "part", s->part, "owner", s->owner, "type", s->type, "wanted", s->values,
                        "verdict", replaced ? instead.verdict : json_get_string(verdict, "verdict"),
                        "severity", severity, "why", s->why, "sentence",
                        replaced ? instead.sentence : strempty(json_get_string(verdict, "sentence")), "hint",
                        json_string_or_null(replaced ? NULL : json_get_string(verdict, "hint")), "key",
                        replaced ? instead.key : strempty(json_get_string(verdict, "key")));
        if (!item) {
                json_decref(facts);
                return -ENOMEM;
        }
        int r = item_add(g, item, verdict, /* wanted= */ json_array_size(s->values) > 0);
        if (r >= 0 && replaced)
                (void) json_object_set(item, "facts", facts);
        json_decref(facts);
        (void) json_object_del(g->verdicts, s->id);
        return r;
}

/* A check that is about no wanted record, such as delegation. Those that were judged as wanted records and no longer are wanted are
 * of no interest; the next whole check forgets them. */
static int add_other(Merge* g, const char* id, json_t* verdict) {
        if (json_is_true(json_object_get(verdict, "set")))
                return 0;
        json_t* type = json_object_get(verdict, "type") ?: json_null();
        json_t* item =
                        json_pack("{s:s, s:s, s:s, s:s, s:O, s:o, s:s, s:s, s:s, s:s, s:o, s:s}", "id", id,
                                  "check", strempty(json_get_string(verdict, "check")), "part",
                                  strempty(json_get_string(verdict, "part")), "owner",
                                  strempty(json_get_string(verdict, "owner")), "type", type, "wanted",
                                  json_incref(json_object_get(verdict, "wanted")) ?: json_array(), "verdict",
                                  strempty(json_get_string(verdict, "verdict")), "severity",
                                  strempty(json_get_string(verdict, "severity")), "why",
                                  strempty(json_get_string(verdict, "why")), "sentence",
                                  strempty(json_get_string(verdict, "sentence")), "hint",
                                  json_string_or_null(json_get_string(verdict, "hint")), "key",
                                  strempty(json_get_string(verdict, "key")));
        return item ? item_add(g, item, verdict, /* wanted= */ false) : -ENOMEM;
}

static int merge(Merge* g, const DomainRow* row, Error* reterr) {
        _cleanup_wanted_records_ WantedRecords wanted = {};
        const char* id;
        json_t* verdict;
        g->verdicts = json_object();
        g->items = json_array();
        g->tally.severity = -1;
        int r = domain_wanted(g->m, row, &wanted, reterr);
        if (r >= 0)
                r = store_verdict_each(g->m->store, row->id, on_verdict, g->verdicts, reterr);
        for (size_t i = 0; i < wanted.count && r >= 0; i++)
                r = add_set(g, &wanted.sets[i]);
        json_object_foreach(g->verdicts, id, verdict)
                r = r < 0 ? r : add_other(g, id, verdict);
        return r < 0 && !error_is_set(reterr) ? error_errno(reterr, r, "Cannot list the records of %s", row->name) : r;
}

static void merge_done(Merge* g) {
        json_decref(g->verdicts);
        json_decref(g->items);
}

/* --- worst first --- */

static int rank(const json_t* item) {
        static const char* const calm[] = {"ok",          "skipped", "waits",     "unknown",
                                           "unreachable", "missing", "different", "wrong"};
        const char* verdict = strempty(json_get_string(item, "verdict"));
        if (json_is_true(json_object_get(item, "counts")) && is_wrong(verdict))
                return 100 + 2 * severity_from_string(json_get_string(item, "severity")) + is_delegation(item);
        for (int i = 0; i < (int) ELEMENTS(calm); i++)
                if (streq(verdict, calm[i]))
                        return i;
        return 0;
}

static int worse_first(const void* a, const void* b) {
        const json_t *x = *(json_t* const*) a, *y = *(json_t* const*) b;
        int r = rank(y) - rank(x);
        return r ? r : strcmp(strempty(json_get_string(x, "id")), strempty(json_get_string(y, "id")));
}

static json_t* sorted(const json_t* items) {
        size_t n = json_array_size(items);
        _cleanup_free_ json_t** order = calloc(MAX(n, (size_t) 1), sizeof(json_t*));
        json_t* result = json_array();
        for (size_t i = 0; order && i < n; i++)
                order[i] = json_array_get(items, i);
        if (order)
                qsort(order, n, sizeof(json_t*), worse_first);
        for (size_t i = 0; order && i < n; i++)
                (void) json_array_append(result, order[i]);
        return result;
}

int domain_records(Manager* m, const DomainRow* row, json_t** ret, Error* reterr) {
        _cleanup_(merge_done) Merge g = { .m = m };
        int r = merge(&g, row, reterr);
        if (r < 0)
                return r;
        *ret = sorted(g.items);
        return 0;
}

int domain_record(Manager* m, const DomainRow* row, const char* id, json_t** ret, Error* reterr) {
        _cleanup_(merge_done) Merge g = { .m = m };
        size_t i;
        json_t* item;
        int r = merge(&g, row, reterr);
        if (r < 0)
                return r;
        json_array_foreach(g.items, i, item)
                if (streq_ptr(json_get_string(item, "id"), id)) {
                        *ret = json_incref(item);
                        return 0;
                }
        (void) error_set(reterr, ERROR_NOT_FOUND, "%s has no record called %.100s.", row->name, id);
        return error_hint(reterr, "The records' ids stand in the answer of domain.records.");
}

/* --- in short --- */

static char* summary_sentence(const DomainRow* row, const Tally* t) {
        char* text = NULL;
        int n;
        if (t->broken > 1)
                n = asprintf(&text, "%s And %u more.", strempty(json_get_string(t->worst, "sentence")), t->broken - 1);
        else if (t->broken == 1)
                n = asprintf(&text, "%s", strempty(json_get_string(t->worst, "sentence")));
        else if (t->silent > 0)
                n = asprintf(&text, t->silent > 1 ? "%s So it is with %u others." : "%s",
                             strempty(json_get_string(t->silent_first, "sentence")), t->silent - 1);
        else if (row->checked_at == 0)
                n = asprintf(&text, "The world has not been asked about %s yet.", row->name);
        else if (t->unknown > 0)
                n = asprintf(&text, "%u of its records have not been asked for yet.", t->unknown);
        else if (t->waiting > 0)
                n = asprintf(&text, "Everything is as it should be; %u wait for the switch.", t->waiting);
        else
                n = asprintf(&text, "Everything is as it should be.");
        return n < 0 ? NULL : text;
}

static json_t* summarise(const DomainRow* row, const Tally* t) {
        _cleanup_free_ char* sentence = summary_sentence(row, t);
        int severity = t->silent > 0 ? MAX(t->severity, (int) SEVERITY_WARN) : t->severity;
        return json_pack(
                        "{s:i, s:i, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "records", (int) t->records, "ok",
                        (int) t->ok, "severity", severity_to_string(severity), "sentence", strempty(sentence),
                        "broken", (int) t->broken, "worst_severity", severity_to_string(t->severity), "worst",
                        strempty(json_get_string(t->worst, "id")), "worst_check",
                        strempty(json_get_string(t->worst, "check")), "worst_part",
                        strempty(json_get_string(t->worst, "part")));
}

/* Lists and findings ask again and again; what was made of rows that did not change is kept. Never inside a transaction, whose rows may
 * not come to stay. */
int domain_summary(Manager* m, const DomainRow* row, json_t** ret, Error* reterr) {
        char key[32];
        (void) snprintf(key, sizeof(key), "%lld", (long long) row->id);
        bool keep = m->domain && !store_in_transaction(m->store);
        json_t* known = keep ? json_object_get(m->domain->summaries, key) : NULL;
        if (known) {
                *ret = json_incref(known);
                return 0;
        }
        _cleanup_(merge_done) Merge g = { .m = m };
        int r = merge(&g, row, reterr);
        if (r < 0)
                return r;
        json_t* summary = summarise(row, &g.tally);
        if (!summary)
                return error_errno(reterr, -ENOMEM, "Cannot describe a domain");
        if (keep && !m->domain->summaries)
                m->domain->summaries = json_object();
        if (keep)
                (void) json_object_set(m->domain->summaries, key, summary);
        *ret = summary;
        return 0;
}
