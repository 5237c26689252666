import F2SModel
import NIOHTTP1
import Testing

@testable import F2SKubernetes

/// The token that a process sends to its peers, and the errors that their responses cause.
@Suite struct PeerTrustTests {
    private static func options(_ token: String) -> KubernetesOptions {
        KubernetesOptions(
            namespace: "f2s", functionsNamespace: "run", podName: "f2s-a", podIP: "127.0.0.1", token: token)
    }

    /// Runs `body` with a peer whose internal listener accepts one token.
    private static func run(
        accepting token: String, options: KubernetesOptions, _ body: (PodPeers, Peer) async throws -> Void
    ) async throws {
        try await ScriptedAPIServer.run { question in
            guard question.target == "/load" else { return .answer(200, "{}") }
            let shown = PeerTokens([token]).areShown(by: question.fields.first(name: PeerTokens.fieldName))
            return shown ? .answer(200, "[7]") : .error(403, "Forbidden")
        } _: { client, server in
            // The peer listens on the port that the client already uses.
            try await client.tryList(.pods, "f2s")
            let host = try #require(server.questions.first?.fields.first(name: "Host"))
            let port = try #require(host.split(separator: ":").last.flatMap { Int($0) })
            let peers = PodPeers(client: client, options: options, logger: .silent)
            let peer = Peer(id: "f2s-b", address: Replica.Address(ip: "127.0.0.1", port: port), isReady: true)
            let result: Result<Void, any Error>
            do { result = .success(try await body(peers, peer)) } catch { result = .failure(error) }
            await peers.shutdown()
            try result.get()
        }
    }

    @Test func `a peer with another token rejects a request, and accepts it once the tokens agree`() async throws {
        let options = Self.options("old")
        try await Self.run(accepting: "new", options: options) { peers, peer in
            await #expect(throws: PeerError.refused("f2s-b", status: 403)) {
                _ = try await peers.post(.load, Array("{}".utf8), to: peer, timeout: .seconds(20))
            }
            // While a token is replaced, requests contain both tokens.
            options.tokens.publish(PeerTokens(["old", "new"]))
            let answer = try await peers.post(.load, Array("{}".utf8), to: peer, timeout: .seconds(20))
            #expect(answer == Array("[7]".utf8))
        }
    }

    @Test func `a peer that cannot be reached counts as unreachable and not as refusing`() async throws {
        try await Self.run(accepting: "t", options: Self.options("t")) { peers, peer in
            let unknown = Peer(id: "f2s-b", isReady: true)
            await #expect(throws: PeerError.gone("f2s-b")) {
                _ = try await peers.post(.load, [], to: unknown, timeout: .seconds(20))
            }
            var silent = peer
            // No server listens on the lowest port.
            silent.address = Replica.Address(ip: "127.0.0.1", port: 1)
            let failure = await #expect(throws: PeerError.self) {
                _ = try await peers.post(.load, [], to: silent, timeout: .seconds(20))
            }
            guard case .unreachable("f2s-b", _)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
        }
    }
}
