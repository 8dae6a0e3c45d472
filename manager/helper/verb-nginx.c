/* The web server's names. */
#include "helper/certificate-store.h"
#include "helper/helper.h"
#include "helper/nginx.h"
#include "base/log.h"
#include "helper/render-nginx-app.h"
#include "identity.h"
#include <fcntl.h>
#include <sys/stat.h>

static int headers_read(sd_bus_message* call, NginxHeaders* ret, Error* reterr) {
        const char* word;
        int r = sd_bus_message_enter_container(call, 'a', "s");
        for (unsigned n = 0; r >= 0 && (r = sd_bus_message_read(call, "s", &word)) > 0; n++) {
                NginxHeaders header = strnlen(word, 33) > 32 ? _NGINX_HEADERS_INVALID : nginx_header_from_string(word);
                if (header < 0 || n >= NGINX_HEADERS_N)
                        return error_field(reterr, ERROR_BAD_FIELD, "headers", "There is no such extra header, or it comes twice.");
                *ret |= header;
        }
        return r < 0 ? r : sd_bus_message_exit_container(call);
}

static int names_read(sd_bus_message* call, NginxName* names, size_t* ret_n, Error* reterr) {
        size_t n = 0;
        int r = sd_bus_message_enter_container(call, 'a', "(ssssas)");
        while (r >= 0) {
                NginxName name = {};
                const char* kind;
                r = sd_bus_message_enter_container(call, 'r', "ssssas");
                if (r <= 0)
                        break;
                r = sd_bus_message_read(call, "ssss", &name.name, &kind, &name.target, &name.certificate);
                if (r >= 0)
                        r = headers_read(call, &name.headers, reterr);
                if (r >= 0)
                        r = sd_bus_message_exit_container(call);
                if (r < 0)
                        break;
                if (n >= NGINX_NAMES_MAX)
                        return error_set(reterr, ERROR_TOO_LARGE, "More than %d names are not supported.", NGINX_NAMES_MAX);
                name.kind = nginx_kind_from_string(kind);
                r = nginx_name_check(&name, reterr);
                if (r < 0)
                        return r;
                names[n++] = name;
        }
        if (r < 0)
                return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot read the arguments");
        *ret_n = n;
        return 0;
}

/* Each certificate is looked at once, however many names share it. */
static int certificates_find(NginxName* names, size_t n, Error* reterr) {
        _cleanup_close_ int fd = -EBADF;
        int r = certificate_directory_open(&fd, reterr);
        for (size_t i = 0; i < n && r >= 0; i++) {
                size_t k = 0;
                while (!streq(names[k].certificate, names[i].certificate))
                        k++;
                if (k < i) {
                        names[i].self_signed = names[k].self_signed;
                        continue;
                }
                r = certificate_self_signed(fd, names[i].certificate, &names[i].self_signed, reterr);
                if (r == 0)
                        return error_set(reterr, ERROR_WRONG_STATE, "There is no certificate %s yet.", names[i].certificate);
        }
        return r < 0 ? r : 0;
}

/* What root knows of the apps that are named, for as long as their texts are needed. */
typedef struct Apps {
        struct {
                AppRecord* record;
                NginxApp app;
        } items[NGINX_NAMES_MAX];
        size_t n;
} Apps;

static void apps_free(Apps** a) {
        for (size_t i = 0; *a && i < (*a)->n; i++)
                (void) app_record_free((*a)->items[i].record);
        free(*a);
}

static const NginxApp* app_find(const Apps* apps, const char* id) {
        for (size_t i = 0; i < apps->n; i++)
                if (streq(apps->items[i].app.id, id))
                        return &apps->items[i].app;
        return NULL;
}

/* One that has no record yet, or none that can be read, is shown as closed; the others are served all the same. */
static void apps_find(Apps* apps, NginxName* names, size_t n) {
        _cleanup_close_ int fd = open(APPS_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        for (size_t i = 0; i < n; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                if (names[i].kind != NGINX_APP && names[i].kind != NGINX_APP_ALIAS)
                        continue;
                names[i].app = app_find(apps, names[i].target);
                AppRecord* record = NULL;
                if (names[i].app || fd < 0)
                        continue;
                int r = app_record_load(fd, names[i].target, &record, &e);
                if (r < 0)
                        log_warning("The record of app %s cannot be read, it is shown as closed: %s", names[i].target, strempty(e.message));
                if (r <= 0)
                        continue;
                apps->items[apps->n].record = record;
                nginx_app_of_record(record, &apps->items[apps->n].app);
                if (nginx_door_set(record->id, !streq(record->gate, "open"), &e) < 0)
                        log_warning("%s", strempty(e.message));
                names[i].app = &apps->items[apps->n++].app;
        }
}

/* Without IPv6 in the kernel nginx could not listen on [::], and would refuse everything. */
static void ipv6_listens_drop(char* text) {
        char* out = text;
        if (access("/proc/net/if_inet6", F_OK) == 0)
                return;
        while (*text) {
                size_t n = strcspn(text, "\n");
                n += text[n] == '\n';
                const char* word = text + strspn(text, " ");
                if (!startswith(word, "listen [::]:")) {
                        memmove(out, text, n);
                        out += n;
                }
                text += n;
        }
        *out = 0;
}

/* Safe with a hostile manager: the text is constant but for host names, addresses and ids that are checked to be letters, digits, dots,
 * colons and dashes, so no directive can be added and no file named; headers are words of a closed list, which choose constant lines; keys
 * come from our own directory by id; where an app is and who may open it comes from its record, which was checked when it was written. It
 * can take names off the web or show the maintenance page, which is within its trust. nginx itself checks the file before it is switched. */
int verb_nginx_apply(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        NginxName names[NGINX_NAMES_MAX];
        char identity[IDENTITY_BYTES];
        _cleanup_free_ char *text = NULL, *current = NULL, *loaded = NULL;
        _cleanup_(apps_free) Apps* apps = calloc(1, sizeof(Apps));
        size_t n = 0;
        int r = apps ? names_read(call, names, &n, reterr) : error_errno(reterr, -ENOMEM, "Cannot read the names");
        if (r >= 0)
                r = certificates_find(names, n, reterr);
        if (r < 0)
                return r;
        apps_find(apps, names, n);
        r = identity_get(identity);
        if (r < 0)
                return error_errno(reterr, r, "This machine has no identity");
        r = render_nginx(names, n, identity, &text, reterr);
        if (r < 0)
                return r;
        ipv6_listens_drop(text);
        r = nginx_current(&current, reterr);
        if (r >= 0) /* another one where a helper was killed between writing a file and the reload that was to follow */
                r = nginx_last_good(&loaded, reterr);
        if (r >= 0 && h->waiting_n == 0 && streq(strempty(current), text) && streq(strempty(loaded), text)) {
                r = nginx_start(h, reterr);
                return r < 0 ? r : VERB_DONE;
        }
        if (r >= 0)
                r = nginx_check(h, text, reterr);
        if (r >= 0)
                r = nginx_put(text, reterr);
        return r < 0 ? r : nginx_reload(h, call, reterr);
}
