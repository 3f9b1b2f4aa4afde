"""What it costs to be watched: the engine with and without a trace, in pairs."""

from . import contenders as names
from .figures import ratios, verdict

TITLE = "Cost of tracing"


def measure(nginx, cores, contenders, options, note):
    """CPU a request by contender. Pairs turn round each time: A B, B A."""
    watched = {contender.name: contender for contender in contenders if contender.name in names.WATCHERS.values()}
    cpu = {name: [] for name in watched}
    for pair in range(options.pairs):
        order = list(watched.values())
        for contender in order if pair % 2 == 0 else order[::-1]:
            note(f"{contender.name}, pair {pair + 1} of {options.pairs}")
            sample = contender.run(nginx.url, options.requests // 2, options.connections, cores.client)
            cpu[contender.name].append(sample.cpu_microseconds)
    return cpu


def report(cpu):
    return "\n".join(
        verdict(f"CPU of *{name}* ÷ *{names.UNWATCHED}*", ratios(cpu[name], cpu[names.UNWATCHED]), 1.03, ".3f")
        for name in (names.HOOKS, names.RECORDING))
