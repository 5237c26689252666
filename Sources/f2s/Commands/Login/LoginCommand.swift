import ArgumentParser
import F2SClient
import F2SModel
import F2SSystem

/// `f2s login`: signs the user in at a provider of the server.
struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Sign in at a provider of the server.",
        discussion: """
            Shows a code, which you enter on a page of the provider, also on another machine. The further commands for \
            the same server use the token of the provider, and renew it, until `f2s logout`. F2S_TOKEN and F2S_USER \
            have precedence.
            """)

    @Option(help: ArgumentHelp("The provider, if the server has several.", valueName: "url"))
    var provider: String?

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let address = try server.address
        // A machine between this one and the server could take the token.
        guard AuthSettings.Issuer.isSafe(address.text) else {
            throw CommandFailure(
                "\(address) is neither https:// nor this machine: a token would not be safe on its way")
        }
        let file = try server.credentialFile
        let caCertificates = try server.caCertificates
        let providers = try await FunctionClient.connect(to: address, caCertificates: caCertificates) {
            try await $0.signInProviders()
        }
        let chosen = try choose(among: providers)
        let tokens = try await ProviderSignIn(at: chosen).signIn(now: SystemClock.secondsSince1970) { waiting in
            let page = waiting.pageWithCode ?? waiting.page
            Terminal.remark("\(address) asks for a token of \(chosen.issuer). If you trust it with this token:")
            Terminal.remark("Open \(page) in a browser, sign in there, and enter the code \(waiting.userCode)")
        } pause: { duration in
            try await Task.sleep(for: duration)
        }
        // The server decides if it accepts the tokens of the provider.
        let name: String
        do {
            name = try await FunctionClient.connect(
                to: address, credentials: .token(Secret(tokens.accessToken)), caCertificates: caCertificates
            ) { try await $0.caller().name }
        } catch {
            _ = await ProviderSignIn(at: chosen).signOut(tokens)
            throw error
        }
        _ = try await file.update(address) { _ in tokens }
        try Terminal.write("signed in to \(address) as \(name.printable)\n")
    }

    private func choose(among providers: [SignInProvider]) throws -> SignInProvider {
        guard let first = providers.first else {
            throw CommandFailure(
                "this server has no provider for the command line: use F2S_TOKEN, or F2S_USER and F2S_PASSWORD")
        }
        let urls = providers.map(\.issuer).joined(separator: ", ")
        guard let provider else {
            guard providers.count == 1 else { throw CommandFailure("name one with --provider: \(urls)") }
            return first
        }
        guard let named = providers.first(where: { $0.issuer == provider }) else {
            throw CommandFailure("this server has no provider \(provider); it has \(urls)")
        }
        return named
    }
}

/// `f2s logout`: forgets the token of a server.
struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Revoke and forget the token of `f2s login`.")

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let address = try server.address
        var removed: SignInTokens?
        _ = try await server.credentialFile.update(address) { tokens in
            removed = tokens
            return nil
        }
        guard let removed else { return try Terminal.write("you are not signed in to \(address)\n") }
        if await !ProviderSignIn(at: removed.provider).signOut(removed) {
            Terminal.remark("The provider has not revoked the tokens; they are valid until they expire.")
        }
        try Terminal.write("signed out of \(address)\n")
    }
}
