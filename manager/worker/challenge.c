/* Answers to the authority's challenges: a small file that nginx serves (RFC 8555 8.3), or a TXT record that the manager has written
 * (8.4), which counts only when every server of the zone shows it. */
#include "base/file.h"
#include "worker/certificate-internal.h"
#include <fcntl.h>
#include <stdio.h>

static bool name_wanted(const Certificate* c, const char* name) {
        for (size_t i = 0; i < c->n_names; i++)
                if (streq(startswith(c->names[i], "*.") ?: c->names[i], name)) /* authorities name a wildcard by its domain */
                        return true;
        return false;
}

static bool by_http(Certificate* c, const HookCall* call) {
        char path[1024];
        if (snprintf(path, sizeof(path), "%s/.well-known/acme-challenge/%s", c->challenges, call->token) >= (int) sizeof(path))
                return false;
        if (!streq(call->event, "begin")) {
                (void) unlink(path);
                return true;
        }
        int r = file_write(AT_FDCWD, path, call->authorization, strlen(call->authorization), 0644);
        if (r < 0) {
                (void) error_errno(&c->failed, r, "The answer for %s cannot be written", call->name);
                return false;
        }
        return true;
}

static bool by_dns(Certificate* c, const HookCall* call) {
        if (!streq(call->event, "begin")) /* taken away at the end, all at once */
                return true;
        if (c->n_puts == PUTS_MAX || strlen(call->authorization) >= sizeof(c->puts->value))
                return false;
        Put* put = &c->puts[c->n_puts++];
        (void) snprintf(put->name, sizeof(put->name), "_acme-challenge.%s", call->name);
        (void) snprintf(put->value, sizeof(put->value), "%s", call->authorization);
        worker_progress(c->w, "challenge", 20, "Writing the answer for %s into its zone", call->name);
        int r = worker_ask(c->w, json_pack("{s:s, s:s, s:s}", "what", "dns-put", "name", put->name, "value", put->value), NULL, &c->failed);
        if (r < 0)
                return false;
        worker_progress(c->w, "challenge", 25, "Waiting until every server of the zone shows it");
        return dns_wait(c->w, put->name, put->value, &c->failed) >= 0;
}

bool challenge(Certificate* c, const HookCall* call) {
        if (!streq(call->type, c->by_dns ? "dns-01" : "http-01") || !name_wanted(c, call->name)) /* uacme then offers the next kind */
                return false;
        if (!(c->by_dns ? by_dns(c, call) : by_http(c, call))) {
                if (error_is_set(&c->failed))
                        worker_log(c->w, "error", "%s", c->failed.message);
                return false;
        }
        if (!streq(call->event, "begin"))
                return true;
        c->answered++;
        worker_progress(c->w, "challenge", 30, "%s is being checked by the authority", call->name);
        worker_log(c->w, "info", "The authority checks %s", call->name);
        return true;
}

/* Best effort: what stays is harmless, and the manager takes it away too when the job is over. */
void challenges_drop(Certificate* c) {
        for (size_t i = 0; i < c->n_puts; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                const Put* put = &c->puts[i];
                if (worker_cancelled(c->w))
                        return;
                if (worker_ask(c->w, json_pack("{s:s, s:s, s:s}", "what", "dns-drop", "name", put->name, "value", put->value), NULL, &e) < 0)
                        worker_log(c->w, "warning", "The answer at %s stays in its zone, which does no harm: %s", put->name, strempty(e.message));
        }
        c->n_puts = 0;
}
