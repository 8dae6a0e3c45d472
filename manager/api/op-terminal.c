#include "api/events.h"
#include "api/handlers.h"
#include "api/inside-link.h"
#include "api/terminal.h"
#include "app/app.h"
#include "base/secret.h"
#include <stdio.h>

#define TERMINALS_MAX 32
#define TERMINALS_EACH_MAX 8
#define PATIENCE_USEC (30 * USEC_PER_SEC)    /* without a watcher */
#define BACKLOG_MAX (64 * 1024)              /* bytes kept until the first watcher comes */
#define LAG_MAX (256 * 1024)                 /* bytes a watcher may lag behind before the command waits */

typedef struct Terminal {
        struct Terminal* next;
        Manager* m;
        char id[JOB_ID_BYTES];
        char app[APP_ID_BYTES], container[40];
        int64_t user_id;
        char name[48];             /* of who is not one of our people */
        InsideLink* link;          /* NULL = the command ended */
        EventStream* stream;       /* NULL = nobody watches */
        Request* asked;            /* app.exec, until the command runs; NULL = answered, or gone */
        json_t* backlog;           /* [[name, json text], ..] */
        size_t backlog_size;
        sd_event_source* reaper;
        json_t* command;
        bool refused;              /* goes with the request that asked for it */
} Terminal;

struct Terminals {
        Terminal* first;
        unsigned count;
};

static void terminal_end(Terminal* t) {
        Terminals* all = t->m->terminals;
        for (Terminal** p = &all->first; *p; p = &(*p)->next)
                if (*p == t) {
                        *p = t->next;
                        all->count--;
                        break;
                }
        (void) inside_link_free(t->link);
        if (t->stream)
                event_stream_forget(t->stream);
        sd_event_source_disable_unref(t->reaper);
        json_decref(t->backlog);
        json_decref(t->command);
        free(t);
}

Terminals* terminals_free(Terminals* t) {
        while (t && t->first) {
                Error e = ERROR_NULL;
                Request* asked = TAKE_PTR(t->first->asked);
                terminal_end(t->first);
                if (asked)
                        request_resume(asked, error_set(&e, ERROR_BUSY, "The manager is about to restart."), &e);
        }
        free(t);
        return NULL;
}

static int on_patience(sd_event_source* s, uint64_t usec, void* userdata) {
        Terminal* t = userdata;
        if (!t->stream && !t->asked)
                terminal_end(t);
        return 0;
}

static void patience(Terminal* t) {
        (void) sd_event_source_set_time_relative(t->reaper, PATIENCE_USEC);
        (void) sd_event_source_set_enabled(t->reaper, SD_EVENT_ONESHOT);
}

/* --- from the command to whoever watches --- */

static void tell(Terminal* t, const char* name, const char* json) {
        if (t->stream) {
                event_stream_send(t->stream, name, json);
                if (t->link && event_stream_size(t->stream) > LAG_MAX)
                        inside_link_pause(t->link, true);
                return;
        }
        (void) json_array_append_new(t->backlog, json_pack("[s, s]", name, json));
        t->backlog_size += strlen(json);
        if (t->link && t->backlog_size > BACKLOG_MAX)
                inside_link_pause(t->link, true);
}

static void tell_end(Terminal* t, int64_t status) {
        char json[48];
        (void) snprintf(json, sizeof(json), "{\"status\":%lld}", (long long) status);
        tell(t, "end", json);
        t->link = inside_link_free(t->link);
        if (t->stream)
                event_stream_end(t->stream); /* gone() ends the terminal */
        else
                patience(t);
}

static void refuse(Terminal* t, const json_t* error) {
        Error e = ERROR_NULL;
        ErrorName name = error_name_from_string(strempty(json_get_string(error, "name")));
        int r = error_set(&e, name < 0 ? ERROR_INTERNAL : name, "%s", error ? strempty(json_get_string(error, "message")) : "The command could not be run.");
        Request* asked = TAKE_PTR(t->asked);
        t->link = inside_link_free(t->link);
        t->refused = true;
        if (asked)
                request_resume(asked, r, &e);
        else {
                error_done(&e);
                terminal_end(t);
        }
}

static void on_line(const char* text, size_t size, void* userdata) {
        _cleanup_json_ json_t* line = NULL;
        Terminal* t = userdata;
        if (json_parse_object(text, size, &line, NULL) < 0)
                return;
        const char* output = json_get_string(line, "output");
        const json_t* error = json_object_get(line, "error");
        if (output) {
                _cleanup_json_ json_t* event = json_pack("{s:s, s:I}", "base64", output, "stream", (json_int_t) json_get_integer(line, "stream", 1));
                _cleanup_free_ char* json = event ? json_text(event, /* canonical= */ false) : NULL;
                if (json)
                        tell(t, "output", json);
        } else if (error)
                refuse(t, error);
        else if (json_object_get(line, "end"))
                tell_end(t, json_get_integer(line, "end", -1));
        else if (t->asked)
                request_resume(TAKE_PTR(t->asked), 0, NULL);
}

static void on_over(void* userdata) {
        Terminal* t = userdata;
        if (t->asked)
                refuse(t, NULL);
        else
                tell_end(t, -1);
}

static const InsideLinkHooks link_hooks = { .line = on_line, .over = on_over };

static void on_drained(void* userdata) {
        Terminal* t = userdata;
        if (t->link)
                inside_link_pause(t->link, false);
}

static void on_gone(void* userdata) {
        Terminal* t = userdata;
        t->stream = NULL;
        if (!t->link)
                terminal_end(t);
        else
                patience(t);
}

static const EventStreamHooks stream_hooks = { .drained = on_drained, .gone = on_gone };

/* --- operations --- */

static bool is_theirs(const Terminal* t, const Actor* a) {
        return t->user_id == a->user_id && (a->user_id > 0 || streq(t->name, a->name));
}

static int terminal_find(Request* r, Terminal** ret, Error* reterr) {
        Manager* m = request_manager(r);
        for (Terminal* t = m->terminals ? m->terminals->first : NULL; t; t = t->next) {
                if (!streq(t->id, request_string(r, "terminal")) || !is_theirs(t, request_actor(r)))
                        continue;
                int k = app_authorise(m, request_actor(r), t->app, NULL, reterr); /* it may have been taken from them meanwhile */
                if (k < 0)
                        return k;
                *ret = t;
                return 0;
        }
        return error_set(reterr, ERROR_NOT_FOUND, "There is no such terminal; it ended.");
}

/* The container people mean when they name none: the one that is opened, or the first. */
static const char* container_of(const json_t* manifest) {
        const char* opened = json_get_string(json_object_get(manifest, "http"), "container");
        return opened ?: json_get_string(json_array_get(json_object_get(manifest, "containers"), 0), "name");
}

static bool has_container(const json_t* manifest, const char* name) {
        const json_t* containers = json_object_get(manifest, "containers");
        for (size_t i = 0; name && i < json_array_size(containers); i++)
                if (streq_ptr(json_get_string(json_array_get(containers, i), "name"), name))
                        return true;
        return false;
}

static int terminal_new(Request* r, const char* app, const char* container, Terminal** ret, Error* reterr) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
        Manager* m = request_manager(r);
        const Actor* a = request_actor(r);
        unsigned theirs = 0;
        if (!m->terminals && !(m->terminals = calloc(1, sizeof(Terminals))))
                return error_errno(reterr, -ENOMEM, "Cannot open a terminal");
        for (Terminal* t = m->terminals->first; t; t = t->next)
                theirs += is_theirs(t, a);
        if (m->terminals->count >= TERMINALS_MAX || theirs >= TERMINALS_EACH_MAX)
                return error_set(reterr, ERROR_BUSY, "Too many terminals are open; close one first.");
        Terminal* t = calloc(1, sizeof(Terminal));
        if (!t)
                return error_errno(reterr, -ENOMEM, "Cannot open a terminal");
        *t = (Terminal) { .m = m, .user_id = a->user_id, .next = m->terminals->first, .backlog = json_array() };
        uint8_t bytes[JOB_ID_BYTES - 1];
        random_bytes(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes); i++)
                t->id[i] = letters[bytes[i] % 36];
        (void) snprintf(t->app, sizeof(t->app), "%s", app);
        (void) snprintf(t->container, sizeof(t->container), "%s", container);
        (void) snprintf(t->name, sizeof(t->name), "%s", a->name);
        json_t* command = request_strings(r, "command");
        t->command = command ? json_deep_copy(command) : json_array();
        m->terminals->first = t;
        m->terminals->count++;
        int k = sd_event_add_time_relative(m->event, &t->reaper, CLOCK_MONOTONIC, PATIENCE_USEC, USEC_PER_SEC, on_patience, t);
        if (k < 0) {
                terminal_end(t);
                return error_errno(reterr, k, "Cannot open a terminal");
        }
        *ret = t;
        return 0;
}

/* The request went away before the command ran; what began ends by itself. */
typedef struct ExecState {
        Manager* m;
        char id[JOB_ID_BYTES];
} ExecState;

static Terminal* of_state(const ExecState* s) {
        for (Terminal* t = s->m->terminals ? s->m->terminals->first : NULL; t; t = t->next)
                if (streq(t->id, s->id))
                        return t;
        return NULL;
}

static void exec_state_free(void* state) {
        Terminal* t = of_state(state);
        if (t) {
                t->asked = NULL;
                if (t->refused)
                        terminal_end(t);
        }
        free(state);
}

static int exec_then(Request* r, void* state, Error* reterr) {
        const Terminal* t = of_state(state);
        if (!t)
                return error_set(reterr, ERROR_INTERNAL, "The terminal ended at once.");
        return request_reply(r, json_pack("{s:s, s:s, s:s, s:O}", "terminal", t->id, "app", t->app, "container", t->container, "command", t->command));
}

int op_app_exec(Request* r, Error* reterr) {
        Manager* m = request_manager(r);
        const char *app = request_string(r, "app"), *container = request_string(r, "container");
        _cleanup_app_row_ AppRow row = {};
        _cleanup_json_ json_t* manifest = NULL;
        char object[48];
        Terminal* t = NULL;
        int k = app_authorise(m, request_actor(r), app, &row, reterr);
        if (k < 0)
                return k;
        manifest = json_loads(row.manifest, JSON_REJECT_DUPLICATES, NULL);
        container = container ?: container_of(manifest);
        if (!has_container(manifest, container))
                return error_field(reterr, ERROR_BAD_FIELD, "container", "%s has no container '%s'.", row.title, strempty(container));
        k = terminal_new(r, app, container, &t, reterr);
        if (k < 0)
                return k;
        (void) snprintf(object, sizeof(object), "app:%s", app);
        request_audit_object(r, object);
        request_audit_detail(r, "container", json_string(container));
        request_audit_detail(r, "command", json_incref(t->command));
        json_t* request = json_pack("{s:s, s:s, s:s, s:O, s:b, s:I, s:I}", "verb", "exec", "app", app, "container", container, "command", t->command,
                                    "terminal", request_boolean(r, "terminal", true), "rows", (json_int_t) request_integer(r, "rows", 24), "columns",
                                    (json_int_t) request_integer(r, "columns", 80));
        ExecState* state = calloc(1, sizeof(ExecState));
        k = state && request ? inside_link_new(m, &link_hooks, t, request, &t->link, reterr) : error_errno(reterr, -ENOMEM, "Cannot open a terminal");
        if (k < 0) {
                free(state);
                terminal_end(t);
                return k;
        }
        *state = (ExecState) { .m = m };
        memcpy(state->id, t->id, sizeof(state->id));
        t->asked = r;
        return request_later(r, exec_then, state, exec_state_free);
}

int op_app_terminal_watch(Request* r, Error* reterr) {
        Terminal* t;
        size_t i;
        json_t* event;
        EventStream* stream;
        int k = terminal_find(r, &t, reterr);
        if (k < 0)
                return k;
        k = event_stream_open(r, &stream_hooks, t, &stream, reterr);
        if (k < 0)
                return k;
        if (t->stream)
                event_stream_forget(t->stream); /* the new one takes its place */
        t->stream = stream;
        json_array_foreach(t->backlog, i, event)
                event_stream_send(stream, json_string_value(json_array_get(event, 0)), json_string_value(json_array_get(event, 1)));
        (void) json_array_clear(t->backlog);
        t->backlog_size = 0;
        if (t->link)
                inside_link_pause(t->link, false);
        else
                event_stream_end(stream);
        return k;
}

int op_app_terminal_input(Request* r, Error* reterr) {
        Terminal* t;
        int k = terminal_find(r, &t, reterr);
        if (k < 0)
                return k;
        if (!t->link)
                return error_set(reterr, ERROR_WRONG_STATE, "The command has ended.");
        json_t* line = json_object();
        if (request_string(r, "base64"))
                (void) json_object_set_new(line, "input", json_string(request_string(r, "base64")));
        if (request_has(r, "rows") && request_has(r, "columns")) {
                (void) json_object_set_new(line, "rows", json_integer(request_integer(r, "rows", 24)));
                (void) json_object_set_new(line, "columns", json_integer(request_integer(r, "columns", 80)));
        }
        if (request_boolean(r, "end", false))
                (void) json_object_set_new(line, "end", json_true());
        k = inside_link_send(t->link, line);
        if (k == -ENOBUFS)
                return error_set(reterr, ERROR_BUSY, "The command does not read what is typed.");
        return k < 0 ? error_errno(reterr, k, "Cannot reach the command") : request_reply_empty(r);
}

int op_app_terminal_close(Request* r, Error* reterr) {
        Terminal* t;
        int k = terminal_find(r, &t, reterr);
        if (k < 0)
                return k;
        request_audit_object(r, t->app);
        terminal_end(t);
        return request_reply_empty(r);
}
