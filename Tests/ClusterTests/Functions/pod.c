// The function of the cluster tests: HTTP/1.1 on $PORT, with a thread per connection. Responses contain the pod and the
// version of its image. It exits at once on SIGTERM, so a request that F2S did not wait for fails visibly.
//
//   /                        responds at once
//   /slow?ms=500             responds after this time
//   /exit?code=3             exits without a response
//   /eat?mb=64               allocates this much memory, and then responds
//   /never                   responds with 503, as the probe of a function that is never ready
//   /post?to=10.0.0.7:8080   declares a function there, and responds with the status that it got, or 0 if it got none
//   /call?to=10.0.0.7:8080/x sends GET /x there with the token in the file $F2S_TOKEN_FILE, and responds with the
//                            status and the body that it got. The status is 0 if there is no token or no response
//
// Each response contains the pod, the version, and the length of the request's body, or the status that /post or /call
// got. The second line contains the caller as F2S names it, if it names one, or the body that /call got.
//
// $START_MS: time before it listens. $EXIT: exit status with which it ends instead.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "0"
#endif

static char pod[256];                          // The container's host name is the pod's name.
static atomic_llong in_flight, most, answered; // Current, maximum and total number of requests.

struct caller {
    int fd;
    size_t at, end;
    char bytes[16384];
};

static long long setting(const char *name, long long otherwise) {
    const char *value = getenv(name);
    return value && *value ? atoll(value) : otherwise;
}

static void rest(long long milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0) {}
}

// Returns the next byte, or -1 if the client has closed the connection.
static int next(struct caller *caller) {
    if (caller->at == caller->end) {
        ssize_t count = recv(caller->fd, caller->bytes, sizeof caller->bytes, 0);
        if (count <= 0) return -1;
        caller->at = 0;
        caller->end = (size_t)count;
    }
    return (unsigned char)caller->bytes[caller->at++];
}

// Reads up to the next line feed. The line does not contain its end.
static int line(struct caller *caller, char *text, size_t size) {
    for (size_t length = 0;;) {
        int byte = next(caller);
        if (byte < 0) return 0;
        if (byte == '\n') return text[length] = 0, 1;
        if (byte != '\r' && length + 1 < size) text[length++] = (char)byte;
    }
}

static int skip(struct caller *caller, long long count) {
    while (count-- > 0) {
        if (next(caller) < 0) return 0;
    }
    return 1;
}

// Reads the body. Returns its length, or -1 if it does not arrive.
static long long body(struct caller *caller, long long length) {
    if (length >= 0) return skip(caller, length) ? length : -1;
    long long total = 0;
    for (char text[64];;) {
        if (!line(caller, text, sizeof text)) return -1;
        long long size = strtoll(text, NULL, 16);
        if (!skip(caller, size) || !line(caller, text, sizeof text)) return -1;
        if (size == 0) return total;
        total += size;
    }
}

// Sends a request, and reads the response as far as it fits. Returns its status, or 0 if there is no response.
static int exchange(const char *ip, int port, const char *request, size_t length, char *response, size_t size) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval limit = {.tv_sec = 5};
    int status = 0, fd;
    *response = 0;
    if (inet_pton(AF_INET, ip, &address.sin_addr) != 1) return 0;
    if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0) return 0;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, request, length, MSG_NOSIGNAL) == (ssize_t)length) {
        // The peer closes the connection after the response, because the request says so.
        ssize_t count = recv(fd, response, size - 1, MSG_WAITALL);
        response[count > 0 ? count : 0] = 0;
        sscanf(response, "HTTP/1.1 %d", &status);
    }
    close(fd);
    return status;
}

// Acts as a hostile function: sends POST /functions to an address. Returns the status of the response, or 0.
static long long declare(const char *to) {
    static const char manifest[] = "apiVersion: f2s.opensight.ch/v1alpha1\nkind: Function\n"
                                   "metadata: {name: hostile}\nspec: {endpoint: /hostile}\n"
                                   "target: {containerImage: 'f2s.local/function:1'}\n";
    char ip[64], request[1024], head[64];
    int port = 0;
    if (sscanf(to, "%63[0-9.]:%d", ip, &port) != 2) return 0;
    int count = snprintf(
        request, sizeof request,
        "POST /functions HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/yaml\r\nContent-Length: %zu\r\n"
        "Connection: close\r\n\r\n%s",
        ip, port, sizeof manifest - 1, manifest);
    return exchange(ip, port, request, (size_t)count, head, sizeof head);
}

// Calls another function as this one: sends GET to an address with the token of the function's own service account.
// Writes the body of the response. Returns its status, or 0 if there is no token or no response.
static long long call(const char *to, char *text, size_t size) {
    char ip[64], target[512], token[4096], request[8192];
    int port = 0;
    *text = 0;
    // The kubelet replaces the file before the token expires, so it is read for each call.
    const char *name = getenv("F2S_TOKEN_FILE");
    FILE *file = name ? fopen(name, "re") : NULL;
    if (!file) return 0;
    int found = fscanf(file, "%4095s", token);
    fclose(file);
    if (found != 1 || sscanf(to, "%63[0-9.]:%d%511s", ip, &port, target) != 3) return 0;
    int count = snprintf(
        request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", target, ip, port,
        token);
    int status = exchange(ip, port, request, (size_t)count, text, size);
    const char *end = strstr(text, "\r\n\r\n");
    const char *content = end ? end + 4 : "";
    memmove(text, content, strlen(content) + 1);
    return status;
}

// Allocates memory. It counts for the container once it is written to.
static void eat(long long megabytes) {
    while (megabytes-- > 0) {
        char *memory = malloc(1 << 20);
        if (!memory) return;
        memset(memory, 1, 1 << 20);
    }
}

static int answer(struct caller *caller, const char *method, const char *path, long long length, const char *more) {
    char content[5120], bytes[6144];
    const char *status = strncmp(path, "/never", 6) ? "200 OK" : "503 Service Unavailable";
    int size = snprintf(content, sizeof content, "%s %s %lld\n%s", pod, VERSION, length, more);
    int count = snprintf(
        bytes, sizeof bytes,
        "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nX-Pod: %s\r\nX-Version: %s\r\n"
        "X-Most: %lld\r\nX-Answered: %lld\r\n\r\n%s",
        status, size, pod, VERSION, atomic_load(&most), atomic_fetch_add(&answered, 1) + 1,
        strcmp(method, "HEAD") ? content : "");
    // Before the response is sent, because its receiver may send the next request at once.
    atomic_fetch_sub(&in_flight, 1);
    return send(caller->fd, bytes, (size_t)count, MSG_NOSIGNAL) == count;
}

// Serves one request. Returns 0 if the connection cannot be used again.
static int serve(struct caller *caller) {
    char text[8192], method[16], path[1024], more[4096] = "";
    long long length = 0;
    if (!line(caller, text, sizeof text) || sscanf(text, "%15s %1023s", method, path) != 2) return 0;
    long long current = atomic_fetch_add(&in_flight, 1) + 1, seen = atomic_load(&most);
    while (current > seen && !atomic_compare_exchange_weak(&most, &seen, current)) {}
    for (;;) {
        if (!line(caller, text, sizeof text)) break;
        if (!*text) {
            const char *query = strchr(path, '=');
            if ((length = body(caller, length)) < 0) break;
            if (!strncmp(path, "/slow", 5) && query) rest(atoll(query + 1));
            if (!strncmp(path, "/post", 5) && query) length = declare(query + 1);
            if (!strncmp(path, "/call", 5) && query) length = call(query + 1, more, sizeof more);
            if (!strncmp(path, "/eat", 4) && query) eat(atoll(query + 1));
            if (!strncmp(path, "/exit", 5) && query) _exit(atoi(query + 1));
            return answer(caller, method, path, length, more);
        }
        if (!strncasecmp(text, "content-length:", 15)) length = atoll(text + 15);
        if (!strncasecmp(text, "transfer-encoding:", 18)) length = -1;
        if (!strncasecmp(text, "x-f2s-user:", 11)) sscanf(text + 11, "%4095s", more);
    }
    atomic_fetch_sub(&in_flight, 1);
    return 0;
}

static void *talk(void *given) {
    struct caller *caller = given;
    while (serve(caller)) {}
    close(caller->fd);
    free(caller);
    return NULL;
}

static void leave(int signal) { _exit(signal == SIGTERM ? 0 : 1); }

int main(void) {
    // The first process of a container ignores signals that it has no handler for.
    signal(SIGTERM, leave);
    signal(SIGINT, leave);
    gethostname(pod, sizeof pod - 1);
    if (setting("EXIT", -1) >= 0) {
        fprintf(stderr, "reading the settings\nno settings: giving up\n");
        return (int)setting("EXIT", 0);
    }
    rest(setting("START_MS", 0));
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)setting("PORT", 8080))};
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1024) != 0) {
        perror("listen");
        return 98;
    }
    printf("%s listens, version %s\n", pod, VERSION);
    fflush(stdout);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    for (;;) {
        struct caller *caller = malloc(sizeof *caller);
        if (!caller) return 1;
        pthread_t thread;
        caller->at = caller->end = 0;
        if ((caller->fd = accept(listener, NULL, NULL)) < 0) {
            free(caller);
            continue;
        }
        setsockopt(caller->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (pthread_create(&thread, &small, talk, caller) != 0) close(caller->fd), free(caller);
    }
}
