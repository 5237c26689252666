/// The moments for which Prometheus computes the values of a chart.
struct TimeSteps: Sendable, Hashable {
    /// The maximum number of steps: a chart has no space for more.
    static let countMax = 360
    /// The possible lengths of a step in seconds. They are parts of a minute, an hour or a day, which is what readers
    /// of a chart expect.
    private static let lengths = [10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600]

    /// The time between two steps, in seconds.
    let stepSeconds: Int
    /// The number of steps.
    let count: Int
    /// The time of the last step, in seconds since 1970.
    let end: Int

    /// Divides a time into steps that are no shorter than the interval of the scrapes: between two scrapes nothing is
    /// known.
    /// - Parameter seconds: The length of the time.
    init(seconds: Int, end: Int, scrapeSeconds: Int) {
        let seconds = max(1, seconds)
        let shortest = max((seconds + Self.countMax - 1) / Self.countMax, scrapeSeconds)
        stepSeconds = Self.lengths.first { $0 >= shortest } ?? shortest
        count = (seconds + stepSeconds - 1) / stepSeconds
        self.end = end
    }

    /// The time of the first step, in seconds since 1970.
    var start: Int { end - (count - 1) * stepSeconds }

    /// Returns the number of the step at a time, from 0; `nil` if there is none.
    func index(at time: Double) -> Int? {
        let number = ((time - Double(start)) / Double(stepSeconds)).rounded()
        return number >= 0 && number < Double(count) ? Int(number) : nil
    }
}
