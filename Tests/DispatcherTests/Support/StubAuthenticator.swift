import F2SModel
import Synchronization

/// Accepts `Bearer NAME GROUP…`, where a group is a privilege, for example `functions:invoke`. A verification waits
/// until the test lets it end.
final class StubAuthenticator: Authenticator {
    private struct State {
        var results: [String: Recognition] = [:]
        var isOpen = true
        var waiting: [CheckedContinuation<Void, Never>] = []
        var verifications = 0
    }

    private let state = Mutex(State())
    let isProtected = true
    let methods = [AuthSettings.Method.basic, .token]
    let challenges = ["Basic realm=\"test\"", "Bearer realm=\"test\""]

    /// The number of verifications that have begun.
    var verifications: Int { state.withLock { $0.verifications } }

    /// Makes verifications wait.
    func hold() { state.withLock { $0.isOpen = false } }

    /// Lets all verifications end.
    func release() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func recognize(_ credentials: Span<UInt8>) -> Recognition {
        let text = String(decoding: (0..<credentials.count).map { credentials[$0] }, as: UTF8.self)
        return state.withLock { $0.results[text] ?? .unknown }
    }

    func claimedUser(of credentials: String) -> String? { credentials.hasPrefix("Basic ") ? "claimed" : nil }

    func verify(_ credentials: String?, from client: UInt64?) async throws(CredentialError) -> Principal {
        guard let credentials else { throw .missing }
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                state.verifications += 1
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
        let words = credentials.split(separator: " ").map { String($0) }
        guard words.count >= 2, words[0] == "Bearer" else {
            state.withLock { $0.results[credentials] = .refused(.wrongPassword) }
            throw .wrongPassword
        }
        let groups = Array(words.dropFirst(2))
        let principal = Principal(
            name: words[1], groups: groups, grants: Set(groups.compactMap { try? Grant($0, field: "group") }))
        state.withLock { $0.results[credentials] = .known(principal) }
        return principal
    }
}
