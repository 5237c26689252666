import F2SManifest
import FoundationEssentials

extension Kubeconfig {
    /// Returns the access that a context describes.
    /// - Parameter context: the name of the context; `nil`: the current one.
    func access(context: String? = nil) throws(KubernetesError) -> ClusterAccess {
        do {
            return try read(context: context)
        } catch let error as KubernetesError {
            throw error
        } catch {
            throw .credentials("The kubeconfig \(location) cannot be read: \(error)")
        }
    }

    private func read(context: String?) throws -> ClusterAccess {
        guard let name = context ?? currentContext ?? (contexts.count == 1 ? contexts.keys.first : nil) else {
            throw error("names no current-context: set one with `kubectl config use-context`")
        }
        guard let chosen = contexts[name] else { throw error("has no context \"\(name)\"\(known(contexts))") }
        let clusterName = try chosen.fields.required("cluster", "be the name of a cluster").text()
        guard let cluster = clusters[clusterName] else {
            throw error("has no cluster \"\(clusterName)\"\(known(clusters))")
        }
        var server = try ServerEndpoint(try cluster.fields.required("server", "be the server's URL").text())
        server.serverName = try cluster.fields["tls-server-name"]?.text()
        if let proxy = try cluster.fields["proxy-url"]?.text() { try server.pass(by: proxy) }
        let userName = try chosen.fields["user"]?.text()
        var identity = Identity.anonymous
        if let userName {
            guard let user = users[userName] else { throw error("has no user \"\(userName)\"\(known(users))") }
            identity = try self.identity(of: user, cluster: cluster)
        }
        return ClusterAccess(
            server: server, trust: try trust(cluster), identity: identity,
            namespace: try chosen.fields["namespace"]?.text(), origin: "context \(name) of \(location)")
    }

    private func trust(_ cluster: Entry) throws -> Trust {
        if try cluster.fields["insecure-skip-tls-verify"]?.flag() == true { return .insecureSkipVerify }
        return try material("certificate-authority", of: cluster).map { .authorities($0) } ?? .system
    }

    private func identity(of user: Entry, cluster: Entry) throws -> Identity {
        for field in ["auth-provider", "username", "as", "as-uid", "as-groups", "as-user-extra"] {
            if let found = user.fields[field] {
                throw found.error(
                    "be absent, because F2S supports only tokens, client certificates and exec plugins")
            }
        }
        var identity = Identity()
        // `tokenFile` takes precedence over `token`, which may be an old copy of the file's content.
        if let path = try user.fields["tokenFile"]?.text() {
            identity.token = .file(absolute(path, user.folder))
        } else if let token = try user.fields["token"]?.text() {
            identity.token = .text(token)
        }
        identity.certificate = try material("client-certificate", of: user)
        identity.key = try material("client-key", of: user)
        guard (identity.certificate == nil) == (identity.key == nil) else {
            throw error("has a user with only one of client-certificate and client-key: both are needed")
        }
        if let exec = user.fields["exec"] { identity.plugin = try plugin(try exec.map(), user.folder, cluster) }
        return identity
    }

    private func plugin(_ exec: YAMLMap, _ folder: String, _ cluster: Entry) throws -> ExecPlugin {
        let version = try exec.required("apiVersion", "be \(ExecPlugin.apiVersions[0])")
        guard ExecPlugin.apiVersions.contains(try version.text()) else {
            throw version.error("be one of \(ExecPlugin.apiVersions.joined(separator: ", "))")
        }
        if let mode = exec["interactiveMode"], try mode.text() == "Always" {
            throw mode.error("not be Always: F2S has no terminal")
        }
        let command = try exec.required("command", "be a program").text()
        var plugin = ExecPlugin(
            command: command.contains("/") ? absolute(command, folder) : command, apiVersion: try version.text())
        plugin.arguments = try exec["args"]?.list(example: "[get-token]").map { try $0.text() } ?? []
        for variable in try exec["env"]?.list(example: "[{name: A, value: b}]") ?? [] {
            let map = try variable.map()
            let name = try map.required("name", "be the name of a variable").text()
            plugin.environment[name] = try map["value"]?.text() ?? ""
        }
        plugin.installHint = try exec["installHint"]?.text()
        if try exec["provideClusterInfo"]?.flag() == true { plugin.cluster = try info(of: cluster) }
        return plugin
    }

    private func info(of cluster: Entry) throws -> JSONValue {
        var info: JSONValue = ["server": .string(try cluster.fields["server"]?.text() ?? "")]
        if let name = try cluster.fields["tls-server-name"]?.text() { info["tls-server-name"] = .string(name) }
        if try cluster.fields["insecure-skip-tls-verify"]?.flag() == true { info["insecure-skip-tls-verify"] = true }
        if let authorities = try material("certificate-authority", of: cluster) {
            let bytes = try authorities.read("certificate authority")
            info["certificate-authority-data"] = .string(Data(bytes).base64EncodedString())
        }
        if let proxy = try cluster.fields["proxy-url"]?.text() { info["proxy-url"] = .string(proxy) }
        return info
    }

    /// Returns the content of `field-data`, which is base64, or else the file that `field` names.
    private func material(_ field: String, of entry: Entry) throws -> Material? {
        if let data = entry.fields["\(field)-data"] {
            let characters = try data.text().filter { !$0.isWhitespace }
            guard let bytes = Data(base64Encoded: characters) else { throw data.error("be base64") }
            return .bytes([UInt8](bytes))
        }
        return try entry.fields[field].map { .file(absolute(try $0.text(), entry.folder)) }
    }

    private func absolute(_ path: String, _ folder: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }

    private func error(_ what: String) -> KubernetesError { .credentials("The kubeconfig \(location) \(what).") }

    private func known(_ entries: [String: Entry]) -> String {
        entries.isEmpty ? "" : ": it has \(entries.keys.sorted().prefix(20).joined(separator: ", "))"
    }
}
