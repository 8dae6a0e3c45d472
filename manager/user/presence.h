/* Who was here lately: sessions and tokens that were used, kept in memory and written together a while later, so that a request that only
 * reads causes no write of its own. What is not written yet is lost with the process; it is only a time to the quarter of an hour. */
#pragma once
#include "daemon/manager.h"

#define PRESENCE_SESSION_SEC (15 * 60) /* seen_at of a session is this coarse */
#define PRESENCE_TOKEN_SEC (60 * 60)   /* used_at of a token and seen_at of a person */
#define PRESENCE_DELAY_SEC 60          /* from the first note to the write */
#define PRESENCE_MAX 512               /* notes held; further ones are made again at the next request */

typedef struct Presence Presence;
int presence_new(Manager* m, Presence** ret);
Presence* presence_free(Presence* p); /* writes what is left */
DEFINE_CLEANUP(Presence*, presence_free);

typedef struct Note {
        bool token;          /* else a session */
        char id[21];
        int64_t user_id;
        int64_t at;
        int64_t expires_at;  /* the session's new end */
} Note;
void presence_note(Presence* p, const Note* note);
/* Writes all notes inside the caller's open transaction. */
int presence_write(Presence* p, Error* reterr);
