#define _GNU_SOURCE
#include "CLinux.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int f2s_accept(int listener, struct sockaddr_storage *peer) {
    socklen_t length = sizeof *peer;
    return accept4(listener, (struct sockaddr *)peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int f2s_timer_open(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }

void f2s_timer_set(int timer, int64_t nanoseconds) {
    // A time of 0 would stop the timer.
    if (nanoseconds < 1) nanoseconds = 1;
    struct itimerspec time = {.it_value = {nanoseconds / 1000000000, nanoseconds % 1000000000}};
    timerfd_settime(timer, 0, &time, NULL);
}

int f2s_wakeup_open(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

/// Reads the two numbers of a cgroup's quota from its files. Returns false if there is no quota ("max" or -1).
static bool read_quota(const char *quota_path, const char *period_path, long *quota, long *period) {
    FILE *file = fopen(quota_path, "re");
    if (!file) return false;
    int found = fscanf(file, period_path ? "%ld" : "%ld %ld", quota, period);
    fclose(file);
    if (!period_path) return found == 2 && *quota > 0 && *period > 0;
    if (found != 1 || *quota <= 0 || !(file = fopen(period_path, "re"))) return false;
    found = fscanf(file, "%ld", period);
    fclose(file);
    return found == 1 && *period > 0;
}

int f2s_processors(void) {
    int count = 1;
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 0) count = CPU_COUNT(&allowed);
    long quota = 0, period = 0;
    if (read_quota("/sys/fs/cgroup/cpu.max", NULL, &quota, &period)
        || read_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us", &quota, &period)) {
        // A fraction of a processor counts as a whole one, so that it is used.
        long limit = (quota + period - 1) / period;
        if (limit < count) count = (int)limit;
    }
    return count > 0 ? count : 1;
}

void f2s_name_thread(const char *name) {
    char cut[16];
    snprintf(cut, sizeof cut, "%s", name);
    pthread_setname_np(pthread_self(), cut);
}

// The layout of the kernel's `struct sched_attr`, whose header does not compile beside those of glibc.
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

void f2s_shorten_slices(void) {
    struct scheduling scheduling = {.size = sizeof scheduling};
    if (syscall(SYS_sched_getattr, 0, &scheduling, sizeof scheduling, 0)) return;
    if (scheduling.policy != SCHED_OTHER) return;
    scheduling.runtime = 100 * 1000;
    syscall(SYS_sched_setattr, 0, &scheduling, 0);
}
