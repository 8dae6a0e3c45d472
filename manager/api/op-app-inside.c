/* What happens inside an app at the edge: logs, files, schedule. Who may is decided here; steadbox-inside looks. Terminals are op-terminal.c's. */
#include "api/events.h"
#include "api/handlers.h"
#include "api/inside-link.h"
#include "api/op-helper.h"
#include "app/app.h"
#include "app/run.h"
#include "daemon/helper-client.h"
#include <stdio.h>

#define LOG_LAG_MAX (256 * 1024) /* bytes a reader may lag behind before the log waits */
#define LOG_LIMIT 100

/* --- one question, one answer --- */

typedef struct Question {
        Request* request;
        InsideLink* link;
        json_t* answer;  /* what was answered */
        json_t* more;    /* what the handler wants to remember */
        bool over;       /* the request was resumed */
} Question;

static void question_free(void* state) {
        Question* q = state;
        (void) inside_link_free(q->link);
        json_decref(q->answer);
        json_decref(q->more);
        free(q);
}

static void resume(Question* q, int r, Error* e) {
        q->link = inside_link_free(q->link);
        if (q->over)
                return;
        q->over = true;
        request_resume(q->request, r, e);
}

static void on_answer(const char* text, size_t size, void* userdata) {
        _cleanup_json_ json_t* line = NULL;
        Question* q = userdata;
        Error e = ERROR_NULL;
        int r = json_parse_object(text, size, &line, &e);
        const json_t* error = json_object_get(line, "error");
        if (error) {
                ErrorName name = error_name_from_string(strempty(json_get_string(error, "name")));
                const char* field = json_get_string(error, "field");
                name = name < 0 ? ERROR_INTERNAL : name;
                r = isempty(field) ? error_set(&e, name, "%s", strempty(json_get_string(error, "message")))
                                   : error_field(&e, name, field, "%s", strempty(json_get_string(error, "message")));
        }
        q->answer = json_incref(json_object_get(line, "answer"));
        if (r >= 0 && !q->answer)
                r = error_set(&e, ERROR_INTERNAL, "What looked into the app said nothing useful.");
        resume(q, r, &e);
}

static void on_answer_over(void* userdata) {
        Error e = ERROR_NULL;
        resume(userdata, error_set(&e, ERROR_INTERNAL, "What looked into the app ended before its answer."), &e);
}

static const InsideLinkHooks question_hooks = { .line = on_answer, .over = on_answer_over };

/* Takes ownership of question and more. */
static int ask(Request* r, json_t* question, json_t* more, RequestThen then, Error* reterr) {
        Question* q = calloc(1, sizeof(Question));
        if (!q || !question) {
                json_decref(question);
                json_decref(more);
                free(q);
                return error_errno(reterr, -ENOMEM, "Cannot look into the app");
        }
        *q = (Question) { .request = r, .more = more };
        int k = inside_link_new(request_manager(r), &question_hooks, q, question, &q->link, reterr);
        if (k < 0) {
                question_free(q);
                return k;
        }
        return request_later(r, then, q, question_free);
}

/* Asks whether this person may, and begins the question. NULL with an error. */
static json_t* question_about(Request* r, const char* verb, AppRow* ret_row, Error* reterr) {
        const char* app = request_string(r, "app");
        char object[48];
        if (app_authorise(request_manager(r), request_actor(r), app, ret_row, reterr) < 0)
                return NULL;
        (void) snprintf(object, sizeof(object), "app:%s", app);
        request_audit_object(r, object);
        return json_pack("{s:s, s:s}", "verb", verb, "app", app);
}

static void add_string(Request* r, json_t* question, const char* field) {
        if (request_has(r, field))
                (void) json_object_set_new(question, field, json_string(request_string(r, field)));
}

static void add_integer(Request* r, json_t* question, const char* field) {
        if (request_has(r, field))
                (void) json_object_set_new(question, field, json_integer(request_integer(r, field, 0)));
}

static int reply_answer(Request* r, void* state, Error* reterr) {
        const Question* q = state;
        return request_reply(r, json_incref(q->answer));
}

static int reply_items(Request* r, void* state, Error* reterr) {
        const Question* q = state;
        return request_reply_items(r, json_incref(json_object_get(q->answer, "items")));
}

static int reply_nothing(Request* r, void* state, Error* reterr) {
        return request_reply_empty(r);
}

static int failed(const Error* reterr) {
        return error_is_set(reterr) ? -error_name_errno(reterr->name) : -ENOMEM;
}

/* --- logs --- */

static int reply_page(Request* r, void* state, Error* reterr) {
        const Question* q = state;
        json_t *items = json_object_get(q->answer, "items"), *next = json_object_get(q->answer, "next");
        return request_reply(r, json_pack("{s:O, s:O, s:I}", "items", items, "next", next, "total", (json_int_t) json_array_size(items)));
}

int op_app_logs(Request* r, Error* reterr) {
        json_t* question = question_about(r, "logs", NULL, reterr);
        if (!question)
                return failed(reterr);
        static const char* const strings[] = { "container", "after", "q" };
        for (size_t i = 0; i < ELEMENTS(strings); i++)
                add_string(r, question, strings[i]);
        add_integer(r, question, "from");
        add_integer(r, question, "to");
        (void) json_object_set_new(question, "limit", json_integer(request_integer(r, "limit", LOG_LIMIT)));
        return ask(r, question, NULL, reply_page, reterr);
}

typedef struct Watching {
        InsideLink* link;    /* NULL = it ended */
        EventStream* stream; /* owns this */
} Watching;

static void on_log_line(const char* text, size_t size, void* userdata) {
        _cleanup_json_ json_t* message = NULL;
        Watching* w = userdata;
        if (json_parse_object(text, size, &message, NULL) < 0)
                return;
        const json_t* line = json_object_get(message, "line");
        _cleanup_free_ char* json = line ? json_text(line, /* canonical= */ false) : NULL;
        if (json)
                event_stream_send(w->stream, "line", json);
        if (event_stream_size(w->stream) > LOG_LAG_MAX)
                inside_link_pause(w->link, true);
}

static void on_log_over(void* userdata) {
        Watching* w = userdata;
        w->link = inside_link_free(w->link);
        event_stream_end(w->stream);
}

static void on_log_drained(void* userdata) {
        Watching* w = userdata;
        if (w->link)
                inside_link_pause(w->link, false);
}

static void on_log_gone(void* userdata) {
        Watching* w = userdata;
        (void) inside_link_free(w->link);
        free(w);
}

/* Takes ownership of question; what is answered to it goes on as events. */
static int watch(Request* r, json_t* question, const InsideLinkHooks* link_hooks, Error* reterr) {
        static const EventStreamHooks stream_hooks = { .drained = on_log_drained, .gone = on_log_gone };
        Watching* w = calloc(1, sizeof(Watching));
        if (!w) {
                json_decref(question);
                return error_errno(reterr, -ENOMEM, "Cannot look into the app");
        }
        int k = inside_link_new(request_manager(r), link_hooks, w, question, &w->link, reterr);
        if (k >= 0)
                k = event_stream_open(r, &stream_hooks, w, &w->stream, reterr);
        if (k < 0) {
                (void) inside_link_free(w->link);
                free(w);
        }
        return k;
}

int op_app_logs_watch(Request* r, Error* reterr) {
        static const InsideLinkHooks link_hooks = { .line = on_log_line, .over = on_log_over };
        json_t* question = question_about(r, "watch", NULL, reterr);
        if (!question)
                return failed(reterr);
        add_string(r, question, "container");
        return watch(r, question, &link_hooks, reterr);
}

/* --- files --- */

static int files_ask(Request* r, const char* verb, RequestThen then, Error* reterr) {
        static const char* const strings[] = { "path", "base64" };
        const Operation* o = request_operation(r);
        json_t* question = question_about(r, verb, NULL, reterr);
        if (!question)
                return failed(reterr);
        for (size_t i = 0; i < o->n_fields; i++) {
                const char* name = o->fields[i].name;
                if (streq(name, strings[0]) || streq(name, strings[1]))
                        add_string(r, question, name);
                else if (streq(name, "offset"))
                        add_integer(r, question, name);
                else if (streq(name, "last"))
                        (void) json_object_set_new(question, name, json_boolean(request_boolean(r, name, true)));
                else if (streq(name, "recursive"))
                        (void) json_object_set_new(question, name, json_boolean(request_boolean(r, name, false)));
        }
        if (request_has(r, "path"))
                request_audit_detail(r, "path", json_string(request_string(r, "path")));
        if (json_get_boolean(question, "recursive", false))
                request_audit_detail(r, "recursive", json_true());
        return ask(r, question, NULL, then, reterr);
}

int op_app_files(Request* r, Error* reterr) {
        return files_ask(r, "files", reply_items, reterr);
}

int op_app_file_read(Request* r, Error* reterr) {
        return files_ask(r, "read", reply_answer, reterr);
}

int op_app_file_write(Request* r, Error* reterr) {
        return files_ask(r, "write", reply_answer, reterr);
}

int op_app_directory_make(Request* r, Error* reterr) {
        return files_ask(r, "make", reply_answer, reterr);
}

/* Parts of the archive are passed on as they are; "end" says that it is whole, "failed" why it is not. */
static void on_tar_line(const char* text, size_t size, void* userdata) {
        static const char* const events[] = { "output", "end", "error" };
        _cleanup_json_ json_t* message = NULL;
        Watching* w = userdata;
        if (json_parse_object(text, size, &message, NULL) < 0)
                return;
        for (size_t i = 0; i < ELEMENTS(events); i++) {
                json_t* told = json_object_get(message, events[i]);
                _cleanup_json_ json_t* data = json_is_string(told) ? json_pack("{s:O}", "base64", told) : json_incref(told);
                _cleanup_free_ char* json = data ? json_text(data, /* canonical= */ false) : NULL;
                if (json)
                        event_stream_send(w->stream, streq(events[i], "error") ? "failed" : events[i], json);
        }
        if (event_stream_size(w->stream) > LOG_LAG_MAX)
                inside_link_pause(w->link, true);
}

int op_app_directory_read(Request* r, Error* reterr) {
        static const InsideLinkHooks link_hooks = { .line = on_tar_line, .over = on_log_over };
        _cleanup_app_row_ AppRow row = {};
        json_t* question = question_about(r, "tar", &row, reterr);
        if (!question)
                return failed(reterr);
        add_string(r, question, "path");
        (void) json_object_set_new(question, "slot", json_integer((json_int_t) row.slot));
        request_audit_detail(r, "path", json_string(request_string(r, "path")));
        return watch(r, question, &link_hooks, reterr);
}

int op_app_file_remove(Request* r, Error* reterr) {
        return files_ask(r, "remove", reply_nothing, reterr);
}

/* --- schedule --- */

/* The tasks of the app as AppTask, still without what systemd knows. */
static json_t* tasks_of(const AppRow* row) {
        _cleanup_json_ json_t *manifest = json_loads(row->manifest, JSON_REJECT_DUPLICATES, NULL), *muted = json_loads(row->muted, 0, NULL);
        json_t *tasks = json_array(), *t;
        size_t i;
        json_array_foreach(json_object_get(manifest, "schedule"), i, t) {
                const char* id = strempty(json_get_string(t, "id"));
                (void) json_array_append_new(tasks, json_pack("{s:s, s:s, s:s, s:O?, s:b}", "task", id, "container", strempty(json_get_string(t, "container")), "calendar",
                                                              strempty(json_get_string(t, "calendar")), "command", json_object_get(t, "command"), "active",
                                                              !json_list_has(muted, id)));
        }
        return tasks;
}

static json_t* task_of(const json_t* tasks, const char* id) {
        for (size_t i = 0; i < json_array_size(tasks); i++)
                if (streq_ptr(json_get_string(json_array_get(tasks, i), "task"), id))
                        return json_array_get(tasks, i);
        return NULL;
}

/* Joins what the manifest says with what systemd says. */
static void tasks_join(json_t* tasks, const json_t* seen) {
        json_t *t, *s;
        size_t i;
        json_array_foreach(tasks, i, t) {
                s = task_of(seen, json_get_string(t, "task"));
                if (s)
                        (void) json_object_update_missing(t, s);
        }
}

static json_t* tasks_question(json_t* question, const json_t* tasks) {
        json_t *ids = json_array(), *t;
        size_t i;
        json_array_foreach(tasks, i, t)
                (void) json_array_append(ids, json_object_get(t, "task"));
        (void) json_object_set_new(question, "tasks", ids);
        return question;
}

static int reply_tasks(Request* r, void* state, Error* reterr) {
        const Question* q = state;
        tasks_join(q->more, json_object_get(q->answer, "items"));
        return request_reply_items(r, json_incref(q->more));
}

int op_app_schedule(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        json_t* question = question_about(r, "tasks", &row, reterr);
        if (!question)
                return failed(reterr);
        json_t* tasks = tasks_of(&row);
        return ask(r, tasks_question(question, tasks), tasks, reply_tasks, reterr);
}

static int mute(Manager* m, const Actor* actor, AppRow* row, const char* task, bool active, Error* reterr) {
        _cleanup_json_ json_t* muted = json_loads(row->muted, 0, NULL);
        char job[JOB_ID_BYTES];
        for (size_t i = json_array_size(muted); i-- > 0;)
                if (streq_ptr(json_string_value(json_array_get(muted, i)), task))
                        (void) json_array_remove(muted, i);
        if (!active)
                (void) json_array_append_new(muted, json_string(task));
        _cleanup_free_ char* text = json_text(muted, /* canonical= */ false);
        if (!text || app_row_text(&row->muted, text) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot change the schedule");
        int r = store_app_save(m->store, row, reterr);
        bool start = active && streq(row->wanted, "running"); /* what runs goes on; a timer begins only with a start */
        return r < 0 ? r : app_run_begin(m, actor, row->id, (AppRun) { "configure", .apply = true, .start = start }, job, reterr);
}

/* The task was begun, or could not be. */
static int task_begun(Request* r, void* state, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        json_t* question = question_about(r, "tasks", &row, reterr);
        if (!question)
                return failed(reterr);
        json_decref(question);
        json_t* tasks = tasks_of(&row);
        json_t* task = json_incref(task_of(tasks, request_string(r, "task")));
        json_decref(tasks);
        (void) json_object_update_new(task, json_pack("{s:s, s:n, s:n, s:s}", "state", "running", "last_at", "next_at", "sentence", "It was begun."));
        return request_reply(r, task);
}

int op_app_schedule_set(Request* r, Error* reterr) {
        Manager* m = request_manager(r);
        const char* task = request_string(r, "task");
        _cleanup_app_row_ AppRow row = {};
        json_t* question = question_about(r, "tasks", &row, reterr);
        if (!question)
                return failed(reterr);
        json_t* tasks = tasks_of(&row);
        json_t* found = task_of(tasks, task);
        int k = found ? 0 : error_set(reterr, ERROR_NOT_FOUND, "%s has no task '%s'.", row.title, task);
        bool run = request_boolean(r, "run", false);
        if (k >= 0 && run && request_has(r, "active"))
                k = error_field(reterr, ERROR_BAD_FIELD, "run", "Switch it or run it, one at a time.");
        if (k < 0 || run) {
                json_decref(question);
                json_decref(tasks);
                if (k < 0)
                        return k;
                Waiting* w = waiting_new(r);
                if (!w)
                        return error_errno(reterr, -ENOMEM, "Cannot run a task");
                return waiting_begin(w, helper_client_app_task_run(m->helper, row.id, task, waiting_helper_done, w, reterr), task_begun);
        }
        if (request_has(r, "active") && request_boolean(r, "active", true) != json_get_boolean(found, "active", true)) {
                (void) json_object_set_new(found, "active", json_boolean(request_boolean(r, "active", true)));
                k = mute(m, request_actor(r), &row, task, request_boolean(r, "active", true), reterr);
        }
        if (k >= 0) {
                /* What was written is committed with the answer; systemd's word of it comes with the next listing. */
                (void) json_object_update_new(found, json_pack("{s:s, s:n, s:n, s:s}", "state", "idle", "last_at", "next_at", "sentence", ""));
                k = request_reply(r, json_incref(found));
        }
        json_decref(question);
        json_decref(tasks);
        return k;
}
