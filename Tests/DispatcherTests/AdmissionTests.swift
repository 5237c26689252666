import F2SModel
import Testing

@testable import F2SDispatcher

/// Tests admission without sockets: the principal, the client's address and the caller whose rate is limited.
@Suite struct AdmissionTests {
    private static let proxies = ["10.0.0.0/8", "2001:db8:ffff::/48"].compactMap { AddressRange($0) }

    private static func isTrusted(_ address: IPAddress) -> Bool { proxies.contains { $0.contains(address) } }

    private func ip(_ text: String) throws -> IPAddress { try #require(IPAddress(Array(text.utf8))) }

    private func entry(countsCallers: Bool = true) throws -> RouteTable.Entry {
        let handle = FunctionHandle(
            id: Function.ID("hello"), queue: InvocationQueue(.init(queued: 1), now: 0), active: nil)
        let declaration = FunctionHandle.Declaration(
            name: try FunctionName("hello"), route: try Route("/hello"), path: [], timeout: 1,
            countsCallers: countsCallers)
        return RouteTable.Entry(handle: handle, declaration: declaration, method: nil)
    }

    /// Admits a request with these fields that arrived on a connection from this address.
    private func admit(
        from address: String?, _ fields: String = "", of principal: Admission.Principal = .anonymous,
        to entry: RouteTable.Entry?, isUnverified: Bool = false
    ) throws -> (admission: Admission, kept: [String]) {
        var scanner = HeadScanner(limits: HeadLimits(Limits()))
        let bytes = Array("GET /invoke/hello HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)
        let span = bytes.span
        _ = try scanner.request(span, length: bytes.count)
        let client = ClientAddress(try address.map { try ip($0) })
        var admission = Admission(
            of: principal, at: client, to: entry, isUnverified: isUnverified, isTrusted: Self.isTrusted)
        if admission.isFromTrustedProxy { admission.readOrigin(span, &scanner, isTrusted: Self.isTrusted) }
        return (admission, scanner.fields.filter { !$0.isDropped }.map { span.text($0.name) })
    }

    private let claims =
        "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /api/\r\n"
        + "Forwarded: for=198.51.100.7\r\n"

    // MARK: The origin

    @Test(arguments: ["192.0.2.1", "2001:db8::1", "11.0.0.1", nil])
    func `a client that is not a trusted proxy is the origin, and its claims are dropped`(address: String?) throws {
        let (admission, kept) = try admit(from: address, claims, to: try entry())
        #expect(admission.origin.client?.text == address)
        #expect(admission.origin.trusted == nil)
        #expect(!admission.isFromTrustedProxy)
        #expect(admission.rateKey == (try address.map { try ip($0).rateKey } ?? 0))
        #expect(kept == ["Host"])
    }

    @Test(arguments: ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8:ffff::1"])
    func `the fields of a trusted proxy report the origin`(address: String) throws {
        let (admission, kept) = try admit(from: address, claims, to: try entry())
        let trusted = try #require(admission.origin.trusted)
        #expect(admission.origin.client?.number == (try ip(address)))
        #expect(trusted.hasFor && trusted.hasForwarded && trusted.hasProtocol && !trusted.hasHost)
        #expect(trusted.prefix != nil)
        // F2S rewrites the other fields.
        #expect(kept == ["Host", "X-Forwarded-Proto"])
    }

    @Test func `only a function has a prefix, which is its public path`() throws {
        #expect(try admit(from: "192.0.2.1", to: try entry()).admission.origin.prefix == Array("/invoke/hello".utf8))
        #expect(try admit(from: "192.0.2.1", to: nil).admission.origin.prefix == [])
    }

    @Test(arguments: ["10.0.0.1", "192.0.2.1"])
    func `a request of another F2S process names its origin itself and is not counted again`(address: String) throws {
        let (admission, _) = try admit(from: address, claims, of: .peer, to: try entry())
        #expect(admission.origin.client == nil)
        #expect(admission.origin.trusted == nil)
        #expect(admission.origin.prefix == [])
        #expect(admission.rateKey == nil)
        #expect(!admission.isFromTrustedProxy)
    }

    // MARK: The caller

    @Test(arguments: [
        ("192.0.2.1", "", "192.0.2.1"), ("::ffff:192.0.2.1", "", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::1"),
        // A claim of a client that is not a trusted proxy.
        ("192.0.2.1", "X-Forwarded-For: 198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "X-Forwarded-For: 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "Forwarded: for=\"198.51.100.7:80\";proto=https", "198.51.100.7"),
        // The addresses to the left of the last one that is not trusted are mere claims.
        ("10.0.0.1", "X-Forwarded-For: 203.0.113.5, 198.51.100.7", "198.51.100.7"),
        // A chain of trusted proxies.
        ("10.0.0.1", "X-Forwarded-For: 198.51.100.7, 10.9.9.9, 2001:db8:ffff::9", "198.51.100.7"),
        ("10.0.0.1", "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 10.9.9.9", "198.51.100.7"),
        ("2001:db8:ffff::1", "Forwarded: for=\"[2001:db8:1:2::9]:80\", for=\"[2001:db8:ffff::2]\"", "2001:db8:1:2::"),
        // A proxy that calls for itself.
        ("10.0.0.1", "", "10.0.0.1"), ("10.0.0.1", "X-Forwarded-For: 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "X-Forwarded-For:", "10.0.0.1"),
    ])
    func `the caller is the last address that is not a trusted proxy's, an IPv6 caller a subscriber`(
        address: String, field: String, caller: String
    ) throws {
        let fields = field.isEmpty ? "" : field + "\r\n"
        let key = try admit(from: address, fields, to: try entry()).admission.rateKey
        #expect(key == (try ip(caller).rateKey))
        #expect(key != (try ip("203.0.113.99").rateKey))
    }

    @Test func `different addresses and different IPv6 subscribers are different callers`() throws {
        let addresses = ["192.0.2.1", "192.0.2.2", "2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:2:2::1"]
        let keys = try addresses.map { try admit(from: $0, to: try entry()).admission.rateKey }
        #expect(Set(keys).count == addresses.count)
    }

    @Test func `an element that is not an address is a caller, too`() throws {
        func key(_ element: String) throws -> UInt64? {
            try admit(from: "10.0.0.1", "X-Forwarded-For: \(element)\r\n", to: try entry()).admission.rateKey
        }
        #expect(try key("unknown") == key("unknown"))
        #expect(try key("unknown") != key("_hidden"))
        #expect(try key("unknown") != ip("10.0.0.1").rateKey)
    }

    @Test(arguments: ["10.0.0.1", "192.0.2.1"])
    func `a request is not counted if its function has no rate, or if it is for the management API`(
        address: String
    ) throws {
        #expect(try admit(from: address, claims, to: try entry(countsCallers: false)).admission.rateKey == nil)
        #expect(try admit(from: address, claims, to: nil).admission.rateKey == nil)
        let unverified = try admit(from: address, claims, to: try entry(countsCallers: false), isUnverified: true)
        #expect(unverified.admission.rateKey != nil, "wrong passwords are counted")
    }

    // MARK: The principal

    private struct Looks {
        var isInvocation = 0
        var showsToken = 0
        var functionAddress = 0
    }

    /// Determines the principal, and counts the inputs that were looked up.
    private func principal(
        on listener: ListenerKind, isInvocation: Bool = true, showsToken: Bool = false, functionAddress: String? = nil
    ) -> (Result<Admission.Principal, InvocationError>, Looks) {
        var looks = Looks()
        func look<Value>(_ count: WritableKeyPath<Looks, Int>, _ value: Value) -> Value {
            looks[keyPath: count] += 1
            return value
        }
        do throws(InvocationError) {
            let principal = try Admission.principal(
                on: listener, isInvocation: look(\.isInvocation, isInvocation),
                showsToken: look(\.showsToken, showsToken), functionAddress: look(\.functionAddress, functionAddress))
            return (.success(principal), looks)
        } catch {
            return (.failure(error), looks)
        }
    }

    @Test(arguments: [ListenerKind.everything, .invocations])
    func `clients of a public listener are anonymous, and nothing is looked up for them`(kind: ListenerKind) throws {
        let (result, looks) = principal(on: kind, showsToken: true, functionAddress: "10.1.1.1")
        #expect(result == .success(.anonymous))
        #expect(looks.isInvocation + looks.showsToken + looks.functionAddress == 0)
    }

    @Test func `a function may not use the management listener, and other clients are anonymous`() {
        #expect(principal(on: .management).0 == .success(.anonymous))
        #expect(
            principal(on: .management, functionAddress: "10.1.1.1").0
                == .failure(.functionMayNotManage(address: "10.1.1.1")))
        #expect(principal(on: .management).1.showsToken == 0)
    }

    @Test func `the console's listener serves no functions, and a function may not use it`() {
        #expect(principal(on: .console, isInvocation: false).0 == .success(.anonymous))
        #expect(principal(on: .console).0 == .failure(.invocationsElsewhere))
        for isInvocation in [false, true] {
            let (result, looks) = principal(
                on: .console, isInvocation: isInvocation, showsToken: true, functionAddress: "10.1.1.1")
            #expect(result == .failure(.functionMayNotManage(address: "10.1.1.1")))
            #expect(looks.showsToken == 0)
        }
    }

    @Test func `an invocation on the internal listener needs the token, and a hook does not`() {
        #expect(principal(on: .peers, showsToken: true).0 == .success(.peer))
        #expect(principal(on: .peers).0 == .failure(.untrustedPeer))
        #expect(principal(on: .peers, isInvocation: false).0 == .success(.anonymous))
        #expect(principal(on: .peers, showsToken: true).1.functionAddress == 0)
    }
}
