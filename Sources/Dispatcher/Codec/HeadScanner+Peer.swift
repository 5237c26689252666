extension HeadScanner {
    /// Reads a head that arrived on the internal listener, or one that was put together here to be sent to another F2S
    /// process. It may be larger than a client's, because that process has added its own fields.
    mutating func requestOfPeer(_ bytes: Span<UInt8>, length: Int) throws(HeadError) -> RequestHead {
        let own = limits
        limits = own.ofPeers
        defer { limits = own }
        return try request(bytes, length: length)
    }

    /// Lets what says where a request came from go through, where whoever says it is trusted.
    mutating func keepOrigin(_ bytes: Span<UInt8>) {
        for index in fields.indices where Self.saysOrigin(bytes, fields[index].name) { fields[index].isDropped = false }
    }

    /// Lets the token go through, to where it is checked.
    mutating func keepToken(_ bytes: Span<UInt8>) {
        keep(InternalToken.name, bytes)
    }
}

extension HeadLimits {
    /// What a head may grow to that keeps these limits: an F2S process repeats the host, adds ten fields at most, and
    /// writes three bytes for some of the target's.
    var ofPeers: HeadLimits {
        HeadLimits(
            headBytesMax: 2 * (headBytesMax + targetBytesMax) + 2048, targetBytesMax: 3 * targetBytesMax,
            fieldsMax: fieldsMax + 10)
    }
}
