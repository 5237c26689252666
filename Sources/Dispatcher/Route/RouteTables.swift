/// The same routes twice: where public connections go, and where what other F2S processes forward is served.
struct RouteTables: Sendable {
    /// An invocation of a function whose slots another process grants goes there.
    var open = RouteTable()
    /// Every function is at home.
    var home = RouteTable()
}
