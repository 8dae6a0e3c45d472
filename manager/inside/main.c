/* See inside.h. */
#include "base/file.h"
#include "base/secret.h"
#include "base/validate.h"
#include "inside/inside.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define APPS "/var/lib/steadbox/apps"

int inside_say(json_t* line) {
        _cleanup_json_ json_t* owned = line;
        _cleanup_free_ char* text = owned ? json_text(owned, /* canonical= */ false) : NULL;
        if (!text)
                return -ENOMEM;
        size_t n = strlen(text);
        text[n++] = '\n'; /* in the place of NUL */
        return write_full(STDOUT_FILENO, text, n);
}

bool inside_container_valid(const char* s) {
        size_t n = s ? strlen(s) : 0;
        return n >= 1 && n <= 32 && *s != '-' && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* Only exec needs what the unit has; what touches files that an app made keeps the power over owners, and what reads the journal none. */
static int keep_capabilities(uint64_t keep) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = { { .effective = (uint32_t) keep, .permitted = (uint32_t) keep } };
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int data_open(const char* app, Error* reterr) {
        char path[64];
        struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
        _cleanup_close_ int apps = open(APPS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        (void) snprintf(path, sizeof(path), "%s/data", app);
        int fd = apps < 0 ? -1 : (int) syscall(SYS_openat2, apps, path, &how, sizeof(how));
        return fd < 0 ? error_set(reterr, ERROR_NOT_FOUND, "App %s has no data.", app) : fd;
}

static const struct {
        const char* name;
        int (*files)(int data_fd, const json_t* request, json_t** ret, Error* reterr);
        int (*answer)(const json_t* request, json_t** ret, Error* reterr);
        int (*stream)(const json_t* request, Error* reterr); /* speaks for itself */
        bool all_powers;
} verbs[] = {
        { "files", .files = inside_files }, { "read", .files = inside_read }, { "write", .files = inside_write }, { "make", .files = inside_make },
        { "remove", .files = inside_remove }, { "tar", .files = inside_tar },
        { "logs", .answer = inside_logs },  { "tasks", .answer = inside_tasks }, { "watch", .stream = inside_watch }, { "exec", .stream = inside_exec, .all_powers = true },
        { "dump", .answer = inside_dump, .all_powers = true },
};

static int serve(const json_t* request, json_t** ret, Error* reterr) {
        const uint64_t over_files = UINT64_C(1) << CAP_DAC_OVERRIDE | UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_FOWNER;
        const char *verb = strempty(json_get_string(request, "verb")), *app = json_get_string(request, "app");
        if (!app || !id_valid(app))
                return error_set(reterr, ERROR_BAD_REQUEST, "This is not the id of an app.");
        for (size_t i = 0; i < ELEMENTS(verbs); i++) {
                if (!streq(verbs[i].name, verb))
                        continue;
                int r = verbs[i].all_powers ? 0 : keep_capabilities(verbs[i].files ? over_files : 0);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot give up power");
                if (verbs[i].stream)
                        return verbs[i].stream(request, reterr);
                if (verbs[i].answer)
                        return verbs[i].answer(request, ret, reterr);
                _cleanup_close_ int data = data_open(app, reterr);
                if (data < 0 && verbs[i].files == inside_files && isempty(json_get_string(request, "path"))) { /* an app that keeps nothing */
                        error_done(reterr);
                        *ret = json_pack("{s:[]}", "items");
                        return 0;
                }
                return data < 0 ? data : verbs[i].files(data, request, ret, reterr);
        }
        return error_set(reterr, ERROR_BAD_REQUEST, "There is no such verb.");
}

/* Looks first, so that nothing behind the newline is taken: that is exec's. */
static ssize_t recv_line_part(char* buffer, size_t room) {
        ssize_t n = recv(STDIN_FILENO, buffer, room, MSG_PEEK);
        char* newline = n > 0 ? memchr(buffer, '\n', (size_t) n) : NULL;
        return n <= 0 ? n : recv(STDIN_FILENO, buffer, newline ? (size_t) (newline - buffer) + 1 : (size_t) n, 0);
}

static int line_read(char* line, size_t* ret_size) {
        for (size_t size = 0; size < INSIDE_LINE_MAX;) {
                ssize_t n = recv_line_part(line + size, INSIDE_LINE_MAX - size);
                if (n <= 0)
                        return -EBADMSG;
                size += (size_t) n;
                if (line[size - 1] == '\n') {
                        *ret_size = size - 1;
                        return 0;
                }
        }
        return -EMSGSIZE;
}

int main(int argc, char** argv) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_json_ json_t *request = NULL, *answer = NULL;
        _cleanup_free_ char* line = malloc(INSIDE_LINE_MAX);
        size_t size;
        (void) signal(SIGPIPE, SIG_IGN);
        (void) alarm(60); /* whoever connects says at once what it wants */
        int r = secret_init() < 0 || !line ? -ENOMEM : line_read(line, &size);
        (void) alarm(0);
        if (r >= 0)
                r = json_parse_object(line, size, &request, &e);
        if (r >= 0)
                r = serve(request, &answer, &e);
        if (r < 0) {
                (void) error_errno(&e, r, "This did not work");
                (void) inside_say(json_pack("{s:{s:s, s:s, s:s}}", "error", "name", error_name_to_string(e.name), "message", e.message, "field", strempty(e.field)));
                return EXIT_SUCCESS; /* a question that is refused is answered */
        }
        return answer && inside_say(json_pack("{s:O}", "answer", answer)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
