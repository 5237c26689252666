import F2SModel
import NIOHTTP1
import Synchronization
import Testing

@testable import F2SKubernetes

/// The Secrets and ConfigMaps of an API server that refuses to read a Secret, and checks UIDs as a real one.
final class ScriptedSecrets: Sendable {
    private struct State {
        /// The objects by their paths.
        var objects: [String: JSONValue] = [:]
        var created = 0
        /// The methods of all requests about Secrets.
        var methods: [HTTPMethod] = []
        /// The number of changes of ConfigMaps that fail next.
        var failuresLeft = 0
    }

    private let state = Mutex(State())
    private let isAllowed: Bool

    /// - Parameter isAllowed: False for an API server that refuses every access to Secrets.
    init(isAllowed: Bool = true) { self.isAllowed = isAllowed }

    /// Lets the next change of a ConfigMap fail.
    func failNextRecord() { state.withLock { $0.failuresLeft = 1 } }

    /// The methods of the requests about Secrets.
    var methods: [HTTPMethod] { state.withLock { $0.methods } }

    /// Returns an object; `nil` if there is none.
    func object(_ type: ResourceType, _ name: FunctionSecretName) -> JSONValue? {
        state.withLock { $0.objects[Self.path(type, name.objectName)] }
    }

    /// Stores an object of another client; `nil` deletes the existing one.
    func set(_ object: JSONValue?, _ type: ResourceType, _ name: FunctionSecretName, uid: String = "foreign") {
        var object = object
        if object != nil { object?["metadata"]?["uid"] = .string(uid) }
        state.withLock { $0.objects[Self.path(type, name.objectName)] = object }
    }

    /// Runs `body` with the writer that F2S uses.
    func run(
        allowsSecret: @escaping @Sendable (String) -> Bool = { _ in true },
        _ body: (StoredFunctionSecrets, ScriptedAPIServer) async throws -> Void
    ) async throws {
        try await ScriptedAPIServer.run(script: { self.reply(to: $0) }) { client, server in
            var options = KubernetesOptions(
                namespace: "f2s", functionsNamespace: "run", podName: "a", podIP: "127.0.0.1", token: "t")
            options.allowsSecret = allowsSecret
            try await body(StoredFunctionSecrets(client: client, options: options), server)
        }
    }

    private static func path(_ type: ResourceType, _ name: String) -> String { type.path(namespace: "run", name: name) }

    private func reply(to question: ScriptedAPIServer.Question) -> ScriptedAPIServer.Reply {
        let path = String(question.target.prefix { $0 != "?" })
        let content = (try? JSONValue(decoding: question.body)) ?? [:]
        return state.withLock { state in
            if path.contains("/secrets") {
                state.methods.append(question.method)
                guard isAllowed, [.POST, .PUT, .DELETE].contains(question.method) else {
                    return .error(403, "Forbidden")
                }
            }
            switch question.method {
            case .POST: return Self.create(content, below: path, &state)
            case .PUT: return Self.replace(content, path, &state)
            case .PATCH where state.failuresLeft > 0:
                state.failuresLeft -= 1
                return .error(422, "Invalid")
            case .PATCH: return Self.annotate(content, path, &state)
            case .DELETE: return Self.delete(content, path, &state)
            default: return state.objects[path].map { Self.answer($0) } ?? .error(404, "NotFound")
            }
        }
    }

    private static func create(
        _ object: JSONValue, below path: String, _ state: inout State
    ) -> ScriptedAPIServer.Reply {
        let place = "\(path)/\(object["metadata"]?["name"]?.text ?? "")"
        guard state.objects[place] == nil else { return .error(409, "AlreadyExists") }
        state.created += 1
        var stored = object
        stored["metadata"]?["uid"] = .string("uid-\(state.created)")
        state.objects[place] = stored
        return answer(stored, status: 201)
    }

    private static func replace(_ object: JSONValue, _ path: String, _ state: inout State) -> ScriptedAPIServer.Reply {
        let (named, uid) = (object["metadata"]?["uid"], state.objects[path]?["metadata"]?["uid"])
        // A UID that differs is a conflict, also if there is no object.
        guard named == nil || named == uid else { return .error(409, "Conflict") }
        guard let uid else { return .error(404, "NotFound") }
        var stored = object
        stored["metadata"]?["uid"] = uid
        state.objects[path] = stored
        return answer(stored)
    }

    private static func annotate(_ patch: JSONValue, _ path: String, _ state: inout State) -> ScriptedAPIServer.Reply {
        guard var object = state.objects[path] else { return .error(404, "NotFound") }
        object["metadata"]?["annotations"] = patch["metadata"]?["annotations"]
        state.objects[path] = object
        return answer(object)
    }

    private static func delete(_ options: JSONValue, _ path: String, _ state: inout State) -> ScriptedAPIServer.Reply {
        guard let object = state.objects[path] else { return .error(404, "NotFound") }
        guard options["preconditions"]?["uid"] == object["metadata"]?["uid"] else { return .error(409, "Conflict") }
        state.objects[path] = nil
        return .answer(200, #"{"kind":"Status","status":"Success"}"#)
    }

    private static func answer(_ object: JSONValue, status: Int = 200) -> ScriptedAPIServer.Reply {
        .answer(status, String(decoding: object.encoded(), as: UTF8.self))
    }
}
