import F2SModel
import Testing

@testable import F2SDispatcher

@Suite struct ComposedRequestTests {
    /// Returns a request composed for a path of the function; `nil` stands for the public path, as it came.
    private func composed(_ text: String, to path: String?, prefix: Int) throws -> ComposedRequest {
        var scanner = HeadScanner(limits: HeadLimits(Limits()))
        let bytes = Array(text.utf8)
        let head = try scanner.request(bytes.span, length: bytes.count)
        let client = ClientAddress(IPAddress(Array("10.1.2.3".utf8)))
        var request = ComposedRequest(
            bytes.span, head, fields: scanner.fields,
            to: .init(path: path.map { Array($0.utf8) }, rest: head.path.lower + prefix),
            from: .init(client: client, prefix: Array("/invoke/hello".utf8)),
            identity: HeadComposerTests.identity, into: Buffer(capacity: 64))
        request.endHead { if path == nil { $0.append("X-Token: 7\r\nExpect: 100-continue\r\n") } }
        request.bytes.append("body")
        return request
    }

    @Test(arguments: [
        "/invoke/hello", "/invoke/hello/", "/invoke/hello/a%2Fb//c", "/invoke/hello?a=/b", "/invoke/hello/x?d=é&e",
        "/invoke/hello/é/ü?",
    ])
    func `a request for another path equals one that was composed for that path at first`(target: String) throws {
        let head = "\r\nHost: a:8\r\nContent-Length: 04\r\nX: 1\r\nTE: trailers\r\nConnection: close, y\r\ny: 1\r\n\r\n"
        let paths: [String?] = [nil, "", "/", "/to", "/to/", "/a/b/"]
        for old in paths {
            for new in paths {
                let request = try composed("PUT \(target) HTTP/1.1\(head)", to: old, prefix: 13)
                let expected = try composed("PUT \(target) HTTP/1.1\(head)", to: new, prefix: 13)
                var moved = ComposedRequest(
                    request, to: Array((new ?? "/invoke/hello").utf8), into: Buffer(capacity: 64))
                moved.endHead { if new == nil { $0.append("X-Token: 7\r\nExpect: 100-continue\r\n") } }
                moved.appendBody(of: request)
                #expect(moved.bytes.text == expected.bytes.text, "from \(old ?? "the public path")")
            }
        }
    }
}
