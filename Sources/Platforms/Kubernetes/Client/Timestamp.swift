/// A point in time in the format of the API server (RFC 3339).
struct Timestamp: Sendable, Hashable {
    /// The seconds since 1970.
    let seconds: Double

    /// Creates a timestamp.
    init(seconds: Double) { self.seconds = seconds }

    /// Parses `2026-01-02T15:04:05Z`, with or without a fraction, with `Z` or an offset.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int) -> Int? {
            guard start + count <= bytes.count else { return nil }
            return bytes[start..<start + count].reduce(Optional(0)) { sum, byte in
                guard let sum, (48...57).contains(byte) else { return nil }
                return sum * 10 + Int(byte - 48)
            }
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
            let minute = number(14, 2), let second = number(17, 2), (1...12).contains(month), (1...31).contains(day),
            hour < 24, minute < 60, second <= 60, bytes[4] == 45, bytes[7] == 45, bytes[10] | 0x20 == 116,
            bytes[13] == 58, bytes[16] == 58
        else { return nil }
        var index = 19
        var fraction = 0.0
        if index < bytes.count, bytes[index] == 46 {
            index += 1
            var unit = 0.1
            while index < bytes.count, (48...57).contains(bytes[index]) {
                fraction += unit * Double(bytes[index] - 48)
                unit /= 10
                index += 1
            }
        }
        guard index < bytes.count else { return nil }
        var offset = 0
        if bytes[index] | 0x20 == 122 {
            index += 1
        } else {
            guard bytes[index] == 43 || bytes[index] == 45, let hours = number(index + 1, 2),
                let minutes = number(index + 4, 2), bytes[index + 3] == 58
            else { return nil }
            offset = (hours * 60 + minutes) * (bytes[index] == 43 ? 60 : -60)
            index += 6
        }
        guard index == bytes.count else { return nil }
        let days = Self.days(year, month, day)
        seconds = Double(days * 86_400 + hour * 3600 + minute * 60 + second - offset) + fraction
    }

    /// The text with microseconds, as Leases and Events require it.
    var microText: String { text(fractionDigits: 6) }

    /// The text with whole seconds.
    var text: String { text(fractionDigits: 0) }

    private func text(fractionDigits: Int) -> String {
        let scale = fractionDigits == 6 ? 1_000_000 : 1
        let units = Int((seconds * Double(scale)).rounded(.down))
        let whole = units >= 0 ? units / scale : (units - scale + 1) / scale
        let dayNumber = whole >= 0 ? whole / 86_400 : (whole - 86_399) / 86_400
        let (year, month, day) = Self.date(dayNumber)
        let second = whole - dayNumber * 86_400
        func padded(_ number: Int, _ digits: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
        }
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let time = "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        let fraction = fractionDigits > 0 ? ".\(padded(units - whole * scale, fractionDigits))" : ""
        return "\(date)T\(time)\(fraction)Z"
    }

    /// Returns the days from 1970 to a date in the Gregorian calendar. The calculation begins years in March, so that
    /// the leap day is the last day of a year.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let month = part + (part < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1)
    }
}
