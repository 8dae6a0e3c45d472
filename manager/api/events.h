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
