/// An ordered list of functions, stored in blocks that copies share. A change of one function copies its block and the
/// list of blocks instead of ten thousand functions.
public struct FunctionList: Sendable, RandomAccessCollection {
    private final class Block: Sendable {
        let functions: [Function]

        init(_ functions: [Function]) { self.functions = functions }
    }

    private static let blockSize = 64

    /// The blocks. All of them except the last are full.
    private var blocks: [Block] = []
    /// The number of functions.
    public private(set) var count = 0

    init(_ functions: some Sequence<Function> = []) {
        var block: [Function] = []
        for function in functions {
            block.append(function)
            count += 1
            guard block.count == Self.blockSize else { continue }
            blocks.append(Block(block))
            block = []
        }
        if !block.isEmpty { blocks.append(Block(block)) }
    }

    /// The position of the first function.
    public var startIndex: Int { 0 }
    /// The position after the last function.
    public var endIndex: Int { count }

    /// The function at a position.
    public internal(set) subscript(position: Int) -> Function {
        get { blocks[position / Self.blockSize].functions[position % Self.blockSize] }
        set {
            var functions = blocks[position / Self.blockSize].functions
            functions[position % Self.blockSize] = newValue
            blocks[position / Self.blockSize] = Block(functions)
        }
    }

    mutating func append(_ function: Function) {
        if let last = blocks.last, last.functions.count < Self.blockSize {
            blocks[blocks.count - 1] = Block(last.functions + [function])
        } else {
            blocks.append(Block([function]))
        }
        count += 1
    }
}

extension FunctionList: Hashable {
    /// Returns true if both lists contain equal functions in the same order.
    public static func == (left: Self, right: Self) -> Bool {
        left.count == right.count
            && zip(left.blocks, right.blocks).allSatisfy { $0 === $1 || $0.functions == $1.functions }
    }

    /// Hashes every function.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for function in self { hasher.combine(function) }
    }
}
