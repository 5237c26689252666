#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

// What the Glibc module lacks. Swift cannot call `fork`, and netlink's macros do not reach it.

// MARK: launcher.c

/// Kind of a message between F2S and its launcher.
enum f2s_launcher_kind {
    /// Start a replica. `mark` is its mark, `value` the number of its arguments, `bytes` the length of all texts, each
    /// of which ends in NUL: its folder (empty: the launcher's), its arguments, its variables. The first texts follow
    /// this head. The write ends of its standard output and standard error come along. Ids ascend.
    f2s_launcher_start = 1,
    /// More texts of the start before it.
    f2s_launcher_more,
    /// Send signal `value` to the replica's process group.
    f2s_launcher_signal,
    /// Kill the replica and everything that belongs to it.
    f2s_launcher_kill,
    /// Kill the replica and everything that belongs to it, without a report.
    f2s_launcher_forget,
    /// From the launcher: the replica's command runs as process `value`, which leads a process group of its own.
    f2s_launcher_started,
    /// From the launcher: it could not be forked; `value` is an errno.
    f2s_launcher_failed,
    /// From the launcher: the command has ended with exit status `value`, or 128 + signal, and nothing that belongs to
    /// it is left. The status is 127 when there was no such program, 126 when it could not be run.
    f2s_launcher_ended,
};

/// The head of every message.
struct f2s_launcher_message {
    uint64_t mark;
    uint32_t kind;
    uint32_t id;
    uint32_t value;
    uint32_t bytes;
};

/// Longest message, head included.
enum { f2s_launcher_message_bytes_max = 32768 };

/// Serves as a launcher on the socket (SOCK_SEQPACKET) that is standard input, until its other end closes, however that
/// happens: then kills everything that it has started. Must be called on the main thread of a process that has no other
/// one. Returns an exit status.
int f2s_launcher_run(void);

// MARK: launch.c

/// Starts `program` as a launcher, with nothing open but `socket`'s other end. `arguments` end in NULL. Returns 0, or
/// an errno; then nothing is left open and nothing runs.
int f2s_launcher_spawn(const char *program, char *const arguments[], pid_t *process, int *socket);

/// Pipes for the standard output and the standard error of a replica. Reading does not block.
struct f2s_output_pipes {
    int reads[2];
    int writes[2];
};

/// Opens them. Returns 0, or an errno; then nothing is left open.
int f2s_open_output_pipes(struct f2s_output_pipes *pipes);

/// Sends one message and at most 2 descriptors, without waiting. Returns 0 or an errno.
int f2s_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptors_count);

/// Receives one message without waiting. Returns its length, 0 at the end, -1 with errno. Descriptors that come along
/// are written to `descriptors`, which keeps what it holds where none came.
ssize_t f2s_receive(int socket, void *bytes, size_t capacity, int *descriptors, size_t descriptors_max);

/// Lets a child that was stopped since the last call go on. Returns whether it was.
bool f2s_resume(pid_t child);

/// Whether this process could open so many descriptors now, at most 256. They are opened and closed again.
bool f2s_descriptors_are_free(unsigned count);

// MARK: processes.c

/// Makes this process the parent of descendants whose parents have ended (a subreaper, prctl(2)).
bool f2s_adopt_orphans(void);

/// Has SIGTERM sent to this process when its parent ends, however that happens. False: the parent is another one
/// already.
bool f2s_end_with_parent(pid_t parent);

/// `si_code` of a signal that the kernel has sent, as it does for Ctrl-C.
int f2s_signal_from_kernel(void);

/// Makes the environment and the memory of this process unreadable for other processes of the same user, which is what
/// functions are. A program that this process starts is not affected.
bool f2s_hide_memory(void);

/// Writes the children of `parent` into `children`, at most `capacity`. Returns their number, or -1 if they cannot be
/// read, for want of a descriptor for example.
ssize_t f2s_children(pid_t parent, pid_t *children, size_t capacity);

/// Opens the list of the main thread's children, to which the orphans of a child subreaper belong. Open, it can be read
/// when descriptors have run out. Returns -1 if the kernel has no such lists.
int f2s_child_list_open(void);

/// Writes the children of an open list into `children`, at most `capacity`, and returns their number.
size_t f2s_child_list_read(int list, pid_t *children, size_t capacity);

/// Returns whether a process was started with a variable, which is written `NAME=value`. A process that has ended has
/// none.
bool f2s_has_variable(pid_t process, const char *variable);

/// The mark with which a launcher has started a process, and which everything that descends from it inherits: its soft
/// RLIMIT_RTTIME, which concerns processes with real-time scheduling only and is too high to be reached. Something
/// else, or 0, for a process that no launcher has started. A process that waits to be reaped has it, too.
uint64_t f2s_mark(pid_t process);

/// Returns whether a process has ended and waits to be reaped.
bool f2s_is_zombie(pid_t process);

/// Returns whether a child has ended, without reaping it: 1 or 0; -1 when it is no child of this process any more.
int f2s_has_ended(pid_t child);

/// Writes the inodes of the sockets that a process holds into `inodes`, at most `capacity`; returns how many.
size_t f2s_socket_inodes(pid_t process, uint64_t *inodes, size_t capacity);

// MARK: spare.c

/// Keeps 16 descriptors back with which the process survives that it has no other left. Without them libdispatch ends it
/// at such a moment, if its pool of threads is busy.
void f2s_keep_spare_descriptors(void);

// MARK: heap.c

/// Has blocks of `mapped_bytes_min` bytes and more mapped one by one, and at most `heaps_max` heaps made.
/// Returns false when the C library refuses: its own settings stay then.
bool f2s_heap_settings(int mapped_bytes_min, int heaps_max);

// MARK: sockets.c

/// A TCP socket that listens.
struct f2s_listener {
    /// In host byte order.
    uint16_t port;
    /// AF_INET or AF_INET6.
    uint8_t family;
    /// Whether an AF_INET6 socket takes no IPv4 connections.
    bool is_v6_only;
    /// In network byte order; IPv4 has the first 4 bytes.
    uint8_t address[16];
    /// As in `socket:[inode]` below `/proc/PID/fd`.
    uint64_t inode;
};

/// Opens a netlink socket for ``f2s_listeners``; -1 with errno when the kernel has none.
int f2s_listeners_open(void);

/// Is given one socket at a time.
typedef void (*f2s_listener_visitor)(void *context, const struct f2s_listener *listener);

/// Visits every TCP socket of this network namespace that listens on a port from `first` to `last`, however many there
/// are. Returns 0; -1 with errno when the kernel does not answer: some may have been visited then.
int f2s_listeners(int netlink, uint16_t first, uint16_t last, f2s_listener_visitor visit, void *context);

/// Whether TCP port `port` can be bound on every IPv4 address now: 0, or an errno. EADDRINUSE: it is taken.
int f2s_port_probe(uint16_t port);

/// Begins a TCP connection without waiting for it. Returns the descriptor, or -1 with errno.
int f2s_connect_begin(const char *ip, uint16_t port);

// MARK: transport.c

/// Accepts a connection that never blocks and is closed on exec; -1 with errno. `peer` has room for any address.
int f2s_accept(int listener, struct sockaddr_storage *peer);

/// Makes a timer as a descriptor for epoll; -1 with errno.
int f2s_timer_open(void);

/// Has the timer be readable once after that time, and takes back what was said before.
void f2s_timer_set(int timer, int64_t nanoseconds);

/// Makes an object on which another thread can wake this one, as a descriptor for epoll; -1 with errno.
int f2s_wakeup_open(void);

/// Processors that this process may use: those of its affinity mask, less where its cgroup has a quota. At least 1.
int f2s_processors(void);

/// Names the calling thread; what is over 15 bytes is cut off.
void f2s_name_thread(const char *name);
