/// A large value that is copied far more often than it is changed. Copies share one box, and a change replaces the box.
///
/// The store, its snapshots, the operator and the dispatcher all hold each declaration. In a box it is in memory only
/// once, and comparing two copies costs one comparison of addresses.
@propertyWrapper
public struct Boxed<Value: Sendable>: Sendable {
    private final class Box: Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }

    private var box: Box

    /// Stores a value in a new box.
    public init(wrappedValue: Value) { box = Box(wrappedValue) }

    /// The value. A change allocates.
    public var wrappedValue: Value {
        get { box.value }
        set { box = Box(newValue) }
    }
}

extension Boxed: Equatable where Value: Equatable {
    /// Returns true if the values are equal. Values in the same box are not compared.
    public static func == (left: Self, right: Self) -> Bool {
        left.box === right.box || left.box.value == right.box.value
    }
}

extension Boxed: Hashable where Value: Hashable {
    /// Hashes the value.
    public func hash(into hasher: inout Hasher) { hasher.combine(box.value) }
}
