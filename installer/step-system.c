/* Steps that hand the machine to the manager: accounts, directories, the box's key, its settings, and its units. */
#include "base/file.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/time.h"
#include "install.h"
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#define BOX_KEY_BYTES 32
#define BOX_KEY_PATH CREDENTIALS_DIRECTORY "/box.key"
#define PRESETS_PATH CREDENTIALS_DIRECTORY "/presets"
#define CREDENTIAL_MAX ((size_t) 1024 * 1024)

/* ---- accounts and directories ------------------------------------------------------------------------------------------------ */

int accounts_check(Install* i, Error* reterr) {
        return getpwnam("steadbox") && getpwnam("steadbox-acme") && getgrnam("steadbox-admin") && getgrnam("steadbox-job");
}

/* Runs a tool of systemd over the configuration files of ours that match. */
static int run_over(const char* const* front, const char* pattern, Error* reterr) {
        const char* argv[64] = {};
        size_t n = 0;
        for (; front[n]; n++)
                argv[n] = front[n];
        glob_t found = {};
        if (glob(pattern, 0, NULL, &found) != 0)
                return error_set(reterr, ERROR_INTERNAL, "There is no file %s; is the package steadbox whole?", pattern);
        for (size_t k = 0; k < found.gl_pathc && n + 1 < ELEMENTS(argv); k++)
                argv[n++] = found.gl_pathv[k];
        int r = process_check(argv, NULL, reterr);
        globfree(&found);
        return r;
}

int accounts_apply(Install* i, Error* reterr) {
        static const char* const front[] = { "/usr/bin/systemd-sysusers", NULL };
        return run_over(front, "/usr/lib/sysusers.d/steadbox*.conf", reterr);
}

int directories_check(Install* i, Error* reterr) {
        static const char* const wanted[] = { STEADBOX_ETC "/firewall", STEADBOX_ETC "/nginx", STEADBOX_ETC "/ssh", "/run/steadbox/jobs",
                                              "/run/steadbox-challenge", "/run/steadbox-helper", "/var/lib/steadbox/certificates" };
        const struct group* g = getgrnam("steadbox");
        struct stat st;
        for (size_t k = 0; k < ELEMENTS(wanted); k++)
                if (stat(wanted[k], &st) < 0 || !S_ISDIR(st.st_mode))
                        return 0;
        return g && stat("/var/lib/steadbox", &st) == 0 && st.st_gid == g->gr_gid && stat(CREDENTIALS_DIRECTORY, &st) == 0 &&
               (st.st_mode & 0777) == 0700;
}

int directories_apply(Install* i, Error* reterr) {
        static const char* const front[] = { "/usr/bin/systemd-tmpfiles", "--create", NULL };
        return run_over(front, "/usr/lib/tmpfiles.d/steadbox*.conf", reterr);
}

/* ---- sealed credentials ------------------------------------------------------------------------------------------------------ */

/* Without this systemd-creds tells the console that its host key is not on an encrypted disk. */
static const char* const creds_environment[] = { "SYSTEMD_LOG_LEVEL=err", NULL };

/* Sealed to the key of this installation's disk, on purpose never to a TPM: rented machines are moved, cloned and restored by their
 * provider, their virtual TPM is not, and a box that cannot read its own secrets after a move is no better protected. */
static int credential_write(const char* name, const char* path, const void* secret, size_t size, Error* reterr) {
        _cleanup_(process_result_done) ProcessResult sealed = {};
        char option[64];
        (void) snprintf(option, sizeof(option), "--name=%s", name);
        int r = process_run((const char*[]) { "/usr/bin/systemd-creds", "encrypt", "--with-key=host", option, "-", "-", NULL },
                            &(ProcessOptions) { .input = secret, .input_size = size, .output_max = CREDENTIAL_MAX, .stdout_only = true,
                                                .environment = creds_environment }, &sealed);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run systemd-creds");
        if (sealed.exit_code != 0 || sealed.output_size == 0)
                return error_set(reterr, ERROR_INTERNAL, "systemd-creds could not seal the credential '%s' (code %d).", name, sealed.exit_code);
        r = file_write(AT_FDCWD, path, sealed.output, sealed.output_size, 0600);
        return r < 0 ? error_errno(reterr, r, "Cannot write %s", path) : 0;
}

/* Whether the credential can be opened here: 1 yes, 0 no. */
static int credential_opens(const char* name, const char* path, Error* reterr) {
        _cleanup_(process_result_done) ProcessResult opened = {};
        char option[64];
        (void) snprintf(option, sizeof(option), "--name=%s", name);
        int r = process_run((const char*[]) { "/usr/bin/systemd-creds", "decrypt", option, path, "-", NULL },
                            &(ProcessOptions) { .output_max = CREDENTIAL_MAX, .stdout_only = true,
                                                .environment = creds_environment }, &opened);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run systemd-creds");
        explicit_bzero(opened.output, opened.output_size);
        return opened.exit_code == 0 && opened.output_size > 0;
}

/* A key that is there but does not open means a copied or half-restored disk. With a store beside it, a new key would make that store's
 * secrets unreadable for ever: that is for a person to decide. */
int keys_check(Install* i, Error* reterr) {
        if (!file_exists(BOX_KEY_PATH)) {
                if (!file_exists(STORE_PATH))
                        return 0;
                (void) error_set(reterr, ERROR_WRONG_STATE, "There is a store at %s, but its key %s is gone.", STORE_PATH, BOX_KEY_PATH);
                return error_hint(reterr, "Restore this machine from a backup; a new key could not read the store.");
        }
        int r = credential_opens("box.key", BOX_KEY_PATH, reterr);
        if (r != 0)
                return MIN(r, 1);
        if (!file_exists(STORE_PATH))
                return 0;
        (void) error_set(reterr, ERROR_WRONG_STATE, "The key %s was sealed on another machine and cannot be opened here.", BOX_KEY_PATH);
        return error_hint(reterr, "Seal the old machine's key here (/usr/share/doc/steadbox/admin.md, \"box.key is missing\"), or restore from a backup; copying /var/lib/systemd/credential.secret is not enough.");
}

int keys_apply(Install* i, Error* reterr) {
        uint8_t key[BOX_KEY_BYTES];
        random_bytes(key, sizeof(key));
        int r = credential_write("box.key", BOX_KEY_PATH, key, sizeof(key), reterr);
        explicit_bzero(key, sizeof(key));
        return r;
}

int keys_undo(Install* i, Error* reterr) {
        if (file_exists(STORE_PATH))
                return 0; /* the store needs it; both stay */
        if (unlink(BOX_KEY_PATH) < 0 && errno != ENOENT)
                return error_errno(reterr, -errno, "Cannot remove " BOX_KEY_PATH);
        return 0;
}

/* ---- steadbox.json ----------------------------------------------------------------------------------------------------------- */

static char* settings_text(const Install* i) {
        _cleanup_json_ json_t* settings = config_settings(i->config);
        _cleanup_free_ char* text = settings ? json_dumps(settings, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
        char* line = NULL;
        return text && asprintf(&line, "%s\n", text) >= 0 ? line : NULL;
}

static bool settings_owned_well(void) {
        struct stat st;
        const struct group* g = getgrnam("steadbox");
        return g && stat(SETTINGS_PATH, &st) == 0 && st.st_uid == 0 && st.st_gid == g->gr_gid && (st.st_mode & 0777) == 0640;
}

/* Secrets for later (relay, backup targets, fleet key) are sealed as one credential. install.json loses them in the last step, so that a
 * file without any says nothing about the credential. */
static bool presets_pending(const Install* i) {
        _cleanup_json_ json_t* presets = config_presets(i->config);
        return json_object_size(presets) > 0 &&
               (!file_exists(PRESETS_PATH) || journal_state(i->journal, "secrets") != JOURNAL_DONE) && !i->presets_sealed;
}

int settings_check(Install* i, Error* reterr) {
        _cleanup_free_ char *wanted = settings_text(i), *have = NULL;
        if (!wanted)
                return error_errno(reterr, -ENOMEM, "Cannot make the settings");
        if (presets_pending(i) || !settings_owned_well())
                return 0;
        int r = file_read(AT_FDCWD, SETTINGS_PATH, CONFIG_SIZE_MAX, &have, NULL);
        if (r < 0 && r != -ENOENT)
                return error_errno(reterr, r, "Cannot read " SETTINGS_PATH);
        return r >= 0 && streq(wanted, have);
}

int settings_apply(Install* i, Error* reterr) {
        _cleanup_json_ json_t* presets = config_presets(i->config);
        _cleanup_(erase_and_freep) char* secret = presets ? json_text(presets, /* canonical= */ true) : NULL;
        _cleanup_free_ char* text = settings_text(i);
        const struct group* g = getgrnam("steadbox");
        int r = 0;

        if (!text || !secret)
                return error_errno(reterr, -ENOMEM, "Cannot make the settings");
        if (!g)
                return error_set(reterr, ERROR_INTERNAL, "There is no group 'steadbox'.");
        if (json_object_size(presets) > 0)
                r = credential_write("presets", PRESETS_PATH, secret, strlen(secret), reterr);
        if (r < 0)
                return r;
        i->presets_sealed = true;
        r = file_write(AT_FDCWD, SETTINGS_PATH, text, strlen(text), 0640);
        if (r >= 0 && chown(SETTINGS_PATH, 0, g->gr_gid) < 0)
                r = -errno;
        return r < 0 ? error_errno(reterr, r, "Cannot write " SETTINGS_PATH) : 0;
}

int settings_undo(Install* i, Error* reterr) {
        static const char* const files[] = { SETTINGS_PATH, PRESETS_PATH };
        for (size_t k = 0; k < ELEMENTS(files); k++)
                if (unlink(files[k]) < 0 && errno != ENOENT)
                        return error_errno(reterr, -errno, "Cannot remove %s", files[k]);
        return 0;
}

/* ---- units ------------------------------------------------------------------------------------------------------------------- */

static const char* const running_units[] = { "steadboxd-admin.socket", "steadboxd-web.socket", "steadboxd-job.socket", "steadboxd.service" };
/* Do their work at boot; at this moment the helper brings the first two up, when the manager asks it to. */
static const char* const boot_units[] = { "steadbox-firewall.service", "nginx.service", "unbound.service", "steadbox-apps.service" };
#define UNITS_MAX 16
#define RESOLVER_CONF "/usr/share/steadbox/unbound.conf"

/* A command line of systemctl over all units, or over those that run. */
static void unit_arguments(const char* const* verb, bool all, const char* ret[static UNITS_MAX]) {
        size_t n = 0;
        for (; verb[n]; n++)
                ret[n] = verb[n];
        for (size_t k = 0; k < ELEMENTS(running_units); k++)
                ret[n++] = running_units[k];
        for (size_t k = 0; all && k < ELEMENTS(boot_units); k++)
                ret[n++] = boot_units[k];
        assert(n < UNITS_MAX);
        ret[n] = NULL;
}

static int systemctl(const char* const* arguments, ProcessResult* ret, Error* reterr) {
        const char* argv[32] = { "/usr/bin/systemctl" };
        for (size_t k = 0; arguments[k] && k + 2 < ELEMENTS(argv); k++)
                argv[k + 1] = arguments[k];
        int r = process_run(argv, &(ProcessOptions) { .timeout_sec = 120 }, ret);
        return r < 0 ? error_errno(reterr, r, "Cannot run systemctl") : 0;
}

/* Whether every line that systemctl prints for our units is the word. */
static int units_all(const char* verb, const char* word, bool all, Error* reterr) {
        _cleanup_(process_result_done) ProcessResult result = {};
        const char* arguments[UNITS_MAX];
        unit_arguments((const char*[]) { verb, NULL }, all, arguments);
        int r = systemctl(arguments, &result, reterr);
        if (r < 0)
                return r;
        size_t lines = 0, wanted = ELEMENTS(running_units) + (all ? ELEMENTS(boot_units) : 0);
        char* save = NULL;
        for (char* line = strtok_r(result.output, "\n", &save); line; line = strtok_r(NULL, "\n", &save), lines++)
                if (!streq(line, word))
                        return 0;
        return lines == wanted;
}

/* The manager reads steadbox.json when it starts; a younger file wants it restarted. 1 = it has read the present one. */
static int settings_read(Error* reterr) {
        _cleanup_(process_result_done) ProcessResult result = {};
        struct stat st;
        int r = systemctl((const char*[]) { "show", "--value", "--property=ExecMainStartTimestamp", "--timestamp=unix", "steadboxd.service", NULL }, &result, reterr);
        if (r < 0)
                return r;
        long long started = result.output[0] == '@' ? atoll(result.output + 1) : 0;
        return stat(SETTINGS_PATH, &st) < 0 || st.st_mtime <= started;
}

int units_check(Install* i, Error* reterr) {
        int r = units_all("is-enabled", "enabled", /* all= */ true, reterr);
        if (r > 0)
                r = units_all("is-active", "active", /* all= */ false, reterr);
        if (r > 0)
                r = settings_read(reterr);
        return r;
}

/* Why a unit does not run: the last error in its journal that says more than "Failed to start". */
static int unit_failed(const char* unit, Error* reterr) {
        _cleanup_(process_result_done) ProcessResult log = {};
        const char* reason = NULL;
        int r = process_run((const char*[]) { "/usr/bin/journalctl", "--quiet", "--no-pager", "--output=cat", "--boot", "--lines=8",
                                              "--priority=err", "--unit", unit, NULL }, NULL, &log);
        char* save = NULL;
        for (char* line = r >= 0 ? strtok_r(log.output, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
                if (!startswith(line, "Failed to start"))
                        reason = line;
        (void) error_set(reterr, ERROR_INTERNAL, "%s does not start%s%s", unit, reason ? ": " : ".", strempty(reason));
        return error_hint(reterr, "Look at 'journalctl --unit=%s', then run the installer again.", unit);
}

/* Debian's packages start nginx with a welcome page and unbound with its own rules, before our drop-ins count. They give way. */
static int stop_foreign(const char* unit, const char* ours, Error* reterr) {
        _cleanup_(process_result_done) ProcessResult show = {}, stop = {};
        _cleanup_free_ char* command = NULL;
        char path[64];
        int r = systemctl((const char*[]) { "show", "--value", "--property=MainPID", unit, NULL }, &show, reterr);
        if (r < 0 || atoi(show.output) <= 0)
                return r;
        (void) snprintf(path, sizeof(path), "/proc/%d/cmdline", atoi(show.output));
        size_t size = 0;
        if (file_read(AT_FDCWD, path, 65536, &command, &size) < 0 || memmem(command, size, ours, strlen(ours)))
                return 0;
        return systemctl((const char*[]) { "stop", unit, NULL }, &stop, reterr);
}

static int start_all(Error* reterr) {
        _cleanup_(process_result_done) ProcessResult reload = {}, enable = {}, start = {}, resolver = {};
        const char* arguments[UNITS_MAX];
        int r = systemctl((const char*[]) { "daemon-reload", NULL }, &reload, reterr);
        if (r >= 0)
                r = stop_foreign("nginx.service", STEADBOX_ETC, reterr);
        if (r >= 0)
                r = stop_foreign("unbound.service", RESOLVER_CONF, reterr);
        unit_arguments((const char*[]) { "enable", "--quiet", NULL }, /* all= */ true, arguments);
        if (r >= 0)
                r = systemctl(arguments, &enable, reterr);
        unit_arguments((const char*[]) { "start", NULL }, /* all= */ false, arguments);
        if (r >= 0)
                r = systemctl(arguments, &start, reterr);
        if (r >= 0) /* a box whose port 53 is taken still serves; the manager's findings say what is missing */
                r = systemctl((const char*[]) { "start", "unbound.service", NULL }, &resolver, reterr);
        if (r < 0)
                return r;
        if (enable.exit_code != 0)
                return error_set(reterr, ERROR_INTERNAL, "The units of the box cannot be enabled: %s", enable.output);
        return start.exit_code == 0 ? 0 : unit_failed("steadboxd.service", reterr);
}

int units_apply(Install* i, Error* reterr) {
        int r = start_all(reterr);
        if (r < 0)
                return r;
        r = settings_read(reterr);
        if (r != 0)
                return MIN(r, 0);
        _cleanup_(process_result_done) ProcessResult restart = {};
        r = systemctl((const char*[]) { "restart", "steadboxd.service", NULL }, &restart, reterr);
        if (r < 0)
                return r;
        return restart.exit_code == 0 ? 0 : unit_failed("steadboxd.service", reterr);
}

int units_undo(Install* i, Error* reterr) {
        _cleanup_(process_result_done) ProcessResult result = {};
        const char* arguments[UNITS_MAX];
        unit_arguments((const char*[]) { "disable", "--now", "--quiet", NULL }, /* all= */ true, arguments);
        int r = systemctl(arguments, &result, reterr);
        if (r >= 0 && result.exit_code != 0)
                r = error_set(reterr, ERROR_INTERNAL, "The units of the box could not be disabled: %s", result.output);
        return r;
}
