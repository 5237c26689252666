/// The little that settings need to know of an `http` URL (RFC 3986 section 3).
enum HTTPAddress {
    /// Whether the text is an `http` or `https` URL with a host, without spaces and control characters.
    static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let authority = authority(of: text)
        else { return false }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return !host.isEmpty && host.first != ":"
    }

    /// The text with the password between `user:` and `@host` replaced by stars.
    static func maskingPassword(_ text: String) -> String {
        guard let authority = authority(of: text), let at = authority.lastIndex(of: "@"),
            let colon = authority[..<at].firstIndex(of: ":")
        else { return text }
        return text[...colon] + "***" + text[at...]
    }

    private static func authority(of text: String) -> Substring? {
        for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
            return text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        }
        return nil
    }
}
