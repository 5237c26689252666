import F2SModel

/// Which of several processes something belongs to: the one whose name, hashed together with it, is the largest.
///
/// Whoever knows the same names comes to the same answer, and when a process comes or goes only what belongs to it
/// moves.
enum Rendezvous {
    /// The process that the function belongs to; `nil`: there is none.
    static func owner(of function: Function.ID, among processes: some Collection<String>) -> String? {
        processes.max { (weight(function, $0), $0) < (weight(function, $1), $1) }
    }

    private static func weight(_ function: Function.ID, _ process: String) -> UInt64 {
        var hash = StableHash()
        hash.add(process)
        hash.add(function.text)
        // FNV moves differences upwards only; names that differ at their ends would come in a fixed order.
        var mixed = hash.value
        mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return mixed ^ (mixed >> 33)
    }
}
