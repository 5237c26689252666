/// The fields of the head that was read last.
///
/// The fields are in plain memory and not in an array, as the bytes of a ``Buffer`` are. An array checks at each field
/// whether its storage is shared, and to empty it takes 84 instructions: together 2 % of those of a small request
/// (`make bench ARGS='--only instructions'`).
final class FieldTable: RandomAccessCollection {
    private let memory: UnsafeMutablePointer<Field>
    private let capacity: Int
    private(set) var endIndex = 0

    /// - Parameter capacity: The most fields of a head. To append more traps.
    init(capacity: Int) {
        self.capacity = capacity
        memory = .allocate(capacity: capacity)
    }

    deinit { memory.deallocate() }

    var startIndex: Int { 0 }

    subscript(index: Int) -> Field {
        get {
            precondition(index >= 0 && index < endIndex)
            return memory[index]
        }
        set {
            precondition(index >= 0 && index < endIndex)
            memory[index] = newValue
        }
    }

    func append(_ field: Field) {
        precondition(endIndex < capacity)
        memory[endIndex] = field
        endIndex &+= 1
    }

    func removeAll() { endIndex = 0 }
}
