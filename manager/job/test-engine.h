/* The engine as its tests see it: a store on disk, kinds of jobs that do as they are told, and no helper and no PID 1 but these. */
#pragma once
#include "base/test.h"
#include "base/time.h"
#include "job/job-internal.h"

/* What the box's other parts would hear and do. */
typedef struct World {
        unsigned events, steps, undone, finished, stops;
        unsigned fail_at;   /* this step fails; 0 = none */
        int alive;          /* what PID 1 says */
        bool answered;      /* what a patient step waits for is there */
        JobKind part;       /* what a whole has a child of */
        int parts_open;
        unsigned undo_fails; /* so many times more */
        unsigned undo_tries, stranded;
        bool undo_never;
        bool undo_stays;    /* it finds that all was done */
        void (*worker)(const char* id);
        pid_t pid;
        const char* socket; /* of the fixture, for the worker */
} World;
extern World world;

typedef struct Fixture {
        Manager m;
        char directory[64];
        char socket[96];
} Fixture;

void up(Fixture* f);
void down(Fixture* f);
bool fake_peer_allowed(const JobType* type, const char* id, int fd, uid_t uid);
void jobs_up(Fixture* f, bool (*peer_allowed)(const JobType*, const char*, int, uid_t)); /* a manager anew, over the same store */
int add(Fixture* f, JobKind kind, char id[static JOB_ID_BYTES], Error* e); /* asked by ada, in a transaction of its own */
JobRow row_of(Fixture* f, const char* id);
void turn_until(Fixture* f, const char* id, const char* state); /* or the test fails */

/* For workers, which run in a process of their own. */
int connect_to_manager(void); /* -errno where there is none */
void tell(int fd, const char* format, ...) _printf_(2, 3); /* a line */
bool hear(int fd, const char* expected); /* whether the next line, or the end, is that */
void dying_worker(const char* id);    /* says hello and is gone */
void obedient_worker(const char* id); /* works until it is told to stop */
