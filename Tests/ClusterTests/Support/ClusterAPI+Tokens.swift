import FoundationEssentials
import ProcessSupport
import Testing

// The tokens with which the tests call F2S.
extension ClusterAPI {
    /// Returns the path of the Secret with the first API token of an installation.
    static func initialTokenSecret(in namespace: String) -> String {
        "/api/v1/namespaces/\(namespace)/secrets/f2s-initial-token"
    }

    /// Waits until F2S has issued the first API token of an installation, and returns the text of the token.
    func initialToken(in namespace: String = "f2s") throws -> String {
        let encoded = try eventually("F2S has issued its first token", within: .seconds(60)) { () -> String? in
            let text = try find(Self.initialTokenSecret(in: namespace))?["data"]?["token"]?.text
            return text?.isEmpty == false ? text : nil
        }
        let bytes = try #require(Data(base64Encoded: encoded), "the Secret contains Base64")
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Returns a new token of a service account for an audience. The API server issues it (TokenRequest).
    func token(of account: String, in namespace: String, for audience: String) throws -> String {
        let request = """
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": ["\(audience)"]}}
            """
        let issued = try send("POST", "/api/v1/namespaces/\(namespace)/serviceaccounts/\(account)/token", request)
        return try #require(issued["status"]?["token"]?.text)
    }
}

extension Array where Element == (String, String) {
    /// Returns the fields of a request with this token.
    static func bearer(_ token: String) -> [(String, String)] { [("Authorization", "Bearer \(token)")] }
}
