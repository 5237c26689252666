import FoundationEssentials

/// The text form of bytes in credentials: Base64 (RFC 4648), in the variants that are in use.
enum CredentialText {
    /// Returns bytes as Base64 with padding.
    static func encodePadded(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// Returns bytes as Base64 without padding.
    static func encode(_ bytes: [UInt8]) -> String { String(encodePadded(bytes).prefix { $0 != "=" }) }

    /// Returns bytes as Base64 with the alphabet of URLs and file names, without padding.
    static func encodeURL(_ bytes: [UInt8]) -> String {
        String(encode(bytes).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// Decodes Base64 with or without padding; `nil` if the text is not Base64.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let digits = text.prefix { $0 != "=" }
        // One text of the same bytes only, so that one credential has one place in the cache.
        guard text.utf8.count - digits.utf8.count <= 2, text.dropFirst(digits.count).allSatisfy({ $0 == "=" }) else {
            return nil
        }
        let padding = String(repeating: "=", count: (4 - digits.utf8.count % 4) % 4)
        return Data(base64Encoded: digits + padding).map { Array($0) }
    }

    /// Decodes Base64 with the alphabet of URLs and file names, without padding; `nil` if the text is not that.
    static func decodeURL(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") })
        else { return nil }
        let digits = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        return decode(String(decoding: digits, as: UTF8.self))
    }
}
