import F2SModel

/// The `status` of a Function resource, as it is stored in the API.
struct FunctionStatusDocument: Sendable, Hashable, Decodable {
    /// The status of the function, without the rejection.
    var status: FunctionStatus
    /// The errors in the newest declaration, as one text; `nil` if it was accepted.
    var rejection: String?
    /// The time of the rejection, in seconds since 1970.
    var refusedSince: Int64

    /// The type of the condition of a rejected declaration.
    private static let refusedType = Condition.Kind.refused.rawValue
    /// The longest message of a condition that Kubernetes accepts.
    private static let messageMax = 32_768

    /// Creates a document; by default with an empty status.
    init(status: FunctionStatus = FunctionStatus(), rejection: String? = nil, refusedSince: Int64 = 0) {
        self.status = status
        self.rejection = rejection
        self.refusedSince = refusedSince
    }

    private struct Wire: Decodable {
        let observedGeneration: Int?
        let replicas: Int?
        let updatedReplicas: Int?
        let readyReplicas: Int?
        let updatedReadyReplicas: Int?
        let desiredReplicas: Int?
        let url: String?
        let conditions: [WireCondition]?
    }

    private struct WireCondition: Decodable {
        let type: String
        let status: String
        let reason: String?
        let message: String?
        let lastTransitionTime: Timestamp?
    }

    /// Decodes `status`. Conditions of types that F2S does not own are ignored.
    init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        let conditions = wire.conditions ?? []
        status = FunctionStatus(
            observedGeneration: wire.observedGeneration ?? 0, replicas: wire.replicas ?? 0,
            updatedReplicas: wire.updatedReplicas ?? 0, readyReplicas: wire.readyReplicas ?? 0,
            updatedReadyReplicas: wire.updatedReadyReplicas ?? 0, desiredReplicas: wire.desiredReplicas ?? 0,
            url: wire.url ?? "",
            conditions: conditions.compactMap { condition in
                guard let kind = Condition.Kind(rawValue: condition.type), kind != .refused else { return nil }
                return Condition(
                    kind, isTrue: condition.status == "True", reason: condition.reason ?? "",
                    message: condition.message ?? "", since: Int64(condition.lastTransitionTime?.seconds ?? 0))
            })
        let refused = conditions.first { $0.type == Self.refusedType && $0.status == "True" }
        rejection = refused.map { $0.message ?? "" }
        refusedSince = Int64(refused?.lastTransitionTime?.seconds ?? 0)
    }

    /// Returns the patch of the subresource. It contains the resource's UID, so that it cannot change another resource
    /// of the same name.
    /// - Parameter version: the version that the patch was made for. A newer version is not overwritten. `nil`: any
    ///   version.
    func patch(uid: String, version: String? = nil) -> JSONValue {
        var metadata: JSONValue = ["uid": .string(uid)]
        if let version { metadata["resourceVersion"] = .string(version) }
        return [
            "metadata": metadata,
            "status": [
                "observedGeneration": .integer(Int64(status.observedGeneration)),
                "replicas": .integer(Int64(status.replicas)),
                "updatedReplicas": .integer(Int64(status.updatedReplicas)),
                "readyReplicas": .integer(Int64(status.readyReplicas)),
                "updatedReadyReplicas": .integer(Int64(status.updatedReadyReplicas)),
                "desiredReplicas": .integer(Int64(status.desiredReplicas)), "url": .string(status.url),
                "conditions": .array(conditions),
            ],
        ]
    }

    /// The status with the rejection among the other conditions.
    var shown: FunctionStatus {
        guard let rejection else { return status }
        var shown = status
        shown.conditions.append(
            Condition(.refused, isTrue: true, reason: Self.refusedReason, message: rejection, since: refusedSince))
        return shown
    }

    /// Returns the document with another status. The rejection stays as it is.
    func with(_ status: FunctionStatus) -> FunctionStatusDocument {
        var document = self
        document.status = status
        document.status.conditions.removeAll { $0.kind == .refused }
        return document
    }

    private static let refusedReason = "InvalidDeclaration"

    private var conditions: [JSONValue] {
        var conditions = status.conditions.map {
            condition(
                type: $0.kind.rawValue, isTrue: $0.isTrue, reason: $0.reason, message: $0.message, since: $0.since)
        }
        if let rejection {
            conditions.append(
                condition(
                    type: Self.refusedType, isTrue: true, reason: Self.refusedReason, message: rejection,
                    since: refusedSince))
        }
        return conditions
    }

    private func condition(
        type: String, isTrue: Bool, reason: String, message: String, since: Int64
    ) -> JSONValue {
        [
            "type": .string(type), "status": .string(isTrue ? "True" : "False"),
            // The API server requires a reason that is not empty.
            "reason": .string(reason.isEmpty ? "Unknown" : reason), "message": .string(Self.bounded(message)),
            "lastTransitionTime": .string(Timestamp(seconds: Double(since)).text),
            "observedGeneration": .integer(Int64(status.observedGeneration)),
        ]
    }

    private static func bounded(_ message: String) -> String {
        message.utf8.count <= messageMax ? message : String(message.prefix(messageMax / 4))
    }
}
