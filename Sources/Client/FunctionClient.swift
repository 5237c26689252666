import F2SManifest
public import F2SModel
import FoundationEssentials

/// The REST client behind the command line.
public struct FunctionClient: Sendable {
    /// What a request is sent by.
    let transport: any ClientTransport
    private let server: ServerAddress

    /// A client of `server`. The transport must lead there.
    public init(server: ServerAddress, transport: any ClientTransport) {
        self.server = server
        self.transport = transport
    }

    /// Runs `body` with a client over the network; its connections are closed afterwards.
    public static func connect<Result: Sendable>(
        to server: ServerAddress, _ body: (FunctionClient) async throws -> Result
    ) async throws -> Result {
        try await NetworkTransport.open(to: server) { transport in
            try await body(FunctionClient(server: server, transport: transport))
        }
    }

    /// Functions of one answer: what either side holds of a large installation at once.
    private static let pageLimit = 500

    /// Every function, in the order of the server.
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

    /// One function.
    /// - Throws: ``ClientError/refused(_:)`` with status 404 when there is none of this name.
    public func get(_ name: FunctionName) async throws(ClientError) -> FunctionRecord {
        try await decode(FunctionRecord.self, of: ClientRequest("GET", path(name)))
    }

    /// One function (or all, when `name` is `nil`) as the server writes it: JSON.
    public func document(_ name: FunctionName?) async throws(ClientError) -> [UInt8] {
        try await content(of: ClientRequest("GET", name.map(path) ?? "/functions", fields: Self.acceptJSON))
    }

    /// Creates or replaces a function.
    public func apply(_ draft: FunctionDraft) async throws(ClientError) -> Applied {
        // Only to be able to say "unchanged"; whether the function exists is the server's to decide.
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

    /// Replaces the function's replicas by new ones of the same declaration.
    /// - Throws: ``ClientError/refused(_:)`` with status 404 when there is none of this name.
    public func restart(_ name: FunctionName) async throws(ClientError) {
        _ = try await content(of: writing("POST", path(name) + "/restart", nil))
    }

    /// Why the function is as it is: replicas, load, the autoscaler's decision, and what is in the way.
    public func why(_ name: FunctionName) async throws(ClientError) -> FunctionDiagnosis {
        try await decode(FunctionDiagnosis.self, of: ClientRequest("GET", path(name) + "/why"))
    }

    /// The same as the server writes it.
    public func whyDocument(_ name: FunctionName) async throws(ClientError) -> [UInt8] {
        try await content(of: ClientRequest("GET", path(name) + "/why", fields: Self.acceptJSON))
    }

    /// The installation: version, platform, and which manifests were refused.
    public func cluster() async throws(ClientError) -> ClusterRecord {
        try await decode(ClusterRecord.self, of: ClientRequest("GET", "/cluster"))
    }

    /// Everything about a function that there is to tell.
    public func describe(_ name: FunctionName) async throws(ClientError) -> FunctionDescription {
        let function = try await get(name)
        // What only adds to the picture must not spoil it.
        let diagnosis = try? await why(name)
        let events = (try? await recentEvents()) ?? []
        return FunctionDescription(
            function: function, server: server, diagnosis: diagnosis,
            events: events.filter { $0.function == name.text })
    }

    /// The same as one JSON document: `function`, `why` and `events`, each in the form that it has by itself.
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

    /// Waits until a function that was applied is ready. Where nothing would run, a replica is started once.
    /// - Parameter pause: between two looks.
    /// - Throws: ``ClientError/notReady(function:reason:)`` when time is over or it cannot become ready.
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
                // At every look: a request holds for some seconds only, and a start may take longer.
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

/// What an ``FunctionClient/apply(_:)`` has done.
public struct Applied: Sendable, Hashable {
    /// What has changed.
    public enum Change: String, Sendable, Hashable {
        /// It is new.
        case created
        /// It was there and is different now.
        case configured
        /// It was there and the same.
        case unchanged
    }

    /// The function as stored.
    public let function: FunctionRecord
    /// What has changed.
    public let change: Change
}

extension FunctionClient {
    /// The path of a function; names need no escaping.
    func path(_ name: FunctionName) -> String { "/functions/\(name.text)" }

    /// A name that a server gave.
    func functionName(_ text: String) throws(ClientError) -> FunctionName {
        do {
            return try FunctionName(text)
        } catch {
            throw .notF2S(server: server.text, status: 200, detail: error.description)
        }
    }

    /// The content of an answer with a status below 400.
    func content(of request: ClientRequest) async throws(ClientError) -> [UInt8] {
        let answer = try await success(of: request)
        return try await answer.collect()
    }

    /// The answer, if its status is below 400.
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

    /// A value of an answer with a status below 400.
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
            throw .notF2S(server: server.text, status: answer.status, detail: "its JSON is not what was expected")
        }
    }

    private static let jsonType = "application/json"

    private static var acceptJSON: [(name: String, value: String)] { [("accept", Self.jsonType)] }

    private func writing(_ method: String, _ target: String, _ body: [UInt8]?) -> ClientRequest {
        // The server demands the content type of every route that changes something, also where there is no content.
        ClientRequest(
            method, target, fields: [("content-type", Self.jsonType)],
            content: body.map { .bytes($0) } ?? .none)
    }
}
