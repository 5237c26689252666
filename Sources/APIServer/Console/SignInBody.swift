import F2SModel
import FoundationEssentials
import NIOCore

/// The body of a sign-in with a password or a token.
struct SignInBody: Decodable {
    private let user: String?
    private let password: String?
    private let token: String?

    /// Returns the credentials of a body, in the form of an Authorization field.
    /// - Throws: A ``Problem`` with status 400 if the body does not contain either a user and a password, or a token.
    static func authorization(of body: ByteBuffer) throws(Problem) -> String {
        guard let content = try? JSONDecoder().decode(Self.self, from: Data(body.readableBytesView)) else {
            throw malformed
        }
        switch (content.user, content.password, content.token) {
        case (let user?, let password?, nil):
            // The first colon ends the user (RFC 7617 section 2), so a part of the name would become the password.
            guard !user.contains(":") else { throw malformed }
            return "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        case (nil, nil, let token?): return "Bearer \(token)"
        default: throw malformed
        }
    }

    private static let malformed = Problem(
        status: 400, title: "The body is malformed",
        detail: "It must be a JSON object with user and password, or with token. A user has no colon.")
}

/// The body of the end of a sign-in at a provider.
struct CallbackBody: Decodable {
    /// The query with which the provider has led the browser back.
    let query: String
    /// The text of the tab that has begun the sign-in.
    let tab: String

    /// - Throws: A ``Problem`` with status 400.
    init(_ body: ByteBuffer) throws(Problem) {
        guard let content = try? JSONDecoder().decode(Self.self, from: Data(body.readableBytesView)) else {
            throw Problem(
                status: 400, title: "The body is malformed", detail: "It must be a JSON object with query and tab.")
        }
        self = content
    }
}
