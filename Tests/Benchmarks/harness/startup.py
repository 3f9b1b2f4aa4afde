"""From the start of a program to its first frame on a terminal, and what it holds in memory then, beside other programs
that draw one."""

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

from .figures import Spread, single, table
from .processes import Trouble, pinned

TITLE = "First frame"
ROUNDS = 9
ROWS, COLUMNS = 36, 120
PROGRAM, DEMO = "roundtrip", "roundtrip --demo"
# A program that has written nothing for so long has drawn its first frame.
QUIET = 0.15


def first_frame(arguments, core, folder):
    """Milliseconds until the last byte of its first burst of output, and after it the processor's milliseconds, resident and
    anonymous kB."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def prepare():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        pinned(core)()

    begin = time.monotonic()
    process = subprocess.Popen(
        arguments, stdin=slave, stdout=slave, stderr=slave, preexec_fn=prepare, cwd=folder,
        env={**os.environ, "TERM": "xterm-256color", "HOME": folder, "LC_ALL": "C.UTF-8"})
    os.close(slave)
    drawn = None
    try:
        while select.select([master], [], [], QUIET if drawn else 5)[0]:
            os.read(master, 65536)
            if time.monotonic() - begin > 3:
                break  # One that never stops drawing.
            drawn = time.monotonic()
        if drawn is None:
            raise Trouble(f"{os.path.basename(arguments[0])} drew nothing within 5 s")
        return (drawn - begin) * 1000, cpu(process.pid), memory(process.pid, "Rss"), memory(process.pid, "Anonymous")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(master)


def cpu(pid):
    """Of all its threads, in milliseconds. Waiting for a busy core is not in it."""
    spent = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            spent += int(file.read().split()[0])
    return spent / 1e6


def memory(pid, name):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def contenders(binaries, folder):
    made = {}
    if program := binaries.get("program"):
        made[PROGRAM] = [program]
        made[DEMO] = [program, "--demo"]
    if tig := shutil.which("tig"):
        subprocess.run(
            ["sh", "-c", "git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first"],
            cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        made["tig"] = [tig]
    if btop := shutil.which("btop"):
        made["btop"] = [btop]
    return made


def measure(cores, binaries, note):
    samples = {}
    with tempfile.TemporaryDirectory() as folder:
        everyone = contenders(binaries, folder)
        for round in range(ROUNDS + 1):
            for name, arguments in everyone.items():
                note(f"{name}, start {round} of {ROUNDS}")
                sample = first_frame(arguments, cores.client, folder)
                if round:  # The first brings the files into memory.
                    samples.setdefault(name, []).append(sample)
    return samples


def report(samples):
    spread = lambda taken, place: Spread.of(sample[place] for sample in taken)
    lines = [table(["program", "first frame, ms", "CPU until then, ms", "resident, MB", "of it its own, MB"], [
        [name, f"{spread(taken, 0):.0f}", f"{spread(taken, 1):.0f}", f"{spread(taken, 2).middle / 1000:.1f}",
         f"{spread(taken, 3).middle / 1000:.1f}"]
        for name, taken in samples.items()]), ""]
    if taken := samples.get(PROGRAM):
        lines.append(single("first frame, ms", spread(taken, 0).middle, 40, ".0f"))
        lines.append(single("resident at the first frame, MB", spread(taken, 2).middle / 1000, 12, ".1f"))
    return "\n".join(lines)
