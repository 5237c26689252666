#define _GNU_SOURCE
#include "CLinux.h"
#include "numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The launcher forks every replica of one F2S process and ends what a replica leaves behind: docs/decisions/0015. It
// has one thread, because Linux ties the parent-death signal to the thread that forked, because a fork is only safe in
// a process of one thread, and because nothing but it may reap its children: a number stays a process's own until then.

enum { status_usage = 64, status_not_runnable = 126, status_not_found = 127, status_signal = 128 };

enum {
    messages_per_round_max = 64,
    /// Longer commands and environments are beyond what execve(2) accepts.
    start_bytes_max = 8 * 1024 * 1024,
    descriptors_max = 2,
    /// Pause after a sweep that could not read the list of children.
    sweep_again_milliseconds = 100,
};

/// A replica whose end has not been reported.
struct replica {
    uint32_t id;
    /// Process ID of its command, which leads a process group; 0: it has been reaped.
    pid_t command;
    /// Its own variable, `F2S_REPLICA=name`; NULL: it was given none.
    char *variable;
    /// Exit status of the command.
    int status;
    /// True once everything that belongs to it must be killed.
    bool is_ending;
    /// True if its end must not be reported.
    bool is_forgotten;
    /// True if the last sweep found a process of it.
    bool is_left;
};

/// A start whose message has not arrived completely.
struct start {
    struct f2s_launcher_message head;
    char *text;
    size_t bytes;
    int output;
    int error;
    bool is_pending;
};

struct launcher {
    int socket;
    int signals;
    /// Its own list of children in /proc, kept open so that a lack of descriptors cannot hide a process; -1: the kernel
    /// has no such lists.
    int list;
    pid_t process;
    /// The upper half of all marks.
    uint32_t series;
    /// By ascending id.
    struct replica *replicas;
    size_t count;
    size_t capacity;
    struct start start;
};

// MARK: Replicas

/// The replica of that id, or NULL.
static struct replica *replica_of_id(struct launcher *launcher, uint32_t id) {
    size_t low = 0, high = launcher->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (launcher->replicas[middle].id < id) low = middle + 1;
        else high = middle;
    }
    return low < launcher->count && launcher->replicas[low].id == id ? &launcher->replicas[low] : NULL;
}

/// The replica whose command has that process ID, or NULL.
static struct replica *replica_of_command(struct launcher *launcher, pid_t process) {
    for (size_t index = 0; index < launcher->count; index++) {
        if (launcher->replicas[index].command == process) return &launcher->replicas[index];
    }
    return NULL;
}

static void forget(struct launcher *launcher, struct replica *replica) {
    free(replica->variable);
    size_t behind = (size_t)(launcher->replicas + launcher->count - (replica + 1));
    memmove(replica, replica + 1, behind * sizeof *replica);
    launcher->count--;
}

/// Room for one more replica; NULL without memory, and for an id that is not the highest one so far.
static struct replica *add(struct launcher *launcher, uint32_t id) {
    if (launcher->count > 0 && launcher->replicas[launcher->count - 1].id >= id) return NULL;
    if (launcher->count == launcher->capacity) {
        size_t capacity = launcher->capacity ? 2 * launcher->capacity : 64;
        struct replica *replicas = realloc(launcher->replicas, capacity * sizeof *replicas);
        if (!replicas) return NULL;
        launcher->replicas = replicas;
        launcher->capacity = capacity;
    }
    struct replica *replica = &launcher->replicas[launcher->count++];
    *replica = (struct replica){.id = id};
    return replica;
}

static void say(const struct launcher *launcher, uint32_t kind, uint32_t id, int value) {
    struct f2s_launcher_message message = {.kind = kind, .id = id, .value = (uint32_t)value};
    // It may block: F2S never does, so that it reads in the end.
    ssize_t count;
    do count = send(launcher->socket, &message, sizeof message, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    // A lost report would leave F2S with a replica that never ends. Without the socket this launcher ends everything.
    if (count < 0) shutdown(launcher->socket, SHUT_RDWR);
}

// MARK: Starts

static void close_stray_descriptors(void) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
#endif
    long end = sysconf(_SC_OPEN_MAX);
    for (int descriptor = 3; descriptor < (end > 0 && end < 65536 ? end : 65536); descriptor++) close(descriptor);
}

/// Becomes the command. Only returns when that fails, with the exit status that says why.
static int become(pid_t launcher, int output, int error, const char *folder, char **command, char **environment) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The launcher may have ended before the line above took effect.
    if (getppid() != launcher) return status_signal + SIGKILL;
    // The launcher's standard output is /dev/null, and its standard input is the socket, which is its own alone.
    dup2(STDOUT_FILENO, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    close_stray_descriptors();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (*folder && chdir(folder) != 0) {
        dprintf(STDERR_FILENO, "f2s: working folder cannot be entered: %s: %s\n", folder, strerror(errno));
        return status_not_runnable;
    }
    environ = environment;
    execvp(command[0], command);
    int code = errno;
    if (code == ENOENT && strchr(command[0], '/') && access(command[0], F_OK) == 0) {
        dprintf(STDERR_FILENO, "f2s: program not found: the interpreter that %s names\n", command[0]);
        return status_not_found;
    }
    if (code == ENOENT || code == ENOTDIR) {
        dprintf(STDERR_FILENO, "f2s: program not found: %s\n", command[0]);
        return status_not_found;
    }
    dprintf(STDERR_FILENO, "f2s: program cannot be run: %s: %s\n", command[0], strerror(code));
    return status_not_runnable;
}

/// Sets the mark that every process forked from now on inherits. A session of its own, another program and an empty
/// environment do not change it.
static void mark(uint64_t mark) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_RTTIME, &limit) != 0) return;
    limit.rlim_cur = mark;
    // A system that refuses leaves the environment to tell whose a process is.
    setrlimit(RLIMIT_RTTIME, &limit);
}

/// The texts in `text`, each of which ends in NUL, with NULL at the end of the list and of its first `split` texts. The
/// caller frees it.
static char **list_of(char *text, size_t bytes, size_t split) {
    size_t count = 0;
    for (size_t index = 0; index < bytes; index++) count += text[index] == 0;
    if (count < split || split == 0) return NULL;
    char **list = malloc((count + 2) * sizeof *list);
    if (!list) return NULL;
    size_t filled = 0;
    for (char *next = text; next < text + bytes; next += strlen(next) + 1) {
        if (filled == split) list[filled++] = NULL;
        list[filled++] = next;
    }
    if (filled == split) list[filled++] = NULL;
    list[filled] = NULL;
    return list;
}

/// Forks the replica whose start has arrived completely. Returns 0 or an errno.
static int fork_replica(struct launcher *launcher, struct start *start) {
    if (start->head.value == 0 || start->text[start->bytes - 1] != 0) return EINVAL;
    const char *folder = start->text;
    size_t skipped = strlen(folder) + 1;
    char **command = list_of(start->text + skipped, start->bytes - skipped, start->head.value);
    if (!command) return EINVAL;
    char **environment = command + start->head.value + 1;
    struct replica *replica = add(launcher, start->head.id);
    if (!replica) {
        free(command);
        return ENOMEM;
    }
    static const char prefix[] = "F2S_REPLICA=";
    for (char **variable = environment; *variable && !replica->variable; variable++) {
        if (!strncmp(*variable, prefix, sizeof prefix - 1)) replica->variable = strdup(*variable);
    }
    launcher->series = (uint32_t)(start->head.mark >> 32);
    mark(start->head.mark);
    pid_t child = fork();
    if (child == 0) _exit(become(launcher->process, start->output, start->error, folder, command, environment));
    int code = child < 0 ? errno : 0;
    free(command);
    if (child < 0) {
        forget(launcher, replica);
        return code;
    }
    // Both sides set the group, so that it exists whichever of them runs first.
    setpgid(child, child);
    replica->command = child;
    say(launcher, f2s_launcher_started, replica->id, child);
    return 0;
}

static void drop_start(struct start *start) {
    if (start->output >= 0) close(start->output);
    if (start->error >= 0) close(start->error);
    free(start->text);
    *start = (struct start){.output = -1, .error = -1};
}

/// Takes a piece of a start; the last one starts it.
static void take_start(struct launcher *launcher, const char *piece, size_t bytes) {
    struct start *start = &launcher->start;
    int code = 0;
    if (start->output < 0 || start->error < 0) code = EMFILE;
    else if (!start->text) code = start->head.bytes <= start_bytes_max ? ENOMEM : E2BIG;
    else if (bytes > start->head.bytes - start->bytes) code = EINVAL;
    if (!code) {
        memcpy(start->text + start->bytes, piece, bytes);
        start->bytes += bytes;
        if (start->bytes < start->head.bytes) return;
        code = start->bytes > 0 ? fork_replica(launcher, start) : EINVAL;
    }
    if (code) say(launcher, f2s_launcher_failed, start->head.id, code);
    drop_start(start);
}

// MARK: Ends

static void kill_replica(const struct replica *replica, int signal_number) {
    if (replica->command <= 0) return;
    // A command may have left its own group for another one.
    if (kill(-replica->command, signal_number) != 0) kill(replica->command, signal_number);
}

/// Reaps what has ended. The group of a command dies while its number is still the command's.
static void reap(struct launcher *launcher) {
    for (;;) {
        siginfo_t found = {0};
        if (waitid(P_ALL, 0, &found, WEXITED | WNOHANG | WNOWAIT) != 0) {
            if (errno == EINTR) continue;
            return;
        }
        if (found.si_pid == 0) return;
        struct replica *replica = replica_of_command(launcher, found.si_pid);
        if (replica) kill_replica(replica, SIGKILL);
        int status;
        if (waitpid(found.si_pid, &status, 0) < 0 || !replica) continue;
        replica->command = 0;
        replica->status = WIFSIGNALED(status) ? status_signal + WTERMSIG(status) : WEXITSTATUS(status);
        replica->is_ending = true;
    }
}

typedef void (*visitor)(struct launcher *launcher, pid_t child);

/// Visits every child, zombies included. Returns false if the children could not be read.
static bool visit_children(struct launcher *launcher, visitor visit) {
    pid_t children[1024];
    if (launcher->list < 0) {
        ssize_t count = f2s_children(launcher->process, children, 1024);
        for (ssize_t index = 0; index < count; index++) visit(launcher, children[index]);
        return count >= 0;
    }
    // Nothing is reaped in the meantime, so that no child is missed.
    if (lseek(launcher->list, 0, SEEK_SET) != 0) return false;
    struct f2s_number_reader reader = {.file = launcher->list};
    for (size_t count; (count = f2s_read_numbers(&reader, children, 1024)) > 0;) {
        for (size_t index = 0; index < count; index++) visit(launcher, children[index]);
    }
    return true;
}

/// Returns the replica that a child belongs to, or NULL. Sets `is_stray` if that replica is gone, or is unknown while no
/// replica runs.
static struct replica *owner(struct launcher *launcher, pid_t child, bool *is_stray) {
    uint64_t found = f2s_mark(child);
    *is_stray = false;
    if (found >> 32 == launcher->series && launcher->series != 0) {
        struct replica *replica = replica_of_id(launcher, (uint32_t)found);
        *is_stray = !replica;
        return replica;
    }
    struct replica *replica = replica_of_command(launcher, child);
    bool is_any_running = false;
    for (size_t index = 0; !replica && index < launcher->count; index++) {
        struct replica *candidate = &launcher->replicas[index];
        if (candidate->variable && f2s_has_variable(child, candidate->variable)) replica = candidate;
        if (!candidate->is_ending) is_any_running = true;
    }
    *is_stray = !replica && !is_any_running;
    return replica;
}

static void kill_if_ending(struct launcher *launcher, pid_t child) {
    bool is_stray;
    struct replica *replica = owner(launcher, child, &is_stray);
    if (!is_stray && (!replica || !replica->is_ending)) return;
    kill(child, SIGKILL);
    if (replica) replica->is_left = true;
}

/// Kills the processes of replicas that end, and reports the replicas of which none is left. Descendants whose parents
/// have died are children of the launcher, so that each sweep finds those that the sweep before has orphaned: their end
/// is a SIGCHLD, which brings the next sweep. Returns false if it must be repeated after a pause.
static bool sweep(struct launcher *launcher) {
    bool is_any_ending = false;
    for (size_t index = 0; index < launcher->count; index++) {
        launcher->replicas[index].is_left = false;
        if (launcher->replicas[index].is_ending) is_any_ending = true;
    }
    // Without replicas every child is a stray.
    if (!is_any_ending && launcher->count > 0) return true;
    if (!visit_children(launcher, kill_if_ending)) return false;
    for (size_t index = launcher->count; index-- > 0;) {
        struct replica *replica = &launcher->replicas[index];
        if (!replica->is_ending || replica->is_left || replica->command != 0) continue;
        if (!replica->is_forgotten) say(launcher, f2s_launcher_ended, replica->id, replica->status);
        forget(launcher, replica);
    }
    return true;
}

static void kill_child(struct launcher *launcher, pid_t child) {
    (void)launcher;
    kill(child, SIGKILL);
}

/// Kills everything, and returns when nothing is left.
static void end_everything(struct launcher *launcher) {
    for (size_t index = 0; index < launcher->count; index++) kill_replica(&launcher->replicas[index], SIGKILL);
    for (;;) {
        pid_t ended = waitpid(-1, NULL, WNOHANG);
        if (ended > 0 || (ended < 0 && errno == EINTR)) continue;
        if (ended < 0) return;  // No child is left: ECHILD.
        if (!visit_children(launcher, kill_child)) poll(NULL, 0, sweep_again_milliseconds);
        else if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD) return;
    }
}

// MARK: Requests

/// Does what one message asks for.
static void handle(
    struct launcher *launcher, const struct f2s_launcher_message *message, const char *rest, size_t bytes,
    const int descriptors[descriptors_max]
) {
    struct start *start = &launcher->start;
    struct replica *replica = replica_of_id(launcher, message->id);
    switch (message->kind) {
    case f2s_launcher_start:
        drop_start(start);
        *start = (struct start){
            .head = *message, .output = descriptors[0], .error = descriptors[1], .is_pending = true,
            .text = message->bytes <= start_bytes_max ? malloc(message->bytes) : NULL};
        take_start(launcher, rest, bytes);
        return;
    case f2s_launcher_more:
        if (start->is_pending && start->head.id == message->id) take_start(launcher, rest, bytes);
        break;
    case f2s_launcher_signal:
        if (replica) kill_replica(replica, (int)message->value);
        break;
    case f2s_launcher_kill:
        if (!replica) break;
        kill_replica(replica, SIGKILL);
        replica->is_ending = true;
        break;
    case f2s_launcher_forget:
        if (!replica) break;
        kill_replica(replica, SIGKILL);
        replica->is_ending = replica->is_forgotten = true;
        break;
    }
    for (int index = 0; index < descriptors_max; index++) {
        if (descriptors[index] >= 0) close(descriptors[index]);
    }
}

/// Reads what F2S has sent; false when F2S is gone.
static bool take_messages(struct launcher *launcher) {
    static char buffer[f2s_launcher_message_bytes_max];
    for (int round = 0; round < messages_per_round_max; round++) {
        int descriptors[descriptors_max] = {-1, -1};
        ssize_t count = f2s_receive(launcher->socket, buffer, sizeof buffer, descriptors, descriptors_max);
        if (count == 0) return false;
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        struct f2s_launcher_message message;
        if ((size_t)count < sizeof message) return false;
        memcpy(&message, buffer, sizeof message);
        handle(launcher, &message, buffer + sizeof message, (size_t)count - sizeof message, descriptors);
    }
    return true;
}

/// Makes this process fit for its work; false when the system does not allow it.
static bool prepare(struct launcher *launcher) {
    // In a group of its own, a launcher that was stopped goes on when F2S ends (setpgid(2)), and a terminal's signals
    // do not reach it. The signal of the parent's death, which means nothing else to it, does the same.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGCONT);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "f2s-launcher");
    for (int signal_number = 1; signal_number < NSIG; signal_number++) signal(signal_number, SIG_DFL);
    sigset_t all, ended;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    launcher->signals = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
    launcher->list = f2s_child_list_open();
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool is_ready = launcher->signals >= 0 && nothing >= 0 && dup2(nothing, STDOUT_FILENO) >= 0
        && dup2(nothing, STDERR_FILENO) >= 0;
    if (nothing > STDERR_FILENO) close(nothing);
    return is_ready;
}

int f2s_launcher_run(void) {
    int type = 0;
    socklen_t length = sizeof type;
    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET) {
        dprintf(STDERR_FILENO, "f2s: `f2s serve` starts this by itself\n");
        return status_usage;
    }
    struct launcher launcher = {.socket = STDIN_FILENO, .process = getpid(), .start = {.output = -1, .error = -1}};
    if (!prepare(&launcher)) return EXIT_FAILURE;
    struct pollfd watched[] = {
        {.fd = launcher.signals, .events = POLLIN}, {.fd = launcher.socket, .events = POLLIN}};
    for (bool is_open = true, is_complete = true; is_open;) {
        if (poll(watched, 2, is_complete ? -1 : sweep_again_milliseconds) < 0) continue;
        struct signalfd_siginfo ignored;
        // Signals of one kind merge, so that every arrival means: look at all children. One may arrive after the poll.
        bool has_ended = false;
        while (read(launcher.signals, &ignored, sizeof ignored) > 0) has_ended = true;
        if (has_ended) reap(&launcher);
        if (watched[1].revents) is_open = take_messages(&launcher);
        is_complete = sweep(&launcher);
    }
    end_everything(&launcher);
    return EXIT_SUCCESS;
}
