import FoundationEssentials
import Testing

@testable import F2SKubernetes

@Suite struct KubeconfigTests {
    private static let text = """
        apiVersion: v1
        kind: Config
        current-context: one
        clusters:
        - {name: c, cluster: {server: "https://api.example:6443/prefix/", certificate-authority: ca.pem}}
        - {name: blind, cluster: {server: "https://[::1]", insecure-skip-tls-verify: true, tls-server-name: kubernetes}}
        users:
        - {name: u, user: {token: secret}}
        - {name: anonymous, user: }
        - {name: half, user: {client-certificate-data: eA==}}
        - {name: old, user: {username: a, password: b}}
        - {name: certified, user: {client-certificate-data: eA==, client-key: key.pem}}
        - {name: file, user: {token: stale, tokenFile: token}}
        - name: plugin
          user:
            exec:
              apiVersion: client.authentication.k8s.io/v1
              command: bin/login
              args: [get-token]
              env: [{name: A, value: b}]
              provideClusterInfo: true
        contexts:
        - {name: one, context: {cluster: c, user: u, namespace: n}}
        - {name: blind, context: {cluster: blind, user: anonymous}}
        - {name: lost, context: {cluster: nowhere, user: u}}
        - {name: unknown, context: {cluster: c, user: missing-user}}
        - {name: half, context: {cluster: c, user: half}}
        - {name: old, context: {cluster: c, user: old}}
        - {name: certified, context: {cluster: c, user: certified}}
        - {name: file, context: {cluster: c, user: file}}
        - {name: plugin, context: {cluster: blind, user: plugin}}
        """

    private func access(_ context: String?) throws -> ClusterAccess {
        try Kubeconfig(Array(Self.text.utf8), folder: "/config/me").access(context: context)
    }

    @Test func `the current context determines the server, the credentials and the namespace`() throws {
        let access = try access(nil)
        #expect(access.server.url("/version") == "https://api.example:6443/prefix/version")
        #expect(access.trust == .authorities(.file("/config/me/ca.pem")))
        #expect(access.identity.token == .text("secret"))
        #expect(access.namespace == "n")
    }

    @Test func `another context can be named, with an anonymous user and without verification of the server`() throws {
        let access = try access("blind")
        #expect(access.trust == .insecureSkipVerify && access.identity == .anonymous)
        #expect(access.server.url("/x") == "https://kubernetes:443/x")
        #expect(access.server.hostOverride == ["kubernetes": "::1"])
    }

    @Test func `certificates, token files and plugins are read`() throws {
        let certified = try access("certified").identity
        #expect(certified.certificate == .bytes([UInt8(ascii: "x")]) && certified.key == .file("/config/me/key.pem"))
        #expect(try access("file").identity.token == .file("/config/me/token"))
        let plugin = try #require(try access("plugin").identity.plugin)
        #expect(plugin.command == "/config/me/bin/login" && plugin.arguments == ["get-token"])
        #expect(plugin.environment == ["A": "b"])
        #expect(plugin.cluster?["server"]?.text == "https://[::1]")
    }

    @Test(arguments: [
        ("missing", "missing"), ("lost", "nowhere"), ("unknown", "missing-user"), ("half", "client-key"),
        ("old", "username"),
    ])
    func `an error names the part that is wrong`(_ context: String, _ word: String) {
        do {
            _ = try access(context)
            Issue.record("\(context) was accepted")
        } catch {
            #expect("\(error)".contains(word), "\(error)")
        }
    }

    @Test(arguments: ["[", "clusters: 3", "- a"])
    func `a text that is not a kubeconfig is rejected`(_ text: String) {
        #expect(throws: KubernetesError.self) { try Kubeconfig(Array(text.utf8)) }
    }

    @Test func `of several files the first one that contains a value counts`() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/f2s-kubeconfig-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let other = """
            current-context: other
            users: [{name: u, user: {token: other}}]
            contexts: [{name: other, context: {cluster: c, user: u}}]
            """
        for (name, text) in [("one", Self.text), ("two", other)] {
            _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: Data(text.utf8))
        }
        let environment = ["KUBECONFIG": "\(folder)/two:\(folder)/none:\(folder)/one"]
        let access = try ClusterAccess.load(kubeconfig: nil, environment: environment)
        #expect(access.identity.token == .text("other") && access.server.host == "api.example")
        #expect(access.trust == .authorities(.file("\(folder)/ca.pem")), "paths are relative to the kubeconfig")
        #expect(throws: KubernetesError.self) {
            try ClusterAccess.load(kubeconfig: "\(folder)/none", environment: environment)
        }
        #expect(throws: KubernetesError.self) { try ClusterAccess.load(kubeconfig: nil, environment: [:]) }
    }

    @Test(arguments: [
        "api.example", "ftp://a", "https://", "https://a:x", "https://a:0", "https://u@a", "https://[::1",
    ])
    func `a text that is not the URL of a server is rejected`(_ text: String) {
        #expect(throws: KubernetesError.self) { try ServerEndpoint(text) }
    }
}
