"""Instructions a request, kernel not counted, as valgrind counts them: the difference between a long and a short run, so that
the start doesn't count. The same on a busy machine as on a quiet one."""

import re
import subprocess
import tempfile
import os

from . import contenders as names
from .figures import table
from .processes import Trouble

TITLE = "Instructions a request"
SHORT, LONG = 1_000, 4_000


def measure(nginx, binaries, watchers, options, note):
    counts = {}
    for name, watcher in watchers:
        note(f"{name}, counted by valgrind")
        short, long = (
            count([binaries["engine"], nginx.url, str(requests), str(options.connections), watcher], binaries)
            for requests in (SHORT, LONG))
        counts[name] = (long - short) / (LONG - SHORT)
    return counts


def count(arguments, binaries):
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *arguments], capture_output=True,
            text=True, timeout=600, env={**os.environ, "LD_PRELOAD": binaries["no-sigsuspend"]})
    found = re.search(r"Collected : (\d+)", ended.stderr)
    if ended.returncode != 0 or found is None:
        raise Trouble(f"valgrind ended with {ended.returncode}: {ended.stderr.strip()[-300:]}")
    return int(found[1])


def report(counts):
    bare = counts[names.UNWATCHED]
    return table(
        ["contender", "instructions", "÷ no trace"],
        [[name, f"{taken:,.0f}", f"{taken / bare:.2f}"] for name, taken in counts.items()])
