/* Stands in for the system noun until it lands; whoever lands a symbol removes it here, and at last the file. */
#include "api/handlers.h"
#include "base/log.h"
#include "daemon/helper-client.h"
#include "job/job.h"
#include "noun.h"

const JobClass certificate_job = {}, support_bundle_job = {};

#define MISSING(f)                                                                      \
        int f(Request* request, Error* reterr) {                                        \
                return error_set(reterr, ERROR_NOT_FOUND, "Not landed yet: " #f);       \
        }
MISSING(op_certificate_list)
MISSING(op_certificate_renew)
MISSING(op_firewall_show)
MISSING(op_secret_list)
MISSING(op_secret_rotate)
MISSING(op_setting_show)
MISSING(op_setting_update)
MISSING(op_sshkey_add)
MISSING(op_sshkey_list)
MISSING(op_sshkey_remove)
MISSING(op_support_bundle)
MISSING(op_support_bundle_show)
MISSING(op_system_reboot)
MISSING(op_system_services)
MISSING(op_system_show)
MISSING(op_system_shutdown)
MISSING(op_system_starts)
MISSING(op_timezone_list)

static void on_signed(json_t* answer, const Error* error, void* userdata) {
        Manager* m = userdata;
        _cleanup_error_ Error e = ERROR_NULL;
        if (error)
                log_warning("Certificate: %s", error->message);
        const HelperName name = { .name = "*", .kind = "box", .target = "", .certificate = "box" };
        if (helper_client_nginx_apply(m->helper, &name, 1, NULL, NULL, &e) < 0)
                log_warning("nginx: %s", strempty(e.message));
}

static int startup(Manager* m, Error* reterr) {
        static const HelperPort ports[] = {
                { "tcp", 22, "ssh", "world", "" }, { "tcp", 80, "web", "world", "" }, { "tcp", 443, "web", "world", "" } };
        _cleanup_error_ Error e = ERROR_NULL;
        if (helper_client_firewall_apply(m->helper, ports, ELEMENTS(ports), NULL, NULL, &e) < 0 ||
            helper_client_certificate_self_sign(m->helper, "box", "steadbox.internal", on_signed, m, &e) < 0)
                log_warning("Helper: %s", strempty(e.message));
        return 0;
}

const NounClass system_noun = { .name = "system", .startup = startup };
