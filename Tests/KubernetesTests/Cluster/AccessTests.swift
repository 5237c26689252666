import F2SModel
import Foundation
import Logging
import Testing

@testable import F2SKubernetes

/// Each way to authenticate to a real API server over TLS.
@Suite(.enabled(if: TestCluster.kubeconfig != nil, "F2S_TEST_KUBECONFIG names an API server"))
struct AccessTests {
    /// A service account that may read Secrets in its own namespace, its token, and a folder for files.
    private struct Account {
        let access: ClusterAccess
        let namespace: String
        let token: String
        let folder: String

        func write(_ text: String, to name: String) throws -> String {
            let path = "\(folder)/\(name)"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return path
        }

        /// Returns credentials as a plugin prints them.
        func handedOut(_ status: JSONValue) -> String {
            let answer: JSONValue = [
                "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status,
            ]
            return String(decoding: answer.encoded(), as: UTF8.self)
        }

        /// Returns the number of Secrets in the namespace that an identity may read.
        func ask(_ identity: Identity, trust: Trust? = nil) async throws -> Int {
            let access = ClusterAccess(
                server: access.server, trust: trust ?? self.access.trust, identity: identity, origin: "a test")
            return try await ask(access)
        }

        func ask(_ access: ClusterAccess) async throws -> Int {
            var options = ClientOptions()
            options.requestTimeout = .seconds(20)
            let client = KubernetesClient(access, options: options, logger: Logger(label: "access"))
            do {
                let found = try await client.list(.secrets, namespace, as: JSONValue.self)
                await client.shutdown()
                return found.items.count
            } catch {
                await client.shutdown()
                throw error
            }
        }
    }

    private func withAccount(_ body: (Account) async throws -> Void) async throws {
        try await TestCluster.withNamespaces { namespace, _ in
            @discardableResult
            func kubectl(_ arguments: String...) throws -> String {
                try TestCluster.kubectl(arguments: ["--namespace", namespace] + arguments)
            }
            try kubectl("create", "serviceaccount", "reader")
            try kubectl("create", "role", "reader", "--verb=get,list", "--resource=secrets")
            try kubectl("create", "rolebinding", "reader", "--role=reader", "--serviceaccount=\(namespace):reader")
            let folder = NSTemporaryDirectory() + "f2s-access-\(UUID())"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let secret = "\(folder)/secret.json"
            try Data(
                """
                {"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token",
                 "metadata":{"name":"reader","annotations":{"kubernetes.io/service-account.name":"reader"}}}
                """.utf8
            ).write(to: URL(fileURLWithPath: secret))
            try kubectl("create", "--filename", secret)
            // The controller writes the token.
            var token = ""
            for _ in 0..<200 where token.isEmpty {
                token = try kubectl("get", "secret", "reader", "--output", "jsonpath={.data.token}")
                if token.isEmpty { try await Task.sleep(for: .milliseconds(100)) }
            }
            let text = String(decoding: try #require(Data(base64Encoded: token)), as: UTF8.self)
            let access = try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:])
            try await body(Account(access: access, namespace: namespace, token: text, folder: folder))
        }
    }

    @Test func `a token, a token file, a plugin and a pod's service account are accepted`() async throws {
        try await withAccount { account in
            let seen = try await account.ask(Identity(token: .text(account.token)))
            #expect(seen > 0)
            let file = try account.write(account.token + "\n", to: "token")
            #expect(try await account.ask(Identity(token: .file(file))) == seen)
            let answer = try account.write(account.handedOut(["token": .string(account.token)]), to: "answer.json")
            let plugin = ExecPlugin(
                command: "sh", arguments: ["-c", #"test -n "$KUBERNETES_EXEC_INFO" && cat "$ANSWER""#],
                environment: ["ANSWER": answer], apiVersion: "client.authentication.k8s.io/v1")
            #expect(try await account.ask(Identity(plugin: plugin)) == seen)
            guard case .authorities(let authorities) = account.access.trust else { return }
            _ = try account.write(String(decoding: try authorities.read("test"), as: UTF8.self), to: "ca.crt")
            _ = try account.write(account.namespace, to: "namespace")
            let environment = [
                "KUBERNETES_SERVICE_HOST": account.access.server.host,
                "KUBERNETES_SERVICE_PORT": "\(account.access.server.port)",
            ]
            let inside = try #require(try ClusterAccess.inCluster(environment, folder: account.folder))
            #expect(inside.namespace == account.namespace)
            #expect(try await account.ask(inside) == seen)
        }
    }

    @Test func `a client certificate is accepted, from files and from a plugin`() async throws {
        try await withAccount { account in
            // Only the project's own cluster has such a user.
            guard
                let administrator = try? Kubeconfig(paths: [try #require(TestCluster.kubeconfig)], isRequired: true)
                    .access(context: "f2s-by-certificate").identity,
                let certificate = administrator.certificate, let key = administrator.key
            else { return }
            let seen = try await account.ask(administrator)
            #expect(seen > 0)
            let text = { (material: Material) in String(decoding: try material.read("test"), as: UTF8.self) }
            let answer = try account.write(
                account.handedOut([
                    "clientCertificateData": .string(try text(certificate)), "clientKeyData": .string(try text(key)),
                ]), to: "answer.json")
            let plugin = ExecPlugin(
                command: "cat", arguments: [answer], apiVersion: "client.authentication.k8s.io/v1")
            #expect(try await account.ask(Identity(plugin: plugin)) == seen)
        }
    }

    @Test func `a token file is read again when the API server rejects the old token`() async throws {
        try await withAccount { account in
            let file = try account.write("outdated", to: "token")
            let access = ClusterAccess(
                server: account.access.server, trust: account.access.trust, identity: Identity(token: .file(file)),
                origin: "a test")
            let client = KubernetesClient(access, logger: Logger(label: "access"))
            let error = await #expect(throws: KubernetesError.self) {
                try await client.list(.secrets, account.namespace, as: JSONValue.self)
            }
            #expect(error?.code == 401)
            _ = try account.write(account.token, to: "token")
            #expect(try await client.list(.secrets, account.namespace, as: JSONValue.self).items.count > 0)
            await client.shutdown()
        }
    }

    @Test func `an anonymous client is rejected, and a server without a trusted certificate is reported`() async throws
    {
        try await withAccount { account in
            let anonymous = await #expect(throws: KubernetesError.self) { try await account.ask(.anonymous) }
            #expect(anonymous?.isForbidden == true || anonymous?.code == 401)
            guard case .authorities = account.access.trust else { return }
            let untrusted = await #expect(throws: KubernetesError.self) {
                try await account.ask(Identity(token: .text(account.token)), trust: .system)
            }
            #expect("\(String(describing: untrusted))".lowercased().contains("certificate"), "\(untrusted as Any)")
        }
    }

    @Test func `the error of a failed plugin contains its output`() async throws {
        try await withAccount { account in
            let plugin = ExecPlugin(
                command: "sh", arguments: ["-c", "echo the vault is sealed >&2; exit 3"],
                apiVersion: "client.authentication.k8s.io/v1")
            let error = await #expect(throws: KubernetesError.self) {
                try await account.ask(Identity(plugin: plugin))
            }
            let text = "\(String(describing: error))"
            #expect(text.contains("status 3") && text.contains("the vault is sealed"), "\(text)")
        }
    }
}
