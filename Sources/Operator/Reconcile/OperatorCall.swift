import F2SModel

/// A call to the platform.
enum OperatorCall: Sendable, Hashable {
    /// `ReplicaRuntime.apply`.
    case apply(Function, ReplicaCount, retiring: [Replica.ID])
    /// `ReplicaRuntime.replace`.
    case replace([Replica.ID], Function.ID)
    /// `ReplicaRuntime.remove`.
    case remove(Function.ID)
    /// `FunctionStore.setStatus`.
    case setStatus(FunctionStatus, Function.ID)

    /// The subject of the call. Calls with the same subject are never in flight at the same time.
    var subject: CallLimiter.Subject {
        switch self {
        case .apply(let function, _, _): .replicas(function.id)
        case .replace(_, let id): .replicas(id)
        case .remove(let id): .replicas(id)
        case .setStatus(_, let id): .status(id)
        }
    }

    /// The function that the call is about.
    var function: Function.ID {
        switch subject {
        case .replicas(let id), .status(let id): id
        }
    }

    /// The kind of call.
    var kind: Kind {
        switch self {
        case .apply: .apply
        case .replace: .replace
        case .remove: .remove
        case .setStatus: .setStatus
        }
    }

    /// The kinds of calls: a closed set, because it is a metric label.
    enum Kind: String, Sendable, CaseIterable {
        case apply, replace, remove
        case setStatus = "set_status"
    }
}
