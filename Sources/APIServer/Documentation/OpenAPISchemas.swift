import F2SManifest
import F2SModel

/// The JSON schemas of all requests and responses of the REST API (JSON Schema 2020-12, as in OpenAPI 3.1).
enum OpenAPISchemas {
    /// The schemas by name.
    static let all: [String: JSON] = [findings, views, tokens, functions, overview].reduce(declarations) { all, more in
        all.merging(more) { first, _ in first }
    }

    private static let text: JSON = ["type": "string"]
    private static let count: JSON = ["type": "integer", "minimum": 0]
    private static let real: JSON = ["type": "number"]
    private static let flag: JSON = ["type": "boolean"]
    private static let time: JSON = ["type": "string", "format": "date-time"]
    private static let duration: JSON = ["type": "string", "examples": ["500ms", "30s", "1m30s"]]
    private static let texts: JSON = list(text)

    private static func list(_ items: JSON) -> JSON { ["type": "array", "items": items] }
    private static func reference(_ name: String) -> JSON { OperationDocument.schema(name) }

    private static func object(_ members: [String: JSON], required: [String] = []) -> JSON {
        var schema: [String: JSON] = ["type": "object", "properties": .object(members)]
        if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
        return .object(schema)
    }

    /// Returns the schema of `{"items": […]}`. Every list is an object, so that members can be added.
    private static func items(_ items: JSON) -> JSON { object(["items": list(items)], required: ["items"]) }

    /// Returns the schema of a field of the manifest.
    private static func schema(of field: FieldSchema) -> JSON {
        switch field {
        case .text: return text
        case .word(let words): return ["enum": .array(words.map { .string($0) })]
        case .duration: return duration
        case .flag: return flag
        case .wholeNumber(let allowed, let standard):
            var schema: [String: JSON] = [
                "type": "integer", "minimum": .number(allowed.lowerBound), "maximum": .number(allowed.upperBound),
            ]
            schema["default"] = standard.map { .number($0) }
            return .object(schema)
        case .positiveNumber(let maximum):
            return ["type": "number", "exclusiveMinimum": 0, "maximum": .number(maximum)]
        case .list(let element): return list(schema(of: element))
        case .map(let value): return ["type": "object", "additionalProperties": schema(of: value)]
        case .object(let members):
            return object(Dictionary(uniqueKeysWithValues: members.map { ($0.name, schema(of: $0.schema)) }))
        }
    }

    private static let declarations: [String: JSON] = [
        "Name": [
            "type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63, "examples": ["hello"],
        ],
        "Function": object(
            [
                "apiVersion": ["const": "f2s.opensight.ch/v1alpha1"],
                "kind": ["const": "Function"],
                "metadata": object(
                    [
                        "name": reference("Name"), "namespace": text, "uid": text, "generation": count,
                    ], required: ["name"]),
                "spec": object(
                    [
                        "endpoint": ["type": "string", "examples": ["/hello"]],
                        "method": ["enum": .array(Function.Method.allCases.map { .string($0.rawValue) })],
                        "description": text,
                        "access": [
                            "oneOf": [
                                ["enum": ["public", "authenticated"]], object(["groups": texts], required: ["groups"]),
                            ]
                        ],
                        "cors": object(
                            [
                                "origins": texts,
                                "methods": list(
                                    ["enum": .array(Function.Method.allCases.map { .string($0.rawValue) })]),
                                "headers": texts, "credentials": flag,
                            ], required: ["origins"]),
                        "login": flag,
                    ], required: ["endpoint"]),
                "target": reference("Target"),
                "status": ["type": "object", "description": "The state that F2S has observed. Ignored in requests."],
            ], required: ["metadata", "spec", "target"]),
        "Target": schema(of: .target),
        "FunctionList": object(
            [
                "apiVersion": text, "kind": ["const": "FunctionList"],
                "metadata": object(["continue": text, "remainingItemCount": count]),
                "items": list(reference("Function")),
            ], required: ["items"]),
    ]

    private static let findings: [String: JSON] = [
        "Problem": object(
            [
                "title": text, "status": ["type": "integer"], "detail": text,
                "stage": ["enum": .array(Stage.allCases.map { .string($0.rawValue) })],
                "reason": text, "function": text, "exitStatus": ["type": "integer"], "logTail": texts, "errors": texts,
            ], required: ["title", "status", "detail"]),
        "Event": object([
            "sequence": count, "time": time, "function": text, "isWarning": flag, "reason": text, "message": text,
        ]),
        "EventList": items(reference("Event")),
        "LogLine": object(["replica": text, "source": text, "time": time, "text": text]),
        "Condition": object([
            "type": ["enum": .array(Condition.Kind.allCases.map { .string($0.rawValue) })],
            "status": ["enum": ["True", "False", "Unknown"]], "reason": text, "message": text,
            "lastTransitionTime": time,
        ]),
        "StartFailure": object([
            "stage": text, "reason": text, "message": text, "exitStatus": ["type": "integer"], "logTail": texts,
            "sourceError": object(["file": text, "line": count, "message": text]), "isTimeout": flag, "revision": text,
            "attempts": count, "nextAttempt": time, "retryAfterSeconds": count,
        ]),
        "ScaleExplanation": object([
            "function": text, "desired": count, "replicas": count, "ready": count, "reason": text, "message": text,
            "stableConcurrency": real, "panicConcurrency": real, "isPanicking": flag, "time": time,
        ]),
        "ScaleChange": object(["time": time, "from": count, "to": count, "reason": text, "message": text]),
        "Rejection": object(["location": text, "line": count, "column": count, "message": text]),
    ]

    private static let views: [String: JSON] = [
        "FunctionDiagnosis": object([
            "function": text, "url": text, "summary": text, "scale": reference("ScaleExplanation"),
            "decisions": list(reference("ScaleChange")), "conditions": list(reference("Condition")),
            "startFailure": reference("StartFailure"), "load": reference("Load"),
            "replicas": list(reference("ReplicaView")),
        ]),
        "Load": object([
            "inFlight": count, "queued": count, "wantsActivation": flag, "admitted": count, "concurrencySeconds": real,
        ]),
        "ReplicaView": object([
            "id": text, "state": ["enum": .array(Replica.State.allCases.map { .string($0.rawValue) })],
            "address": text, "revision": text, "isCurrent": flag, "processID": count, "inFlight": count, "since": time,
            "remark": text,
        ]),
        "DeploymentList": items(
            object([
                "function": text, "revision": text, "image": text, "command": texts, "desired": count,
                "replicas": count, "ready": count, "draining": count, "minReplicas": count, "maxReplicas": count,
            ])),
        "ServiceList": items(object(["function": text, "route": text, "method": text, "url": text])),
        "EndpointList": items(object(["function": text, "addresses": texts, "notReadyAddresses": texts])),
        "DispatcherView": object([
            "address": text, "loops": count, "connections": count, "upstreamConnections": count, "isDraining": flag,
            "functions": ["type": "object", "additionalProperties": reference("Load")],
        ]),
        "OperatorView": object([
            "isLeader": flag, "functions": list(reference("ScaleExplanation")),
            "startFailures": ["type": "object", "additionalProperties": reference("StartFailure")],
        ]),
        "Caller": object(["Username": text, "Group": text, "groups": texts, "privileges": texts]),
        "SignIn": object(["status": text]),
        "Users": list(object(["Username": text, "Group": text, "groups": texts])),
        "Providers": object([
            "items": list(
                object(["issuer": text, "title": text, "client_id": text, "client_secret": text, "scopes": texts]))
        ]),
        "ClusterView": object([
            "platform": text, "version": text, "isLeader": flag, "peers": texts, "functions": count,
            "rejections": list(reference("Rejection")), "replicas": ["type": "object", "additionalProperties": count],
            "inFlight": count, "queued": count,
            "secrets": object(["namespace": text, "isWritable": flag]),
        ]),
        "Health": object([
            "status": ["enum": ["ok", "degraded"]], "version": text,
            "conditions": list(object(["type": text, "status": text, "reason": text, "message": text])),
        ]),
        "Settings": ["type": "object", "description": "The settings of config.yaml in force, with secrets masked."],
    ]

    private static let tokenMembers: [String: JSON] = [
        "id": text, "name": text, "groups": texts, "created": time, "expires": time,
    ]

    private static let tokens: [String: JSON] = [
        "TokenList": items(object(tokenMembers, required: ["id", "name", "groups", "created"])),
        "CreatedToken": object(
            tokenMembers.merging(["token": text]) { first, _ in first },
            required: ["id", "name", "groups", "created", "token"]),
        "TokenRequest": [
            "type": "object", "additionalProperties": false, "required": ["name"],
            "description": "A name, and either group or groups. Without ttl, the token does not expire.",
            "properties": [
                "name": ["type": "string", "minLength": 1, "maxLength": .number(APIToken.nameLengthMax)],
                "group": text,
                "groups": [
                    "type": "array", "items": text, "minItems": 1, "maxItems": .number(APIToken.groupsMax),
                ],
                "ttl": ["type": "string", "examples": ["24h", "720h"]],
            ],
        ],
    ]
}
