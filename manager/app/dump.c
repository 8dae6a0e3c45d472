/* Dumps for an export: the package's own commands, run inside the app by steadbox-inside, which also keeps what they say. */
#include "api/inside-link.h"
#include "app/app-internal.h"
#include "app/dump.h"
#include <stdio.h>

typedef struct Subject {
        const AppRow* row;
        const json_t* data;   /* of the manifest */
        const char *export, *file;
} Subject;

/* One question that is open. */
typedef struct Question {
        InsideLink* link;
        AppCall* call;
} Question;

static void question_over(Question* q, const Error* error) {
        AppCall* call = q->call;
        (void) inside_link_free(q->link);
        free(q);
        app_call_answer(NULL, error, call);
}

/* steadbox-inside ends with the connection, and the command with it. */
static void question_drop(void* userdata) {
        Question* q = userdata;
        (void) inside_link_free(q->link);
        free(q);
}

static void on_line(const char* text, size_t size, void* userdata) {
        _cleanup_json_ json_t* line = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        if (json_parse_object(text, size, &line, &e) < 0) {
                question_over(userdata, &e);
                return;
        }
        const json_t* refused = json_object_get(line, "error");
        if (refused) {
                ErrorName name = error_name_from_string(strempty(json_get_string(refused, "name")));
                (void) error_set(&e, name < 0 ? ERROR_INTERNAL : name, "%s", strempty(json_get_string(refused, "message")));
        }
        question_over(userdata, refused ? &e : NULL);
}

static void on_over(void* userdata) {
        _cleanup_error_ Error e = ERROR_NULL;
        (void) error_set(&e, ERROR_HELPER_FAILED, "What looks into apps ended before the dump did.");
        question_over(userdata, &e);
}

static int ask(Manager* m, const void* subject, AppCall* call, Error* reterr) {
        static const InsideLinkHooks hooks = { .line = on_line, .over = on_over };
        const Subject* s = subject;
        const json_t* dump = json_object_get(s->data, "dump");
        json_t* command = NULL;
        int r = app_command_fill(m, s->row, json_object_get(dump, "command"), &command, reterr);
        if (r < 0)
                return r;
        Question* q = calloc(1, sizeof(Question));
        if (!q) {
                json_decref(command);
                return error_errno(reterr, -ENOMEM, "Cannot ask for a dump");
        }
        q->call = call;
        r = inside_link_new(m, &hooks, q, json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:s}", "verb", "dump", "app", s->row->id, "container",
                            strempty(json_get_string(dump, "container")), "command", command, "terminal", 0, "export", s->export, "file", s->file),
                            &q->link, reterr);
        if (r < 0)
                free(q);
        else
                app_call_droppable(call, question_drop, q);
        return r;
}

/* What the dump of the data is called in the export: as the package says, unless that is another's name already. Placed in ret. */
static void file_of(const json_t* list, size_t at, char ret[static DUMP_FILE_BYTES]) {
        const json_t* data = json_array_get(list, at);
        const char* file = strempty(json_get_string(data, "file"));
        bool taken = false;
        for (size_t i = 0; i < at; i++)
                taken = taken || streq_ptr(json_get_string(json_array_get(list, i), "file"), file);
        if (taken || *file == '.' || !*file)
                (void) snprintf(ret, DUMP_FILE_BYTES, "%.32s-%.64s", json_get_string(data, "name"), file);
        else
                (void) snprintf(ret, DUMP_FILE_BYTES, "%.96s", file);
}

/* Whatever a failed one says stands in the export: an app that is half broken must not lose its way out. */
static int note(Job* job, const char* data, const char* file, const char* missed) {
        json_t* list = json_object_get(job->journal, "dumps");
        if (!list) {
                list = json_array();
                (void) json_object_set_new(job->journal, "dumps", list);
        }
        return json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "data", data, "file", file, "missed", json_string_or_null(missed)));
}

static bool is_noted(const Job* job, const char* data) {
        size_t i;
        const json_t* d;
        json_array_foreach(json_object_get(job->journal, "dumps"), i, d)
                if (streq_ptr(json_get_string(d, "data"), data))
                        return true;
        return false;
}

int app_step_dumps(Manager* m, Job* job, const AppRow* row, const char* export, Error* reterr) {
        _cleanup_json_ json_t* manifest = app_manifest(row);
        const json_t* list = json_object_get(manifest, "data");
        size_t i;
        json_t* data;
        json_array_foreach((json_t*) list, i, data) {
                _cleanup_error_ Error e = ERROR_NULL;
                char file[DUMP_FILE_BYTES], what[32];
                const char* name = strempty(json_get_string(data, "name"));
                if (!json_is_object(json_object_get(data, "dump")) || is_noted(job, name))
                        continue;
                file_of(list, i, file);
                (void) snprintf(what, sizeof(what), "dump-%zu", i);
                job_say(job, "Dumping %s of %s", name, row->title);
                int r = app_call_step(m, job, what, ask, &(Subject) { row, data, export, file }, &e);
                if (r == JOB_WAIT)
                        return r;
                if (note(job, name, file, r < 0 ? strempty(e.message) : NULL) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot note a dump");
                if (r < 0)
                        job_say(job, "No dump of %s: %s", name, strempty(e.message));
        }
        return 1;
}
