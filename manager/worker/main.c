/* steadbox-job <kind> <id>: does one job in the sandbox of steadbox-job-<kind>@<id>.service and tells the manager. See steadbox-job(8). */
#include "base/log.h"
#include "base/secret.h"
#include "config.h"
#include "worker/worker.h"
#include <stdio.h>

static const struct {
        const char* kind;
        WorkerMain run;
} kinds[] = {
        { "app-data", app_data_main },
        { "support-bundle", support_bundle_main },
        { "catalogue-refresh", catalogue_refresh_main },
        { "certificate", certificate_main },
        { "certificate-check", certificate_check_main },
        { "dns-write", dns_write_main },
        { "domain-primary", domain_primary_main },
        { "domain-check", domain_check_main },
        { "image-pull", image_pull_main },
        { "image-clean", image_clean_main },
};

static int run(Worker* w, WorkerMain work) {
        _cleanup_error_ Error e = ERROR_NULL;
        json_t* result = NULL;
        int r = work(w, &result, &e);
        if (r >= 0 && !result)
                result = json_object();
        if (r >= 0)
                return worker_result(w, result);
        if (!error_is_set(&e))
                (void) error_errno(&e, r, "The job failed");
        log_notice("Job '%s' failed: %s", worker_id(w), e.message);
        return worker_error(w, &e);
}

int main(int argc, char** argv) {
        _cleanup_(worker_freep) Worker* w = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        const char* run_directory = secure_getenv("STEADBOX_RUN");
        if (argc != 3 || secret_init() < 0) {
                fputs("Usage: steadbox-job KIND ID\nStarted by the manager; release " STEADBOX_VERSION ".\n", stderr);
                return 2;
        }
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                if (!streq(kinds[i].kind, argv[1]))
                        continue;
                int r = worker_new(run_directory ?: "/run/steadbox", argv[1], argv[2], &w, &e);
                if (r < 0) {
                        log_error("Cannot begin: %s", strempty(e.message));
                        return EXIT_FAILURE;
                }
                return run(w, kinds[i].run) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        }
        log_error("There is no job kind '%s'.", argv[1]);
        return 2;
}
