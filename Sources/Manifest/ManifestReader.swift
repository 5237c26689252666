import F2SModel

/// Reads functions from YAML, and therefore also from JSON. It reads everything that ``ManifestWriter`` writes.
public struct ManifestReader: Sendable {
    private let limits: ManifestLimits

    /// Creates a reader.
    public init(limits: ManifestLimits = ManifestLimits()) { self.limits = limits }

    /// Returns true if a text may declare functions: it contains F2S's API group, or a field `kind` with the value
    /// `Function`, in any letter case. Other texts need not be parsed.
    public static func mayDeclareFunctions(_ bytes: [UInt8]) -> Bool { DeclarationMark.isIn(bytes) }

    /// Reads all documents of a text. An invalid document becomes a rejection with line and column and does not affect
    /// the others.
    /// - Parameters:
    ///   - location: the name of the text in rejections, for example its file.
    ///   - skippingForeign: true to skip documents of another kind and another API group instead of rejecting them.
    public func read(_ bytes: [UInt8], location: String, skippingForeign: Bool = false) -> ManifestContents {
        var reading = FunctionReader(skipsForeign: skippingForeign)
        var found: [ManifestDocument] = []
        do {
            for document in try YAMLReader(limits: limits).documents(bytes) {
                switch document {
                case .success(let node): found += reading.functions(in: node)
                case .failure(let error): reading.report(error)
                }
            }
        } catch {
            reading.report(error)
        }
        return contents(found, reading, location: location)
    }

    /// Reads the functions of a value that was not parsed from a text, such as an object of an API.
    /// - Parameter location: the name of the value in rejections.
    public func read(_ node: YAMLNode, location: String) -> ManifestContents {
        var reading = FunctionReader(skipsForeign: false)
        let found = reading.functions(in: node)
        return contents(found, reading, location: location)
    }

    private func contents(_ found: [ManifestDocument], _ reading: FunctionReader, location: String) -> ManifestContents
    {
        let errors = Array(reading.errors.prefix(limits.rejectionsMax))
        var rejections = errors.map { error in
            Rejection(
                location: location, line: error.position?.line, column: error.position?.column,
                message: error.message)
        }
        if reading.errors.count > errors.count {
            let more = reading.errors.count - errors.count
            rejections.append(Rejection(location: location, message: "There are \(more) more errors."))
        }
        return ManifestContents(documents: found, rejections: rejections, errors: errors)
    }
}
