// A function with the fastest possible start: one static binary, one thread, one connection at a time. It responds to
// every request with its process id, so that a caller can count the started processes.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    const char *port = getenv("PORT");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port ? port : "0"))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
        perror("cold function");
        return 1;
    }
    char body[32], answer[128], request[65536];
    int length = snprintf(body, sizeof body, "%d\n", getpid());
    int bytes = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", length, body);
    for (;;) {
        int caller = accept(listener, NULL, NULL);
        if (caller < 0) continue;
        size_t held = 0;
        for (ssize_t count; (count = read(caller, request + held, sizeof request - 1 - held)) > 0;) {
            held += (size_t)count;
            request[held] = 0;
            if (held < 4 || !strstr(request, "\r\n\r\n")) continue;
            if (write(caller, answer, (size_t)bytes) != bytes) break;
            held = 0;
        }
        close(caller);
    }
}
