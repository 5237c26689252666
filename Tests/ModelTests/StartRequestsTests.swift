import F2SModel
import Testing

@Suite struct StartRequestsTests {
    private let hello = Function.ID("hello")

    @Test func `a request holds for its lifetime, or until a replica accepts invocations`() {
        var requests = StartRequests()
        #expect(requests.isEmpty)
        #expect(requests.holds(hello, isAccepting: false, at: .zero) == false)
        #expect(requests.request(hello, at: .seconds(10)) == true)
        #expect(requests.holds(hello, isAccepting: false, at: .seconds(14)) == true)
        #expect(requests.holds(Function.ID("other"), isAccepting: false, at: .seconds(14)) == false)
        #expect(requests.holds(hello, isAccepting: false, at: .seconds(15)) == false)
        #expect(requests.isEmpty)
        #expect(requests.request(hello, at: .seconds(20)) == true)
        #expect(requests.holds(hello, isAccepting: true, at: .seconds(21)) == false)
        #expect(requests.isEmpty)
    }

    @Test func `a repeated request is extended and is not new`() {
        var requests = StartRequests()
        #expect(requests.request(hello, at: .zero) == true)
        #expect(requests.request(hello, at: .seconds(4)) == false)
        #expect(requests.holds(hello, isAccepting: false, at: .seconds(8)) == true)
        #expect(requests.request(hello, at: .seconds(9)) == true, "the request before has ended")
    }

    @Test func `the number of requests is limited`() {
        var requests = StartRequests()
        for number in 0..<StartRequests.countMax { _ = requests.request(Function.ID("\(number)"), at: .zero) }
        #expect(requests.request(hello, at: .seconds(1)) == false)
        #expect(requests.holds(hello, isAccepting: false, at: .seconds(1)) == false)
        #expect(requests.request(hello, at: .seconds(6)) == true, "the other requests have ended")
    }
}
