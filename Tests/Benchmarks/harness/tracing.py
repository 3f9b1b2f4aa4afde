"""What it costs to be watched: the engine without a trace, with hooks and recording, by turns within one process."""

import json

from . import contenders as names
from .figures import verdict_of_half
from .processes import Trouble, run_to_end

TITLE = "Cost of tracing"

# Short enough that what the machine's host does for a while meets every turn of a round.
REQUESTS = 4_000
# Of one process: the next has its memory elsewhere, which costs more or less, too.
ROUNDS = 20


def measure(nginx, cores, engine, options, note):
    """CPU µs a request: for each round one figure a contender, in the order of `names.WATCHERS`."""
    rounds = []
    while len(rounds) < options.turns:
        note(f"round {len(rounds) + 1} of {options.turns}")
        wanted = min(ROUNDS, options.turns - len(rounds))
        report = json.loads(run_to_end(
            [engine, nginx.url, str(REQUESTS), str(options.connections), "turns", str(wanted)], cores.client).output)
        if report["failures"]:
            raise Trouble(f"{report['failures']} requests failed")
        rounds += report["rounds"]
    return rounds


def report(rounds):
    unwatched, *watched = zip(*rounds)
    lines = []
    for name, taken in zip([names.HOOKS, names.RECORDING], watched):
        ratios = [one / other for one, other in zip(taken, unwatched)]
        lines.append(verdict_of_half(f"CPU of *{name}* ÷ *{names.UNWATCHED}*", ratios, 1.03, ".3f"))
    return "\n".join(lines)
