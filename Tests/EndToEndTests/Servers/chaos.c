// The function of the chaos run: HTTP/1.1 on $PORT, one thread per connection. The fields of a request select its
// action (X-Do), its duration in milliseconds (X-Ms) and the size of the response (X-Size); the response repeats
// X-Token. If more requests than $CONCURRENCY are in flight at once, the function adds a line to the file $VIOLATIONS.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
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

static atomic_int inside;
static int limit;

struct caller { int fd, is_inside; size_t at, end; char bytes[16384]; };
struct request { char method[16], path[1024], action[32], token[128]; long length, milliseconds, size; };

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static void rest(long milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0) {}
}

static void enter(struct caller *caller) {
    caller->is_inside = 1;
    int now = atomic_fetch_add(&inside, 1) + 1;
    if (!limit || now <= limit) return;
    char text[256];
    int length = snprintf(text, sizeof text, "%s: %d at once\n", setting("F2S_REPLICA", "?"), now);
    int fd = open(setting("VIOLATIONS", "/dev/null"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, (size_t)length) < 0) perror("VIOLATIONS");
    close(fd);
}

static void leave(struct caller *caller) {
    if (caller->is_inside) atomic_fetch_sub(&inside, 1);
    caller->is_inside = 0;
}

static int fill(struct caller *caller) {
    caller->at = caller->end = 0;
    ssize_t count = recv(caller->fd, caller->bytes, sizeof caller->bytes, 0);
    if (count > 0) caller->end = (size_t)count;
    return count > 0;
}

static int put(struct caller *caller, const char *bytes, size_t count) {
    for (size_t sent = 0; sent < count;) {
        ssize_t step = send(caller->fd, bytes + sent, count - sent, MSG_NOSIGNAL);
        if (step <= 0) return 0;
        sent += (size_t)step;
    }
    return 1;
}

static int put_text(struct caller *caller, const char *text) { return put(caller, text, strlen(text)); }

static int line(struct caller *caller, char *text, size_t size) {
    for (size_t length = 0;;) {
        if (caller->at == caller->end && !fill(caller)) return 0;
        char byte = caller->bytes[caller->at++];
        if (byte == '\n') return text[length] = 0, 1;
        if (byte != '\r' && length + 1 < size) text[length++] = byte;
    }
}

static int head(struct caller *caller, struct request *request) {
    char text[8192];
    memset(request, 0, sizeof *request);
    if (!line(caller, text, sizeof text)) return 0;
    if (sscanf(text, "%15s %1023s", request->method, request->path) != 2) return 0;
    while (line(caller, text, sizeof text)) {
        if (!*text) return 1;
        char *value = strchr(text, ':');
        if (!value) return 0;
        for (*value++ = 0; isspace((unsigned char)*value);) value++;
        if (!strcasecmp(text, "content-length")) request->length = atol(value);
        if (!strcasecmp(text, "transfer-encoding")) request->length = -1;
        if (!strcasecmp(text, "x-do")) snprintf(request->action, sizeof request->action, "%s", value);
        if (!strcasecmp(text, "x-token")) snprintf(request->token, sizeof request->token, "%s", value);
        if (!strcasecmp(text, "x-ms")) request->milliseconds = atol(value);
        if (!strcasecmp(text, "x-size")) request->size = atol(value);
    }
    return 0;
}

static int skip(struct caller *caller, long count) {
    while (count > 0) {
        if (caller->at == caller->end && !fill(caller)) return 0;
        long step = (long)(caller->end - caller->at);
        if (step > count) step = count;
        caller->at += (size_t)step;
        count -= step;
    }
    return 1;
}

static int skip_body(struct caller *caller, struct request *request) {
    if (request->length >= 0) return skip(caller, request->length);
    for (char text[64];;) {
        if (!line(caller, text, sizeof text)) return 0;
        long size = strtol(text, NULL, 16);
        if (!skip(caller, size) || !line(caller, text, sizeof text)) return 0;
        if (size == 0) return 1;
    }
}

/// Sends the head of a response with status 200. `framing` is one or two fields, each with its line end.
static int put_head(struct caller *caller, struct request *request, const char *framing) {
    char text[1024];
    snprintf(
        text, sizeof text, "HTTP/1.1 200 OK\r\nX-Token: %s\r\nX-Revision: %s\r\nX-Pid: %d\r\n%s\r\n", request->token,
        setting("REVISION", "0"), getpid(), framing);
    return put_text(caller, text);
}

/// Sends `size` bytes that begin with the token.
static int put_content(struct caller *caller, struct request *request, long size) {
    char block[8192];
    memset(block, '.', sizeof block);
    memcpy(block, request->token, strlen(request->token));
    for (long left = size; left > 0; left -= (long)sizeof block) {
        if (!put(caller, block, left < (long)sizeof block ? (size_t)left : sizeof block)) return 0;
        memset(block, '.', sizeof request->token);
    }
    return 1;
}

static int answer(struct caller *caller, struct request *request) {
    char framing[64];
    long size = request->size + (long)strlen(request->token);
    snprintf(framing, sizeof framing, "Content-Length: %ld\r\n", size);
    if (!put_head(caller, request, framing)) return 0;
    // Leave before the last byte is sent, because its client may send the next request at once.
    if (size > 4096 && !put_content(caller, request, size - 1)) return 0;
    leave(caller);
    return size > 4096 ? put(caller, ".", 1) : put_content(caller, request, size);
}

// Sends two responses in one piece. A later second response could arrive after the next request, and would then look
// like its response.
static int answer_too_much(struct caller *caller, struct request *request) {
    char text[1024];
    snprintf(
        text, sizeof text, "HTTP/1.1 200 OK\r\nX-Token: %s\r\nContent-Length: %zu\r\n\r\n%s"
        "HTTP/1.1 200 OK\r\nX-Token: stranger\r\nContent-Length: 8\r\n\r\nstranger",
        request->token, strlen(request->token), request->token);
    leave(caller);
    return put_text(caller, text);
}

static int answer_chunked(struct caller *caller, struct request *request) {
    char text[512];
    int length = snprintf(text, sizeof text, "%zx\r\n%s\r\n", strlen(request->token), request->token);
    if (!put_head(caller, request, "Transfer-Encoding: chunked\r\n") || !put(caller, text, (size_t)length)) return 0;
    for (int piece = 0; piece < 3; piece++) {
        rest(request->milliseconds / 3);
        if (!put_text(caller, "5\r\n.....\r\n")) return 0;
    }
    leave(caller);
    return put_text(caller, "0\r\n\r\n");
}

static void reset(struct caller *caller) {
    struct linger at_once = {1, 0};
    setsockopt(caller->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static int tunnel(struct caller *caller, struct request *request) {
    char text[512];
    snprintf(
        text, sizeof text, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "X-Token: %s\r\n\r\n", request->token);
    if (!put_text(caller, text)) return 0;
    do {
        if (caller->at < caller->end && !put(caller, caller->bytes + caller->at, caller->end - caller->at)) return 0;
    } while (fill(caller));
    return 0;
}

static int serve(struct caller *caller, struct request *request) {
    const char *action = request->action;
    if (!strcmp(action, "die")) _exit(3);
    if (!strcmp(action, "reset")) return reset(caller), 0;
    if (!strcmp(action, "tunnel")) return tunnel(caller, request);
    if (!strcmp(action, "early")) return answer(caller, request), 0;
    if (!skip_body(caller, request)) return 0;
    if (!strcmp(action, "chunked")) return answer_chunked(caller, request);
    rest(request->milliseconds);
    if (!strcmp(action, "half") || !strcmp(action, "torn")) {
        put_head(caller, request, "Content-Length: 100000\r\n");
        put_content(caller, request, 5000);
        if (!strcmp(action, "torn")) reset(caller);
        return 0;
    }
    if (!strcmp(action, "closed")) {
        put_head(caller, request, "Connection: close\r\n");
        return put_content(caller, request, request->size + (long)strlen(request->token)), 0;
    }
    return strcmp(action, "much") ? answer(caller, request) : answer_too_much(caller, request);
}

static void *talk(void *given) {
    struct caller *caller = given;
    struct request request;
    while (head(caller, &request)) {
        if (!strcmp(request.path, "/ready")) {
            if (!put_text(caller, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) break;
            continue;
        }
        enter(caller);
        int goes = serve(caller, &request);
        leave(caller);
        if (!goes) break;
    }
    close(caller->fd);
    free(caller);
    return NULL;
}

int main(void) {
    limit = atoi(setting("CONCURRENCY", "0"));
    if (*setting("STUBBORN", "")) signal(SIGTERM, SIG_IGN);
    rest(atol(setting("STARTS_AFTER", "0")));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(setting("PORT", "0")))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0) return perror("listen"), 98;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    for (;;) {
        int caller_fd = accept(fd, NULL, NULL);
        if (caller_fd < 0) continue;
        setsockopt(caller_fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct caller *caller = malloc(sizeof *caller);
        pthread_t thread;
        *caller = (struct caller){.fd = caller_fd};
        if (pthread_create(&thread, &small, talk, caller) != 0) close(caller_fd), free(caller);
    }
}
