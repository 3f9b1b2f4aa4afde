import Exports
import Glibc
import HTTPTrace
import Inspector
import Resident
import Sessions
import TextScreen

// What a long session costs: memory, a frame, an export. The session is a load's, event by event as the engine records it:
// some URLs, kept connections, answers whose head changes once a second.

@main
struct SessionBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let count = Int(arguments[2]), count > 0,
            let figure = Figure(rawValue: arguments[1]), let heads = Load.Heads(rawValue: arguments[3])
        else {
            print("usage: SessionBenchmark memory|frame|har EXCHANGES shared|distinct")
            exit(2)
        }
        let load = Load(heads)
        switch figure {
        case .memory: measureMemory(load, count)
        case .frame: measureFrames(load, count)
        case .har: measureHAR(load, count)
        }
    }

    enum Figure: String { case memory, frame, har }

    private static func measureMemory(_ load: Load, _ count: Int) {
        let before = Resident.now
        let start = monotonicNow()
        let session = load.session(of: count)
        let seconds = (monotonicNow() - start).milliseconds / 1000
        report(["exchanges": session.exchanges.count, "bytes": Resident.now - before], ["seconds": seconds])
    }

    /// One more exchange, then a frame, as often as tells a percentile.
    private static func measureFrames(_ load: Load, _ count: Int) {
        var model = Model(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 1_800_000_000_000_000_000))
        _ = update(&model, .resized(Size(columns: 200, rows: 60)), at: .zero)
        for number in 1...count { add(number, of: load, to: &model) }
        var times: [Double] = []
        var cells = 0
        for number in count + 1...count + 500 {
            add(number, of: load, to: &model)
            let start = monotonicNow()
            let frame = render(model, at: load.end(of: number))
            times.append((monotonicNow() - start).milliseconds)
            cells += frame.screen.size.rows * frame.screen.size.columns
        }
        times.sort()
        report(
            ["exchanges": count, "cells": cells / 500],
            ["median_ms": times[times.count / 2], "p99_ms": times[times.count * 99 / 100]])
    }

    private static func add(_ number: Int, of load: Load, to model: inout Model) {
        let id = ExchangeID(number)
        _ = update(&model, .begin(load.draft(of: number), id, .typed), at: load.start(of: number))
        _ = update(&model, .trace(load.records(of: number)), at: load.end(of: number))
        _ = update(&model, .bodies([(id, load.body)]), at: load.end(of: number))
    }

    private static func measureHAR(_ load: Load, _ count: Int) {
        let session = load.session(of: count)
        let before = Resident.now
        var most = before
        var bytes = 0
        let start = monotonicNow()
        var writer = HARWriter(version: "1", clock: session.clock, at: load.end(of: count))
        writer.write(session.exchanges, of: session) { chunk in
            bytes += chunk.count
            most = max(most, Resident.now)
        }
        let seconds = (monotonicNow() - start).milliseconds / 1000
        report(
            ["entries": writer.summary.entries, "bytes": bytes, "grown_bytes": most - before], ["seconds": seconds])
    }

    private static func report(_ counts: [String: Int], _ figures: [String: Double]) {
        let members = counts.map { "\"\($0)\": \($1)" } + figures.map { "\"\($0)\": \($1)" }
        print("{\(members.sorted().joined(separator: ", "))}")
    }

    private static func monotonicNow() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
