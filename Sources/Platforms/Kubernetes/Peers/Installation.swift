public import F2SModel
public import Logging

/// What a process of F2S finds out about its own installation before it serves.
public struct Installation: Sendable {
    /// What F2S's processes show each other; `nil`: the installation has no Secret for it, or lets nobody read it.
    public let token: String?
    /// Where a pod that ends asks for its drain: the address of the internal Service; `nil`: there is none.
    public let drainAddress: Replica.Address?

    /// Name of the internal Service.
    static let serviceName = "f2s-internal"
    /// How long an API server that cannot be reached is asked again.
    private static let patience = Duration.seconds(60)

    /// Asks the API server for what is not given.
    /// - Throws: an error whose description says what is wrong, after a minute of trying again where that may help.
    public static func read(
        _ access: ClusterAccess, namespace: String, token: String?, drainAddress: Replica.Address?, logger: Logger
    ) async throws -> Installation {
        if let token, let drainAddress { return Installation(token: token, drainAddress: drainAddress) }
        let client = KubernetesClient(access, logger: logger)
        do {
            var found = (token: token, address: drainAddress)
            if found.token == nil {
                found.token = try await present("Secret \(InternalToken.secretName)", logger) {
                    var random = SystemRandomNumberGenerator()
                    return try await InternalToken(client: client, namespace: namespace).fetch(random: &random)
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

    /// The value, or `nil` where the installation does without.
    private static func present<Value: Sendable>(
        _ what: String, _ logger: Logger, _ body: () async throws -> Value?
    ) async throws -> Value? {
        let end = Moment.now.steady + patience
        var isFirst = true
        while true {
            do {
                let value = try await body()
                if value == nil { logger.warning("\(what) is not what it should be: F2S goes on without it") }
                return value
            } catch let error as KubernetesError {
                if error.isNotFound || error.isForbidden {
                    logger.warning("\(what) cannot be read: F2S goes on without it. \(error)")
                    return nil
                }
                guard error.isRetryable, Moment.now.steady < end else { throw error }
                if isFirst { logger.warning("\(what) cannot be read yet: \(error)") }
                isFirst = false
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// The address of a Service; `nil`: it has none of its own.
    static func address(of service: JSONValue) -> Replica.Address? {
        guard let ip = service["spec"]?["clusterIP"]?.text, !ip.isEmpty, ip != "None",
            let port = service["spec"]?["ports"]?[0]?["port"]?.integerValue
        else { return nil }
        return Replica.Address(ip: ip, port: port)
    }
}
