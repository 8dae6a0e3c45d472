/* What people answered, over changes of version. Sealed answers are secrets named "setting:<key>", the
 * others stand in the row's settings. A job that changes them puts what stood there aside, so that all of
 * it can be taken back. And the record of the restore point of the version that is left keeps both sides,
 * beside what app_note_make() writes:
 *
 *   "secrets", "settings"   as that version had them
 *   "given"                 {"secrets": {key: sealed or null}, "settings": {key: value or null}}: what
 *                           was put in their place by whoever left it
 *
 * A program that goes back alone takes back what came with the versions that go, and no more: what people
 * changed since is theirs. With the data of a time come all answers of that time, since the data may hold
 * them too. */
#pragma once
#include "app/app-internal.h"

/* Inside the open transaction. value NULL: there is no answer any more. What stands there is put aside, unless something is already. */
int answers_put(Manager* m, const char* app, const char* key, const char* value, Error* reterr);
/* The job is over: what was put aside is forgotten, or (back) stands again. */
int answers_settle(Manager* m, const char* app, bool back, Error* reterr);
/* An undo was given up: the answers become those of the program and the data that stand there now, and
 * nothing is aside any more. journal: of the job, see move.h; NULL = not known, they stay as they are.
 * Saves the row where it changes it. */
int answers_given_up(Manager* m, AppRow* row, const json_t* journal, Error* reterr);
/* Makes "secrets" and "given" of what app_note_make() wrote while something was aside. before: as it stood then, else as it stands now. */
int answers_note(json_t* note, bool before);

/* Changes row->settings (save the row) and the sealed answers. left: the restore point of the version that is left. */
int answers_of_point(Manager* m, AppRow* row, const json_t* record, const char* left, Error* reterr);     /* all as then */
int answers_of_version(Manager* m, AppRow* row, const char* version, const char* left, Error* reterr);    /* the program alone goes there */
