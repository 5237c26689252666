import F2SManifest
public import F2SModel
import FoundationEssentials

/// The client of the REST API that the command line uses.
public struct FunctionClient: Sendable {
    /// The transport that sends the requests.
    let transport: any ClientTransport
    private let server: ServerAddress

    /// Creates a client of `server`. The transport must connect to that server.
    public init(server: ServerAddress, transport: any ClientTransport) {
        self.server = server
        self.transport = transport
    }

    /// Runs `body` with a client over the network, and closes its connections afterwards. See
    /// ``NetworkTransport/open(to:credentials:caCertificates:_:)``.
    public static func connect<Result: Sendable>(
        to server: ServerAddress, credentials: ClientCredentials? = nil, caCertificates: [UInt8]? = nil,
        _ body: (FunctionClient) async throws -> Result
    ) async throws -> Result {
        try await NetworkTransport.open(to: server, credentials: credentials, caCertificates: caCertificates) {
            transport in
            try await body(FunctionClient(server: server, transport: transport))
        }
    }

    /// The maximum number of functions in one response. It bounds the memory of both sides in a large installation.
    private static let pageLimit = 500

    /// Returns every function, in the order of the server.
    public func list() async throws(ClientError) -> [FunctionRecord] {
        var found: [FunctionRecord] = []
        var token = ""
        repeat {
            let next = token.isEmpty ? "" : "&continue=\(token)"
            let page = try await decode(
                ItemList<FunctionRecord>.self, of: ClientRequest("GET", "/functions?limit=\(Self.pageLimit)\(next)"))
            found += page.items
            token = page.metadata?.next ?? ""
        } while !token.isEmpty
        return found
    }

    /// Returns one function.
    /// - Throws: ``ClientError/refused(_:)`` with status 404 when there is none of this name.
    public func get(_ name: FunctionName) async throws(ClientError) -> FunctionRecord {
        try await decode(FunctionRecord.self, of: ClientRequest("GET", path(name)))
    }

    /// Returns the server's JSON of one function, or of all functions when `name` is `nil`.
    public func document(_ name: FunctionName?) async throws(ClientError) -> [UInt8] {
        try await content(of: ClientRequest("GET", name.map(path) ?? "/functions", fields: Self.acceptJSON))
    }

    /// Creates or replaces a function.
    public func apply(_ draft: FunctionDraft) async throws(ClientError) -> Applied {
        // This request serves only to report "unchanged". The server decides if the function exists.
        let known = try? await get(draft.name)
        let answer = try await success(of: writing("PUT", path(draft.name), Array(ManifestWriter().json(draft).utf8)))
        let stored = try await decode(FunctionRecord.self, from: answer)
        if answer.status == 201 { return Applied(function: stored, change: .created) }
        let isUnchanged = known?.metadata.generation != nil && known?.metadata.generation == stored.metadata.generation
        return Applied(function: stored, change: isUnchanged ? .unchanged : .configured)
    }

    /// Removes a function.
    /// - Throws: ``ClientError/refused(_:)`` with status 404 when there is none of this name.
    public func delete(_ name: FunctionName) async throws(ClientError) {
        _ = try await content(of: writing("DELETE", path(name), nil))
    }

    /// Replaces the function's replicas with new ones of the same declaration.
    /// - Throws: ``ClientError/refused(_:)`` with status 404 when there is none of this name.
    public func restart(_ name: FunctionName) async throws(ClientError) {
        _ = try await content(of: writing("POST", path(name) + "/restart", nil))
    }

    /// Returns the diagnosis of a function: replicas, load, the autoscaler's decision, and the last start failure.
    public func why(_ name: FunctionName) async throws(ClientError) -> FunctionDiagnosis {
        try await decode(FunctionDiagnosis.self, of: ClientRequest("GET", path(name) + "/why"))
    }

    /// Returns the server's JSON of the diagnosis.
    public func whyDocument(_ name: FunctionName) async throws(ClientError) -> [UInt8] {
        try await content(of: ClientRequest("GET", path(name) + "/why", fields: Self.acceptJSON))
    }

    /// Returns the version, the platform and the rejected manifests of the installation.
    public func cluster() async throws(ClientError) -> ClusterRecord {
        try await decode(ClusterRecord.self, of: ClientRequest("GET", "/cluster"))
    }

    /// Returns the providers at which a user of the command line may sign in.
    public func signInProviders() async throws(ClientError) -> [SignInProvider] {
        try await decode(ItemList<SignInProvider>.self, of: ClientRequest("GET", "/auth/providers")).items
    }

    /// Returns the caller, as the server knows it by the credentials.
    public func caller() async throws(ClientError) -> CallerRecord {
        try await decode(CallerRecord.self, of: ClientRequest("GET", "/users/me"))
    }

    /// Returns a function with its diagnosis and its events.
    public func describe(_ name: FunctionName) async throws(ClientError) -> FunctionDescription {
        let function = try await get(name)
        // The diagnosis and the events are optional: if they fail, the description is shown without them.
        let diagnosis = try? await why(name)
        let events = (try? await recentEvents()) ?? []
        return FunctionDescription(
            function: function, server: server, diagnosis: diagnosis,
            events: events.filter { $0.function == name.text })
    }

    /// Returns the description as one JSON document with the members `function`, `why` and `events`, each in the form
    /// that the API gives it.
    public func descriptionDocument(_ name: FunctionName) async throws(ClientError) -> [UInt8] {
        let function = try await document(name)
        var text = "{\"function\":\(String(decoding: function, as: UTF8.self))"
        if let why = try? await whyDocument(name) { text += ",\"why\":\(String(decoding: why, as: UTF8.self))" }
        let events = ((try? await recentEvents()) ?? []).filter { $0.function == name.text }
        if let list = try? JSONEncoder().encode(events) {
            text += ",\"events\":\(String(decoding: list, as: UTF8.self))"
        }
        return Array((text + "}").utf8)
    }

    /// Waits until an applied function is ready. If nothing keeps a replica running, requests one at each poll.
    /// - Parameter pause: The time between two polls.
    /// - Throws: ``ClientError/notReady(function:reason:)`` after the timeout, or when it cannot become ready.
    public func waitUntilReady(
        _ applied: FunctionRecord, goal: WaitGoal = .ready, timeout: Duration, pause: Duration = .milliseconds(200)
    ) async throws(ClientError) {
        let name = try functionName(applied.name)
        let deadline = ContinuousClock.now.advanced(by: timeout)
        while true {
            let reason: String
            switch Readiness(of: try await get(name), generation: applied.metadata.generation ?? 0, goal: goal) {
            case .ready:
                return
            case .failed(let reason):
                throw .notReady(function: name.text, reason: reason)
            case .needsStart(let why):
                // Repeat the request at every poll: it is valid for a few seconds only, and a start may take longer.
                _ = try await content(of: writing("POST", path(name) + "/start", nil))
                reason = why
            case .pending(let why):
                reason = why
            }
            guard ContinuousClock.now < deadline, (try? await Task.sleep(for: pause)) != nil else {
                throw .notReady(function: name.text, reason: "waited \(timeout.humanText). \(reason)")
            }
        }
    }
}

/// The result of ``FunctionClient/apply(_:)``.
public struct Applied: Sendable, Hashable {
    /// The effect on the stored function.
    public enum Change: String, Sendable, Hashable {
        /// The function is new.
        case created
        /// The function existed and was changed.
        case configured
        /// The function existed in the same form.
        case unchanged
    }

    /// The function as stored.
    public let function: FunctionRecord
    /// The effect on the stored function.
    public let change: Change
}

extension FunctionClient {
    /// Returns the path of a function. Names need no escaping.
    func path(_ name: FunctionName) -> String { "/functions/\(name.text)" }

    /// Reads a name that the server sent.
    func functionName(_ text: String) throws(ClientError) -> FunctionName {
        do {
            return try FunctionName(text)
        } catch {
            throw .notF2S(server: server.text, status: 200, detail: error.description)
        }
    }

    /// Returns the content of the response, if its status is below 400.
    func content(of request: ClientRequest) async throws(ClientError) -> [UInt8] {
        let answer = try await success(of: request)
        return try await answer.collect()
    }

    /// Returns the response, if its status is below 400.
    func success(of request: ClientRequest) async throws(ClientError) -> ClientAnswer {
        let answer = try await transport.send(request)
        guard answer.status >= 400 else { return answer }
        let bytes = (try? await answer.collect(bytesMax: 1 << 20)) ?? []
        if answer.isOfType(ServerProblem.mediaType), let problem = ServerProblem(json: bytes) {
            throw .refused(problem)
        }
        throw .notF2S(
            server: server.text, status: answer.status,
            detail: String(String(decoding: bytes, as: UTF8.self).onOneLine.prefix(120)))
    }

    /// Decodes the content of the response, if its status is below 400.
    func decode<Value: Decodable>(_ type: Value.Type, of request: ClientRequest) async throws(ClientError) -> Value {
        var request = request
        request.fields += Self.acceptJSON
        return try await decode(type, from: try await success(of: request))
    }

    private func decode<Value: Decodable>(
        _ type: Value.Type, from answer: ClientAnswer
    ) async throws(ClientError) -> Value {
        let bytes = try await answer.collect()
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw .notF2S(server: server.text, status: answer.status, detail: "its JSON has an unexpected form")
        }
    }

    private static let jsonType = "application/json"

    static var acceptJSON: [(name: String, value: String)] { [("accept", Self.jsonType)] }

    /// Returns a request that changes something.
    func writing(_ method: String, _ target: String, _ body: [UInt8]?) -> ClientRequest {
        // The server demands the content type on every route that changes something, even without content.
        ClientRequest(
            method, target, fields: [("content-type", Self.jsonType)],
            content: body.map { .bytes($0) } ?? .none)
    }
}
