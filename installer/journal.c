#include "journal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include <fcntl.h>
#include <stdio.h>

#define JOURNAL_SIZE_MAX ((size_t) 8 * 1024 * 1024)

struct Journal {
        char* path;
        int fd;          /* for appending; opened at the first line, so that a refused machine is left as it was */
        json_t* steps;   /* id -> {state, note} */
        bool torn;       /* the file does not end with a newline */
};

static const char* const state_table[_JOURNAL_STATE_MAX] = {
        [JOURNAL_NONE] = "none",     [JOURNAL_BEGUN] = "begun",   [JOURNAL_DONE] = "done",
        [JOURNAL_FAILED] = "failed", [JOURNAL_UNDONE] = "undone",
};

const char* journal_state_to_string(JournalState s) {
        return s >= 0 && s < _JOURNAL_STATE_MAX ? state_table[s] : NULL;
}

static JournalState state_from_string(const char* s) {
        for (JournalState i = 0; i < _JOURNAL_STATE_MAX; i++)
                if (streq_ptr(state_table[i], s))
                        return i;
        return _JOURNAL_STATE_INVALID;
}

static int remember(Journal* j, const char* step, JournalState state, const char* note) {
        json_t* entry = json_object_get(j->steps, step);
        if (!entry) {
                entry = json_object();
                if (json_object_set_new(j->steps, step, entry) < 0)
                        return -ENOMEM;
        }
        if (json_object_set_new(entry, "state", json_integer(state)) < 0)
                return -ENOMEM;
        if (state == JOURNAL_UNDONE)
                (void) json_object_del(entry, "note");
        else if (note && json_object_set_new(entry, "note", json_string(note)) < 0)
                return -ENOMEM;
        return 0;
}

/* Lines that are not ours to read are passed over: a journal that a power cut damaged must not stop the repair. */
static int read_lines(Journal* j, char* text) {
        char* save = NULL;
        for (char* line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                _cleanup_json_ json_t* o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
                const char* step = json_get_string(o, "step");
                JournalState state = state_from_string(json_get_string(o, "state"));
                if (!step || state < 0)
                        continue;
                int r = remember(j, step, state, json_get_string(o, "note"));
                if (r < 0)
                        return r;
        }
        return 0;
}

int journal_open(const char* path, Journal** ret, Error* reterr) {
        _cleanup_(journal_freep) Journal* j = malloc(sizeof(*j));
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        int r;

        if (!j)
                return error_errno(reterr, -ENOMEM, "Cannot open %s", path);
        *j = (Journal) { .fd = -EBADF, .path = strdup(path), .steps = json_object() };
        if (!j->path || !j->steps)
                return error_errno(reterr, -ENOMEM, "Cannot open %s", path);

        r = file_read(AT_FDCWD, path, JOURNAL_SIZE_MAX, &text, &size);
        if (r < 0 && r != -ENOENT)
                return error_errno(reterr, r, "Cannot read %s", path);
        if (r >= 0) {
                j->torn = size > 0 && text[size - 1] != '\n';
                for (char* p = text; p < text + size; p++)
                        if (!*p) /* a power cut can leave zeros where a line was going to be */
                                *p = '\n';
                r = read_lines(j, text);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot read %s", path);
        }
        *ret = TAKE_PTR(j);
        return 0;
}

Journal* journal_free(Journal* j) {
        if (!j)
                return NULL;
        closep(&j->fd);
        free(j->path);
        json_decref(j->steps);
        free(j);
        return NULL;
}

JournalState journal_state(const Journal* j, const char* step) {
        return (JournalState) json_get_integer(json_object_get(j->steps, step), "state", JOURNAL_NONE);
}

const char* journal_note(const Journal* j, const char* step) {
        return json_get_string(json_object_get(j->steps, step), "note");
}

static int open_for_append(Journal* j) {
        _cleanup_free_ char* directory = strndup(j->path, (size_t) (strrchr(j->path, '/') - j->path));
        int r = directory ? directory_make(directory, 0700) : -ENOMEM;
        if (r < 0)
                return r;
        j->fd = open(j->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        return j->fd < 0 ? -errno : 0;
}

int journal_append(Journal* j, const char* step, JournalState state, const char* note, Error* reterr) {
        _cleanup_json_ json_t* o = json_pack("{s:I, s:s, s:s, s:s*}", "at", (json_int_t) now_seconds(), "step", step, "state",
                                             journal_state_to_string(state), "note", note);
        _cleanup_free_ char* text = o ? json_text(o, /* canonical= */ false) : NULL;
        _cleanup_free_ char* line = NULL;
        if (!text || asprintf(&line, "%s%s\n", j->torn ? "\n" : "", text) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot write the installer's journal");
        int r = j->fd < 0 ? open_for_append(j) : 0;
        if (r >= 0)
                r = write_full(j->fd, line, strlen(line));
        if (r >= 0 && fsync(j->fd) < 0)
                r = -errno;
        j->torn = r < 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot write the installer's journal");
        return remember(j, step, state, note);
}
