/* Who writes the zones: connecting a provider, its sealed token, and what a dns-write job is asked. */
#include "domain/writer.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/validate.h"
#include "domain/writer-internal.h"
#include "provider/kinds.h"
#include "store/store-user.h"
#include <stdio.h>

#define SEAL_NAME "dns"

/* --- the token --- */

static int token_seal(Manager* m, int64_t generation, const char* token, size_t size, uint8_t** ret, size_t* ret_size, Error* reterr) {
        int r = seal_encrypt(m->seal, SEAL_NAME, (uint64_t) generation, token, size, ret, ret_size);
        return r < 0 ? error_errno(reterr, r, "Cannot seal the token") : 0;
}

int writer_token(Manager* m, int64_t id, char** ret, Error* reterr) {
        _cleanup_free_ void* blob = NULL;
        uint8_t* token = NULL;
        size_t size = 0, n = 0;
        int r = store_domain_writer_token(m->store, id, &blob, &size, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_WRONG_STATE, "There is no token for this domain any more.");
        if (r > 0)
                r = seal_decrypt(m->seal, SEAL_NAME, blob, size, &token, &n, reterr);
        if (r < 0)
                return r;
        *ret = (char*) token; /* NUL-terminated beyond its size */
        return 0;
}

int domain_writer_reseal(Manager* m, uint64_t generation, Error* reterr) {
        _cleanup_domain_rows_ DomainRows rows = {};
        int r = store_domain_all(m->store, &rows, reterr);
        for (size_t i = 0; r >= 0 && i < rows.count; i++) {
                _cleanup_(erase_and_freep) char* token = NULL;
                _cleanup_free_ uint8_t* blob = NULL;
                size_t size = 0;
                if (!*rows.items[i].writer)
                        continue;
                r = writer_token(m, rows.items[i].id, &token, reterr);
                if (r >= 0)
                        r = token_seal(m, (int64_t) generation, token, strlen(token), &blob, &size, reterr);
                if (r >= 0)
                        r = store_domain_writer_token_set(m->store, rows.items[i].id, blob, size, reterr);
        }
        return MIN(r, 0);
}

/* --- connecting --- */

static bool word_valid(const char* s, const char* allowed) {
        return strspn(s, allowed) == strlen(s);
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static int token_check(const char* kind, const char* token, Error* reterr) {
        for (const char* p = token; *p; p++)
                if (*p <= ' ' || *p >= 0x7f)
                        return error_field(reterr, ERROR_BAD_FIELD, "token", "A token has no spaces, line breaks or letters beyond ASCII.");
        if (streq(kind, "rfc2136") && !word_valid(token, LETTERS "+/="))
                return error_field(reterr, ERROR_BAD_FIELD, "token", "The secret of a TSIG key is written in base64.");
        return 0;
}

static int fields_check(const char* kind, const json_t* fields, Error* reterr) {
        const char *server = json_get_string(fields, "server"), *key_name = json_get_string(fields, "key_name");
        if (!streq(kind, "rfc2136")) {
                const char* first = json_object_iter_key(json_object_iter((json_t*) fields));
                return first ? error_field(reterr, ERROR_BAD_FIELD, first, "Only a server of your own (rfc2136) has this field.") : 0;
        }
        if (isempty(server))
                return error_field(reterr, ERROR_MISSING_FIELD, "server", "Name the primary server that takes the updates.");
        if (isempty(key_name))
                return error_field(reterr, ERROR_MISSING_FIELD, "key_name", "Name the TSIG key.");
        if (!dns_name_valid(server) && !ip_address_valid(server))
                return error_field(reterr, ERROR_BAD_FIELD, "server", "This is neither a host's name nor an address.");
        if (!word_valid(key_name, LETTERS "-_."))
                return error_field(reterr, ERROR_BAD_FIELD, "key_name", "A key's name has letters, digits, dots, dashes and underscores.");
        return 0;
}

int domain_connect(Manager* m, const DomainRow* row, const char* kind, const char* token, const json_t* fields, const Actor* actor, Error* reterr) {
        _cleanup_free_ uint8_t* blob = NULL;
        _cleanup_free_ char* options = json_text(fields, /* canonical= */ true);
        int64_t generation = 0, now = now_seconds();
        size_t size = 0;
        if (!options)
                return error_errno(reterr, -ENOMEM, "Cannot connect the provider");
        int r = token_check(kind, token, reterr);
        if (r >= 0)
                r = fields_check(kind, fields, reterr);
        if (r >= 0)
                r = store_user_seal_used(m->store, SEAL_NAME, now, now - now % 3600, &generation, reterr);
        if (r >= 0)
                r = token_seal(m, generation, token, strlen(token), &blob, &size, reterr);
        if (r >= 0)
                r = store_domain_writer_set(m->store, row->id, kind, options, blob, size, now, reterr);
        if (r < 0)
                return r;
        r = domain_history_add(m, row->id, "state", NULL, NULL, kind, actor, "Its records may now be written at %s.", provider_kind_find(kind)->name);
        domain_publish(m);
        return r;
}

int domain_disconnect(Manager* m, const DomainRow* row, const Actor* actor, Error* reterr) {
        if (!*row->writer)
                return error_set(reterr, ERROR_WRONG_STATE, "The records of this domain are written by hand.");
        int r = store_domain_writer_clear(m->store, row->id, reterr);
        if (r < 0)
                return r;
        r = domain_history_add(m, row->id, "state", NULL, row->writer, NULL, actor, "The token was forgotten; its records are written by hand.");
        domain_publish(m);
        return r;
}

static bool row_works(const DomainRow* row) {
        _cleanup_json_ json_t* result = json_loads(row->writer_result, JSON_REJECT_DUPLICATES, NULL);
        return *row->writer && json_get_boolean(result, "works", false);
}

bool writer_is_ready(const DomainRow* row) {
        return row_works(row) && streq(row->state, "proven");
}

int domain_is_writable(Manager* m, int64_t id, Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = store_domain_get_by_id(m->store, id, &row, reterr);
        return r <= 0 ? r : writer_is_ready(&row);
}

static json_t* integer_or_null(const json_t* object, const char* key) {
        json_t* v = json_object_get(object, key);
        return json_is_integer(v) ? json_incref(v) : json_null();
}

json_t* domain_writer_json(const DomainRow* row) {
        if (!*row->writer)
                return json_null();
        _cleanup_json_ json_t* options = json_loads(row->writer_options, JSON_REJECT_DUPLICATES, NULL);
        _cleanup_json_ json_t* result = json_loads(row->writer_result, JSON_REJECT_DUPLICATES, NULL);
        return json_pack(
                "{s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:b, s:s}", "kind", row->writer, "server", json_string_or_null(json_get_string(options, "server")),
                "port", integer_or_null(options, "port"), "key_name", json_string_or_null(json_get_string(options, "key_name")), "algorithm",
                json_string_or_null(json_get_string(options, "algorithm")), "connected_at", (json_int_t) row->connected_at, "tested_at",
                json_time_or_null(row->tested_at), "works", (int) row_works(row), "sentence",
                json_get_string(result, "sentence") ?: "The token was not tried yet.");
}

/* --- what a job is asked --- */

/* PTR records are in other people's zones, and which authorities may sign is the customer's own policy. */
static bool is_written(const DomainRow* row, const WantedSet* set) {
        return !streq(set->type, "PTR") && !streq(set->type, "CAA") && domain_name_is_below(set->owner, row->name);
}

static json_t* ours_of(Manager* m, int64_t id, const WantedSet* set) {
        _cleanup_free_ char* text = NULL;
        json_t* ours = store_domain_written_get(m->store, id, set->owner, set->type, &text, NULL) > 0 ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
        return ours ?: json_array();
}

static int records_make(Manager* m, const DomainRow* row, json_t** ret, Error* reterr) {
        _cleanup_wanted_records_ WantedRecords list = {};
        int r = domain_wanted(m, row, &list, reterr);
        if (r < 0)
                return r;
        json_t* records = json_array();
        for (size_t i = 0; i < list.count; i++) {
                const WantedSet* set = &list.sets[i];
                if (is_written(row, set))
                        (void) json_array_append_new(
                                records, json_pack("{s:s, s:s, s:s, s:s, s:O, s:b, s:b, s:o}", "id", set->id, "owner", set->owner, "type", set->type,
                                                   "part", set->part, "values", set->values, "hold", (int) set->hold, "waits", (int) set->waits, "ours",
                                                   ours_of(m, row->id, set)));
        }
        *ret = records;
        return 0;
}

/* Of what is wanted, apart from what is known to be ours. */
static void digest_of(const json_t* records, char ret[static WRITER_DIGEST_BYTES]) {
        json_t* copy = json_deep_copy(records);
        uint8_t digest[DIGEST_BYTES];
        size_t i;
        json_t* record;
        json_array_foreach(copy, i, record)
                (void) json_object_del(record, "ours");
        _cleanup_free_ char* text = json_text(copy, /* canonical= */ true);
        json_decref(copy);
        digest_sha256(strempty(text), strlen(strempty(text)), digest);
        hex_encode(digest, sizeof(digest), ret);
}

int writer_digest(Manager* m, const DomainRow* row, char ret[static WRITER_DIGEST_BYTES], Error* reterr) {
        _cleanup_json_ json_t* records = NULL;
        int r = records_make(m, row, &records, reterr);
        if (r >= 0)
                digest_of(records, ret);
        return r;
}

json_t* writer_request(const DomainRow* row, const char* mode) {
        json_t* options = json_loads(row->writer_options, JSON_REJECT_DUPLICATES, NULL);
        return json_pack("{s:s, s:s, s:s, s:o}", "mode", mode, "domain", row->name, "kind", row->writer, "options", options ?: json_object());
}

static int replace_check(const json_t* records, const json_t* replace, Error* reterr) {
        size_t i, k;
        json_t *id, *record;
        json_array_foreach(replace, i, id) {
                bool found = false;
                json_array_foreach(records, k, record)
                        found = found || streq_ptr(json_get_string(record, "id"), json_string_value(id));
                if (!found)
                        return error_field(reterr, ERROR_BAD_FIELD, "replace", "No record that is wanted and can be written is called %.100s.",
                                           strempty(json_string_value(id)));
        }
        return 0;
}

static int records_add(Manager* m, const DomainRow* row, const json_t* replace, json_t* request, Error* reterr) {
        char digest[WRITER_DIGEST_BYTES];
        json_t* records = NULL;
        int r = records_make(m, row, &records, reterr);
        if (r < 0)
                return r;
        digest_of(records, digest);
        (void) json_object_set_new(request, "records", records);
        (void) json_object_set_new(request, "digest", json_string(digest));
        if (replace)
                (void) json_object_set_new(request, "replace", json_deep_copy(replace));
        return replace_check(records, replace, reterr);
}

int domain_write_begin(
                Manager* m,
                const DomainRow* row,
                const char* mode,
                const json_t* replace,
                const Actor* actor,
                char ret_job[static JOB_ID_BYTES],
                Error* reterr) {
        if (!*row->writer) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "The records of this domain are written by hand.");
                return error_hint(reterr, "Connect its DNS provider first.");
        }
        if (streq(mode, "apply") && !writer_is_ready(row)) {
                (void) error_set(reterr, ERROR_WRONG_STATE, "Nobody has seen yet that this token may write.");
                return error_hint(reterr, "Test the token first.");
        }
        json_t* request = writer_request(row, mode);
        int r = streq(mode, "test") ? 0 : records_add(m, row, replace, request, reterr);
        if (r < 0) {
                json_decref(request);
                return r;
        }
        return jobs_add(m->jobs, JOB_DNS_WRITE, actor, row->name, request, ret_job, reterr);
}
