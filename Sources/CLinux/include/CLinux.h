#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

// System functions that the Glibc module lacks. Swift cannot call `fork` and cannot use netlink's macros.

// MARK: launcher.c

/// The kind of a message between F2S and its launcher.
enum f2s_launcher_kind {
    /// Start a replica. `mark` is its mark, `value` the number of its arguments, `bytes` the length of all texts: its
    /// folder (empty: the launcher's), its arguments, its variables. Each text ends in NUL. The first texts follow this
    /// head. The message passes the write ends of its standard output and standard error. IDs ascend.
    f2s_launcher_start = 1,
    /// More texts of the previous start.
    f2s_launcher_more,
    /// Send signal `value` to the replica's process group.
    f2s_launcher_signal,
    /// Kill the replica and all processes that belong to it.
    f2s_launcher_kill,
    /// Kill the replica and all processes that belong to it, without a report.
    f2s_launcher_forget,
    /// From the launcher: the replica's command runs as process `value`, which leads a process group of its own.
    f2s_launcher_started,
    /// From the launcher: the replica could not be started; `value` is an errno.
    f2s_launcher_failed,
    /// From the launcher: the command has ended with exit status `value`, or 128 + signal, and no process that belongs
    /// to the replica is left. The status is 127 if the program was not found and 126 if it could not be run.
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

/// The length of the longest message, head included.
enum { f2s_launcher_message_bytes_max = 32768 };

/// Serves as a launcher on the socket (SOCK_SEQPACKET) that is standard input until the other end is closed for any
/// reason. Then it kills all processes that it has started, and returns an exit status. It must be called on the main
/// thread of a process that has no other thread.
int f2s_launcher_run(void);

// MARK: launch.c

/// Starts `program` as a launcher. Only the other end of `socket` and /dev/null are open in it. `arguments` end in
/// NULL. Returns 0 or an errno. After an error, nothing runs and no descriptor is left open.
int f2s_launcher_spawn(const char *program, char *const arguments[], pid_t *process, int *socket);

/// The pipes for the standard output and the standard error of a replica. Reads do not block.
struct f2s_output_pipes {
    int reads[2];
    int writes[2];
};

/// Opens the pipes of a replica. Returns 0 or an errno. After an error, no descriptor is left open.
int f2s_open_output_pipes(struct f2s_output_pipes *pipes);

/// Sends one message and at most 2 descriptors, without waiting. Returns 0 or an errno.
int f2s_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptors_count);

/// Receives one message without waiting. Returns its length, 0 at the end, or -1 with errno. The descriptors that the
/// message passes are written to `descriptors`; its other elements stay unchanged.
ssize_t f2s_receive(int socket, void *bytes, size_t capacity, int *descriptors, size_t descriptors_max);

/// Continues a child that was stopped since the last call. Returns true if it was stopped.
bool f2s_resume(pid_t child);

/// Returns true if this process can open `count` more descriptors, at most 256. It opens them and closes them again.
bool f2s_descriptors_are_free(unsigned count);

// MARK: processes.c

/// Makes this process the parent of descendants whose parents have ended (a subreaper, prctl(2)).
bool f2s_adopt_orphans(void);

/// Requests that the kernel sends SIGTERM to this process when its parent ends for any reason. Returns false if
/// `parent` is no longer its parent.
bool f2s_end_with_parent(pid_t parent);

/// Returns the `si_code` of a signal that the kernel has sent, for example for Ctrl-C.
int f2s_signal_from_kernel(void);

/// Makes the environment and the memory of this process unreadable for other processes of the same user, such as
/// functions. Programs that this process starts are not affected.
bool f2s_hide_memory(void);

/// Writes the children of `parent` into `children`, at most `capacity`. Returns their number, or -1 if they cannot be
/// read, for example for lack of a descriptor.
ssize_t f2s_children(pid_t parent, pid_t *children, size_t capacity);

/// Opens the list of the main thread's children, to which the orphans of a child subreaper belong. The open list can be
/// read even when no descriptor is free. Returns -1 if the kernel provides no such lists.
int f2s_child_list_open(void);

/// Writes the children of an open list into `children`, at most `capacity`, and returns their number.
size_t f2s_child_list_read(int list, pid_t *children, size_t capacity);

/// Returns true if a process was started with a variable, which is written `NAME=value`. A process that has ended has
/// no variables.
bool f2s_has_variable(pid_t process, const char *variable);

/// Returns the mark with which a launcher has started a process. All descendants of the process inherit it. The mark is
/// the soft RLIMIT_RTTIME, which concerns only processes with real-time scheduling and is too high to be reached. A
/// process that no launcher has started has another value or 0. A process that waits to be reaped keeps its mark.
uint64_t f2s_mark(pid_t process);

/// Returns true if a process has ended and waits to be reaped.
bool f2s_is_zombie(pid_t process);

/// Returns 1 if a child has ended, without reaping it, and 0 if it runs; -1 if it is not a child of this process.
int f2s_has_ended(pid_t child);

/// Writes the inodes of the sockets that a process holds into `inodes`, at most `capacity`. Returns their number.
size_t f2s_socket_inodes(pid_t process, uint64_t *inodes, size_t capacity);

// MARK: spare.c

/// Reserves 16 descriptors, so that the process survives a lack of other descriptors. Without them, libdispatch would
/// end the process in that case if its thread pool is busy.
void f2s_keep_spare_descriptors(void);

// MARK: heap.c

/// Makes the C library map blocks of at least `mapped_bytes_min` bytes individually and create at most `heaps_max`
/// heaps. Returns false if the C library rejects a value.
bool f2s_heap_settings(int mapped_bytes_min, int heaps_max);

// MARK: sockets.c

/// A TCP socket that listens.
struct f2s_listener {
    /// The port in host byte order.
    uint16_t port;
    /// AF_INET or AF_INET6.
    uint8_t family;
    /// True if an AF_INET6 socket accepts no IPv4 connections.
    bool is_v6_only;
    /// The address in network byte order. An IPv4 address uses the first 4 bytes.
    uint8_t address[16];
    /// The inode, as in `socket:[inode]` below `/proc/PID/fd`.
    uint64_t inode;
};

/// Opens a netlink socket for ``f2s_listeners``. Returns -1 with errno if the kernel does not support it.
int f2s_listeners_open(void);

/// Receives one socket at a time.
typedef void (*f2s_listener_visitor)(void *context, const struct f2s_listener *listener);

/// Visits every TCP socket of this network namespace that listens on a port from `first` to `last`, without a limit on
/// their number. Returns 0, or -1 with errno if the kernel does not respond; some sockets may have been visited then.
int f2s_listeners(int netlink, uint16_t first, uint16_t last, f2s_listener_visitor visit, void *context);

/// Returns 0 if TCP port `port` can be bound on all IPv4 addresses now, or an errno. EADDRINUSE means that it is taken.
int f2s_port_probe(uint16_t port);

/// Begins a TCP connection without waiting for its completion. Returns the descriptor, or -1 with errno.
int f2s_connect_begin(const char *ip, uint16_t port);

// MARK: transport.c

/// Accepts a connection. Returns a descriptor that never blocks and is closed on exec, or -1 with errno. `peer` can
/// hold any address.
int f2s_accept(int listener, struct sockaddr_storage *peer);

/// Creates a timer. Returns a descriptor for epoll, or -1 with errno.
int f2s_timer_open(void);

/// Makes the timer readable once after that time. This replaces an earlier setting.
void f2s_timer_set(int timer, int64_t nanoseconds);

/// Creates an object with which another thread can wake this one. Returns a descriptor for epoll, or -1 with errno.
int f2s_wakeup_open(void);

/// Returns the number of processors that this process may use, at least 1: those of its affinity mask, or fewer if its
/// cgroup has a smaller quota.
int f2s_processors(void);

/// Names the calling thread. A name is cut off after 15 bytes.
void f2s_name_thread(const char *name);

/// Asks Linux for slices of 0.1 ms for the calling thread, the shortest ones, instead of 1.4 ms and more. The thread gets
/// the same share of a busy processor, but soon after each event. Linux before 6.12 ignores this, as does a thread with
/// another scheduling policy than the usual one.
void f2s_shorten_slices(void);
