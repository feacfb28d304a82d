"""Kill the driver at random moments, start it again, compare with an uninterrupted run.

`python benchmarks/resume.py --kills 10`. The model is the protocol server; driver, Ray, sandbox
and journal are the real ones. The bar: the published dataset is byte-identical, and calls that
the server received more than once are at most those in flight (received, not yet committed) at
the kills. The last line of output is JSON; the exit code is 1 when the bar is missed.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ultrainteract.testing.log import Received, read_log
from ultrainteract.testing.process import Served, serve

MODEL = "scripted"
CONFIG = """
models:
  actor: {{model: {model}, serve: {{base_url: "{url}"}}}}
roles: {{actors: [actor], critic: actor, allow_self_critique: true}}
sampling: {{waves: [2, 4], guided_samples: 2}}
pace: {{limit: {limit}, trees_in_flight: {trees}, containers: 1}}
"""


def main() -> int:
    """Run the comparison, print it, say by the exit code whether the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--limit", type=int, default=16, help="problems")
    parser.add_argument("--env", default="", help="one environment; both without")
    parser.add_argument("--latency-ms", type=float, default=150.0)
    parser.add_argument("--trees", type=int, default=8, help="trees in flight")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ultrainteract-resume-") as name:
        result = compare(Path(name), options)
    table = Table(title="resume", box=None)
    for key, value in result.items():
        table.add_row(key, str(value))
    Console().print(table)
    print(json.dumps(result))
    met = result["identical"] and result["repeated"] <= result["in_flight"]
    return 0 if met and result["kills"] == options.kills else 1


def compare(folder: Path, options: argparse.Namespace) -> dict[str, int | bool | float]:
    """The uninterrupted run, then the killed one, against servers of their own."""
    with serve(models=(MODEL,), latency_ms=options.latency_ms) as server:
        started = time.monotonic()
        Run(folder / "whole", server, options).finish()
        seconds = time.monotonic() - started
        calls = len(server.received())
    log = folder / "killed.jsonl"
    with serve(models=(MODEL,), latency_ms=options.latency_ms, log=log) as server:
        run = Run(folder / "killed", server, options)
        moments = random.Random(options.seed)
        kills = in_flight = 0
        for kill in range(options.kills):
            # Spread over what is left, so that late kills still find work to interrupt.
            target = round(calls * (kill + moments.random()) / options.kills)
            if not run.until(max(1, target)):
                break
            in_flight += run.kill()
            kills += 1
        run.finish()
    received = [line.key for line in read_log(log) if isinstance(line, Received)]
    return {
        "kills": kills,
        "identical": fingerprint(folder / "whole") == fingerprint(folder / "killed"),
        "calls": calls,
        "repeated": len(received) - len(set(received)),
        "in_flight": in_flight,
        "seconds_uninterrupted": round(seconds, 1),
    }


class Run:
    """The main job as a process, started as often as it takes."""

    def __init__(self, folder: Path, server: Served, options: argparse.Namespace) -> None:
        folder.mkdir()
        self.folder, self.server = folder, server
        config = folder / "config.yaml"
        config.write_text(
            CONFIG.format(model=MODEL, url=server.url, limit=options.limit, trees=options.trees)
        )
        self.command = [
            *(sys.executable, "-m", "ultrainteract.cli.main", "synthesize", "math"),
            *("--config", str(config), "--runs", str(folder), "--run", "run"),
            *(("--env", options.env) if options.env else ()),
            *("--source", "sample"),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """The process that runs, a new one when there is none."""
        if self.process is None or self.process.poll() is not None:
            with (self.folder / "output.txt").open("ab") as output:
                self.process = subprocess.Popen(
                    self.command, stdout=output, stderr=subprocess.STDOUT
                )
        return self.process

    def until(self, calls: int) -> bool:
        """Run until the server has received `calls`; False when the run ended before."""
        process = self.start()
        while len(self.server.received()) < calls:
            if process.poll() is not None:
                return False
            time.sleep(0.02)
        return True

    def kill(self) -> int:
        """SIGKILL the driver; how many calls were received but not committed by then."""
        process = self.start()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        # What Ray's dying processes still had under way belongs to this kill as well.
        wait_for_writers(self.folder / "run")
        received = {line.key for line in self.server.received()}
        return len(received) - committed(self.folder / "run")

    def finish(self) -> None:
        """Run to the end. Raises RuntimeError with the output when that fails."""
        if self.start().wait():
            raise RuntimeError((self.folder / "output.txt").read_text()[-4000:])


def wait_for_writers(run: Path) -> None:
    """Return once no process has the journal open."""
    journal = str(run / "journal.sqlite")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not any(journal in held for held in open_files()):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{journal} is still open a minute after its driver was killed")


def open_files() -> set[str]:
    """Paths that any process of this machine has open."""
    held = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            held.add(str(link.readlink()))
    return held


def committed(run: Path) -> int:
    """Model calls in the journal."""
    if not (run / "journal.sqlite").exists():
        return 0
    with contextlib.closing(sqlite3.connect(run / "journal.sqlite")) as database:
        row = database.execute("SELECT count(*) FROM effect WHERE kind = 'sample'").fetchone()
    return int(row[0])


def fingerprint(folder: Path) -> str:
    """One hash over every file of the published dataset."""
    dataset = folder / "run" / "dataset"
    files = sorted(path for path in dataset.rglob("*") if path.is_file())
    if not files:
        raise RuntimeError(f"{dataset} holds no dataset")
    hasher = hashlib.sha256()
    for path in files:
        hasher.update(path.relative_to(dataset).as_posix().encode() + b"\0" + path.read_bytes())
    return hasher.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
