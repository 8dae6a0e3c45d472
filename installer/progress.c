#include "progress.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

struct Progress {
        const char* state;
        const char* step;    /* borrowed from the table of steps */
        const char* title;
        unsigned number, total;
        char* message;
        char* hint;
        char* url;
        char* owner_link;
        char* notes;         /* sentences, one a line */
        int64_t started_at, ended_at;
        int console_fd;      /* -EBADF where there is none, or where stdout reaches it anyway */
        bool terminal;       /* stdout is one */
        bool journal;        /* stdout does not reach the system journal, so we write there ourselves */
};

/* cloud-init hands us a pipe and copies it to the console itself; a terminal has somebody in front of it. Only a service whose output
 * goes to the journal alone needs us to speak to the console. */
static int console_open(void) {
        struct stat st;
        if (isatty(STDOUT_FILENO) || (fstat(STDOUT_FILENO, &st) == 0 && S_ISFIFO(st.st_mode)))
                return -EBADF;
        return open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
}

int progress_new(unsigned total, Progress** ret) {
        Progress* p = malloc(sizeof(*p));
        if (!p)
                return -ENOMEM;
        *p = (Progress) {
                .state = "running",
                .total = total,
                .started_at = now_seconds(),
                .console_fd = console_open(),
                .terminal = isatty(STDOUT_FILENO),
                .journal = !getenv("JOURNAL_STREAM"),
                .owner_link = progress_known_link(), /* a run that fails must not lose it */
        };
        *ret = p;
        return 0;
}

Progress* progress_free(Progress* p) {
        if (!p)
                return NULL;
        closep(&p->console_fd);
        free(p->message);
        free(p->hint);
        free(p->url);
        free(p->owner_link);
        free(p->notes);
        free(p);
        return NULL;
}

static json_t* status_json(const Progress* p) {
        return json_pack("{s:s, s:s?, s:s?, s:i, s:i, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:o}",
                         "state", p->state, "step", p->step, "title", p->title, "done", p->number, "total", p->total,
                         "message", p->message, "hint", p->hint, "url", p->url, "owner_link", p->owner_link, "notes", p->notes,
                         "started_at", (json_int_t) p->started_at, "ended_at", json_time_or_null(p->ended_at));
}

/* A machine whose /run is full installs on; people then miss only the figures. */
static void write_status(const Progress* p) {
        _cleanup_json_ json_t* o = status_json(p);
        _cleanup_free_ char* text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
        if (!text)
                return;
        (void) mkdir("/run/steadbox", 0755);
        int r = file_write(AT_FDCWD, PROGRESS_STATUS_PATH, text, strlen(text), 0600);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot write " PROGRESS_STATUS_PATH ", ignoring: %m");
}

static void tell_console(int fd, const char* line) {
        _cleanup_free_ char* text = NULL;
        if (fd >= 0 && asprintf(&text, "steadbox: %s\r\n", line) > 0)
                (void) !write(fd, text, strlen(text)); /* a console that nobody reads must not hold us up */
}

static void tell(Progress* p, int priority, const char* line) {
        printf("%s\n", line);
        (void) fflush(stdout);
        tell_console(p->console_fd, line);
        if (p->journal)
                (void) sd_journal_send("MESSAGE=%s", line, "PRIORITY=%i", priority, "SYSLOG_IDENTIFIER=steadbox-install",
                                       "STEADBOX_STEP=%s", strempty(p->step), NULL);
}

void progress_step(Progress* p, unsigned number, const char* id, const char* title) {
        char line[256];
        p->number = number - 1;
        p->step = id;
        p->title = title;
        free(p->message);
        p->message = NULL;
        write_status(p);
        (void) snprintf(line, sizeof(line), "[%u/%u] %s", number, p->total, title);
        tell(p, LOG_INFO, line);
}

void progress_say(Progress* p, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        char* text = format_text_va(format, ap);
        va_end(ap);
        if (!text)
                return;
        free(p->message);
        p->message = text;
        write_status(p);
        _cleanup_free_ char* line = NULL;
        if (asprintf(&line, "      %s", text) >= 0)
                tell(p, LOG_INFO, line);
}

void progress_note(Progress* p, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        _cleanup_free_ char* text = format_text_va(format, ap);
        va_end(ap);
        char* notes = NULL;
        if (!text)
                return;
        if (asprintf(&notes, "%s%s%s", strempty(p->notes), p->notes ? "\n" : "", text) >= 0) {
                free(p->notes);
                p->notes = notes;
        }
        progress_say(p, "%s", text);
}

void progress_failed(Progress* p, const Error* e) {
        _cleanup_free_ char* line = NULL;
        p->state = "failed";
        p->ended_at = now_seconds();
        free(p->message);
        p->message = strdup(error_is_set(e) ? e->message : "Something went wrong.");
        p->hint = error_is_set(e) && e->hint ? strdup(e->hint) : NULL;
        write_status(p);
        if (asprintf(&line, "Failed%s%s: %s", p->title ? " at: " : "", strempty(p->title), strempty(p->message)) >= 0)
                tell(p, LOG_ERR, line);
        if (p->hint)
                tell(p, LOG_ERR, p->hint);
        tell(p, LOG_ERR, "Run steadbox-install again to go on; what is done is not done twice.");
}

/* A link on paper-thin trust: whoever reads it first is the owner. Logs keep lines for weeks, so this one goes to no log. */
static void tell_link(Progress* p) {
        _cleanup_close_ int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
        _cleanup_free_ char* line = NULL;
        if (asprintf(&line, "Open this link to become the owner (one use, 72 hours): %s", p->owner_link) < 0)
                return;
        tell_console(console, line);
        if (p->terminal)
                printf("\n%s\n", line);
        else
                tell(p, LOG_NOTICE, "The owner's link stands on the console and, for root, in " PROGRESS_STATUS_PATH "; 'steadbox owner link' makes a fresh one.");
}

void progress_done(Progress* p, const char* url, const char* owner_link, const char* message) {
        char line[512];
        p->state = "done";
        p->number = p->total;
        p->ended_at = now_seconds();
        p->url = url ? strdup(url) : NULL;
        free(p->owner_link);
        p->owner_link = owner_link ? strdup(owner_link) : NULL;
        free(p->message);
        p->message = message ? strdup(message) : NULL;
        write_status(p);
        (void) snprintf(line, sizeof(line), "Done%s%s. %s", url ? ": " : "", strempty(url), strempty(message));
        tell(p, LOG_NOTICE, line);
        if (p->owner_link)
                tell_link(p);
        (void) fflush(stdout);
}

static json_t* status_read(void) {
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        json_t* o = NULL;
        if (file_read(AT_FDCWD, PROGRESS_STATUS_PATH, 1024 * 1024, &text, &size) < 0)
                return NULL;
        return json_parse_object(text, size, &o, NULL) < 0 ? NULL : o;
}

char* progress_known_link(void) {
        _cleanup_json_ json_t* o = status_read();
        const char* link = json_get_string(o, "owner_link");
        return link ? strdup(link) : NULL;
}

int progress_print_status(bool json) {
        _cleanup_json_ json_t* o = status_read();
        if (!o)
                return -ENOENT;
        if (json) {
                _cleanup_free_ char* text = json_dumps(o, JSON_INDENT(2));
                printf("%s\n", strempty(text));
                return 0;
        }
        printf("%s, step %lld of %lld%s%s\n", json_get_string(o, "state"), (long long) json_get_integer(o, "done", 0),
               (long long) json_get_integer(o, "total", 0), json_get_string(o, "title") ? ": " : "", strempty(json_get_string(o, "title")));
        static const char* const keys[] = { "message", "hint", "url", "owner_link", "notes" };
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if (json_get_string(o, keys[i]))
                        printf("%s\n", json_get_string(o, keys[i]));
        return 0;
}
