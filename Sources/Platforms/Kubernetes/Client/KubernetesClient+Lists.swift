import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

extension KubernetesClient {
    /// Returns all objects of a resource type as they are stored now. Reads the list in pages.
    ///
    /// If the list's snapshot expires before the last page (410), the list begins again.
    /// - Parameters:
    ///   - selector: the label selector; `nil` selects all objects.
    ///   - known: items that were decoded before. An object that has not changed since is not decoded again.
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
                let request = KubernetesRequest(.GET, path, query: selection + query)
                let page: ListPage<Item> = try await call(request, priority: priority, timeout: timeout) {
                    (data) throws(KubernetesError) in
                    try ResponseDecoder.decoded(data, userInfo: KnownItems<Item>.key.map { [$0: known] } ?? [:])
                }
                try pages.took(page)
            } catch {
                try pages.failed(error)
            }
        }
        return pages.list
    }

    /// Reads one object of a collection, to find out whether F2S's account may read the collection.
    func tryList(_ type: ResourceType, _ namespace: String?) async throws(KubernetesError) {
        let request = KubernetesRequest(.GET, type.path(namespace: namespace), query: [("limit", "1")])
        let _: JSONValue = try await call(request, priority: .housekeeping) { (data) throws(KubernetesError) in
            try ResponseDecoder.value(data)
        }
    }

    /// Passes every change after a resource version to `body`, until the watch fails or the API server ends it, which
    /// happens every few minutes.
    /// - Parameters:
    ///   - whenOpen: is called once the API server has accepted the watch.
    ///   - body: receives the changes that arrived together, in order.
    /// - Throws: an error with ``KubernetesError/isGone`` if the version has expired; the caller must list again.
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
        let request = KubernetesRequest(.GET, type.path(namespace: namespace), query: query)
        let stream = try await open(request, priority: .housekeeping, isWatch: true)
        whenOpen()
        var lines = WatchLines<Item>(lineBytesMax: options.watchLineBytesMax)
        var chunks = stream.makeAsyncIterator()
        while let chunk = try await transport.next(&chunks) {
            let events = lines.events(adding: chunk.readableBytesView)
            if !events.isEmpty { try await body(events) }
            // The changes before the error have been delivered, so the error is thrown last.
            if let end = lines.end { throw end }
        }
    }

    /// Returns the log of a container, line by line. With `follow`, the log continues until the container ends or the
    /// reader is cancelled.
    /// - Parameters:
    ///   - container: the container's name; `nil` if the pod has only one.
    ///   - previous: true to read the log of the container's previous run.
    ///   - timestamps: true if each line begins with its time and a space.
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
        let request = KubernetesRequest(.GET, path, query: query, accepts: "*/*")
        return PodLog(try await open(request, priority: priority, isWatch: false), transport: transport)
    }
}
