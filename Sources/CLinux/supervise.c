#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The supervisor stands between F2S and one replica. It is plain C without threads, because Linux ties the parent-death
// signal to the thread that forked, because a fork is only safe in a process of one thread, and because its start is
// part of every cold start.

enum { status_not_runnable = 126, status_not_found = 127, status_signal = 128 };

static const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
enum { forwarded_count = sizeof forwarded / sizeof forwarded[0] };

static void close_stray_descriptors(void) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
#endif
    long end = sysconf(_SC_OPEN_MAX);
    for (int descriptor = 3; descriptor < (end > 0 && end < 65536 ? end : 65536); descriptor++) close(descriptor);
}

/// Becomes the command. Only returns when that fails, with the exit status that says why.
static int become(char *const command[], pid_t supervisor) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The supervisor may have ended before the line above took effect.
    if (getppid() != supervisor) return status_signal + SIGKILL;

    for (int signal_number = 1; signal_number < NSIG; signal_number++) signal(signal_number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    // The lifeline is the supervisor's alone.
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing != STDIN_FILENO) {
        dup2(nothing, STDIN_FILENO);
        close(nothing);
    }
    close_stray_descriptors();

    execvp(command[0], command);
    int error = errno;
    if (error == ENOENT && strchr(command[0], '/') && access(command[0], F_OK) == 0) {
        dprintf(STDERR_FILENO, "f2s: program not found: the interpreter that %s names\n", command[0]);
        return status_not_found;
    }
    if (error == ENOENT || error == ENOTDIR) {
        dprintf(STDERR_FILENO, "f2s: program not found: %s\n", command[0]);
        return status_not_found;
    }
    dprintf(STDERR_FILENO, "f2s: program cannot be run: %s: %s\n", command[0], strerror(error));
    return status_not_runnable;
}

static int status_of(int wait_status) {
    return WIFSIGNALED(wait_status) ? status_signal + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// Kills the group and everything else that descends from the command, and waits until nothing is left.
static void end_everything(pid_t group) {
    if (group > 0) kill(-group, SIGKILL);
    for (;;) {
        pid_t ended = waitpid(-1, NULL, WNOHANG);
        if (ended > 0 || (ended < 0 && errno == EINTR)) continue;
        if (ended < 0) return;  // No child is left: ECHILD.
        // Descendants whose parent has died become children of the supervisor, so that each round finds those that the
        // round before has orphaned.
        pid_t children[1024];
        size_t count = f2s_children(getpid(), children, 1024);
        for (size_t index = 0; index < count; index++) kill(children[index], SIGKILL);
        if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD) return;
    }
}

/// Reaps whatever has ended; true when the command was among it.
static bool reap(pid_t command, int *status) {
    bool has_ended = false;
    int wait_status;
    for (pid_t ended; (ended = waitpid(-1, &wait_status, WNOHANG)) > 0;) {
        if (ended != command) continue;
        has_ended = true;
        *status = status_of(wait_status);
    }
    return has_ended;
}

/// Whether the other end of the lifeline has closed. Whatever arrives on it is thrown away.
static bool lifeline_is_cut(void) {
    char ignored[256];
    ssize_t count = read(STDIN_FILENO, ignored, sizeof ignored);
    return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN);
}

/// Waits for the command's end, passing signals on to its group.
static int watch(pid_t command, int signals) {
    struct pollfd watched[] = {{.fd = signals, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    for (int status = 0;;) {
        if (poll(watched, 2, -1) < 0) continue;
        struct signalfd_siginfo arrived;
        while (read(signals, &arrived, sizeof arrived) == (ssize_t)sizeof arrived) {
            if (arrived.ssi_signo != SIGCHLD) kill(-command, (int)arrived.ssi_signo);
        }
        // Signals of one kind merge, so every arrival means: look at all children.
        if (reap(command, &status)) return status;
        if (watched[1].revents != 0 && lifeline_is_cut()) return status_signal + SIGKILL;
    }
}

int f2s_supervise(char *const command[]) {
    if (!command[0]) {
        dprintf(STDERR_FILENO, "f2s: no program is named after --\n");
        return status_not_found;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGPIPE, SIG_IGN);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    for (int index = 0; index < forwarded_count; index++) sigaddset(&mask, forwarded[index]);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    int signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);

    pid_t supervisor = getpid();
    pid_t child = signals < 0 ? -1 : fork();
    if (child < 0) {
        dprintf(STDERR_FILENO, "f2s: cannot start %s: %s\n", command[0], strerror(errno));
        return status_not_runnable;
    }
    if (child == 0) _exit(become(command, supervisor));
    // Both sides set the group, so that it exists whoever runs first.
    setpgid(child, child);
    int status = watch(child, signals);
    end_everything(child);
    return status;
}
