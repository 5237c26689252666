import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

extension KubernetesClient {
    /// Every object of a kind, as it is stored now, read in pages.
    ///
    /// A list that outlives its snapshot (410 in the middle) begins again.
    /// - Parameters:
    ///   - selector: of labels; `nil`: all.
    ///   - known: items that need not be read again where their objects have not changed.
    func list<Item: Decodable & Sendable>(
        _ type: ResourceType, _ namespace: String?, selector: String? = nil, fieldSelector: String? = nil,
        as: Item.Type = Item.self, known: KnownItems<Item> = KnownItems([]), priority: Priority = .housekeeping,
        timeout: Duration? = nil
    ) async throws(KubernetesError) -> ResourceList<Item> {
        var pages = ListPages<Item>(pageSize: options.pageSize)
        let path = type.path(namespace: namespace)
        while let query = pages.nextQuery {
            let selection = [("labelSelector", selector), ("fieldSelector", fieldSelector)].compactMap { name, value in
                value.map { (name, $0) }
            }
            do throws(KubernetesError) {
                let request = APIRequest(.GET, path, query: selection + query)
                let page: ListPage<Item> = try await call(request, priority: priority, timeout: timeout) {
                    (data) throws(KubernetesError) in
                    try Answer.decoded(data, userInfo: KnownItems<Item>.key.map { [$0: known] } ?? [:])
                }
                try pages.took(page)
            } catch {
                try pages.failed(error)
            }
        }
        return pages.list
    }

    /// Asks for one object of a collection, to find out whether this account may read it.
    func tryList(_ type: ResourceType, _ namespace: String?) async throws(KubernetesError) {
        let request = APIRequest(.GET, type.path(namespace: namespace), query: [("limit", "1")])
        let _: JSONValue = try await call(request, priority: .housekeeping) { (data) throws(KubernetesError) in
            try Answer.value(data)
        }
    }

    /// Tells of every change after a resource version, until the API server ends the watch, as it does every few
    /// minutes, or something goes wrong.
    /// - Parameter body: takes the changes that have come together, in order.
    /// - Throws: ``KubernetesError/isGone`` when the version is too old: list again.
    func watchBatches<Item: Decodable & Sendable>(
        _ type: ResourceType, _ namespace: String?, selector: String? = nil, fieldSelector: String? = nil,
        from resourceVersion: String, as: Item.Type = Item.self, seconds: Int? = nil,
        whenOpen: () -> Void = {}, _ body: ([WatchEvent<Item>]) async throws(KubernetesError) -> Void
    ) async throws(KubernetesError) {
        let least = Int(options.watchDuration.components.seconds)
        let seconds = seconds ?? Int.random(in: least...max(least, 2 * least))
        var query = [
            ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion),
            ("timeoutSeconds", String(seconds)),
        ]
        if let selector { query.append(("labelSelector", selector)) }
        if let fieldSelector { query.append(("fieldSelector", fieldSelector)) }
        let request = APIRequest(.GET, type.path(namespace: namespace), query: query)
        let stream = try await open(request, priority: .housekeeping, isWatch: true)
        whenOpen()
        var lines = WatchLines<Item>(lineBytesMax: options.watchLineBytesMax)
        var chunks = stream.makeAsyncIterator()
        while let chunk = try await transport.next(&chunks) {
            let events = lines.events(adding: chunk.readableBytesView)
            if !events.isEmpty { try await body(events) }
            // What came before the end has been told; what ended it is told last.
            if let end = lines.end { throw end }
        }
    }

    /// As ``watchBatches(_:_:selector:fieldSelector:from:as:seconds:_:)``, one change at a time.
    func watch<Item: Decodable & Sendable>(
        _ type: ResourceType, _ namespace: String?, selector: String? = nil, fieldSelector: String? = nil,
        from resourceVersion: String, as: Item.Type = Item.self, seconds: Int? = nil,
        _ body: (WatchEvent<Item>) async throws(KubernetesError) -> Void
    ) async throws(KubernetesError) {
        try await watchBatches(
            type, namespace, selector: selector, fieldSelector: fieldSelector, from: resourceVersion,
            as: Item.self, seconds: seconds
        ) { (events) async throws(KubernetesError) in
            for event in events { try await body(event) }
        }
    }

    /// What a container has written, line by line; with `follow` until it ends or the reader is cancelled.
    /// - Parameters:
    ///   - container: `nil`: the only one.
    ///   - previous: the run before the present one.
    ///   - timestamps: whether each line begins with its time and a space.
    func logs(
        pod: String, namespace: String, container: String? = nil, tailLines: Int? = nil, follow: Bool = false,
        previous: Bool = false, limitBytes: Int? = nil, timestamps: Bool = false, priority: Priority = .housekeeping
    ) async throws(KubernetesError) -> PodLog {
        var query: [(String, String)] = []
        if let container { query.append(("container", container)) }
        if let tailLines { query.append(("tailLines", String(tailLines))) }
        if let limitBytes { query.append(("limitBytes", String(limitBytes))) }
        if follow { query.append(("follow", "true")) }
        if previous { query.append(("previous", "true")) }
        if timestamps { query.append(("timestamps", "true")) }
        let path = ResourceType.pods.path(namespace: namespace, name: pod, subresource: "log")
        let request = APIRequest(.GET, path, query: query, accepts: "*/*")
        return PodLog(try await open(request, priority: priority, isWatch: false), transport: transport)
    }
}
