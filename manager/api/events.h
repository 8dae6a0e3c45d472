/* Server-sent events for /events: a ring of listeners, each with a bounded queue; a listener that cannot keep up is cut off. */
#pragma once
#include "api/request.h"

typedef struct Events Events;
int events_new(Manager* m, Events** ret);
Events* events_free(Events* e);
/* Takes ownership of data. user_id != 0: only that person and administrators hear it. */
void events_publish(Events* e, const char* name, json_t* data, int64_t user_id);
/* "changed" {"noun":noun}: lists of that noun are worth asking for again. */
void events_changed(Events* e, const char* noun);
/* Cuts the listeners of an ended session or person off at once. */
void events_end_session(Events* e, const char* session_id);
void events_end_person(Events* e, int64_t user_id, const char* but_session); /* but_session may be NULL */
void events_end_all(Events* e);

/* A stream for one request alone, such as a log that is watched; it ends with its session, as the others
 * do. What is queued has a limit: whoever sends looks at event_stream_size() and waits for drained().
 * gone(): the listener left, or event_stream_end() has run its course; the stream must not be touched
 * after it. Returns REQUEST_LATER. */
typedef struct Listening EventStream;
#define EVENT_STREAM_MAX (1024 * 1024)
typedef struct EventStreamHooks {
        void (*drained)(void* userdata); /* may be NULL */
        void (*gone)(void* userdata);
} EventStreamHooks;
int event_stream_open(Request* r, const EventStreamHooks* hooks, void* userdata, EventStream** ret, Error* reterr);
void event_stream_send(EventStream* s, const char* name, const char* json);
size_t event_stream_size(const EventStream* s); /* bytes that wait */
void event_stream_end(EventStream* s);          /* after what waits */
void event_stream_forget(EventStream* s);       /* no hook is called any more; it ends after what waits */
