#include "base/pool.h"
#include "base/time.h"
#include <malloc.h>
#include <pthread.h>
#include <sys/eventfd.h>

#define POOL_THREADS_MAX 2
#define POOL_IDLE_SEC 10

typedef struct PoolItem {
        struct PoolItem* next;
        PoolWork work;
        PoolDone done;
        void* data;
} PoolItem;

struct Pool {
        pthread_mutex_t mutex;
        pthread_cond_t wanted;   /* an item was queued, or stop */
        pthread_cond_t left;     /* a thread went away */
        PoolItem* queue;         /* oldest first */
        PoolItem** queue_end;
        PoolItem* finished;      /* for the loop */
        PoolItem** finished_end;
        unsigned queued, threads, idle, threads_max;
        bool stop;
        int event_fd;
        sd_event_source* source;
};

static void* pool_thread(void* userdata) {
        Pool* p = userdata;
        (void) pthread_mutex_lock(&p->mutex);
        for (;;) {
                struct timespec until;
                (void) clock_gettime(CLOCK_MONOTONIC, &until);
                until.tv_sec += POOL_IDLE_SEC;
                int r = 0;
                p->idle++;
                while (!p->queue && !p->stop && r == 0)
                        r = pthread_cond_timedwait(&p->wanted, &p->mutex, &until);
                p->idle--;
                if (!p->queue || p->stop)
                        break;
                PoolItem* item = p->queue;
                p->queue = item->next;
                if (!p->queue)
                        p->queue_end = &p->queue;
                p->queued--;
                (void) pthread_mutex_unlock(&p->mutex);
                item->work(item->data);
                (void) pthread_mutex_lock(&p->mutex);
                item->next = NULL;
                *p->finished_end = item;
                p->finished_end = &item->next;
                (void) eventfd_write(p->event_fd, 1);
        }
        p->threads--;
        (void) pthread_cond_signal(&p->left);
        (void) pthread_mutex_unlock(&p->mutex);
        return NULL;
}

static void finish(PoolItem* list) {
        while (list) {
                PoolItem* item = list;
                list = item->next;
                item->done(item->data);
                free(item);
        }
}

static int on_finished(sd_event_source* s, int fd, uint32_t revents, void* userdata) {
        Pool* p = userdata;
        eventfd_t count;
        (void) eventfd_read(fd, &count);
        (void) pthread_mutex_lock(&p->mutex);
        PoolItem* list = TAKE_PTR(p->finished);
        p->finished_end = &p->finished;
        bool quiet = !p->queue;
        (void) pthread_mutex_unlock(&p->mutex);
        finish(list);
        if (quiet)
                (void) malloc_trim(0); /* 19 MiB an argon2id: give them back at once */
        return 0;
}

int pool_new(sd_event* event, Pool** ret) {
        _cleanup_(pool_freep) Pool* p = calloc(1, sizeof(Pool));
        if (!p)
                return -ENOMEM;
        p->queue_end = &p->queue;
        p->finished_end = &p->finished;
        p->threads_max = (unsigned) MAX(1L, MIN((long) POOL_THREADS_MAX, sysconf(_SC_NPROCESSORS_ONLN)));
        (void) pthread_mutex_init(&p->mutex, NULL);
        pthread_condattr_t attributes;
        (void) pthread_condattr_init(&attributes);
        (void) pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&p->wanted, &attributes);
        (void) pthread_cond_init(&p->left, &attributes);
        (void) pthread_condattr_destroy(&attributes);
        p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (p->event_fd < 0)
                return -errno;
        int r = sd_event_add_io(event, &p->source, p->event_fd, EPOLLIN, on_finished, p);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(p->source, "pool");
        *ret = TAKE_PTR(p);
        return 0;
}

Pool* pool_free(Pool* p) {
        if (!p)
                return NULL;
        (void) pthread_mutex_lock(&p->mutex);
        p->stop = true;
        (void) pthread_cond_broadcast(&p->wanted);
        while (p->threads > 0)
                (void) pthread_cond_wait(&p->left, &p->mutex);
        (void) pthread_mutex_unlock(&p->mutex);
        finish(p->finished);
        finish(p->queue);
        sd_event_source_disable_unref(p->source);
        if (p->event_fd >= 0)
                (void) close(p->event_fd);
        (void) pthread_cond_destroy(&p->wanted);
        (void) pthread_cond_destroy(&p->left);
        (void) pthread_mutex_destroy(&p->mutex);
        free(p);
        return NULL;
}

static int thread_start(Pool* p) {
        pthread_attr_t attributes;
        pthread_t thread;
        (void) pthread_attr_init(&attributes);
        (void) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        (void) pthread_attr_setstacksize(&attributes, 256 * 1024);
        int r = pthread_create(&thread, &attributes, pool_thread, p);
        (void) pthread_attr_destroy(&attributes);
        return -r;
}

int pool_submit(Pool* p, PoolWork work, PoolDone done, void* data, Error* reterr) {
        PoolItem* item = calloc(1, sizeof(PoolItem));
        if (!item)
                return error_errno(reterr, -ENOMEM, "Cannot queue work");
        *item = (PoolItem) { .work = work, .done = done, .data = data };

        (void) pthread_mutex_lock(&p->mutex);
        int r = p->queued >= POOL_QUEUE_MAX ? -EBUSY : 0;
        if (r == 0 && p->idle <= p->queued && p->threads < p->threads_max) {
                int k = thread_start(p);
                if (k >= 0)
                        p->threads++;
                else if (p->threads == 0)
                        r = k;
        }
        if (r == 0) {
                *p->queue_end = item;
                p->queue_end = &item->next;
                p->queued++;
                (void) pthread_cond_signal(&p->wanted);
        }
        (void) pthread_mutex_unlock(&p->mutex);
        if (r == 0)
                return 0;
        free(item);
        if (reterr)
                reterr->retry_after = 1;
        return error_set(reterr, ERROR_BUSY, "Too many passwords are being checked at once; please try again in a second.");
}
