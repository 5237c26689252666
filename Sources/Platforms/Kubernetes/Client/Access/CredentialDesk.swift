import FoundationEssentials
import NIOSSL
import Synchronization

/// What goes with a request.
struct Credential: Sendable {
    /// Bearer token.
    var token: String?
    /// Certificates and trust.
    var tls: TLSConfiguration
}

/// Has the credential that is good now: reads files again, runs the plugin again, and does neither twice at once.
final class CredentialDesk: Sendable {
    /// How long what was read from files is good: the kubelet replaces a token long before it expires.
    static let filesLast = Duration.seconds(60)
    /// How long before its end a plugin's credential is renewed.
    static let earlier = 30.0

    private struct State {
        var credential: Credential?
        var expires: Duration = .zero
        var isRenewing = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Why the newest renewal has failed, and how many there have been: who has waited for it need not try as well.
        var failure: KubernetesError?
        var renewals = 0
    }

    private let access: ClusterAccess
    private let timing: Timing
    private let state = Mutex(State())

    init(_ access: ClusterAccess, timing: Timing) {
        self.access = access
        self.timing = timing
    }

    /// The server does not accept it any more.
    func forget() { state.withLock { $0.credential = nil } }

    /// The credential that is good now.
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
            // Somebody who was cancelled proves nothing: the next one tries.
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
            // One without an end is good until the server refuses it.
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
        case .blind: configuration.certificateVerification = .none
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
    /// Bytes of a file that is worth reading.
    private static let bytesMax = 1 << 20

    /// Where it is, for messages.
    private var place: String {
        switch self {
        case .bytes: "in the kubeconfig"
        case .file(let path): "in \(path)"
        }
    }

    /// Its bytes.
    func read(_ what: String) throws(KubernetesError) -> [UInt8] {
        switch self {
        case .bytes(let bytes): return bytes
        case .file(let path):
            guard let data = FileManager.default.contents(atPath: path) else {
                throw .credentials("The \(what) \(path) cannot be read: it must be a file that F2S may read.")
            }
            guard data.count <= Self.bytesMax else {
                throw .credentials("The \(what) \(path) has over \(Self.bytesMax) bytes: that is none.")
            }
            return [UInt8](data)
        }
    }

    fileprivate func parsed<Result>(_ what: String, _ parse: () throws -> Result) throws(KubernetesError) -> Result {
        do {
            return try parse()
        } catch {
            throw .credentials("The \(what) \(place) cannot be read: it must be PEM.")
        }
    }
}
