/// The Date field of responses (RFC 9110 section 6.6.1), rebuilt once a second.
struct DateLine {
    /// The whole field line.
    private(set) var line: [UInt8]
    private var second: Int

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    init(secondsSince1970: Double) {
        second = Int(secondsSince1970)
        line = Self.line(second)
    }

    mutating func update(secondsSince1970: Double) {
        guard Int(secondsSince1970) != second else { return }
        self = DateLine(secondsSince1970: secondsSince1970)
    }

    private static func line(_ second: Int) -> [UInt8] {
        let (day, time) = second.quotientAndRemainder(dividingBy: 86_400)
        let (year, month, dayOfMonth) = civil(day)
        let clock = [time / 3600, time / 60 % 60, time % 60].map(twoDigits).joined(separator: ":")
        return Array(
            "Date: \(days[day % 7]), \(twoDigits(dayOfMonth)) \(months[month - 1]) \(year) \(clock) GMT\r\n".utf8)
    }

    /// Returns the year, month and day of a day since 1970. Years begin in March here, so that the leap day is the last
    /// day of a year. Every 400 years have the same number of days.
    private static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let isNextYear = month >= 10
        return (
            era * 400 + yearOfEra + (isNextYear ? 1 : 0), isNextYear ? month - 9 : month + 3,
            dayOfYear - (153 * month + 2) / 5 + 1
        )
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
