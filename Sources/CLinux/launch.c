#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// F2S's side of the launcher. A start must fail cleanly if no descriptor is free: every step is checked, and a failure
// closes all descriptors that were opened before.

static void close_both(const int descriptors[2]) {
    for (int index = 0; index < 2; index++) {
        if (descriptors[index] >= 0) close(descriptors[index]);
    }
}

/// Makes the socket standard input and /dev/null the other standard files, and closes all other descriptors.
static int set_files(posix_spawn_file_actions_t *files, int socket) {
    int error = posix_spawn_file_actions_adddup2(files, socket, STDIN_FILENO);
    if (!error) error = posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_RDWR, 0);
    if (!error) error = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_RDWR, 0);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    return error;
}

/// Requests a process group of its own, with no signal blocked or ignored.
static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    int error = posix_spawnattr_setflags(attributes, flags);
    if (!error) error = posix_spawnattr_setpgroup(attributes, 0);
    if (!error) error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(attributes, &all);
    return error;
}

int f2s_launcher_spawn(const char *program, char *const arguments[], pid_t *process, int *socket) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return errno;
    posix_spawn_file_actions_t files;
    int error = posix_spawn_file_actions_init(&files);
    if (error) {
        close_both(ends);
        return error;
    }
    posix_spawnattr_t attributes;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        close_both(ends);
        return error;
    }
    // The launcher gets no variable of F2S's environment, because functions could read them there.
    char *const environment[] = {NULL};
    error = fcntl(ends[1], F_SETFL, 0) == 0 ? set_files(&files, ends[1]) : errno;
    if (!error) error = set_attributes(&attributes);
    if (!error) error = posix_spawn(process, program, &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error) {
        close_both(ends);
        return error;
    }
    close(ends[1]);
    *socket = ends[0];
    return 0;
}

int f2s_open_output_pipes(struct f2s_output_pipes *pipes) {
    int made[2][2] = {{-1, -1}, {-1, -1}};
    for (int index = 0; index < 2; index++) {
        // Only F2S's ends are non-blocking, because programs expect blocking ones.
        if (pipe2(made[index], O_CLOEXEC) != 0 || fcntl(made[index][0], F_SETFL, O_NONBLOCK) != 0) {
            int error = errno;
            close_both(made[0]);
            close_both(made[1]);
            return error;
        }
    }
    for (int index = 0; index < 2; index++) {
        pipes->reads[index] = made[index][0];
        pipes->writes[index] = made[index][1];
    }
    return 0;
}

int f2s_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptors_count) {
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = count};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (descriptors_count > 2) return EINVAL;
    if (descriptors_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(descriptors_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors_count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, descriptors_count * sizeof(int));
    }
    while (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

ssize_t f2s_receive(int socket, void *bytes, size_t capacity, int *descriptors, size_t descriptors_max) {
    struct iovec piece = {.iov_base = bytes, .iov_len = capacity};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count <= 0) return count;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t arrived = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < arrived; index++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof descriptor);
            if (index < descriptors_max) descriptors[index] = descriptor;
            else close(descriptor);
        }
    }
    return count;
}

bool f2s_resume(pid_t child) {
    siginfo_t found = {0};
    if (waitid(P_PID, (id_t)child, &found, WSTOPPED | WNOHANG) != 0 || found.si_pid != child) return false;
    kill(child, SIGCONT);
    return true;
}

bool f2s_descriptors_are_free(unsigned count) {
    int opened[256];
    unsigned got = 0;
    if (count > 256) count = 256;
    while (got < count && (opened[got] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0) got++;
    bool are_free = got == count || errno == EBADF;
    for (unsigned index = 0; index < got; index++) close(opened[index]);
    return are_free;
}
