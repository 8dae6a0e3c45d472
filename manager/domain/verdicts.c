/* Takes what a domain-check job found out: checks every word of it, keeps it, and writes down what changed. */
#include "base/time.h"
#include "base/validate.h"
#include "domain/domain-internal.h"
#include <stdio.h>

#define ITEMS_MAX 500        /* of one message */
#define ROWS_MAX 1000        /* kept of one domain */
#define ID_BYTES 320         /* as domain.ignore takes it */
#define OWNER_BYTES 255
#define SENTENCE_BYTES 1200
#define WORD_BYTES 64
#define VALUES_MAX 64
#define VALUE_BYTES 8192     /* a longer TXT is the worker's to shorten */
#define VALUES_BYTES 32768   /* of one list together */
#define ASKED_MAX 32
#define FACTS_BYTES 8192
#define NAMESERVERS_MAX 32
#define REACHED_MAX 256

static const char* const check_table[] = {
                "a",     "aaaa",     "cname",   "mx",        "txt",    "srv",        "caa",         "spf",
                "dkim",  "dmarc",    "mta-sts", "tls-rpt",   "ptr",    "delegation", "nameservers", "dnssec",
                "proxy", "wildcard", "parking", "blocklist", "port25", NULL,
};
static const char* const part_table[] = { "box", "web", "mail", "zone", NULL };
static const char* const verdict_table[] = {"ok",    "missing",     "different", "wrong",
                                            "waits", "unreachable", "skipped",   NULL};
static const char* const severity_words[] = { "note", "warn", "bad", NULL };
static const char* const dnssec_table[] = { "signed", "unsigned", "bogus", "unknown", NULL };

static int bad(const char* what, Error* reterr) {
        return error_set(reterr, ERROR_BAD_REQUEST, "The check's answer is wrong: %s.", what);
}

static bool in_table(const char* const* table, const char* word) {
        for (size_t i = 0; word && table[i]; i++)
                if (streq(table[i], word))
                        return true;
        return false;
}

static bool text_fits(const char* s, size_t max) {
        return s && strlen(s) <= max && text_valid(s, /* newlines= */ false);
}

static bool word_fits(const char* s) {
        return s && strlen(s) <= WORD_BYTES && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == 0;
}

static bool type_fits(const json_t* type) {
        const char* s = json_string_value(type);
        return !type || json_is_null(type) ||
               (s && *s && strlen(s) <= 16 && s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == 0);
}

static bool optional_text_fits(const json_t* j, size_t max) {
        return !j || json_is_null(j) || text_fits(json_string_value(j), max);
}

static bool values_fit(const json_t* values, size_t count, size_t bytes) {
        size_t i, sum = 0;
        json_t* v;
        if (!json_is_array(values) || json_array_size(values) > count)
                return false;
        json_array_foreach(values, i, v) {
                if (!text_fits(json_string_value(v), bytes))
                        return false;
                sum += json_string_length(v);
        }
        return sum <= VALUES_BYTES;
}

static bool facts_fit(const json_t* facts) {
        _cleanup_free_ char* text = json_is_object(facts) ? json_text(facts, /* canonical= */ false) : NULL;
        const char* key;
        json_t* v;
        if (!text || strlen(text) > FACTS_BYTES)
                return false;
        json_object_foreach((json_t*) facts, key, v)
                if (!word_fits(key) || (json_is_string(v) && !text_valid(json_string_value(v), /* newlines= */ false)) || json_is_object(v))
                        return false;
        return true;
}

static int item_check(const json_t* item, Error* reterr) {
        const char *id = json_get_string(item, "id"), *check = json_get_string(item, "check"),
                   *owner = json_get_string(item, "owner");
        char wanted[ID_BYTES + WORD_BYTES];
        if (!in_table(check_table, check))
                return bad("a check has an unknown name", reterr);
        if (!owner || !*owner || !text_fits(owner, OWNER_BYTES) || owner[strcspn(owner, " \"'<>")])
                return bad("an owner is no name", reterr);
        (void) snprintf(wanted, sizeof(wanted), "%s:%s", check, owner);
        if (!streq_ptr(id, wanted))
                return bad("an id is not made of check and owner", reterr);
        if (!in_table(part_table, json_get_string(item, "part")) ||
            !in_table(verdict_table, json_get_string(item, "verdict")) ||
            !in_table(severity_words, json_get_string(item, "severity")))
                return bad("part, verdict or severity is an unknown word", reterr);
        if (!type_fits(json_object_get(item, "type")))
                return bad("a type is none", reterr);
        if (!values_fit(json_object_get(item, "wanted"), VALUES_MAX, VALUE_BYTES) ||
            !values_fit(json_object_get(item, "now"), VALUES_MAX, VALUE_BYTES) ||
            !values_fit(json_object_get(item, "asked"), ASKED_MAX, OWNER_BYTES))
                return bad("values are too many, too long or not text", reterr);
        if (!text_fits(json_get_string(item, "sentence"), SENTENCE_BYTES) ||
            !optional_text_fits(json_object_get(item, "hint"), SENTENCE_BYTES) ||
            !optional_text_fits(json_object_get(item, "why"), SENTENCE_BYTES))
                return bad("a sentence is too long or not text", reterr);
        if (!word_fits(json_get_string(item, "key")) || !facts_fit(json_object_get(item, "facts")))
                return bad("key or facts are not as agreed", reterr);
        return 0;
}

static int facts_check(const json_t* facts, Error* reterr) {
        const json_t* provider = json_object_get(facts, "provider");
        if (!json_is_object(facts) || !optional_text_fits(json_object_get(facts, "zone"), OWNER_BYTES) ||
            (provider && !json_is_null(provider) && !word_fits(json_string_value(provider))))
                return bad("facts about the zone are not as agreed", reterr);
        const json_t* servers = json_object_get(facts, "nameservers");
        if (servers && !values_fit(servers, NAMESERVERS_MAX, OWNER_BYTES))
                return bad("the zone's servers are not as agreed", reterr);
        if (json_object_get(facts, "reached") && !values_fit(json_object_get(facts, "reached"), REACHED_MAX, OWNER_BYTES))
                return bad("names that were reached are not as agreed", reterr);
        if (json_object_get(facts, "dnssec") && !in_table(dnssec_table, json_get_string(facts, "dnssec")))
                return bad("the state of DNSSEC is an unknown word", reterr);
        return 0;
}

/* The domain's part of the request; NULL when the job was not asked about it. */
static const json_t* request_of(const Job* job, const char* name) {
        size_t i;
        json_t* d;
        json_array_foreach(json_object_get(job->request, "domains"), i, d)
                if (name && streq_ptr(json_get_string(d, "name"), name))
                        return d;
        return NULL;
}

static int question_check(const Job* job, const json_t* question, Error* reterr) {
        const json_t* items = json_object_get(question, "items");
        size_t i;
        json_t* item;
        if (!request_of(job, json_get_string(question, "domain")))
                return bad("it speaks of a domain that was not asked about", reterr);
        if (!json_is_array(items) || json_array_size(items) > ITEMS_MAX)
                return bad("it has no items, or too many", reterr);
        json_array_foreach(items, i, item) {
                int r = item_check(item, reterr);
                if (r < 0)
                        return r;
        }
        return json_get_boolean(question, "done", false) ? facts_check(json_object_get(question, "facts"), reterr) : 0;
}

/* --- keeping --- */

static int by_text(const void* a, const void* b) {
        return strcmp(json_string_value(*(json_t* const*) a), json_string_value(*(json_t* const*) b));
}

/* Servers answer the records of a set in any order (RFC 1034 3.6), which is no change. Owned text. */
static char* values_text(const json_t* values) {
        const json_t* order[VALUES_MAX];
        size_t n = MIN(json_array_size(values), (size_t) VALUES_MAX);
        for (size_t i = 0; i < n; i++)
                order[i] = json_array_get(values, i);
        qsort(order, n, sizeof(order[0]), by_text);
        _cleanup_json_ json_t* sorted = json_array();
        for (size_t i = 0; i < n; i++)
                (void) json_array_append(sorted, (json_t*) order[i]);
        return json_text(sorted, /* canonical= */ false);
}

/* For people: "10 mail.example.com, 20 old.host"; owned. */
static char* values_shown(const char* text) {
        _cleanup_json_ json_t* values = json_loads(strempty(text), 0, NULL);
        char* shown = NULL;
        size_t size = 0, i;
        json_t* v;
        FILE* f = open_memstream(&shown, &size);
        if (!f)
                return NULL;
        json_array_foreach(values, i, v)
                fprintf(f, "%s%s", i ? ", " : "", strempty(json_string_value(v)));
        if (fclose(f) != 0) {
                free(shown);
                return NULL;
        }
        return shown;
}

static json_t* body_of(const json_t* item, bool set) {
        static const char* const kept[] = {
                "check", "part", "owner", "type", "wanted", "severity", "sentence", "hint", "key", "facts", "asked", "why",
        };
        json_t* body = json_object();
        for (size_t i = 0; i < ELEMENTS(kept); i++) {
                json_t* v = json_object_get(item, kept[i]);
                if (v && !json_is_null(v))
                        (void) json_object_set(body, kept[i], v);
        }
        if (set)
                (void) json_object_set_new(body, "set", json_true());
        return body;
}

static bool was_asked_for(const json_t* request, const char* id) {
        size_t i;
        json_t* record;
        json_array_foreach(json_object_get(request, "records"), i, record)
                if (streq_ptr(json_get_string(record, "id"), id))
                        return true;
        return false;
}

/* What is different from the last time. A silent server is no answer, so it is compared with nothing; and what was only put aside before
 * anybody asked (unknown) has no answer to compare with. */
typedef struct Difference {
        bool answer;  /* other values */
        bool verdict; /* another verdict */
} Difference;

static Difference compare(const VerdictRow* old, const char* verdict, const char* now) {
        bool first = !old->id || streq(old->verdict, "unknown") ||
                     (streq(old->verdict, "unreachable") && streq(old->now, "[]"));
        return (Difference) {
                .answer = !first && !streq(verdict, "unreachable") && !streq(old->now, now),
                .verdict = !first && !streq(old->verdict, verdict),
        };
}

static int
note_change(Manager* m,
            int64_t domain_id,
            const json_t* item,
            const VerdictRow* old,
            const char* now,
            Difference d) {
        _cleanup_free_ char *was = values_shown(old->now), *is = values_shown(now);
        const char *owner = json_get_string(item, "owner"), *verdict = json_get_string(item, "verdict"),
                   *id = json_get_string(item, "id");
        const char* what = json_get_string(item, "type") ?: json_get_string(item, "check");
        if (!was || !is)
                return -ENOMEM;
        if (d.answer)
                return domain_history_add(
                                m, domain_id, "answer", id, was, is, NULL, "%s of %s: %s, was %s.", what,
                                owner, *is ? is : "no record", *was ? was : "no record");
        return domain_history_add(
                        m, domain_id, "answer", id, old->verdict, verdict, NULL, "%s of %s: %s, was %s.",
                        what, owner, verdict, old->verdict);
}

/* Put aside until what the world answers changes. */
static bool stays_ignored(const VerdictRow* old, const char* verdict, Difference d) {
        if (d.answer)
                return false;
        return !d.verdict || streq(verdict, "unreachable") || streq(old->verdict, "unreachable");
}

static int
item_keep(Manager* m,
          const DomainRow* domain,
          const json_t* request,
          const json_t* item,
          int64_t now,
          bool* changed,
          Error* reterr) {
        _cleanup_verdict_row_ VerdictRow old = {};
        const char *id = json_get_string(item, "id"), *verdict = json_get_string(item, "verdict");
        _cleanup_free_ char* values = values_text(json_object_get(item, "now"));
        _cleanup_json_ json_t* body = body_of(item, was_asked_for(request, id));
        _cleanup_free_ char* text = json_text(body, /* canonical= */ false);
        if (!values || !text)
                return error_errno(reterr, -ENOMEM, "Cannot keep what the world answers");
        int r = store_verdict_get(m->store, domain->id, id, &old, reterr);
        if (r < 0)
                return r;
        Difference d = compare(&old, verdict, values);
        bool silent = streq(verdict, "unreachable") && old.id;
        VerdictRow row = {
                .id = (char*) id,
                .verdict = (char*) verdict,
                .now = silent ? old.now : values, /* what it last said still is the last that is known */
                .body = text,
                .ignored = old.ignored && stays_ignored(&old, verdict, d) ? old.ignored : NULL,
                .checked_at = now,
                .since = old.id && !d.answer && !streq(old.verdict, "unknown") ? old.since : now,
        };
        r = store_verdict_put(m->store, domain->id, &row, reterr);
        if (r >= 0 && (d.answer || d.verdict)) {
                *changed = true;
                r = note_change(m, domain->id, item, &old, values, d);
        }
        *changed |= !old.id;
        return MIN(r, 0);
}

/* Certificates are fetched for them, so only names that were asked about count. */
static json_t* reached_of(const json_t* reached, const json_t* names) {
        json_t* kept = json_array();
        size_t i, k;
        json_t *r, *name;
        json_array_foreach(reached, i, r)
                json_array_foreach(names, k, name)
                        if (json_equal(r, name))
                                (void) json_array_append(kept, r);
        return kept;
}

static json_t* facts_of(const json_t* facts, const json_t* names) {
        static const char* const kept[] = { "zone", "nameservers", "provider", "dnssec", "leads_here" };
        json_t* result = json_object();
        for (size_t i = 0; i < ELEMENTS(kept); i++) {
                json_t* v = json_object_get(facts, kept[i]);
                if (v)
                        (void) json_object_set(result, kept[i], v);
        }
        (void) json_object_set_new(result, "reached", reached_of(json_object_get(facts, "reached"), names));
        return result;
}

/* --- what lived there --- */

typedef struct Living {
        const char* domain;
        json_t *web, *mail; /* owned objects, NULL = nothing */
} Living;

static int living_each(const VerdictRow* row, void* userdata) {
        Living* l = userdata;
        _cleanup_json_ json_t *body = json_loads(row->body, 0, NULL), *now = json_loads(row->now, 0, NULL);
        const char *part = strempty(json_get_string(body, "part")), *owner = strempty(json_get_string(body, "owner"));
        bool mail = streq(part, "mail");
        json_t** slot = mail ? &l->mail : streq(part, "web") ? &l->web : NULL;
        if (!streq(row->verdict, "waits") || !slot || (mail && !streq(strempty(json_get_string(body, "check")), "mx")))
                return 0;
        if (*slot && !streq(owner, l->domain)) /* of the website's names the domain itself tells most */
                return 0;
        json_decref(*slot);
        *slot = json_pack("{s:s, s:O, s:b, s:s}", "owner", owner, mail ? "hosts" : "addresses", now, "here", 0, "sentence",
                          strempty(json_get_string(body, "sentence")));
        return 0;
}

/* Whoever added the domain without a look at it is told by the first check what lives there. */
static int existing_keep(Manager* m, const DomainRow* domain, Error* reterr) {
        Living l = { .domain = domain->name };
        if (domain->checked_at > 0 || !streq(domain->existing, "{}"))
                return 0;
        int r = store_verdict_each(m->store, domain->id, living_each, &l, reterr);
        _cleanup_json_ json_t* existing =
                        json_pack("{s:o, s:o}", "web", l.web ?: json_null(), "mail", l.mail ?: json_null());
        _cleanup_free_ char* text = existing ? json_text(existing, /* canonical= */ true) : NULL;
        if (r >= 0 && text)
                r = store_domain_existing_set(m->store, domain->id, text, reterr);
        return r;
}

static int
done_keep(Manager* m,
          const Job* job,
          const DomainRow* domain,
          const json_t* facts,
          VerdictsNews* news,
          Error* reterr) {
        _cleanup_json_ json_t* kept = facts_of(facts, json_object_get(request_of(job, domain->name), "names"));
        _cleanup_free_ char* text = json_text(kept, /* canonical= */ true);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot keep what the world answers");
        int r = store_domain_checked(m->store, domain->id, text, now_seconds(), reterr);
        if (r >= 0) /* what this whole check did not speak of is of no interest any more */
                r = store_verdict_drop_older(
                                m->store, domain->id,
                                MAX(json_get_integer(job->request, "asked_at", 1), (int64_t)1), reterr);
        if (r >= 0)
                r = existing_keep(m, domain, reterr);
        news->done = true;
        _cleanup_json_ json_t* before = json_loads(domain->facts, JSON_REJECT_DUPLICATES, NULL);
        if (!json_equal(json_object_get(before, "reached"), json_object_get(kept, "reached"))) /* certificates may be had for other names */
                news->changed = true;
        if (r < 0 || !json_is_true(json_object_get(facts, "leads_here")) || streq(domain->state, "proven"))
                return MIN(r, 0);
        return domain_prove(m, domain, "The box's name in it was seen to lead here.", reterr) < 0
                               ? -EIO
                               : (news->proven = true, 0);
}

static int count_each(const VerdictRow* row, void* userdata) {
        return ++*(unsigned*) userdata > ROWS_MAX ? -ENOBUFS : 0;
}

int verdicts_take(Manager* m, const Job* job, const json_t* question, VerdictsNews* ret, Error* reterr) {
        _cleanup_domain_row_ DomainRow domain = {};
        const char* name = json_get_string(question, "domain");
        VerdictsNews news = {};
        unsigned rows = 0;
        size_t i;
        json_t* item;
        int r = question_check(job, question, reterr);
        if (r >= 0)
                r = store_domain_get(m->store, name, &domain, reterr);
        if (r <= 0) { /* removed while it was asked about: nobody wants to know any more */
                *ret = news;
                return r;
        }
        news.id = domain.id;
        rows = (unsigned) json_array_size(json_object_get(question, "items"));
        r = store_verdict_each(m->store, domain.id, count_each, &rows, NULL);
        if (r < 0)
                return bad("it speaks of more and more records", reterr);
        json_array_foreach(json_object_get(question, "items"), i, item) {
                r = item_keep(m, &domain, request_of(job, name), item, now_seconds(), &news.changed, reterr);
                if (r < 0)
                        return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot keep what the world answers");
        }
        if (json_get_boolean(question, "done", false))
                r = done_keep(m, job, &domain, json_object_get(question, "facts"), &news, reterr);
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot keep what the world answers");
        *ret = news;
        return 0;
}
