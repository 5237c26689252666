import F2SModel

// The claims of a token about its user, by the settings of its provider.
extension JSONObject {
    /// Returns true if each of these claims has one of its values.
    func meet(_ conditions: [String: [String]]) -> Bool {
        conditions.allSatisfy { claim, wanted in Self.haveCommon(wanted, values(of: claim)) }
    }

    /// Returns the name of the caller.
    /// - Throws: ``CredentialError/withoutSubject``.
    func callerName(by issuer: AuthSettings.Issuer) throws(CredentialError) -> String {
        // A client that calls for itself may have neither a name for people nor a subject. A user always has a subject,
        // so no user gets the name of a client.
        let claims = self["sub"] == nil ? [issuer.userClaim, "client_id"] : [issuer.userClaim, "sub"]
        guard let name = claims.lazy.compactMap({ self[$0]?.text }).first, !name.isEmpty else {
            throw .withoutSubject
        }
        return issuer.userPrefix + name
    }

    /// Returns the groups of the caller.
    func groups(by issuer: AuthSettings.Issuer) -> [String] {
        let account = issuer.isCluster ? self["sub"]?.text.flatMap { ServiceAccountSubject($0) } : nil
        let found = (account?.groups ?? []) + issuer.groupsClaims.flatMap { groups(of: $0) }
        return found.map { issuer.groupsPrefix + $0 }
    }

    /// Returns true if two lists have an element in common. Bytes are compared, because Swift takes some texts with
    /// different bytes for equal.
    static func haveCommon(_ wanted: [String], _ found: [String]) -> Bool {
        wanted.contains { text in found.contains { $0.hasSameBytes(as: text) } }
    }

    /// Returns the values that a condition is compared with. A number or a flag is compared as JSON writes it.
    private func values(of claim: String) -> [String] {
        switch self[claim] {
        case .flag(let flag): [flag ? "true" : "false"]
        case .number(let number): [Int(exactly: number).map(String.init) ?? "\(number)"]
        default: texts(claim) + (claim == "scope" ? texts(claim).flatMap(Self.split) : [])
        }
    }

    /// Returns the groups of a claim: the texts of a list, or the parts of a text.
    private func groups(of claim: String) -> [String] {
        if case .text(let text)? = self[claim] { return Self.split(text) }
        return texts(claim).filter { !$0.isEmpty }
    }

    /// Splits a text at its commas, or at its spaces if it has no comma.
    private static func split(_ text: String) -> [String] {
        let separator: Character = text.contains(",") ? "," : " "
        return text.split(separator: separator).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }.filter { !$0.isEmpty }
    }
}
