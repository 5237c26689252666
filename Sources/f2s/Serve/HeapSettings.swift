import CLinux

/// How the C library gives memory back to the system.
enum HeapSettings {
    /// Blocks from this size on are mapped one by one, and are gone when they are freed: what the control plane makes
    /// of hundreds of functions for a moment, a list or an answer, would otherwise leave holes in the heap for good.
    private static let mappedBytesMin: Int32 = 64 * 1024
    /// Heaps at most. Each keeps the holes of its own threads, and the data plane, which has most of the threads that
    /// matter, allocates nothing in its steady state.
    private static let heapsMax: Int32 = 2

    /// Takes effect for all that is allocated from now on.
    static func keepSmall() {
        // Refused settings leave the C library's own, which are right but for their size.
        _ = f2s_heap_settings(mappedBytesMin, heapsMax)
    }
}
