"""A service as a process, asked over HTTP."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.conftest import MODEL, Command
from ultrainteract.testing.faults import FaultKind, FaultRule

SECRET = "a-secret-of-the-whole-team"
# Takes the words of vLLM's command line that say where and under which name; notes each start.
STUB = """
import os, sys
from pathlib import Path
from ultrainteract.testing.server import main

def word(name):
    return sys.argv[sys.argv.index(name) + 1]

with Path(os.environ["STARTS"]).open("a") as starts:
    starts.write(f"{word('--served-model-name')} {os.environ.get('CUDA_VISIBLE_DEVICES', '-')}\\n")
words = ["--port", word("--port"), "--models", word("--served-model-name")]
main([*words, "--latency-ms", os.environ.get("LATENCY", "0")])
"""
CRITIC = "critic"
# As long as it holds, a tree that needs a critic waits for one.
UNCRITICISED = FaultRule(kind=FaultKind.STATUS, status=503, retry_after="0.2", model=CRITIC)


class Running:
    """One that runs; `runs` is its folder."""

    def __init__(self, process: subprocess.Popen[str], url: str, runs: Path) -> None:
        self.process, self.url, self.runs = process, url, runs

    def ask(self, path: str, body: object = None, *, post: bool = False) -> dict[str, object]:
        """The JSON that it answers."""
        data = json.dumps(body).encode() if body is not None else b"" if post else None
        headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
        try:
            with urlopen(Request(f"{self.url}{path}", data, headers), timeout=280) as answer:
                found: dict[str, object] = json.load(answer)
        except HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error
        return found

    def states(self) -> dict[str, str]:
        """Of all runs, by name."""
        listed = self.ask("/api/runs")["runs"]
        assert isinstance(listed, list)
        return {one["name"]: one["state"] for one in listed}

    def until(self, true: Callable[[dict[str, str]], bool], seconds: float = 280) -> dict[str, str]:
        """The states, once they are so."""
        deadline = time.monotonic() + seconds
        while not true(states := self.states()):
            assert time.monotonic() < deadline, states
            time.sleep(0.2)
        return states

    def kill(self) -> None:
        """As a power cut takes it."""
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def serving(command: Command, config: Path, *words: str) -> Iterator[Running]:
    """Started in the folder of `command`, stopped at the end."""
    runs = command.folder / "served"
    given = ("serve", "--config", config, "--runs", runs, "--port", "0")
    process = command.start(*given, *words, ULTRAINTERACT_TOKEN=SECRET)
    assert process.stdout
    line = next((line for line in process.stdout if line.startswith("serving")), "")
    assert line, "it did not start"
    try:
        yield Running(process, line.split()[-1].rstrip("/"), runs)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=280)


def criticised(command: Command, url: str) -> Path:
    """The configuration of `command`, with another model for a critic."""
    models: dict[str, object] = {
        name: {"model": model, "serve": {"base_url": url}}
        for name, model in (("actor", MODEL), (CRITIC, CRITIC))
    }
    return command.config(url, models=models, roles={"critic": CRITIC})


def children(runs: Path) -> list[int]:
    """The commands of runs, whoever began them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            mark = f"ULTRAINTERACT_SERVICE_RUN={runs}/".encode()
            leads = os.getsid(int(entry.name)) == int(entry.name)
            if leads and mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def fingerprint(dataset: Path) -> str:
    """Of all files of a dataset and their names."""
    hasher = hashlib.sha256()
    for path in sorted(path for path in dataset.rglob("*") if path.is_file()):
        hasher.update(path.relative_to(dataset).as_posix().encode() + path.read_bytes())
    return hasher.hexdigest()


def stubbed(folder: Path) -> str:
    """A path of modules on which vLLM is the protocol server."""
    package = folder / "stub/vllm/entrypoints/openai"
    package.mkdir(parents=True)
    for one in (package, *list(package.parents)[:2]):
        (one / "__init__.py").touch()
    (package / "api_server.py").write_text(STUB, encoding="utf-8")
    return f"{folder / 'stub'}:{Path(__file__).parents[3]}"
