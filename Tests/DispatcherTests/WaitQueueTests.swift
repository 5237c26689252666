import F2SModel
import Testing

@testable import F2SDispatcher

@Suite struct WaitQueueTests {
    private func waiter(_ sequence: UInt64) -> InvocationQueue.Waiter {
        .init(loop: 0, entry: Int(sequence), generation: 1)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `the waiters stay ordered by sequence after random insertions and removals`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var line = WaitQueue()
        var plain: [UInt64] = []
        var gone: [UInt64] = []
        var next: UInt64 = 0
        for step in 0..<5000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<4:
                line.insert(waiter(next), sequence: next)
                plain.append(next)
                next += 1
            case 4..<7:
                line.removeFirst()
                if !plain.isEmpty { gone.append(plain.removeFirst()) }
            case 7..<9:
                let sequence = UInt64.random(in: 0...next, using: &generator)
                let index = plain.firstIndex(of: sequence)
                #expect(line.remove(sequence: sequence) == (index != nil), "seed \(seed), step \(step)")
                if let index { plain.remove(at: index) }
            default:
                guard let sequence = gone.popLast() else { continue }
                line.insert(waiter(sequence), sequence: sequence)
                plain.insert(sequence, at: plain.firstIndex { $0 > sequence } ?? plain.count)
            }
            #expect(line.count == plain.count && line.first == plain.first.map(waiter), "seed \(seed), step \(step)")
        }
        #expect(line.removeAll() == plain.map(waiter), "seed \(seed)")
        #expect(line.isEmpty && line.first == nil)
    }
}
