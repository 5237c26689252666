// A library for LD_PRELOAD that counts the heap allocations of a process. It counts every call that allocates memory,
// and stores the sum in the first eight bytes of the file $MALLOC_COUNT_FILE.PID. The file is mapped, so that another
// process can read it at any time without stopping this one. free is not counted and not replaced.
//
// For glibc only: the library calls the allocator by glibc's internal names, because dlsym, the usual way, allocates
// memory itself.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void *__libc_valloc(size_t size);
extern void *__libc_pvalloc(size_t size);

typedef atomic_ullong Count;

// The count before the file exists. It is carried over to the file.
static Count early;
static Count *_Atomic count = &early;

static void add(void) {
    atomic_fetch_add_explicit(atomic_load_explicit(&count, memory_order_acquire), 1, memory_order_relaxed);
}

// Stops counting in a forked child, which shares the mapping and would add its calls to those of its parent.
static void stop_in_child(void) {
    atomic_store(&count, &early);
}

__attribute__((constructor)) static void open_count(void) {
    const char *prefix = getenv("MALLOC_COUNT_FILE");
    char path[4096];
    if (prefix == NULL) return;
    int length = snprintf(path, sizeof path, "%s.%ld", prefix, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof path) return;
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return;
    void *page = MAP_FAILED;
    if (ftruncate(file, sizeof(Count)) == 0) {
        page = mmap(NULL, sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    close(file);
    if (page == MAP_FAILED) return;
    atomic_store((Count *)page, atomic_load(&early));
    atomic_store(&count, (Count *)page);
    pthread_atfork(NULL, NULL, stop_in_child);
}

void *malloc(size_t size) {
    add();
    return __libc_malloc(size);
}

void *calloc(size_t members, size_t size) {
    add();
    return __libc_calloc(members, size);
}

void *realloc(void *block, size_t size) {
    add();
    return __libc_realloc(block, size);
}

void *reallocarray(void *block, size_t members, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(members, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, bytes);
}

void *memalign(size_t alignment, size_t size) {
    add();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    add();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    add();
    int before = errno;
    void *got = __libc_memalign(alignment, size);
    // posix_memalign returns its error and does not change errno.
    errno = before;
    if (got == NULL) return ENOMEM;
    *block = got;
    return 0;
}

void *valloc(size_t size) {
    add();
    return __libc_valloc(size);
}

void *pvalloc(size_t size) {
    add();
    return __libc_pvalloc(size);
}
