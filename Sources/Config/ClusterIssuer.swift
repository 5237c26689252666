import F2SManifest
import F2SModel
import FoundationEssentials

/// The Kubernetes cluster that F2S runs on, as a provider of tokens (`kubernetes: true` in `f2s.auth.oidc`).
///
/// The name of a cluster's issuer differs from cluster to cluster, and a pod can see it only in its own tokens. F2S
/// therefore reads it in a token that the kubelet mounts into its pod. The keys come from the API server, because
/// a pod often cannot reach the address that the issuer's name contains.
struct ClusterIssuer {
    /// The files of the pod that F2S runs in.
    struct Files: Sendable {
        /// A token of the cluster's issuer with any audience.
        var token = "/var/run/secrets/f2s/token"
        /// The folder with the credentials of F2S at the API server.
        var account = "/var/run/secrets/kubernetes.io/serviceaccount"
    }

    /// The part of a token's claims that F2S reads.
    private struct Claims: Decodable {
        let iss: String
    }

    let files: Files
    let environment: [String: String]

    /// Sets the URLs of the issuer and of its keys, and the files with the credentials for the API server.
    /// - Throws: An error if F2S does not run in a pod with these files.
    func complete(
        _ issuer: inout AuthSettings.Issuer, _ references: inout SettingsReferences
    ) throws(YAMLError) {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else {
            throw Self.error("needs F2S to run in a pod of the cluster: it has no variable KUBERNETES_SERVICE_HOST")
        }
        let token: String
        do {
            token = try references.content(ofFile: files.token)
        } catch {
            throw Self.error(
                "needs the file \(files.token), a projected token of F2S' service account, which the chart mounts: "
                    + error.text)
        }
        guard let url = Self.issuer(of: token) else {
            throw Self.error("needs a JSON Web Token in \(files.token), whose claim iss is an https URL")
        }
        issuer.url = url
        issuer.keysURL = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)/openid/v1/jwks"
        issuer.caFile = files.account + "/ca.crt"
        issuer.tokenFile = files.account + "/token"
    }

    private static func error(_ requirement: String) -> YAMLError {
        YAMLError(
            "f2s.auth.oidc: the entry with kubernetes: true \(requirement). Without it, service accounts are not "
                + "accepted, and the other methods work.", at: nil)
    }

    /// Returns the issuer of a token, which is not verified, because the kubelet has written the file.
    private static func issuer(of token: String) -> String? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var digits = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/")
        digits += String(repeating: "=", count: (4 - digits.utf8.count % 4) % 4)
        guard let payload = Data(base64Encoded: digits),
            let claims = try? JSONDecoder().decode(Claims.self, from: payload), claims.iss.hasPrefix("https://"),
            AuthSettings.Issuer.isSafe(claims.iss)
        else { return nil }
        return claims.iss
    }
}
