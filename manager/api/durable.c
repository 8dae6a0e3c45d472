#include "api/durable.h"
#include "base/log.h"

typedef struct Waiters {
        Request** items;
        size_t n, room;
} Waiters;

struct Durable {
        Manager* manager;
        Pool* pool;       /* of its own: passwords may keep the other one busy for a second */
        Waiters waiting;  /* committed since the running sync began */
        Waiters syncing;  /* committed before it */
        bool deferred;    /* commits do not sync by themselves */
        bool running;
        bool worked;      /* both are the thread's while running */
        int result;
};

int durable_new(Manager* m, Durable** ret) {
        _cleanup_(durable_freep) Durable* d = calloc(1, sizeof(Durable));
        if (!d)
                return -ENOMEM;
        d->manager = m;
        int r = pool_new(m->event, &d->pool);
        if (r < 0)
                return r;
        d->deferred = store_log_defer(m->store) >= 0;
        if (!d->deferred)
                log_warning("The store's log cannot be opened, so each change waits for the disk by itself.");
        *ret = TAKE_PTR(d);
        return 0;
}

static int waiters_add(Waiters* w, Request* r) {
        if (w->n == w->room) {
                size_t room = MAX(w->room * 2, (size_t) 16);
                Request** items = reallocarray(w->items, room, sizeof(Request*));
                if (!items)
                        return -ENOMEM;
                w->items = items;
                w->room = room;
        }
        w->items[w->n++] = r;
        return 0;
}

static void work(void* data) {
        Durable* d = data;
        d->result = store_log_sync(d->manager->store);
        d->worked = true;
}

static void done(void* data);

static void begin(Durable* d) {
        Waiters free_list = d->syncing;
        d->syncing = d->waiting;
        d->waiting = free_list;
        d->waiting.n = 0;
        d->running = true;
        d->worked = false;
        if (!d->pool || pool_submit(d->pool, work, done, d, NULL) < 0) {
                work(d); /* no thread: then all wait for this one */
                done(d);
        }
}

/* What a failed sync leaves on the disk nobody knows (the kernel may have dropped the pages), so nobody is told that it is there. */
static void done(void* data) {
        Durable* d = data;
        if (!d->worked) /* the pool was taken down before it came to it */
                work(d);
        int result = d->result;
        if (result < 0)
                (void) log_error_errno(result, "Cannot bring the store's log to the disk: %m");
        for (size_t i = 0; i < d->syncing.n; i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                if (result < 0)
                        (void) error_errno(&e, result, "The disk did not take the change");
                request_resume(d->syncing.items[i], result, &e);
        }
        d->syncing.n = 0;
        d->running = false; /* not before: who is resumed may bring new ones */
        if (d->waiting.n > 0)
                begin(d);
}

int durable_wait(Durable* d, Request* r, Error* reterr) {
        if (!d->deferred)
                return 0;
        int k = waiters_add(&d->waiting, r);
        if (k < 0) {
                k = store_log_sync(d->manager->store);
                return k < 0 ? error_errno(reterr, k, "The disk did not take the change") : 0;
        }
        if (!d->running)
                begin(d);
        return 1;
}

Durable* durable_free(Durable* d) {
        if (!d)
                return NULL;
        Pool* pool = TAKE_PTR(d->pool); /* those who still come are done at once */
        (void) pool_free(pool);
        free(d->waiting.items);
        free(d->syncing.items);
        free(d);
        return NULL;
}
