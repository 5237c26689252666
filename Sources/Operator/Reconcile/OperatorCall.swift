import F2SModel

/// Something to ask the platform for.
enum OperatorCall: Sendable, Hashable {
    /// `ReplicaRuntime.apply`.
    case apply(Function, count: Int, retiring: [Replica.ID])
    /// `ReplicaRuntime.replace`.
    case replace([Replica.ID], Function.ID)
    /// `ReplicaRuntime.remove`.
    case remove(Function.ID)
    /// `FunctionStore.setStatus`.
    case setStatus(FunctionStatus, Function.ID)

    /// What it is about: calls with one subject never run at once.
    var subject: CallBook.Subject {
        switch self {
        case .apply(let function, _, _): .replicas(function.id)
        case .replace(_, let id): .replicas(id)
        case .remove(let id): .replicas(id)
        case .setStatus(_, let id): .status(id)
        }
    }

    /// The function that it is about.
    var function: Function.ID {
        switch subject {
        case .replicas(let id), .status(let id): id
        }
    }

    /// A metric label.
    var kind: Kind {
        switch self {
        case .apply: .apply
        case .replace: .replace
        case .remove: .remove
        case .setStatus: .setStatus
        }
    }

    /// The closed set of calls, as a metric label.
    enum Kind: String, Sendable, CaseIterable {
        case apply, replace, remove
        case setStatus = "set_status"
    }
}
