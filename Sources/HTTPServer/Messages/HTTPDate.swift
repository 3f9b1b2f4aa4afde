internal import Glibc
internal import HTTPTypes

/// Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// - Parameter seconds: Since 1970, within the years 1000 to 9999.
    static func text(unixSeconds seconds: Int) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date = "\(twoDigits(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(1900 + parts.tm_year)"
        let time = "\(twoDigits(parts.tm_hour)):\(twoDigits(parts.tm_min)):\(twoDigits(parts.tm_sec))"
        return "\(days[Int(parts.tm_wday)]), \(date) \(time) GMT"
    }

    private static func twoDigits(_ number: Int32) -> String { number < 10 ? "0\(number)" : String(number) }
}

/// The Date and Server lines of a response, made once a second.
struct StandingFields {
    private let serverName: String
    private var second = 0
    private var lines: [UInt8] = []

    /// - Parameter serverName: Empty for no Server field.
    init(serverName: String) {
        self.serverName = serverName
    }

    /// The lines with their ends, as of `unixSeconds`.
    mutating func lines(at unixSeconds: Int) -> [UInt8] {
        if second != unixSeconds || lines.isEmpty {
            second = unixSeconds
            lines = Array("Date: \(HTTPDate.text(unixSeconds: unixSeconds))\r\n".utf8)
            if !serverName.isEmpty { lines += "Server: \(serverName)\r\n".utf8 }
        }
        return lines
    }

    /// The same without those that the response names itself: what is passed on keeps its own.
    mutating func lines(at unixSeconds: Int, besides fields: HTTPFields) -> [UInt8] {
        let (hasDate, hasServer) = (fields[.date] != nil, fields[.server] != nil)
        guard hasDate || hasServer else { return lines(at: unixSeconds) }
        var lines: [UInt8] = []
        if !hasDate { lines += "Date: \(HTTPDate.text(unixSeconds: unixSeconds))\r\n".utf8 }
        if !hasServer, !serverName.isEmpty { lines += "Server: \(serverName)\r\n".utf8 }
        return lines
    }

    /// The same as fields.
    func fields(at unixSeconds: Int) -> [(HTTPField.Name, String)] {
        [(.date, HTTPDate.text(unixSeconds: unixSeconds))] + (serverName.isEmpty ? [] : [(.server, serverName)])
    }

    /// The wall clock's second, asked on the spot.
    static var currentSecond: Int { time(nil) }
}
