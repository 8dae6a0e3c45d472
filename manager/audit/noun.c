/* The log as a noun: verifying it is a job; what is kept of a person; details expire. */
#include "audit/audit.h"
#include "base/secret.h"
#include "base/time.h"
#include "job/job.h"
#include "noun.h"
#include "store/store-audit.h"
#include "store/store-setting.h"

#define LINES_A_TURN 500 /* about 5 ms */
#define RETENTION_DAYS 365

/* journal: {"seq":next line,"hash":hex of the chain so far} */
static int verify_step(Manager* m, Job* job, Error* reterr) {
        uint8_t hash[32] = {};
        char hex[65];
        int64_t seq = json_get_integer(job->journal, "seq", 1), last = 0;
        const char* before = json_get_string(job->journal, "hash");
        if (before && hex_decode(before, hash, sizeof(hash)) < 0)
                return error_set(reterr, ERROR_STORE_BROKEN, "The job's journal is damaged.");
        int r = audit_verify_some(m->audit, &seq, hash, LINES_A_TURN, reterr);
        if (r < 0)
                return r;
        hex_encode(hash, sizeof(hash), hex);
        (void) json_object_set_new(job->journal, "seq", json_integer(seq));
        (void) json_object_set_new(job->journal, "hash", json_string(hex));
        if (audit_last_seq(m->audit, &last, reterr) >= 0 && last > 0)
                job->percent = (unsigned) MIN((seq - 1) * 100 / last, (int64_t) 100);
        if (r > 0)
                return 0;
        (void) json_object_set_new(job->result, "lines", json_integer(seq - 1));
        (void) json_object_set_new(job->result, "head", json_string(hex));
        return 1;
}

const JobClass log_verify_job = { .step = verify_step };

static int personal_data(Manager* m, int64_t user_id, json_t* ret_parts, Error* reterr) {
        _cleanup_free_ char* items = NULL;
        int64_t next, total;
        int r = store_audit_list(m->store, &(AuditFilter) { .actor_id = user_id, .limit = 1000 }, &items, &next, &total, reterr);
        if (r < 0)
                return r;
        json_error_t e;
        (void) json_object_set_new(ret_parts, "log", json_loads(items, 0, &e) ?: json_array());
        return 0;
}

static int erase(Manager* m, int64_t user_id, Error* reterr) {
        int r = audit_erase_person(m->audit, user_id, reterr);
        return MIN(r, 0);
}

static int housekeeping(Manager* m, Error* reterr) {
        _cleanup_free_ char* days = NULL;
        int r = store_setting_get(m->store, "retention_days", &days, reterr);
        if (r < 0)
                return r;
        return audit_expire_details(m->audit, now_seconds() - (int64_t) (days ? atoi(days) : RETENTION_DAYS) * 86400, reterr);
}

const NounClass audit_noun = { .name = "log", .personal_data = personal_data, .erase = erase, .housekeeping = housekeeping };
