import F2SModel

/// Reads functions from YAML, and so from JSON. It reads whatever ``ManifestWriter`` writes.
public struct ManifestReader: Sendable {
    private let limits: ManifestLimits

    /// A reader.
    public init(limits: ManifestLimits = ManifestLimits()) { self.limits = limits }

    /// Whether a text may declare functions: it names F2S's API group, or has a field `kind` with the value `Function`,
    /// in any letter case. A text that does not need not be parsed.
    public static func mayDeclareFunctions(_ bytes: [UInt8]) -> Bool { DeclarationMark.isIn(bytes) }

    /// Every document of a text; broken ones become refusals with line and column, the others go on.
    /// - Parameters:
    ///   - place: name of the text in refusals, for example its file.
    ///   - skippingForeign: whether a document of another kind and another API group is skipped instead of refused.
    public func read(_ bytes: [UInt8], place: String, skippingForeign: Bool = false) -> ManifestContents {
        var reading = FunctionReader(skipsForeign: skippingForeign)
        var found: [ManifestDocument] = []
        do {
            for document in try YAMLReader(limits: limits).documents(bytes) {
                switch document {
                case .success(let node): found += reading.functions(in: node)
                case .failure(let complaint): reading.complain(complaint)
                }
            }
        } catch {
            reading.complain(error)
        }
        return contents(found, reading, place: place)
    }

    /// The functions of a value that comes from no text, such as an object of an API.
    /// - Parameter place: name of the value in refusals.
    public func read(_ node: YAMLNode, place: String) -> ManifestContents {
        var reading = FunctionReader(skipsForeign: false)
        let found = reading.functions(in: node)
        return contents(found, reading, place: place)
    }

    private func contents(_ found: [ManifestDocument], _ reading: FunctionReader, place: String) -> ManifestContents {
        var refusals = reading.complaints.prefix(limits.complaintsMax).map { complaint in
            Refusal(
                place: place, line: complaint.position?.line, column: complaint.position?.column,
                message: complaint.message)
        }
        if reading.complaints.count > refusals.count {
            let more = reading.complaints.count - refusals.count
            refusals.append(Refusal(place: place, message: "There are \(more) more complaints."))
        }
        return ManifestContents(documents: found, refusals: refusals)
    }
}
