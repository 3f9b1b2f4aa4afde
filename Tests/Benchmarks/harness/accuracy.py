"""How far a recorded time is from the truth: a server that knows when it answered, and the program's own record of it,
while its screen redraws. Both read the machine's monotonic clock."""

import fcntl
import os
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import tempfile
import termios
import time

from .figures import single
from .processes import Trouble, pinned
from .servers import Program

TITLE = "Accuracy of times"
REQUESTS = 1_000
# A replay every 4 ms, each with a frame: what a person can't do, and a program that draws must bear.
PACE = 0.004


def measure(cores, binaries, note):
    """Microseconds by which first bytes were stamped after the server had given them to the kernel, least first."""
    note("answers at known times")
    with Program([binaries["delays"]], cores.server) as server, tempfile.TemporaryDirectory() as folder:
        recording = os.path.join(folder, "session.db")
        replay_on_terminal([binaries["program"], "--record", recording, server.url], cores.client)
        with sqlite3.connect(recording) as database:
            rows = database.execute("""
                SELECT started_clock_ns + exchanges.started_unix_ns - runs.started_unix_ns + first_byte_ns, response_head
                FROM exchanges JOIN runs ON runs.id = exchanges.run WHERE outcome = 'ok'""").fetchall()
    if len(rows) < REQUESTS * 0.9:
        raise Trouble(f"{len(rows)} of {REQUESTS} requests were recorded as good")
    sent = lambda head: int(re.search(rb"X-Sent: (\d+)", bytes(head))[1])
    return sorted((stamp - sent(head)) / 1000 for stamp, head in rows)


def replay_on_terminal(arguments, core):
    """The interface on a terminal of its own, where the one request is replayed again and again."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))

    def prepare():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        pinned(core)()

    process = subprocess.Popen(
        arguments, stdin=slave, stdout=slave, stderr=slave, preexec_fn=prepare,
        env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
    os.close(slave)
    try:
        read_for(master, 2)
        for _ in range(REQUESTS):
            os.write(master, b"r")
            read_for(master, PACE)
        # The last answers, and what the recording gathers before it writes.
        read_for(master, 2)
        if process.poll() is not None:
            raise Trouble(f"the program ended with {process.returncode}")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(master)


def read_for(terminal, seconds):
    """Takes what is drawn, as a terminal would; also what makes the program go on drawing."""
    end = time.monotonic() + seconds
    while (rest := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], rest)[0]:
            os.read(terminal, 1 << 20)


def report(errors):
    at = lambda share: errors[min(int(len(errors) * share), len(errors) - 1)]
    return "\n".join([
        f"- {len(errors)} answers, one every {PACE * 1000:.0f} ms and a frame each: stamped after the server gave them to the "
        f"kernel by {at(0.5):.0f} µs (median), {errors[0]:.0f} at least, {errors[-1]:.0f} at most",
        single("at the 99th percentile, µs", at(0.99), 50, ".0f")])
