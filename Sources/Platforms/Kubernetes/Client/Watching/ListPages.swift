/// One page of a list as the API server sends it.
struct ListPage<Item: Decodable & Sendable>: Decodable, Sendable {
    struct Metadata: Decodable, Sendable {
        var resourceVersion: String?
        var `continue`: String?
    }

    /// The token of the next page and the version of the list.
    let metadata: Metadata
    /// The items that were decoded.
    let items: [Item]
    /// The objects that could not be decoded, one sentence each.
    let unreadable: [String]

    private enum Key: String, CodingKey {
        case metadata, items
    }

    init(from decoder: any Decoder) throws {
        let page = try decoder.container(keyedBy: Key.self)
        metadata = try page.decode(Metadata.self, forKey: .metadata)
        // An empty list may be `null`.
        let found = try page.decodeIfPresent([Readable<Item>].self, forKey: .items) ?? []
        items = found.compactMap { if case .item(let item) = $0 { item } else { nil } }
        unreadable = found.compactMap { if case .unreadable(let why) = $0 { why } else { nil } }
    }
}

/// A decoded item, or the reason that it could not be decoded.
enum Readable<Item: Decodable & Sendable>: Decodable, Sendable {
    case item(Item)
    case unreadable(String)

    init(from decoder: any Decoder) throws {
        if let tree = decoder as? JSONTreeDecoder, let key = KnownItems<Item>.key,
            let item = (tree.userInfo[key] as? KnownItems<Item>)?.item(of: tree.value)
        {
            self = .item(item)
            return
        }
        do {
            self = .item(try Item(from: decoder))
        } catch {
            let name = (try? ObjectHead(from: decoder))?.metadata?.name ?? "an object without a name"
            self = .unreadable("\(name): \(ResponseDecoder.describe(error))")
        }
    }
}

/// The metadata that every object has.
struct ObjectHead: Decodable, Sendable {
    struct Metadata: Decodable, Sendable {
        var name: String?
        var resourceVersion: String?
    }
    var metadata: Metadata?
}

/// Assembles a list from its pages.
struct ListPages<Item: Decodable & Sendable>: Sendable {
    /// The number of times that a list begins again before it fails. A list that expires more often will never be
    /// complete.
    static var restartsMax: Int { 3 }

    /// The part of the list that has arrived.
    private(set) var list = ResourceList<Item>()
    /// The query of the next page; `nil` if the list is complete.
    private(set) var nextQuery: [(String, String)]?
    private let pageSize: Int
    private var restarts = 0

    init(pageSize: Int) {
        self.pageSize = pageSize
        nextQuery = [("limit", String(pageSize))]
    }

    mutating func took(_ page: ListPage<Item>) throws(KubernetesError) {
        guard let version = page.metadata.resourceVersion else { throw .malformed("a list without resourceVersion") }
        // All pages have the version of the first page.
        list.resourceVersion = version
        list.items += page.items
        list.unreadable += page.unreadable
        if let token = page.metadata.continue, !token.isEmpty {
            nextQuery = [("limit", String(pageSize)), ("continue", token)]
        } else {
            nextQuery = nil
        }
    }

    /// Begins again if the version of the first page has expired. Throws every other error.
    mutating func failed(_ error: KubernetesError) throws(KubernetesError) {
        guard error.isGone, restarts < Self.restartsMax else { throw error }
        restarts += 1
        list = ResourceList()
        nextQuery = [("limit", String(pageSize))]
    }
}
