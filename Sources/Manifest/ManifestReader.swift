import F2SModel

/// Reads functions from YAML, and so from JSON. It reads whatever ``ManifestWriter`` writes.
public struct ManifestReader: Sendable {
    private let limits: ManifestLimits

    /// A reader.
    public init(limits: ManifestLimits = ManifestLimits()) { self.limits = limits }

    /// Every document of a text; broken ones become refusals with line and column, the others go on.
    /// - Parameter place: name of the text in refusals, for example its file.
    public func read(_ bytes: [UInt8], place: String) -> ManifestContents {
        var reading = FunctionReader()
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
