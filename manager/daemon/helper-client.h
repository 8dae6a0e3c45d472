/* The manager's side of the root helper: asks without waiting, answers on the loop. Nothing here decides; see include/tbl/verbs.h. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "run/record.h"
#include <systemd/sd-bus.h>

#define HELPER_CALLS_MAX 64 /* in flight; more are refused with BUSY */

typedef struct HelperClient HelperClient;
/* Called once for every call that was accepted, from the loop. error is NULL on success; otherwise HELPER_FAILED with the helper's
 * sentence, or the helper's own NOT_FOUND, NOT_ALLOWED, BAD_FIELD, CONFLICT, WRONG_STATE, BUSY or STORAGE_FULL. answer is what the
 * call's remark says, borrowed; NULL for calls that answer nothing and on error. */
typedef void (*HelperDone)(json_t* answer, const Error* error, void* userdata);

int helper_client_new(sd_bus* bus, HelperClient** ret); /* takes a reference of bus, which is
                                                         * attached to the loop; NULL in unit tests: every call is refused */
HelperClient* helper_client_free(HelperClient* c);      /* calls in flight end with an error first */
DEFINE_CLEANUP(HelperClient*, helper_client_free);

typedef struct HelperPort {
        const char* protocol; /* tcp, udp */
        uint16_t port;
        const char* purpose;  /* [a-z0-9-]{1,32} */
        const char* scope;    /* world, local */
        const char* app;      /* app id, or "" for the box itself */
} HelperPort;
typedef struct HelperName {
        const char* name;        /* DNS or host name, address, or "*" for every address of the machine */
        const char* kind;        /* box, redirect, maintenance, mta-sts */
        const char* target;      /* of a redirect; of mta-sts the mail server; otherwise "" */
        const char* certificate; /* id */
        const char* headers;     /* words joined by spaces, or "" */
} HelperName;

/* Negative: nothing was sent and done will not be called. done may be NULL where nobody cares; a failure is then logged. */
int helper_client_job_start(HelperClient* c, const char* kind, const char* id, HelperDone done, void* userdata, Error* reterr);
int helper_client_job_stop(HelperClient* c, const char* kind, const char* id, HelperDone done, void* userdata, Error* reterr);
int helper_client_hostname_set(HelperClient* c, const char* hostname, HelperDone done, void* userdata, Error* reterr);
int helper_client_timezone_set(HelperClient* c, const char* zone, HelperDone done, void* userdata, Error* reterr);
int helper_client_power(HelperClient* c, const char* action, HelperDone done, void* userdata, Error* reterr); /* reboot, poweroff */
/* answer: [{fingerprint, type, comment, origin, managed}] */
int helper_client_ssh_key_list(HelperClient* c, HelperDone done, void* userdata, Error* reterr);
/* answer: the fingerprint, a string. NOT_ALLOWED says what root has to do first. */
int helper_client_ssh_key_add(
                HelperClient* c,
                const char* type,
                const char* base64,
                const char* comment,
                const char* origin, /* owner, provider */
                HelperDone done,
                void* userdata,
                Error* reterr);
int helper_client_ssh_key_remove(HelperClient* c, const char* fingerprint, HelperDone done, void* userdata, Error* reterr);
int helper_client_firewall_apply(HelperClient* c, const HelperPort* ports, size_t n, HelperDone done, void* userdata, Error* reterr);
/* answer: the object that nft --json printed */
int helper_client_firewall_show(HelperClient* c, HelperDone done, void* userdata, Error* reterr);
int helper_client_nginx_apply(HelperClient* c, const HelperName* names, size_t n, HelperDone done, void* userdata, Error* reterr);
int helper_client_certificate_self_sign(
                HelperClient* c, const char* id, const char* name, HelperDone done, void* userdata, Error* reterr);
/* names: NULL-ended; the certificate must cover each */
int helper_client_certificate_adopt(
                HelperClient* c, const char* id, const char* job, const char* const* names, HelperDone done, void* userdata, Error* reterr);
/* answer: [{id, names, issuer, self_signed, not_before, not_after, switched_at, fingerprint}] */
int helper_client_certificate_list(HelperClient* c, HelperDone done, void* userdata, Error* reterr);
/* answer: the public key in base64, a string */
int helper_client_dkim_key_ensure(
                HelperClient* c, const char* domain, const char* selector, HelperDone done, void* userdata, Error* reterr);
int helper_client_dkim_key_remove(
                HelperClient* c, const char* domain, const char* selector, HelperDone done, void* userdata, Error* reterr);
/* WRONG_STATE while the web server still shows it */
int helper_client_certificate_remove(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr);
/* Writes the app's record and units; starts nothing. BAD_FIELD names the member; CONFLICT: the slot is another app's, or was another;
 * WRONG_STATE: a container that is no longer there still runs. The record is copied. */
int helper_client_app_apply(HelperClient* c, const AppRecord* record, HelperDone done, void* userdata, Error* reterr);
/* These four are answered as soon as systemd has queued the work: what became of it is in the states of the units. NOT_FOUND: there is no
 * such record (or task). */
int helper_client_app_start(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr);
int helper_client_app_stop(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr);
int helper_client_app_kill(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr); /* a stop without patience */
int helper_client_app_task_run(HelperClient* c, const char* id, const char* task, HelperDone done, void* userdata, Error* reterr);
/* Of a stopped app (WRONG_STATE); its data stays. One that is gone is no error. */
int helper_client_app_remove(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr);
/* answer: a boolean */
int helper_client_reboot_needed(HelperClient* c, HelperDone done, void* userdata, Error* reterr);
