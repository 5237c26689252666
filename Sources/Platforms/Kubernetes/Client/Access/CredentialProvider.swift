import F2SSystem
import NIOSSL
import Synchronization

/// The credentials of a request.
struct Credential: Sendable {
    /// The bearer token.
    var token: String?
    /// The client certificate and the trusted certificate authorities.
    var tls: TLSConfiguration
}

/// Provides the current credential. When it expires, the provider reads the files or runs the plugin again, and never
/// performs two renewals at the same time.
final class CredentialProvider: Sendable {
    /// The time for which a credential from files is used. The kubelet replaces a token long before it expires.
    static let filesLast = Duration.seconds(60)
    /// The time before its expiry at which a plugin's credential is renewed, in seconds.
    static let earlier = 30.0

    private struct State {
        var credential: Credential?
        var expires: Duration = .zero
        var isRenewing = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// The error of the newest renewal. A caller that waited for that renewal throws this error and does not try
        /// again.
        var failure: KubernetesError?
        /// The number of renewals so far.
        var renewals = 0
    }

    private let access: ClusterAccess
    private let timing: Timing
    private let state = Mutex(State())

    init(_ access: ClusterAccess, timing: Timing) {
        self.access = access
        self.timing = timing
    }

    /// Discards the credential, because the API server no longer accepts it.
    func forget() { state.withLock { $0.credential = nil } }

    /// Returns the current credential, renewed if necessary.
    func current() async throws(KubernetesError) -> Credential {
        enum Turn {
            case have(Credential), failed(KubernetesError), renew, wait
        }
        let now = timing.now()
        let seen = state.withLock { $0.renewals }
        while true {
            let turn: Turn = state.withLock { state in
                if let credential = state.credential, now < state.expires { return .have(credential) }
                if state.renewals > seen, let failure = state.failure { return .failed(failure) }
                if state.isRenewing { return .wait }
                state.isRenewing = true
                return .renew
            }
            switch turn {
            case .have(let credential): return credential
            case .failed(let failure): throw failure
            case .renew: return try await renew()
            case .wait:
                await withCheckedContinuation { continuation in
                    let isOver = state.withLock { state in
                        if state.isRenewing { state.waiting.append(continuation) }
                        return !state.isRenewing
                    }
                    if isOver { continuation.resume() }
                }
            }
        }
    }

    private func renew() async throws(KubernetesError) -> Credential {
        do throws(KubernetesError) {
            let (credential, expires) = try await fetch()
            finish { state in
                state.credential = credential
                state.expires = expires
                state.failure = nil
            }
            return credential
        } catch {
            // A cancelled renewal does not show that renewals fail, so the next caller tries again.
            finish { $0.failure = error == .cancelled ? nil : error }
            throw error
        }
    }

    private func finish(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            state.isRenewing = false
            state.renewals += 1
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func fetch() async throws(KubernetesError) -> (Credential, expires: Duration) {
        var identity = access.identity
        var expires = timing.now() + Self.filesLast
        if let plugin = identity.plugin {
            let answer = try await plugin.run(timing: timing)
            if let token = answer.token { identity.token = .text(token) }
            if let certificate = answer.certificate, let key = answer.key {
                identity.certificate = .bytes(Array(certificate.utf8))
                identity.key = .bytes(Array(key.utf8))
            }
            let lasts = answer.expires.map { $0 - timing.wall() - Self.earlier }
            // A credential without an expiry is used until the API server rejects it.
            expires = timing.now() + .seconds(lasts.map { max(1, $0) } ?? 365 * 86_400)
        }
        let tls = try TLSConfiguration(access.trust, identity)
        return (Credential(token: try identity.currentToken(), tls: tls), expires)
    }
}

extension Identity {
    fileprivate func currentToken() throws(KubernetesError) -> String? {
        switch token {
        case nil: return nil
        case .text(let text): return text
        case .file(let path):
            let text = String(decoding: try Material.file(path).read("token"), as: UTF8.self)
            let token = text.split(whereSeparator: \.isWhitespace).first.map(String.init)
            guard let token else { throw .credentials("The token file \(path) is empty: it must hold a token.") }
            return token
        }
    }
}

extension TLSConfiguration {
    fileprivate init(_ trust: Trust, _ identity: Identity) throws(KubernetesError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        switch trust {
        case .system: break
        case .insecureSkipVerify: configuration.certificateVerification = .none
        case .authorities(let material):
            let bytes = try material.read("certificate authority")
            configuration.trustRoots = .certificates(
                try material.parsed("certificate authority") { try NIOSSLCertificate.fromPEMBytes(bytes) })
        }
        if let chain = identity.certificate, let key = identity.key {
            let chainBytes = try chain.read("client certificate")
            let keyBytes = try key.read("client key")
            configuration.certificateChain = try chain.parsed("client certificate") {
                try NIOSSLCertificate.fromPEMBytes(chainBytes).map { .certificate($0) }
            }
            configuration.privateKey = .privateKey(
                try key.parsed("client key") { try NIOSSLPrivateKey(bytes: keyBytes, format: .pem) })
        }
        self = configuration
    }
}

extension Material {
    /// The largest file that is read, in bytes.
    private static let bytesMax = 1 << 20

    /// The location, for messages.
    private var location: String {
        switch self {
        case .bytes: "in the kubeconfig"
        case .file(let path): "in \(path)"
        }
    }

    /// Returns the bytes.
    /// - Parameter what: the kind of material, for messages.
    func read(_ what: String) throws(KubernetesError) -> [UInt8] {
        switch self {
        case .bytes(let bytes): return bytes
        case .file(let path):
            // A kubeconfig may be a pipe, as in --kubeconfig <(command).
            guard let bytes = try? ReadableFile.read(path, bytesMax: Self.bytesMax + 1, isWaiting: true) else {
                throw .credentials("The \(what) \(path) cannot be read: it must be a file that F2S may read.")
            }
            guard bytes.count <= Self.bytesMax else {
                throw .credentials("The \(what) \(path) has over \(Self.bytesMax) bytes: it must be smaller.")
            }
            return bytes
        }
    }

    fileprivate func parsed<Result>(_ what: String, _ parse: () throws -> Result) throws(KubernetesError) -> Result {
        do {
            return try parse()
        } catch {
            throw .credentials("The \(what) \(location) cannot be read: it must be PEM.")
        }
    }
}
