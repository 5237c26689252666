/// The paths whose requests a service worker may intercept (`Service-Worker-Allowed`, Service Workers section 6.1.2).
///
/// Functions and the management API may share an origin. A worker of a function's page must not intercept the pages of
/// the API, which its user may read.
enum ServiceWorkerScope {
    private static let invocations: StaticString = "/invoke/"

    /// Returns true if a scope contains functions only. A path that a browser would change before it uses it does not
    /// count.
    static func isOfFunctions(_ bytes: Span<UInt8>, _ scope: ByteRange) -> Bool {
        let prefixEnd = scope.lower &+ invocations.utf8CodeUnitCount
        guard prefixEnd <= scope.upper, bytes.isExactly(invocations, in: ByteRange(scope.lower, prefixEnd)) else {
            return false
        }
        var isBehindDot = false
        for index in prefixEnd..<scope.upper {
            let isDot = bytes[index] == UInt8(ascii: ".")
            guard isPlain(bytes[index]), !(isDot && isBehindDot) else { return false }
            isBehindDot = isDot
        }
        return true
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), Octet.slash, UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
