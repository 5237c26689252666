import F2SModel

/// Chooses the process that owns something: the process whose name, hashed together with the thing, yields the largest
/// value.
///
/// Every process that knows the same names gets the same result. When a process starts or ends, only its own functions
/// move.
enum RendezvousHash {
    /// Returns the process that owns the function; `nil` if there are no processes.
    static func owner(of function: Function.ID, among processes: some Collection<String>) -> String? {
        processes.max { (weight(function, $0), $0) < (weight(function, $1), $1) }
    }

    private static func weight(_ function: Function.ID, _ process: String) -> UInt64 {
        var hash = StableHash()
        hash.add(process)
        hash.add(function.text)
        // FNV propagates differences only upwards: names that differ at their ends would come in a fixed order.
        var mixed = hash.value
        mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return mixed ^ (mixed >> 33)
    }
}
