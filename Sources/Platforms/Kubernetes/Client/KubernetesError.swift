/// The reason that a call to the API server failed.
enum KubernetesError: Error, Sendable, Hashable {
    /// The API server rejected the request: the HTTP status, the `reason` and `message` of its `Status`, and the time
    /// that it asks clients to wait before a retry.
    case status(code: Int, reason: String, message: String, retryAfter: Duration? = nil)
    /// The API server cannot be reached, or the connection was lost before the response was complete.
    case unreachable(String)
    /// The call did not complete in time.
    case timeout(String)
    /// The response cannot be decoded.
    case malformed(String)
    /// F2S has no usable credentials, or the kubeconfig is invalid.
    case credentials(String)
    /// The call was cancelled.
    case cancelled
}

extension KubernetesError {
    /// True if the object or its resource type does not exist.
    var isNotFound: Bool { code == 404 }
    /// True if another client has changed the object since it was read, or owns one of its fields.
    var isConflict: Bool { code == 409 && reason == "Conflict" }
    /// True if an object of that name exists.
    var isAlreadyExists: Bool { code == 409 && reason == "AlreadyExists" }
    /// True if the resource version has expired. The caller must list again.
    var isGone: Bool { code == 410 || reason == "Expired" || reason == "Gone" }
    /// True if F2S's account may not make the call, or if an admission rule or a quota forbids it.
    var isForbidden: Bool { code == 403 }
    /// True if the object violates the rules of its resource type.
    var isInvalid: Bool { code == 422 || code == 400 }

    /// True if the same call can succeed later without any other change.
    var isRetryable: Bool {
        switch self {
        case .status(let code, _, _, _): code == 429 || code >= 500
        case .unreachable, .timeout: true
        case .malformed, .credentials, .cancelled: false
        }
    }

    /// The HTTP status; `nil` if there was no response.
    var code: Int? {
        guard case .status(let code, _, _, _) = self else { return nil }
        return code
    }

    /// The `reason` of the API server's `Status`; `nil` if there was no response.
    var reason: String? {
        guard case .status(_, let reason, _, _) = self else { return nil }
        return reason
    }

    /// The time that the API server asks clients to wait before a retry; `nil` if it names none.
    var retryAfter: Duration? {
        guard case .status(_, _, _, let retryAfter) = self else { return nil }
        return retryAfter
    }
}

extension KubernetesError: CustomStringConvertible {
    /// A description of the failure, which can end a sentence or form one of its own.
    var description: String {
        switch self {
        case .status(let code, let reason, let message, _):
            "the API server answered \(code)" + (reason.isEmpty ? "" : " \(reason)")
                + (message.isEmpty ? "" : ": \(message)")
        case .unreachable(let what): "the API server cannot be reached: \(what)"
        case .timeout(let what): "the API server was too slow: \(what)"
        case .malformed(let what): "the API server's answer cannot be understood: \(what)"
        case .credentials(let what): what
        case .cancelled: "the call was cancelled"
        }
    }
}
