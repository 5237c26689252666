public import F2SModel
import F2SSystem
public import Logging

/// The properties of its own installation that a process of F2S reads before it serves.
public struct Installation: Sendable {
    /// The token that F2S's processes authenticate to each other with; `nil` if the installation has no Secret for it,
    /// or does not let F2S read it.
    public let token: String?
    /// The address of the internal Service, to which a pod that ends sends its request for a drain; `nil` if there is
    /// none.
    public let drainAddress: Replica.Address?

    /// Name of the internal Service.
    static let serviceName = "f2s-internal"
    /// Longest time for which an unreachable API server is asked again.
    private static let timeout = Duration.seconds(60)

    /// Fetches the values that are not given from the API server.
    /// - Throws: an error with a description of the problem. Errors that are worth a retry are thrown only after a
    ///   minute of retries.
    public static func read(
        _ access: ClusterAccess, namespace: String, token: String?, drainAddress: Replica.Address?, logger: Logger
    ) async throws -> Installation {
        if let token, let drainAddress { return Installation(token: token, drainAddress: drainAddress) }
        let client = KubernetesClient(access, logger: logger)
        do {
            var found = (token: token, address: drainAddress)
            if found.token == nil {
                found.token = try await present("Secret \(GeneratedSecret.internalToken)", logger) {
                    var random = SystemRandomNumberGenerator()
                    return try await GeneratedSecret(
                        client: client, namespace: namespace, name: GeneratedSecret.internalToken
                    ).fetch(orWriting: GeneratedSecret.token(by: &random))
                }
            }
            if found.address == nil {
                found.address = try await present("Service \(serviceName)", logger) {
                    address(of: try await client.get(.services, namespace, serviceName, as: JSONValue.self))
                }
            }
            await client.shutdown()
            return Installation(token: found.token, drainAddress: found.address)
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// Returns the value, or `nil` if the installation does not have it. Retries for ``timeout`` where that may help.
    private static func present<Value: Sendable>(
        _ what: String, _ logger: Logger, _ body: () async throws -> Value?
    ) async throws -> Value? {
        let end = Moment.now.steady + timeout
        var isFirst = true
        while true {
            do {
                let value = try await body()
                if value == nil { logger.warning("\(what) has no usable value; F2S continues without it") }
                return value
            } catch let error as KubernetesError {
                if error.isNotFound || error.isForbidden {
                    logger.warning("\(what) cannot be read; F2S continues without it. \(error)")
                    return nil
                }
                guard error.isRetryable, Moment.now.steady < end else { throw error }
                if isFirst { logger.warning("\(what) cannot be read yet: \(error)") }
                isFirst = false
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Returns the address of a Service, or `nil` if it has no cluster IP.
    static func address(of service: JSONValue) -> Replica.Address? {
        guard let ip = service["spec"]?["clusterIP"]?.text, !ip.isEmpty, ip != "None",
            let port = service["spec"]?["ports"]?[0]?["port"]?.integerValue
        else { return nil }
        return Replica.Address(ip: ip, port: port)
    }
}
