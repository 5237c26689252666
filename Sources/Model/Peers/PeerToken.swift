/// The authentication of F2S processes among each other.
public enum PeerToken {
    /// The header field with the token that all F2S processes share. It is sent only between F2S processes: it is not
    /// accepted from a caller, and a replica does not receive it.
    public static let fieldName = "X-F2S-Token"
}
