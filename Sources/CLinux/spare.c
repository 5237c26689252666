// Once a second, libdispatch, on which Swift runs tasks, checks the threads of a pool that has work left: it opens
// /proc/TID/stat of each thread. If that fails because no descriptor is free, libdispatch ends the process (a trap in
// _dispatch_workq_monitor_pools). It ignores a file that it can open but not read. Therefore the program defines its
// own `open`, which returns a spare descriptor of /dev/null if such a file cannot be opened.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { spares_max = 16 };

// The spare descriptors; 0 for none. Standard input is never a spare.
static atomic_int spares[spares_max];

static void keep(atomic_int *spare) {
    if (atomic_load(spare) != 0) return;
    int descriptor = openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC), none = 0;
    if (descriptor < 0) return;
    if (descriptor == 0 || !atomic_compare_exchange_strong(spare, &none, descriptor)) close(descriptor);
}

void f2s_keep_spare_descriptors(void) {
    for (size_t number = 0; number < spares_max; number++) keep(&spares[number]);
}

static int take_spare(void) {
    for (size_t number = 0; number < spares_max; number++) {
        int descriptor = atomic_exchange(&spares[number], 0);
        if (descriptor > 0) return descriptor;
    }
    return -1;
}

// Returns true if libdispatch opens the status of a thread. F2S itself opens such files with O_CLOEXEC.
static bool is_thread_status(const char *path, int flags) {
    static const char digits[] = "0123456789";
    if (flags != (O_RDONLY | O_NONBLOCK) || strncmp(path, "/proc/", 6) != 0) return false;
    return strcmp(path + 6 + strspn(path + 6, digits), "/stat") == 0;
}

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    int descriptor = openat(AT_FDCWD, path, flags, mode);
    if (descriptor >= 0 || (errno != EMFILE && errno != ENFILE) || !is_thread_status(path, flags)) return descriptor;
    int spare = take_spare();
    // libdispatch has closed the spare that it got before, so a descriptor may be free for a new one.
    if (spare >= 0) f2s_keep_spare_descriptors();
    return spare;
}
