"""The whole program, recording into a session file: without a screen, and as a person runs it, on a terminal that it draws on
meanwhile. Beside Go's client that watches nothing."""

import os
import socket
import sqlite3
import tempfile
import time

from . import contenders as names
from .contenders import Contender, Sample, as_asked, own_report
from .figures import Spread, ratios, table, verdict
from .processes import Trouble
from .startup import Terminal

TITLE = "The whole program"
HEADLESS, INTERFACE = "roundtrip probe --record", "roundtrip --record, drawing"
# How often is looked whether all have been answered: once a frame.
LOOK = 0.016
# An interface that has drawn nothing for so long has taken in all there was: what happens is shown within a frame.
QUIET = 0.05


def contenders(binaries):
    program, go = binaries["program"], binaries["go"]
    plain = ["probe", "-n", "{requests}", "-c", "{connections}", "--summary", "--fail", "{url}"]
    return [
        Recorded(HEADLESS, program, plain), Interface(INTERFACE, program),
        Contender(names.PROGRAM, [program, *plain], as_asked),
        Contender(names.GO, [go, "{url}", "{requests}", "{connections}", "unwatched"], own_report, {"GOMAXPROCS": "1"})]


class Recorded:
    """The program with a session file, in which every request must stand."""

    def __init__(self, name, program, arguments):
        self.name, self.program, self.arguments = name, program, arguments

    def run(self, url, requests, connections, core):
        with tempfile.TemporaryDirectory() as folder:
            recording = os.path.join(folder, "session.db")
            sample = Contender(
                self.name, [self.program, *self.arguments, "--record", recording], as_asked
            ).run(url, requests, connections, core)
            check(recording, requests)
            return sample


class Interface:
    """The interface, which repeats its one request while it draws and records."""

    def __init__(self, name, program):
        self.name, self.program = name, program

    def run(self, url, requests, connections, core):
        with tempfile.TemporaryDirectory() as folder, Answers(url) as answers:
            recording = os.path.join(folder, "session.db")
            limits = [word for name in ("--max-connections-per-host", "--max-idle-per-host")
                      for word in (name, str(connections))]
            arguments = [self.program, "--record", recording, *limits, url]
            with Terminal(arguments, folder, core) as terminal:
                sample = repeat(terminal, answers, requests, connections)
            check(recording, requests)
            return sample


def repeat(terminal, answers, requests, connections):
    # The one that the command line asks for, and the frame with it.
    drain(terminal, 1)
    begin = time.monotonic()
    # R offers a plan; ^U makes room for ours.
    terminal.write(b"R\x15%d x %d\r" % (requests - 1, connections))
    while answers.count() < requests:
        if terminal.process.poll() is not None:
            raise Trouble(f"the interface ended with {terminal.process.returncode}")
        if time.monotonic() - begin > 300:
            raise Trouble(f"{requests} requests were not answered within 300 s")
        drain(terminal, LOOK)
    while terminal.read(QUIET):
        terminal.drawn = b""
    seconds = time.monotonic() - begin
    terminal.write(b"Q")
    return Sample(terminal.cpu_seconds_at_end() * 1e6 / requests, requests / seconds)


def drain(terminal, seconds):
    """Takes what is drawn, as a terminal would, for so long."""
    end = time.monotonic() + seconds
    while (rest := end - time.monotonic()) > 0:
        terminal.read(rest)
        terminal.drawn = b""


class Answers:
    """How many requests the server has answered since the beginning of the block, as it says itself."""

    def __init__(self, url):
        self.url = url

    def __enter__(self):
        host, port = self.url.removeprefix("http://").rstrip("/").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.input = self.socket.makefile("rb")
        self.asked, self.before = 0, 0
        self.before = self.count()
        return self

    def __exit__(self, *_):
        self.input.close()
        self.socket.close()

    def count(self):
        self.socket.sendall(b"GET /requests HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.asked += 1
        length = 0
        while (line := self.input.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        # Accepted, handled and requests, of nginx's stub_status.
        numbers = self.input.read(length).split(b"\n")[2].split()
        return int(numbers[2]) - self.asked - self.before


def check(recording, requests):
    """What is faster because it leaves something out has not been measured."""
    with sqlite3.connect(recording) as database:
        good, bodies = database.execute("""
            SELECT (SELECT count(*) FROM exchanges WHERE outcome = 'ok' AND status = 200 AND json_array_length(events) >= 10),
                   (SELECT count(*) FROM bodies)""").fetchone()
    if (good, bodies) != (requests, requests):
        raise Trouble(f"{good} exchanges and {bodies} bodies of {requests} stand in the session file")


def report(samples):
    cpu = {name: [sample.cpu_microseconds for sample in taken] for name, taken in samples.items()}
    rows = [
        [name, f"{Spread.of(cpu[name]):.2f}", f"{Spread.of(sample.per_second for sample in taken):,.0f}",
         f"{ratios(cpu[name], cpu[names.GO]).middle:.2f}"]
        for name, taken in samples.items()]
    lines = [table(["contender", "CPU µs/request", "requests/s", f"CPU ÷ {names.GO}"], rows), ""]
    for name in (INTERFACE, HEADLESS, names.PROGRAM):
        if name in cpu:
            lines.append(verdict(f"CPU of *{name}* ÷ *{names.GO}*", ratios(cpu[name], cpu[names.GO]), 1))
    return "\n".join(lines)
