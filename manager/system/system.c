#include "system/system.h"
#include "api/events.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/helper-client.h"
#include "site/site.h"
#include "store/store-start.h"
#include "store/store-user.h"
#include "system/inventory.h"
#include "system/service.h"
#include "system/start.h"
#include "system/support.h"
#include "system/system-internal.h"

#define STARTS_KEPT 500
#define BUNDLE_DAYS 30
#define SHOW_AGE_USEC (30 * USEC_PER_SEC)

static System* system_free(System* s) {
        if (!s)
                return NULL;
        (void) sd_event_source_disable_unref(s->monitor_io);
        (void) sd_event_source_disable_unref(s->apply_timer);
        (void) link_monitor_free(s->monitor);
        free(s->virtualisation);
        json_decref(s->addresses);
        json_decref(s->failed);
        free(s);
        return NULL;
}

/* --- what the outside says --- */

static void changed(Manager* m) {
        events_publish(m->events, "finding", json_object(), /* user_id= */ 0);
}

static void on_virtualisation(const char* value, void* userdata) {
        Manager* m = userdata;
        if (!m->system)
                return;
        free(m->system->virtualisation);
        m->system->virtualisation = strdup(*value ? value : "none");
}

static void on_clock(const char* value, void* userdata) {
        Manager* m = userdata;
        if (!m->system || !*value)
                return;
        bool synchronised = streq(value, "yes");
        bool news = !m->system->clock_known || m->system->clock_synchronised != synchronised;
        m->system->clock_known = true;
        m->system->clock_synchronised = synchronised;
        if (news)
                changed(m);
}

static void on_reboot_needed(json_t* answer, const Error* error, void* userdata) {
        Manager* m = userdata;
        if (!m->system || error || m->system->reboot_needed == json_is_true(answer))
                return;
        m->system->reboot_needed = json_is_true(answer);
        changed(m);
}

static void keep(Manager* m, json_t** slot, json_t* fresh) {
        bool news = !*slot || !json_equal(*slot, fresh);
        json_decref(*slot);
        *slot = json_incref(fresh);
        if (news)
                changed(m);
}

static void on_services(int r, json_t* services, void* userdata) {
        Manager* m = userdata;
        size_t i;
        json_t* service;
        if (!m->system || r < 0)
                return;
        _cleanup_json_ json_t* failed = json_array();
        json_array_foreach(services, i, service)
                if (streq(json_get_string(service, "state"), "failed"))
                        (void) json_array_append(failed, json_object_get(service, "title"));
        keep(m, &m->system->failed, failed);
}

void system_refresh(Manager* m, uint64_t max_age_usec) {
        System* s = m->system;
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        if (!s || !m->bus || (s->refreshed_usec && now - s->refreshed_usec < max_age_usec))
                return;
        s->refreshed_usec = now;
        if (!s->virtualisation)
                (void) bus_string_ask(m, "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                                      "Virtualization", on_virtualisation, m);
        (void) bus_string_ask(m, "org.freedesktop.timedate1", "/org/freedesktop/timedate1", "org.freedesktop.timedate1",
                              "NTPSynchronized", on_clock, m);
        (void) helper_client_reboot_needed(m->helper, on_reboot_needed, m, NULL);
        (void) services_ask(m, on_services, m, NULL);
}

json_t* system_show(Manager* m, Error* reterr) {
        System* s = m->system;
        int64_t users = 0;
        json_t* links = NULL;
        json_t* system = inventory_read();
        if (!system) {
                (void) error_errno(reterr, -ENOMEM, "Cannot describe the machine");
                return NULL;
        }
        if (store_user_count(m->store, &users, reterr) < 0) {
                json_decref(system);
                return NULL;
        }
        system_refresh(m, SHOW_AGE_USEC);
        (void) link_list(&links);
        (void) json_object_set_new(system, "virtualisation", json_string(s && s->virtualisation ? s->virtualisation : "unknown"));
        (void) json_object_set_new(system, "network", links ?: json_array());
        (void) json_object_set_new(system, "clock_synchronised", json_boolean(s && s->clock_synchronised));
        (void) json_object_set_new(system, "reboot_needed", json_boolean(s && s->reboot_needed));
        (void) json_object_set_new(system, "started_at", json_integer(m->started_at));
        (void) json_object_set_new(system, "users", json_integer(users));
        return system;
}

/* --- the noun --- */

static int startup(Manager* m, Error* reterr) {
        char boot_id[40] = "unknown";
        System* s = m->system = calloc(1, sizeof(System));
        if (!s)
                return error_errno(reterr, -ENOMEM, "Cannot watch the machine");
        s->m = m;
        (void) boot_id_read(boot_id);
        int r = start_record(m, boot_id, booted_at_read(), reterr);
        if (r < 0)
                return r;
        r = apply_watch(s);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to watch the network, changes of addresses will be noticed hourly: %m");
        apply_soon(s, 1);
        return 0;
}

static void shutdown_clean(Manager* m) {
        if (m->system) /* only a run that began can end cleanly */
                start_mark_clean(m);
        m->system = system_free(m->system);
}

static int ports(Manager* m, Ports* list, Error* reterr) {
        static const Port wanted[] = {
                { "tcp", 22, "ssh", "world" },
                { "tcp", 80, "web", "world" },
                { "tcp", 443, "web", "world" },
        };
        int r = 0;
        for (size_t i = 0; i < ELEMENTS(wanted) && r >= 0; i++)
                r = ports_add(list, wanted[i]);
        return r;
}

static int housekeeping(Manager* m, Error* reterr) {
        int r = store_start_expire(m->store, STARTS_KEPT, reterr);
        support_bundles_expire(m, now_seconds() - BUNDLE_DAYS * 86400);
        system_refresh(m, 60 * USEC_PER_SEC);
        return r < 0 ? r : 0;
}

static const CertificateSubscriber subscribers[] = { { "web", "https", 443 }, {} };

const NounClass system_noun = {
        .name = "system",
        .startup = startup,
        .shutdown = shutdown_clean,
        .findings = system_findings,
        .ports = ports,
        .certificate_subscribers = subscribers,
        .search = setting_search,
        .housekeeping = housekeeping,
};
