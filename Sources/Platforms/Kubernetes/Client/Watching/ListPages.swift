/// One page of a list as the API server sends it.
struct ListPage<Item: Decodable & Sendable>: Decodable, Sendable {
    struct Metadata: Decodable, Sendable {
        var resourceVersion: String?
        var `continue`: String?
    }

    /// Where the list goes on, and of what moment it is.
    let metadata: Metadata
    /// What could be decoded of it.
    let items: [Item]
    /// What could not, one sentence each.
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

/// An item, or why it is none.
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
            let name = (try? ObjectHead(from: decoder))?.metadata?.name ?? "one without a name"
            self = .unreadable("\(name): \(Answer.complaint(error))")
        }
    }
}

/// What every object has.
struct ObjectHead: Decodable, Sendable {
    struct Metadata: Decodable, Sendable {
        var name: String?
        var resourceVersion: String?
    }
    var metadata: Metadata?
}

/// Puts a list together from its pages.
struct ListPages<Item: Decodable & Sendable>: Sendable {
    /// Times that a list begins again before it is given up: with so much change it will never be complete.
    static var restartsMax: Int { 3 }

    /// What has come so far.
    private(set) var list = ResourceList<Item>()
    /// The query of the next page; `nil`: the list is complete.
    private(set) var nextQuery: [(String, String)]?
    private let pageSize: Int
    private var restarts = 0

    init(pageSize: Int) {
        self.pageSize = pageSize
        nextQuery = [("limit", String(pageSize))]
    }

    mutating func took(_ page: ListPage<Item>) throws(KubernetesError) {
        guard let version = page.metadata.resourceVersion else { throw .malformed("a list without resourceVersion") }
        // All pages are of the moment of the first.
        list.resourceVersion = version
        list.items += page.items
        list.unreadable += page.unreadable
        if let token = page.metadata.continue, !token.isEmpty {
            nextQuery = [("limit", String(pageSize)), ("continue", token)]
        } else {
            nextQuery = nil
        }
    }

    /// Begins again when the moment of the first page is forgotten; everything else is the caller's to know.
    mutating func failed(_ error: KubernetesError) throws(KubernetesError) {
        guard error.isGone, restarts < Self.restartsMax else { throw error }
        restarts += 1
        list = ResourceList()
        nextQuery = [("limit", String(pageSize))]
    }
}
