/// A value that is usually absent, on the heap while it is present. An absent value costs one pointer, however large
/// its type is.
@propertyWrapper
public struct BoxedIfPresent<Value: Sendable>: Sendable {
    private var box: Boxed<Value>?

    /// Stores a value in a new box, or nothing.
    public init(wrappedValue: Value?) { box = wrappedValue.map(Boxed.init(wrappedValue:)) }

    /// The value; `nil` if it is absent. A change allocates.
    public var wrappedValue: Value? {
        get { box?.wrappedValue }
        set { box = newValue.map(Boxed.init(wrappedValue:)) }
    }
}

extension BoxedIfPresent: Equatable where Value: Equatable {}
extension BoxedIfPresent: Hashable where Value: Hashable {}
