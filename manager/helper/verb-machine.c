/* Host name, time zone, whether a reboot is due. systemd's own small daemons write the files; we only pass checked words on. */
#include "base/file.h"
#include "base/validate.h"
#include "helper/check.h"
#include "helper/helper.h"
#include <fcntl.h>

static int ask(sd_bus* bus, const char* daemon, const char* path, const char* method, const char* value, Error* reterr) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = sd_bus_call_method(bus, daemon, path, daemon, method, &error, NULL, "sb", value, /* interactive= */ 0);
        if (r < 0)
                (void) error_set(reterr, ERROR_HELPER_FAILED, "%s refused %s: %s", daemon, method, error.message ?: strerror(-r));
        sd_bus_error_free(&error);
        return r < 0 ? r : 0;
}

/* Safe with a hostile manager: only RFC 1123 letters, digits, dashes and dots in at most 64 bytes reach systemd-hostnamed, which writes
 * /etc/hostname itself. The name is resolved by nss-myhostname, so no hosts file has to be edited. */
int verb_hostname_set(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char* name;
        int r = sd_bus_message_read(call, "s", &name);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = check_length("hostname", name, 64, reterr);
        if (r < 0)
                return r;
        if (!hostname_valid(name))
                return error_field(reterr, ERROR_BAD_FIELD, "hostname", "A host name is made of a-z, 0-9, dashes and dots, 64 bytes at most.");
        r = ask(h->pid1, "org.freedesktop.hostname1", "/org/freedesktop/hostname1", "SetStaticHostname", name, reterr);
        if (r >= 0) /* a transient name that DHCP or cloud-init set before would hide the static one */
                r = ask(h->pid1, "org.freedesktop.hostname1", "/org/freedesktop/hostname1", "SetHostname", name, reterr);
        return r < 0 ? r : VERB_DONE;
}

static bool zone_known(const char* zone) {
        static const char* const tabs[] = { "/usr/share/zoneinfo/zone.tab", "/usr/share/zoneinfo/zone1970.tab" };
        if (streq(zone, "UTC") || streq(zone, "Etc/UTC"))
                return true;
        for (size_t i = 0; i < ELEMENTS(tabs); i++) {
                _cleanup_free_ char* text = NULL;
                if (file_read(AT_FDCWD, tabs[i], 256 * 1024, &text, NULL) >= 0 && zone_listed(text, zone))
                        return true;
        }
        return false;
}

/* Safe with a hostile manager: the value must be one of the names in Debian's zone tables, so it cannot point /etc/localtime anywhere
 * else; it is never used as a path by us. */
int verb_timezone_set(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char* zone;
        int r = sd_bus_message_read(call, "s", &zone);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = check_length("timezone", zone, 64, reterr);
        if (r < 0)
                return r;
        if (!timezone_name_valid(zone) || !zone_known(zone))
                return error_field(reterr, ERROR_BAD_FIELD, "timezone", "This machine knows no such time zone.");
        r = ask(h->pid1, "org.freedesktop.timedate1", "/org/freedesktop/timedate1", "SetTimezone", zone, reterr);
        return r < 0 ? r : VERB_DONE;
}

/* Safe with a hostile manager: no argument, one bit out that anybody may see. */
int verb_reboot_needed(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        int r = sd_bus_message_append(reply, "b", access("/run/reboot-required", F_OK) == 0);
        return r < 0 ? error_errno(reterr, r, "Cannot answer") : VERB_DONE;
}
