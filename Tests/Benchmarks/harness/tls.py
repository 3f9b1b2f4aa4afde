"""TLS: requests over kept connections, and handshakes, whole and resumed, side by side."""

import json
import os
import re
import shutil
import subprocess

from .contenders import Contender, own_report, wrk_report
from .figures import Spread, ratios, table, verdict
from .nginx import Nginx
from .processes import Trouble

TITLE = "TLS"
KEPT, NEW, RESUMED = "kept connections", "a new handshake each", "a resumed handshake each"
KINDS = {KEPT: "kept", NEW: "new", RESUMED: "resumed"}
ENGINE, RECORDING, GO, WRK, S_TIME = "engine", "engine, recording", "Go", "wrk", "openssl s_time"
# A handshake takes fifty times as long as a request.
SHARE = {KEPT: 1, NEW: 0.02, RESUMED: 0.02}


class SecureNginx(Nginx):
    """The same nginx with a certificate (P-256) of its own authority."""

    def __enter__(self):
        super().__enter__()
        self.url = self.url.replace("http:", "https:")
        return self

    def configuration(self, port):
        identity(self.folder)
        return super().configuration(port).replace(
            f"listen 127.0.0.1:{port};",
            f"listen 127.0.0.1:{port} ssl; ssl_certificate {self.folder}/server.pem; "
            f"ssl_certificate_key {self.folder}/server.key; ssl_session_cache builtin:1000;")

    @property
    def authority(self):
        return os.path.join(self.folder, "ca.pem")


def identity(folder):
    """An authority, and a certificate of its for 127.0.0.1."""
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
               "-days", "2"]
    run([*request, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Benchmark", "-addext",
         "keyUsage=critical,keyCertSign"], folder)
    run([*request, "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=server", "-CA", "ca.pem", "-CAkey",
         "ca.key", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"], folder)


def run(arguments, folder):
    done = subprocess.run(arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Trouble(f"{arguments[0]} failed: {done.stdout.strip()[-400:]}")


def contenders(binaries, nginx, kind, turns):
    """`turns` is given the longest turn of the engine's loop in each run, in milliseconds."""

    def engine_report(output, wanted):
        turns.append(json.loads(output)["longest_turn_ms"])
        return own_report(output, wanted)

    everyone = []
    if kind == RESUMED:
        everyone.append(s_time(nginx, "-reuse"))
    elif kind == NEW:
        everyone.append(s_time(nginx, "-new"))
        everyone.append(Contender(
            WRK, ["wrk", "-t1", "-c{connections}", "-d2s", "-H", "Connection: close", "{url}"], wrk_report))
    else:
        everyone.append(Contender(WRK, ["wrk", "-t1", "-c{connections}", "-d{seconds}s", "{url}"], wrk_report))
    if binary := binaries.get("tls"):
        for name, watcher in [(ENGINE, "unwatched"), (RECORDING, "recording")]:
            everyone.append(Contender(
                name, [binary, "{url}", nginx.authority, "{requests}", "{connections}", KINDS[kind], watcher],
                engine_report if name == ENGINE else own_report, share=SHARE[kind]))
    if go := binaries.get("go-tls"):
        everyone.append(Contender(
            GO, [go, "{url}", nginx.authority, "{requests}", "{connections}", KINDS[kind]], own_report,
            {"GOMAXPROCS": "1"}, share=SHARE[kind]))
    return everyone


def s_time(nginx, mode):
    """One connection after the other, without HTTP: the handshake and nothing else."""
    address = nginx.url.split("/")[2]

    def report(output, _):
        # Twice with -reuse: first it fills its cache.
        made, seconds = re.findall(r"(\d+) connections in (\d+) real seconds", output)[-1]
        return int(made), float(seconds)

    return Contender(
        S_TIME, ["openssl", "s_time", "-connect", address, mode, "-time", "2", "-CAfile", nginx.authority], report)


def measure(cores, binaries, options, note):
    """Samples by kind and contender, and the longest turns by kind."""
    samples, longest, complete = {}, {}, True
    if shutil.which("openssl") is None:
        raise Trouble("openssl is not installed: .ci/setup test installs it")
    with SecureNginx(cores.server) as nginx:
        for kind in KINDS:
            longest[kind] = []
            everyone = contenders(binaries, nginx, kind, longest[kind])
            samples[kind] = {contender.name: [] for contender in everyone}
            for round in range(options.rounds):
                for contender in everyone if round % 2 == 0 else everyone[::-1]:
                    if contender.name not in samples[kind]:
                        continue
                    note(f"TLS, {kind}: {contender.name}, round {round + 1} of {options.rounds}")
                    try:
                        samples[kind][contender.name].append(
                            contender.run(nginx.url, options.requests, options.connections, cores.client))
                    except Trouble as trouble:
                        note(f"{contender.name} left out: {trouble}\n")
                        samples[kind].pop(contender.name)
                        complete = False
    return (samples, longest), complete


def report(measured):
    samples, longest = measured
    lines = []
    for kind, taken in samples.items():
        cpu = {name: [sample.cpu_microseconds for sample in runs] for name, runs in taken.items()}
        ratio = lambda name: f"{ratios(cpu[name], cpu[GO]).middle:.2f}" if GO in cpu else "-"
        rows = [
            [name, f"{Spread.of(cpu[name]):.1f}", f"{Spread.of(sample.per_second for sample in runs):,.0f}", ratio(name)]
            for name, runs in taken.items()]
        lines += ["", table([kind, "CPU µs each", "each second", "CPU ÷ Go"], rows), ""]
        if longest[kind]:
            lines.append(f"- Longest turn of the engine's loop: {Spread.of(longest[kind]):.2f} ms")
        for name in (ENGINE, RECORDING):
            if name in cpu and GO in cpu:
                lines.append(verdict(f"CPU of *{name}* ÷ *{GO}*", ratios(cpu[name], cpu[GO]), 1))
    return "\n".join(lines)
