"""Requests over HTTP/2, many at a time on one connection: CPU a request and requests a second, side by side."""

import re
import shutil

from . import plain
from .contenders import GO, GO_TRACED, HOOKS, RECORDING, UNWATCHED, WATCHERS, Contender, own_report
from .processes import Trouble
from .tls import SecureNginx

TITLE = "HTTP/2"
H2LOAD = "h2load"


class HTTP2Nginx(SecureNginx):
    """The same nginx, offering HTTP/2."""

    def configuration(self, port):
        return super().configuration(port).replace(" ssl;", " ssl http2;", 1)


def h2load_report(output, wanted):
    good = re.search(r"(\d+) succeeded", output)
    if good is None or int(good[1]) != wanted:
        raise Trouble(f"h2load met errors:\n{output[-400:]}")
    seconds, unit = re.search(r"finished in ([\d.]+)(ms|s)", output).groups()
    return wanted, float(seconds) / (1000 if unit == "ms" else 1)


def h2load(connections, streams):
    """The words of a command that lacks its URL."""
    return ["h2load", "-t1", f"-c{connections}", f"-m{streams}", "-n{requests}"]


def contenders(binaries):
    if shutil.which("h2load") is None:
        raise Trouble("h2load is not installed: .ci/setup bench installs it")
    everyone = [Contender(H2LOAD, [*h2load(1, "{connections}"), "{url}"], h2load_report)]
    for watcher, name in WATCHERS.items():
        everyone.append(Contender(
            name, [binaries["engine"], "{url}", "{requests}", "{connections}", watcher, "h2"], own_report))
    if go := binaries.get("go"):
        for watcher, name in [("hooks", GO_TRACED), ("unwatched", GO)]:
            everyone.append(Contender(
                name, [go, "{url}", "{requests}", "{connections}", watcher, "h2"], own_report, {"GOMAXPROCS": "1"}))
    return everyone


def measure(cores, binaries, options, note):
    with HTTP2Nginx(cores.server) as nginx:
        return plain.measure(nginx, cores, contenders(binaries), options, note)


def report(samples):
    targets = [(HOOKS, GO_TRACED, 0.5), (RECORDING, GO_TRACED, 0.5), (UNWATCHED, GO, 1)]
    return plain.side_by_side(samples, H2LOAD, targets)
