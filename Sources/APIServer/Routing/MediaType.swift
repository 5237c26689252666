/// The media types that the API reads and writes. It is a closed set: other types are rejected.
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
    /// A style sheet.
    case css = "text/css"
    /// A script.
    case script = "text/javascript"
    /// Server-sent events.
    case events = "text/event-stream"

    /// Parses a Content-Type header, ignoring parameters such as `charset`. Returns `nil` if it is absent or unknown.
    init?(contentType: String?) {
        guard let essence = contentType?.split(separator: ";", omittingEmptySubsequences: false).first else {
            return nil
        }
        self.init(rawValue: essence.trimmingSpaces.lowercased())
    }

    /// The Content-Type of a response.
    var contentType: String {
        switch self {
        case .text, .html, .css, .script: rawValue + "; charset=utf-8"
        default: rawValue
        }
    }
}
