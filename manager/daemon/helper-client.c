#include "daemon/helper-client.h"
#include "base/log.h"

#define HELPER_NAME "org.steadbox.Helper1"
#define HELPER_PATH "/org/steadbox/Helper1"
#define HELPER_ERROR_PREFIX "org.steadbox.Error."
#define CALL_TIMEOUT_USEC (180 * USEC_PER_SEC) /* a joined nginx reload, restored on failure, is the longest */

typedef enum HelperVerb {
#define VERB(symbol, method, in, out, sentence) VERB_##symbol,
#include "tbl/verbs.h"
#undef VERB
        _VERB_MAX,
} HelperVerb;

static const struct {
        const char* method;
        const char* in;
        const char* out;
} verb_table[_VERB_MAX] = {
#define VERB(symbol, method, in, out, sentence) [VERB_##symbol] = { method, in, out },
#include "tbl/verbs.h"
#undef VERB
};

/* What the structs of an answer are called, member by member. */
static const char* const ssh_key_members[] = { "fingerprint", "type", "comment", "origin", "managed", NULL };
static const char* const certificate_members[] = { "id", "names", "issuer", "self_signed", "trusted", "not_before", "not_after", "switched_at", "fingerprint", NULL };

typedef struct Call Call;
struct HelperClient {
        sd_bus* bus;    /* reference */
        Call* first;    /* in flight */
        unsigned n;
};
struct Call {
        HelperClient* client;
        Call *next, *previous;
        sd_bus_slot* slot; /* dropping it forgets the call */
        HelperVerb verb;
        HelperDone done;
        void* userdata;
};

int helper_client_new(sd_bus* bus, HelperClient** ret) {
        HelperClient* c = malloc(sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (HelperClient) { .bus = bus ? sd_bus_ref(bus) : NULL };
        *ret = c;
        return 0;
}

static Call* call_free(Call* call) {
        HelperClient* c = call->client;
        if (call->previous)
                call->previous->next = call->next;
        else
                c->first = call->next;
        if (call->next)
                call->next->previous = call->previous;
        c->n--;
        (void) sd_bus_slot_unref(call->slot);
        free(call);
        return NULL;
}

static void call_finish(Call* call, json_t* answer, const Error* e) {
        HelperDone done = call->done;
        void* userdata = call->userdata;
        HelperVerb verb = call->verb;
        (void) call_free(call); /* before done(), which may call again or free the client */
        if (done)
                done(answer, e, userdata);
        else if (e)
                log_warning("The helper's %s failed: %s", verb_table[verb].method, e->message);
}

HelperClient* helper_client_free(HelperClient* c) {
        if (!c)
                return NULL;
        while (c->first) {
                _cleanup_error_ Error e = ERROR_NULL;
                (void) error_set(&e, ERROR_BUSY, "The manager is stopping.");
                call_finish(c->first, NULL, &e);
        }
        (void) sd_bus_unref(c->bus);
        free(c);
        return NULL;
}

/* The helper sends the symbol of errors.h; only those that mean something to the person who asked are kept. */
static void error_from_bus(const sd_bus_error* error, Error* ret) {
        static const struct {
                const char* symbol;
                ErrorName name;
        } kept[] = {
                { "BAD_FIELD", ERROR_BAD_FIELD },     { "BUSY", ERROR_BUSY },
                { "CONFLICT", ERROR_CONFLICT },       { "NOT_ALLOWED", ERROR_NOT_ALLOWED },
                { "NOT_FOUND", ERROR_NOT_FOUND },     { "STORAGE_FULL", ERROR_STORAGE_FULL },
                { "WRONG_STATE", ERROR_WRONG_STATE },
        };
        const char* symbol = startswith(strempty(error->name), HELPER_ERROR_PREFIX);
        for (size_t i = 0; symbol && i < ELEMENTS(kept); i++)
                if (streq(kept[i].symbol, symbol)) {
                        (void) error_set(ret, kept[i].name, "%s", strempty(error->message));
                        return;
                }
        if (symbol)
                (void) error_set(ret, ERROR_HELPER_FAILED, "%s", strempty(error->message));
        else
                (void) error_set(ret, ERROR_HELPER_FAILED, "The root helper does not answer: %s", strempty(error->message));
}

static int read_json(sd_bus_message* m, const char* const* members, json_t** ret);

static int read_container(sd_bus_message* m, char type, const char* contents, const char* const* members, json_t** ret) {
        json_t* j = type == SD_BUS_TYPE_STRUCT && members ? json_object() : json_array();
        int r = j ? sd_bus_message_enter_container(m, type, contents) : -ENOMEM;
        for (size_t i = 0; r >= 0; i++) {
                json_t* member = NULL;
                r = read_json(m, members, &member);
                if (r <= 0)
                        break;
                if (type != SD_BUS_TYPE_STRUCT || !members)
                        r = json_array_append_new(j, member);
                else if (!members[i]) { /* an answer with more members than we know */
                        json_decref(member);
                        r = -EBADMSG;
                } else
                        r = json_object_set_new(j, members[i], member);
                r = r == -1 ? -ENOMEM : r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0) {
                json_decref(j);
                return r;
        }
        *ret = j;
        return 1;
}

/* The next value of the answer: 1 read, 0 the container's or message's end. */
static int read_json(sd_bus_message* m, const char* const* members, json_t** ret) {
        char type;
        const char* contents;
        int r = sd_bus_message_peek_type(m, &type, &contents);
        if (r <= 0)
                return r;
        if (type == SD_BUS_TYPE_ARRAY || type == SD_BUS_TYPE_STRUCT)
                return read_container(m, type, contents, members, ret);
        union {
                const char* s;
                int b;
                uint64_t t;
        } value = {};
        r = sd_bus_message_read_basic(m, type, &value);
        if (r < 0)
                return r;
        *ret = type == SD_BUS_TYPE_STRING   ? json_string(value.s)
             : type == SD_BUS_TYPE_BOOLEAN  ? json_boolean(value.b)
             : type == SD_BUS_TYPE_UINT64   ? json_integer((json_int_t) value.t)
                                            : NULL;
        return *ret ? 1 : -EBADMSG;
}

static int answer_read(Call* call, sd_bus_message* m, json_t** ret, Error* reterr) {
        const char* const* members = call->verb == VERB_ssh_key_list ? ssh_key_members
                                   : call->verb == VERB_certificate_list ? certificate_members : NULL;
        if (!sd_bus_message_has_signature(m, verb_table[call->verb].out))
                return error_set(reterr, ERROR_HELPER_FAILED, "The root helper is of another release; it will be after a restart.");
        int r = read_json(m, members, ret);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the root helper's answer");
        if (call->verb != VERB_firewall_show)
                return 0;
        _cleanup_json_ json_t* text = TAKE_PTR(*ret);
        *ret = json_loads(strempty(json_string_value(text)), 0, NULL);
        return *ret ? 0 : error_set(reterr, ERROR_HELPER_FAILED, "The rule set cannot be read.");
}

static int on_answer(sd_bus_message* m, void* userdata, sd_bus_error* reterror) {
        Call* call = userdata;
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t* answer = NULL;
        if (sd_bus_message_is_method_error(m, NULL))
                error_from_bus(sd_bus_message_get_error(m), &e);
        else if (answer_read(call, m, &answer, &e) < 0 && !error_is_set(&e))
                (void) error_set(&e, ERROR_INTERNAL, "The root helper's answer could not be kept.");
        call_finish(call, error_is_set(&e) ? NULL : answer, error_is_set(&e) ? &e : NULL);
        return 0;
}

static int begin(HelperClient* c, HelperVerb verb, sd_bus_message** ret, Error* reterr) {
        if (!c || !c->bus)
                return error_set(reterr, ERROR_HELPER_FAILED, "There is no root helper here.");
        if (c->n >= HELPER_CALLS_MAX) {
                (void) error_set(reterr, ERROR_BUSY, "Too much is being asked of the root helper at once.");
                if (reterr)
                        reterr->retry_after = 5;
                return -EBUSY;
        }
        int r = sd_bus_message_new_method_call(c->bus, ret, HELPER_NAME, HELPER_PATH, HELPER_NAME, verb_table[verb].method);
        return r < 0 ? error_errno(reterr, r, "Cannot ask the root helper") : 0;
}

/* Takes m. r is how filling it went. */
static int finish(HelperClient* c, HelperVerb verb, sd_bus_message* m, int r, HelperDone done, void* userdata, Error* reterr) {
        Call* call = r >= 0 ? malloc(sizeof(*call)) : NULL;
        if (r >= 0 && !call)
                r = -ENOMEM;
        if (r >= 0) {
                *call = (Call) { .client = c, .verb = verb, .done = done, .userdata = userdata };
                r = sd_bus_call_async(c->bus, &call->slot, m, on_answer, call, CALL_TIMEOUT_USEC);
        }
        (void) sd_bus_message_unref(m);
        if (r < 0) {
                free(call);
                return error_errno(reterr, r, "Cannot ask the root helper");
        }
        call->next = c->first;
        if (call->next)
                call->next->previous = call;
        c->first = call;
        c->n++;
        return 0;
}

/* Strings only: most verbs. */
static int call_strings(
                HelperClient* c, HelperVerb verb, const char* const* strings, HelperDone done, void* userdata, Error* reterr) {
        sd_bus_message* m = NULL;
        int r = begin(c, verb, &m, reterr);
        if (r < 0)
                return r;
        for (; *strings && r >= 0; strings++)
                r = sd_bus_message_append_basic(m, SD_BUS_TYPE_STRING, *strings);
        return finish(c, verb, m, r, done, userdata, reterr);
}
#define CALL_STRINGS(c, verb, ...) call_strings((c), VERB_##verb, (const char*[]) { __VA_ARGS__ }, done, userdata, reterr)

int helper_client_job_start(HelperClient* c, const char* kind, const char* id, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, job_start, kind, id, NULL);
}
int helper_client_job_stop(HelperClient* c, const char* kind, const char* id, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, job_stop, kind, id, NULL);
}
int helper_client_hostname_set(HelperClient* c, const char* hostname, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, hostname_set, hostname, NULL);
}
int helper_client_timezone_set(HelperClient* c, const char* zone, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, timezone_set, zone, NULL);
}
int helper_client_power(HelperClient* c, const char* action, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, power, action, NULL);
}
int helper_client_ssh_key_list(HelperClient* c, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, ssh_key_list, NULL);
}
int helper_client_ssh_key_add(
                HelperClient* c,
                const char* type,
                const char* base64,
                const char* comment,
                const char* origin,
                HelperDone done,
                void* userdata,
                Error* reterr) {
        return CALL_STRINGS(c, ssh_key_add, type, base64, comment, origin, NULL);
}
int helper_client_ssh_key_remove(HelperClient* c, const char* fingerprint, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, ssh_key_remove, fingerprint, NULL);
}
int helper_client_firewall_show(HelperClient* c, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, firewall_show, NULL);
}
int helper_client_certificate_self_sign(
                HelperClient* c, const char* id, const char* name, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, certificate_self_sign, id, name, NULL);
}
int helper_client_certificate_list(HelperClient* c, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, certificate_list, NULL);
}
int helper_client_dkim_key_ensure(
                HelperClient* c, const char* domain, const char* selector, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, dkim_key_ensure, domain, selector, NULL);
}
int helper_client_dkim_key_remove(
                HelperClient* c, const char* domain, const char* selector, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, dkim_key_remove, domain, selector, NULL);
}
int helper_client_certificate_remove(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, certificate_remove, id, NULL);
}
int helper_client_reboot_needed(HelperClient* c, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, reboot_needed, NULL);
}

int helper_client_firewall_apply(HelperClient* c, const HelperPort* ports, size_t n, HelperDone done, void* userdata, Error* reterr) {
        sd_bus_message* m = NULL;
        int r = begin(c, VERB_firewall_apply, &m, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "(susss)");
        for (size_t i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_append(
                                m, "(susss)", ports[i].protocol, (uint32_t) ports[i].port, ports[i].purpose, ports[i].scope, strempty(ports[i].app));
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return finish(c, VERB_firewall_apply, m, r, done, userdata, reterr);
}

static int append_name(sd_bus_message* m, const HelperName* n) {
        int r = sd_bus_message_open_container(m, 'r', "ssssas");
        if (r >= 0)
                r = sd_bus_message_append(m, "ssss", n->name, n->kind, strempty(n->target), n->certificate);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "s");
        for (const char* p = strempty(n->headers); r >= 0 && *p;) {
                char word[32];
                size_t size = strcspn(p, " ");
                (void) snprintf(word, sizeof(word), "%.*s", (int) MIN(size, sizeof(word) - 1), p);
                r = sd_bus_message_append(m, "s", word);
                p += size + strspn(p + size, " ");
        }
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int helper_client_nginx_apply(HelperClient* c, const HelperName* names, size_t n, HelperDone done, void* userdata, Error* reterr) {
        sd_bus_message* m = NULL;
        int r = begin(c, VERB_nginx_apply, &m, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "(ssssas)");
        for (size_t i = 0; i < n && r >= 0; i++)
                r = append_name(m, &names[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return finish(c, VERB_nginx_apply, m, r, done, userdata, reterr);
}

int helper_client_certificate_adopt(
                HelperClient* c, const char* id, const char* job, const char* const* names, HelperDone done, void* userdata, Error* reterr) {
        sd_bus_message* m = NULL;
        int r = begin(c, VERB_certificate_adopt, &m, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "ss", id, job);
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char**) names);
        return finish(c, VERB_certificate_adopt, m, r, done, userdata, reterr);
}

int helper_client_app_apply(HelperClient* c, const AppRecord* record, HelperDone done, void* userdata, Error* reterr) {
        sd_bus_message* m = NULL;
        int r = begin(c, VERB_app_apply, &m, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_sensitive(m); /* environments hold passwords */
        if (r >= 0)
                r = app_record_append(m, record);
        return finish(c, VERB_app_apply, m, r, done, userdata, reterr);
}
int helper_client_app_start(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, app_start, id, NULL);
}
int helper_client_app_stop(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, app_stop, id, NULL);
}
int helper_client_app_kill(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, app_kill, id, NULL);
}
int helper_client_app_remove(HelperClient* c, const char* id, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, app_remove, id, NULL);
}
int helper_client_app_task_run(HelperClient* c, const char* id, const char* task, HelperDone done, void* userdata, Error* reterr) {
        return CALL_STRINGS(c, app_task_run, id, task, NULL);
}
