/// A hash of everything that a replica is started from: parts of the target (see ``Target/addStart(to:)``), the last
/// requested restart, on Local the working folder, and on Kubernetes the labels and annotations. Functions with the
/// same revision can be served by the same replicas. Everything else (route, limits, scaling) changes without a
/// restart.
public struct Revision: Sendable, Hashable, CustomStringConvertible {
    /// The revision: 16 hexadecimal digits.
    public let text: String

    /// Computes the revision of a target: FNV-1a over its parts, the same in every process and on every machine.
    /// - Parameters:
    ///   - workingFolder: the folder in which the command runs; `nil` on Kubernetes.
    ///   - restartedAt: the last requested restart, in any form; `nil` if there was none.
    ///   - metadata: labels and annotations that the replica carries; none on Local.
    public init(
        of target: Target, in workingFolder: String? = nil, restartedAt: String? = nil,
        carrying metadata: FunctionMetadata = .none
    ) {
        var hash = StableHash()
        target.addStart(to: &hash)
        if let restartedAt { hash.add(list: ["restartedAt", restartedAt]) }
        if let workingFolder { hash.add(list: ["workingFolder", workingFolder]) }
        for (name, values) in [("labels", metadata.labels), ("annotations", metadata.annotations)]
        where !values.isEmpty {
            hash.add(list: [name] + values.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
        }
        text = hash.hexadecimal
    }

    /// Wraps a revision read back from a platform's label.
    public init(text: String) { self.text = text }

    /// The text itself.
    public var description: String { text }
}

/// An FNV-1a hash with 64 bits. `Hasher` is seeded per process, so it cannot name anything that outlives the process.
public struct StableHash: Sendable {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Creates an empty hash.
    public init() {}

    /// Adds a text and an end mark, so that "ab","c" and "a","bc" differ.
    public mutating func add(_ text: String) {
        for byte in text.utf8 { mix(byte) }
        mix(0xFF)
    }

    /// Adds a list and an end mark.
    public mutating func add(list: [String]) {
        for text in list { add(text) }
        mix(0xFE)
    }

    /// The hash as a number.
    public var value: UInt64 { state }

    /// The hash as 16 hexadecimal digits.
    public var hexadecimal: String {
        // Unlike String(_:radix:), this allocates no more than the text needs. Every function holds such a text.
        String(unsafeUninitializedCapacity: 16) { digits in
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: state >> (60 - 4 * UInt64(index))) & 0xF
                digits.initializeElement(at: index, to: digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
            return 16
        }
    }

    /// The hash as at most 13 digits and lower-case letters, which Swift stores without an allocation.
    public var shortText: String { String(state, radix: 36) }

    private mutating func mix(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
    }
}
