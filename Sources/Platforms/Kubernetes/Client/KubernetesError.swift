/// Why the API server did not do what it was asked.
enum KubernetesError: Error, Sendable, Hashable {
    /// It refused, in its own words: HTTP status, the `reason` and `message` of its `Status`, and how long it wants to
    /// be left alone.
    case status(code: Int, reason: String, message: String, retryAfter: Duration? = nil)
    /// It cannot be reached, or the connection was lost before the answer was complete.
    case unreachable(String)
    /// It did not answer in time.
    case timeout(String)
    /// Its answer cannot be understood.
    case malformed(String)
    /// F2S has nothing to identify itself with, or the kubeconfig is wrong.
    case credentials(String)
    /// The caller has given up.
    case cancelled
}

extension KubernetesError {
    /// No such object, or no such kind of object.
    var isNotFound: Bool { code == 404 }
    /// Somebody else has changed the object since it was read, or owns a field of it.
    var isConflict: Bool { code == 409 && reason == "Conflict" }
    /// An object of that name exists.
    var isAlreadyExists: Bool { code == 409 && reason == "AlreadyExists" }
    /// The resource version is too old to begin from: list again.
    var isGone: Bool { code == 410 || reason == "Expired" || reason == "Gone" }
    /// F2S's account may not do it, or an admission rule or a quota forbids it.
    var isForbidden: Bool { code == 403 }
    /// The object breaks the rules of its kind.
    var isInvalid: Bool { code == 422 || code == 400 }

    /// Whether the same call can succeed later without anybody changing anything.
    var isRetryable: Bool {
        switch self {
        case .status(let code, _, _, _): code == 429 || code >= 500
        case .unreachable, .timeout: true
        case .malformed, .credentials, .cancelled: false
        }
    }

    /// The HTTP status; `nil` where there was no answer.
    var code: Int? {
        guard case .status(let code, _, _, _) = self else { return nil }
        return code
    }

    /// The word that the API server has for it.
    var reason: String? {
        guard case .status(_, let reason, _, _) = self else { return nil }
        return reason
    }

    /// How long the API server wants to be left alone.
    var retryAfter: Duration? {
        guard case .status(_, _, _, let retryAfter) = self else { return nil }
        return retryAfter
    }
}

extension KubernetesError: CustomStringConvertible {
    /// What happened and what to do, as the end of a sentence or one of its own.
    var description: String {
        switch self {
        case .status(let code, let reason, let message, _):
            "the API server answered \(code)" + (reason.isEmpty ? "" : " \(reason)")
                + (message.isEmpty ? "" : ": \(message)")
        case .unreachable(let what): "the API server cannot be reached: \(what)"
        case .timeout(let what): "the API server was too slow: \(what)"
        case .malformed(let what): "the API server's answer cannot be understood: \(what)"
        case .credentials(let what): what
        case .cancelled: "the call was given up"
        }
    }
}
