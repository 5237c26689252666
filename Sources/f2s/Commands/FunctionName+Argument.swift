public import ArgumentParser
public import F2SModel

extension FunctionName: ExpressibleByArgument {
    /// Accepts what is a name.
    public init?(argument: String) {
        guard let name = try? FunctionName(argument) else { return nil }
        self = name
    }
}
