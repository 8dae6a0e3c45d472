/* Building and running, for main.c only. */
#pragma once
#include "daemon/manager.h"

typedef struct ManagerOptions {
        const char* state_directory;
        const char* runtime_directory;
        const char* machine_file; /* steadbox.json; need not be there */
        int admin_fd, web_fd;     /* listening sockets; taken over */
} ManagerOptions;

int manager_new(const ManagerOptions* o, Manager** ret, Error* reterr);
int manager_run(Manager* m); /* until SIGTERM */
Manager* manager_free(Manager* m);
DEFINE_CLEANUP(Manager*, manager_free);
