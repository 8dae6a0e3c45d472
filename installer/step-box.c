/* Steps that ask the manager, over its admin socket, like any other client. From here on the manager owns the truth; a step only waits,
 * asks, and compares. */
#include "base/secret.h"
#include "base/time.h"
#include "install.h"
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

#define HELPER "org.steadbox.Helper1"
#define STORE_WAIT_SEC 60
#define PRESETS_WAIT_SEC 10
#define FIREWALL_WAIT_SEC 30
#define WEB_WAIT_SEC 60
#define CERTIFICATE_WAIT_SEC 150
#define PAUSE_USEC ((useconds_t) 200 * 1000)

/* Calls look() until it answers other than 0 or the time is over (then 0). */
static int wait_until(Install* i, unsigned seconds, int (*look)(Install* i, Error* reterr), Error* reterr) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + seconds * USEC_PER_SEC;
        for (;;) {
                int r = look(i, reterr);
                if (r != 0 || now_usec(CLOCK_MONOTONIC) >= deadline)
                        return r;
                (void) usleep(PAUSE_USEC);
        }
}

/* One verb of the root helper, which root may call like the manager. */
static int helper_call(const char* verb, Error* reterr, const char* types, ...) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus* bus = NULL;
        int r = sd_bus_open_system(&bus);
        if (r < 0)
                return error_errno(reterr, r, "Cannot reach the system bus");
        va_list ap;
        va_start(ap, types);
        r = sd_bus_call_methodv(bus, HELPER, "/org/steadbox/Helper1", HELPER, verb, &e, NULL, types, ap);
        va_end(ap);
        (void) sd_bus_flush_close_unref(bus);
        return r < 0 ? error_set(reterr, ERROR_HELPER_FAILED, "%s", e.message ?: strerror(-r)) : 0;
}

/* ---- the manager answers ----------------------------------------------------------------------------------------------------- */

int store_check(Install* i, Error* reterr) {
        return install_call(i, "GET", "/site", NULL, NULL, NULL) >= 0;
}

int store_apply(Install* i, Error* reterr) {
        if (wait_until(i, STORE_WAIT_SEC, store_check, reterr) > 0)
                return 0;
        int r = install_call(i, "GET", "/site", NULL, NULL, reterr);
        return r < 0 ? error_context(reterr, "The manager is not ready") : 0;
}

/* ---- name, time zone, language ------------------------------------------------------------------------------------------------ */

static const char* const setting_names[] = { "hostname", "timezone", "language" };

/* What install.json wants and the box does not have yet; NULL on out of memory. */
static json_t* settings_missing(Install* i, const json_t* have) {
        json_t* missing = json_object();
        for (size_t k = 0; missing && k < ELEMENTS(setting_names); k++) {
                const char* wanted = config_string(i->config, setting_names[k]);
                if (wanted && !streq_ptr(wanted, json_get_string(have, setting_names[k])))
                        (void) json_object_set_new(missing, setting_names[k], json_string(wanted));
        }
        return missing;
}

/* Applied once: afterwards these are the owner's to change. */
static int presets_hold(Install* i, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        if (install_call(i, "GET", "/settings", NULL, &reply, NULL) < 0)
                return 0;
        _cleanup_json_ json_t* missing = settings_missing(i, reply.body);
        return json_object_size(missing) == 0;
}

int presets_check(Install* i, Error* reterr) {
        return journal_state(i->journal, "presets") == JOURNAL_DONE || presets_hold(i, reterr) > 0;
}

/* What the provider has locked nobody changes through the API, we included; root may ask the helper, which serves the machine itself. */
static int presets_apply_locked(json_t* missing, Error* reterr) {
        static const struct {
                const char *field, *verb;
        } verbs[] = { { "hostname", "HostnameSet" }, { "timezone", "TimezoneSet" } };
        for (size_t k = 0; k < ELEMENTS(verbs); k++) {
                const char* value = json_get_string(missing, verbs[k].field);
                int r = value ? helper_call(verbs[k].verb, reterr, "s", value) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

int presets_apply(Install* i, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_error_ Error e = ERROR_NULL;
        int r = install_call(i, "GET", "/settings", NULL, &reply, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* missing = settings_missing(i, reply.body);
        if (!missing)
                return error_errno(reterr, -ENOMEM, "Cannot set the box's settings");
        if (json_object_size(missing) == 0)
                return 0;
        r = install_call(i, "PATCH", "/settings", missing, NULL, &e);
        if (r < 0 && error_has_name(&e, ERROR_LOCKED))
                r = presets_apply_locked(missing, reterr);
        else if (r < 0)
                return error_set(reterr, e.name, "Name, time zone and language were not taken: %s", e.message);
        if (r >= 0)
                r = wait_until(i, PRESETS_WAIT_SEC, presets_hold, reterr);
        return MIN(r, 0);
}

/* ---- firewall and web server: the manager brings them up when it starts; we see that they are --------------------------------- */

int firewall_check(Install* i, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        return install_call(i, "GET", "/firewall", NULL, &reply, NULL) >= 0 && json_get_boolean(reply.body, "active", false);
}

int firewall_apply(Install* i, Error* reterr) {
        if (wait_until(i, FIREWALL_WAIT_SEC, firewall_check, reterr) > 0)
                return 0;
        int r = install_call(i, "GET", "/firewall", NULL, NULL, reterr);
        if (r < 0)
                return error_context(reterr, "The firewall cannot be read");
        (void) error_set(reterr, ERROR_HELPER_FAILED, "The firewall is not in the kernel.");
        return error_hint(reterr, "Look at 'journalctl --unit=steadbox-helper.service'; a container must be allowed to use nftables.");
}

/* The name under which the box is asked for: its first one. */
static char* first_name(Install* i) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        if (install_call(i, "GET", "/site", NULL, &reply, NULL) < 0)
                return NULL;
        const char* name = json_string_value(json_array_get(json_object_get(reply.body, "names"), 0));
        return name ? strdup(name) : NULL;
}

static int web_answers(Install* i, Error* reterr) {
        _cleanup_free_ char* name = first_name(i);
        unsigned status = 0;
        return name && client_probe_https(name, "127.0.0.1", "/api/v1/site", /* verify= */ false, &status, reterr) >= 0 && status == 200;
}

int web_check(Install* i, Error* reterr) {
        return web_answers(i, NULL);
}

int web_apply(Install* i, Error* reterr) {
        if (wait_until(i, WEB_WAIT_SEC, web_check, NULL) > 0)
                return 0;
        if (web_answers(i, reterr) > 0)
                return 0;
        if (!error_is_set(reterr))
                (void) error_set(reterr, ERROR_HELPER_FAILED, "The web server does not show the box.");
        return error_hint(reterr, "Look at 'journalctl --unit=steadbox-helper.service' and at the web server's log.");
}

/* ---- certificate ------------------------------------------------------------------------------------------------------------- */

static bool certificate_serves(const json_t* certificate, const char* name) {
        return !json_get_boolean(certificate, "self_signed", true) && json_list_has(json_object_get(certificate, "names"), name);
}

int certificate_check(Install* i, Error* reterr) {
        const char* name = config_string(i->config, "provider.fallback_name");
        _cleanup_(client_reply_done) ClientReply reply = {};
        size_t k;
        json_t* c;
        if (!name)
                return 1;
        if (install_call(i, "GET", "/certificates", NULL, &reply, NULL) < 0)
                return 0;
        json_array_foreach(json_object_get(reply.body, "items"), k, c)
                if (certificate_serves(c, name))
                        return 1;
        return 0;
}

/* Follows a job to its end: 1 done, 0 failed or out of time with the reason in ret_reason (owned by the caller). */
static int follow_job(Install* i, const char* job, unsigned seconds, char** ret_reason, Error* reterr) {
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + seconds * USEC_PER_SEC;
        char path[128], stage[64] = "";
        (void) snprintf(path, sizeof(path), "/jobs/%s", job);
        while (now_usec(CLOCK_MONOTONIC) < deadline) {
                _cleanup_(client_reply_done) ClientReply reply = {};
                int r = install_call(i, "GET", path, NULL, &reply, reterr);
                if (r < 0)
                        return r;
                const char* state = strempty(json_get_string(reply.body, "state"));
                const char* now = strempty(json_get_string(reply.body, "stage"));
                if (streq(state, "done"))
                        return 1;
                if (streq(state, "failed") || streq(state, "cancelled")) {
                        const char* why = json_get_string(json_object_get(reply.body, "error"), "message");
                        *ret_reason = strdup(why ?: "The job was cancelled.");
                        return 0;
                }
                if (*now && !streq(now, stage)) {
                        (void) snprintf(stage, sizeof(stage), "%.63s", now);
                        install_say(i, "Certificate: %s.", stage);
                }
                (void) usleep(2 * PAUSE_USEC);
        }
        *ret_reason = strdup("The authority takes too long.");
        return 0;
}

/* The manager may have begun by itself, since it is due; then that one is followed. Owned by the caller, NULL where there is none. */
static char* certificate_job_under_way(Install* i) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        size_t k;
        json_t* job;
        if (install_call(i, "GET", "/jobs?limit=50", NULL, &reply, NULL) < 0)
                return NULL;
        json_array_foreach(json_object_get(reply.body, "items"), k, job) {
                const char* state = strempty(json_get_string(job, "state"));
                if (streq_ptr(json_get_string(job, "kind"), "certificate") && (streq(state, "queued") || streq(state, "running")))
                        return strdup(strempty(json_get_string(job, "id")));
        }
        return NULL;
}

static char* certificate_job(Install* i, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_json_ json_t* empty = json_object();
        char* job = certificate_job_under_way(i);
        if (job)
                return job;
        if (install_call(i, "POST", "/certificates/box/renew", empty, &reply, reterr) < 0)
                return certificate_job_under_way(i); /* it may have begun in this very moment */
        return strdup(strempty(json_get_string(reply.body, "job")));
}

/* No certificate is no reason to keep the box from its owner: the page then comes with a warning, and the owner is told why. */
int certificate_apply(Install* i, Error* reterr) {
        _cleanup_free_ char *reason = NULL, *job = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        const char* name = config_string(i->config, "provider.fallback_name");

        install_say(i, "Asking for a certificate for %s.", name);
        job = certificate_job(i, &e);
        int r = job ? follow_job(i, job, CERTIFICATE_WAIT_SEC, &reason, &e) : -ENOENT;
        if (r > 0 && wait_until(i, WEB_WAIT_SEC, certificate_check, NULL) > 0)
                return 0;
        install_note(i, "There is no certificate for %s yet: %s Browsers will warn; 'steadbox certificate renew box' tries again.", name,
                     reason ?: e.message ?: "the manager started no job.");
        return 0;
}

/* ---- SSH keys ---------------------------------------------------------------------------------------------------------------- */

/* The digest of all wanted keys: the journal keeps it, so that a key which the owner removed does not come back with the next run. */
static char* ssh_keys_digest(const Install* i) {
        const json_t* keys = config_get(i->config, "ssh_keys");
        _cleanup_free_ char* text = keys ? json_text(keys, /* canonical= */ true) : strdup("[]");
        uint8_t digest[DIGEST_BYTES];
        char* hex = malloc(sizeof(digest) * 2 + 1);
        if (!text || !hex) {
                free(hex);
                return NULL;
        }
        digest_sha256(text, strlen(text), digest);
        hex_encode(digest, sizeof(digest), hex);
        return hex;
}

int ssh_keys_check(Install* i, Error* reterr) {
        _cleanup_free_ char* digest = ssh_keys_digest(i);
        if (json_array_size(config_get(i->config, "ssh_keys")) == 0)
                return 1;
        return i->ssh_keys_added || (journal_state(i->journal, "ssh-keys") == JOURNAL_DONE &&
                                     streq_ptr(journal_note(i->journal, "ssh-keys"), digest));
}

static int add_key(const char* line, Error* reterr) {
        _cleanup_free_ char* copy = strdup(line);
        char* save = NULL;
        if (!copy)
                return error_errno(reterr, -ENOMEM, "Cannot add an SSH key");
        const char* type = strtok_r(copy, " ", &save);
        const char* blob = strtok_r(NULL, " ", &save);
        return helper_call("SshKeyAdd", reterr, "ssss", strempty(type), strempty(blob), strempty(save), "provider");
}

/* Past the manager: it may not give away root, so it cannot do this for us (see SshKeyAdd in verbs.h). */
int ssh_keys_apply(Install* i, Error* reterr) {
        size_t k;
        json_t* line;
        json_array_foreach(config_get(i->config, "ssh_keys"), k, line) {
                int r = add_key(json_string_value(line), reterr);
                if (r < 0)
                        return error_context(reterr, "An SSH key of the provider was refused");
        }
        i->ssh_keys_added = true;
        i->note = ssh_keys_digest(i);
        return 0;
}

int ssh_keys_undo(Install* i, Error* reterr) {
        size_t k;
        json_t* line;
        json_array_foreach(config_get(i->config, "ssh_keys"), k, line) {
                uint8_t bytes[4096], digest[DIGEST_BYTES];
                char hex[DIGEST_BYTES * 2 + 1];
                size_t size = 0;
                const char* blob = strchr(json_string_value(line), ' ');
                size_t n = blob ? strcspn(blob + 1, " ") : 0;
                if (n == 0 || sodium_base642bin(bytes, sizeof(bytes), blob + 1, n, NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
                        continue;
                digest_sha256(bytes, size, digest);
                hex_encode(digest, sizeof(digest), hex);
                /* A key that the owner removed meanwhile is not found, which is as good. */
                (void) helper_call("SshKeyRemove", NULL, "s", hex);
        }
        return 0;
}

/* ---- the owner --------------------------------------------------------------------------------------------------------------- */

static bool owner_exists(Install* i) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        return install_call(i, "GET", "/site", NULL, &reply, NULL) >= 0 && json_get_boolean(reply.body, "owner_exists", false);
}

/* Once made, a link is left alone: a second one would spend the first, which may be in somebody's mail. */
int owner_check(Install* i, Error* reterr) {
        if (owner_exists(i)) {
                erase_and_free(i->owner_link);
                i->owner_link = NULL;
                return 1;
        }
        if (i->owner_told)
                return 1;
        if (journal_state(i->journal, "owner") != JOURNAL_DONE)
                return 0;
        if (!i->owner_link)
                i->owner_link = progress_known_link();
        return 1;
}

static json_t* owner_request(const Install* i) {
        static const struct {
                const char *ours, *theirs;
        } fields[] = {
                { "owner.username", "username" },
                { "owner.email", "email" },
                { "owner.password_hash", "password_hash" },
                { "owner.link_token_sha256", "token_sha256" },
        };
        json_t* request = json_object();
        for (size_t k = 0; request && k < ELEMENTS(fields); k++) {
                const char* value = config_string(i->config, fields[k].ours);
                if (value)
                        (void) json_object_set_new(request, fields[k].theirs, json_string(value));
        }
        return request;
}

int owner_apply(Install* i, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_json_ json_t* request = owner_request(i);
        if (!request)
                return error_errno(reterr, -ENOMEM, "Cannot ask for the owner's link");
        int r = install_call(i, "POST", "/owner/link", request, &reply, reterr);
        if (r < 0)
                return error_context(reterr, "The owner's link was not made");
        i->owner_told = true;
        const char* link = json_get_string(reply.body, "url");
        if (config_string(i->config, "owner.password_hash"))
                install_note(i, "The owner signs in with the password that the provider set.");
        else if (config_string(i->config, "owner.link_token_sha256"))
                install_note(i, "The owner gets the link from the provider.");
        else if (link)
                i->owner_link = strdup(link);
        const char* template = config_string(i->config, "template");
        if (json_array_size(config_get(i->config, "apps")) > 0 || (template && !streq(template, "blank")))
                install_note(i, "The first apps are installed now, by the box itself; 'steadbox app presets' shows how far they are.");
        return 0;
}
