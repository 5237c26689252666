import F2SModel
import NIOCore
import Testing

@testable import F2SDispatcher

@Suite struct RouteTableTests {
    /// The result of a match as text.
    private enum Found: Equatable, CustomTestStringConvertible {
        case found(String, rest: String)
        case notAllowed(String)
        case nothing

        var testDescription: String {
            switch self {
            case .found(let name, let rest): "\(name) + \(rest)"
            case .notAllowed(let allow): "405 \(allow)"
            case .nothing: "404"
            }
        }
    }

    private func table(_ functions: [(name: String, route: String, method: Function.Method?)]) throws -> RouteTable {
        var entries: [Route: [RouteTable.Entry]] = [:]
        for (name, route, method) in functions {
            entries[try Route(route), default: []].append(try entry(name, route, method))
        }
        var table = RouteTable()
        for (route, entries) in entries { table.replace(route, with: entries) }
        return table
    }

    private func entry(_ name: String, _ route: String, _ method: Function.Method? = nil) throws -> RouteTable.Entry {
        let handle = FunctionHandle(
            id: Function.ID(name), queue: InvocationQueue(.init(queued: 1), now: 0), active: nil)
        let declaration = FunctionHandle.Declaration(
            name: try FunctionName(name), route: try Route(route), path: [], timeout: 1)
        return RouteTable.Entry(handle: handle, declaration: declaration, method: method)
    }

    @Test func `a table after many changes finds the same routes as a dictionary`() throws {
        var random = SplitMix64(seed: 1)
        var (table, expected): (RouteTable, [String: String]) = (RouteTable(), [:])
        for step in 0..<4000 {
            let route = "/r\(Int.random(in: 0..<300, using: &random))"
            let isThere = Int.random(in: 0..<3, using: &random) > 0
            let before = table
            table.replace(try Route(route), with: isThere ? [try entry("f\(step)", route)] : [])
            #expect(match(before, .get, "/invoke\(route)") == expected[route].map { .found($0, rest: "") } ?? .nothing)
            expected[route] = isThere ? "f\(step)" : nil
            guard step % 50 == 0 else { continue }
            for number in 0..<300 {
                let route = "/r\(number)"
                let found = expected[route].map { Found.found($0, rest: "") } ?? .nothing
                #expect(match(table, .get, "/invoke\(route)") == found)
            }
        }
    }

    private func match(_ table: RouteTable, _ method: Function.Method?, _ path: String) -> Found {
        let bytes = ByteBuffer(string: path)
        let span = bytes.readableBytesUInt8Span
        let range = ByteRange(0, bytes.readableBytes)
        guard RouteTable.isInvocation(span, path: range) else { return .nothing }
        switch table.match(span, path: range, method: method) {
        case .found(let entry, let rest):
            return .found(entry.declaration.name.text, rest: span.text(ByteRange(rest, bytes.readableBytes)))
        case .methodNotAllowed(let allowed, _):
            return .notAllowed(allowed.map(\.rawValue).joined(separator: ", "))
        case .notFound: return .nothing
        }
    }

    @Test func `the longest route that matches whole segments is used`() throws {
        let table = try table([("a", "/shop", nil), ("b", "/shop/orders", nil), ("c", "/shop/orders/old/ones", nil)])
        #expect(match(table, .get, "/invoke/shop") == .found("a", rest: ""))
        #expect(match(table, .get, "/invoke/shop/") == .found("a", rest: "/"))
        #expect(match(table, .get, "/invoke/shop/x/y") == .found("a", rest: "/x/y"))
        #expect(match(table, .get, "/invoke/shop/orders") == .found("b", rest: ""))
        #expect(match(table, .get, "/invoke/shop/orders/1") == .found("b", rest: "/1"))
        #expect(match(table, .get, "/invoke/shop/orders/old/one") == .found("b", rest: "/old/one"))
        #expect(match(table, .get, "/invoke/shop/orders/old/ones//") == .found("c", rest: "//"))
        #expect(match(table, .get, "/invoke/shopping") == .nothing)
        #expect(match(table, .get, "/invoke/shop%2Forders") == .nothing)
        #expect(match(table, .get, "/invoke//shop") == .nothing)
        #expect(match(table, .get, "/invoke/Shop") == .nothing)
        #expect(match(table, .get, "/invoke") == .nothing)
        #expect(match(table, .get, "/invoke/") == .nothing)
    }

    @Test func `the root route matches all paths without a longer route`() throws {
        let table = try table([("root", "/", nil), ("a", "/a", nil)])
        #expect(match(table, .get, "/invoke") == .found("root", rest: ""))
        #expect(match(table, .get, "/invoke/") == .found("root", rest: "/"))
        #expect(match(table, .get, "/invoke/b/c") == .found("root", rest: "/b/c"))
        #expect(match(table, .get, "/invoke/a/c") == .found("a", rest: "/c"))
    }

    @Test func `the method selects among functions with the same route`() throws {
        let table = try table([("read", "/a", .get), ("write", "/a", .post), ("any", "/b", nil), ("put", "/b", .put)])
        #expect(match(table, .get, "/invoke/a") == .found("read", rest: ""))
        #expect(match(table, .post, "/invoke/a") == .found("write", rest: ""))
        #expect(match(table, .put, "/invoke/b") == .found("put", rest: ""))
        #expect(match(table, .get, "/invoke/b") == .found("any", rest: ""))
        #expect(match(table, nil, "/invoke/b") == .found("any", rest: ""))
    }

    @Test func `HEAD is routed to GET if no function declares HEAD`() throws {
        let table = try table([
            ("read", "/a", .get), ("any", "/a", nil), ("get", "/b", .get), ("head", "/b", .head), ("all", "/c", nil),
        ])
        #expect(match(table, .head, "/invoke/a") == .found("read", rest: ""))
        #expect(match(table, .head, "/invoke/b") == .found("head", rest: ""))
        #expect(match(table, .head, "/invoke/c") == .found("all", rest: ""))
    }

    @Test func `an undeclared method gets 405 and never matches a shorter route`() throws {
        let table = try table([
            ("any", "/a", nil), ("read", "/a/b", .get), ("write", "/a/b", .post), ("only", "/c", .put),
        ])
        #expect(match(table, .delete, "/invoke/a/b/x") == .notAllowed("GET, HEAD, POST"))
        #expect(match(table, .options, "/invoke/a/b") == .notAllowed("GET, HEAD, POST"))
        #expect(match(table, nil, "/invoke/c") == .notAllowed("PUT"))
        #expect(match(table, .options, "/invoke/a") == .found("any", rest: ""))
    }

    @Test(arguments: [
        ("/invoke", true), ("/invoke/", true), ("/invoke/x", true), ("/invoked", false), ("/invok", false),
        ("/Invoke/x", false),
        ("/", false), ("", false), ("*", false), ("//invoke/x", false), ("/functions/invoke", false),
    ])
    func `only paths below the prefix are invocations`(path: String, isInvocation: Bool) {
        let bytes = ByteBuffer(string: path)
        #expect(
            RouteTable.isInvocation(bytes.readableBytesUInt8Span, path: ByteRange(0, bytes.readableBytes))
                == isInvocation)
    }

    @Test func `each of a thousand routes is found, and no other path`() throws {
        let table = try table((0..<1000).map { ("f\($0)", "/f\($0)/g\($0 % 7)", nil) })
        for number in 0..<1000 {
            #expect(match(table, .get, "/invoke/f\(number)/g\(number % 7)/x") == .found("f\(number)", rest: "/x"))
            #expect(match(table, .get, "/invoke/f\(number)/h") == .nothing)
        }
    }

    @Test(arguments: [
        ("/invoke/a", false), ("/invoke/a.b/..c/.d", false), ("/invoke/...", false), ("/invoke/%41", false),
        ("/invoke/", false),
        ("/invoke/.", true), ("/invoke/../functions", true), ("/invoke/%2e%2E/x", true), ("/invoke/.%2e", true),
        ("/invoke/a%2Fb", true), ("/invoke/a%2fb", true), ("/invoke/a%5cb", true), ("/invoke/a\\b", true),
        ("/invoke/%2E/a", true),
    ])
    func `a path that two readers may interpret differently is ambiguous`(path: String, isAmbiguous: Bool) {
        #expect(PathCheck.isAmbiguous(path) == isAmbiguous)
    }
}
