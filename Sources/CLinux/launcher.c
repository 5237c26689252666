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

// The launcher forks every replica of one F2S process and kills the processes that a replica leaves behind:
// docs/decisions/0015. It has one thread for three reasons: Linux ties the parent-death signal to the thread that
// forked; a fork is safe only in a process with one thread; and nothing else may reap its children, because a process
// ID belongs to a process only until that is reaped.

enum { status_usage = 64, status_not_runnable = 126, status_not_found = 127, status_signal = 128 };

enum {
    messages_per_round_max = 64,
    /// The maximum length of a command and its environment. execve(2) does not accept longer ones.
    start_bytes_max = 8 * 1024 * 1024,
    descriptors_max = 2,
    /// The pause after a sweep that could not read the list of children.
    sweep_again_milliseconds = 100,
};

/// A replica whose end has not been reported.
struct replica {
    uint32_t id;
    /// The process ID of its command, which leads a process group; 0 once it has been reaped.
    pid_t command;
    /// The replica's own variable, `F2S_REPLICA=name`; NULL if it was given none.
    char *variable;
    /// The exit status of the command.
    int status;
    /// True once all processes of the replica must be killed.
    bool is_ending;
    /// True if the replica's end must not be reported.
    bool is_forgotten;
    /// True if the last sweep found a process of the replica.
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
    /// The descriptor of the launcher's list of children in /proc; -1 if the kernel provides no such lists. It stays
    /// open, so that a lack of descriptors cannot hide a process.
    int list;
    pid_t process;
    /// The upper half of all marks.
    uint32_t series;
    /// The replicas in the order of their IDs.
    struct replica *replicas;
    size_t count;
    size_t capacity;
    struct start start;
};

// MARK: Replicas

/// Returns the replica of that ID, or NULL.
static struct replica *replica_of_id(struct launcher *launcher, uint32_t id) {
    size_t low = 0, high = launcher->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (launcher->replicas[middle].id < id) low = middle + 1;
        else high = middle;
    }
    return low < launcher->count && launcher->replicas[low].id == id ? &launcher->replicas[low] : NULL;
}

/// Returns the replica whose command has that process ID, or NULL.
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

/// Adds a replica. Returns NULL if there is no memory or the ID is not higher than all IDs before.
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
    // This call may block. F2S itself never blocks, so it will read the message.
    ssize_t count;
    do count = send(launcher->socket, &message, sizeof message, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    // After a lost report, F2S would wait forever for a replica's end. Without a socket, the launcher kills everything.
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

/// Replaces the forked process by the command. Returns only if that fails, with the exit status for the failure.
static int become(pid_t launcher, int output, int error, const char *folder, char **command, char **environment) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The launcher may have ended before the line above took effect.
    if (getppid() != launcher) return status_signal + SIGKILL;
    // The launcher's standard output is /dev/null. Its standard input is the socket, which commands must not get.
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

/// Sets the mark that every process forked from now on inherits. A new session, another program or an empty environment
/// does not change it.
static void mark(uint64_t mark) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_RTTIME, &limit) != 0) return;
    limit.rlim_cur = mark;
    // If the system rejects the limit, a variable in the environment shows to which replica a process belongs.
    setrlimit(RLIMIT_RTTIME, &limit);
}

/// Returns a list of the texts in `text`, each of which ends in NUL. The list has a NULL after its first `split` texts
/// and one at its end. The caller frees it.
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
    // Parent and child both set the group, so that it exists whichever of them runs first.
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

/// Adds a piece to the pending start. The last piece starts the replica.
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

/// Reaps the children that have ended. A command's group is killed before the command is reaped, because until then its
/// process ID cannot belong to another process.
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
    // No child is reaped in the meantime, so no child is missed.
    if (lseek(launcher->list, 0, SEEK_SET) != 0) return false;
    struct f2s_number_reader reader = {.file = launcher->list};
    for (size_t count; (count = f2s_read_numbers(&reader, children, 1024)) > 0;) {
        for (size_t index = 0; index < count; index++) visit(launcher, children[index]);
    }
    return true;
}

/// Returns the replica to which a child belongs, or NULL. Sets `is_stray` if that replica has been removed, or if it is
/// unknown while no replica runs.
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

/// Kills the processes of replicas that are ending, and reports the replicas that have no process left. Descendants
/// whose parents have died are children of the launcher, so each sweep finds the processes that the previous one has
/// orphaned. The end of a process sends a SIGCHLD, which causes the next sweep. Returns false if the sweep must be
/// repeated after a pause.
static bool sweep(struct launcher *launcher) {
    bool is_any_ending = false;
    for (size_t index = 0; index < launcher->count; index++) {
        launcher->replicas[index].is_left = false;
        if (launcher->replicas[index].is_ending) is_any_ending = true;
    }
    // If there are no replicas, every child is a stray, and the sweep goes on.
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

/// Kills all processes and returns when none is left.
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

/// Performs the request of one message.
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

/// Reads and performs the requests of F2S. Returns false if F2S has ended.
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

/// Prepares this process for its work. Returns false if the system does not allow it.
static bool prepare(struct launcher *launcher) {
    // Because of its own process group, a stopped launcher continues when F2S ends (setpgid(2)), and signals from a
    // terminal do not reach it. SIGCONT at the parent's death has the same effect and no other.
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
        // Signals of one kind merge, so one signal may stand for several children. A signal may arrive after the poll.
        bool has_ended = false;
        while (read(launcher.signals, &ignored, sizeof ignored) > 0) has_ended = true;
        if (has_ended) reap(&launcher);
        if (watched[1].revents) is_open = take_messages(&launcher);
        is_complete = sweep(&launcher);
    }
    end_everything(&launcher);
    return EXIT_SUCCESS;
}
