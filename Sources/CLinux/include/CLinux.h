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

// MARK: processes.c

/// Writes the children of `parent` into `children`, at most `capacity`; returns how many there are room for.
size_t f2s_children(pid_t parent, pid_t *children, size_t capacity);

/// Writes the inodes of the sockets that a process holds into `inodes`, at most `capacity`; returns how many.
size_t f2s_socket_inodes(pid_t process, uint64_t *inodes, size_t capacity);

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

/// Writes the TCP sockets of this network namespace that listen into `listeners`, at most `capacity`.
/// Returns how many there are room for; -1 with errno when the kernel does not answer.
ssize_t f2s_listeners(int netlink, struct f2s_listener *listeners, size_t capacity);

/// Whether TCP port `port` can be bound on every IPv4 address now.
bool f2s_port_is_free(uint16_t port);

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
