#include "net/visit.h"
#include "base/grow.h"
#include "base/time.h"
#include <curl/curl.h>
#include <stdio.h>
#include <sys/epoll.h>

typedef struct Visit {
        Visits* visits;
        CURL* curl;
        struct curl_slist* connect_to;
        char* text;
        size_t size, max;
        char problem[CURL_ERROR_SIZE];
        VisitDone done;
        void* userdata;
        struct Visit *next, *before;
} Visit;

struct Visits {
        sd_event* event;
        sd_event_source* timer;
        CURLM* multi;
        Visit* first;
        unsigned count;
};

static void visit_free(Visit* v) {
        if (v->curl) {
                (void) curl_multi_remove_handle(v->visits->multi, v->curl);
                curl_easy_cleanup(v->curl);
        }
        curl_slist_free_all(v->connect_to);
        free(v->text);
        if (v->before || v->visits->first == v) {
                *(v->before ? &v->before->next : &v->visits->first) = v->next;
                if (v->next)
                        v->next->before = v->before;
                v->visits->count--;
        }
        free(v);
}

/* Says what came of those that ended. The call may begin new visits. */
static void take_ended(Visits* all) {
        CURLMsg* m;
        int left;
        while ((m = curl_multi_info_read(all->multi, &left))) {
                char* private = NULL;
                long status = 0;
                if (m->msg != CURLMSG_DONE)
                        continue;
                CURLcode code = m->data.result;
                (void) curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
                Visit* v = (void*) private;
                (void) curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
                const char* problem = *v->problem ? v->problem : curl_easy_strerror(code);
                v->done(code == CURLE_OK ? (unsigned) (status ?: 250) : 0, strempty(v->text), code == CURLE_OK ? NULL : problem, v->userdata);
                visit_free(v);
        }
}

static int on_io(sd_event_source* source, int fd, uint32_t revents, void* userdata) {
        Visits* all = userdata;
        int running;
        int action = (revents & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) | (revents & EPOLLOUT ? CURL_CSELECT_OUT : 0);
        (void) curl_multi_socket_action(all->multi, fd, action, &running);
        take_ended(all);
        return 0;
}

static int on_timer(sd_event_source* source, uint64_t usec, void* userdata) {
        Visits* all = userdata;
        int running;
        (void) curl_multi_socket_action(all->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        take_ended(all);
        return 0;
}

/* libcurl tells which sockets it watches for what. */
static int on_socket(CURL* curl, curl_socket_t fd, int what, void* userdata, void* socket_data) {
        Visits* all = userdata;
        sd_event_source* source = socket_data;
        uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
        if (what == CURL_POLL_REMOVE) {
                (void) sd_event_source_disable_unref(source);
                return 0;
        }
        if (source)
                return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
        if (sd_event_add_io(all->event, &source, fd, events, on_io, all) < 0)
                return -1;
        (void) sd_event_source_set_description(source, "visit");
        (void) curl_multi_assign(all->multi, fd, source);
        return 0;
}

/* milliseconds from now, -1 = none. */
static int on_timer_wanted(CURLM* multi, long milliseconds, void* userdata) {
        Visits* all = userdata;
        if (milliseconds < 0)
                return sd_event_source_set_enabled(all->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
        if (sd_event_source_set_time(all->timer, now_usec(CLOCK_MONOTONIC) + (uint64_t) milliseconds * USEC_PER_MSEC) < 0)
                return -1;
        return sd_event_source_set_enabled(all->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

int visits_new(sd_event* event, Visits** ret) {
        _cleanup_(visits_freep) Visits* v = calloc(1, sizeof(Visits));
        if (!v)
                return -ENOMEM;
        v->event = sd_event_ref(event);
        int r = sd_event_add_time(event, &v->timer, CLOCK_MONOTONIC, 0, /* accuracy= */ 1, on_timer, v);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(v->timer, SD_EVENT_OFF);
        if (!(v->multi = curl_multi_init()))
                return -ENOMEM;
        (void) curl_multi_setopt(v->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        (void) curl_multi_setopt(v->multi, CURLMOPT_SOCKETDATA, v);
        (void) curl_multi_setopt(v->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
        (void) curl_multi_setopt(v->multi, CURLMOPT_TIMERDATA, v);
        (void) curl_multi_setopt(v->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 128L);
        *ret = TAKE_PTR(v);
        return 0;
}

Visits* visits_free(Visits* v) {
        if (!v)
                return NULL;
        while (v->first)
                visit_free(v->first);
        if (v->multi)
                (void) curl_multi_cleanup(v->multi);
        (void) sd_event_source_disable_unref(v->timer);
        (void) sd_event_unref(v->event);
        free(v);
        return NULL;
}

static size_t on_text(char* data, size_t one, size_t size, void* userdata) {
        Visit* v = userdata;
        return text_grow(&v->text, &v->size, data, size, v->max) < 0 ? 0 : size; /* 0 ends it as CURLE_WRITE_ERROR */
}

static void setup(Visit* v, const VisitWanted* wanted) {
        CURL* c = v->curl;
        (void) curl_easy_setopt(c, CURLOPT_URL, wanted->url);
        (void) curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https,smtp");
        (void) curl_easy_setopt(c, CURLOPT_CONNECT_TO, v->connect_to);
        (void) curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, startswith(wanted->url, "smtp:") ? 1L : 0L);
        (void) curl_easy_setopt(c, CURLOPT_ERRORBUFFER, v->problem);
        (void) curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
        (void) curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
        (void) curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c, CURLOPT_PRIVATE, v);
        (void) curl_easy_setopt(c, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long) (wanted->patience_usec / USEC_PER_MSEC));
        (void) curl_easy_setopt(c, CURLOPT_USERAGENT, "Steadbox");
        (void) curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_text);
        (void) curl_easy_setopt(c, CURLOPT_WRITEDATA, v);
}

int visits_go(Visits* all, const VisitWanted* wanted, VisitDone done, void* userdata, Error* reterr) {
        char to[128];
        if (all->count >= VISITS_MAX)
                return error_set(reterr, ERROR_BUSY, "Too many visits at once.");
        Visit* v = calloc(1, sizeof(Visit));
        if (!v)
                return error_errno(reterr, -ENOMEM, "Cannot visit %s", wanted->url);
        bool v6 = strchr(wanted->address, ':');
        (void) snprintf(to, sizeof(to), v6 ? "::[%s]:%u" : "::%s:%u", wanted->address, wanted->port);
        *v = (Visit) { .visits = all, .done = done, .userdata = userdata, .max = MIN(wanted->max, (size_t) VISIT_BYTES_MAX), .next = all->first };
        if (all->first)
                all->first->before = v;
        all->first = v;
        all->count++;
        v->connect_to = curl_slist_append(NULL, to);
        v->curl = v->connect_to ? curl_easy_init() : NULL;
        if (!v->curl) {
                visit_free(v);
                return error_errno(reterr, -ENOMEM, "Cannot visit %s", wanted->url);
        }
        setup(v, wanted);
        if (curl_multi_add_handle(all->multi, v->curl) != CURLM_OK) {
                visit_free(v);
                return error_set(reterr, ERROR_INTERNAL, "Cannot visit %s.", wanted->url);
        }
        return 0;
}
