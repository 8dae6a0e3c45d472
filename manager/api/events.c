#include "api/events.h"
#include "api/handlers.h"
#include "api/request-internal.h"
#include "daemon/manager.h"
#include "base/log.h"
#include <stdio.h>

#define LISTENERS_MAX 256
#define QUEUE_MAX (32 * 1024)      /* bytes a slow listener may lag behind before it is cut off; it reconnects and asks anew */
#define COMMENT_USEC (30 * USEC_PER_SEC)

typedef struct Listening {
        struct Listening *next, *previous;
        Events* events;
        struct MHD_Connection* connection;
        bool admin_socket, suspended, cut, ending;
        const EventStreamHooks* hooks; /* NULL = one of those who hear everything */
        void* userdata;
        int64_t user_id;
        Role role;
        char session_id[45];
        char* queue;
        size_t size;
} Listening;

struct Events {
        Manager* manager;
        Listening* first;
        unsigned count;
        sd_event_source* comment; /* enabled only while somebody listens */
};

static int on_comment(sd_event_source* s, uint64_t usec, void* userdata);

int events_new(Manager* m, Events** ret) {
        Events* e = calloc(1, sizeof(Events));
        if (!e)
                return -ENOMEM;
        e->manager = m;
        int r = sd_event_add_time_relative(m->event, &e->comment, CLOCK_MONOTONIC, COMMENT_USEC, USEC_PER_SEC, on_comment, e);
        if (r < 0) {
                free(e);
                return r;
        }
        (void) sd_event_source_set_enabled(e->comment, SD_EVENT_OFF);
        (void) sd_event_source_set_description(e->comment, "events-comment");
        *ret = e;
        return 0;
}

Events* events_free(Events* e) {
        if (!e)
                return NULL;
        assert(!e->first);
        sd_event_source_disable_unref(e->comment);
        free(e);
        return NULL;
}

static void wake(Listening* l) {
        if (!l->suspended)
                return;
        l->suspended = false;
        http_resume(l->events->manager, l->connection, l->admin_socket);
}

static void queue(Listening* l, const char* text, size_t n) {
        if (l->cut)
                return;
        char* bigger = l->size + n <= (l->hooks ? EVENT_STREAM_MAX : QUEUE_MAX) ? realloc(l->queue, l->size + n) : NULL;
        if (!bigger) {
                l->cut = true;
                wake(l);
                return;
        }
        l->queue = bigger;
        memcpy(l->queue + l->size, text, n);
        l->size += n;
        wake(l);
}

static ssize_t on_read(void* cls, uint64_t position, char* buffer, size_t max) {
        Listening* l = cls;
        if (l->cut || !l->events)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (l->size == 0 && l->ending)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (l->size == 0) {
                l->suspended = true;
                http_suspend(l->events->manager, l->connection);
                return 0;
        }
        size_t n = MIN(max, l->size);
        memcpy(buffer, l->queue, n);
        memmove(l->queue, l->queue + n, l->size - n);
        l->size -= n;
        if (l->size == 0)
                free(TAKE_PTR(l->queue));
        if (l->size == 0 && l->userdata && l->hooks->drained)
                l->hooks->drained(l->userdata);
        return (ssize_t) n;
}

static void on_free(void* cls) {
        Listening* l = cls;
        if (l->events) {
                Events* e = l->events;
                if (l->previous)
                        l->previous->next = l->next;
                else
                        e->first = l->next;
                if (l->next)
                        l->next->previous = l->previous;
                e->count--;
                if (e->count == 0)
                        (void) sd_event_source_set_enabled(e->comment, SD_EVENT_OFF);
        }
        if (l->userdata)
                l->hooks->gone(l->userdata);
        free(l->queue);
        free(l);
}

static int on_comment(sd_event_source* s, uint64_t usec, void* userdata) {
        Events* e = userdata;
        for (Listening* l = e->first; l; l = l->next)
                queue(l, ":\n\n", 3);
        (void) sd_event_source_set_time_relative(s, COMMENT_USEC);
        (void) sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        return 0;
}

static int attach(Request* r, const EventStreamHooks* hooks, void* userdata, Listening** ret, Error* reterr) {
        Events* e = r->manager->events;
        if (e->count >= LISTENERS_MAX)
                return error_set(reterr, ERROR_BUSY, "Too many pages are listening already.");
        Listening* l = calloc(1, sizeof(Listening));
        if (!l)
                return error_errno(reterr, -ENOMEM, "Cannot listen");
        *l = (Listening) { .events = e, .connection = r->connection, .admin_socket = r->admin_socket, .user_id = r->actor.user_id, .role = r->actor.role,
                            .hooks = hooks, .userdata = userdata };
        (void) snprintf(l->session_id, sizeof(l->session_id), "%s", r->actor.session_id);
        r->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_read, l, on_free);
        if (!r->response) {
                free(l);
                return error_errno(reterr, -ENOMEM, "Cannot listen");
        }
        l->next = e->first;
        if (e->first)
                e->first->previous = l;
        e->first = l;
        if (e->count++ == 0) {
                (void) sd_event_source_set_time_relative(e->comment, COMMENT_USEC);
                (void) sd_event_source_set_enabled(e->comment, SD_EVENT_ONESHOT);
        }
        (void) MHD_add_response_header(r->response, "Content-Type", "text/event-stream");
        (void) MHD_add_response_header(r->response, "X-Accel-Buffering", "no");
        if (hooks) { /* nobody begins such a one anew when it breaks off; those who hear everything do */
                (void) MHD_add_response_header(r->response, "Connection", "close");
                http_be_patient(r->connection);
        }
        queue(l, "retry: 2000\n\n", strlen("retry: 2000\n\n"));
        r->sse = true;
        r->status = 200;
        *ret = l;
        return REQUEST_LATER;
}

int op_events(Request* request, Error* reterr) {
        Listening* l;
        return attach(request, /* hooks= */ NULL, NULL, &l, reterr);
}

int event_stream_open(Request* r, const EventStreamHooks* hooks, void* userdata, EventStream** ret, Error* reterr) {
        return attach(r, hooks, userdata, ret, reterr);
}

void event_stream_send(EventStream* s, const char* name, const char* json) {
        _cleanup_free_ char* text = NULL;
        int n = asprintf(&text, "event: %s\ndata: %s\n\n", name, json);
        if (n > 0)
                queue(s, text, (size_t) n);
}

size_t event_stream_size(const EventStream* s) {
        return s->size;
}

void event_stream_end(EventStream* s) {
        s->ending = true;
        wake(s);
}

void event_stream_forget(EventStream* s) {
        s->userdata = NULL;
        event_stream_end(s);
}

void events_publish(Events* e, const char* name, json_t* data, int64_t user_id) {
        _cleanup_json_ json_t* owned = data;
        _cleanup_free_ char* json = owned && e && e->first ? json_text(owned, /* canonical= */ false) : NULL;
        _cleanup_free_ char* text = NULL;
        int n = json ? asprintf(&text, "event: %s\ndata: %s\n\n", name, json) : -1;
        if (n < 0)
                return;
        for (Listening* l = e->first; l; l = l->next)
                if (!l->hooks && (user_id == 0 || l->user_id == user_id || role_includes(l->role, ROLE_ADMIN)))
                        queue(l, text, (size_t) n);
}

void events_changed(Events* e, const char* noun) {
        events_publish(e, "changed", json_pack("{s:s}", "noun", noun), 0);
}

void events_end_all(Events* e) {
        for (Listening* l = e->first; l; l = l->next) {
                l->cut = true;
                wake(l);
        }
}

void events_end_session(Events* e, const char* session_id) {
        for (Listening* l = e ? e->first : NULL; l; l = l->next)
                if (streq(l->session_id, session_id)) {
                        l->cut = true;
                        wake(l);
                }
}

void events_end_person(Events* e, int64_t user_id, const char* but_session) {
        for (Listening* l = e ? e->first : NULL; l; l = l->next)
                if (l->user_id == user_id && !streq_ptr(l->session_id, but_session)) {
                        l->cut = true;
                        wake(l);
                }
}
