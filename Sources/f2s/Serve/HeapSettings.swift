import CLinux

/// The settings by which the C library returns memory to the system.
enum HeapSettings {
    /// The minimum size of a block with its own memory mapping, which is returned when the block is freed. Large
    /// temporary blocks of the control plane, such as a list of hundreds of functions, would otherwise leave permanent
    /// holes in the heap.
    private static let mappedBytesMin: Int32 = 64 * 1024
    /// The maximum number of heaps. Each heap retains the holes of its threads. The data plane, which has most of the
    /// busy threads, allocates nothing in its steady state, so more heaps would not help.
    private static let heapsMax: Int32 = 2

    /// Applies the settings to all later allocations.
    static func keepSmall() {
        // A failure is ignored: the defaults of the C library work, but use more memory.
        _ = f2s_heap_settings(mappedBytesMin, heapsMax)
    }
}
