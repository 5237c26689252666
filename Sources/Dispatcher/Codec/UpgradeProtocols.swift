/// The protocols for which a client may leave HTTP (RFC 9110 section 7.8). F2S does not pass any other one on: a
/// replica that accepted it would communicate with the client past methods, paths and limits.
struct UpgradeProtocols {
    static let webSocket = UpgradeProtocols(["websocket"])

    /// The names in lower case, as they are sent on.
    private let names: [[UInt8]]

    init(_ names: [String]) { self.names = names.map { Array($0.lowercased().utf8) } }

    /// Returns the first protocol of an Upgrade field that is allowed. A client lists its preferred protocol first.
    func first(in list: ByteRange, of bytes: Span<UInt8>) -> [UInt8]? {
        var found: [UInt8]?
        HeadScanner.eachElement(bytes, list) { element in
            if found == nil { found = names.first { bytes.isCaseInsensitively($0, in: element) } }
        }
        return found
    }
}
