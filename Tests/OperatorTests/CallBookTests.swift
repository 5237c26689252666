import F2SModel
import Testing

@testable import F2SOperator

@Suite struct CallBookTests {
    private func subject(_ number: Int) -> CallBook.Subject { .replicas(Function.ID("f\(number)")) }

    @Test func `calls of one function never run at once, of its status and its replicas they may`() {
        var book = CallBook()
        let first = book.begin(subject(1), at: .zero)
        let second = book.begin(subject(1), at: .zero)
        let status = book.begin(.status(Function.ID("f1")), at: .zero)
        _ = book.end(subject(1), isSuccess: true, at: .zero)
        let third = book.begin(subject(1), at: .zero)
        #expect([first, second, status, third] == [true, false, true, true])
    }

    @Test func `there is room for those that somebody waits for`() {
        var book = CallBook()
        let ordinary = (0..<100).count { book.begin(subject($0), at: .zero) }
        let urgent = (200..<300).count { book.begin(subject($0), isUrgent: true, at: .zero) }
        #expect(ordinary == CallBook.callsMax - CallBook.callsReserved)
        #expect(urgent == CallBook.callsReserved)
    }

    @Test func `a failure is news once, waits longer each time, and its end is news again`() {
        var book = CallBook()
        var now = Duration.zero
        for (number, wait) in [1, 2, 4, 8, 16, 30, 30].enumerated() {
            let begins = book.begin(subject(1), at: now)
            let isNews = book.end(subject(1), isSuccess: false, at: now)
            let beginsEarly = book.begin(subject(1), at: now + .seconds(wait) - .milliseconds(1))
            #expect(begins)
            #expect(isNews == (number == 0))
            #expect(!beginsEarly)
            now += .seconds(wait)
        }
        let news = (0..<2).map { _ in
            _ = book.begin(subject(1), at: now)
            return book.end(subject(1), isSuccess: true, at: now)
        }
        #expect(news == [true, false])
    }
}
