/* steadbox-output: brings what containers say (run/output.h) to the journal, all of them in one small process, so that none has one beside it.
 * A fresh one finds every pipe by its name, and what was not read yet is still in them; all it loses is who has said how much. It runs as
 * root without any capability: the pipes' directory is root's alone, and whose a line is (OBJECT_SYSTEMD_UNIT=, systemd.journal-fields(7)) the journal takes
 * down from anybody, but journalctl -u believes it of root only; inside/logs.c, of this unit only. Strangers' bytes are counted and copied, never looked
 * into beyond "<3>" and line ends. */
#include "base/log.h"
#include "run/output.h"
#include "run/words.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define READ_BYTES ((size_t) 64 * 1024)
#define TURN_USEC (100 * USEC_PER_MSEC)       /* how long a pipe rests that was read too much of */
#define TURN_BYTES ((size_t) 1024 * 1024)     /* what one pipe may bring until the others are asked again; 10 MB/s for each */
#define EVENTS 32
#define SOURCES_EACH 16                       /* pipes of one name at a time. One start has one; who hands it to a process that stays keeps it open */

typedef struct Carrier Carrier;
/* Whoever has a name: a container or a task of an app. It is known as long as one of its pipes is, and until what it said is forgiven. */
typedef struct Speaker {
        struct Speaker* next;
        WordsBudget budget;
        unsigned sources;      /* that are its */
        char name[];           /* "<app>-<container>" */
} Speaker;

typedef struct Source {
        struct Source* next;
        Carrier* carrier;
        Speaker* speaker;
        Words words;
        uint64_t turn_usec;    /* when it was first read from in this turn */
        size_t turn_bytes;
        int fd;
        bool resting;          /* out of epoll until the turn is over */
        char name[];           /* "<app>-<container>.<number>" */
} Source;

struct Carrier {
        Source* sources;
        Speaker* speakers;
        int epoll, inotify, directory, journal;
        bool missed;           /* there are names in the directory that nobody listens to, for want of room */
        bool look;             /* and now there may be some */
        bool told;             /* that there are */
        char buffer[READ_BYTES];
};

static uint64_t clock_now(void) {
        struct timespec t;
        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000;
}

/* --- to the journal: its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL); a value with its size before it may hold any byte --- */

static void say(const char* line, size_t size, int priority, void* userdata) {
        const Source* s = userdata;
        char head[4 * OUTPUT_NAME_BYTES + 160];
        int who = (int) strcspn(s->name, "."), app = (int) strcspn(s->name, "-");
        int n = snprintf(head, sizeof(head), "PRIORITY=%d\nSYSLOG_IDENTIFIER=%.*s\nOBJECT_SYSTEMD_UNIT=steadbox-app-%.*s.service\n"
                         "OBJECT_SYSTEMD_SLICE=steadbox-app-%.*s.slice\nMESSAGE\n", priority, who, s->name, who, s->name, app, s->name);
        if (n < 0 || (size_t) n + 8 > sizeof(head))
                return;
        for (unsigned i = 0; i < 8; i++)
                head[n++] = (char) ((uint64_t) size >> (8 * i));
        struct iovec parts[] = { { head, (size_t) n }, { (char*) line, size }, { (char*) "\n", 1 } };
        struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET };
        struct msghdr message = { .msg_name = &sa, .msg_namelen = sizeof(sa), .msg_iov = parts, .msg_iovlen = ELEMENTS(parts) };
        while (sendmsg(s->carrier->journal, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
                ;
}

/* --- pipes --- */

static bool name_is_output(const char* name) {
        const char* dash = strchr(name, '-');
        return *name != '.' && dash && dash > name && strchr(dash, '.') && strlen(name) < OUTPUT_NAME_BYTES + 32;
}

/* Those that have no pipe any more and may say all of it again need not be known. */
static void speakers_forget(Carrier* c) {
        uint64_t now = clock_now();
        for (Speaker** p = &c->speakers; *p;) {
                Speaker* s = *p;
                words_budget_turn(&s->budget, now);
                if (s->sources > 0 || s->budget.spent > 0) {
                        p = &s->next;
                        continue;
                }
                *p = s->next;
                free(s);
        }
}

/* Of the pipe's name; NULL = no memory. */
static Speaker* speaker_of(Carrier* c, const char* name) {
        size_t n = strcspn(name, ".");
        for (Speaker* s = c->speakers; s; s = s->next)
                if (strlen(s->name) == n && memcmp(s->name, name, n) == 0)
                        return s;
        speakers_forget(c);
        Speaker* s = calloc(1, sizeof(Speaker) + n + 1);
        if (!s)
                return NULL;
        memcpy(s->name, name, n);
        s->next = c->speakers;
        c->speakers = s;
        return s;
}

static Source* source_find(Carrier* c, const char* name) {
        for (Source* s = c->sources; s; s = s->next)
                if (streq(s->name, name))
                        return s;
        return NULL;
}

static int source_watch(Source* s) {
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };
        return epoll_ctl(s->carrier->epoll, EPOLL_CTL_ADD, s->fd, &e);
}

/* Its last writer has gone and all is read. The number in its name is used once, so nobody else's pipe has it. */
static void source_end(Source* s) {
        Carrier* c = s->carrier;
        words_end(&s->words, clock_now(), say, s);
        for (Source** p = &c->sources; *p; p = &(*p)->next)
                if (*p == s) {
                        *p = s->next;
                        break;
                }
        s->speaker->sources--;
        c->look = c->missed;
        (void) unlinkat(c->directory, s->name, 0);
        (void) close(s->fd);
        free(s);
}

static void source_rest(Source* s) {
        (void) epoll_ctl(s->carrier->epoll, EPOLL_CTL_DEL, s->fd, NULL);
        s->resting = true;
}

static void source_read(Source* s) {
        uint64_t now = clock_now();
        ssize_t n = read(s->fd, s->carrier->buffer, READ_BYTES);
        if (n < 0)
                return; /* EAGAIN: somebody could still write */
        if (n == 0) {
                source_end(s);
                return;
        }
        words_add(&s->words, s->carrier->buffer, (size_t) n, now, say, s);
        if (now > s->turn_usec + TURN_USEC) {
                s->turn_usec = now;
                s->turn_bytes = 0;
        }
        s->turn_bytes += (size_t) n;
        if (s->turn_bytes > TURN_BYTES)
                source_rest(s);
}

/* What is not listened to waits in its pipe, and is looked for again when another one has ended. */
static void source_miss(Carrier* c, const char* name, const char* why) {
        if (!c->told)
                log_warning("Cannot listen to %s, and perhaps others, for now: %s.", name, why);
        c->missed = c->told = true;
}

static void source_add(Carrier* c, const char* name) {
        struct stat st;
        if (!name_is_output(name) || source_find(c, name))
                return;
        Speaker* speaker = speaker_of(c, name);
        if (!speaker || speaker->sources >= SOURCES_EACH) {
                source_miss(c, name, speaker ? "it has too many pipes" : "no memory");
                return;
        }
        _cleanup_close_ int fd = openat(c->directory, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
                if (errno != ENOENT) /* else it was listened to, and ended, meanwhile */
                        source_miss(c, name, strerror(errno));
                return;
        }
        _cleanup_free_ Source* s = calloc(1, sizeof(Source) + strlen(name) + 1);
        if (!s || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode)) {
                log_warning("Cannot listen to %s.", name);
                return;
        }
        speaker->sources++;
        s->carrier = c;
        s->speaker = speaker;
        s->words.budget = &speaker->budget;
        s->fd = TAKE_FD(fd);
        memcpy(s->name, name, strlen(name) + 1);
        s->next = c->sources;
        c->sources = s;
        if (source_watch(s) < 0)
                log_warning("Cannot listen to %s.", name);
        source_read(TAKE_PTR(s)); /* who has no writer any more never wakes epoll */
}

static void sources_scan(Carrier* c) {
        int fd = openat(c->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* d = fd >= 0 ? fdopendir(fd) : NULL;
        if (!d) {
                source_miss(c, "what is new", strerror(errno));
                return;
        }
        for (struct dirent* e; (e = readdir(d));)
                source_add(c, e->d_name);
        (void) closedir(d);
}

/* Each round is for a pipe that ended, so there is an end of them. */
static void missed_look(Carrier* c) {
        while (c->look) {
                c->look = c->missed = false;
                sources_scan(c);
                c->told = c->missed;
        }
}

/* --- the loop --- */

static void names_take(Carrier* c) {
        char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        ssize_t n;
        while ((n = read(c->inotify, buffer, sizeof(buffer))) > 0)
                for (char* p = buffer; p < buffer + n;) {
                        const struct inotify_event* e = (const struct inotify_event*) p;
                        if (e->mask & IN_Q_OVERFLOW)
                                sources_scan(c);
                        else if (e->len > 0)
                                source_add(c, e->name);
                        p += sizeof(*e) + e->len;
                }
}

/* Wakes those whose rest is over, tells what was left out; milliseconds until there is such work again, -1 for none. */
static int turns(Carrier* c) {
        uint64_t now = clock_now(), next = UINT64_MAX;
        for (Source* s = c->sources; s; s = s->next) {
                if (s->resting && now >= s->turn_usec + TURN_USEC) {
                        s->resting = false;
                        (void) source_watch(s);
                }
                if (s->words.left_out > 0)
                        words_turn(&s->words, now, say, s);
                if (s->resting)
                        next = MIN(next, s->turn_usec + TURN_USEC);
                if (s->words.left_out > 0)
                        next = MIN(next, s->words.window_usec + WORDS_WINDOW_USEC);
        }
        return next == UINT64_MAX ? -1 : (int) ((next - MIN(next, now)) / USEC_PER_MSEC) + 1;
}

static int carrier_open(Carrier* c) {
        struct epoll_event e = { .events = EPOLLIN };
        c->journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        c->directory = open(OUTPUT_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        c->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        c->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (c->journal < 0 || c->directory < 0 || c->inotify < 0 || c->epoll < 0 || inotify_add_watch(c->inotify, OUTPUT_DIRECTORY, IN_MOVED_TO) < 0)
                return -errno;
        return epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->inotify, &e) < 0 ? -errno : 0;
}

int main(void) {
        static Carrier carrier;
        Carrier* c = &carrier;
        if (carrier_open(c) < 0) {
                (void) log_error_errno(errno, "Cannot begin: %m");
                return EXIT_FAILURE;
        }
        sources_scan(c);
        missed_look(c);
        for (;;) {
                struct epoll_event events[EVENTS];
                int n = epoll_wait(c->epoll, events, EVENTS, turns(c));
                for (int i = 0; i < n; i++)
                        if (events[i].data.ptr)
                                source_read(events[i].data.ptr);
                        else
                                names_take(c);
                missed_look(c);
        }
}
