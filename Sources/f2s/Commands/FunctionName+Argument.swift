public import ArgumentParser
public import F2SModel

extension FunctionName: ExpressibleByArgument {
    /// Parses the name of a function. The result is `nil` if the argument is malformed.
    public init?(argument: String) {
        guard let name = try? FunctionName(argument) else { return nil }
        self = name
    }
}
