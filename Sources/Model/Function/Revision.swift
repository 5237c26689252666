/// Hash of what a replica is started from: command, image, environment, secrets, resources, port, readiness probe, the
/// last restart that was asked for, on Local the working folder, and on Kubernetes the labels and annotations. Two
/// functions with one revision can be served by the same replicas; all else (route, limits, scaling) changes without a
/// restart.
public struct Revision: Sendable, Hashable, CustomStringConvertible {
    /// 16 hexadecimal digits.
    public let text: String

    /// The revision of a target: FNV-1a over its parts, the same in every process and on every machine.
    /// - Parameters:
    ///   - workingFolder: the folder in which the command runs; `nil` on Kubernetes.
    ///   - restartedAt: the last restart that was asked for, in any form.
    ///   - metadata: labels and annotations that the replica carries; none on Local.
    public init(
        of target: Target, in workingFolder: String? = nil, restartedAt: String? = nil,
        carrying metadata: FunctionMetadata = .none
    ) {
        var hash = StableHash()
        hash.add(target.image ?? "")
        hash.add(list: target.command ?? [])
        hash.add(list: target.environment.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
        hash.add(list: target.secrets)
        hash.add(target.resources.cpu?.text ?? "")
        hash.add(target.resources.memory?.text ?? "")
        hash.add("\(target.port)")
        // Parts that not every function has are added only where they are there: the revisions of the others, and with
        // them their replicas, outlive a new version of F2S.
        if let probe = target.readinessProbe {
            hash.add(list: ["readinessProbe", probe.path, "\(probe.timeout.wholeMilliseconds)"])
        }
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

/// FNV-1a with 64 bits. `Hasher` is seeded per process, so it cannot name anything that outlives one.
public struct StableHash: Sendable {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// An empty hash.
    public init() {}

    /// Adds a text and its end, so that "ab","c" and "a","bc" differ.
    public mutating func add(_ text: String) {
        for byte in text.utf8 { mix(byte) }
        mix(0xFF)
    }

    /// Adds a list and its end.
    public mutating func add(list: [String]) {
        for text in list { add(text) }
        mix(0xFE)
    }

    /// The number itself.
    public var value: UInt64 { state }

    /// 16 hexadecimal digits.
    public var hexadecimal: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// At most 13 digits and small letters: a text that Swift keeps without an allocation.
    public var shortText: String { String(state, radix: 36) }

    private mutating func mix(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
    }
}
