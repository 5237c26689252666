/// A large value that is copied far more often than it is changed: copies share one box, and a change puts a new one in
/// the place of the old.
///
/// A declaration is held by the store, by its snapshots, by the operator and by the dispatcher. In a box it is in
/// memory once however many hold it, and to find two unchanged ones equal costs one comparison of addresses.
@propertyWrapper
public struct Boxed<Value: Sendable>: Sendable {
    private final class Box: Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }

    private var box: Box

    /// Puts a value in a box of its own.
    public init(wrappedValue: Value) { box = Box(wrappedValue) }

    /// The value; a change allocates.
    public var wrappedValue: Value {
        get { box.value }
        set { box = Box(newValue) }
    }
}

extension Boxed: Equatable where Value: Equatable {
    /// Whether the values are equal, which those in one box are.
    public static func == (left: Self, right: Self) -> Bool {
        left.box === right.box || left.box.value == right.box.value
    }
}

extension Boxed: Hashable where Value: Hashable {
    /// Hashes the value.
    public func hash(into hasher: inout Hasher) { hasher.combine(box.value) }
}
