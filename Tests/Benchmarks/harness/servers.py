"""Servers under wrk, and over HTTP/2 under h2load: what one request costs ours, beside nginx and Go's net/http."""

import os
import subprocess
import tempfile

from .contenders import wrk_report
from .figures import Spread, ratios, table
from .http2 import HTTP2Nginx, h2load, h2load_report
from .nginx import Nginx
from .processes import Trouble, pinned, run_to_end
from .tls import identity

TITLE = "Server"
PLAIN, HTTP2 = "plain, keep-alive", "HTTP/2 over TLS"
# Of h2load: as many requests at a time as wrk makes by default.
CONNECTIONS, STREAMS = 8, 8
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


def servers(binaries, core, kind, folder):
    """`folder` holds a certificate."""
    is_http2 = kind == HTTP2
    made = {NGINX: lambda: (HTTP2Nginx if is_http2 else Nginx)(core)}
    if ours := binaries.get("server"):
        for watcher, name in [("unwatched", OURS), ("states", STATES), ("events", EVENTS)]:
            made[name] = lambda watcher=watcher: Program([ours, watcher] + ["h2"] * is_http2, core)
    if go := binaries.get("go-server"):
        identity_words = [f"{folder}/server.pem", f"{folder}/server.key"] if is_http2 else []
        for watcher, name in [("unwatched", GO), ("states", GO_STATES)]:
            made[name] = lambda watcher=watcher: Program([go, watcher, *identity_words], core, {"GOMAXPROCS": "1"})
    return made


def load(kind, url, requests, options):
    """The command that makes requests, and what reads its report."""
    if kind == HTTP2:
        words = [word.format(requests=requests) for word in h2load(CONNECTIONS, STREAMS)]
        return [*words, url.replace("http:", "https:")], lambda output: h2load_report(output, requests)
    seconds = max(1, requests // 60_000)
    words = ["wrk", "-t1", f"-c{options.connections}", f"-d{seconds}s", url]
    return words, lambda output: wrk_report(output, None)


def measure(cores, binaries, options, note):
    """By kind: CPU microseconds a request and requests a second of each server, one sample a round."""
    with tempfile.TemporaryDirectory() as folder:
        identity(folder)
        return {
            kind: measure_kind(kind, servers(binaries, cores.server, kind, folder), cores, options, note)
            for kind in (PLAIN, HTTP2)}


def measure_kind(kind, made, cores, options, note):
    samples = {name: [] for name in made}
    for round in range(options.rounds + 1):
        names = list(made)
        for name in names if round % 2 == 0 else names[::-1]:
            note(f"{name}, {kind}, " + (f"round {round} of {options.rounds}" if round else "warming up"))
            with made[name]() as server:
                arguments, read = load(kind, server.url, options.requests if round else options.requests // 10, options)
                before = cpu_seconds(server.process.pid)
                ended = run_to_end(arguments, cores.client)
                spent = cpu_seconds(server.process.pid) - before
            requests, took = read(ended.output)
            if round:  # The first, short one warms caches and pages.
                samples[name].append((spent * 1e6 / requests, requests / took))
    return samples


def report(measured):
    return "\n\n".join(report_kind(kind, samples) for kind, samples in measured.items())


def report_kind(kind, samples):
    cpu = {name: [sample[0] for sample in taken] for name, taken in samples.items()}
    ratio = lambda name, peer: f"{ratios(cpu[name], cpu[peer]).middle:.2f}" if peer in cpu else "-"
    rows = [
        [name, f"{Spread.of(cpu[name]):.2f}", f"{Spread.of(sample[1] for sample in taken):,.0f}",
         ratio(name, NGINX), ratio(name, GO_STATES)]
        for name, taken in samples.items()]
    return table([kind, "CPU µs/request", "requests/s", "CPU ÷ nginx", "CPU ÷ Go, ConnState"], rows)
