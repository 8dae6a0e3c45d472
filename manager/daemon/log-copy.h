/* Copies the store's write-ahead log into its file on the pool, so that no request waits for it. */
#pragma once
#include "daemon/manager.h"

void log_copy_if_long(Manager* m); /* cheap; called after requests */
