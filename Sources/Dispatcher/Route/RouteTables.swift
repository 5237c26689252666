/// The same routes twice: for public connections, and for invocations that other F2S processes forward.
struct RouteTables: Sendable {
    /// The routes of public connections. If another process grants a function's slots, its invocations are forwarded
    /// there.
    var publicRoutes = RouteTable()
    /// The routes of forwarded invocations. This process serves every function.
    var local = RouteTable()
}
