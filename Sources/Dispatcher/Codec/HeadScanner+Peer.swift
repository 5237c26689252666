import F2SModel

extension HeadScanner {
    /// Keeps the fields that report the origin of a request. The caller ensures that their sender is trusted.
    mutating func keepOrigin(_ bytes: Span<UInt8>) {
        for index in fields.indices where Self.saysOrigin(bytes, fields[index].name) { fields[index].isDropped = false }
    }

    /// Keeps the fields that name the caller. The caller of this method ensures that their sender is trusted.
    mutating func keepCaller(_ bytes: Span<UInt8>) {
        for index in fields.indices where Self.saysCaller(bytes, fields[index].name) { fields[index].isDropped = false }
    }

    /// Keeps the field with the token, which the upstream checks.
    mutating func keepToken(_ bytes: Span<UInt8>) {
        keep(PeerTokenVerifier.name, bytes)
    }
}

extension HeadLimits {
    /// The limits of a head that another F2S process has received within these limits. That process repeats the host,
    /// adds at most twelve fields, of which two name the caller, and writes three bytes for some bytes of the target.
    var ofPeers: HeadLimits {
        HeadLimits(
            headBytesMax: 2 * (headBytesMax + targetBytesMax) + 2048 + Principal.fieldBytesMax,
            targetBytesMax: 3 * targetBytesMax, fieldsMax: fieldsMax + 12)
    }
}
