#include "helper/nginx.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "helper/check.h"
#include "helper/pid1.h"
#include "helper/render-nginx-app.h"
#include "helper/text.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define DIRECTORY "/etc/steadbox/nginx"
#define CANDIDATE DIRECTORY "/candidate.conf"
#define CURRENT DIRECTORY "/nginx.conf"
#define LAST_GOOD DIRECTORY "/last-good.conf"
#define CHECK_UNIT "steadbox-nginx-check.service"
#define CHECK_LOG "/run/steadbox-helper/nginx-check.log"
#define UNIT "nginx.service"

static int write_text(const char* path, const char* text, Error* reterr) {
        int r = directory_make(DIRECTORY, 0755);
        if (r >= 0)
                r = file_write(AT_FDCWD, path, text, strlen(text), 0644);
        return r < 0 ? error_errno(reterr, r, "Cannot write %s", path) : 0;
}

static int read_text(const char* path, char** ret, Error* reterr) {
        int r = file_read(AT_FDCWD, path, TEXT_MAX, ret, NULL);
        if (r == -ENOENT)
                return 0;
        return r < 0 ? error_errno(reterr, r, "Cannot read %s", path) : 1;
}

/* The first complaint of nginx, without its "nginx: " and the line break. */
static char* complaint(void) {
        _cleanup_free_ char* log = NULL;
        if (file_read(AT_FDCWD, CHECK_LOG, 64 * 1024, &log, NULL) < 0)
                return NULL;
        const char* p = strstr(log, "[emerg]");
        return p ? strndup(p + 8, strcspn(p + 8, "\n")) : NULL;
}

/* nginx -t opens sockets, keys and temporary directories; that happens in a unit of its own with a network of its own, so that the
 * helper itself needs neither. */
int nginx_check(Helper* h, const char* text, Error* reterr) {
        int r = write_text(CANDIDATE, text, reterr);
        if (r < 0)
                return r;
        _cleanup_error_ Error e = ERROR_NULL;
        r = pid1_unit_wait(h->pid1, "StartUnit", CHECK_UNIT, 30, &e);
        if (r < 0) {
                _cleanup_free_ char* why = complaint();
                r = error_set(reterr, ERROR_HELPER_FAILED, "nginx refuses the new configuration: %s", why ?: e.message);
        }
        (void) unlink(CANDIDATE);
        return r;
}

int nginx_put(const char* text, Error* reterr) {
        return write_text(CURRENT, text, reterr);
}

int nginx_current(char** ret, Error* reterr) {
        return read_text(CURRENT, ret, reterr);
}

int nginx_last_good(char** ret, Error* reterr) {
        return read_text(LAST_GOOD, ret, reterr);
}

int nginx_start(Helper* h, Error* reterr) {
        return pid1_unit_wait(h->pid1, "StartUnit", UNIT, 60, reterr);
}

/* What cannot be loaded must not stay in place, or the next boot would meet it. */
static void go_back(Helper* h) {
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ char* good = NULL;
        int r = read_text(LAST_GOOD, &good, &e);
        if (r == 0)
                (void) unlink(CURRENT);
        if (r > 0)
                r = write_text(CURRENT, good, &e);
        if (r >= 0 && good)
                r = pid1_unit_wait(h->pid1, "ReloadOrRestartUnit", UNIT, 60, &e);
        if (r < 0)
                log_error("Cannot bring back nginx's last good configuration: %s", strempty(e.message));
}

/* The very first time nginx may still run with Debian's configuration, which no reload would make it forget. */
static int reload_now(Helper* h, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        bool first = access(LAST_GOOD, F_OK) < 0;
        int r = pid1_unit_wait(h->pid1, first ? "RestartUnit" : "ReloadOrRestartUnit", UNIT, 60, reterr);
        h->reloaded_usec = now_usec(CLOCK_MONOTONIC);
        if (r >= 0)
                r = read_text(CURRENT, &text, reterr);
        if (r > 0)
                r = write_text(LAST_GOOD, text, reterr);
        if (r < 0) {
                go_back(h);
                return r;
        }
        log_info("nginx %s.", first ? "started with our configuration" : "reloaded");
        return 0;
}

static int reload_joined(Helper* h, Error* reterr) {
        size_t n = h->waiting_n;
        (void) sd_event_source_set_enabled(h->reload, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(h->reload_late, SD_EVENT_OFF);
        int r = reload_now(h, reterr);
        h->waiting_n = 0;
        for (size_t i = 0; i < n; i++)
                helper_answer(h, h->waiting[i], reterr);
        return r;
}

static int on_reload(sd_event_source* s, uint64_t usec, void* userdata) {
        _cleanup_error_ Error e = ERROR_NULL;
        (void) reload_joined(userdata, &e);
        return 0;
}

static int source_arm(Helper* h, sd_event_source** s, uint64_t at, int64_t priority, const char* description) {
        int r;
        if (*s) {
                r = sd_event_source_set_time(*s, at);
                return r < 0 ? r : sd_event_source_set_enabled(*s, SD_EVENT_ONESHOT);
        }
        r = sd_event_add_time(h->event, s, CLOCK_MONOTONIC, at, 0, on_reload, h);
        if (r >= 0)
                r = sd_event_source_set_priority(*s, priority);
        return r < 0 ? r : sd_event_source_set_description(*s, description);
}

/* Behind whatever was asked by then: that is joined as well, however long each takes. But calls may go on coming, and
 * each take its time: then in front of them. */
static int reload_arm(Helper* h) {
        uint64_t at = h->reloaded_usec + NGINX_RELOAD_JOIN_USEC;
        int r = source_arm(h, &h->reload, at, SD_EVENT_PRIORITY_NORMAL + 1, "nginx-reload");
        return r < 0 ? r : source_arm(h, &h->reload_late, at + NGINX_RELOAD_LATE_USEC, SD_EVENT_PRIORITY_NORMAL - 1, "nginx-reload-late");
}

int nginx_reload(Helper* h, sd_bus_message* call, Error* reterr) {
        bool recent = h->reloaded_usec && h->called_usec < h->reloaded_usec + NGINX_RELOAD_JOIN_USEC;
        if (!recent && h->waiting_n == 0) {
                int r = reload_now(h, reterr);
                return r < 0 ? r : VERB_DONE;
        }
        if (h->waiting_n >= HELPER_WAITING_MAX) {
                int r = reload_joined(h, reterr);
                return r < 0 ? r : VERB_DONE;
        }
        if (h->waiting_n == 0) {
                int r = reload_arm(h);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot plan the reload");
        }
        h->waiting[h->waiting_n++] = sd_bus_message_ref(call);
        return VERB_LATER;
}

int nginx_door_set(const char* app, bool closed, Error* reterr) {
        char path[sizeof(NGINX_CLOSED) + 64];
        int r = check_id("app", app, reterr);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), NGINX_CLOSED "/%s", app);
        if (!closed && unlink(path) < 0 && errno != ENOENT)
                r = -errno;
        if (closed && access(path, F_OK) < 0) {
                r = directory_make(NGINX_CLOSED, 0755);
                if (r >= 0)
                        r = file_write(AT_FDCWD, path, "", 0, 0644);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot %s the door of app %s", closed ? "shut" : "open", app) : 0;
}
