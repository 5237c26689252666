extension String {
    /// Returns true if both texts have the same bytes. `==` takes texts for equal that differ in the composition of
    /// their characters (Unicode's canonical equivalence), which must not decide about access.
    public func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
