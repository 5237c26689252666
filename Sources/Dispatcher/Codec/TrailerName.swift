/// The name of a trailer, compared with the names that a trailer must not have (RFC 9110 section 6.5.1): fields that
/// frame a message, that belong to one hop, that report the origin or the caller of a request, which F2S itself
/// reports, or that hold cookies, of which F2S removes those of the console. The comparison works byte by byte, because
/// the name may arrive in pieces.
struct TrailerName {
    private static let forbidden: [StaticString] = [
        "connection", "content-length", "proxy-connection", "transfer-encoding", "upgrade", "host", "authorization",
        "forwarded", "x-f2s-user", "x-f2s-groups", "cookie", "set-cookie", "x-forwarded-",
    ]
    /// The index of the last name, which stands for every name that begins with it.
    private static let prefix = forbidden.count - 1

    private var length = 0
    /// A bit for each forbidden name that this one may still become.
    private var candidates: UInt32 = 1 << UInt32(forbidden.count) - 1

    mutating func add(_ byte: UInt8) {
        // Programs that read fields as environment variables do not distinguish these from a dash.
        let byte = byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") ? UInt8(ascii: "-") : Octet.lowercased(byte)
        for (index, name) in Self.forbidden.enumerated() where candidates >> UInt32(index) & 1 == 1 {
            let isSame = name.withUTF8Buffer { name in
                length < name.count ? name[length] == byte : index == Self.prefix
            }
            if !isSame { candidates &= ~(1 << UInt32(index)) }
        }
        length += 1
    }

    var isForbidden: Bool {
        for (index, name) in Self.forbidden.enumerated() where candidates >> UInt32(index) & 1 == 1 {
            if length == name.utf8CodeUnitCount || index == Self.prefix && length > name.utf8CodeUnitCount {
                return true
            }
        }
        return false
    }
}
