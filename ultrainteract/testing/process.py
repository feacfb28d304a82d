"""The protocol server in a process of its own, for tests and benchmarks: `with serve() as server`.

It dies with whoever started it, and can be killed and started again on the same port.
"""

import http.client
import json
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ultrainteract.errors import SetupError
from ultrainteract.sampling.scripted import Rule, save_script
from ultrainteract.testing.faults import FaultRule, dump_faults
from ultrainteract.testing.log import LogLine, Received, read_log


@dataclass
class Served:
    """A server that runs. `url` ends in /v1."""

    url: str
    log_path: Path
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return urlsplit(self.url).port or 0

    def log(self) -> tuple[LogLine, ...]:
        """Every line so far."""
        return read_log(self.log_path)

    def received(self) -> tuple[Received, ...]:
        """The chat requests so far, in order of arrival."""
        return tuple(line for line in self.log() if isinstance(line, Received))

    def calls(self) -> Counter[str]:
        """How often each content key arrived."""
        return Counter(line.key for line in self.received())

    def set_faults(self, *rules: FaultRule) -> None:
        """Replace the fault rules; without any it behaves."""
        self._admin("POST", "/admin/faults", dump_faults(rules), seconds=60)

    def await_arrivals(self, count: int, seconds: float = 240) -> None:
        """Block until `count` chat requests since the start are in the log. Raises TimeoutError."""
        self._admin("GET", f"/admin/arrivals/{count}", b"", seconds)

    def _admin(self, method: str, path: str, body: bytes, seconds: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise SetupError(f"the server at {self.url} refused {method} {path}: {said}")

    def kill(self) -> None:
        """SIGKILL, at once."""
        self.process.kill()
        self.process.wait()


@contextmanager
def vacant_port() -> Iterator[int]:
    """A port that refuses connections and stays ours: only `serve(port=...)` may take it."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def serve(
    *,
    rules: tuple[Rule, ...] = (),
    faults: tuple[FaultRule, ...] = (),
    models: tuple[str, ...] = ("scripted",),
    latency_ms: float = 0.0,
    places: int = 0,
    capacity: int = 0,
    metrics: bool = False,
    port: int = 0,
    log: Path | None = None,
    log_bodies: bool = False,
    api_key: str = "",
) -> Iterator[Served]:
    """Start a server, stop it at the end. Raises `SetupError` when it does not start.

    `places`, `capacity` and `metrics` are those of `testing.service`. `log` is appended to;
    without it the log lies in a folder that goes with the server.
    """
    with tempfile.TemporaryDirectory(prefix="ultrainteract-server-") as name:
        folder = Path(name)
        save_script(rules, folder / "rules.json")
        (folder / "faults.json").write_bytes(dump_faults(faults))
        log_path = log or folder / "requests.jsonl"
        command = [
            *(sys.executable, "-m", "ultrainteract.testing.server", "--until-stdin-ends"),
            *("--port", str(port), "--log", str(log_path), "--models", ",".join(models)),
            *("--script", str(folder / "rules.json"), "--faults", str(folder / "faults.json")),
            *("--latency-ms", str(latency_ms), f"--api-key={api_key}"),
            *("--places", str(places), "--capacity", str(capacity)),
            *(["--metrics"] if metrics else []),
            *(["--log-bodies"] if log_bodies else []),
        ]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
            try:
                url = process.stdout.readline().strip() if process.stdout else ""
                if not url:
                    raise SetupError(f"no server: {' '.join(command)} ended, code {process.wait()}")
                yield Served(url, log_path, process)
            finally:
                process.terminate()
