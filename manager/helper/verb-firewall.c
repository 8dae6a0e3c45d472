/* The firewall: rendered, checked by the kernel, loaded in one transaction, kept for the next boot only once it was loaded. */
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "helper/helper.h"
#include "helper/render-nftables.h"
#include <fcntl.h>

#define FIREWALL_FILE "/etc/steadbox/firewall/nftables.conf"
#define FIREWALL_DIRECTORY "/etc/steadbox/firewall"
#define SHOW_MAX (1024 * 1024)

static int ports_read(sd_bus_message* call, FirewallPort* ports, size_t* ret_n, Error* reterr) {
        size_t n = 0;
        int r = sd_bus_message_enter_container(call, 'a', "(susss)");
        while (r >= 0) {
                FirewallPort p;
                r = sd_bus_message_read(call, "(susss)", &p.proto, &p.port, &p.purpose, &p.scope, &p.app);
                if (r == 0)
                        break;
                if (r > 0 && n >= FIREWALL_PORTS_MAX)
                        return error_set(reterr, ERROR_TOO_LARGE, "More than %d ports are not supported.", FIREWALL_PORTS_MAX);
                if (r > 0)
                        ports[n++] = p;
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        *ret_n = n;
        return 0;
}

static int nft(bool check, const char* text, Error* reterr) {
        const char* const argv[] = { "/usr/sbin/nft", check ? "--check" : "--file", check ? "--file" : "-", check ? "-" : NULL, NULL };
        int r = process_check(argv, &(ProcessOptions) { .input = text, .input_size = strlen(text), .timeout_sec = 20 }, reterr);
        return r < 0 ? error_context(reterr, "The firewall was not changed") : 0;
}

/* Safe with a hostile manager: the table's text is constant but for a protocol out of two, a number, and a comment of [a-z0-9-]. It can
 * open or close ports, which is what the manager is for; it cannot touch another table, nor the rules about the metadata address. The
 * kernel takes the whole table or nothing. */
int verb_firewall_apply(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        FirewallPort ports[FIREWALL_PORTS_MAX];
        _cleanup_free_ char* text = NULL;
        size_t n = 0;
        int r = ports_read(call, ports, &n, reterr);
        if (r >= 0)
                r = render_nftables(ports, n, &text, reterr);
        if (r >= 0)
                r = nft(/* check= */ true, text, reterr);
        if (r >= 0)
                r = nft(/* check= */ false, text, reterr);
        if (r < 0)
                return r;
        r = directory_make(FIREWALL_DIRECTORY, 0755);
        if (r >= 0)
                r = file_write(AT_FDCWD, FIREWALL_FILE, text, strlen(text), 0644);
        if (r < 0)
                return error_errno(reterr, r, "The firewall is loaded, but cannot be kept for the next boot");
        log_info("Firewall loaded with %zu ports.", n);
        return VERB_DONE;
}

/* Safe with a hostile manager: no argument; the rule set is no secret from it. */
int verb_firewall_show(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        static const char* const argv[] = { "/usr/sbin/nft", "--json", "list", "ruleset", NULL };
        _cleanup_(process_result_done) ProcessResult result = {};
        int r = process_run(argv, &(ProcessOptions) { .output_max = SHOW_MAX, .timeout_sec = 20, .stdout_only = true }, &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run nft");
        if (result.exit_code != 0)
                return error_set(reterr, ERROR_HELPER_FAILED, "nft could not list the rules (code %d).", result.exit_code);
        if (result.output_size >= SHOW_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "The rule set is larger than %d bytes.", SHOW_MAX);
        r = sd_bus_message_append(reply, "s", result.output);
        return r < 0 ? error_errno(reterr, r, "Cannot answer") : VERB_DONE;
}
