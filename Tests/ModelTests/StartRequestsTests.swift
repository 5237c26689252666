import F2SModel
import Testing

@Suite struct StartRequestsTests {
    private let hello = Function.ID("hello")

    @Test func `a request holds for its time, or until a replica takes invocations`() {
        var requests = StartRequests()
        #expect(requests.isEmpty && !requests.holds(hello, isAccepting: false, at: .zero))
        #expect(requests.request(hello, at: .seconds(10)))
        #expect(requests.holds(hello, isAccepting: false, at: .seconds(14)))
        #expect(!requests.holds(Function.ID("other"), isAccepting: false, at: .seconds(14)))
        #expect(!requests.holds(hello, isAccepting: false, at: .seconds(15)))
        #expect(requests.isEmpty)
        #expect(requests.request(hello, at: .seconds(20)))
        #expect(!requests.holds(hello, isAccepting: true, at: .seconds(21)))
        #expect(requests.isEmpty)
    }

    @Test func `repeating a request prolongs it and wakes nobody`() {
        var requests = StartRequests()
        #expect(requests.request(hello, at: .zero))
        #expect(!requests.request(hello, at: .seconds(4)))
        #expect(requests.holds(hello, isAccepting: false, at: .seconds(8)))
        #expect(requests.request(hello, at: .seconds(9)), "the one before is over")
    }

    @Test func `requests are bounded`() {
        var requests = StartRequests()
        for number in 0..<StartRequests.countMax { _ = requests.request(Function.ID("\(number)"), at: .zero) }
        #expect(!requests.request(hello, at: .seconds(1)))
        #expect(!requests.holds(hello, isAccepting: false, at: .seconds(1)))
        #expect(requests.request(hello, at: .seconds(6)), "the others are over")
    }
}
