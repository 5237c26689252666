import F2SConfig
import F2SDispatcher
import F2SKubernetes
import F2SModel
import Glibc
import Logging

extension PlatformContext {
    /// Creates the context of a Kubernetes cluster. F2S runs in a pod of the cluster or outside of it.
    static func kubernetes(
        _ options: ServeOptions, _ settings: Latest<Settings>, logger: Logger
    ) async throws -> PlatformContext {
        let access = try ClusterAccess.load(kubeconfig: options.kubeconfig, environment: options.environment)
        let namespace = options.ownNamespace
        let (token, source) = try givenToken(options)
        let installation = try await Installation.read(
            access, namespace: namespace, token: token,
            drainAddress: options.drainAddress.map { Replica.Address(ip: $0.host, port: $0.port) }, logger: logger)
        var kubernetesOptions = KubernetesOptions(
            namespace: namespace, functionsNamespace: options.functionsNamespace,
            podName: identity(options.variable("POD_NAME")),
            podIP: options.variable("POD_IP") ?? options.internal.host, token: installation.token,
            internalPort: options.internal.port,
            drainAddress: installation.drainAddress, requestTimeout: { settings.current.timeouts.request },
            drainTimeout: { settings.current.limits.drainTimeout })
        // The limit is shorter than the longest wait of an invocation, so that its caller gets the reason.
        kubernetesOptions.startTimeout = { settings.current.timeouts.scaling * 9 / 10 }
        kubernetesOptions.allowsSecret = { settings.current.allowsSecret($0) }
        kubernetesOptions.runtimeImage = { settings.current.runtimeImages[$0] }
        kubernetesOptions.failover = settings.current.timeouts.failover
        kubernetesOptions.tokenSource = source
        kubernetesOptions.imagePullSecrets = options.pullSecrets
        kubernetesOptions.writesSecrets = options.writesSecrets
        kubernetesOptions.settingsObject = options.settingsObject
        let kubernetes = KubernetesPlatform(access, options: kubernetesOptions, logger: logger)
        return PlatformContext(
            platform: kubernetes.platform, service: kubernetes,
            waitUntilLoaded: { await kubernetes.waitUntilLoaded() }, prepareReplicas: {},
            resign: { await kubernetes.resign() },
            source: { "namespace \(namespace)" }, unit: "resource",
            functionAddresses: kubernetes.functionAddresses,
            // The names of the Services. Only the cluster can resolve them.
            hosts: ["f2s", "f2s-api"].flatMap { ["\($0).\(namespace).svc", "\($0).\(namespace).svc.cluster.local"] },
            storedSettings: kubernetes.settings, report: { await kubernetes.report($0) },
            tokens: kubernetesOptions.tokens, apiTokens: kubernetes.apiTokens,
            archive: kubernetes.archive, initialToken: kubernetes.initialToken, secrets: kubernetes.secrets)
    }

    /// Returns the token that the process was given, if any, and the source of newer tokens.
    /// - Throws: ``ServeError/badToken(_:)``.
    private static func givenToken(
        _ options: ServeOptions
    ) throws(ServeError) -> (token: String?, source: KubernetesOptions.TokenSource) {
        if let path = options.tokenFile {
            // The Secret may not exist yet. The file is read when it appears.
            let token = KubernetesPlatform.token(inFile: path)
            if let token, !PeerTokens.isValid(token) { throw .badToken(path) }
            return (token ?? "", .file(path))
        }
        guard let token = options.variable("F2S_INTERNAL_TOKEN") else { return (nil, .secret) }
        guard PeerTokens.isValid(token) else { throw .badToken("F2S_INTERNAL_TOKEN") }
        return (token, .given)
    }

    /// Reads the settings of the file. If they are rejected, uses those of the ConfigMap, which may be correct by now,
    /// or the last good settings.
    /// - Throws: ``SettingsError`` if the file is rejected and no ConfigMap is configured.
    static func settings(_ options: ServeOptions, logger: Logger) async throws -> SettingsFile {
        // Kubernetes stores API tokens in a Secret.
        let reader = SettingsReader(storesTokens: options.platform == .kubernetes) {
            certificate throws(TLSCertificateError) in _ = try TLSContext(certificate)
        }
        do throws(SettingsError) {
            return try SettingsFile(
                path: options.config, environment: options.environment, reader: reader, logger: logger)
        } catch {
            guard options.platform == .kubernetes, let name = options.settingsObject else { throw error }
            let access = try ClusterAccess.load(kubeconfig: options.kubeconfig, environment: options.environment)
            let stored = await SettingsObject.fetch(
                access, namespace: options.ownNamespace, name: name, logger: logger)
            let file = try SettingsFile(
                path: options.config, environment: options.environment, refused: error, lastGood: stored?.lastGood,
                reader: reader, logger: logger)
            if let text = stored?.text {
                file.apply(text, from: options.settingsLocation(name), lastGood: stored?.lastGood)
            }
            return file
        }
    }

    /// Returns the pod's name or, outside of a pod, the host's name with a random part: two processes on one host must
    /// not mistake each other's lease for their own.
    private static func identity(_ podName: String?) -> String {
        var random = SystemRandomNumberGenerator()
        return KubernetesOptions.identity(podName: podName, hostName: hostName(), random: &random)
    }

    private static func hostName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "f2s" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
