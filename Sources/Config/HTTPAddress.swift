/// Functions on `http` URLs that the settings need (RFC 3986 section 3).
enum HTTPAddress {
    /// Returns the URL for a text: the text itself, or with the prefix `http://` if it has no scheme, as
    /// `prometheus:9090` in files of F2S 0.5.
    /// - Returns: `nil` for anything but an `http` or `https` URL with a host, without spaces and control characters.
    static func url(_ text: String) -> String? {
        let url = text.contains("://") || text.hasPrefix("/") ? text : "http://" + text
        return isValid(url) ? url : nil
    }

    /// Returns the scheme, host and port of a URL, in lower case and without a slash at the end; `nil` if the text is
    /// not an `http` or `https` URL, or has a user, a path, a query or a fragment.
    static func origin(_ text: String) -> String? {
        let origin = (text.hasSuffix("/") ? String(text.dropLast()) : text).lowercased()
        guard isValid(origin), let authority = authority(of: origin), origin.hasSuffix("://\(authority)"),
            !authority.contains("@")
        else { return nil }
        return origin
    }

    /// Returns the host of an origin, without the port and without brackets.
    static func host(of origin: String) -> String? {
        authority(of: origin).map { authority in
            if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
            return String(authority.prefix { $0 != ":" })
        }
    }

    private static func isValid(_ url: String) -> Bool {
        guard url.utf8.count <= 2048, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let authority = authority(of: url)
        else { return false }
        let location = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        // The colons of an IPv6 address are in brackets.
        let afterAddress = location.lastIndex(of: "]").map { location[location.index(after: $0)...] } ?? location
        let parts = afterAddress.split(separator: ":", omittingEmptySubsequences: false)
        guard !location.isEmpty, location.first != ":", parts.count <= 2 else { return false }
        return parts.count < 2 || UInt16(parts[1]) != nil
    }

    /// Returns the text with the password between `user:` and `@host` replaced by stars.
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
