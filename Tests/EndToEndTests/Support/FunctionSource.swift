/// The source of the tests' function. It is compiled once per run.
enum FunctionSource {
    static let c = #"""
        // The function of the end-to-end tests: HTTP/1.1 on $PORT with one thread per connection, so that only F2S
        // limits the requests. Its arguments, its environment and the path of a request control its behaviour.
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

        static long long listening;                    // Monotonic nanoseconds.
        static atomic_llong written, in_flight, most;  // Bytes of streams; requests now, and at most at once.
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        static pthread_cond_t ticked = PTHREAD_COND_INITIALIZER;
        static long ticks;

        struct caller { int fd, is_inside; size_t at, end; char bytes[65536]; };
        struct request { char method[16], path[1024], call[128]; long long length, delay, count; };

        static const char *setting(const char *name, const char *otherwise) {
            const char *value = getenv(name);
            return value && *value ? value : otherwise;
        }

        static long long now(void) {
            struct timespec time;
            clock_gettime(CLOCK_MONOTONIC, &time);
            return time.tv_sec * 1000000000LL + time.tv_nsec;
        }

        static void rest(long long milliseconds) {
            struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
            while (nanosleep(&time, &time) != 0) {}
        }

        static void note(const char *file, const char *text) {
            int fd = open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);
            if (fd < 0 || write(fd, text, strlen(text)) < 0) perror(file);
            close(fd);
        }

        static int fill(struct caller *caller) {
            if (caller->at == caller->end) caller->at = caller->end = 0;
            if (caller->end == sizeof caller->bytes) return 0;
            ssize_t count = recv(caller->fd, caller->bytes + caller->end, sizeof caller->bytes - caller->end, 0);
            if (count > 0) caller->end += (size_t)count;
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

        // Reads a line, without its line end.
        static int line(struct caller *caller, char *text, size_t size) {
            for (size_t length = 0;;) {
                if (caller->at == caller->end && !fill(caller)) return 0;
                char byte = caller->bytes[caller->at++];
                if (byte == '\n') return text[length] = 0, 1;
                if (byte != '\r' && length + 1 < size) text[length++] = byte;
            }
        }

        // Reads `count` bytes of the body, and stores them in `kept` if that is not NULL.
        static long long take(struct caller *caller, long long count, char *kept) {
            long long taken = 0;
            while (taken < count) {
                if (caller->at == caller->end && !fill(caller)) return -1;
                size_t step = caller->end - caller->at;
                if ((long long)step > count - taken) step = (size_t)(count - taken);
                if (kept) memcpy(kept + taken, caller->bytes + caller->at, step);
                caller->at += step;
                taken += (long long)step;
            }
            return taken;
        }

        // Reads the whole body and returns its length, or -1 if it is incomplete.
        static long long body(struct caller *caller, struct request *request, char *kept, long long room) {
            if (request->length >= 0) return take(caller, request->length, request->length <= room ? kept : NULL);
            long long total = 0;
            for (char text[64];;) {
                if (!line(caller, text, sizeof text)) return -1;
                long long size = strtoll(text, NULL, 16);
                if (size > 0 && take(caller, size, total + size <= room ? kept + total : NULL) < 0) return -1;
                if (!line(caller, text, sizeof text)) return -1;
                if (size == 0) return total;
                total += size;
            }
        }

        static long long parameter(const char *path, const char *name, long long otherwise) {
            char wanted[32];
            snprintf(wanted, sizeof wanted, "%s=", name);
            const char *query = strchr(path, '?');
            const char *found = query ? strstr(query, wanted) : NULL;
            return found ? atoll(found + strlen(wanted)) : otherwise;
        }

        static int head(struct caller *caller, struct request *request) {
            char text[8192];
            memset(request, 0, sizeof *request);
            if (!line(caller, text, sizeof text)) return 0;
            if (sscanf(text, "%15s %1023s", request->method, request->path) != 2) return 0;
            for (;;) {
                if (!line(caller, text, sizeof text)) return 0;
                if (!*text) break;
                char *value = strchr(text, ':');
                if (!value) return 0;
                for (*value++ = 0; isspace((unsigned char)*value);) value++;
                if (!strcasecmp(text, "content-length")) request->length = atoll(value);
                if (!strcasecmp(text, "transfer-encoding")) request->length = -1;
                if (!strcasecmp(text, "x-call")) snprintf(request->call, sizeof request->call, "%s", value);
            }
            request->delay = parameter(request->path, "delay", atoll(setting("DELAY", "0")));
            request->count = parameter(request->path, "count", 0);
            return 1;
        }

        static void enter(struct caller *caller) {
            caller->is_inside = 1;
            long long current = atomic_fetch_add(&in_flight, 1) + 1, seen = atomic_load(&most);
            while (current > seen && !atomic_compare_exchange_weak(&most, &seen, current)) {}
        }

        static void leave(struct caller *caller) {
            if (caller->is_inside) atomic_fetch_sub(&in_flight, 1);
            caller->is_inside = 0;
        }

        static int answer(struct caller *caller, struct request *request, const char *text, size_t length) {
            char bytes[65536 + 1024];
            int start = snprintf(
                bytes, 1024,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nX-Pid: %d\r\nX-Most: %lld\r\n"
                "X-Listening: %lld\r\nX-Revision: %s\r\n\r\n",
                length, getpid(), atomic_load(&most), listening, setting("REVISION", "0"));
            size_t total = (size_t)start;
            if (strcmp(request->method, "HEAD")) memcpy(bytes + start, text, length), total += length;
            // Before the response is sent, because its client may send the next request at once.
            leave(caller);
            return put(caller, bytes, total);
        }

        // Sends `count` bytes, or an endless stream if `count` is 0.
        static int stream(struct caller *caller, long long count) {
            static const char block[65536];
            char text[256];
            snprintf(text, sizeof text, count ? "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n"
                                              : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%.0lld", count);
            int goes = put(caller, text, strlen(text));
            for (long long left = count; goes && (left > 0 || !count); left -= (long long)sizeof block) {
                size_t step = count && left < (long long)sizeof block ? (size_t)left : sizeof block;
                if (!count) goes = put(caller, "10000\r\n", 7);
                goes = goes && put(caller, block, step);
                if (goes) atomic_fetch_add(&written, (long long)step);
                if (!count) goes = goes && put(caller, "\r\n", 2);
            }
            return goes;
        }

        // Sends one server-sent event per tick.
        static int events(struct caller *caller, long count) {
            char text[128] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
            int goes = put(caller, text, strlen(text));
            for (long number = 1; goes && number <= count; number++) {
                pthread_mutex_lock(&lock);
                while (ticks < number) pthread_cond_wait(&ticked, &lock);
                pthread_mutex_unlock(&lock);
                char event[64];
                int length = snprintf(event, sizeof event, "data: %ld\n\n", number);
                int size = snprintf(text, sizeof text, "%x\r\n%s\r\n", length, event);
                goes = put(caller, text, (size_t)size);
            }
            return goes && put(caller, "0\r\n\r\n", 5);
        }

        static int serve(struct caller *caller, struct request *request) {
            char text[65536], entry[256];
            int is_echo = !strncmp(request->path, "/echo", 5);
            long long length = body(caller, request, is_echo ? text : NULL, is_echo ? (long long)sizeof text : 0);
            if (length < 0) return 0;
            const char *log = setting("EXECUTIONS", "");
            if (*log && *request->call) {
                snprintf(entry, sizeof entry, "%s %s %d\n", request->method, request->call, getpid());
                note(log, entry);
            }
            if (request->delay > 0) rest(request->delay);
            if (!strncmp(request->path, "/stream", 7)) return stream(caller, request->count);
            if (!strncmp(request->path, "/events", 7)) return events(caller, request->count);
            if (!strncmp(request->path, "/tick", 5)) {
                pthread_mutex_lock(&lock);
                ticks++;
                pthread_cond_broadcast(&ticked);
                pthread_mutex_unlock(&lock);
            }
            if (!strncmp(request->path, "/cut", 4)) {
                const char *part = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun";
                if (!put(caller, part, strlen(part))) return 0;
                for (;;) pause();
            }
            if (is_echo) return answer(caller, request, text, (size_t)length);
            long long number = !strncmp(request->path, "/swallow", 8)   ? length
                               : !strncmp(request->path, "/written", 8) ? atomic_load(&written)
                                                                        : getpid();
            snprintf(entry, sizeof entry, "%lld\n", number);
            return answer(caller, request, entry, strlen(entry));
        }

        static void *talk(void *given) {
            struct caller *caller = given;
            struct request request;
            while (head(caller, &request)) {
                enter(caller);
                int goes = serve(caller, &request);
                leave(caller);
                if (!goes) break;
            }
            close(caller->fd);
            free(caller);
            return NULL;
        }

        static int listener(int port) {
            int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
            struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0) {
                perror("listen");
                exit(98);
            }
            return fd;
        }

        int main(int count, char **arguments) {
            const char *mode = count > 1 ? arguments[1] : "serve";
            if (*setting("STARTS", "")) note(setting("STARTS", ""), "started\n");
            if (!strcmp(mode, "exit")) {
                fprintf(stderr, "reading the settings\nno settings: giving up\n");
                return count > 2 ? atoi(arguments[2]) : 1;
            }
            if (!strcmp(mode, "deaf")) {
                fprintf(stderr, "thinking about it\n");
                for (;;) pause();
            }
            // A descendant in its own session, without a parent: it outlives platforms that end only their children.
            if (!strcmp(mode, "daemon") && fork() == 0) {
                setsid();
                if (fork() != 0) _exit(0);
                for (;;) pause();
            }
            int fd = listener(!strcmp(mode, "elsewhere") ? 0 : atoi(setting("PORT", "0")));
            listening = now();
            printf("listening %lld\n", listening);
            fflush(stdout);
            pthread_attr_t small;
            pthread_attr_init(&small);
            pthread_attr_setstacksize(&small, 512 * 1024);
            pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
            for (;;) {
                struct caller *caller = malloc(sizeof *caller);
                pthread_t thread;
                int yes = 1;
                caller->is_inside = 0;
                caller->at = caller->end = 0;
                if ((caller->fd = accept(fd, NULL, NULL)) < 0) {
                    free(caller);
                    continue;
                }
                setsockopt(caller->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                if (pthread_create(&thread, &small, talk, caller) != 0) close(caller->fd), free(caller);
            }
        }
        """#
}
