/* A thread pool for work that shares no memory with the loop: argon2id, and waiting for the disk (api/durable.c has one of its own, so
 * that passwords do not hold answers up). At most min(2, cpus) threads, started
 * on first need and gone after ten idle seconds, so that an idle manager is one thread. */
#pragma once
#include "base/error.h"
#include <systemd/sd-event.h>

#define POOL_QUEUE_MAX 32

typedef struct Pool Pool;
typedef void (*PoolWork)(void* data);  /* on a pool thread: touches nothing but data */
typedef void (*PoolDone)(void* data);  /* on the loop's thread, afterwards; owns data again */

int pool_new(sd_event* event, Pool** ret);
Pool* pool_free(Pool* p); /* waits for running work; work still queued is handed to its done() unworked */
DEFINE_CLEANUP(Pool*, pool_free);
/* -EBUSY with an error BUSY (Retry-After 1) when the queue is full; then data stays the caller's. */
int pool_submit(Pool* p, PoolWork work, PoolDone done, void* data, Error* reterr);
