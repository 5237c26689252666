/// The reason why a Secret of a function was not written or deleted.
public enum FunctionSecretError: Error, Sendable, Hashable {
    /// An object has the name, and F2S has not recorded that it wrote this object for the function.
    case foreign(kind: String, FunctionSecretName, namespace: String)
    /// The setting `f2s.allowed_secrets` does not allow the name.
    case notAllowed(FunctionSecretName)
    /// F2S has written no such Secret.
    case notFound(FunctionSecretName)
    /// The platform refuses the access. The message is the platform's own.
    case forbidden(String, FunctionSecretName, namespace: String)
    /// The platform rejects the Secret for another reason, in its own words.
    case refused(String)
    /// The platform cannot be reached, or another client changes the Secret. A retry may succeed.
    case unavailable(String)

    /// The problem document for this error, with status and sentences.
    public var problem: Problem {
        switch self {
        case .foreign(let kind, let name, let namespace):
            Problem(
                status: 409, title: "The name is already in use",
                detail: "The namespace \(namespace) contains a \(kind) \(name) that F2S does not know as its own, so "
                    + "F2S does not change it. If another request wrote or deleted it just now, repeat the request in "
                    + "a moment. Otherwise choose another name, or delete that object and repeat the "
                    + "request: kubectl --namespace \(namespace) delete \(kind.lowercased()) \(name)",
                reason: "NameTaken", function: name.function)
        case .notAllowed(let name):
            Problem(
                status: 403, title: "The Secret is not allowed",
                detail: "Functions may not name the Secret \(name). Have it, or f2s-secret-*, added to "
                    + "f2s.allowed_secrets.", reason: "SecretNotAllowed", function: name.function)
        case .notFound(let name):
            Problem(
                status: 404, title: "No such Secret",
                detail: "F2S has written no Secret \(name.text) for \(name.function).", function: name.function)
        case .forbidden(let message, let name, let namespace):
            Problem(
                status: 403, title: "F2S may not write the Secret",
                detail: "\(message.sentence) F2S needs the rights to create, update and delete Secrets in the "
                    + "namespace \(namespace), which functionSecrets.enabled of the chart grants. Or create a Secret "
                    + "yourself, and name it in target.envFrom: \(name.command(namespace: namespace))",
                reason: "Forbidden", function: name.function)
        case .refused(let message):
            Problem(status: 422, title: "The Secret is refused", detail: message.sentence)
        case .unavailable(let reason):
            Problem(
                status: 503, title: "The Secret cannot be changed",
                detail: "\(reason.sentence) Repeat the request in a moment.")
        }
    }
}
