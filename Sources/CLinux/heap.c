#include "CLinux.h"

#include <malloc.h>

bool f2s_heap_settings(int mapped_bytes_min, int heaps_max) {
    return mallopt(M_MMAP_THRESHOLD, mapped_bytes_min) && mallopt(M_ARENA_MAX, heaps_max);
}
