/// The media types that the API reads and writes. A closed set: anything else is refused by name.
enum MediaType: String, Sendable, Hashable, CaseIterable {
    /// RFC 8259.
    case json = "application/json"
    /// RFC 9512.
    case yaml = "application/yaml"
    /// One JSON value per line.
    case lines = "application/x-ndjson"
    /// Plain text.
    case text = "text/plain"
    /// A page for people.
    case html = "text/html"
    /// Server-sent events.
    case events = "text/event-stream"

    /// Reads a Content-Type header, parameters such as `charset` aside; `nil`: absent or unknown.
    init?(contentType: String?) {
        guard let essence = contentType?.split(separator: ";", omittingEmptySubsequences: false).first else {
            return nil
        }
        self.init(rawValue: essence.trimmingSpaces.lowercased())
    }

    /// The Content-Type to answer with.
    var contentType: String {
        switch self {
        case .text, .html: rawValue + "; charset=utf-8"
        default: rawValue
        }
    }
}
