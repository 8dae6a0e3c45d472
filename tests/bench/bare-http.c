/* A bare libmicrohttpd program that serves the same bytes from memory: the yardstick of the API's speed.
 * Usage: bare-http SOCKET FILE    answers FILE with an ETag, or 304 when the client has it. */
#include "base/file.h"
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#define TAG "\"bare\""

static char* text;
static size_t text_size;

static enum MHD_Result on_access(void* cls, struct MHD_Connection* connection, const char* url, const char* method,
                                 const char* version, const char* upload, size_t* upload_size, void** context) {
        static char seen; /* marks the second call of a request */
        if (!*context) {
                *context = &seen;
                return MHD_YES;
        }
        const char* known = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
        bool same = known && strcmp(known, TAG) == 0;
        struct MHD_Response* response = MHD_create_response_from_buffer(same ? 0 : text_size, same ? (void*) "" : text, MHD_RESPMEM_PERSISTENT);
        (void) MHD_add_response_header(response, "Content-Type", "application/json");
        (void) MHD_add_response_header(response, "ETag", TAG);
        enum MHD_Result r = MHD_queue_response(connection, same ? 304 : 200, response);
        MHD_destroy_response(response);
        return r;
}

int main(int argc, char** argv) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        if (argc != 3 || file_read(AT_FDCWD, argv[2], 16 * 1024 * 1024, &text, &text_size) < 0)
                return EXIT_FAILURE;
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
        (void) unlink(argv[1]);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (const void*) &address, sizeof(address)) < 0 || listen(fd, 4096) < 0)
                return EXIT_FAILURE;
        struct MHD_Daemon* daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_access, NULL,
                                                     MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, 1200u, MHD_OPTION_END);
        if (!daemon)
                return EXIT_FAILURE;
        (void) pause();
        return EXIT_SUCCESS;
}
