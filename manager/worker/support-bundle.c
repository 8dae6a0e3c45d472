/* Collects what somebody who helps would ask for, blacks it out, hands it to the manager. Reaches nobody. */
#include "base/file.h"
#include "base/process.h"
#include "worker/redact.h"
#include "worker/worker.h"
#include <fcntl.h>
#include <stdio.h>

#define PART_BYTES_MAX ((size_t) 96 * 1024)   /* after redaction; of longer ones the end is kept, where the trouble is */
#define RAW_BYTES_MAX ((size_t) 1024 * 1024)
#define WHOLE_BYTES_MAX ((size_t) 800 * 1024) /* as JSON; a message to the manager is at most 1 MiB */

typedef struct Source {
        const char* name;
        const char* file;                /* either a file */
        const char* const* command;      /* or a program's output */
        const char* request;             /* or a member of the request */
} Source;

#define COMMAND(...) (const char* const[]) { __VA_ARGS__, NULL }
static const Source sources[] = {
        { .name = "Note", .request = "note" },
        { .name = "What needs attention", .request = "findings" },
        { .name = "Settings", .request = "settings" },
        { .name = "Operating system", .file = "/etc/os-release" },
        { .name = "Kernel", .file = "/proc/version" },
        { .name = "Load", .file = "/proc/loadavg" },
        { .name = "Memory", .file = "/proc/meminfo" },
        { .name = "Disks", .command = COMMAND("/bin/df", "-hT", "-x", "tmpfs", "-x", "devtmpfs", "-x", "efivarfs") },
        { .name = "Services", .command = COMMAND("/bin/systemctl", "--no-pager", "--plain", "--all", "list-units", "steadbox*",
                                                 "nginx*", "ssh*", "systemd-networkd*", "systemd-timesyncd*") },
        { .name = "Failed units", .command = COMMAND("/bin/systemctl", "--no-pager", "--plain", "--failed") },
        { .name = "State of our services", .command = COMMAND("/bin/systemctl", "--no-pager", "--lines=0", "status", "steadboxd.service",
                                                              "steadbox-helper.service", "nginx.service") },
        { .name = "Journal of our services", .command = COMMAND("/bin/journalctl", "--no-pager", "--quiet", "--no-hostname",
                                                                "--output=short-iso", "--lines=2000", "--unit=steadbox*", "--unit=nginx.service") },
        { .name = "Errors of the machine", .command = COMMAND("/bin/journalctl", "--no-pager", "--quiet", "--no-hostname",
                                                              "--output=short-iso", "--lines=500", "--priority=err") },
        { .name = "Packages", .command = COMMAND("/usr/bin/dpkg-query", "--show", "--showformat=${Package} ${Version} ${db:Status-Abbrev}\\n") },
};

static char* text_of_command(const char* const* argv) {
        _cleanup_(process_result_done) ProcessResult result = {};
        ProcessOptions options = { .output_max = RAW_BYTES_MAX, .timeout_sec = 30 };
        char* text = NULL;
        int r = process_run(argv, &options, &result);
        if (r < 0)
                return asprintf(&text, "(%s could not be run: %s)", argv[0], strerror(-r)) < 0 ? NULL : text;
        text = TAKE_PTR(result.output);
        for (size_t i = 0; i < result.output_size; i++) /* what is no text is no help */
                if (text[i] == 0)
                        text[i] = ' ';
        return text;
}

static char* text_of_request(const json_t* request, const char* key) {
        const json_t* value = json_object_get(request, key);
        if (json_is_string(value))
                return strdup(json_string_value(value));
        return value ? json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY) : strdup("");
}

static char* text_of_file(const char* path) {
        char* text = NULL;
        int r = file_read(AT_FDCWD, path, RAW_BYTES_MAX, &text, NULL);
        if (r < 0)
                return asprintf(&text, "(%s could not be read: %s)", path, strerror(-r)) < 0 ? NULL : text;
        return text;
}

static char* collect(const Source* s, const json_t* request) {
        return s->command ? text_of_command(s->command) : s->file ? text_of_file(s->file) : text_of_request(request, s->request);
}

/* The last lines that fit; a cut character at the front would not be UTF-8. */
static const char* tail_of(const char* text, size_t max) {
        size_t size = strlen(text);
        if (size <= max)
                return text;
        const char* newline = strchr(text + size - max, '\n');
        return newline ? newline + 1 : text + size; /* one endless line helps nobody */
}

static int add_part(json_t* parts, Redactor* redactor, const char* name, const char* raw) {
        _cleanup_free_ char* text = NULL;
        unsigned count = 0;
        int r = redact(redactor, raw, &text, &count);
        if (r < 0)
                return r;
        json_t* part = json_pack("{s:s, s:s, s:i}", "name", name, "text", tail_of(text, PART_BYTES_MAX), "redacted", (int) count);
        return part ? json_array_append_new(parts, part) : -ENOMEM;
}

/* The longest parts give until the whole can be sent. */
static int fit(json_t* parts) {
        for (;;) {
                _cleanup_free_ char* whole = json_text(parts, /* canonical= */ false);
                json_t *longest = NULL, *part;
                size_t i, most = 0;
                if (!whole)
                        return -ENOMEM;
                if (strlen(whole) <= WHOLE_BYTES_MAX)
                        return 0;
                json_array_foreach(parts, i, part)
                        if (json_string_length(json_object_get(part, "text")) > most) {
                                most = json_string_length(json_object_get(part, "text"));
                                longest = part;
                        }
                if (!longest)
                        return -EMSGSIZE;
                json_t* shorter = json_string(tail_of(json_get_string(longest, "text"), most / 2));
                (void) json_object_set_new(longest, "text", shorter);
        }
}

static int cancelled(Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
}

static int collect_all(Worker* w, char* raw[static ELEMENTS(sources)], Error* reterr) {
        for (size_t i = 0; i < ELEMENTS(sources); i++) {
                worker_progress(w, "collect", (int) (i * 60 / ELEMENTS(sources)), "Collecting: %s", sources[i].name);
                if (worker_cancelled(w))
                        return cancelled(reterr);
                if (!(raw[i] = collect(&sources[i], worker_request(w))))
                        return error_errno(reterr, -ENOMEM, "Cannot collect");
        }
        return 0;
}

static int redact_all(Worker* w, char* raw[static ELEMENTS(sources)], json_t* parts, Error* reterr) {
        _cleanup_(redactor_freep) Redactor* redactor = NULL;
        int r = redactor_new(json_object_get(worker_request(w), "words"), &redactor);
        for (size_t i = 0; i < ELEMENTS(sources) && r >= 0; i++) {
                worker_progress(w, "redact", (int) (60 + i * 35 / ELEMENTS(sources)), "Blacking out: %s", sources[i].name);
                if (worker_cancelled(w))
                        return cancelled(reterr);
                if (*raw[i])
                        r = add_part(parts, redactor, sources[i].name, raw[i]);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot black out what was collected") : 0;
}

int support_bundle_main(Worker* w, json_t** ret_result, Error* reterr) {
        char* raw[ELEMENTS(sources)] = {};
        _cleanup_json_ json_t* parts = json_array();
        int r = collect_all(w, raw, reterr);
        if (r >= 0)
                r = redact_all(w, raw, parts, reterr);
        for (size_t i = 0; i < ELEMENTS(sources); i++)
                free(raw[i]);
        if (r < 0)
                return r;
        worker_progress(w, "write", 96, "Handing it over");
        r = fit(parts);
        if (r < 0)
                return error_errno(reterr, r, "Cannot hand over what was collected");
        *ret_result = json_pack("{s:O}", "parts", parts);
        return *ret_result ? 0 : -ENOMEM;
}
