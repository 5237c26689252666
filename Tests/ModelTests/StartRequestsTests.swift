import F2SModel
import Testing

@Suite struct StartRequestsTests {
    private let hello = Function.ID("hello")

    @Test func `a request holds for its time, or until a replica takes invocations`() {
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

    @Test func `repeating a request prolongs it and wakes nobody`() {
        var requests = StartRequests()
        #expect(requests.request(hello, at: .zero) == true)
        #expect(requests.request(hello, at: .seconds(4)) == false)
        #expect(requests.holds(hello, isAccepting: false, at: .seconds(8)) == true)
        #expect(requests.request(hello, at: .seconds(9)) == true, "the one before is over")
    }

    @Test func `requests are bounded`() {
        var requests = StartRequests()
        for number in 0..<StartRequests.countMax { _ = requests.request(Function.ID("\(number)"), at: .zero) }
        #expect(requests.request(hello, at: .seconds(1)) == false)
        #expect(requests.holds(hello, isAccepting: false, at: .seconds(1)) == false)
        #expect(requests.request(hello, at: .seconds(6)) == true, "the others are over")
    }
}
