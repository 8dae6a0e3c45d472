#include "system/service.h"
#include "base/file.h"
#include <fcntl.h>
#include <stdio.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define SERVICES_MAX 64

/* What people should see; helper and sockets come and go by themselves and would only worry. */
static const struct {
        const char* unit;
        const char* title;
} wanted[] = {
        { "steadboxd.service", "Steadbox manager" },
        { "nginx.service", "Web server" },
        { "unbound.service", "DNS resolver" },
        { "ssh.service", "SSH" },
        { "dbus.service", "System bus" },
        { "systemd-journald.service", "Journal" },
        { "systemd-networkd.service", "Network" },
        { "systemd-timesyncd.service", "Clock" },
        { "steadbox-firewall.service", "Firewall at boot" },
        { "unattended-upgrades.service", "Debian updates" },
};

typedef struct Asking {
        Manager* m;
        ServicesDone done;
        void* userdata;
        json_t* services;
        char* paths[SERVICES_MAX]; /* object of each, NULL where not loaded */
        size_t next;               /* whose properties are asked */
} Asking;

static Asking* asking_free(Asking* a) {
        for (size_t i = 0; i < SERVICES_MAX; i++)
                free(a->paths[i]);
        json_decref(a->services);
        free(a);
        return NULL;
}

static void finish(Asking* a, int r) {
        a->done(r, r < 0 ? NULL : a->services, a->userdata);
        (void) asking_free(a);
}

static const char* title_of(const char* unit) {
        for (size_t i = 0; i < ELEMENTS(wanted); i++)
                if (streq(wanted[i].unit, unit))
                        return wanted[i].title;
        return unit;
}

/* Caches can be given back at any time, so they do not count. */
static int64_t memory_of_group(const char* group) {
        char path[512];
        _cleanup_free_ char *current = NULL, *stat = NULL;
        if (isempty(group) || strstr(group, ".."))
                return -1;
        (void) snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.current", group);
        if (file_read(AT_FDCWD, path, 64, &current, NULL) < 0)
                return -1;
        int64_t bytes = strtoll(current, NULL, 10);
        (void) snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.stat", group);
        if (file_read(AT_FDCWD, path, 16384, &stat, NULL) < 0)
                return bytes;
        const char* file = startswith(stat, "file ") ?: strstr(stat, "\nfile ") ? strstr(stat, "\nfile ") + 6 : NULL;
        return file ? MAX(bytes - strtoll(file, NULL, 10), (int64_t) 0) : bytes;
}

static int read_variant(sd_bus_message* reply, const char* key, json_t* service) {
        const char* type;
        char kind;
        int r = sd_bus_message_peek_type(reply, &kind, &type);
        if (r <= 0 || kind != 'v')
                return r < 0 ? r : -EBADMSG;
        if (streq(key, "ControlGroup") && streq(type, "s")) {
                const char* group = NULL;
                r = sd_bus_message_read(reply, "v", "s", &group);
                int64_t bytes = r < 0 ? -1 : memory_of_group(group);
                (void) json_object_set_new(service, "memory_bytes", bytes < 0 ? json_null() : json_integer(bytes));
        } else if (streq(key, "NRestarts") && streq(type, "u")) {
                uint32_t n = 0;
                r = sd_bus_message_read(reply, "v", "u", &n);
                (void) json_object_set_new(service, "restarts", json_integer(n));
        } else if (streq(key, "StateChangeTimestamp") && streq(type, "t")) {
                uint64_t usec = 0;
                r = sd_bus_message_read(reply, "v", "t", &usec);
                (void) json_object_set_new(service, "since", json_time_or_null((int64_t) (usec / USEC_PER_SEC)));
        } else
                r = sd_bus_message_skip(reply, "v");
        return r;
}

static int ask_next(Asking* a);

static int on_properties(sd_bus_message* reply, void* userdata, sd_bus_error* ret_error) {
        Asking* a = userdata;
        json_t* service = json_array_get(a->services, a->next);
        if (!sd_bus_message_is_method_error(reply, NULL) && sd_bus_message_enter_container(reply, 'a', "{sv}") > 0) {
                int r;
                while ((r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                        const char* key;
                        r = sd_bus_message_read(reply, "s", &key);
                        if (r >= 0)
                                r = read_variant(reply, key, service);
                        if (r >= 0)
                                r = sd_bus_message_exit_container(reply);
                        if (r < 0)
                                break; /* what was read so far is shown */
                }
        }
        a->next++;
        int r = ask_next(a);
        if (r < 0)
                finish(a, r);
        return 0;
}

static int ask_next(Asking* a) {
        while (a->next < json_array_size(a->services) && !a->paths[a->next])
                a->next++;
        if (a->next >= json_array_size(a->services)) {
                finish(a, 0);
                return 0;
        }
        return sd_bus_call_method_async(
                        a->m->bus, NULL, SYSTEMD, a->paths[a->next], "org.freedesktop.DBus.Properties", "GetAll", on_properties, a, "s", "");
}

static int read_units(Asking* a, sd_bus_message* reply) {
        const char *name, *description, *load, *active, *sub, *following, *path;
        int r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0) {
                r = sd_bus_message_read(reply, "(ssssssouso)", &name, &description, &load, &active, &sub, &following, &path, NULL, NULL, NULL);
                if (r <= 0)
                        break;
                size_t n = json_array_size(a->services);
                if (!streq(load, "loaded") || n >= SERVICES_MAX)
                        continue;
                a->paths[n] = strdup(path);
                (void) json_array_append_new(a->services, json_pack(
                        "{s:s, s:s, s:s, s:s, s:n, s:n, s:i}", "unit", name, "title", title_of(name), "state", active, "sub", sub,
                        "memory_bytes", "since", "restarts", 0));
        }
        return r;
}

static int on_units(sd_bus_message* reply, void* userdata, sd_bus_error* ret_error) {
        Asking* a = userdata;
        int r = sd_bus_message_is_method_error(reply, NULL) ? -sd_bus_message_get_errno(reply) : read_units(a, reply);
        if (r >= 0)
                r = ask_next(a);
        if (r < 0)
                finish(a, r);
        return 0;
}

int services_ask(Manager* m, ServicesDone done, void* userdata, Error* reterr) {
        sd_bus_message* call = NULL;
        if (!m->bus)
                return error_set(reterr, ERROR_INTERNAL, "There is no system bus here.");
        Asking* a = calloc(1, sizeof(Asking));
        if (!a || !(a->services = json_array())) {
                free(a);
                return error_errno(reterr, -ENOMEM, "Cannot list the services");
        }
        *a = (Asking) { .m = m, .done = done, .userdata = userdata, .services = a->services };
        int r = sd_bus_message_new_method_call(m->bus, &call, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager", "ListUnitsByNames");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "s");
        for (size_t i = 0; i < ELEMENTS(wanted) && r >= 0; i++)
                r = sd_bus_message_append(call, "s", wanted[i].unit);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = sd_bus_call_async(m->bus, NULL, call, on_units, a, 0);
        (void) sd_bus_message_unref(call);
        if (r < 0) {
                (void) asking_free(a);
                return error_errno(reterr, r, "Cannot ask for the services");
        }
        return 0;
}

/* --- one property --- */

typedef struct StringAsk {
        StringDone done;
        void* userdata;
} StringAsk;

static int on_string(sd_bus_message* reply, void* userdata, sd_bus_error* ret_error) {
        _cleanup_free_ StringAsk* a = userdata;
        const char *contents = NULL, *text = "";
        char type;
        int boolean = 0;
        if (!sd_bus_message_is_method_error(reply, NULL) && sd_bus_message_peek_type(reply, &type, &contents) > 0 && type == 'v') {
                if (streq(contents, "s"))
                        (void) sd_bus_message_read(reply, "v", "s", &text);
                else if (streq(contents, "b") && sd_bus_message_read(reply, "v", "b", &boolean) >= 0)
                        text = boolean ? "yes" : "no";
        }
        a->done(text, a->userdata);
        return 0;
}

int bus_string_ask(Manager* m, const char* service, const char* path, const char* interface, const char* property, StringDone done, void* userdata) {
        if (!m->bus)
                return -ENOTCONN;
        StringAsk* a = calloc(1, sizeof(StringAsk));
        if (!a)
                return -ENOMEM;
        *a = (StringAsk) { .done = done, .userdata = userdata };
        int r = sd_bus_call_method_async(
                        m->bus, NULL, service, path, "org.freedesktop.DBus.Properties", "Get", on_string, a, "ss", interface, property);
        if (r < 0)
                free(a);
        return r;
}
