import F2SModel

/// The token by which the pods of a function call other functions (`target.identity`). The kubelet requests it for the
/// function's service account, and replaces it before it expires. Kubernetes' own API server refuses it, because of its
/// audience.
enum FunctionIdentity {
    /// The environment variable with the path of the token.
    static let variable = "F2S_TOKEN_FILE"
    /// The path of the token in the container.
    static let tokenPath = "\(folder)/token"

    private static let folder = "/var/run/secrets/f2s"
    private static let volumeName = "f2s-identity"
    /// The lifetime of a token in seconds. The kubelet replaces it after four fifths of this time.
    private static let lifetimeSeconds: Int64 = 3600

    /// The volume of the pod.
    static var volume: JSONValue {
        [
            "name": .string(volumeName),
            "projected": [
                "sources": [
                    [
                        "serviceAccountToken": [
                            "audience": .string(AuthSettings.Issuer.clusterAudience),
                            "expirationSeconds": .integer(lifetimeSeconds),
                            "path": "token",
                        ]
                    ]
                ]
            ],
        ]
    }

    /// The mount of the container.
    static var mount: JSONValue {
        ["name": .string(volumeName), "mountPath": .string(folder), "readOnly": true]
    }
}
