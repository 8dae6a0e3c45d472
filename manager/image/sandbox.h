/* Where layers are unpacked: a process in a user namespace that maps 65,536 ids of its own (those of
 * steadbox-images) and nothing else, with one directory as its whole file system, no network, and of that
 * namespace's capabilities only those that files need. It is a program of its own (steadbox-unpack), so
 * that it shares no memory with whoever holds a registry's password. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include <sys/types.h>

typedef struct Sandbox Sandbox;

/* Makes the namespace; needs CAP_SETUID and CAP_SETGID, which are given up for good before it returns, with all others. Call it before
 * anything of a stranger's is read. base: first id outside. program: steadbox-unpack's path. */
int sandbox_new(uint32_t base, const char* program, Sandbox** ret, Error* reterr);
Sandbox* sandbox_free(Sandbox* s);
DEFINE_CLEANUP(Sandbox*, sandbox_free);

/* A run of steadbox-unpack. */
typedef struct SandboxRun {
        pid_t pid;
        int fd; /* its answer */
} SandboxRun;
/* argv without the program's name, NULL-ended; input_fd becomes its stdin. Returns at once. */
int sandbox_start(Sandbox* s, const char* const* argv, int input_fd, SandboxRun* ret, Error* reterr);
/* Waits; *ret is its answer, owned, or the error it told. While poll_usec > 0 it waits only so long: 0 = not over yet, 1 = over. */
int sandbox_wait(SandboxRun* run, uint64_t poll_usec, json_t** ret, Error* reterr);
void sandbox_kill(SandboxRun* run); /* and waits; fine for one that is over */

#define SANDBOX_LOWERS_MAX 127
typedef struct SandboxLowers {
        int fds[SANDBOX_LOWERS_MAX]; /* open until the end of the process */
        size_t n;
} SandboxLowers;

/* The other side, in steadbox-unpack: goes into the namespace (fd SANDBOX_FD), makes directory its root,
 * gives up the rest. lowers: NULL, or NULL-ended names of directories beside it that stay in reach, by
 * descriptors of mounts that nobody can write through. */
#define SANDBOX_FD 3
int sandbox_enter(const char* directory, char* const* lowers, SandboxLowers* ret, Error* reterr);
