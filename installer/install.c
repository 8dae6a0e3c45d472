#include "install.h"
#include "base/file.h"
#include "base/format.h"
#include "base/secret.h"
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

const Step step_table[] = {
        { "preflight",   "Looking at the machine",               preflight_check,   NULL,              NULL },
        { "grow",        "Using the whole disk",                 grow_check,        grow_apply,        NULL,          .soft = true },
        { "swap",        "Swap for a small machine",             swap_check,        swap_apply,        swap_undo,     .soft = true },
        { "packages",    "Packages",                             packages_check,    packages_apply,    packages_undo },
        { "accounts",    "Accounts of the services",             accounts_check,    accounts_apply,    NULL },
        { "directories", "Directories",                          directories_check, directories_apply, NULL },
        { "keys",        "The box's own key",                    keys_check,        keys_apply,        keys_undo },
        { "settings",    "Settings of the machine",              settings_check,    settings_apply,    settings_undo },
        { "units",       "Starting the manager",                 units_check,       units_apply,       units_undo },
        { "store",       "Waiting for the manager",              store_check,       store_apply,       NULL },
        { "presets",     "Name, time zone and language",         presets_check,     presets_apply,     NULL },
        { "firewall",    "Firewall",                             firewall_check,    firewall_apply,    NULL },
        { "web",         "Web server",                           web_check,         web_apply,         NULL },
        { "certificate", "Certificate",                          certificate_check, certificate_apply, NULL,          .soft = true },
        { "ssh-keys",    "SSH keys of the provider",             ssh_keys_check,    ssh_keys_apply,    ssh_keys_undo },
        { "owner",       "The owner's link",                     owner_check,       owner_apply,       NULL },
        { "secrets",     "Erasing what was needed only once",    secrets_check,     secrets_apply,     NULL },
};
const size_t step_count = ELEMENTS(step_table);

void install_done(Install* i) {
        (void) config_free(i->config);
        free(i->config_path);
        machine_done(&i->machine);
        (void) journal_free(i->journal);
        (void) progress_free(i->progress);
        (void) client_free(i->client);
        free(i->note);
        erase_and_free(i->owner_link);
        free(i->closing);
}

void install_say(Install* i, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        _cleanup_free_ char* text = format_text_va(format, ap);
        va_end(ap);
        if (i->progress && text)
                progress_say(i->progress, "%s", text);
        else if (text)
                printf("      %s\n", text);
}

void install_note(Install* i, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        _cleanup_free_ char* text = format_text_va(format, ap);
        va_end(ap);
        if (i->progress && text)
                progress_note(i->progress, "%s", text);
        else if (text)
                printf("      %s\n", text);
}

bool install_finished_before(const Install* i) {
        return journal_state(i->journal, "store") == JOURNAL_DONE;
}

bool file_exists(const char* path) {
        struct stat st;
        return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

int install_call(Install* i, const char* method, const char* path, const json_t* body, ClientReply* ret, Error* reterr) {
        if (!i->client) {
                int r = client_new(CLIENT_ADMIN_SOCKET, &i->client, reterr);
                if (r < 0)
                        return r;
        }
        return client_call(i->client, method, path, body, /* headers= */ NULL, ret, reterr);
}

char* install_unfinished(void) {
        char* text = NULL;
        if (file_read(AT_FDCWD, UNFINISHED_PATH, 4096, &text, NULL) < 0)
                return NULL;
        text[strcspn(text, "\n")] = 0;
        return text;
}

/* Before the first change; behind it, a machine that loses its power goes on when it starts again. */
static int note_unfinished(const Install* i, Error* reterr) {
        if (file_exists(UNFINISHED_PATH))
                return 0;
        int r = directory_make("/var/lib/steadbox-install", 0700);
        if (r >= 0)
                r = file_write(AT_FDCWD, UNFINISHED_PATH, strempty(i->config_path), strlen(strempty(i->config_path)), 0600);
        return r < 0 ? error_errno(reterr, r, "Cannot write " UNFINISHED_PATH) : 0;
}

/* One step: look, work, look again. The second look is what "done" in the journal rests on. */
static int step_run(Install* i, const Step* s, Error* reterr) {
        int r = s->check(i, reterr);
        if (r > 0 && streq_ptr(i->stop_after, s->id))
                (void) raise(SIGKILL);
        if (r != 0)
                return MIN(r, 0);

        r = note_unfinished(i, reterr);
        if (r >= 0)
                r = journal_append(i->journal, s->id, JOURNAL_BEGUN, NULL, reterr);
        if (r < 0)
                return r;
        r = s->apply(i, reterr);
        if (streq_ptr(i->stop_after, s->id))
                (void) raise(SIGKILL);
        if (r >= 0 && !s->soft) {
                r = s->check(i, reterr);
                if (r == 0)
                        r = error_set(reterr, ERROR_INTERNAL, "The step '%s' was worked through, but its result is not there.", s->id);
        }
        if (r < 0) {
                /* The disk may be full: what went wrong first is the news, not this line. */
                (void) journal_append(i->journal, s->id, JOURNAL_FAILED, i->note, NULL);
                return r;
        }
        _cleanup_free_ char* note = TAKE_PTR(i->note);
        return journal_append(i->journal, s->id, JOURNAL_DONE, note, reterr);
}

static char* box_url(Install* i) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        char* url = NULL;
        if (install_call(i, "GET", "/site", NULL, &reply, NULL) < 0)
                return NULL;
        const char* name = json_string_value(json_array_get(json_object_get(reply.body, "names"), 0));
        if (!name)
                return NULL;
        bool six = strchr(name, ':') && *name != '[';
        return asprintf(&url, six ? "https://[%s]/" : "https://%s/", name) < 0 ? NULL : url;
}

int install_run(Install* i, Error* reterr) {
        for (size_t n = 0; n < step_count; n++) {
                const Step* s = &step_table[n];
                progress_step(i->progress, (unsigned) n + 1, s->id, s->title);
                int r = step_run(i, s, reterr);
                if (r < 0) {
                        progress_failed(i->progress, reterr);
                        return r;
                }
        }
        if (unlink(UNFINISHED_PATH) < 0 && errno != ENOENT)
                return error_errno(reterr, -errno, "Cannot remove " UNFINISHED_PATH);
        _cleanup_free_ char* url = box_url(i);
        progress_done(i->progress, url, i->owner_link, i->closing);
        return 0;
}

int install_plan(Install* i, Error* reterr) {
        for (size_t n = 0; n < step_count; n++) {
                const Step* s = &step_table[n];
                int r = s->check(i, reterr);
                if (r < 0)
                        return r;
                printf("%-12s %-40s %s\n", s->id, s->title, r > 0 ? "in place" : "to do");
        }
        return 0;
}

int install_undo(Install* i, Error* reterr) {
        int result = 0;
        for (size_t n = step_count; n-- > 0;) {
                const Step* s = &step_table[n];
                _cleanup_error_ Error e = ERROR_NULL;
                JournalState state = journal_state(i->journal, s->id);
                if (!s->undo || state == JOURNAL_NONE || state == JOURNAL_UNDONE)
                        continue;
                printf("%s: taking back\n", s->title);
                int r = s->undo(i, &e);
                if (r >= 0)
                        r = journal_append(i->journal, s->id, JOURNAL_UNDONE, NULL, &e);
                if (r < 0) {
                        (void) fprintf(stderr, "%s: %s\n", s->title, strempty(e.message));
                        if (result == 0)
                                result = error_set(reterr, ERROR_INTERNAL, "Not everything could be taken back; what failed is named above.");
                }
        }
        (void) unlink(UNFINISHED_PATH); /* what was taken back is not to be continued */
        return result;
}
