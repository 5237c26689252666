import F2SModel

/// The functions by path. Event loops have copies, which share their memory with the original until that is changed. A
/// change copies a block of pointers, and recomputes the changed path only.
///
/// An open-addressed hash table over the bytes of the routes. One pass over a path hashes every prefix that ends at a
/// segment, so that the longest route is found without a copy and without going back.
struct RouteTable: Sendable {
    /// The function that serves a route for one method, or for all. A class, because every invocation retains it: one
    /// reference count instead of one for each member.
    final class Entry: Sendable {
        let handle: FunctionHandle
        let declaration: FunctionHandle.Declaration
        let method: Function.Method?
        /// True if another F2S process serves the function: the request is forwarded as it came.
        let isForward: Bool

        init(handle: FunctionHandle, declaration: FunctionHandle.Declaration, method: Function.Method?) {
            self.handle = handle
            self.declaration = declaration
            self.method = method
            isForward = declaration.path == nil
        }
    }

    enum Match {
        /// `rest` is the position of the part of the path that is appended to the target's path.
        case found(Entry, rest: Int)
        case methodNotAllowed([Function.Method], Entry)
        case notFound
    }

    /// A route and its entries. A class, because a search retains it.
    private final class Bucket: Sendable {
        let path: [UInt8]
        let entries: [Entry]

        init(path: [UInt8], entries: [Entry]) {
            self.path = path
            self.entries = entries
        }
    }

    private static let capacityMin = 16

    private var buckets: [Bucket?] = Array(repeating: nil, count: capacityMin)
    /// The number of used buckets, at most half of all.
    private var count = 0
    private var mask: Int { buckets.count - 1 }

    /// The prefix of all invocations' paths, before the route.
    static let prefix: StaticString = "/invoke"

    /// Returns the path under which a route is invoked.
    static func publicPath(_ route: Route) -> [UInt8] {
        Array("\(prefix)\(route.path == "/" ? "" : route.path)".utf8)
    }

    /// Returns true if a path is that of an invocation.
    static func isInvocation(_ bytes: Span<UInt8>, path: ByteRange) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard path.count >= count, bytes.isExactly(prefix, in: ByteRange(path.lower, path.lower + count)) else {
            return false
        }
        return path.count == count || bytes[path.lower + count] == Octet.slash
    }

    /// Returns the function of the longest route that matches in whole segments, and then by method; never a shorter
    /// route instead.
    /// - Parameter preflight: The method for which a browser asks permission with OPTIONS. The function that would
    ///   serve this method answers the OPTIONS request.
    func match(
        _ bytes: Span<UInt8>, path: ByteRange, method: Function.Method?, preflight: Function.Method? = nil
    ) -> Match {
        let start = path.lower + Self.prefix.utf8CodeUnitCount
        let end = path.upper
        // The route "/" is stored under the empty path, so that it too is a prefix in whole segments.
        var best = find(bytes, start, start, Self.seed)
        var rest = start
        var hash = Self.seed
        var index = start
        while index < end {
            hash = Self.mix(hash, bytes[index])
            index &+= 1
            guard index == end || bytes[index] == Octet.slash else { continue }
            if let bucket = find(bytes, start, index, hash) {
                best = bucket
                rest = index
            }
        }
        guard let best else { return .notFound }
        return choose(best, method, method == .options ? preflight : nil, rest)
    }

    /// Chooses an entry by its method. Works with indices, because an entry that is only inspected need not be
    /// retained.
    private func choose(
        _ bucket: Bucket, _ method: Function.Method?, _ preflight: Function.Method?, _ rest: Int
    ) -> Match {
        let entries = bucket.entries
        func answering(_ method: Function.Method?) -> Int? {
            guard let method else { return nil }
            return entries.indices.first { entries[$0].method == method }
                ?? (method == .head ? entries.indices.first { entries[$0].method == .get } : nil)
        }
        let index =
            answering(method) ?? answering(preflight) ?? entries.indices.last { entries[$0].method == nil }
        if let index { return .found(entries[index], rest: rest) }
        var allowed = entries.compactMap(\.method)
        if allowed.contains(.get), !allowed.contains(.head) { allowed.append(.head) }
        guard let first = entries.first else { return .notFound }
        return .methodNotAllowed(allowed.sorted(), first)
    }

    /// Replaces the entries of a route, each for another method. If there are none, the route is removed.
    mutating func replace(_ route: Route, with entries: [Entry]) {
        let path = route.path == "/" ? [] : Array(route.path.utf8)
        let index = bucketIndex(of: path)
        switch (buckets[index] == nil, entries.isEmpty) {
        case (false, true):
            buckets[index] = nil
            count -= 1
            closeGap(after: index)
        case (true, true): break
        case (false, false): buckets[index] = Bucket(path: path, entries: entries)
        case (true, false):
            buckets[index] = Bucket(path: path, entries: entries)
            count += 1
            if count > buckets.count / 2 { grow() }
        }
    }

    /// Returns the index of a path's bucket, or of a free bucket for it.
    private func bucketIndex(of path: [UInt8]) -> Int {
        var index = Int(truncatingIfNeeded: path.reduce(Self.seed, Self.mix)) & mask
        while let bucket = buckets[index], bucket.path != path { index = (index + 1) & mask }
        return index
    }

    /// Moves displaced entries into a bucket that has become empty.
    private mutating func closeGap(after gap: Int) {
        var index = (gap + 1) & mask
        while let bucket = buckets[index] {
            buckets[index] = nil
            buckets[bucketIndex(of: bucket.path)] = bucket
            index = (index + 1) & mask
        }
    }

    private mutating func grow() {
        let old = buckets
        buckets = Array(repeating: nil, count: old.count * 2)
        for bucket in old.compactMap(\.self) { buckets[bucketIndex(of: bucket.path)] = bucket }
    }

    private func find(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ hash: UInt64) -> Bucket? {
        var index = Int(truncatingIfNeeded: hash) & mask
        while let bucket = buckets[index] {
            if bucket.path.count == end &- start {
                var offset = 0
                while offset < bucket.path.count, bucket.path[offset] == bytes[start &+ offset] { offset &+= 1 }
                if offset == bucket.path.count { return bucket }
            }
            index = (index &+ 1) & mask
        }
        return nil
    }

    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    @inline(__always)
    private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
}

/// The same routes twice: for public connections, and for invocations that other F2S processes forward.
struct RouteTables: Sendable {
    /// The routes of public connections. If another process grants a function's slots, its invocations are forwarded
    /// there.
    var publicRoutes = RouteTable()
    /// The routes of forwarded invocations. This process serves every function.
    var local = RouteTable()
}
