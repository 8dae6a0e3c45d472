/* The store: one SQLite file, one writer. This header is what the daemon needs; nouns speak through store-<noun>.h. */
#pragma once
#include "base/error.h"
#include "base/time.h"

#define STORE_VERSION 3 /* of schema.sql */

typedef struct Store Store;

/* Opens or creates. Refuses, without touching the file: STORE_NEWER, STORE_BROKEN. */
int store_open(const char* path, Store** ret, Error* reterr);
Store* store_free(Store* s);
DEFINE_CLEANUP(Store*, store_free);

/* Grows with every committed change in this process; starts at a random number, so that it can serve as an entity tag. */
uint64_t store_generation(const Store* s);

/* One write transaction, begun immediate. Nothing nests: asserts that none is open. */
int store_begin(Store* s, Error* reterr);
int store_commit(Store* s, Error* reterr);
void store_rollback(Store* s); /* fine when none is open */
bool store_in_transaction(const Store* s);

typedef Store* Transaction; /* _cleanup_(transaction_rollbackp) Transaction t = store; after store_begin(); set NULL by commit */
static inline void transaction_rollbackp(Transaction* t) {
        if (*t)
                store_rollback(*t);
}

/* Called after every commit, whoever made it; it may look at the store and plan, not write. NULL = nobody. */
void store_on_write(Store* s, void (*written)(void* userdata), void* userdata);

/* Called where the disk is too full for a change, which fails all the same, or for a look. It may make
 * room, and not use the store. NULL = nobody. */
void store_on_full(Store* s, void (*full)(void* userdata), void* userdata);

/* The write-ahead log has grown enough to be worth copying into the file. Copying it takes two fsyncs, so
 * it is done beside the loop: store_copy_log() is pure, opens a connection of its own and may run on a
 * pool thread; readers and the writer go on meanwhile. After one that failed, as on a full disk, the next
 * is due a while later and not with each commit. Times by CLOCK_MONOTONIC. */
#define STORE_LOG_AGAIN_USEC (10 * USEC_PER_SEC)
bool store_log_is_due(const Store* s, uint64_t now_usec);
const char* store_path(const Store* s);
int store_copy_log(const char* path);                               /* 0, or -EIO: what is missing is in the log as before */
void store_log_copied(Store* s, int result, uint64_t now_usec); /* on the loop, afterwards */

/* Gives memory back after a burst; called by the loop when it has been quiet. */
void store_trim(Store* s);
/* Looks at every page (quick_check); STORE_BROKEN with the first complaint. */
int store_check(Store* s, Error* reterr);
/* From now on a commit only writes the log; store_log_sync() brings it to the disk, from any thread, one at a time. */
int store_log_defer(Store* s);
int store_log_sync(Store* s);
/* Takes blocks for what the log will hold, 8 MB more than it ever held at least: so much can be changed
 * where others fill the disk to its last byte. Does nothing where they are taken; they stay its own until
 * the last who has the store open closes it. Not before store_log_defer(). */
int store_log_keep(Store* s);
/* closing it leaves the log as a kill would, with its blocks: on a full disk there would be none for a
 * new one */
void store_log_leave(Store* s);
