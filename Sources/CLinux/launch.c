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

// A start must fail cleanly when descriptors have run out: every step is checked, and whatever was opened before it is
// closed again.

enum { pipe_count = 3 };

static int fail(int pipes[pipe_count][2], int error) {
    for (int index = 0; index < pipe_count; index++) {
        if (pipes[index][0] >= 0) close(pipes[index][0]);
        if (pipes[index][1] >= 0) close(pipes[index][1]);
    }
    return error;
}

/// Puts the child's ends in the place of its standard streams, and closes everything else.
static int set_files(posix_spawn_file_actions_t *files, int pipes[pipe_count][2], const char *folder) {
    int child_ends[pipe_count] = {pipes[0][0], pipes[1][1], pipes[2][1]};
    for (int index = 0; index < pipe_count; index++) {
        int error = posix_spawn_file_actions_adddup2(files, child_ends[index], index);
        if (error) return error;
    }
    int error = posix_spawn_file_actions_addclosefrom_np(files, pipe_count);
    if (!error && folder) error = posix_spawn_file_actions_addchdir_np(files, folder);
    return error;
}

/// A group of its own, and no signal blocked or ignored.
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

int f2s_launch(
    const char *program, char *const arguments[], char *const environment[], const char *folder,
    struct f2s_child *child
) {
    int pipes[pipe_count][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    for (int index = 0; index < pipe_count; index++) {
        if (pipe2(pipes[index], O_CLOEXEC) != 0) return fail(pipes, errno);
    }
    // Only our ends: a program expects its own to block.
    if (fcntl(pipes[1][0], F_SETFL, O_NONBLOCK) != 0 || fcntl(pipes[2][0], F_SETFL, O_NONBLOCK) != 0) {
        return fail(pipes, errno);
    }
    posix_spawn_file_actions_t files;
    int error = posix_spawn_file_actions_init(&files);
    if (error) return fail(pipes, error);
    posix_spawnattr_t attributes;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        return fail(pipes, error);
    }
    error = set_files(&files, pipes, folder);
    if (!error) error = set_attributes(&attributes);
    if (!error) error = posix_spawn(&child->process, program, &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error) return fail(pipes, error);
    close(pipes[0][0]);
    close(pipes[1][1]);
    close(pipes[2][1]);
    child->input = pipes[0][1];
    child->output = pipes[1][0];
    child->error = pipes[2][0];
    return 0;
}

int f2s_reap(pid_t process, int *status) {
    int wait_status;
    pid_t ended;
    do ended = waitpid(process, &wait_status, WNOHANG);
    while (ended < 0 && errno == EINTR);
    if (ended == 0) return 0;
    // Without a child there is nothing to be learned any more.
    if (ended < 0) *status = 255;
    else *status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
    return ended > 0 && WIFSIGNALED(wait_status) ? 2 : 1;
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
