#include "daemon/log-copy.h"
#include "base/time.h"

typedef struct LogCopy {
        Manager* manager;
        char* path;
        int result;
} LogCopy;

static void run(void* data) {
        LogCopy* c = data;
        c->result = store_copy_log(c->path);
}

static void done(void* data) {
        LogCopy* c = data;
        c->manager->log_copying = false;
        store_log_copied(c->manager->store, c->result, now_usec(CLOCK_MONOTONIC));
        free(c->path);
        free(c);
}

void log_copy_if_long(Manager* m) {
        if (!m->pool || m->log_copying || !store_log_is_due(m->store, now_usec(CLOCK_MONOTONIC))) /* no pool: the manager is ending */
                return;
        LogCopy* c = calloc(1, sizeof(LogCopy));
        if (c && (c->path = strdup(store_path(m->store)))) {
                c->manager = m;
                m->log_copying = pool_submit(m->pool, run, done, c, NULL) >= 0;
                if (m->log_copying)
                        return;
                free(c->path);
        }
        free(c); /* the pool is full of passwords; the next request asks again */
}
