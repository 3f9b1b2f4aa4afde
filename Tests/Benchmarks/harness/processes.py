"""Starting programs on chosen cores, and what they cost."""

import dataclasses
import os
import socket
import subprocess
import sys
import time


class Trouble(Exception):
    """Something could not be run; the message says what and why."""


@dataclasses.dataclass(frozen=True)
class Cores:
    """Server and client each have a core of their own where the machine has two: neither steals the other's time."""

    server: int
    client: int

    @staticmethod
    def choose():
        cores = sorted(os.sched_getaffinity(0))
        return Cores(server=cores[0], client=cores[-1])

    @property
    def are_separate(self):
        return self.server != self.client


def pinned(core):
    """For `preexec_fn`: the program and all its threads stay on `core`."""
    return lambda: os.sched_setaffinity(0, {core})


@dataclasses.dataclass(frozen=True)
class Ended:
    output: str
    cpu_seconds: float
    wall_seconds: float


def run_to_end(arguments, core, environment=None, limit=300):
    """Runs a program on `core`; its CPU time is user and system time of the whole process."""
    begin = time.monotonic()
    process = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})}, preexec_fn=pinned(core), text=True)
    # All contenders print a few lines only, far less than a pipe holds: reading may wait for the end.
    pid = 0
    while pid == 0:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid == 0 and time.monotonic() - begin > limit:
            process.kill()
            raise Trouble(f"{arguments[0]} did not end within {limit} s")
        if pid == 0:
            time.sleep(0.005)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    output, errors = process.stdout.read(), process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    if process.returncode != 0:
        raise Trouble(f"{os.path.basename(arguments[0])} ended with {process.returncode}: {(errors or output).strip()[-400:]}")
    return Ended(output, usage.ru_utime + usage.ru_stime, wall)


def build(title, arguments, folder):
    """Runs a build quietly; its words are shown only when it fails."""
    print(f"building {title} …", file=sys.stderr)
    done = subprocess.run(arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Trouble(f"{title} does not build:\n{done.stdout.strip()[-2000:]}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
