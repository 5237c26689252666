import Testing

@testable import F2SDispatcher
@testable import F2SModel

/// Tests where the response to an abandoned invocation ends, and when the dispatcher shuts down the sending side of the
/// replica's connection or gives the replica up.
@Suite struct AbandonedResponseTests {
    private static let limit: UInt64 = 30_000_000_000
    private static let second: UInt64 = 1_000_000_000

    private func response(
        _ rest: AbandonedResponse.Rest = .head(isAnswerToHead: false), isRequestComplete: Bool = true
    ) -> AbandonedResponse {
        AbandonedResponse(rest, isRequestComplete: isRequestComplete, now: 0, limit: Self.limit)
    }

    private func discard(_ text: String, of response: inout AbandonedResponse) -> Int {
        discard(Array(text.utf8), of: &response)
    }

    private func discard(_ bytes: [UInt8], of response: inout AbandonedResponse) -> Int {
        var scanner = HeadScanner(limits: HeadLimits(Limits()))
        return response.discard(bytes.span, &scanner, now: 0)
    }

    @Test(
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true, true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", false, false),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", true, true),
            ("HTTP/1.1 103 Early Hints\r\n\r\n", false, false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true, true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", false, false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", false, false),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true, false),
            ("HTTP/1.1 200 OK\r\n\r\nuntil the end", false, false),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\nsomething", false, false),
            ("no HTTP at all\r\n\r\nand more", false, false),
        ]) func `a response is complete at the end of its framing`(text: String, isComplete: Bool, isReusable: Bool)
    {
        var whole = response()
        #expect(discard(text, of: &whole) == text.utf8.count)
        #expect(whole.isComplete == isComplete)
        #expect(whole.isReusable == isReusable)
        // Passes the same bytes one by one; unconsumed bytes are passed again.
        var dribbled = response()
        var held: [UInt8] = []
        for byte in text.utf8 {
            held.append(byte)
            held.removeFirst(discard(held, of: &dribbled))
        }
        #expect(dribbled.isComplete == isComplete)
    }

    @Test func `the response to HEAD has no content`() {
        var head = response(.head(isAnswerToHead: true))
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
        #expect(discard(text + "x", of: &head) == text.utf8.count)
        #expect(head.isReusable)
    }

    @Test func `the connection of a silent replica stays open until the replica is given up at the limit`() {
        var silent = response()
        #expect(silent.timePassed(Self.limit - 1) == .wait)
        #expect(silent.timePassed(Self.limit) == .giveUp)
    }

    @Test func `the sending side is shut down at once after an incomplete request or a tunnel`() {
        var partial = response(isRequestComplete: false)
        #expect(partial.timePassed(0) == .tell)
        #expect(partial.timePassed(1) == .wait)
        _ = discard("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", of: &partial)
        #expect(partial.isComplete && !partial.isReusable)
        for rest in [AbandonedResponse.Rest.tunnel, .malformed] {
            var other = response(rest)
            #expect(other.timePassed(0) == .tell)
            #expect(other.timePassed(Self.limit) == .giveUp)
        }
    }

    @Test func `the sending side is shut down after a second without a length, and at half of the limit with one`() {
        var endless = response()
        _ = discard("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", of: &endless)
        #expect(endless.timePassed(Self.second - 1) == .wait)
        #expect(endless.timePassed(Self.second) == .tell)
        var long = response(.content(BodyReader(.length(100)), isPersistent: true))
        #expect(long.timePassed(Self.limit / 2 - 1) == .wait)
        #expect(long.timePassed(Self.limit / 2) == .tell)
        #expect(long.timePassed(Self.limit) == .giveUp)
    }
}
