/* steadbox-acme-hook EVENT TYPE NAME TOKEN AUTHORIZATION: what uacme(1) runs for each challenge. Hands the five words to the job that
 * started uacme and answers with its verdict; does nothing itself and holds nothing. */
#include "worker/acme-hook.h"
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char** argv) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        const char* path = secure_getenv(HOOK_SOCKET_VARIABLE);
        char line[HOOK_LINE_MAX], verdict = 0;
        if (argc != 6 || isempty(path) || snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path) >= (int) sizeof(sa.sun_path))
                return 2;
        int n = snprintf(line, sizeof(line), "%s %s %s %s %s\n", argv[1], argv[2], argv[3], argv[4], argv[5]);
        if (n < 0 || n >= (int) sizeof(line))
                return 2;
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, &sa, sizeof(sa)) < 0 || send(fd, line, (size_t) n, MSG_NOSIGNAL) != n)
                return 2;
        return read(fd, &verdict, 1) == 1 && verdict == '0' ? 0 : 1;
}
