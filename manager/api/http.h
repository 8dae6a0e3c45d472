/* HTTP by libmicrohttpd inside the loop: two listeners, bytes in and out. Nothing here knows an operation. */
#pragma once
#include "base/error.h"
#include "daemon/manager.h"

/* Takes over the listening sockets; either may be negative. */
int http_new(Manager* m, int admin_fd, int web_fd, Http** ret, Error* reterr);
Http* http_free(Http* h);
DEFINE_CLEANUP(Http*, http_free);
