/* An app's log, out of the journal: what its containers said, which steadbox-output brought there, what the programs of ours around them said, and what
 * systemd said about them; by units and slices, whose names nothing else can take. */
#include "base/time.h"
#include "base/validate.h"
#include "inside/inside.h"
#include <poll.h>
#include <stdio.h>
#include <systemd/sd-journal.h>

#define LINE_TEXT_MAX 8192
#define LOOK_MAX 200000                   /* lines looked at for one page */
#define LOOK_USEC (4 * USEC_PER_SEC)
#define LIMIT_MAX 1000
#define OUTPUT_UNIT "steadbox-output.service"

typedef struct Log {
        sd_journal* journal;
        char prefix[80]; /* of the units: steadbox-app-<id>- */
} Log;

static inline void journal_closep(sd_journal** j) {
        if (*j)
                sd_journal_close(*j);
}

static int match(sd_journal* j, const char* field, const char* value) {
        char text[200];
        (void) snprintf(text, sizeof(text), "%s=%s", field, value);
        return sd_journal_add_match(j, text, 0);
}

/* Fields and values that stand together, or others behind a NULL. */
static int match_any(sd_journal* j, const char* rows[][2], size_t n) {
        int r = 0;
        for (size_t i = 0; i < n && r >= 0; i++)
                r = rows[i][0] ? match(j, rows[i][0], rows[i][1]) : sd_journal_add_disjunction(j);
        return r;
}

static int log_open(const json_t* request, Log* l, Error* reterr) {
        const char *app = json_get_string(request, "app"), *container = json_get_string(request, "container");
        char name[120];
        int r = sd_journal_open(&l->journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the log");
        (void) snprintf(l->prefix, sizeof(l->prefix), "steadbox-app-%s-", app);
        if (container) {
                if (!inside_container_valid(container))
                        return error_field(reterr, ERROR_BAD_FIELD, "container", "A container of this name cannot be.");
                (void) snprintf(name, sizeof(name), "%s%s.service", l->prefix, container);
                r = match_any(l->journal, (const char*[][2]) { { "_SYSTEMD_UNIT", name }, { NULL }, { "UNIT", name }, { "_PID", "1" }, { NULL },
                                                               { "OBJECT_SYSTEMD_UNIT", name }, { "_SYSTEMD_UNIT", OUTPUT_UNIT } }, 7);
        } else {
                (void) snprintf(name, sizeof(name), "steadbox-app-%s.slice", app);
                r = match_any(l->journal, (const char*[][2]) { { "_SYSTEMD_SLICE", name }, { NULL },
                                                               { "OBJECT_SYSTEMD_SLICE", name }, { "_SYSTEMD_UNIT", OUTPUT_UNIT } }, 4);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot read the log") : 0;
}

/* The value of a field in text, cut and made valid; "" where it has none. */
static void field(sd_journal* j, const char* name, char* text, size_t room) {
        const void* data;
        size_t size, skip = strlen(name) + 1;
        *text = 0;
        if (sd_journal_get_data(j, name, &data, &size) < 0 || size < skip)
                return;
        size_t n = MIN(size - skip, room - 1);
        memcpy(text, (const char*) data + skip, n);
        text[n] = 0;
        bool is_text = utf8_valid(text, n);
        for (size_t i = 0; i < n; i++)
                if (((unsigned char) text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f || (!is_text && (unsigned char) text[i] >= 0x80))
                        text[i] = text[i] == 0x1b ? ' ' : '?';
}

/* A copy of "steadbox-app-<id>-<container>.service" without its ends. */
static void container_of(const Log* l, char ret[static 128]) {
        char unit[128];
        static const char* const fields[] = { "_SYSTEMD_UNIT", "UNIT", "OBJECT_SYSTEMD_UNIT" };
        const char* rest = NULL;
        for (size_t i = 0; i < ELEMENTS(fields) && !rest; i++) {
                field(l->journal, fields[i], unit, sizeof(unit));
                rest = startswith(unit, l->prefix);
        }
        (void) snprintf(ret, 128, "%.*s", rest ? (int) strcspn(rest, ".") : 0, strempty(rest));
}

static json_t* line_to_json(const Log* l, const char* text) {
        _cleanup_free_ char* cursor = NULL;
        char priority[8], container[128];
        uint64_t usec = 0;
        (void) sd_journal_get_realtime_usec(l->journal, &usec);
        if (sd_journal_get_cursor(l->journal, &cursor) < 0)
                return NULL;
        field(l->journal, "PRIORITY", priority, sizeof(priority));
        container_of(l, container);
        int level = *priority ? atoi(priority) : 6;
        return json_pack("{s:I, s:s, s:s, s:s, s:s}", "at", (json_int_t) (usec / USEC_PER_SEC), "cursor", cursor, "container", container, "level",
                         level <= 3 ? "error" : level == 4 ? "warning" : "info", "text", text);
}

/* Cursors come from people: their form is checked before the library reads them. */
static bool cursor_valid(const char* s) {
        return strlen(s) < 400 && startswith(s, "s=") && strspn(s, "0123456789abcdef;=simbtx") == strlen(s);
}

static int seek(Log* l, const json_t* request, Error* reterr) {
        const char* after = json_get_string(request, "after");
        int64_t to = json_get_integer(request, "to", 0);
        int r;
        if (after && !cursor_valid(after))
                return error_field(reterr, ERROR_BAD_FIELD, "after", "This is not a cursor of this list.");
        if (after)
                r = sd_journal_seek_cursor(l->journal, after);
        else if (to > 0)
                r = sd_journal_seek_realtime_usec(l->journal, (uint64_t) to * USEC_PER_SEC + USEC_PER_SEC - 1);
        else
                r = sd_journal_seek_tail(l->journal);
        if (r < 0)
                return error_field(reterr, ERROR_BAD_FIELD, after ? "after" : "to", "The log has no such place.");
        return 0;
}

/* Backwards from where it stands; *ret_last says that nothing is left. */
static void gather(Log* l, const json_t* request, json_t* items, bool* ret_last) {
        const char *q = json_get_string(request, "q"), *after = json_get_string(request, "after");
        int64_t from = json_get_integer(request, "from", 0);
        size_t limit = (size_t) MIN(json_get_integer(request, "limit", 100), (int64_t) LIMIT_MAX);
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + LOOK_USEC, at = 0;
        _cleanup_free_ char* text = malloc(LINE_TEXT_MAX + 1);
        *ret_last = true;
        for (unsigned looked = 0; text && looked < LOOK_MAX && sd_journal_previous(l->journal) > 0; looked++) {
                if (after && sd_journal_test_cursor(l->journal, after) > 0)
                        continue;
                if (sd_journal_get_realtime_usec(l->journal, &at) >= 0 && (int64_t) (at / USEC_PER_SEC) < from)
                        return;
                if (json_array_size(items) >= limit || now_usec(CLOCK_MONOTONIC) > deadline) {
                        *ret_last = false;
                        return;
                }
                field(l->journal, "MESSAGE", text, LINE_TEXT_MAX + 1);
                json_t* line = !q || strcasestr(text, q) ? line_to_json(l, text) : NULL;
                if (line)
                        (void) json_array_insert_new(items, 0, line);
        }
}

int inside_logs(const json_t* request, json_t** ret, Error* reterr) {
        Log l = {};
        _cleanup_json_ json_t* items = json_array();
        _cleanup_(journal_closep) sd_journal* owned = NULL;
        _cleanup_free_ char* here = NULL;
        bool last;
        int r = log_open(request, &l, reterr);
        owned = l.journal;
        if (r >= 0)
                r = seek(&l, request, reterr);
        if (r < 0)
                return r;
        gather(&l, request, items, &last);
        const char* next = json_get_string(json_array_get(items, 0), "cursor");
        if (!last && !next && sd_journal_get_cursor(l.journal, &here) >= 0) /* searched for long and found nothing yet */
                next = here;
        *ret = json_pack("{s:O, s:o}", "items", items, "next", json_string_or_null(last ? NULL : next));
        return 0;
}

/* Lines as they come, until nobody listens. */
int inside_watch(const json_t* request, Error* reterr) {
        Log l = {};
        _cleanup_(journal_closep) sd_journal* owned = NULL;
        _cleanup_free_ char* text = malloc(LINE_TEXT_MAX + 1);
        int r = log_open(request, &l, reterr);
        owned = l.journal;
        if (r < 0 || !text)
                return r < 0 ? r : error_errno(reterr, -ENOMEM, "Cannot read the log");
        (void) sd_journal_seek_tail(l.journal);
        (void) sd_journal_previous(l.journal);
        r = inside_say(json_pack("{s:{}}", "answer"));
        while (r >= 0) {
                while (r >= 0 && sd_journal_next(l.journal) > 0) {
                        field(l.journal, "MESSAGE", text, LINE_TEXT_MAX + 1);
                        json_t* line = line_to_json(&l, text);
                        r = line ? inside_say(json_pack("{s:o}", "line", line)) : 0;
                }
                struct pollfd fds[2] = { { .fd = sd_journal_get_fd(l.journal), .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLRDHUP } };
                if (r < 0 || poll(fds, 2, -1) < 0 || fds[1].revents)
                        return 0;
                (void) sd_journal_process(l.journal);
        }
        return 0;
}
