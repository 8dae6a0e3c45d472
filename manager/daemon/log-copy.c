#include "daemon/log-copy.h"

typedef struct LogCopy {
        Manager* manager;
        char* path;
} LogCopy;

static void run(void* data) {
        store_copy_log(((LogCopy*) data)->path);
}

static void done(void* data) {
        LogCopy* c = data;
        c->manager->log_copying = false;
        store_log_copied(c->manager->store);
        free(c->path);
        free(c);
}

void log_copy_if_long(Manager* m) {
        if (!m->pool || m->log_copying || !store_log_is_long(m->store)) /* no pool: the manager is ending */
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
