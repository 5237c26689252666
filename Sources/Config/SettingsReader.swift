import F2SManifest
public import F2SModel

/// Reads settings from the bytes of a file and the environment, which the caller passes, and from the files that they
/// refer to.
public struct SettingsReader: Sendable {
    /// Settings that were read.
    public struct Reading {
        /// The settings.
        public let settings: Settings
        /// For each kind of section that is skipped because this version does not use it, and for settings that are
        /// unsafe.
        public let warnings: [String]
        /// The stamps of the files that the settings refer to; `nil` for a file that does not exist.
        let files: [String: SettingsFileStamp?]
    }

    private let storesTokens: Bool
    /// The files of F2S' pod, if it runs in a Kubernetes cluster.
    var clusterFiles = ClusterIssuer.Files()
    private let checkCertificate: @Sendable (TLSCertificate) throws(TLSCertificateError) -> Void

    /// Creates a reader.
    /// - Parameters:
    ///   - storesTokens: True if the platform stores API tokens without a setting.
    ///   - checkCertificate: Checks a certificate and its key, and throws the reason if listeners cannot use them.
    public init(
        storesTokens: Bool = false,
        checkCertificate: @escaping @Sendable (TLSCertificate) throws(TLSCertificateError) -> Void = { _ in }
    ) {
        self.storesTokens = storesTokens
        self.checkCertificate = checkCertificate
    }

    /// Returns the settings of a file, overridden by the environment. A setting that neither contains has its default.
    /// - Parameters:
    ///   - bytes: the content of the file; `nil` if there is none.
    ///   - location: the name of the file in errors.
    ///   - environment: variables by name. Those named `F2S_…` after a key of the file override it, and
    ///     `Prometheus_URL` sets `prometheus.url`. An empty variable counts as not set.
    /// - Throws: ``SettingsError`` with all errors. Unknown keys are errors, and so are unknown variables that begin
    ///   like a section (`F2S_TIMEOUTS_`). Other unknown variables are ignored, because Kubernetes sets
    ///   `F2S_SERVICE_HOST` and similar ones.
    public func read(
        _ bytes: [UInt8]?, location: String = "config.yaml", environment: [String: String] = [:]
    ) throws(SettingsError) -> Settings {
        try reading(bytes, location: location, environment: environment).settings
    }

    /// Returns the same settings as ``read(_:location:environment:)``, with warnings and the files that they refer to.
    public func reading(
        _ bytes: [UInt8]?, location: String = "config.yaml", environment: [String: String] = [:]
    ) throws(SettingsError) -> Reading {
        var settings = Settings()
        var paths = Paths()
        var references = SettingsReferences(environment: environment, readFile: FileContent.text(of:))
        var found = bytes.map { read(file: $0, location: location, into: &settings, &paths, &references) } ?? []
        found += read(environment, into: &settings, &paths, &references)
        if found.isEmpty {
            let contradictions =
                Self.contradictions(in: settings)
                + settings.auth.contradictions(given: paths.given, storesTokens: storesTokens)
            found = contradictions.map { Rejection(location: location, message: $0) }
            do {
                settings.tls.certificate = try certificate(settings.tls, &references)
                let cluster = ClusterIssuer(files: clusterFiles, environment: environment)
                try complete(&settings.auth, cluster, &references)
            } catch {
                found.append(Rejection(location: location, message: error.message))
            }
        }
        guard found.isEmpty else { throw SettingsError(found) }
        return Reading(
            settings: settings, warnings: SkippedSection.warnings(for: paths.skipped) + settings.auth.warnings,
            files: references.stamps)
    }

    /// Completes the provider that is the cluster, if there is one. Without the method `oidc` it is not used.
    private func complete(
        _ auth: inout AuthSettings, _ cluster: ClusterIssuer, _ references: inout SettingsReferences
    ) throws(YAMLError) {
        guard auth.methods.contains(.oidc), let index = auth.issuers.firstIndex(where: \.isCluster) else { return }
        try cluster.complete(&auth.issuers[index], &references)
        let url = auth.issuers[index].url
        guard !auth.issuers.contains(where: { $0.url == url && !$0.isCluster }) else {
            throw YAMLError(
                "f2s.auth.oidc: the issuer \(url) is the cluster that F2S runs on: leave out kubernetes: true, or the "
                    + "other entry.", at: nil)
        }
    }

    /// Returns the certificate of the listeners; `nil` if the settings have none.
    private func certificate(
        _ settings: TLSSettings, _ references: inout SettingsReferences
    ) throws(YAMLError) -> TLSCertificate? {
        let (chainName, keyName) = ("f2s.tls.certificate_file", "f2s.tls.key_file")
        switch (settings.certificateFile, settings.keyFile) {
        case (nil, nil): return nil
        case (_?, nil), (nil, _?):
            throw YAMLError("\(chainName) and \(keyName) must both be set, or neither of them.", at: nil)
        case (let chainFile?, let keyFile?):
            let chain = try content(of: chainFile, named: chainName, &references)
            let key = try content(of: keyFile, named: keyName, &references)
            let certificate = TLSCertificate(chain: chain, key: Secret(key))
            do {
                try checkCertificate(certificate)
            } catch {
                let (name, file) = error.part == .chain ? (chainName, chainFile) : (keyName, keyFile)
                throw YAMLError("\(name) (\(file)) \(error.description).", at: nil)
            }
            return certificate
        }
    }

    private func content(
        of file: String, named name: String, _ references: inout SettingsReferences
    ) throws(YAMLError) -> String {
        do {
            return try references.content(ofFile: file)
        } catch {
            throw YAMLError("\(name) (\(file)) must be a file that F2S can read: \(error.text).", at: nil)
        }
    }

    /// The paths that a file and the environment contain.
    private struct Paths {
        /// The keys that have a value.
        var given: Set<String> = []
        /// The sections that this version does not use, in their order.
        var skipped: [String] = []
    }

    /// Returns the errors of valid values that do not fit together.
    private static func contradictions(in settings: Settings) -> [String] {
        var messages: [String] = []
        if settings.limits.targetBytesMax > settings.limits.headBytesMax {
            messages.append(
                "f2s.limits.target_bytes (\(settings.limits.targetBytesMax)) must be at most "
                    + "f2s.limits.head_bytes (\(settings.limits.headBytesMax)), of which it is a part.")
        }
        if settings.requiresProxyHeader, settings.trustedProxies.isEmpty {
            messages.append(
                "f2s.proxy_protocol is true, and f2s.trusted_proxies is empty: list the addresses of the proxies that "
                    + "send the header of the PROXY protocol, or set f2s.proxy_protocol to false.")
        }
        return messages
    }

    private func read(
        file bytes: [UInt8], location: String, into settings: inout Settings, _ paths: inout Paths,
        _ references: inout SettingsReferences
    ) -> [Rejection] {
        var errors: [YAMLError] = []
        do {
            let documents = try YAMLReader().documents(bytes)
            if documents.count > 1 {
                errors.append(
                    YAMLError("The file holds \(documents.count) documents: it must hold one.", at: nil))
            }
            if let document = documents.first {
                let resolved = try references.resolved(YAMLCursor(try document.get()))
                read(YAMLCursor(resolved), into: &settings, &errors, &paths)
            }
        } catch {
            errors.append(YAMLError(error, at: nil))
        }
        return errors.map {
            Rejection(location: location, line: $0.position?.line, column: $0.position?.column, message: $0.message)
        }
    }

    /// Reads a value: either a key of the table, or a section with keys.
    private func read(
        _ cursor: YAMLCursor, into settings: inout Settings, _ errors: inout [YAMLError],
        _ paths: inout Paths
    ) {
        let cursor = cursor.hidingSecrets
        do {
            if let key = SettingsKey.all.first(where: { $0.path == cursor.path }) {
                paths.given.insert(key.path)
                try key.read(cursor, &settings)
            } else if SkippedSection.all.contains(where: { $0.path == cursor.path }) {
                if !cursor.isEmpty { paths.skipped.append(cursor.path) }
            } else {
                let section = try cursor.map()
                let known = Self.names(below: cursor.path)
                errors += section.unknownMembers(known: known, elsewhere: SettingsKey.all.map(\.path))
                for name in known {
                    // A key without a value keeps its default.
                    if let member = section[name] { read(member, into: &settings, &errors, &paths) }
                }
            }
        } catch {
            errors.append(YAMLError(error, at: cursor.node.position))
        }
    }

    private func read(
        _ environment: [String: String], into settings: inout Settings, _ paths: inout Paths,
        _ references: inout SettingsReferences
    ) -> [Rejection] {
        let variables = Dictionary(uniqueKeysWithValues: SettingsKey.all.map { ($0.variable, $0) })
        var errors: [Rejection] = []
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where !text.isEmpty {
            guard let key = name == "Prometheus_URL" ? variables["F2S_PROMETHEUS_URL"] : variables[name] else {
                if let section = Self.sectionPrefixes.first(where: { name.hasPrefix($0) }) {
                    let near = NearestName.of(name, among: variables.keys.sorted())
                    let advice = near.map { "did you mean \($0)?" } ?? "no setting of \(section)… has this name."
                    errors.append(Rejection(location: name, message: "The variable is not known: \(advice)"))
                }
                continue
            }
            paths.given.insert(key.path)
            do {
                let node = YAMLNode(.scalar(text, isPlain: true), at: nil)
                let resolved = try references.resolved(YAMLCursor(node, path: key.path))
                try key.read(YAMLCursor(resolved, path: key.path).hidingSecrets, &settings)
            } catch {
                errors.append(Rejection(location: name, message: YAMLError(error, at: nil).message))
            }
        }
        return errors
    }

    /// Returns the names that a section may contain. The root has the empty path.
    private static func names(below path: String) -> [String] {
        let prefix = path.isEmpty ? "" : path + "."
        var names: [String] = []
        for known in SettingsKey.all.map(\.path) + SkippedSection.all.map(\.path) where known.hasPrefix(prefix) {
            let name = String(known.dropFirst(prefix.count).prefix { $0 != "." })
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static let sectionPrefixes = ["F2S_TIMEOUTS_", "F2S_LIMITS_", "F2S_AUTH_", "F2S_PROMETHEUS_"]
}

extension YAMLCursor {
    /// The cursor, whose errors do not repeat the value if it may contain a password or a key.
    fileprivate var hidingSecrets: YAMLCursor {
        // A text in the place of the providers is a variable, which may contain their secrets.
        let isText = if case .scalar = node.content { true } else { false }
        let isSecret =
            ["f2s.auth.basic", "f2s.auth.token"].contains { path.hasPrefix($0) } || path == "f2s.auth.oidc" && isText
        return isSecret ? YAMLCursor(node, path: path, isSecret: true) : self
    }

    /// True if the section is present without any content.
    fileprivate var isEmpty: Bool {
        switch node.content {
        case .map([]), .list([]): true
        default: node.isNull
        }
    }
}
