import Exports
import HTTPTrace
import Inspector
import Sessions
import Transport

/// A session on its way into a file. A copy: what is recorded meanwhile is not in it.
struct SessionExport: Sendable {
    /// `-` is standard output.
    let path: String
    /// Whether secrets stay in.
    let isFull: Bool
    /// Which exchanges; nil for all.
    let exchanges: [ExchangeID]?
    let session: Session
    let now: Timestamp

    /// Writes it off the main actor.
    ///
    /// - Returns: A sentence on what was written, what failed in it and what was left out.
    func writeOrThrow() async throws -> String {
        try await Task.detached { try writeHAR() }.value
    }

    private func writeHAR() throws -> String {
        var writer = HARWriter(
            version: programVersion, clock: session.clock, redacting: isFull ? .full : .secrets, at: now)
        let chosen = exchanges.map { $0.compactMap { session[$0] } } ?? session.exchanges
        if path == "-" {
            writer.write(chosen, of: session) { (bytes: [UInt8]) in printOutput(String(decoding: bytes, as: UTF8.self))
            }
        } else {
            let file = try ExportFile(path: path, mayReplace: true)
            try writer.write(chosen, of: session) { (bytes: [UInt8]) throws(ExportFile.Problem) in try file.write(bytes)
            }
            try file.commit()
        }
        return sentence(writer.summary)
    }

    private func sentence(_ summary: HARWriter.Summary) -> String {
        var parts = ["\(summary.entries) \(summary.entries == 1 ? "entry" : "entries")"]
        if summary.failed > 0 { parts.append("\(summary.failed) failed") }
        if summary.running > 0 { parts.append("\(summary.running) still running") }
        let name = path == "-" ? "standard output" : path
        let redacted = summary.redacted.total
        let secrets =
            isFull
            ? " Secrets are in it."
            : redacted == 0 ? "" : " \(redacted) secret\(redacted == 1 ? "" : "s") redacted (--full keeps them)."
        return "Saved \(name): \(parts.joined(separator: ", "))." + secrets
    }
}
