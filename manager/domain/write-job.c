/* The dns-write job seen from the manager: the token for it, what it wrote, what its test said; proofs that wait for their turn; and writing by
 * itself after something that is wanted changed. */
#include "api/events.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/validate.h"
#include "certificate/certificate.h"
#include "domain/writer-internal.h"
#include "provider/kinds.h"
#include "store/store-job.h"
#include <stdio.h>

#define DUE_USEC (2 * USEC_PER_SEC)      /* changes come in bursts */
#define AGAIN_USEC (900 * USEC_PER_SEC)  /* the same wish is not carried to a provider more often; it limits what it answers */
#define TEXTS_MAX 64                     /* proofs that wait */
#define VALUES_MAX 100
#define VALUE_MAX 8192

/* One TXT value on its way into or out of a zone. */
typedef struct Text {
        char* owner;
        char* value;
        bool drop;
        DomainWritten done;
        void* userdata;
        char job[JOB_ID_BYTES]; /* empty = waits: two jobs that read and write one set would lose a value */
        struct Text* next;
} Text;

/* What was last tried by itself for a domain. */
typedef struct Tried {
        int64_t id;
        char digest[WRITER_DIGEST_BYTES];
        uint64_t at_usec;
        char job[JOB_ID_BYTES]; /* empty = over */
} Tried;

struct DomainWriter {
        Manager* m;
        sd_event_source* due;
        bool due_all;
        json_t* due_ids;        /* array of integers */
        Text* texts;            /* in the order of asking */
        unsigned n_texts;
        Tried tried[DOMAINS_MAX];
        size_t n_tried;
};

static const Actor itself = { .via = VIA_SYSTEM, .role = ROLE_ADMIN, .name = "system" };

static Text* text_free(Text* t) {
        if (!t)
                return NULL;
        free(t->owner);
        free(t->value);
        free(t);
        return NULL;
}

void domain_writer_shutdown(Manager* m) {
        DomainWriter* w = m->domain ? m->domain->writer : NULL;
        if (!w)
                return;
        (void) sd_event_source_disable_unref(w->due);
        json_decref(w->due_ids);
        for (Text *t = w->texts, *next; t; t = next) {
                next = t->next;
                (void) text_free(t);
        }
        free(w);
        m->domain->writer = NULL;
}

static void on_nobody_waits(Manager* m, const Error* error, void* userdata) {
}

/* A proof that was being written when the manager ended: nobody waits for it any more, but its set must not be written by two. */
static void adopt(DomainWriter* w, const char* id) {
        _cleanup_job_row_ JobRow row = {};
        _cleanup_json_ json_t* request = NULL;
        Text* t;
        if (store_job_get(w->m->store, id, &row, NULL) <= 0 || !streq(row.kind, job_kind_to_string(JOB_DNS_WRITE)))
                return;
        request = json_loads(row.request, JSON_REJECT_DUPLICATES, NULL);
        const char *owner = json_get_string(request, "owner"), *value = json_get_string(request, "value");
        if (!owner || !value || !(t = calloc(1, sizeof(Text))))
                return;
        *t = (Text) { .owner = strdup(owner), .value = strdup(value), .done = on_nobody_waits, .next = w->texts };
        (void) snprintf(t->job, sizeof(t->job), "%s", id);
        if (!t->owner || !t->value) {
                (void) text_free(t);
                return;
        }
        w->texts = t;
        w->n_texts++;
}

static DomainWriter* writer_of(Manager* m) {
        _cleanup_json_ json_t* open = NULL;
        size_t i;
        json_t* id;
        if (!m->domain || m->domain->writer)
                return m->domain ? m->domain->writer : NULL;
        DomainWriter* w = calloc(1, sizeof(DomainWriter));
        if (!w)
                return NULL;
        w->m = m;
        w->due_ids = json_array();
        if (store_job_open(m->store, &open, NULL) >= 0)
                json_array_foreach(open, i, id)
                        adopt(w, json_string_value(id));
        return m->domain->writer = w;
}

/* --- writing by itself --- */

static Tried* tried_of(DomainWriter* w, int64_t id) {
        for (size_t i = 0; i < w->n_tried; i++)
                if (w->tried[i].id == id)
                        return &w->tried[i];
        if (w->n_tried == ELEMENTS(w->tried)) /* numbers of domains that are gone */
                w->n_tried = 0;
        w->tried[w->n_tried] = (Tried) { .id = id };
        return &w->tried[w->n_tried++];
}

static bool is_due(const DomainWriter* w, int64_t id) {
        size_t i;
        json_t* v;
        if (w->due_all)
                return true;
        json_array_foreach(w->due_ids, i, v)
                if (json_integer_value(v) == id)
                        return true;
        return false;
}

static int write_by_itself(DomainWriter* w, const DomainRow* row, Error* reterr) {
        char digest[WRITER_DIGEST_BYTES];
        Tried* tried = tried_of(w, row->id);
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        int r = writer_digest(w->m, row, digest, reterr);
        if (r < 0)
                return r;
        bool same = streq(tried->digest, digest);
        if (*tried->job) /* its end looks again */
                return 0;
        if (same && now - tried->at_usec < AGAIN_USEC)
                return 0;
        r = domain_write_begin(w->m, row, "apply", NULL, &itself, tried->job, reterr);
        if (r < 0)
                return r;
        memcpy(tried->digest, digest, sizeof(digest));
        tried->at_usec = now;
        return 1;
}

static int write_due(DomainWriter* w, Error* reterr) {
        _cleanup_domain_rows_ DomainRows rows = {};
        int r = store_begin(w->m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction t = w->m->store;
        r = store_domain_all(w->m->store, &rows, reterr);
        for (size_t i = 0; r >= 0 && i < rows.count; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                if (!is_due(w, rows.items[i].id) || !writer_is_ready(&rows.items[i]))
                        continue;
                if (write_by_itself(w, &rows.items[i], &e) < 0)
                        log_warning("The records of '%s' cannot be written by themselves, ignoring: %s", rows.items[i].name, strempty(e.message));
        }
        if (r < 0)
                return r;
        t = NULL;
        return store_commit(w->m->store, reterr);
}

static int on_due(sd_event_source* source, uint64_t usec, void* userdata) {
        DomainWriter* w = userdata;
        _cleanup_error_ Error e = ERROR_NULL;
        w->due = sd_event_source_disable_unref(w->due);
        if (write_due(w, &e) < 0) {
                log_warning("Cannot write records by themselves, ignoring: %s", strempty(e.message));
                for (size_t i = 0; i < w->n_tried; i++)
                        *w->tried[i].job = 0;
        }
        w->due_all = false;
        (void) json_array_clear(w->due_ids);
        return 0;
}

void domain_write_due(Manager* m, int64_t id) {
        DomainWriter* w = writer_of(m);
        if (!w || !m->jobs)
                return;
        if (id == 0)
                w->due_all = true;
        else if (!is_due(w, id))
                (void) json_array_append_new(w->due_ids, json_integer(id));
        if (w->due)
                return;
        int r = sd_event_add_time_relative(m->event, &w->due, CLOCK_MONOTONIC, DUE_USEC, 0, on_due, w);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to plan writing records, ignoring: %m");
        else
                (void) sd_event_source_set_description(w->due, "domain-write");
}

/* --- proofs --- */

static Text** text_of_job(DomainWriter* w, const char* job) {
        for (Text** t = &w->texts; *t; t = &(*t)->next)
                if (streq((*t)->job, job))
                        return t;
        return NULL;
}

static bool is_busy(const DomainWriter* w, const char* owner) {
        for (const Text* t = w->texts; t; t = t->next)
                if (*t->job && streq(t->owner, owner))
                        return true;
        return false;
}

static int text_begin(DomainWriter* w, Text* t, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        char job[JOB_ID_BYTES];
        int r = store_begin(w->m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = w->m->store;
        r = store_domain_of_name(w->m->store, t->owner, &row, reterr);
        if (r < 0)
                return r;
        if (r == 0 || !writer_is_ready(&row))
                return error_set(reterr, ERROR_WRONG_STATE, "The records of %s are written by hand.", r > 0 ? row.name : t->owner);
        json_t* request = writer_request(&row, t->drop ? "drop" : "put");
        (void) json_object_update_new(request, json_pack("{s:s, s:s}", "owner", t->owner, "value", t->value));
        r = jobs_add(w->m->jobs, JOB_DNS_WRITE, &itself, row.name, request, job, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        r = store_commit(w->m->store, reterr);
        if (r >= 0)
                memcpy(t->job, job, sizeof(job));
        return r;
}

/* Takes the text out of the queue before its caller hears of it: the caller may ask for the next one. */
static void text_end(DomainWriter* w, Text** at, const Error* error) {
        Text* t = *at;
        *at = t->next;
        w->n_texts--;
        t->done(w->m, error, t->userdata);
        (void) text_free(t);
}

static void texts_go_on(DomainWriter* w) {
        for (Text** at = &w->texts; *at;) {
                _cleanup_error_ Error e = ERROR_NULL;
                if (*(*at)->job || is_busy(w, (*at)->owner) || text_begin(w, *at, &e) >= 0) {
                        at = &(*at)->next;
                        continue;
                }
                text_end(w, at, &e);
                at = &w->texts; /* whoever was told may have changed the queue */
        }
}

int domain_write_txt(Manager* m, const char* name, const char* value, bool drop, DomainWritten done, void* userdata, Error* reterr) {
        DomainWriter* w = writer_of(m);
        if (!w || w->n_texts == TEXTS_MAX)
                return error_set(reterr, ERROR_BUSY, "Too many proofs wait to be written.");
        Text* t = calloc(1, sizeof(Text));
        if (!t)
                return error_errno(reterr, -ENOMEM, "Cannot write a proof");
        *t = (Text) { .owner = strdup(name), .value = strdup(value), .drop = drop, .done = done, .userdata = userdata };
        int r = !t->owner || !t->value ? error_errno(reterr, -ENOMEM, "Cannot write a proof") : 0;
        if (r >= 0 && !is_busy(w, name))
                r = text_begin(w, t, reterr);
        if (r < 0) {
                (void) text_free(t);
                return r;
        }
        Text** end = &w->texts;
        while (*end)
                end = &(*end)->next;
        *end = t;
        w->n_texts++;
        return 0;
}

/* --- what the job asks --- */

static int give_token(Manager* m, Job* job, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_(erase_and_freep) char* token = NULL;
        char digest[WRITER_DIGEST_BYTES];
        const char* wished = json_get_string(job->request, "digest");
        int r = domain_find(m, strempty(job->object), &row, reterr);
        if (r >= 0 && !streq_ptr(row.writer, json_get_string(job->request, "kind")))
                r = error_set(reterr, ERROR_WRONG_STATE, "The domain's provider is another one now.");
        if (r >= 0 && wished) {
                r = writer_digest(m, &row, digest, reterr);
                if (r >= 0 && !streq(digest, wished)) /* a job that was tried again, long after */
                        r = error_set(reterr, ERROR_CHANGED_MEANWHILE, "What is wanted has changed since; write again.");
        }
        if (r >= 0)
                r = writer_token(m, row.id, &token, reterr);
        if (r < 0)
                return r;
        jobs_answer_data(m->jobs, job->id, json_pack("{s:s}", "token", token));
        return 0;
}

/* A worker met the outside world: what it says is looked at before it is kept. */
static bool values_valid(const json_t* values) {
        size_t i;
        json_t* v;
        if (!json_is_array(values) || json_array_size(values) > VALUES_MAX)
                return false;
        json_array_foreach(values, i, v)
                if (!json_is_string(v) || json_string_length(v) > VALUE_MAX || !text_valid(json_string_value(v), /* newlines= */ false))
                        return false;
        return true;
}

/* Before the write: what was ours and what will be. After it: of these, what is there. */
static json_t* ours_after(const json_t* ours, const json_t* values, const json_t* there) {
        json_t *out = json_array(), *v;
        size_t i;
        const json_t* const lists[] = { ours, values };
        for (size_t k = 0; k < ELEMENTS(lists); k++)
                json_array_foreach(lists[k], i, v)
                        if (!json_list_has(out, json_string_value(v)) && (!there || json_list_has(there, json_string_value(v))))
                                (void) json_array_append(out, v);
        return out;
}

static char* values_text(const json_t* values) {
        char* out = strdup("");
        size_t i;
        json_t* v;
        json_array_foreach(values, i, v) {
                char* longer = NULL;
                if (asprintf(&longer, "%s%s%s", strempty(out), i > 0 ? ", " : "", json_string_value(v)) < 0)
                        longer = NULL;
                free(out);
                out = longer;
        }
        return out;
}

static int note_written(Manager* m, Job* job, int64_t id, const json_t* q, Error* reterr) {
        const json_t *before = json_object_get(q, "before"), *values = json_object_get(q, "values");
        _cleanup_free_ char *was = values_text(before), *is = values_text(values);
        const char *owner = json_get_string(q, "owner"), *type = json_get_string(q, "type");
        if (!was || !is)
                return error_errno(reterr, -ENOMEM, "Cannot note what was written");
        if (streq(was, is)) /* it was there already; now it is known to be ours */
                return 0;
        int r = domain_history_add(m, id, "write", json_get_string(q, "id"), *was ? was : NULL, *is ? is : NULL, &job->actor, "%s of %s was %s.", type, owner,
                                   !*is ? "removed" : *was ? "changed" : "written");
        return r < 0 ? error_errno(reterr, r, "Cannot note what was written") : 0;
}

static int keep_ours(Manager* m, Job* job, const json_t* q, bool after, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        _cleanup_json_ json_t *ours = NULL, *next = NULL;
        _cleanup_free_ char *known = NULL, *text = NULL;
        const char *owner = json_get_string(q, "owner"), *type = json_get_string(q, "type");
        int r = domain_find(m, strempty(job->object), &row, reterr);
        if (r < 0)
                return r;
        if (!owner || !type || strlen(owner) >= DOMAIN_NAME_BYTES || strlen(type) > 16 || !domain_name_is_below(owner, row.name) ||
            !values_valid(json_object_get(q, "values")) || !values_valid(json_object_get(q, "before")) || !values_valid(json_object_get(q, "after")))
                return error_set(reterr, ERROR_BAD_REQUEST, "What the job says it wrote is not well formed.");
        r = store_domain_written_get(m->store, row.id, owner, type, &known, reterr);
        if (r < 0)
                return r;
        ours = r > 0 ? json_loads(known, JSON_REJECT_DUPLICATES, NULL) : NULL;
        next = ours_after(ours, json_object_get(q, "values"), after ? json_object_get(q, "after") : NULL);
        text = json_text(next, /* canonical= */ false);
        r = !text ? error_errno(reterr, -ENOMEM, "Cannot note what was written")
                  : store_domain_written_set(m->store, row.id, owner, type, text, now_seconds(), reterr);
        return r < 0 || !after ? MIN(r, 0) : note_written(m, job, row.id, q, reterr);
}

static int note(Manager* m, Job* job, const json_t* q, bool after, Error* reterr) {
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction t = m->store;
        r = keep_ours(m, job, q, after, reterr);
        if (r < 0)
                return r;
        t = NULL;
        r = store_commit(m->store, reterr);
        if (r < 0)
                return r;
        domain_publish(m);
        jobs_answer(m->jobs, job->id, 0, NULL);
        return 0;
}

/* The provider no longer takes the token: until somebody tests it again nothing counts on it. */
static int refused(Manager* m, Job* job, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction t = m->store;
        r = domain_find(m, strempty(job->object), &row, reterr);
        if (r >= 0)
                r = store_domain_writer_tested(m->store, row.id, "{\"works\":false,\"sentence\":\"The provider refuses this token.\"}", now_seconds(), reterr);
        if (r < 0)
                return r;
        t = NULL;
        r = store_commit(m->store, reterr);
        if (r < 0)
                return r;
        domain_publish(m);
        certificates_wanted_changed(m);
        jobs_answer(m->jobs, job->id, 0, NULL);
        return 0;
}

static int asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        const char* what = strempty(json_get_string(question, "what"));
        if (streq(what, "token"))
                return give_token(m, job, reterr);
        if (streq(what, "writing") || streq(what, "written"))
                return note(m, job, question, streq(what, "written"), reterr);
        if (streq(what, "refused"))
                return refused(m, job, reterr);
        return error_set(reterr, ERROR_BAD_REQUEST, "A job that writes records does not ask this.");
}

/* --- how it ended --- */

static int keep_test(Manager* m, Job* job, const DomainRow* row, Error* reterr) {
        _cleanup_free_ char* result = json_text(job->result, /* canonical= */ false);
        bool works = json_get_boolean(job->result, "works", false);
        const ProviderKind* kind = provider_kind_find(row->writer);
        if (!result || !kind)
                return error_errno(reterr, -ENOMEM, "Cannot keep the result");
        int r = store_domain_writer_tested(m->store, row->id, result, now_seconds(), reterr);
        if (r < 0 || !works)
                return MIN(r, 0);
        r = store_domain_prove(m->store, row->id, now_seconds(), reterr);
        if (r > 0)
                r = domain_history_add(m, row->id, "state", NULL, "pending", "proven", &job->actor, "It is yours: the token for %s wrote into its zone.", kind->name);
        if (r >= 0)
                domain_changed(m, row->id);
        return MIN(r, 0);
}

static int finished(Manager* m, Job* job, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        const char* mode = strempty(json_get_string(job->request, "mode"));
        int r = store_domain_get(m->store, strempty(job->object), &row, reterr);
        if (r <= 0) /* it was removed meanwhile */
                return r;
        if (!streq(row.writer, strempty(json_get_string(job->request, "kind"))))
                return 0;
        if (streq(mode, "test"))
                return keep_test(m, job, &row, reterr);
        if (streq(mode, "apply") && json_get_integer(job->result, "written", 0) > 0) {
                r = store_domain_changed(m->store, row.id, now_seconds(), reterr); /* the world is asked soon whether it sees it */
                domain_publish(m);
        }
        return MIN(r, 0);
}

/* Why the job failed, from its row. */
static void reason_of(Manager* m, const char* id, Error* ret) {
        _cleanup_job_row_ JobRow row = {};
        _cleanup_json_ json_t* e = store_job_get(m->store, id, &row, NULL) > 0 ? json_loads(row.error, JSON_REJECT_DUPLICATES, NULL) : NULL;
        ErrorName name = error_name_from_string(strempty(json_get_string(e, "name")));
        const char *message = json_get_string(e, "message"), *hint = json_get_string(e, "hint");
        (void) error_set(ret, name < 0 ? ERROR_WRONG_STATE : name, "%s", isempty(message) ? "The job was cancelled." : message);
        if (!isempty(hint))
                (void) error_hint(ret, "%s", hint);
}

static void ended(Manager* m, Job* job, bool done) {
        DomainWriter* w = writer_of(m);
        Text** text = w ? text_of_job(w, job->id) : NULL;
        for (size_t i = 0; w && i < w->n_tried; i++)
                if (streq(w->tried[i].job, job->id)) {
                        *w->tried[i].job = 0;
                        domain_write_due(m, w->tried[i].id); /* what changed meanwhile; the same wish waits */
                }
        if (!text)
                return;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!done)
                reason_of(m, job->id, &e);
        text_end(w, text, done ? NULL : &e);
        texts_go_on(w);
}

const JobClass dns_write_job = { .asked = asked, .finished = finished, .ended = ended };
