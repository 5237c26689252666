import FoundationEssentials
import Hummingbird
import NIOCore

extension Response {
    /// The bytes that are collected before they are written.
    private static let partBytes = 16 * 1024

    /// Creates the response of a list that is written part by part, as fast as the client reads it.
    static func list(
        _ type: MediaType, _ lease: ListLimit.Lease, _ parts: some Sequence<String> & Sendable
    ) -> Response {
        .parts(type) { writer in
            defer { withExtendedLifetime(lease) {} }
            var buffer = ByteBuffer()
            for part in parts {
                buffer.writeString(part)
                guard buffer.readableBytes >= partBytes else { continue }
                try await writer.write(buffer)
                buffer.clear()
            }
            if buffer.readableBytes > 0 { try await writer.write(buffer) }
        }
    }

    /// Creates the response of `{"items": […]}`, written part by part.
    static func items<Item: Encodable & Sendable & SendableMetatype>(
        _ items: [Item], _ lease: ListLimit.Lease
    ) -> Response {
        list(.json, lease, ItemListText(items: items))
    }
}

/// The text of an ``ItemList``, item by item.
private struct ItemListText<Item: Encodable & Sendable & SendableMetatype>: Sequence, IteratorProtocol, Sendable {
    let items: [Item]
    private var index = -1

    init(items: [Item]) { self.items = items }

    mutating func next() -> String? {
        defer { index += 1 }
        switch index {
        case -1: return items.isEmpty ? "{\n  \"items\" : [\n\n  ]" : "{\n  \"items\" : ["
        case ..<items.count: return (index > 0 ? "," : "") + "\n" + indented(items[index])
        case items.count: return items.isEmpty ? "\n}\n" : "\n  ]\n}\n"
        default: return nil
        }
    }

    private func indented(_ item: Item) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Every item can be encoded, because views consist of texts and numbers.
        let text = (try? encoder.text(item)) ?? "null"
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
            .joined(separator: "\n")
    }
}
