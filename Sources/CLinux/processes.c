#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

bool f2s_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0; }

bool f2s_end_with_parent(pid_t parent) { return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent; }

int f2s_signal_from_kernel(void) { return SI_KERNEL; }

bool f2s_hide_memory(void) { return prctl(PR_SET_DUMPABLE, 0) == 0; }

/// Reads the start of a file into a text; false when that is not possible.
static bool read_text(const char *path, char *text, size_t capacity) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t count = read(file, text, capacity - 1);
    close(file);
    text[count > 0 ? count : 0] = 0;
    return count >= 0;
}

/// The slow way, for kernels that do not list children: looks at every process there is.
static size_t scan_for_children(pid_t parent, pid_t *children, size_t capacity) {
    DIR *processes = opendir("/proc");
    if (!processes) return 0;
    size_t count = 0;
    for (struct dirent *entry; count < capacity && (entry = readdir(processes));) {
        pid_t process = atoi(entry->d_name);
        char path[64], text[512];
        snprintf(path, sizeof path, "/proc/%d/stat", process);
        if (process <= 0 || !read_text(path, text, sizeof text)) continue;
        // The name stands in brackets and may hold anything, so the fields are counted from the last one.
        char *name_end = strrchr(text, ')');
        int its_parent = 0;
        if (name_end && sscanf(name_end, ") %*c %d", &its_parent) == 1 && its_parent == parent) {
            children[count++] = process;
        }
    }
    closedir(processes);
    return count;
}

size_t f2s_children(pid_t parent, pid_t *children, size_t capacity) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", parent);
    DIR *threads = opendir(path);
    if (!threads) return 0;
    size_t count = 0;
    bool is_listed = true;
    for (struct dirent *entry; is_listed && (entry = readdir(threads));) {
        int thread = atoi(entry->d_name);
        if (thread <= 0) continue;
        char list[96], text[65536];
        snprintf(list, sizeof list, "/proc/%d/task/%d/children", parent, thread);
        if (!read_text(list, text, sizeof text)) {
            // A thread that has ended takes its file along; a kernel without such files has none for any thread.
            snprintf(list, sizeof list, "/proc/%d/task/%d/stat", parent, thread);
            is_listed = access(list, F_OK) != 0;
            continue;
        }
        char *rest = text, *end;
        for (long child; count < capacity && (child = strtol(rest, &end, 10)) > 0; rest = end) {
            children[count++] = (pid_t)child;
        }
    }
    closedir(threads);
    return is_listed ? count : scan_for_children(parent, children, capacity);
}

size_t f2s_socket_inodes(pid_t process, uint64_t *inodes, size_t capacity) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", process);
    DIR *descriptors = opendir(path);
    if (!descriptors) return 0;
    size_t count = 0;
    for (struct dirent *entry; count < capacity && (entry = readdir(descriptors));) {
        char target[64];
        ssize_t length = readlinkat(dirfd(descriptors), entry->d_name, target, sizeof target - 1);
        if (length <= 0) continue;
        target[length] = 0;
        unsigned long long inode;
        if (sscanf(target, "socket:[%llu]", &inode) == 1) inodes[count++] = inode;
    }
    closedir(descriptors);
    return count;
}

bool f2s_has_variable(pid_t process, const char *variable) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    // A variable is up to 128 KiB long, so they are compared byte by byte.
    char piece[4096];
    bool is_equal = true, is_found = false;
    size_t length = strlen(variable), position = 0;
    ssize_t count;
    while (!is_found && (count = read(file, piece, sizeof piece)) > 0) {
        for (ssize_t index = 0; index < count && !is_found; index++) {
            if (piece[index] == 0) {
                is_found = is_equal && position == length;
                is_equal = true;
                position = 0;
            } else {
                is_equal = is_equal && position < length && piece[index] == variable[position];
                position++;
            }
        }
    }
    close(file);
    return is_found;
}

bool f2s_is_zombie(pid_t process) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    if (!read_text(path, text, sizeof text)) return false;
    // The name stands in brackets and may hold anything, so the state is looked for behind the last one.
    char *name_end = strrchr(text, ')');
    return name_end && !strncmp(name_end, ") Z", 3);
}

int f2s_has_ended(pid_t child) {
    siginfo_t found = {0};
    while (waitid(P_PID, (id_t)child, &found, WEXITED | WNOHANG | WNOWAIT) != 0) {
        if (errno != EINTR) return -1;
    }
    return found.si_pid == child;
}
