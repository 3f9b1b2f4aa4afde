"""The server all contenders talk to: one nginx worker with a small answer."""

import os
import shutil
import socket
import subprocess
import tempfile
import time

from .processes import Trouble, free_port, pinned

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; multi_accept on; }}
http {{
    access_log off;
    keepalive_timeout 300s;
    # Without limit for any run: a connection must not end in the middle of a measurement.
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location = /requests {{ stub_status; }}
        location / {{ default_type text/plain; return 200 "hello\\n"; }}
    }}
}}
"""


class Nginx:
    """Runs on a free port of 127.0.0.1 while the `with` block does, pinned to `core`."""

    def __init__(self, core):
        self.core = core

    def __enter__(self):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            raise Trouble("nginx is not installed: .ci/setup bench installs it")
        self.folder = tempfile.mkdtemp(prefix="roundtrip-benchmark-")
        port = free_port()
        configuration = os.path.join(self.folder, "nginx.conf")
        with open(configuration, "w") as file:
            file.write(self.configuration(port))
        self.url = f"http://127.0.0.1:{port}/"
        self.process = subprocess.Popen(
            [program, "-p", self.folder, "-c", configuration], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, preexec_fn=pinned(self.core), text=True)
        self._wait_until_it_listens(port)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def configuration(self, port):
        return CONFIGURATION.format(folder=self.folder, port=port)

    def _wait_until_it_listens(self, port):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Trouble(f"nginx ended at once: {self.process.stderr.read().strip()}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise Trouble("nginx did not listen within 10 s")
