#include "finding/finding.h"
#include "base/time.h"
#include "daemon/nouns.h"
#include "store/store-finding.h"
#include <stdio.h>

#define FINDINGS_MAX 64
#define IGNORE_DAYS 30

struct Findings {
        Finding items[FINDINGS_MAX];
        size_t count;
};

struct FindingMemory {
        json_t* since; /* {"id":seconds} */
};

static void finding_done(Finding* f) {
        json_decref(f->facts);
        json_decref(f->fix_parameters);
        free(f->sentence);
        free(f->own_id);
        free(f->own_page);
        *f = (Finding) {};
}

static void findings_done(Findings* list) {
        for (size_t i = 0; i < list->count; i++)
                finding_done(&list->items[i]);
}

/* Several findings of one kind are told apart, so that one can be put aside without the others. */
static bool tell_apart(Finding* f) {
        if (asprintf(&f->own_id, "%s:%s", f->id, f->about) < 0)
                f->own_id = NULL;
        if (asprintf(&f->own_page, "%s/%s%s%s", strempty(f->fix_page), f->about, f->fix_under ? "/" : "", strempty(f->fix_under)) < 0)
                f->own_page = NULL;
        f->id = f->own_id;
        f->fix_page = f->own_page;
        return f->own_id && f->own_page;
}

int findings_add(Findings* list, Finding finding) {
        finding.own_id = finding.own_page = NULL;
        if (list->count == FINDINGS_MAX || !finding.sentence || (finding.about && !tell_apart(&finding))) {
                finding_done(&finding);
                return -ENOBUFS;
        }
        list->items[list->count++] = finding;
        return 0;
}

FindingMemory* finding_memory_free(FindingMemory* f) {
        if (f)
                json_decref(f->since);
        free(f);
        return NULL;
}

static int worse_first(const void* a, const void* b) {
        const Finding *x = a, *y = b;
        return x->severity != y->severity ? (int) y->severity - (int) x->severity : strcmp(x->id, y->id);
}

static int collect(Manager* m, Findings* list, Error* reterr) {
        for (size_t i = 0; noun_table[i]; i++)
                if (noun_table[i]->findings) {
                        int r = noun_table[i]->findings(m, list, reterr);
                        if (r < 0)
                                return r;
                }
        qsort(list->items, list->count, sizeof(Finding), worse_first);
        return 0;
}

/* The table at first, then what this process saw. */
static json_t* memory(Manager* m) {
        if (!m->finding_memory) {
                m->finding_memory = calloc(1, sizeof(FindingMemory));
                if (!m->finding_memory)
                        return NULL;
                if (store_finding_since(m->store, &m->finding_memory->since, NULL) < 0)
                        m->finding_memory->since = json_object();
        }
        return m->finding_memory->since;
}

static int64_t since_of(Manager* m, const char* id) {
        json_t* since = memory(m);
        if (!json_object_get(since, id))
                (void) json_object_set_new(since, id, json_integer(now_seconds()));
        return json_get_integer(since, id, 0);
}

static char* facts_text(const Finding* f) {
        return f->facts ? json_text(f->facts, /* canonical= */ true) : strdup("{}");
}

static int64_t ignored_until(const Finding* f, const json_t* ignored) {
        const json_t* entry = json_object_get(ignored, f->id);
        _cleanup_free_ char* facts = facts_text(f);
        return entry && streq_ptr(facts, json_get_string(entry, "facts")) ? json_get_integer(entry, "until", 0) : 0;
}

static json_t* finding_json(Manager* m, const Finding* f, const json_t* ignored) {
        static const char* const severity[] = { [SEVERITY_NOTE] = "note", [SEVERITY_WARN] = "warn", [SEVERITY_BAD] = "bad" };
        return json_pack("{s:s,s:s,s:s,s:O,s:s,s:I,s:{s:s,s:O,s:s,s:s},s:o}", "id", f->id, "severity", severity[f->severity], "key", f->key,
                         "facts", f->facts, "sentence", f->sentence, "since", (json_int_t) since_of(m, f->id), "fix", "operation",
                         strempty(f->fix_operation), "parameters", f->fix_parameters, "page", strempty(f->fix_page), "label",
                         strempty(f->fix_label), "ignored_until", json_time_or_null(ignored_until(f, ignored)));
}

json_t* finding_list(Manager* m, Error* reterr) {
        _cleanup_(findings_done) Findings list = {};
        _cleanup_json_ json_t* ignored = NULL;
        _cleanup_json_ json_t* items = json_array();
        if (collect(m, &list, reterr) < 0 || store_finding_ignored(m->store, now_seconds(), &ignored, reterr) < 0)
                return NULL;
        for (size_t i = 0; i < list.count; i++) {
                Finding* f = &list.items[i];
                f->facts = f->facts ?: json_object();
                f->fix_parameters = f->fix_parameters ?: json_object();
                (void) json_array_append_new(items, finding_json(m, f, ignored));
        }
        return TAKE_PTR(items);
}

int finding_ignore(Manager* m, const char* id, int64_t days, const char* reason, const Actor* actor, Error* reterr) {
        _cleanup_(findings_done) Findings list = {};
        int r = collect(m, &list, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < list.count; i++) {
                if (!streq(list.items[i].id, id))
                        continue;
                if (days == 0)
                        return store_finding_show(m->store, id, reterr);
                list.items[i].facts = list.items[i].facts ?: json_object();
                _cleanup_free_ char* facts = facts_text(&list.items[i]);
                return store_finding_ignore(m->store, id, strempty(facts), strempty(reason),
                                            now_seconds() + (days < 0 ? IGNORE_DAYS : days) * 86400, *actor->username ? actor->username : actor->name, reterr);
        }
        return error_set(reterr, ERROR_NOT_FOUND, "There is no such finding; perhaps it was mended meanwhile.");
}

int finding_remember(Manager* m, Error* reterr) {
        _cleanup_(findings_done) Findings list = {};
        int r = collect(m, &list, reterr);
        if (r < 0)
                return r;
        json_t* standing = json_object();
        for (size_t i = 0; i < list.count; i++)
                (void) json_object_set_new(standing, list.items[i].id, json_integer(since_of(m, list.items[i].id)));
        if (!m->finding_memory) {
                json_decref(standing);
                return error_errno(reterr, -ENOMEM, "Cannot remember findings");
        }
        json_decref(m->finding_memory->since);
        m->finding_memory->since = standing;
        return store_finding_since_set(m->store, standing, reterr);
}
