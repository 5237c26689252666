#include "CLinux.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

bool f2s_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0; }

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
