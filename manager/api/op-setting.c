/* Settings at the edge: first what only root can change, one helper verb after the other, then the store. */
#include "api/events.h"
#include "api/handlers.h"
#include "api/op-helper.h"
#include "certificate/certificate.h"
#include "domain/domain.h"
#include "system/setting.h"
#include "system/system.h"

int op_setting_show(Request* request, Error* reterr) {
        json_t* settings = setting_show(request_manager(request), reterr);
        return settings ? request_reply(request, settings) : -EIO;
}

/* Root may: who can write steadbox.json can lift the lock as well, and the installer sets what it locks. */
static int locks_check(Request* request, const json_t* now, Error* reterr) {
        Manager* m = request_manager(request);
        const char* key;
        json_t* value;
        if (request_actor(request)->root)
                return 0;
        json_object_foreach(request_fields(request), key, value)
                if (setting_locked(m, key) && !json_equal(value, json_object_get(now, key)))
                        return error_field(reterr, ERROR_LOCKED, key, "Your provider has fixed this setting.");
        return 0;
}

static bool wants(Request* request, const json_t* now, const char* key) {
        const char* value = request_string(request, key);
        return value && !streq_ptr(value, json_get_string(now, key));
}

/* What is wanted of the world, and of the authority, follows from some of them. */
static void tell_nouns(Manager* m, const json_t* changed) {
        size_t i;
        json_t* key;
        json_array_foreach((json_t*) changed, i, key) {
                const char* k = json_string_value(key);
                if (startswith(k, "public_ipv"))
                        domain_changed(m, /* id= */ 0);
                else if (startswith(k, "acme_"))
                        certificates_wanted_changed(m);
        }
}

/* Last: nothing is left to wait for. Settings read here see what the helper did. */
static int write_rest(Request* request, void* state, Error* reterr) {
        Manager* m = request_manager(request);
        json_t* changed = json_array();
        request_audit_object(request, "setting");
        if (state) /* we came from the helper */
                system_apply_soon(m);
        int r = setting_write(m, request_fields(request), changed, reterr);
        if (r < 0) {
                json_decref(changed);
                return r;
        }
        tell_nouns(m, changed);
        request_audit_detail(request, "changed", changed);
        events_changed(m->events, "setting");
        json_t* settings = setting_show(m, reterr);
        return settings ? request_reply(request, settings) : -EIO;
}

static int set_hostname(Request* request, void* state, Error* reterr) {
        Manager* m = request_manager(request);
        _cleanup_json_ json_t* now = setting_show(m, reterr);
        if (!now)
                return -EIO;
        if (!wants(request, now, "hostname"))
                return write_rest(request, state, reterr);
        Waiting* w = waiting_new(request);
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot change the host name");
        request_audit_detail(request, "hostname", json_string(request_string(request, "hostname")));
        return waiting_begin(
                        w, helper_client_hostname_set(m->helper, request_string(request, "hostname"), waiting_helper_done, w, reterr),
                        write_rest);
}

int op_setting_update(Request* request, Error* reterr) {
        Manager* m = request_manager(request);
        _cleanup_json_ json_t* now = setting_show(m, reterr);
        if (!now)
                return -EIO;
        request_audit_object(request, "setting");
        int r = locks_check(request, now, reterr);
        if (r < 0)
                return r;
        if (!wants(request, now, "timezone"))
                return set_hostname(request, NULL, reterr);
        const char* zone = request_string(request, "timezone");
        if (!timezone_known(ZONEINFO_DIRECTORY, zone))
                return error_field(reterr, ERROR_BAD_FIELD, "timezone", "There is no time zone %s.", zone);
        Waiting* w = waiting_new(request);
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot change the time zone");
        request_audit_detail(request, "timezone", json_string(zone));
        return waiting_begin(w, helper_client_timezone_set(m->helper, zone, waiting_helper_done, w, reterr), set_hostname);
}
