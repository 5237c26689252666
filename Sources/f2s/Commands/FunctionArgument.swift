public import ArgumentParser
public import F2SClient
public import F2SModel

/// The argument with the name of a function, for every command that concerns one function.
struct FunctionArgument: ParsableArguments {
    @Argument(help: "Name of the function.", completion: FunctionArgument.completion)
    var name: FunctionName

    /// The completion with the function names of the server in F2S_SERVER. Options on the line, such as --server, are
    /// ignored.
    static let completion = CompletionKind.custom { _, _, prefix in
        // Options have values only after parsing. Without arguments, these are the defaults.
        let names = try? await ServerOptions.parse([]).withClient { try await $0.list().map(\.name) }
        return (names ?? []).filter { $0.hasPrefix(prefix) }
    }
}

extension FunctionName: ExpressibleByArgument {
    /// Parses the name of a function. The result is `nil` if the argument is malformed.
    public init?(argument: String) {
        guard let name = try? FunctionName(argument) else { return nil }
        self = name
    }
}

extension WaitGoal: ExpressibleByArgument {}
