import FoundationEssentials
import Hummingbird
import NIOCore

extension Response {
    /// Bytes that are put together before they are written.
    private static let partBytes = 16 * 1024

    /// A list that is written part by part, as fast as its reader takes it.
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

    /// `{"items": […]}`, part by part.
    static func items<Item: Encodable & Sendable & SendableMetatype>(
        _ items: [Item], _ lease: ListLimit.Lease
    ) -> Response {
        list(.json, lease, ItemListText(items: items))
    }
}

/// The text of an ``ItemList``, one item after another.
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
        // An item that cannot be written does not exist: views hold texts and numbers.
        let text = (try? encoder.text(item)) ?? "null"
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
            .joined(separator: "\n")
    }
}
