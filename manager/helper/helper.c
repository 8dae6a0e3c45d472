#include "helper/helper.h"
#include "base/log.h"
#include "base/time.h"
#include <pwd.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

typedef int (*VerbFunction)(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr);

static const struct Verb {
        const char* method;
        VerbFunction run;
} verb_table[] = {
#define VERB(symbol, method, in, out, sentence) { method, verb_##symbol },
#include "tbl/verbs.h"
#undef VERB
};

/* The errors' symbols, not their names on the wire: a dash may not stand in a D-Bus name. */
static const char* const error_symbol_table[_ERROR_MAX] = {
#define ERR(symbol, name, errno_value, http, exit_code, sentence) [ERROR_##symbol] = HELPER_ERROR_PREFIX #symbol,
#include "tbl/errors.h"
#undef ERR
};

static int reply_error(sd_bus_message* call, const Error* e) {
        return sd_bus_reply_method_errorf(call, error_symbol_table[e->name], "%s", e->message);
}

void helper_answer(Helper* h, sd_bus_message* call, const Error* e) {
        int r = error_is_set(e) ? reply_error(call, e) : sd_bus_reply_method_return(call, NULL);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot answer %s, ignoring: %m", sd_bus_message_get_member(call));
        (void) sd_bus_message_unref(call);
}

/* The bus's policy lets only these two in; this is the second lock on the same door, should the policy file be lost or widened. The
 * uid comes from the bus itself (GetConnectionUnixUser), not from /proc of a process that may be gone. */
static int sender_check(Helper* h, sd_bus_message* call, Error* reterr) {
        sd_bus_creds* creds = NULL;
        uid_t uid = (uid_t) -1;
        int r = sd_bus_query_sender_creds(call, SD_BUS_CREDS_EUID, &creds);
        if (r >= 0)
                r = sd_bus_creds_get_euid(creds, &uid);
        (void) sd_bus_creds_unref(creds);
        if (r < 0)
                return error_errno(reterr, r, "Cannot find out who is calling");
        if (uid != 0 && uid != h->manager_uid)
                return error_set(reterr, ERROR_NOT_ALLOWED, "Only the manager may call the helper.");
        h->caller_uid = uid;
        return 0;
}

static const struct Verb* verb_find(const char* method) {
        for (size_t i = 0; i < ELEMENTS(verb_table); i++)
                if (streq(verb_table[i].method, method))
                        return &verb_table[i];
        return NULL;
}

static void idle_rearm(Helper* h) {
        (void) sd_event_source_set_time_relative(h->idle, HELPER_IDLE_USEC);
        (void) sd_event_source_set_enabled(h->idle, SD_EVENT_ONESHOT);
}

static int on_call(sd_bus_message* call, void* userdata, sd_bus_error* reterror) {
        Helper* h = userdata;
        const struct Verb* verb = verb_find(strempty(sd_bus_message_get_member(call)));
        _cleanup_error_ Error e = ERROR_NULL;
        sd_bus_message* reply = NULL;

        assert(verb); /* the vtable is made from the same table */
        idle_rearm(h);
        h->called_usec = now_usec(CLOCK_MONOTONIC);
        int r = sender_check(h, call, &e);
        if (r >= 0)
                r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = verb->run(h, call, reply, &e);
        if (r == VERB_DONE)
                r = sd_bus_message_send(reply);
        (void) sd_bus_message_unref(reply);
        if (r < 0) {
                if (!error_is_set(&e))
                        (void) error_errno(&e, r, "%s failed", verb->method);
                log_notice("%s refused for uid %u: %s", verb->method, (unsigned) h->caller_uid, e.message);
                return reply_error(call, &e);
        }
        return 1;
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        /* "Unprivileged" only means that sd-bus leaves the check to sender_check(). */
#define VERB(symbol, method, in, out, sentence) SD_BUS_METHOD(method, in, out, on_call, SD_BUS_VTABLE_UNPRIVILEGED),
#include "tbl/verbs.h"
#undef VERB
        SD_BUS_VTABLE_END,
};

/* Leaving without losing a call: give the name up first, then answer whatever was delivered before that took effect. A call sent later
 * starts a new helper. */
static int on_idle(sd_event_source* s, uint64_t usec, void* userdata) {
        Helper* h = userdata;
        if (h->waiting_n > 0) {
                idle_rearm(h);
                return 0;
        }
        (void) sd_notify(0, "STOPPING=1");
        (void) sd_bus_release_name(h->bus, HELPER_NAME);
        while (sd_bus_process(h->bus, NULL) > 0)
                ;
        if (h->waiting_n > 0) { /* such a late call waits for a reload: stay for it, nameless */
                idle_rearm(h);
                return 0;
        }
        (void) sd_bus_flush(h->bus);
        return sd_event_exit(h->event, 0);
}

static int manager_uid_get(uid_t* ret) {
        struct passwd* p = getpwnam("steadbox");
        if (!p || p->pw_uid == 0) {
                log_error("There is no user steadbox, so nobody could call the helper.");
                return -ENOENT;
        }
        *ret = p->pw_uid;
        return 0;
}

static int loop_init(Helper* h) {
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGINT);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        int r = sd_event_default(&h->event);
        if (r >= 0)
                r = sd_event_add_signal(h->event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(h->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_time_relative(h->event, &h->idle, CLOCK_MONOTONIC, HELPER_IDLE_USEC, 0, on_idle, h);
        if (r >= 0)
                r = sd_event_source_set_description(h->idle, "idle");
        return r;
}

/* The way to systemd is used when a verb needs it, which may be minutes from now. A connection that has not said by then who it is, and sd-bus says so
 * with the first use, is closed by the bus after half a minute (auth_timeout of dbus-daemon(1)): so it is used at once. */
static int pid1_open(sd_bus** ret) {
        const char* name;
        int r = sd_bus_open_system(ret);
        return r < 0 ? r : sd_bus_get_unique_name(*ret, &name);
}

int helper_init(Helper* h) {
        int r = manager_uid_get(&h->manager_uid);
        if (r >= 0)
                r = loop_init(h);
        if (r >= 0)
                r = pid1_open(&h->pid1);
        if (r >= 0)
                r = sd_bus_open_system(&h->bus);
        if (r >= 0)
                r = sd_bus_add_object_vtable(h->bus, NULL, HELPER_PATH, HELPER_NAME, vtable, h);
        if (r >= 0)
                r = sd_bus_attach_event(h->bus, h->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_request_name(h->bus, HELPER_NAME, 0);
        return r;
}

int helper_run(Helper* h) {
        return sd_event_loop(h->event);
}

void helper_done(Helper* h) {
        for (size_t i = 0; i < h->waiting_n; i++)
                (void) sd_bus_message_unref(h->waiting[i]);
        (void) sd_event_source_disable_unref(h->idle);
        (void) sd_event_source_disable_unref(h->reload);
        (void) sd_event_source_disable_unref(h->reload_late);
        (void) sd_bus_flush_close_unref(h->bus);
        (void) sd_bus_flush_close_unref(h->pid1);
        (void) sd_event_unref(h->event);
        *h = (Helper) {};
}
