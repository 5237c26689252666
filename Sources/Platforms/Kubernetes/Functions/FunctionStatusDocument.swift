import F2SModel

/// `status` of a Function resource: what F2S has found out, as it stands in the API.
struct FunctionStatusDocument: Sendable, Hashable, Decodable {
    /// What F2S itself knows.
    var status: FunctionStatus
    /// Complaints about the newest declaration, as one text; `nil`: it was accepted.
    var refusal: String?
    /// When it was refused, seconds since 1970.
    var refusedSince: Int64

    /// Type of the condition that a refused declaration has.
    private static let refusedType = Condition.Kind.refused.rawValue
    /// Kubernetes' own bound of a condition's message.
    private static let messageMax = 32_768

    /// An empty status.
    init(status: FunctionStatus = FunctionStatus(), refusal: String? = nil, refusedSince: Int64 = 0) {
        self.status = status
        self.refusal = refusal
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

    /// Reads `status`; conditions of other types are not ours to read.
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
        refusal = refused.map { $0.message ?? "" }
        refusedSince = Int64(refused?.lastTransitionTime?.seconds ?? 0)
    }

    /// The patch of the subresource. It bears the resource's UID, so that it cannot hit another one of the same name.
    /// - Parameter version: the version that it was made for: a newer one is not overwritten; `nil`: any.
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

    /// What the function's own status shows: the refusal among the other conditions.
    var shown: FunctionStatus {
        guard let refusal else { return status }
        var shown = status
        shown.conditions.append(
            Condition(.refused, isTrue: true, reason: Self.refusedReason, message: refusal, since: refusedSince))
        return shown
    }

    /// The same with another status; whether the declaration is refused is not for that to say.
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
        if let refusal {
            conditions.append(
                condition(
                    type: Self.refusedType, isTrue: true, reason: Self.refusedReason, message: refusal,
                    since: refusedSince))
        }
        return conditions
    }

    private func condition(
        type: String, isTrue: Bool, reason: String, message: String, since: Int64
    ) -> JSONValue {
        [
            "type": .string(type), "status": .string(isTrue ? "True" : "False"),
            // The API server wants one word at least.
            "reason": .string(reason.isEmpty ? "Unknown" : reason), "message": .string(Self.bounded(message)),
            "lastTransitionTime": .string(Timestamp(seconds: Double(since)).text),
            "observedGeneration": .integer(Int64(status.observedGeneration)),
        ]
    }

    private static func bounded(_ message: String) -> String {
        message.utf8.count <= messageMax ? message : String(message.prefix(messageMax / 4))
    }
}
