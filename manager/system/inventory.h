/* What the machine is made of, read from /proc, /etc and statvfs on every call; nothing here is kept or leaves the box. */
#pragma once
#include "base/json.h"

typedef struct Memory {
        int64_t total, available, swap, swap_free; /* bytes */
} Memory;

/* Pure, over the files' text (proc_meminfo(5), proc_pid_mountinfo(5), os-release(5), proc_pid_stat(5)). */
void memory_parse(const char* meminfo, Memory* ret);
char* os_name_parse(const char* os_release);              /* owned; NULL when there is none */
json_t* mounts_parse(const char* mountinfo);              /* [{mount, source, type}] of real file systems, each once, root first */
int64_t start_ticks_parse(const char* stat);              /* of a process, in clock ticks since boot; 0 when not understood */

int memory_read(Memory* ret);
json_t* disks_read(void);                                 /* array of Disk, owned */
char* timezone_read(void);                                /* owned */
int64_t booted_at_read(void);                             /* when PID 1 started: right in containers too */
int boot_id_read(char ret[static 40]);
/* All of System but network, virtualisation, clock, reboot_needed and users, which others know. */
json_t* inventory_read(void);
