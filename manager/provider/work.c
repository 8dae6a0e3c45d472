#include "provider/work.h"
#include "base/secret.h"
#include "base/time.h"
#include "provider/plan.h"
#include "provider/record.h"
#include <stdio.h>

#define TTL 600        /* seconds: an address that changes is seen soon */
#define TTL_PROOF 60   /* of values that live for minutes */
#define OWNERS_MAX 500
#define CONFIRMS 5     /* looks until what was accepted must be there; some providers carry out later than they answer */
#define CONFIRM_USEC USEC_PER_SEC
#define TEST_LABEL "_steadbox-test"

typedef struct Work {
        const json_t* request;
        const ProviderOptions* options;
        const WorkEvents* events;
        Provider* provider;
} Work;

static void progress(const Work* w, const char* stage, int percent, const char* sentence) {
        w->events->progress(stage, percent, sentence, w->events->userdata);
}

static void pause_for(const Work* w, uint64_t usec) {
        if (w->options->wait)
                (void) w->options->wait(usec, w->options->userdata);
        else
                (void) usleep((useconds_t) usec);
}

static bool cancelled(const Work* w) {
        return w->options->cancelled && w->options->cancelled(w->options->userdata);
}

static int open_provider(Work* w, Error* reterr) {
        const char *kind = json_get_string(w->request, "kind"), *domain = json_get_string(w->request, "domain");
        const ProviderClass* class = provider_find(kind);
        if (!class || !domain)
                return error_set(reterr, ERROR_BAD_REQUEST, "The request names no provider that this release knows.");
        progress(w, "read", 5, "Looking for the zone");
        return provider_new(class, domain, w->options, &w->provider, reterr);
}

/* --- one set --- */

static int read_set(Work* w, const char* owner, const char* type, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* sets = NULL;
        int r = provider_read(w->provider, &owner, 1, &sets, reterr);
        if (r >= 0)
                *ret = json_incref(record_sets_find(sets, owner, type)) ?: json_array();
        return r;
}

/* Looks until value is there, or gone; 0 = it is so, -EAGAIN = it never was. */
static int confirm_value(Work* w, const char* owner, const char* value, bool there, Error* reterr) {
        for (unsigned i = 0; i < CONFIRMS; i++) {
                _cleanup_json_ json_t* values = NULL;
                int r = read_set(w, owner, "TXT", &values, reterr);
                if (r < 0)
                        return r;
                if (json_list_has(values, value) == there)
                        return 0;
                pause_for(w, CONFIRM_USEC);
        }
        return -EAGAIN;
}

/* --- put, drop --- */

static int change_txt(Work* w, const char* owner, const char* value, bool drop, Error* reterr) {
        _cleanup_json_ json_t *values = NULL, *next = json_array();
        size_t i;
        json_t* v;
        int r = read_set(w, owner, "TXT", &values, reterr);
        if (r < 0)
                return r;
        if (json_list_has(values, value) != drop)
                return 0; /* an earlier run of ours did it */
        json_array_foreach(values, i, v)
                if (!streq(json_string_value(v), value))
                        (void) json_array_append(next, v);
        if (!drop)
                (void) json_array_append_new(next, json_string(value));
        return provider_write(w->provider, owner, "TXT", next, TTL_PROOF, reterr);
}

static int run_txt(Work* w, bool drop, json_t** ret, Error* reterr) {
        const char *text = json_get_string(w->request, "value"), *name = json_get_string(w->request, "owner");
        char owner[RECORD_NAME_BYTES];
        _cleanup_free_ char* value = NULL;
        if (!text || !name || !record_name_parse(name, owner) || record_value_parse("TXT", text, NULL, &value) < 0)
                return error_set(reterr, ERROR_BAD_REQUEST, "The request needs a name and a text.");
        progress(w, "write", 40, drop ? "Removing the proof" : "Writing the proof");
        int r = change_txt(w, owner, value, drop, reterr);
        if (r < 0)
                return r;
        progress(w, "confirm", 80, "Looking whether it is there");
        r = confirm_value(w, owner, value, !drop, reterr);
        if (r == -EAGAIN)
                return error_set(reterr, ERROR_UNREACHABLE, "The provider accepted the change of %s, but does not show it.", owner);
        if (r >= 0)
                *ret = json_object();
        return r;
}

/* --- test --- */

static json_t* test_result(const Work* w, bool see, bool read, bool write, const char* sentence) {
        json_t* may = json_array();
        if (see)
                (void) json_array_append_new(may, json_string("see"));
        if (read)
                (void) json_array_append_new(may, json_string("read"));
        if (write)
                (void) json_array_append_new(may, json_string("write"));
        return json_pack("{s:b, s:o, s:o, s:s}", "works", write ? 1 : 0, "zone", json_string_or_null(w->provider ? provider_zone(w->provider) : NULL), "may",
                         may, "sentence", sentence);
}

/* What says something about the token; everything else is about the day. */
static bool about_token(const Error* e) {
        return error_has_name(e, ERROR_WRONG_CREDENTIALS) || error_has_name(e, ERROR_NOT_ALLOWED) || error_has_name(e, ERROR_NOT_FOUND) ||
                error_has_name(e, ERROR_BAD_REQUEST);
}

static int test_failed(const Work* w, bool see, bool read, const Error* e, json_t** ret, Error* reterr) {
        char sentence[700];
        if (!about_token(e)) {
                (void) error_set(reterr, e->name, "%s", e->message);
                return e->hint ? error_hint(reterr, "%s", e->hint) : -error_name_errno(e->name);
        }
        (void) snprintf(sentence, sizeof(sentence), "%s%s%s", e->message, e->hint ? " " : "", strempty(e->hint));
        *ret = test_result(w, see, read, false, sentence);
        return 0;
}

static int test_write(Work* w, const char* owner, const char* value, Error* reterr) {
        _cleanup_json_ json_t *values = json_pack("[s]", value), *none = json_array();
        int r = provider_write(w->provider, owner, "TXT", values, TTL_PROOF, reterr);
        if (r < 0)
                return r;
        progress(w, "confirm", 70, "Looking whether it is there, and removing it");
        r = confirm_value(w, owner, value, true, reterr);
        if (r == -EAGAIN)
                r = error_set(reterr, ERROR_UNREACHABLE, "The provider accepted a test record, but does not show it.");
        _cleanup_error_ Error e = ERROR_NULL; /* removed in any case; a first failure is the one to tell */
        int k = provider_write(w->provider, owner, "TXT", none, TTL_PROOF, r < 0 ? &e : reterr);
        return r < 0 ? r : k;
}

static int run_test(Work* w, json_t** ret, Error* reterr) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t* before = NULL;
        char owner[RECORD_NAME_BYTES + 32], value[TOKEN_TEXT_BYTES + 32], token[TOKEN_TEXT_BYTES], sentence[512];
        int r = open_provider(w, &e);
        if (r < 0)
                return test_failed(w, false, false, &e, ret, reterr);
        (void) snprintf(owner, sizeof(owner), TEST_LABEL ".%s", json_get_string(w->request, "domain"));
        token_make(token);
        (void) snprintf(value, sizeof(value), "steadbox-test=%s", token);
        progress(w, "compare", 20, "Reading the zone");
        r = read_set(w, owner, "TXT", &before, &e);
        if (r < 0)
                return test_failed(w, true, false, &e, ret, reterr);
        progress(w, "write", 40, "Writing a test record");
        r = test_write(w, owner, value, &e);
        if (r < 0)
                return test_failed(w, true, true, &e, ret, reterr);
        (void) snprintf(sentence, sizeof(sentence), "It may see the zone %s, read its records and write them.", provider_zone(w->provider));
        *ret = test_result(w, true, true, true, sentence);
        return 0;
}

/* --- plan, apply --- */

static int read_all(Work* w, json_t** ret, Error* reterr) {
        const char* owners[OWNERS_MAX];
        char (*names)[RECORD_NAME_BYTES] = calloc(OWNERS_MAX, RECORD_NAME_BYTES);
        size_t i, k, n = 0;
        json_t* record;
        if (!names)
                return error_errno(reterr, -ENOMEM, "Cannot read the zone");
        json_array_foreach(json_object_get(w->request, "records"), i, record) {
                const char* owner = json_get_string(record, "owner");
                if (n == OWNERS_MAX || !owner || !record_name_parse(owner, names[n]))
                        continue; /* the plan refuses it by name */
                for (k = 0; k < n && !streq(names[k], names[n]); k++)
                        ;
                if (k == n)
                        owners[n] = names[n], n++;
        }
        int r = provider_read(w->provider, owners, n, ret, reterr);
        free(names);
        return r;
}

static int make_plan(Work* w, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* present = NULL;
        progress(w, "read", 10, "Reading the zone");
        int r = read_all(w, &present, reterr);
        if (r < 0)
                return r;
        progress(w, "compare", 30, "Comparing");
        return plan_make(json_object_get(w->request, "records"), present, json_object_get(w->request, "replace"), ret, reterr);
}

/* What people see of the changes. */
static json_t* changes_result(json_t* changes, size_t written) {
        char sentence[300];
        size_t i;
        json_t* change;
        plan_sentence(changes, sentence, sizeof(sentence));
        json_array_foreach(changes, i, change) {
                (void) json_object_del(change, "write");
                (void) json_object_del(change, "drop");
        }
        return json_pack("{s:O, s:I, s:s}", "changes", changes, "written", (json_int_t) written, "sentence", sentence);
}

static const json_t* request_record(const Work* w, const char* id) {
        size_t i;
        json_t* record;
        json_array_foreach(json_object_get(w->request, "records"), i, record)
                if (streq_ptr(json_get_string(record, "id"), id))
                        return record;
        return NULL;
}

static int tell(const Work* w, const char* what, const json_t* change, const json_t* set, Error* reterr) {
        json_t* message = json_pack("{s:s, s:O, s:O, s:O, s:O, s:O}", "what", what, "id", json_object_get(change, "id"), "owner", json_object_get(change, "owner"),
                                    "type", json_object_get(change, "type"), "values", json_object_get(change, "wanted"), "before",
                                    json_object_get(change, "now"));
        if (!message)
                return error_errno(reterr, -ENOMEM, "Cannot tell what is written");
        (void) json_object_set_new(message, "after", json_deep_copy(set));
        return w->events->tell(message, w->events->userdata, reterr);
}

static bool has_unreadable(const json_t* values) {
        size_t i;
        json_t* v;
        json_array_foreach(values, i, v)
                if (*json_string_value(v) == '"')
                        return true;
        return false;
}

static int write_change(Work* w, json_t* change, Error* reterr) {
        _cleanup_json_ json_t* none = json_array();
        const char *owner = json_get_string(change, "owner"), *type = json_get_string(change, "type");
        const json_t* set = json_object_get(change, "write");
        size_t i;
        json_t* drop;
        if (has_unreadable(set))
                return error_set(reterr, ERROR_BAD_REQUEST, "Beside it stands a record of %s that Steadbox cannot read, and so would spoil.", owner);
        int r = tell(w, "writing", change, set, reterr);
        json_array_foreach(json_object_get(change, "drop"), i, drop) {
                if (r < 0)
                        return r;
                r = provider_write(w->provider, owner, json_string_value(drop), none, TTL, reterr);
        }
        return r < 0 ? r : provider_write(w->provider, owner, type, set, TTL, reterr);
}

/* After these the next record would fare no better. */
static bool stops_all(const Error* e) {
        return !error_has_name(e, ERROR_BAD_REQUEST) && !error_has_name(e, ERROR_CONFLICT) && !error_has_name(e, ERROR_NOT_FOUND);
}

/* Writes what is to be written; *ret_stop holds what ended it early. */
static void write_changes(Work* w, json_t* changes, Error* ret_stop) {
        size_t i, done = 0, n = plan_count(changes);
        json_t* change;
        json_array_foreach(changes, i, change) {
                char sentence[400];
                _cleanup_error_ Error e = ERROR_NULL;
                if (!json_is_array(json_object_get(change, "write")))
                        continue;
                if (error_is_set(ret_stop)) {
                        (void) json_object_set_new(change, "error", json_string("Not tried any more."));
                        continue;
                }
                (void) snprintf(sentence, sizeof(sentence), "Writing %s %s", json_get_string(change, "type"), json_get_string(change, "owner"));
                progress(w, "write", 35 + (int) (45 * done++ / MAX(n, (size_t) 1)), sentence);
                if (cancelled(w)) {
                        (void) error_set(ret_stop, ERROR_WRONG_STATE, "The job was cancelled.");
                        continue;
                }
                if (write_change(w, change, &e) >= 0)
                        continue;
                (void) json_object_set_new(change, "error", json_string(e.message));
                if (stops_all(&e)) {
                        *ret_stop = e;
                        e = ERROR_NULL;
                }
        }
}

/* Whether everything written without an error is there; marks what is. */
static bool mark_done(const json_t* present, json_t* changes) {
        size_t i;
        json_t* change;
        bool all = true;
        json_array_foreach(changes, i, change) {
                const json_t* set = record_sets_find(present, json_get_string(change, "owner"), json_get_string(change, "type"));
                if (!json_is_array(json_object_get(change, "write")) || json_is_string(json_object_get(change, "error")))
                        continue;
                _cleanup_json_ json_t* none = json_array();
                /* A later record of the same set may have added to it. */
                size_t k;
                json_t* v;
                bool there = true;
                json_array_foreach(json_object_get(change, "wanted"), k, v)
                        there = there && json_list_has(set ?: none, json_string_value(v));
                json_array_foreach(json_object_get(change, "now"), k, v)
                        if (!json_list_has(json_object_get(change, "write"), json_string_value(v)))
                                there = there && !json_list_has(set ?: none, json_string_value(v));
                (void) json_object_set_new(change, "done", json_boolean(there));
                all = all && there;
        }
        return all;
}

static int confirm_all(Work* w, json_t* changes, Error* reterr) {
        size_t i;
        json_t* change;
        progress(w, "confirm", 85, "Looking whether it is there");
        for (unsigned tries = 0; tries < CONFIRMS; tries++) {
                _cleanup_json_ json_t* present = NULL;
                int r = read_all(w, &present, reterr);
                if (r < 0)
                        return r;
                if (mark_done(present, changes))
                        break;
                pause_for(w, CONFIRM_USEC);
        }
        json_array_foreach(changes, i, change)
                if (json_is_array(json_object_get(change, "write")) && json_is_null(json_object_get(change, "error")) &&
                    !json_is_true(json_object_get(change, "done")))
                        (void) json_object_set_new(change, "error", json_string("The provider accepted it, but does not show it."));
        return 0;
}

/* Whether the manager does not know yet that what is there as it should be is ours: it is what we asked people to write. */
static bool adopts(const Work* w, const json_t* change) {
        const json_t* record = request_record(w, json_get_string(change, "id"));
        return streq_ptr(json_get_string(change, "action"), "same") && json_array_size(json_object_get(change, "wanted")) > 0 &&
                !record_values_equal(json_object_get(record, "ours"), json_object_get(change, "wanted"));
}

static int tell_all(Work* w, const json_t* changes, size_t* ret_written, Error* reterr) {
        size_t i, written = 0;
        json_t* change;
        json_array_foreach(changes, i, change) {
                bool done = json_is_true(json_object_get(change, "done"));
                if (!done && !adopts(w, change))
                        continue;
                int r = tell(w, "written", change, json_object_get(change, done ? "write" : "wanted"), reterr);
                if (r < 0)
                        return r;
                written += done;
        }
        *ret_written = written;
        return 0;
}

static int run_plan(Work* w, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* changes = NULL;
        int r = make_plan(w, &changes, reterr);
        if (r >= 0)
                *ret = changes_result(changes, 0);
        return r;
}

static int run_apply(Work* w, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* changes = NULL;
        _cleanup_error_ Error stop = ERROR_NULL;
        size_t written = 0;
        int r = make_plan(w, &changes, reterr);
        if (r < 0)
                return r;
        write_changes(w, changes, &stop);
        if (plan_count(changes) > 0 && !error_has_name(&stop, ERROR_WRONG_CREDENTIALS))
                r = confirm_all(w, changes, error_is_set(&stop) ? NULL : reterr);
        if (r >= 0)
                r = tell_all(w, changes, &written, reterr);
        if (error_is_set(&stop) && (r < 0 || written == 0)) {
                (void) error_set(reterr, stop.name, "%s", stop.message);
                return stop.hint ? error_hint(reterr, "%s", stop.hint) : -error_name_errno(stop.name);
        }
        if (r >= 0)
                *ret = changes_result(changes, written);
        return r;
}

int work_run(const json_t* request, const ProviderOptions* options, const WorkEvents* events, json_t** ret, Error* reterr) {
        Work w = { .request = request, .options = options, .events = events };
        const char* mode = strempty(json_get_string(request, "mode"));
        int r;
        if (streq(mode, "test")) {
                r = run_test(&w, ret, reterr);
                w.provider = provider_free(w.provider);
                return r;
        }
        r = open_provider(&w, reterr);
        if (r >= 0 && streq(mode, "plan"))
                r = run_plan(&w, ret, reterr);
        else if (r >= 0 && streq(mode, "apply"))
                r = run_apply(&w, ret, reterr);
        else if (r >= 0 && (streq(mode, "put") || streq(mode, "drop")))
                r = run_txt(&w, streq(mode, "drop"), ret, reterr);
        else if (r >= 0)
                r = error_set(reterr, ERROR_BAD_REQUEST, "The request names no mode that this release knows.");
        w.provider = provider_free(w.provider);
        return r;
}
