/* Server-sent events (WHATWG HTML section 9.2), as a parser over whatever pieces arrive. No I/O. */
#pragma once
#include "base/macro.h"

typedef struct Events Events;
/* data is the joined data lines; event is "message" where none was named. Non-zero stops the parser and is handed back. */
typedef int (*EventsOn)(const char* event, const char* data, void* userdata);

int events_new(size_t event_max, Events** ret);
Events* events_free(Events* e);
DEFINE_CLEANUP(Events*, events_free);
/* Returns 0 when all bytes were taken, what on() returned when it stopped, -EMSGSIZE when one event outgrows the limit. */
int events_feed(Events* e, const char* bytes, size_t size, EventsOn on, void* userdata);
