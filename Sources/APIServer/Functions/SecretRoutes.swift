import F2SModel
import Hummingbird

/// `/functions/{name}/secrets/{secret}`: writes and deletes Secrets of a function. No route reads one.
struct SecretRoutes: Sendable {
    private let functions: any FunctionStore
    private let secrets: FunctionSecrets?

    init(parts: APIServerParts) {
        functions = parts.platform.functions
        secrets = parts.secrets
    }

    var routes: [APIRoute] { [write, delete] }

    private var write: APIRoute {
        let schema = OperationDocument.schema("WrittenSecret")
        return APIRoute(
            .put, "/functions/{name}/secrets/{secret}", access: .holder(of: .update), origin: .noPage,
            content: SecretBody.rule,
            documentation: OperationDocument(
                "putSecret",
                "Creates a Kubernetes Secret for the function, or replaces all of its keys. No request reads a value. "
                    + "Replicas that start after target.envFrom names the Secret get its keys as variables.",
                takes: OperationDocument.schema("SecretRequest"),
                answers: [
                    .init(200, "The Secret is replaced.", [.json: schema]),
                    .init(201, "The new Secret.", [.json: schema]),
                ], problems: [404, 409, 422, 503]),
            handler: { request in
                let function = try await functions.fetch(request.functionName(), for: request.principal)
                let name = try Self.name(in: request, of: function)
                let (writer, namespace) = try access(to: name)
                let body = try SecretBody(request.body)
                let isNew = try await writer.write(body.values, to: name, of: function)
                var response = try Response(
                    json: SecretView(
                        name: name.objectName, namespace: namespace, keys: body.values.keys.sorted()))
                if isNew { response.status = .created }
                return response
            })
    }

    private var delete: APIRoute {
        APIRoute(
            .delete, "/functions/{name}/secrets/{secret}", access: .holder(of: .update), origin: .noPage,
            documentation: OperationDocument(
                "deleteSecret", "Deletes a Secret that F2S has written for the function.",
                answers: [.init(204, "The Secret is deleted.")], problems: [400, 404, 409, 422, 503]),
            handler: { request in
                let function = try await functions.fetch(request.functionName(), for: request.principal)
                let name = try Self.name(in: request, of: function)
                try await access(to: name).writer.delete(name, of: function)
                return Response(status: .noContent)
            })
    }

    private static func name(in request: APIRequest, of function: Function) throws(Problem) -> FunctionSecretName {
        do throws(FieldError) {
            return try FunctionSecretName(request.parameters["secret"] ?? "", of: function.name)
        } catch {
            throw Problem(status: 400, title: "The name is malformed", detail: "\(error).", errors: [error.description])
        }
    }

    /// Returns the writer of Secrets and their namespace.
    /// - Throws: A ``Problem`` with status 409 that names the alternative.
    private func access(
        to name: FunctionSecretName
    ) throws(Problem) -> (writer: any FunctionSecretWriter, namespace: String) {
        guard let secrets else {
            throw Problem(
                status: 409, title: "This platform has no Secrets",
                detail: "F2S writes Secrets on Kubernetes only. On Local, write the values into target.env, or into a "
                    + "file that the program reads.", reason: "NeedsKubernetes", function: name.function)
        }
        guard let writer = secrets.writer else {
            throw Problem(
                status: 409, title: "F2S is not permitted to write Secrets",
                detail: "An administrator permits it by functionSecrets.enabled of the chart. Or create a Secret "
                    + "yourself, and name it in target.envFrom: \(name.command(namespace: secrets.namespace))",
                reason: "SecretsNotEnabled", function: name.function)
        }
        return (writer, secrets.namespace)
    }
}

/// A Secret that was written, without its values.
struct SecretView: Encodable, Sendable {
    /// The name of the Kubernetes Secret, for `target.envFrom`.
    let name: String
    let namespace: String
    let keys: [String]
}
