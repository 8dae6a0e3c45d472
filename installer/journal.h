/* The installer's journal: one JSON object a line, appended and synced, so that a run that was killed knows where the one before stood.
 * A torn last line counts as not written. Only work is noted: a run that finds everything in place appends nothing. */
#pragma once
#include "base/error.h"

#define JOURNAL_PATH "/var/lib/steadbox-install/journal"

typedef enum JournalState {
        JOURNAL_NONE,   /* never begun */
        JOURNAL_BEGUN,  /* begun, and then the run was killed */
        JOURNAL_DONE,
        JOURNAL_FAILED,
        JOURNAL_UNDONE,
        _JOURNAL_STATE_MAX,
        _JOURNAL_STATE_INVALID = -EINVAL,
} JournalState;

typedef struct Journal Journal;

/* An absent file is an empty journal; file and directory are made at the first line that is appended. path is absolute. */
int journal_open(const char* path, Journal** ret, Error* reterr);
Journal* journal_free(Journal* j);
DEFINE_CLEANUP(Journal*, journal_free);

JournalState journal_state(const Journal* j, const char* step);
/* What the step last wrote down for its undo, borrowed; NULL where nothing. Notes survive later lines without one. */
const char* journal_note(const Journal* j, const char* step);
/* note may be NULL. */
int journal_append(Journal* j, const char* step, JournalState state, const char* note, Error* reterr);
const char* journal_state_to_string(JournalState s);
