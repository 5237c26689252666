/// A database of metrics, which has time series of functions for longer than an F2S process keeps them.
public protocol FunctionSeriesSource: Sendable {
    /// Returns the time series of a function until now, as all F2S processes together have counted them.
    /// - Parameter seconds: The length of the time, 1 s to 7 days.
    /// - Returns: `nil` if the settings name no database.
    /// - Throws: ``FunctionSeriesError``. A retry may succeed.
    func fetchSeries(of function: FunctionName, seconds: Int) async throws(FunctionSeriesError) -> FunctionSeries?
}

/// The reason for which a database of metrics has returned no time series.
public enum FunctionSeriesError: Error, Sendable, Hashable {
    /// The database cannot be reached, or its answer cannot be used. The text is a sentence or two for the user: what
    /// happened, and what to do.
    case unavailable(String)
}
