/* The firewall: rendered, checked by the kernel, loaded in one transaction, kept for the next boot only once it was loaded. */
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "helper/helper.h"
#include "helper/render-nftables.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

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

/* The records of all apps, and what the firewall must know of them, which borrows from the records. */
typedef struct Apps {
        AppRecord** records;
        FirewallApp* apps;
        size_t n;
} Apps;

static void apps_done(Apps* a) {
        for (size_t i = 0; i < a->n; i++)
                (void) app_record_free(a->records[i]);
        free(a->records);
        free(a->apps);
}

static int apps_add(Apps* a, AppRecord* record) {
        AppRecord** records = reallocarray(a->records, a->n + 1, sizeof(AppRecord*));
        FirewallApp* apps = reallocarray(a->apps, a->n + 1, sizeof(FirewallApp));
        a->records = records ?: a->records;
        a->apps = apps ?: a->apps;
        if (!records || !apps) {
                (void) app_record_free(record);
                return -ENOMEM;
        }
        FirewallApp app = {
                .slot = record->slot,
                .world = !streq(record->network_out, "none"),
                .mute = streq(record->network_out, "no-mail"),
                .host_network = record->host_network,
                .ports = record->ports,
                .ports_n = record->ports_n,
        };
        (void) snprintf(app.id, sizeof(app.id), "%s", record->id);
        a->records[a->n] = record;
        a->apps[a->n++] = app;
        return 0;
}

/* One whose record cannot be read reaches nothing; the others are as they should be. */
static int apps_read(Apps* a, Error* reterr) {
        DIR* directory = opendir(APPS_DIRECTORY);
        int r = 0;
        if (!directory)
                return errno == ENOENT ? 0 : error_errno(reterr, -errno, "Cannot list the apps");
        for (struct dirent* entry; r >= 0 && (entry = readdir(directory));) {
                _cleanup_error_ Error e = ERROR_NULL;
                AppRecord* record = NULL;
                if (entry->d_name[0] == '.')
                        continue;
                int found = app_record_load(dirfd(directory), entry->d_name, &record, &e);
                if (found < 0)
                        log_warning("The record of app '%s' cannot be read, it is left without a network: %s", entry->d_name, strempty(e.message));
                else if (found > 0)
                        r = apps_add(a, record);
        }
        (void) closedir(directory);
        return r < 0 ? error_errno(reterr, r, "Cannot read the apps") : 0;
}

static int nft(bool check, const char* text, Error* reterr) {
        const char* const argv[] = { "/usr/sbin/nft", check ? "--check" : "--file", check ? "--file" : "-", check ? "-" : NULL, NULL };
        int r = process_check(argv, &(ProcessOptions) { .input = text, .input_size = strlen(text), .timeout_sec = 20 }, reterr);
        return r < 0 ? error_context(reterr, "The firewall was not changed") : 0;
}

/* Safe with a hostile manager: the table's text is constant but for a protocol out of two, a number, and a comment of [a-z0-9-]. It can
 * open or close ports, which is what the manager is for; it cannot touch another table, nor the rules about the metadata address. What is in it
 * for apps comes from their records: an address by slot, numbers, ids that were checked. The
 * kernel takes the whole table or nothing. */
int verb_firewall_apply(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        FirewallPort ports[FIREWALL_PORTS_MAX];
        _cleanup_free_ char* text = NULL;
        _cleanup_(apps_done) Apps apps = {};
        size_t n = 0;
        int r = ports_read(call, ports, &n, reterr);
        if (r >= 0)
                r = apps_read(&apps, reterr);
        if (r >= 0)
                r = render_nftables(ports, n, apps.apps, apps.n, &text, reterr);
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
        log_info("Firewall loaded with %zu ports and %zu apps.", n, apps.n);
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
