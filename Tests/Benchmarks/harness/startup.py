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


class Terminal:
    """A program on a terminal of its own, until the end of the block."""

    def __init__(self, arguments, folder, core=None, environment={}):
        self.drawn = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

        def prepare():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if core is not None:
                pinned(core)()

        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            arguments, stdin=slave, stdout=slave, stderr=slave, preexec_fn=prepare, cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", "HOME": folder, "LC_ALL": "C.UTF-8", **environment})
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._master)

    def write(self, keys):
        os.write(self._master, keys)

    def cpu_seconds_at_end(self, limit=60):
        """Waits for its end; user and system time of the whole process."""
        end = time.monotonic() + limit
        pid = 0
        while pid == 0:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if time.monotonic() > end:
                raise Trouble(f"the program did not end within {limit} s")
            # What it draws last must find room.
            if pid == 0 and not self.read(0.01):
                time.sleep(0.01)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            raise Trouble(f"the program ended with {self.process.returncode}")
        return usage.ru_utime + usage.ru_stime

    def read(self, limit):
        """Whether something was written within so many seconds."""
        if not select.select([self._master], [], [], limit)[0]:
            return False
        try:
            self.drawn += os.read(self._master, 65536)
        except OSError:
            return False  # Its other end is closed.
        return True


def first_frame(arguments, core, folder):
    """Milliseconds until the last byte of its first burst of output, and after it the processor's milliseconds, resident and
    anonymous kB."""
    with Terminal(arguments, folder, core) as terminal:
        drawn = None
        while terminal.read(QUIET if drawn else 5):
            if time.monotonic() - terminal.begin > 3:
                break  # One that never stops drawing.
            drawn = time.monotonic()
        if drawn is None:
            raise Trouble(f"{os.path.basename(arguments[0])} drew nothing within 5 s")
        pid = terminal.process.pid
        return (drawn - terminal.begin) * 1000, cpu(pid), memory(pid, "Rss"), memory(pid, "Anonymous")


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
