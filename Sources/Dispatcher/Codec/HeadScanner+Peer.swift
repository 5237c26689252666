extension HeadScanner {
    /// Reads a head that arrived on the internal listener. It may be larger than a client's head, because the other F2S
    /// process has added its own fields.
    mutating func requestOfPeer(_ bytes: Span<UInt8>, length: Int) throws(HeadError) -> RequestHead {
        let own = limits
        limits = own.ofPeers
        defer { limits = own }
        return try request(bytes, length: length)
    }

    /// Keeps the fields that report the origin of a request. The caller ensures that their sender is trusted.
    mutating func keepOrigin(_ bytes: Span<UInt8>) {
        for index in fields.indices where Self.saysOrigin(bytes, fields[index].name) { fields[index].isDropped = false }
    }

    /// Keeps the field with the token, which the upstream checks.
    mutating func keepToken(_ bytes: Span<UInt8>) {
        keep(PeerTokenVerifier.name, bytes)
    }
}

extension HeadLimits {
    /// The limits of a head that another F2S process has received within these limits. That process repeats the host,
    /// adds at most ten fields, and writes three bytes for some bytes of the target.
    var ofPeers: HeadLimits {
        HeadLimits(
            headBytesMax: 2 * (headBytesMax + targetBytesMax) + 2048, targetBytesMax: 3 * targetBytesMax,
            fieldsMax: fieldsMax + 10)
    }
}
