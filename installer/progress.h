/* How far the installation is, told four ways: on stdout, on the console, in the system journal, and in a status file that is always
 * whole. The owner's link is a key: it goes to a terminal, to the console and into the status file (root only), never into a log. */
#pragma once
#include "base/error.h"

#define PROGRESS_STATUS_PATH "/run/steadbox/install-status.json"

typedef struct Progress Progress;

int progress_new(unsigned total, Progress** ret);
Progress* progress_free(Progress* p);
DEFINE_CLEANUP(Progress*, progress_free);

void progress_step(Progress* p, unsigned number, const char* id, const char* title); /* this one is being worked on */
void progress_say(Progress* p, const char* format, ...) _printf_(2, 3);              /* a sentence about it */
void progress_note(Progress* p, const char* format, ...) _printf_(2, 3);             /* a sentence worth repeating at the end */
void progress_failed(Progress* p, const Error* e);
void progress_done(Progress* p, const char* url, const char* owner_link, const char* message); /* strings may be NULL */

/* The link that an earlier run of this boot left in the status file; owned by the caller, NULL where there is none. */
char* progress_known_link(void);
/* Prints the status file for people; -ENOENT where nothing ran since the machine started. */
int progress_print_status(bool json);
