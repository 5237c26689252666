import F2SModel
import Synchronization

@testable import F2SAccess

/// Providers in memory: documents by their URLs, and the requests that were made.
final class StubProviders: ProviderTransport {
    private struct State {
        var documents: [String: String] = [:]
        var requests: [ProviderRequest] = []
        var failures: [String: (error: ProviderError, times: Int)] = [:]
        var isDown = false
    }

    private let state = Mutex(State())
    /// Called with each request before it is answered.
    let whenSent = Mutex<(@Sendable (ProviderRequest) async -> Void)?>(nil)

    /// The requests so far.
    var requests: [ProviderRequest] { state.withLock { $0.requests } }

    /// Makes every request fail, or answers requests again.
    var isDown: Bool {
        get { state.withLock { $0.isDown } }
        set { state.withLock { $0.isDown = newValue } }
    }

    /// Makes requests for a URL fail, or succeed again.
    func fail(_ url: String, with error: ProviderError?, times: Int = .max) {
        state.withLock { $0.failures[url] = error.map { ($0, times) } }
    }

    /// Sets the document at a URL.
    func set(_ document: String, at url: String) { state.withLock { $0.documents[url] = document } }

    /// Sets the documents of a provider with these keys.
    func publish(_ keys: [SigningKey], of issuer: String) {
        set(
            #"{"issuer":"\#(issuer)","jwks_uri":"\#(issuer)/jwks","introspection_endpoint":"\#(issuer)/ask"}"#,
            at: "\(issuer)/.well-known/openid-configuration")
        set(#"{"keys":[\#(keys.map(\.json).joined(separator: ","))]}"#, at: "\(issuer)/jwks")
    }

    func send(_ request: ProviderRequest) async throws(ProviderError) -> [UInt8] {
        await whenSent.withLock { $0 }?(request)
        let (failure, document) = state.withLock { state -> (ProviderError?, String?) in
            state.requests.append(request)
            if let failure = state.failures[request.url], failure.times > 0 {
                state.failures[request.url]?.times -= 1
                return (failure.error, nil)
            }
            return (nil, state.isDown ? nil : state.documents[request.url])
        }
        if let failure { throw failure }
        guard let document else { throw .unreachable(url: request.url, reason: "it is down") }
        return Array(document.utf8)
    }

    func close() async {}
}
