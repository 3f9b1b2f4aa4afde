"""A long session: what a million exchanges weigh, what a frame over them takes, how fast they are exported."""

import json

from .figures import single
from .processes import run_to_end

MEMORY, FRAME, EXPORT = "Memory of a million exchanges", "A frame over a million exchanges", "HAR export"
COUNT = 1_000_000


def measured(cores, binaries, figure, count, heads):
    return json.loads(run_to_end([binaries["session"], figure, str(count), heads], cores.client, limit=600).output)


def memory(cores, binaries, note):
    lines = []
    # A million answers with a head of their own each are not what a load brings; a tenth tells what they weigh.
    for heads, count in [("shared", COUNT), ("distinct", COUNT // 10)]:
        note(f"{count:,} exchanges, {heads} heads")
        taken = measured(cores, binaries, "memory", count, heads)
        megabytes = taken["bytes"] / 1e6 * COUNT / count
        words = f"{count:,} exchanges, {heads} heads: {taken['bytes'] / count:,.0f} bytes each, MB a million"
        lines.append(single(words, megabytes, 150, ".0f") if heads == "shared" else f"- {words}: {megabytes:.0f}")
    return "\n".join(lines)


def frame(cores, binaries, note):
    note("a frame at 200x60")
    taken = measured(cores, binaries, "frame", COUNT, "shared")
    return "\n".join([
        single("a frame at 200x60, median, ms", taken["median_ms"], 1), f"- at the 99th percentile: {taken['p99_ms']:.2f}"])


def export(cores, binaries, note):
    lines = []
    for heads, count in [("shared", 300_000), ("distinct", 100_000)]:
        note(f"HAR of {count:,} entries, {heads} heads")
        taken = measured(cores, binaries, "har", count, heads)
        rate = taken["entries"] / taken["seconds"]
        words = f"entries a second, {heads} heads"
        lines.append(single(words, rate, 100_000, ",.0f", at_least=True))
        lines.append(f"- memory grew by {taken['grown_bytes'] / 1e6:.1f} MB while {taken['bytes'] / 1e6:,.0f} MB were written")
    return "\n".join(lines)
