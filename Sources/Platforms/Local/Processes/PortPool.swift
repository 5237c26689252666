import F2SSystem

/// Allocates TCP ports to replicas, each to one replica at a time.
///
/// The ports lie outside the range from which the kernel assigns ports to outgoing connections. If a client repeatedly
/// connects to a port of that range on which no process listens, the kernel may assign the same port to the client's
/// own end, and the client is then connected to itself.
struct PortPool {
    private let range: ClosedRange<Int>
    private var next: Int
    private var taken: Set<Int> = []

    /// Creates a pool that allocates the ports of `range` in turn, beginning at `start`, so that a freed port is not
    /// used again soon.
    init(range: ClosedRange<Int>, start: Int) {
        self.range = range
        next = range.contains(start) ? start : range.lowerBound
    }

    /// Allocates the next port that no replica has and for which `isFree` returns true; `nil` if there is none.
    /// - Throws: The error that `isFree` throws. A port that cannot be checked must not count as taken.
    mutating func allocate(isFree: (Int) throws(SystemFailure) -> Bool) throws(SystemFailure) -> Int? {
        for _ in range {
            let port = next
            next = port == range.upperBound ? range.lowerBound : port + 1
            guard !taken.contains(port), try isFree(port) else { continue }
            taken.insert(port)
            return port
        }
        return nil
    }

    /// Continues at a random port. A program that allocates ports in turn, for example a second F2S, also uses the next
    /// ports once it has used one of this pool.
    mutating func jump(using generator: inout some RandomNumberGenerator) {
        next = Int.random(in: range, using: &generator)
    }

    /// Frees a port.
    mutating func giveBack(_ port: Int) { taken.remove(port) }

    /// Returns the range of ports to allocate, given the text of `/proc/sys/net/ipv4/ip_local_port_range`. It is the
    /// first of these with at least 1000 ports: from 20000 up to the kernel's own range, above that range, below it.
    static func range(besides kernelRange: String) -> ClosedRange<Int> {
        let bounds = kernelRange.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        let lower = bounds.count == 2 ? bounds[0] : 32768
        let upper = bounds.count == 2 ? bounds[1] : 60999
        let portsMin = 1000
        if lower - 20000 >= portsMin { return 20000...(lower - 1) }
        if 65535 - upper >= portsMin { return (upper + 1)...65535 }
        if lower - 1024 >= portsMin { return 1024...(lower - 1) }
        // The kernel's range leaves too few ports, so F2S shares it.
        return 20000...65535
    }
}
