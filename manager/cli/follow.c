#include "cli/follow.h"
#include "base/time.h"
#include "cli/table.h"
#include <signal.h>
#include <stdio.h>

#define POLL_FAST_USEC (100 * USEC_PER_MSEC)
#define POLL_SLOW_USEC (500 * USEC_PER_MSEC)
#define FAST_FOR_USEC (3 * USEC_PER_SEC)
#define GONE_FOR_USEC (90 * USEC_PER_SEC) /* the manager may restart while a job runs */
#define BAR_WIDTH 30

/* Set by the handler; a signal has nowhere else to leave word. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig) {
        interrupted = 1;
}

static void catch_interrupt(void) {
        const struct sigaction action = { .sa_handler = on_interrupt }; /* no SA_RESTART: a read shall return */
        (void) sigaction(SIGINT, &action, NULL);
}

static bool is_over(const char* state) {
        return streq(state, "done") || streq(state, "failed") || streq(state, "cancelled");
}

static void draw_bar(const json_t* job) {
        int64_t percent = json_get_integer(job, "percent", 0);
        int full = percent <= 0 ? 0 : percent >= 100 ? BAR_WIDTH : (int) percent * BAR_WIDTH / 100;
        char message[80];
        const char* text = strempty(json_get_string(job, "message"));
        (void) snprintf(message, sizeof(message), "%.60s", isempty(text) ? strempty(json_get_string(job, "stage")) : text);
        text_tame(message, /* newlines= */ false);
        (void) fprintf(stderr, "\r\033[K[%.*s%.*s] %3lld %%  %s", full, "##############################", BAR_WIDTH - full,
                       "..............................", (long long) percent, message);
        (void) fflush(stderr);
}

/* Where there is no terminal a line per stage tells a log enough. */
static void say_stage(const json_t* job, char seen[static 64]) {
        const char* stage = strempty(json_get_string(job, "stage"));
        if (isempty(stage) || streq(stage, seen))
                return;
        (void) snprintf(seen, 64, "%.63s", stage);
        (void) fprintf(stderr, "%s: %s\n", strempty(json_get_string(job, "kind")), seen);
}

int follow_job(Client* c, const char* id, json_t** ret, Error* reterr) {
        _cleanup_free_ char *escaped = client_escape(id), *path = NULL;
        bool terminal = isatty(STDERR_FILENO), drawn = false;
        uint64_t began = now_usec(CLOCK_MONOTONIC), last_seen = began;
        char stage[64] = "";

        if (!escaped || asprintf(&path, "/jobs/%s", escaped) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot follow the job");
        catch_interrupt();
        while (!interrupted) {
                _cleanup_(client_reply_done) ClientReply reply = {};
                _cleanup_error_ Error e = ERROR_NULL;
                uint64_t now;
                int r = client_call(c, "GET", path, NULL, NULL, &reply, &e);
                now = now_usec(CLOCK_MONOTONIC);
                if (r < 0 && (!(error_has_name(&e, ERROR_UNREACHABLE) || error_has_name(&e, ERROR_BUSY)) || now - last_seen > GONE_FOR_USEC)) {
                        *reterr = e;
                        e = ERROR_NULL; /* its strings are the caller's now */
                        return r;
                }
                if (r >= 0) {
                        last_seen = now;
                        bool over = is_over(strempty(json_get_string(reply.body, "state")));
                        if (terminal && (drawn || !over)) {
                                draw_bar(reply.body);
                                drawn = true;
                        }
                        if (!terminal)
                                say_stage(reply.body, stage);
                        if (over) {
                                if (drawn)
                                        (void) fputc('\n', stderr);
                                *ret = TAKE_PTR(reply.body);
                                return 1;
                        }
                }
                (void) usleep((useconds_t) (now - began < FAST_FOR_USEC ? POLL_FAST_USEC : POLL_SLOW_USEC));
        }
        (void) fprintf(stderr, "%sThe job goes on; 'steadbox job watch %s' follows it again.\n", drawn ? "\n" : "", id);
        return 0;
}

int job_error(const json_t* job, Error* reterr) {
        const json_t* e = json_object_get(job, "error");
        const char* state = strempty(json_get_string(job, "state"));
        const char* name = json_get_string(e, "name");
        const char* message = json_get_string(e, "message");
        const char* hint = json_get_string(e, "hint");

        if (streq(state, "done"))
                return 0;
        if (streq(state, "cancelled"))
                return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
        ErrorName known = name ? error_name_from_string(name) : _ERROR_INVALID;
        int r = error_set(reterr, known < 0 ? ERROR_INTERNAL : known, "%s", isempty(message) ? "The job failed." : message);
        return hint ? error_hint(reterr, "%s", hint) : r;
}

typedef struct EventPrinter {
        FILE* file;
        bool as_json;
} EventPrinter;

static int on_event(const char* event, json_t* data, void* userdata) {
        EventPrinter* p = userdata;
        _cleanup_free_ char* text = data ? json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("null");
        if (!text)
                return -ENOMEM;
        if (p->as_json)
                (void) fprintf(p->file, "{\"event\":\"%s\",\"data\":%s}\n", event, text);
        else {
                time_t now = (time_t) now_seconds();
                struct tm tm;
                char clock[16] = "";
                if (localtime_r(&now, &tm))
                        (void) strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
                text_tame(text, /* newlines= */ false);
                (void) fprintf(p->file, "%s %s %s\n", clock, event, text);
        }
        if (fflush(p->file) != 0)
                return 1; /* nobody reads on */
        return 0;
}

int follow_events(Client* c, FILE* f, bool as_json, Error* reterr) {
        EventPrinter p = { .file = f, .as_json = as_json };
        int r = client_stream(c, "/events", /* seconds= */ 0, on_event, &p, reterr);
        return r > 0 ? 0 : r;
}
