"""Setting up connections, in the clear: one connect, one request, one close each."""

from . import plain
from .contenders import GO, GO_TRACED, HOOKS, RECORDING, WATCHERS, Contender, as_asked, own_report, wrk_report

TITLE = "A new connection for each request"
# Ten times the work of a request on a kept connection, most of it the kernel's.
SHARE = 0.1


def contenders(binaries):
    everyone = [Contender(
        "wrk", ["wrk", "-t1", "-c{connections}", "-d{seconds}s", "-H", "Connection: close", "{url}"], wrk_report)]
    for watcher, name in WATCHERS.items():
        everyone.append(Contender(
            name, [binaries["engine"], "{url}", "{requests}", "{connections}", watcher, "new"], own_report, share=SHARE))
    if go := binaries.get("go"):
        for watcher, name in [("hooks", GO_TRACED), ("unwatched", GO)]:
            everyone.append(Contender(
                name, [go, "{url}", "{requests}", "{connections}", watcher, "new"], own_report, {"GOMAXPROCS": "1"},
                share=SHARE))
    if curl := binaries.get("curl"):
        everyone.append(Contender(
            "curl --parallel",
            [curl, "--silent", "--fail", "--parallel", "--parallel-max", "{connections}", "-H", "Connection: close",
             "-o", "/dev/null", "{url}?[1-{requests}]"], as_asked, share=SHARE / 2))
    return everyone


def measure(nginx, cores, binaries, options, note):
    return plain.measure(nginx, cores, contenders(binaries), options, note)


def report(samples):
    return plain.side_by_side(samples, "wrk", [(HOOKS, GO_TRACED, 0.5), (RECORDING, GO_TRACED, 0.5)])
