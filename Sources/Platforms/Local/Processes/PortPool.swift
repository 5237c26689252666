/// Hands out TCP ports to replicas, each to one at a time.
///
/// The ports lie outside the range from which the kernel takes ports for outgoing connections: who dials a port of that
/// range on which nobody listens yet sooner or later gets it as his own end, and talks to himself.
struct PortPool {
    private let range: ClosedRange<Int>
    private var next: Int
    private var taken: Set<Int> = []

    /// Hands out ports of `range`, beginning at `start` and wrapping around, so that a port is not used again soon.
    init(range: ClosedRange<Int>, start: Int) {
        self.range = range
        next = range.contains(start) ? start : range.lowerBound
    }

    /// The next port that nobody has and that `isFree` confirms; `nil` when there is none.
    /// - Throws: what `isFree` throws: a port that cannot be looked at is not taken.
    mutating func take(isFree: (Int) throws(SystemFailure) -> Bool) throws(SystemFailure) -> Int? {
        for _ in range {
            let port = next
            next = port == range.upperBound ? range.lowerBound : port + 1
            guard !taken.contains(port), try isFree(port) else { continue }
            taken.insert(port)
            return port
        }
        return nil
    }

    /// Takes a port back.
    mutating func giveBack(_ port: Int) { taken.remove(port) }

    /// The ports to hand out, from the text of `/proc/sys/net/ipv4/ip_local_port_range`: from 20000 up to the kernel's
    /// own range where that leaves room, else above it, else below.
    static func range(besides kernelRange: String) -> ClosedRange<Int> {
        let bounds = kernelRange.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        let lower = bounds.count == 2 ? bounds[0] : 32768
        let upper = bounds.count == 2 ? bounds[1] : 60999
        let roomMin = 1000
        if lower - 20000 >= roomMin { return 20000...(lower - 1) }
        if 65535 - upper >= roomMin { return (upper + 1)...65535 }
        if lower - 1024 >= roomMin { return 1024...(lower - 1) }
        // The kernel has taken everything: sharing with it is all that is left.
        return 20000...65535
    }
}
