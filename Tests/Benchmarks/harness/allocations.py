"""What a request asks of the heap: the difference between a long and a short run, so that the start doesn't count."""

import os
import tempfile

from .figures import table
from .processes import run_to_end

TITLE = "Allocations a request"
SHORT, LONG = 5_000, 25_000


def measure(nginx, cores, binaries, contenders, options, note):
    """(calls, bytes) a request, by contender."""
    counts = {}
    for name, watcher in contenders:
        note(name)
        (calls, size), (more_calls, more_size) = (
            count(nginx, cores, binaries, watcher, requests, options.connections) for requests in (SHORT, LONG))
        counts[name] = ((more_calls - calls) / (LONG - SHORT), (more_size - size) / (LONG - SHORT))
    return counts


def count(nginx, cores, binaries, watcher, requests, connections):
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "count")
        run_to_end(
            [binaries["engine"], nginx.url, str(requests), str(connections), watcher], cores.client,
            {"LD_PRELOAD": binaries["malloc-count"], "MALLOC_COUNT_FILE": result})
        with open(result) as file:
            return tuple(map(int, file.read().split()))


def report(counts):
    rows = [[name, f"{calls:.1f}", f"{size:,.0f}"] for name, (calls, size) in counts.items()]
    return table(["contender", "calls", "bytes"], rows)
