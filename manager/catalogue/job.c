/* The job that fetches sources. It parses what strangers serve, so it is not believed: every package and every index it hands over is verified
 * here with the source's key, and an index is believed only when all its packages are here. Questions:
 *   {"what": "have", "source", "sha256": [..]}              -> {"missing": [..]}
 *   {"what": "package", "source", "text", "signature"}      one that was missing
 *   {"what": "index", "source", "text", "signature"}        from now on this is what the source offers
 *   {"what": "failed", "source", "error"}                   the catalogue stays as it is, and people see why */
#include "catalogue/catalogue-internal.h"
#include "api/events.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/validate.h"
#include "daemon/nouns.h"
#include <stdio.h>

/* --- asking for it --- */

static json_t* request_new_refresh(Manager* m, Error* reterr) {
        CatalogueSourceRow* rows = NULL;
        size_t n = 0;
        if (store_catalogue_source_all(m->store, &rows, &n, reterr) < 0)
                return NULL;
        json_t* sources = json_array();
        for (size_t i = 0; i < n; i++)
                (void) json_array_append_new(sources, json_pack("{s:s, s:s, s:s, s:I}", "source", rows[i].id, "url", rows[i].url, "key",
                                                              rows[i].key, "serial", (json_int_t) rows[i].serial));
        catalogue_source_rows_free(rows, n);
        return json_pack("{s:o}", "sources", sources);
}

int catalogue_refresh(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        json_t* request = request_new_refresh(m, reterr);
        if (!request)
                return error_is_set(reterr) ? -EIO : error_errno(reterr, -ENOMEM, "Cannot fetch the catalogue");
        if (json_array_size(json_object_get(request, "sources")) == 0) {
                json_decref(request);
                (void) error_set(reterr, ERROR_WRONG_STATE, "There is no source of apps yet.");
                return error_hint(reterr, "Add one with catalogue.source-add.");
        }
        return MIN(jobs_add(m->jobs, JOB_CATALOGUE_REFRESH, actor, "", request, ret_job, reterr), 0);
}

/* --- what it hands over --- */

static int answer_missing(Manager* m, const Job* job, const CatalogueSourceRow* row, const json_t* question, Error* reterr) {
        const json_t* asked = json_object_get(question, "sha256");
        _cleanup_json_ json_t* missing = json_array();
        if (json_array_size(asked) > CATALOGUE_OFFERS_MAX)
                return error_set(reterr, ERROR_BAD_REQUEST, "A catalogue has at most %d versions.", CATALOGUE_OFFERS_MAX);
        for (size_t i = 0; i < json_array_size(asked); i++) {
                const char* sha256 = json_string_value(json_array_get(asked, i));
                int r = sha256 ? store_catalogue_offer_has(m->store, row->id, sha256, reterr) : -EINVAL;
                if (r < 0)
                        return error_is_set(reterr) ? r : error_set(reterr, ERROR_BAD_REQUEST, "sha256 must be texts.");
                if (r == 0)
                        (void) json_array_append(missing, json_array_get(asked, i));
        }
        jobs_answer_data(m->jobs, job->id, json_pack("{s:O}", "missing", missing));
        return 0;
}

static int take_package(Manager* m, const CatalogueSourceRow* row, const MinisignPublic* key, const json_t* question, Error* reterr) {
        const json_t* value = json_object_get(question, "text");
        const char *text = json_string_value(value), *signature = json_get_string(question, "signature");
        size_t size = json_string_length(value);
        uint8_t digest[DIGEST_BYTES];
        char sha256[2 * DIGEST_BYTES + 1];
        int64_t there = 0;
        _cleanup_json_ json_t *manifest = NULL;
        _cleanup_free_ char *icon = NULL;
        if (!text || !signature || size > CATALOGUE_PACKAGE_BYTES_MAX)
                return error_set(reterr, ERROR_BAD_REQUEST, "A package comes with its text and its signature.");
        int r = minisign_verify(key, text, size, signature, NULL, reterr);
        if (r >= 0)
                r = manifest_parse(text, size, &manifest, &icon, reterr);
        if (r >= 0)
                r = store_catalogue_offer_bytes(m->store, row->id, &there, reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* written = json_text(manifest, true);
        if (!written)
                return -ENOMEM;
        if (there + (int64_t) strlen(written) > CATALOGUE_BYTES_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "The source %s offers more than %d MiB of packages.", row->id, CATALOGUE_BYTES_MAX >> 20);
        digest_sha256(text, size, digest);
        hex_encode(digest, sizeof(digest), sha256);
        return store_catalogue_offer_add(m->store, row->id, sha256, json_get_string(manifest, "id"), json_get_string(manifest, "version"), written,
                strempty(icon), reterr);
}

static int place_offers(Manager* m, const CatalogueSourceRow* row, const json_t* index, Error* reterr) {
        const json_t* offers = json_object_get(index, "offers");
        const json_t* ends = json_object_get(index, "end_of_life");
        _cleanup_json_ json_t* counts = json_object();
        int r = store_catalogue_offers_clear(m->store, row->id, reterr);
        for (size_t i = 0; r >= 0 && i < json_array_size(offers); i++) {
                const json_t* offer = json_array_get(offers, i);
                const char *package = json_get_string(offer, "package"), *version = json_get_string(offer, "version");
                int64_t position = json_get_integer(counts, package, 0);
                r = store_catalogue_offer_place(m->store, row->id, json_get_string(offer, "sha256"), package, version, position,
                        strempty(json_get_string(ends, package)), reterr);
                if (r == 0)
                        return error_set(reterr, ERROR_WRONG_STATE, "The index of %s names %s %s, which did not come.", row->id, package, version);
                if (json_object_set_new(counts, package, json_integer(position + 1)) < 0)
                        return -ENOMEM;
        }
        return r < 0 ? r : store_catalogue_offers_drop(m->store, row->id, reterr);
}

static int take_index(Manager* m, const CatalogueSourceRow* row, const MinisignPublic* key, const json_t* question, Error* reterr) {
        const json_t* value = json_object_get(question, "text");
        const char* signature = json_get_string(question, "signature");
        _cleanup_json_ json_t* index = NULL;
        if (!json_is_string(value) || !signature)
                return error_set(reterr, ERROR_BAD_REQUEST, "An index comes with its text and its signature.");
        int64_t now = now_seconds();
        int r = catalogue_index_parse(key, json_string_value(value), json_string_length(value), signature, row->serial, now, &index, reterr);
        if (r >= 0)
                r = place_offers(m, row, index, reterr);
        if (r >= 0)
                r = store_catalogue_source_believed(m->store, row->id, json_get_string(index, "name"), json_get_integer(index, "serial", 0),
                        json_get_integer(index, "expires_at", 0), now, reterr);
        return MIN(r, 0);
}

static int take_failure(Manager* m, const CatalogueSourceRow* row, const json_t* question, Error* reterr) {
        const char* error = json_get_string(question, "error");
        if (isempty(error) || strlen(error) > 500 || !text_valid(error, false))
                error = "It could not be fetched.";
        return MIN(store_catalogue_source_failed(m->store, row->id, error, reterr), 0);
}

static int take(Manager* m, const CatalogueSourceRow* row, const json_t* question, Error* reterr) {
        const char* what = strempty(json_get_string(question, "what"));
        MinisignPublic key;
        int r = minisign_public_parse(row->key, &key, reterr);
        if (r < 0)
                return r;
        if (streq(what, "package"))
                return take_package(m, row, &key, question, reterr);
        if (streq(what, "index"))
                return take_index(m, row, &key, question, reterr);
        if (streq(what, "failed"))
                return take_failure(m, row, question, reterr);
        return error_set(reterr, ERROR_BAD_REQUEST, "The job that fetches catalogues may not ask for that.");
}

static int asked(Manager* m, Job* job, const json_t* question, Error* reterr) {
        _cleanup_catalogue_source_row_ CatalogueSourceRow row = {};
        const char* source = strempty(json_get_string(question, "source"));
        int r = store_catalogue_source_get(m->store, source, &row, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no source of apps called %.40s any more.", source);
        if (r > 0 && streq_ptr(json_get_string(question, "what"), "have"))
                return answer_missing(m, job, &row, question, reterr);
        if (r > 0)
                r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = take(m, &row, question, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        r = store_commit(m->store, reterr);
        if (r >= 0)
                jobs_answer(m->jobs, job->id, 0, NULL);
        return r;
}

/* --- its end --- */

/* Whether a source was added or changed since the job was asked for: it is fetched next, not tomorrow. */
static bool has_news(Manager* m, const Job* job) {
        CatalogueSourceRow* rows = NULL;
        const json_t* asked_for = json_object_get(job->request, "sources");
        size_t n = 0;
        bool news = false;
        if (store_catalogue_source_all(m->store, &rows, &n, NULL) < 0)
                return false;
        for (size_t i = 0; i < n; i++) {
                bool known = false;
                for (size_t k = 0; k < json_array_size(asked_for); k++) {
                        const json_t* s = json_array_get(asked_for, k);
                        known = known || (streq_ptr(json_get_string(s, "source"), rows[i].id) && streq_ptr(json_get_string(s, "url"), rows[i].url)
                                                && streq_ptr(json_get_string(s, "key"), rows[i].key));
                }
                news = news || !known;
        }
        catalogue_source_rows_free(rows, n);
        return news;
}

/* People see two numbers, whatever the job says beside them. */
static int finished(Manager* m, Job* job, Error* reterr) {
        int64_t failed = json_get_integer(job->result, "failed", 0), packages = json_get_integer(job->result, "packages", 0);
        uint32_t random = 0;
        random_bytes(&random, sizeof(random));
        json_decref(job->result);
        job->result = json_pack("{s:I, s:I}", "packages", (json_int_t) packages, "failed", (json_int_t) failed);
        int64_t wait = failed > 0 ? CATALOGUE_SOON_SEC : CATALOGUE_EVERY_SEC - CATALOGUE_JITTER_SEC + random % (2 * CATALOGUE_JITTER_SEC);
        return job->result ? catalogue_plan(m, has_news(m, job) ? 1 : now_seconds() + wait, reterr) : -ENOMEM;
}

static int undo(Manager* m, Job* job, Error* reterr) {
        return catalogue_plan(m, has_news(m, job) ? 1 : now_seconds() + CATALOGUE_SOON_SEC, reterr);
}

static int refresh_if_due(Manager* m, Error* reterr) {
        static const Actor itself = { .via = VIA_SYSTEM, .role = ROLE_ADMIN, .name = "system" };
        char job[JOB_ID_BYTES];
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = catalogue_due(m, now_seconds(), reterr);
        if (r > 0)
                r = catalogue_refresh(m, &itself, job, reterr);
        else
                return r;
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

static void ended(Manager* m, Job* job, bool done) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (has_news(m, job) && refresh_if_due(m, &e) < 0)
                log_info("A new source of apps is fetched later: %s", strempty(e.message));
        for (size_t i = 0; noun_table[i]; i++)
                if (noun_table[i]->offers_changed)
                        noun_table[i]->offers_changed(m);
        events_changed(m->events, "catalogue");
        events_changed(m->events, "app"); /* there may be something to update to */
}

const JobClass catalogue_refresh_job = { .asked = asked, .finished = finished, .undo = undo, .ended = ended };
