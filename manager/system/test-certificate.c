/* When a certificate is fetched by itself: due, named, and not tried a moment ago. What is outside is played. */
#include "base/test.h"
#include "api/events.h"
#include "audit/audit.h"
#include "base/time.h"
#include "daemon/helper-client.h"
#include "job/job-internal.h"
#include "site/site.h"
#include "store/store-setting.h"
#include "system/system-internal.h"
#include <stdio.h>

static json_t* certificates;

const json_t* system_certificates(Manager* m) {
        return certificates;
}

void system_certificates_changed(Manager* m) {
}

void events_publish(Events* e, const char* name, json_t* data, int64_t user_id) {
        json_decref(data);
}

int helper_client_certificate_adopt(
                HelperClient* c, const char* id, const char* job, const char* const* names, HelperDone done, void* userdata, Error* reterr) {
        return -EIO;
}

static const JobClass* const classes[_JOB_KIND_MAX] = {};

typedef struct Fixture {
        Manager m;
        char directory[64];
} Fixture;

static void up(Fixture* f, const char* fallback_name) {
        _cleanup_error_ Error e = ERROR_NULL;
        char path[96];
        *f = (Fixture) { .directory = "/tmp/test-certificate.XXXXXX" };
        ASSERT_TRUE(mkdtemp(f->directory));
        (void) snprintf(path, sizeof(path), "%s/db", f->directory);
        ASSERT_OK(sd_event_new(&f->m.event));
        ASSERT_OK(store_open(path, &f->m.store, &e));
        ASSERT_OK(audit_new(f->m.store, &f->m.audit, &e));
        ASSERT_OK(site_new(&f->m, &f->m.site, &e));
        f->m.machine = fallback_name ? json_pack("{s:{s:s}}", "provider", "fallback_name", fallback_name) : json_object();
        ASSERT_OK(jobs_new_with(&f->m, (JobsOptions) { .classes = classes, .listen_fd = -EBADF }, &f->m.jobs, &e));
}

static void down(Fixture* f) {
        char command[96];
        json_decref(certificates);
        certificates = NULL;
        f->m.jobs = jobs_free(f->m.jobs);
        (void) audit_free(f->m.audit);
        (void) site_free(f->m.site);
        (void) store_free(f->m.store);
        (void) sd_event_unref(f->m.event);
        json_decref(f->m.machine);
        (void) snprintf(command, sizeof(command), "rm -r %s", f->directory);
        ASSERT_EQ(system(command), 0);
}

/* Housekeeping with one certificate; how many jobs are open afterwards. */
static int64_t look(Fixture* f, bool self_signed, int64_t from, int64_t until) {
        _cleanup_error_ Error e = ERROR_NULL;
        int64_t open = 0, now = now_seconds();
        json_decref(certificates);
        certificates = json_pack("[{s:s, s:b, s:I, s:I}]", "id", "box", "self_signed", (int) self_signed, "not_before",
                                 (json_int_t) (now + from), "not_after", (json_int_t) (now + until));
        ASSERT_OK(store_begin(f->m.store, &e));
        ASSERT_OK(certificate_renew_due(&f->m, &e));
        ASSERT_OK(store_commit(f->m.store, &e));
        ASSERT_OK(store_job_open_count(f->m.store, "certificate", &open, &e));
        return open;
}

#define DAYS(n) ((int64_t) (n) * 86400)

TEST(renewed_at_two_thirds_of_its_life) {
        Fixture f;
        up(&f, "c1.provider.example");
        ASSERT_EQ(look(&f, false, -DAYS(59), DAYS(31)), 0);
        ASSERT_EQ(look(&f, false, -DAYS(61), DAYS(29)), 1);
        _cleanup_json_ json_t* ids = NULL;
        _cleanup_job_row_ JobRow row = {};
        ASSERT_OK(store_job_open(f.m.store, &ids, NULL));
        ASSERT_EQ(store_job_get(f.m.store, json_string_value(json_array_get(ids, 0)), &row, NULL), 1);
        ASSERT_TRUE(strstr(row.request, "\"names\":[\"c1.provider.example\"]"));
        ASSERT_TRUE(strstr(row.request, "https://acme-v02.api.letsencrypt.org/directory"));
        ASSERT_STREQ(row.actor, "system");
        down(&f);
}

TEST(a_self_signed_one_is_replaced_where_there_is_a_name) {
        Fixture f;
        up(&f, "c1.provider.example");
        ASSERT_EQ(look(&f, true, -DAYS(1), DAYS(800)), 1);
        down(&f);
        up(&f, NULL);
        ASSERT_EQ(look(&f, true, -DAYS(1), DAYS(800)), 0);
        down(&f);
}

TEST(not_tried_again_at_once) {
        _cleanup_error_ Error e = ERROR_NULL;
        Fixture f;
        char before[32];
        up(&f, "c1.provider.example");
        (void) snprintf(before, sizeof(before), "%lld", (long long) (now_seconds() - 3600));
        ASSERT_OK(store_setting_set(f.m.store, "certificate_tried_at", before, &e));
        ASSERT_EQ(look(&f, true, -DAYS(1), DAYS(800)), 0);
        (void) snprintf(before, sizeof(before), "%lld", (long long) (now_seconds() - 13 * 3600));
        ASSERT_OK(store_setting_set(f.m.store, "certificate_tried_at", before, &e));
        ASSERT_EQ(look(&f, true, -DAYS(1), DAYS(800)), 1);
        ASSERT_EQ(look(&f, true, -DAYS(1), DAYS(800)), 1); /* and one is enough */
        down(&f);
}

TEST_MAIN()
