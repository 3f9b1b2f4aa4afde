"""Who is measured: how each is started, and how many requests it has made."""

import dataclasses
import json
import re

from .processes import Trouble, run_to_end


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run of one contender."""

    cpu_microseconds: float  # a request, user and system time
    per_second: float


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    arguments: list  # with {url}, {requests}, {connections}, {seconds}
    requests_made: object  # output of the program, requests asked for -> (requests, seconds or None)
    environment: dict = dataclasses.field(default_factory=dict)
    share: float = 1  # of the requests that are asked of the others; slow ones make do with fewer

    def run(self, url, requests, connections, core):
        wanted = int(requests * self.share)
        words = dict(url=url, requests=wanted, connections=connections, seconds=max(1, requests // 60_000))
        arguments = [argument.format(**words) for argument in self.arguments]
        ended = run_to_end(arguments, core, self.environment)
        made, seconds = self.requests_made(ended.output, wanted)
        return Sample(ended.cpu_seconds * 1e6 / made, made / (seconds or ended.wall_seconds))


def own_report(output, wanted):
    """What our engine's and Go's programs print."""
    report = json.loads(output)
    if report["failures"]:
        raise Trouble(f"{report['failures']} of {wanted} requests failed")
    return report["requests"], report["seconds"]


def wrk_report(output, _):
    if "Non-2xx" in output or "Socket errors" in output:
        raise Trouble(f"wrk met errors:\n{output}")
    made, seconds = re.search(r"(\d+) requests in ([\d.]+)s", output).groups()
    return int(made), float(seconds)


def as_asked(_, wanted):
    """Programs that fail when a request does."""
    return wanted, None


def all_contenders(binaries):
    """In an order that puts next to each other what is compared. `binaries` lacks what could not be built."""
    wrk = Contender("wrk", ["wrk", "-t1", "-c{connections}", "-d{seconds}s", "{url}"], wrk_report)
    contenders = [wrk]
    if engine := binaries.get("engine"):
        for watcher, name in WATCHERS.items():
            contenders.append(
                Contender(name, [engine, "{url}", "{requests}", "{connections}", watcher], own_report))
    if program := binaries.get("program"):
        contenders.append(Contender(
            PROGRAM, [program, "probe", "-n", "{requests}", "-c", "{connections}", "--summary", "--fail", "{url}"],
            as_asked))
    if go := binaries.get("go"):
        for watcher, name in [("hooks", GO_TRACED), ("unwatched", GO)]:
            contenders.append(Contender(
                name, [go, "{url}", "{requests}", "{connections}", watcher], own_report,
                {"GOMAXPROCS": "1"}))
    if curl := binaries.get("curl"):
        contenders.append(Contender(
            "curl --parallel",
            [curl, "--silent", "--fail", "--parallel", "--parallel-max", "{connections}", "-o", "/dev/null",
             "{url}?[1-{requests}]"], as_asked, share=0.1))
    return contenders


UNWATCHED, HOOKS, RECORDING = "engine, no trace", "engine, 16 hooks", "engine, recording"
WATCHERS = {"unwatched": UNWATCHED, "hooks": HOOKS, "recording": RECORDING}
PROGRAM = "roundtrip probe"
GO_TRACED, GO = "Go, httptrace", "Go, no trace"
