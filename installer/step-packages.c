/* Packages from Debian that the appliance needs. Our own package names most of them; this step mends what a kill inside dpkg left and
 * adds what only some machines want. apt runs in a unit of its own, so that the installer's death is not apt's. */
#include "base/file.h"
#include "base/process.h"
#include "dpkg.h"
#include "install.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#define DPKG_STATUS "/var/lib/dpkg/status"
#define DPKG_UPDATES "/var/lib/dpkg/updates"
#define APT_UNIT "steadbox-install-packages.service"
#define APT_LOG "/run/steadbox-install-packages.log"
#define APT_TRIES 3
#define APT_TIMEOUT_SEC 1500
#define TEXT_MAX ((size_t) 64 * 1024 * 1024)
#define PACKAGES_MAX 24

typedef struct Package {
        const char* name;
        const char* program;  /* counts as installed when this is there, whichever package brought it; or NULL */
        bool (*wanted)(const Machine* m); /* NULL = on every machine, and then it must be there */
} Package;

static bool wants_time(const Machine* m) {
        return !m->container && !file_exists("/usr/sbin/chronyd") && !file_exists("/usr/sbin/ntpd");
}

static bool wants_guest_agent(const Machine* m) {
        return !m->container && access("/dev/virtio-ports/org.qemu.guest_agent.0", F_OK) == 0;
}

static const Package package_table[] = {
        { "ca-certificates",   NULL,                              NULL },
        { "catatonit",         "/usr/bin/catatonit",              NULL },
        { "cloud-guest-utils", "/usr/bin/growpart",               NULL },
        { "crun",              "/usr/bin/crun",                   NULL },
        { "dbus",              NULL,                              NULL },
        { "dns-root-data",     "/usr/share/dns/root.key",         NULL },
        { "iproute2",          "/usr/bin/ip",                     NULL },
        { "nftables",          "/usr/sbin/nft",                   NULL },
        { "nginx-light",       "/usr/sbin/nginx",                 NULL },
        { "openssl",           "/usr/bin/openssl",                NULL },
        { "uacme",             "/usr/bin/uacme",                  NULL },
        { "unbound",           "/usr/sbin/unbound",               NULL },
        { "systemd-timesyncd", "/usr/lib/systemd/systemd-timesyncd", wants_time },
        { "qemu-guest-agent",  "/usr/sbin/qemu-ga",               wants_guest_agent },
};

static int read_status(char** ret, Error* reterr) {
        int r = file_read(AT_FDCWD, DPKG_STATUS, TEXT_MAX, ret, NULL);
        return r < 0 ? error_errno(reterr, r, "Cannot read " DPKG_STATUS) : 0;
}

/* dpkg notes each state in a file of its own and merges them at the end; leftovers mean that it was killed. */
static bool updates_pending(void) {
        DIR* d = opendir(DPKG_UPDATES);
        bool found = false;
        for (struct dirent* e; d && !found && (e = readdir(d));)
                found = e->d_name[0] >= '0' && e->d_name[0] <= '9';
        if (d)
                (void) closedir(d);
        return found;
}

static bool package_missing(const Package* p, const char* status) {
        DpkgState state = dpkg_state(status, p->name);
        return state == DPKG_BROKEN || (state == DPKG_ABSENT && !(p->program && file_exists(p->program)));
}

/* Those of one sort that are missing; NULL-terminated. */
static size_t missing_packages(const Machine* m, const char* status, bool must, const char* ret[static PACKAGES_MAX]) {
        size_t n = 0;
        for (size_t k = 0; k < ELEMENTS(package_table); k++) {
                const Package* p = &package_table[k];
                if (must == !p->wanted && (must || p->wanted(m)) && package_missing(p, status))
                        ret[n++] = p->name;
        }
        ret[n] = NULL;
        return n;
}

int packages_check(Install* i, Error* reterr) {
        const char* missing[PACKAGES_MAX];
        _cleanup_free_ char *status = NULL, *broken = NULL;
        int r = read_status(&status, reterr);
        if (r < 0)
                return r;
        broken = dpkg_first_broken(status);
        return !broken && !updates_pending() && missing_packages(&i->machine, status, true, missing) == 0 &&
               (i->packages_tried || journal_state(i->journal, "packages") == JOURNAL_DONE ||
                missing_packages(&i->machine, status, false, missing) == 0);
}

/* ---- running apt ------------------------------------------------------------------------------------------------------------- */

/* An earlier run that was killed may have left apt at work; it is left alone until it is through. */
static int wait_for_earlier_apt(Install* i, Error* reterr) {
        for (unsigned second = 0; second < APT_TIMEOUT_SEC; second++) {
                _cleanup_(process_result_done) ProcessResult result = {};
                int r = process_run((const char*[]) { "/usr/bin/systemctl", "is-active", "--quiet", APT_UNIT, NULL }, NULL, &result);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot run systemctl");
                if (result.exit_code != 0)
                        return 0;
                if (second == 0)
                        install_say(i, "Waiting for apt, which an earlier run started.");
                (void) sleep(1);
        }
        return error_set(reterr, ERROR_BUSY, "apt, started by an earlier run, does not come to an end.");
}

/* The last line of apt's log that tells the reason. */
static char* apt_reason(void) {
        _cleanup_free_ char* text = NULL;
        char *save = NULL, *reason = NULL;
        if (file_read(AT_FDCWD, APT_LOG, TEXT_MAX, &text, NULL) < 0)
                return NULL;
        for (char* line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                if (startswith(line, "E: ") || startswith(line, "dpkg: error"))
                        reason = line;
        return reason ? strdup(reason) : NULL;
}

static int apt_run(const char* const* command, Error* reterr) {
        static const char* const front[] = {
                "/usr/bin/systemd-run", "--quiet", "--wait", "--collect", "--unit=" APT_UNIT, "--service-type=exec",
                "--description=Packages for Steadbox", "--setenv=DEBIAN_FRONTEND=noninteractive", "--setenv=LC_ALL=C.UTF-8",
                "--setenv=NEEDRESTART_SUSPEND=1", "--property=StandardOutput=truncate:" APT_LOG,
                "--property=StandardError=append:" APT_LOG, "--",
        };
        const char* argv[ELEMENTS(front) + PACKAGES_MAX + 16];
        size_t n = 0;
        for (size_t k = 0; k < ELEMENTS(front); k++)
                argv[n++] = front[k];
        for (size_t k = 0; command[k]; k++) {
                assert(n + 1 < ELEMENTS(argv));
                argv[n++] = command[k];
        }
        argv[n] = NULL;

        _cleanup_(process_result_done) ProcessResult result = {};
        int r = process_run(argv, &(ProcessOptions) { .timeout_sec = APT_TIMEOUT_SEC }, &result);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run apt");
        if (result.exit_code == 0)
                return 0;
        _cleanup_free_ char* reason = apt_reason();
        return error_set(reterr, ERROR_INTERNAL, "%s failed: %s", command[0], reason ?: "see " APT_LOG);
}

static int apt_update(Error* reterr) {
        static const char* const command[] = { "/usr/bin/apt-get", "-q", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300",
                                               "-o", "APT::Update::Error-Mode=any", "update", NULL };
        return apt_run(command, reterr);
}

static int apt_install(const char* const* packages, Error* reterr) {
        static const char* const front[] = { "/usr/bin/apt-get", "-q", "-y", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300",
                                             "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
                                             "--no-install-recommends", "--fix-broken", "install" };
        const char* command[ELEMENTS(front) + PACKAGES_MAX + 1] = {};
        size_t n = 0;
        for (size_t k = 0; k < ELEMENTS(front); k++)
                command[n++] = front[k];
        for (size_t k = 0; packages[k]; k++)
                command[n++] = packages[k];
        return apt_run(command, reterr);
}

/* The lists may be as old as the image, and mirrors have bad moments: update and try again, with growing pauses. */
static int apt_install_patiently(Install* i, const char* const* packages, Error* reterr) {
        for (unsigned tries = 1;; tries++) {
                _cleanup_error_ Error e = ERROR_NULL;
                int r = apt_install(packages, &e);
                if (r >= 0)
                        return 0;
                if (tries == APT_TRIES) {
                        (void) error_set(reterr, ERROR_UNREACHABLE, "Packages could not be installed: %s", e.message);
                        return error_hint(reterr, "See that the machine reaches its Debian mirror (network, name resolution, /etc/apt), then run the installer again.");
                }
                install_say(i, "apt had no success (%s); trying again.", e.message);
                (void) sleep(tries * tries * 2);
                r = apt_update(NULL);
                if (r < 0)
                        (void) sleep(tries * 2);
        }
}

static int repair(Install* i, Error* reterr) {
        static const char* const configure[] = { "/usr/bin/dpkg", "--configure", "-a", "--force-confdef", "--force-confold", NULL };
        _cleanup_free_ char *status = NULL, *broken = NULL;
        int r = read_status(&status, reterr);
        if (r < 0)
                return r;
        broken = dpkg_first_broken(status);
        if (!broken && !updates_pending())
                return 0;
        install_say(i, "Finishing an installation of packages that was interrupted%s%s.", broken ? ": " : "", strempty(broken));
        /* What cannot be configured yet, because it misses others, apt mends next. */
        (void) apt_run(configure, NULL);
        return 0;
}

static char* join(const char* const* words) {
        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        for (size_t k = 0; words[k]; k++)
                (void) fprintf(f, "%s%s", k > 0 ? " " : "", words[k]);
        return fclose(f) == 0 ? text : NULL;
}

/* Before apt begins, the journal learns what it will add: that is what undo may remove. Names of an earlier, killed try stay in. */
static int remember_added(Install* i, const char* const* missing, Error* reterr) {
        const char* before = journal_note(i->journal, "packages");
        _cleanup_free_ char *names = join(missing), *all = NULL;
        if (!names || asprintf(&all, "%s%s%s", strempty(before), before && *names ? " " : "", names) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot note the packages");
        return journal_append(i->journal, "packages", JOURNAL_BEGUN, all, reterr);
}

int packages_apply(Install* i, Error* reterr) {
        const char *missing[PACKAGES_MAX], *wanted[PACKAGES_MAX];
        _cleanup_free_ char* status = NULL;
        int r = wait_for_earlier_apt(i, reterr);
        if (r >= 0)
                r = repair(i, reterr);
        if (r >= 0)
                r = read_status(&status, reterr);
        if (r < 0)
                return r;

        _cleanup_free_ char* broken = dpkg_first_broken(status);
        size_t n = missing_packages(&i->machine, status, true, missing);
        if (n > 0 || broken) {
                _cleanup_free_ char* names = join(missing);
                install_say(i, "Installing: %s.", n > 0 ? strempty(names) : broken);
                r = remember_added(i, missing, reterr);
                if (r >= 0)
                        r = apt_install_patiently(i, missing, reterr);
                if (r < 0)
                        return r;
        }
        i->packages_tried = true;
        bool online = i->machine.ipv4_route || i->machine.ipv6_route;
        if (online && missing_packages(&i->machine, status, false, wanted) > 0) {
                _cleanup_error_ Error e = ERROR_NULL;
                r = remember_added(i, wanted, reterr);
                if (r < 0)
                        return r;
                if (apt_install(wanted, &e) < 0 && (apt_update(NULL) < 0 || apt_install(wanted, NULL) < 0))
                        install_note(i, "Not installed, and not necessary: %s (%s).", wanted[0], e.message);
        }
        return 0;
}

int packages_undo(Install* i, Error* reterr) {
        const char* note = journal_note(i->journal, "packages");
        if (isempty(note))
                return 0;
        const char* command[PACKAGES_MAX * 4] = { "/usr/bin/apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "remove" };
        size_t n = 6;
        _cleanup_free_ char* names = strdup(note);
        char* save = NULL;
        for (char* p = names ? strtok_r(names, " ", &save) : NULL; p && n + 1 < ELEMENTS(command); p = strtok_r(NULL, " ", &save))
                for (size_t k = 0; k < ELEMENTS(package_table); k++)
                        if (streq(package_table[k].name, p))
                                command[n++] = package_table[k].name;
        /* Our own package depends on most of these: apt would remove it, and with it the data's only reader. */
        return n > 6 && !file_exists("/var/lib/dpkg/info/steadbox.list") ? apt_run(command, reterr) : 0;
}
