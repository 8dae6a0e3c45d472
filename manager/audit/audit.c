/* The chain: hash = SHA-256(hash before || canonical line). The SQL is in store/store-audit.c; this file decides what is sealed. */
#include "audit/audit.h"
#include "base/secret.h"
#include "base/time.h"
#include "store/store-audit.h"
#include <stdio.h>

#define SALT_BYTES 16
#define STRANGERS_BURST 1000
#define STRANGERS_USEC (6 * USEC_PER_SEC) /* one more each */

struct Audit {
        Store* store;
        int64_t seq;                /* of the last line */
        uint8_t hash[DIGEST_BYTES]; /* of the last line */
        unsigned strangers;         /* lines left for strangers */
        uint64_t strangers_usec;    /* when that was counted */
};

static int head_read(Audit* a, Error* reterr) {
        AuditRow row = {};
        int r = store_audit_last(a->store, &row, reterr);
        if (r < 0)
                return r;
        a->seq = r > 0 ? row.seq : 0;
        memcpy(a->hash, row.hash, sizeof(a->hash));
        audit_row_done(&row);
        return 0;
}

int audit_new(Store* store, Audit** ret, Error* reterr) {
        _cleanup_(audit_freep) Audit* a = calloc(1, sizeof(Audit));
        if (!a)
                return error_errno(reterr, -ENOMEM, "Cannot open the log");
        a->store = store;
        a->strangers = STRANGERS_BURST;
        a->strangers_usec = now_usec(CLOCK_MONOTONIC);
        int r = head_read(a, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

Audit* audit_free(Audit* a) {
        free(a);
        return NULL;
}

/* The line as one JSON array: unambiguous, because JSON escapes its strings. */
static int line_hash(const uint8_t before[static DIGEST_BYTES], const AuditRow* row, uint8_t ret[static DIGEST_BYTES]) {
        char detail_hex[DIGEST_BYTES * 2 + 1];
        hex_encode(row->detail_hash, DIGEST_BYTES, detail_hex);
        _cleanup_json_ json_t* line = json_pack("[I,I,s,I,s,s,s,s]", (json_int_t) row->seq, (json_int_t) row->at, row->operation,
                                                (json_int_t) row->actor_id, row->actor_name, row->object, row->result, detail_hex);
        _cleanup_free_ char* text = line ? json_text(line, /* canonical= */ true) : NULL;
        if (!text)
                return -ENOMEM;
        size_t n = strlen(text);
        _cleanup_free_ uint8_t* whole = malloc(DIGEST_BYTES + n);
        if (!whole)
                return -ENOMEM;
        memcpy(whole, before, DIGEST_BYTES);
        memcpy(whole + DIGEST_BYTES, text, n);
        digest_sha256(whole, DIGEST_BYTES + n, ret);
        return 0;
}

static int detail_hash(const uint8_t salt[static SALT_BYTES], const char* detail, uint8_t ret[static DIGEST_BYTES]) {
        size_t n = strlen(detail);
        _cleanup_free_ uint8_t* whole = malloc(SALT_BYTES + n);
        if (!whole)
                return -ENOMEM;
        memcpy(whole, salt, SALT_BYTES);
        memcpy(whole + SALT_BYTES, detail, n);
        digest_sha256(whole, SALT_BYTES + n, ret);
        return 0;
}

int audit_append(Audit* a, const AuditLine* line, Error* reterr) {
        assert(store_in_transaction(a->store));
        /* Whether the last append was committed is known only to whoever held that transaction: one indexed read settles it. */
        int r = head_read(a, reterr);
        if (r < 0)
                return r;

        uint8_t salt[SALT_BYTES];
        random_bytes(salt, sizeof(salt));
        _cleanup_free_ char* detail = line->detail ? json_text(line->detail, /* canonical= */ true) : strdup("{}");
        if (!detail)
                return error_errno(reterr, -ENOMEM, "Cannot write the log");
        AuditRow row = {
                .seq = a->seq + 1,
                .at = now_seconds(),
                .operation = (char*) line->operation,
                .actor_id = line->actor_id,
                .actor_name = (char*) (line->actor_id ? "" : strempty(line->actor_name)),
                .object = (char*) strempty(line->object),
                .result = (char*) line->result,
        };
        r = detail_hash(salt, detail, row.detail_hash);
        if (r >= 0)
                r = line_hash(a->hash, &row, row.hash);
        if (r < 0)
                return error_errno(reterr, r, "Cannot write the log");
        return store_audit_insert(a->store, &row, salt, sizeof(salt), detail, reterr);
}

static int line_verify(Audit* a, const AuditRow* row, int64_t expected_seq, uint8_t hash[static DIGEST_BYTES], Error* reterr) {
        uint8_t computed[DIGEST_BYTES];
        if (row->seq != expected_seq)
                return error_set(reterr, ERROR_STORE_BROKEN, "Line %lld of the log is missing.", (long long) expected_seq);
        int r = line_hash(hash, row, computed);
        if (r < 0)
                return error_errno(reterr, r, "Cannot verify the log");
        if (memcmp(computed, row->hash, DIGEST_BYTES) != 0)
                return error_set(reterr, ERROR_STORE_BROKEN, "Line %lld of the log was changed after it was written.", (long long) row->seq);
        if (row->detail && row->salt_size == SALT_BYTES) {
                uint8_t of_detail[DIGEST_BYTES];
                r = detail_hash(row->salt, row->detail, of_detail);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot verify the log");
                if (memcmp(of_detail, row->detail_hash, DIGEST_BYTES) != 0)
                        return error_set(reterr, ERROR_STORE_BROKEN, "The detail of line %lld of the log was changed after it was written.", (long long) row->seq);
        } else if (row->detail)
                return error_set(reterr, ERROR_STORE_BROKEN, "The salt of line %lld of the log is damaged.", (long long) row->seq);
        memcpy(hash, row->hash, DIGEST_BYTES);
        return 0;
}

typedef struct Walk {
        Audit* audit;
        int64_t next;
        uint8_t* hash;
        unsigned seen;
} Walk;

static int on_row(const AuditRow* row, void* userdata, Error* reterr) {
        Walk* w = userdata;
        int r = line_verify(w->audit, row, w->next, w->hash, reterr);
        if (r < 0)
                return r;
        w->next++;
        w->seen++;
        return 0;
}

int audit_verify_some(Audit* a, int64_t* seq, uint8_t hash[static DIGEST_BYTES], unsigned count, Error* reterr) {
        Walk walk = { .audit = a, .next = MAX(*seq, (int64_t) 1), .hash = hash };
        int r = store_audit_walk(a->store, walk.next, count, on_row, &walk, reterr);
        if (r < 0)
                return r;
        *seq = walk.next;
        return walk.seen == count ? 1 : 0;
}

int audit_erase_person(Audit* a, int64_t user_id, Error* reterr) {
        return store_audit_erase_person(a->store, user_id, reterr);
}

int audit_expire_details(Audit* a, int64_t before, Error* reterr) {
        return store_audit_expire_details(a->store, before, reterr);
}

bool audit_stranger_may(Audit* a) {
        uint64_t now = now_usec(CLOCK_MONOTONIC), earned = (now - a->strangers_usec) / STRANGERS_USEC;
        if (earned > 0) {
                a->strangers = (unsigned) MIN((uint64_t) STRANGERS_BURST, a->strangers + earned);
                a->strangers_usec = now;
        }
        if (a->strangers == 0)
                return false;
        a->strangers--;
        return true;
}

int audit_last_seq(Audit* a, int64_t* ret, Error* reterr) {
        int r = head_read(a, reterr);
        if (r >= 0)
                *ret = a->seq;
        return r;
}
