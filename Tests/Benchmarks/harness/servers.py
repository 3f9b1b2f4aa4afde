"""Servers under wrk: what one request costs ours, beside nginx and Go's net/http."""

import os
import subprocess

from .contenders import wrk_report
from .figures import Spread, ratios, table
from .nginx import Nginx
from .processes import Trouble, pinned, run_to_end

TITLE = "Server, plain keep-alive"
OURS, STATES, EVENTS = "our server, unwatched", "our server, states", "our server, every event"
GO, GO_STATES, NGINX = "Go, net/http", "Go, ConnState", "nginx"
TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """A server that prints its port, pinned to `core` while the `with` block runs."""

    def __init__(self, arguments, core, environment=None):
        self.arguments, self.core, self.environment = arguments, core, environment or {}

    def __enter__(self):
        self.process = subprocess.Popen(
            self.arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, **self.environment}, preexec_fn=pinned(self.core), text=True)
        port = self.process.stdout.readline().strip()
        if not port.isdigit():
            self.__exit__()
            raise Trouble(f"{os.path.basename(self.arguments[0])} did not start")
        self.url = f"http://127.0.0.1:{port}/"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def cpu_seconds(pid):
    """User and system time of the whole process so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def servers(binaries, core):
    made = {NGINX: lambda: Nginx(core)}
    if ours := binaries.get("server"):
        for watcher, name in [("unwatched", OURS), ("states", STATES), ("events", EVENTS)]:
            made[name] = lambda watcher=watcher: Program([ours, watcher], core)
    if go := binaries.get("go-server"):
        for watcher, name in [("unwatched", GO), ("states", GO_STATES)]:
            made[name] = lambda watcher=watcher: Program([go, watcher], core, {"GOMAXPROCS": "1"})
    return made


def measure(cores, binaries, options, note):
    """CPU microseconds a request and requests a second of each server, one sample a round."""
    samples = {}
    made = servers(binaries, cores.server)
    seconds = max(1, options.requests // 60_000)
    for round in range(options.rounds + 1):
        names = list(made)
        for name in names if round % 2 == 0 else names[::-1]:
            note(f"{name}, " + (f"round {round} of {options.rounds}" if round else "warming up"))
            with made[name]() as server:
                length = seconds if round else 1
                before = cpu_seconds(server.process.pid)
                ended = run_to_end(
                    ["wrk", "-t1", f"-c{options.connections}", f"-d{length}s", server.url], cores.client)
                spent = cpu_seconds(server.process.pid) - before
            requests, took = wrk_report(ended.output, None)
            if round:  # The first, short one warms caches and pages.
                samples.setdefault(name, []).append((spent * 1e6 / requests, requests / took))
    return samples


def report(samples):
    cpu = {name: [sample[0] for sample in taken] for name, taken in samples.items()}
    ratio = lambda name, peer: f"{ratios(cpu[name], cpu[peer]).middle:.2f}" if peer in cpu else "-"
    rows = [
        [name, f"{Spread.of(cpu[name]):.2f}", f"{Spread.of(sample[1] for sample in taken):,.0f}",
         ratio(name, NGINX), ratio(name, GO_STATES)]
        for name, taken in samples.items()]
    return table(["server", "CPU µs/request", "requests/s", "CPU ÷ nginx", "CPU ÷ Go, ConnState"], rows)
