#define _GNU_SOURCE
#include "CLinux.h"
#include "numbers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

bool f2s_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0; }

bool f2s_end_with_parent(pid_t parent) { return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent; }

int f2s_signal_from_kernel(void) { return SI_KERNEL; }

bool f2s_hide_memory(void) { return prctl(PR_SET_DUMPABLE, 0) == 0; }

/// Reads the start of a file into a text. Returns false if that is not possible.
static bool read_text(const char *path, char *text, size_t capacity) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t count = read(file, text, capacity - 1);
    close(file);
    text[count > 0 ? count : 0] = 0;
    return count >= 0;
}

/// Finds the children of a process by reading every process. This slow way is for kernels that do not list children.
static ssize_t scan_for_children(pid_t parent, pid_t *children, size_t capacity) {
    DIR *processes = opendir("/proc");
    if (!processes) return -1;
    size_t count = 0;
    bool is_readable = true;
    for (struct dirent *entry; count < capacity && (entry = readdir(processes));) {
        pid_t process = atoi(entry->d_name);
        char path[64], text[512];
        snprintf(path, sizeof path, "/proc/%d/stat", process);
        if (process <= 0) continue;
        if (!read_text(path, text, sizeof text)) {
            // Any other error means that the process has ended.
            if (errno == EMFILE || errno == ENFILE) is_readable = false;
            continue;
        }
        // The name is in brackets and may contain any character, so the fields are counted from the last bracket.
        char *name_end = strrchr(text, ')');
        int its_parent = 0;
        if (name_end && sscanf(name_end, ") %*c %d", &its_parent) == 1 && its_parent == parent) {
            children[count++] = process;
        }
    }
    closedir(processes);
    return is_readable ? (ssize_t)count : -1;
}

size_t f2s_read_numbers(struct f2s_number_reader *reader, pid_t *numbers, size_t capacity) {
    size_t count = 0;
    while (count < capacity) {
        if (reader->position == reader->length) {
            // The kernel returns at most a page per read, so a short read is not the end.
            ssize_t length = read(reader->file, reader->text, sizeof reader->text);
            if (length < 0 && errno == EINTR) continue;
            reader->position = 0;
            reader->length = length > 0 ? (size_t)length : 0;
            if (length <= 0) {
                if (reader->has_number) numbers[count++] = reader->number;
                reader->has_number = false;
                return count;
            }
        }
        char character = reader->text[reader->position++];
        if (character >= '0' && character <= '9') {
            reader->number = (reader->has_number ? reader->number * 10 : 0) + (character - '0');
            reader->has_number = true;
        } else if (reader->has_number) {
            numbers[count++] = reader->number;
            reader->has_number = false;
        }
    }
    return count;
}

int f2s_child_list_open(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    return open(path, O_RDONLY | O_CLOEXEC);
}

size_t f2s_child_list_read(int list, pid_t *children, size_t capacity) {
    if (lseek(list, 0, SEEK_SET) != 0) return 0;
    struct f2s_number_reader reader = {.file = list};
    return f2s_read_numbers(&reader, children, capacity);
}

ssize_t f2s_children(pid_t parent, pid_t *children, size_t capacity) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", parent);
    DIR *threads = opendir(path);
    // A process that has ended has no children.
    if (!threads) return errno == ENOENT ? 0 : -1;
    size_t count = 0;
    bool is_listed = true, is_readable = true;
    for (struct dirent *entry; is_listed && (entry = readdir(threads));) {
        int thread = atoi(entry->d_name);
        if (thread <= 0) continue;
        char list[96];
        snprintf(list, sizeof list, "/proc/%d/task/%d/children", parent, thread);
        struct f2s_number_reader reader = {.file = open(list, O_RDONLY | O_CLOEXEC)};
        if (reader.file < 0 && (errno == EMFILE || errno == ENFILE)) is_readable = false;
        if (reader.file < 0) {
            // Either the thread has ended, or the kernel does not provide such files.
            snprintf(list, sizeof list, "/proc/%d/task/%d/stat", parent, thread);
            is_listed = access(list, F_OK) != 0;
            continue;
        }
        count += f2s_read_numbers(&reader, children + count, capacity - count);
        close(reader.file);
    }
    closedir(threads);
    if (!is_listed) return scan_for_children(parent, children, capacity);
    return is_readable ? (ssize_t)count : -1;
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
    // A variable may be 128 KiB long, so the variables are compared byte by byte.
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
    // The name is in brackets and may contain any character, so the state is read after the last bracket.
    char *name_end = strrchr(text, ')');
    return name_end && !strncmp(name_end, ") Z", 3);
}

uint64_t f2s_mark(pid_t process) {
    struct rlimit limit;
    return prlimit(process, RLIMIT_RTTIME, NULL, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : 0;
}

int f2s_has_ended(pid_t child) {
    siginfo_t found = {0};
    while (waitid(P_PID, (id_t)child, &found, WEXITED | WNOHANG | WNOWAIT) != 0) {
        if (errno != EINTR) return -1;
    }
    return found.si_pid == child;
}
