"""Ten thousand open connections: what each costs the client."""

import json
import resource
import subprocess
import sys
import os

from .figures import single
from .processes import Trouble, pinned, run_to_end

TITLE = "Ten thousand open connections"
FEW, MANY = 100, 10_000


def held(cores, binaries, count):
    """Resident bytes of the engine with so many idle connections, and how many it held."""
    server = subprocess.Popen(
        [sys.executable, os.path.join(os.path.dirname(__file__), "..", "peers", "crowd.py"), str(count)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, preexec_fn=pinned(cores.server))
    try:
        port = server.stdout.readline().strip()
        if not port.isdigit():
            raise Trouble("the crowd's server did not start")
        ended = run_to_end(
            [binaries["engine"], f"http://127.0.0.1:{port}/", str(count), str(count), "unwatched"], cores.client,
            limit=300)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    report = json.loads(ended.output)
    if report["failures"]:
        raise Trouble(f"{report['failures']} of {count} requests failed")
    return report["resident"], report["open"]


def measure(cores, binaries, note):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < MANY + 200:
        raise Trouble(f"the limit of open files is {most}, too low for {MANY} connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    note("few connections")
    few = held(cores, binaries, FEW)
    note("many connections")
    return few, held(cores, binaries, MANY)


def report(taken):
    (few, few_open), (many, many_open) = taken
    each = (many - few) / (many_open - few_open)
    return single(f"{many_open:,} connections held, bytes each", each, 8_000, ",.0f")
