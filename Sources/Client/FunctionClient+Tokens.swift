import F2SManifest
import F2SModel
import FoundationEssentials

extension FunctionClient {
    /// Returns the API tokens of the installation.
    public func tokens() async throws(ClientError) -> [TokenRecord] {
        try await decode(ItemList<TokenRecord>.self, of: ClientRequest("GET", "/tokens")).items
    }

    /// Returns the server's JSON of the API tokens.
    public func tokensDocument() async throws(ClientError) -> [UInt8] {
        try await content(of: ClientRequest("GET", "/tokens", fields: Self.acceptJSON))
    }

    /// Issues an API token.
    /// - Parameter lifetime: The time after which the token expires; `nil` if it does not.
    /// - Returns: The token with its text, and the server's JSON of it.
    public func createToken(
        name: String, groups: [String], lifetime: Duration?
    ) async throws(ClientError) -> (token: TokenRecord, document: [UInt8]) {
        let list = groups.map(\.jsonText).joined(separator: ",")
        let ttl = lifetime.map { ",\"ttl\":\($0.shortText.jsonText)" } ?? ""
        let body = "{\"name\":\(name.jsonText),\"groups\":[\(list)]\(ttl)}"
        let document = try await content(of: writing("POST", "/tokens", Array(body.utf8)))
        do {
            return (try JSONDecoder().decode(TokenRecord.self, from: Data(document)), document)
        } catch {
            throw .interrupted(reason: "its JSON has an unexpected form")
        }
    }

    /// Revokes an API token.
    /// - Parameter name: The ID of the token, or its name.
    /// - Returns: The ID of the token.
    /// - Throws: ``ClientError/refused(_:)`` with status 404 when there is none.
    public func revokeToken(_ name: String) async throws(ClientError) -> String {
        // A caller that may revoke tokens may lack the privilege to list them.
        if [UInt8](hexText: name)?.count == APIToken.idBytes {
            do throws(ClientError) {
                try await removeToken(id: name)
                return name
            } catch {
                guard case .refused(let problem) = error, problem.status == 404 else { throw error }
            }
        }
        let all = try await tokens()
        guard let token = all.first(where: { $0.name == name }) else {
            let near = NearestName.of(name, among: all.map(\.name))
            let advice = near.map { "Did you mean \($0)?" } ?? "`f2s token list` shows every token."
            throw .refused(
                ServerProblem(status: 404, title: "No such token", detail: "No token has this ID or name. \(advice)"))
        }
        try await removeToken(id: token.id)
        return token.id
    }

    private func removeToken(id: String) async throws(ClientError) {
        _ = try await content(of: writing("DELETE", "/tokens/\(id)", nil))
    }
}
