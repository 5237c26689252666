import ArgumentParser
import F2SClient
import F2SModel

/// The name of a function, of every command that is about one.
struct FunctionArgument: ParsableArguments {
    @Argument(help: "Name of the function.", completion: FunctionArgument.completion)
    var name: FunctionName

    /// Shells complete with the names that the server knows. F2S_SERVER says where it is: the options that are on the
    /// line already are not looked at.
    static let completion = CompletionKind.custom { _, _, prefix in
        // Only parsed options have values: without arguments, the defaults.
        let names = try? await ServerOptions.parse([]).withClient { try await $0.list().map(\.name) }
        return (names ?? []).filter { $0.hasPrefix(prefix) }
    }
}
