import F2SModel
import Hummingbird

/// The fields of a request that identify its caller.
struct CallerCredentials: Sendable {
    /// The Authorization field.
    var authorization: String?
    /// The value of X-Forwarded-For, whose last address is that of the dispatcher's client.
    var forwardedFor: String?
    /// The values of the session cookies. A page at another port may have added some.
    var sessionCookies: [String]
    /// The proof of the session.
    var proof: String?

    /// Reads the fields of a request.
    init(_ request: Request) {
        authorization = request.headers[.authorization]
        forwardedFor = request.headers.field("X-Forwarded-For")
        sessionCookies = ConsoleOrigin(request).sessions(in: request.headers)
        proof = request.headers.field(ConsoleSession.proofFieldName)
    }
}
