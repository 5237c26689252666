import F2SModel
import Testing

@Suite struct PartitioningIndexTests {
    @Test(arguments: 0...9)
    func `the second part begins with the first element that belongs to it`(size: Int) {
        let numbers = Array(0..<size)
        for bound in 0...size { #expect(numbers.partitioningIndex { $0 >= bound } == bound) }
        #expect(numbers.partitioningIndex { _ in false } == size)
        #expect(numbers.partitioningIndex { _ in true } == 0)
    }
}
