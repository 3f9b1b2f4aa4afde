"""Keep-alive requests in the clear: CPU a request and requests a second, side by side."""

from . import contenders as names
from .figures import Spread, ratios, table, verdict
from .processes import Trouble

TITLE = "Plain keep-alive"


def measure(nginx, cores, contenders, options, note):
    """Samples by contender, one a round. The order turns round every time, so that no one always runs after the same."""
    samples = {contender.name: [] for contender in contenders}
    broken = set()
    for round in range(options.rounds + 1):
        order = contenders if round % 2 == 0 else contenders[::-1]
        for contender in order:
            if contender.name in broken:
                continue
            note(f"{contender.name}, " + (f"round {round} of {options.rounds}" if round else "warming up"))
            try:
                requests = options.requests if round else options.requests // 10
                sample = contender.run(nginx.url, requests, options.connections, cores.client)
            except Trouble as trouble:
                note(f"{contender.name} left out: {trouble}\n")
                broken.add(contender.name)
                samples.pop(contender.name)
                continue
            if round:  # The first, short one warms caches and pages.
                samples[contender.name].append(sample)
    return samples, not broken


def report(samples):
    return side_by_side(samples, "wrk", [
        (names.HOOKS, "wrk", 1.25), (names.RECORDING, "wrk", 1.25),
        (names.HOOKS, names.GO_TRACED, 0.5), (names.RECORDING, names.GO_TRACED, 0.5), (names.PROGRAM, names.GO, 1)])


def side_by_side(samples, floor, targets):
    """A table with ratios to `floor` and to Go with its hooks, and what each (ours, peer, limit) comes to."""
    cpu = {name: [sample.cpu_microseconds for sample in taken] for name, taken in samples.items()}
    ratio = lambda name, peer: f"{ratios(cpu[name], cpu[peer]).middle:.2f}" if peer in cpu else "-"
    rows = [
        [name, f"{Spread.of(cpu[name]):.2f}", f"{Spread.of(sample.per_second for sample in taken):,.0f}",
         ratio(name, floor), ratio(name, names.GO_TRACED)]
        for name, taken in samples.items()]
    head = ["contender", "CPU µs/request", "requests/s", f"CPU ÷ {floor}", f"CPU ÷ {names.GO_TRACED}"]
    lines = [table(head, rows), ""]
    for name, peer, limit in targets:
        if name in cpu and peer in cpu:
            lines.append(verdict(f"CPU of *{name}* ÷ *{peer}*", ratios(cpu[name], cpu[peer]), limit))
    return "\n".join(lines)
