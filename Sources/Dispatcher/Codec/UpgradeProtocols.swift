/// The protocols for which a client may leave HTTP (RFC 9110 section 7.8). F2S does not pass any other one on: a
/// replica that accepted it would communicate with the client past methods, paths and limits.
struct UpgradeProtocols {
    static let webSocket = UpgradeProtocols(["websocket"])

    /// The names in lower case.
    private let names: [[UInt8]]

    init(_ names: [String]) { self.names = names.map { Array($0.lowercased().utf8) } }

    /// Returns the first protocol of an Upgrade field that is allowed. A client lists its preferred protocol first.
    func first(in list: ByteRange, of bytes: Span<UInt8>) -> ByteRange? {
        var found: ByteRange?
        HeadScanner.eachElement(bytes, list) { element in
            if found == nil, names.contains(where: { bytes.isCaseInsensitively($0, in: element) }) { found = element }
        }
        return found
    }
}
