/* Facts about the machine, read from the kernel's and the system's own files. The parsers are pure. */
#pragma once
#include "base/error.h"

#define MIB ((uint64_t) 1024 * 1024)
#define GIB (1024 * MIB)

typedef struct Machine {
        char* os_id;           /* ID of os-release(5) */
        char* os_version;      /* VERSION_ID */
        char* os_name;         /* PRETTY_NAME */
        uint64_t memory_bytes;
        uint64_t swap_bytes;
        uint64_t disk_free_bytes;
        uint64_t disk_room_bytes; /* could be had by growing the root file system */
        char* virtualisation;  /* systemd-detect-virt's word; "none" on bare metal */
        bool container;
        bool ipv4_route, ipv6_route; /* a default route exists */
} Machine;

int machine_read(Machine* ret, Error* reterr);
void machine_done(Machine* m);

/* The value of KEY= in an os-release text, unquoted; owned by the caller, NULL where absent. */
char* os_release_value(const char* text, const char* key);
/* A line of /proc/meminfo in bytes, 0 where absent. */
uint64_t meminfo_value(const char* text, const char* key);
/* Inodes of sockets that listen on port in a text of /proc/net/tcp or tcp6; returns how many there are, at most max are stored. */
size_t listening_inodes(const char* text, unsigned port, uint64_t* ret, size_t max);
/* Whether /proc/net/route or /proc/net/ipv6_route (six) has a default route that leaves the machine. */
bool default_route(const char* text, bool six);

/* Who listens on TCP port: 1 and the name of the process, 0 when nobody does. */
int port_owner(unsigned port, char ret_name[static 64]);

/* Where the root file system lives. */
typedef struct RootDisk {
        char device[64];      /* "vda1" */
        char disk[64];        /* "vda", or empty where the file system fills a whole disk */
        unsigned partition;   /* number, 0 = none */
        char type[32];        /* ext4, xfs, btrfs, overlay ... */
        uint64_t partition_room_bytes;   /* free space behind the partition */
        uint64_t file_system_room_bytes; /* device space that the file system does not use yet */
} RootDisk;
int root_disk_read(RootDisk* ret);
