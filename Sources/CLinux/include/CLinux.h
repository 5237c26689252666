#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

// What the Glibc module lacks. Swift cannot call `fork`, and netlink's macros do not reach it.

// MARK: supervise.c

/// Runs `command` in a process group of its own and stays until it and all of its descendants have ended.
///
/// Standard input is the lifeline: when its other end closes, however that happens, everything is killed. SIGTERM,
/// SIGINT, SIGHUP, SIGUSR1 and SIGUSR2 go to the group. Must be called on the main thread of a process that has no
/// other one. Returns the exit status of the command: 128 + signal when a signal ended it, 127 when there is no such
/// program, 126 when it cannot be run, 137 when the lifeline closed.
int f2s_supervise(char *const command[]);

// MARK: launch.c

/// A process that was started, and our ends of its standard streams.
struct f2s_child {
    pid_t process;
    /// Write end of its standard input.
    int input;
    /// Read ends of its standard output and standard error; they do not block.
    int output;
    int error;
};

/// Starts `program` in a process group and, unless it is NULL, a folder of its own, with nothing open but its standard
/// streams. Both lists end in NULL. Returns 0, or an errno; then nothing is left open and nothing runs.
int f2s_launch(
    const char *program, char *const arguments[], char *const environment[], const char *folder,
    struct f2s_child *child);

/// Reaps a child if it has ended. Returns 0 while it runs, 1 when it has exited, 2 when a signal has ended it; `status`
/// is its exit status then, or 128 + signal.
int f2s_reap(pid_t process, int *status);

/// Whether this process could open so many descriptors now, at most 256. They are opened and closed again.
bool f2s_descriptors_are_free(unsigned count);

// MARK: processes.c

/// Makes this process the parent of descendants whose parents have ended (a subreaper, prctl(2)).
bool f2s_adopt_orphans(void);

/// Has SIGTERM sent to this process when its parent ends, however that happens. False: the parent is another one already.
bool f2s_end_with_parent(pid_t parent);

/// `si_code` of a signal that the kernel has sent, as it does for Ctrl-C.
int f2s_signal_from_kernel(void);

/// Makes the environment and the memory of this process unreadable for other processes of the same user, which is what
/// functions are. A program that this process starts is not affected.
bool f2s_hide_memory(void);

/// Writes the children of `parent` into `children`, at most `capacity`; returns how many there are room for.
size_t f2s_children(pid_t parent, pid_t *children, size_t capacity);

/// Returns whether a process was started with a variable, which is written `NAME=value`. A process that has ended has none.
bool f2s_has_variable(pid_t process, const char *variable);

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

/// Makes an object on which another thread can wake this one, as a descriptor for epoll; -1 with errno.
int f2s_wakeup_open(void);

/// Processors that this process may use: those of its affinity mask, less where its cgroup has a quota. At least 1.
int f2s_processors(void);

/// Names the calling thread; what is over 15 bytes is cut off.
void f2s_name_thread(const char *name);
