/// How F2S processes know each other.
public enum PeerToken {
    /// Header field of the token that all of them share. It goes from process to process only: from a caller it is not
    /// taken, and a replica does not get it.
    public static let fieldName = "X-F2S-Token"
}
