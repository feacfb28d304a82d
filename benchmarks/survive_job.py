"""The main job of a struck run: its problems and replies, its process, what it has recorded."""

import contextlib
import hashlib
import json
import os
import sqlite3
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from benchmarks.cradle import Cradle
from ultrainteract.sampling.scripted import Rule
from ultrainteract.types import digest

MODELS = ACTOR, CRITIC = "acts", "criticises"
# The state that a program leaves shows in what the next one prints: a rebuilt one must be equal.
_PROGRAM = """Step 1: Keep count of the attempts.
Step 2: {step}
```python
import random
drawn = globals().get("drawn", []) + [random.random()]
print(len(drawn), round(sum(drawn), 9))
print({value})
```"""
_PROSE = "Step 1: {step}\nAnswer: {value}"
_STEPS = ("Multiply.", "Add 6 seven times.", "Take 6 times 7 as 5 times 7 and 7.")
_VALUES = (42, 41, 48, 36, 42, 43, 40, 49, 35, 42, 13)


def rules() -> tuple[Rule, ...]:
    """What both replicas say; whatever else is asked, the demonstration answers."""

    def replies(form: str) -> tuple[str, ...]:
        return tuple(
            form.format(step=_STEPS[place % len(_STEPS)], value=value)
            for place, value in enumerate(_VALUES)
        )

    return (
        Rule(
            model=ACTOR,
            any="python (interpreter|code block)",
            replies=replies(_PROGRAM),
            by_seed=True,
        ),
        Rule(model=ACTOR, any=".", replies=replies(_PROSE), by_seed=True),
    )


def write_problems(path: Path, count: int) -> None:
    """Rows as GSM8K has them."""
    rows = (
        {
            "question": f"Shelf {place} has 6 rows of 7 jars. How many?",
            "answer": "6 * 7 = 42\n#### 42",
        }
        for place in range(count)
    )
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def write_config(path: Path, urls: list[str], trees: int) -> None:
    """Every replica serves actor and critic."""
    serve = {"base_url": urls, "timeout_seconds": 20}
    served = {name: {"model": name, "serve": serve} for name in MODELS}
    config = {
        "models": served,
        "roles": {"actors": [ACTOR], "critic": CRITIC},
        "sampling": {"waves": [2, 4], "guided_samples": 1},
        "pace": {"workers": 2, "trees_in_flight": trees, "containers": 1},
    }
    path.write_text(yaml.safe_dump(config))


@dataclass
class Job:
    """One run, started as often as it takes."""

    folder: Path
    """Of the run's folder, `run`, and of nothing else that is large."""
    command: list[str]
    log: Path
    cradles: list[Cradle] = field(default_factory=list)

    @property
    def run(self) -> Path:
        """The run's folder."""
        return self.folder / "run"

    def start(self, address: str = "") -> None:
        """A new process, on a Ray of its own or on the cluster at `address`."""
        # Each of the nodes, all of this machine, has so many workers.
        on_cluster = ("--ray-address", address, "--set", "pace.workers=1")
        words = [*self.command, *(on_cluster if address else ())]
        self.cradles.append(Cradle(self.log, words, {}))

    @property
    def pid(self) -> int:
        """Of the newest process."""
        return self.cradles[-1].pid

    def status(self) -> int | None:
        """Of the newest process; None while it runs."""
        return self.cradles[-1].status() if self.cradles else 0

    def signal(self, number: int) -> None:
        """To the newest process alone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def living(self) -> dict[int, str]:
        """Whatever any start left: command lines by pid."""
        return {pid: line for one in self.cradles for pid, line in one.living().items()}

    def output(self) -> str:
        """Everything printed so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def close(self) -> None:
        """Kill what is left."""
        for cradle in self.cradles:
            cradle.close()


def job_command(source: Path, config: Path, folder: Path) -> list[str]:
    """How a user starts it."""
    return [
        *(sys.executable, "-m", "ultrainteract.cli.main", "synthesize", "gsm8k"),
        *("--config", str(config), "--runs", str(folder), "--run", "run"),
        *("--source", str(source)),
    ]


def journal_key(key: str, model: str) -> str:
    """The journal's key of the call that a server logged as `key`; config and wire names agree."""
    return digest([key, "openai", model, ""])


def recorded(run: Path) -> tuple[set[str], int, int]:
    """Keys of the model calls in the journal, how many effects there are, and trees that ended."""
    file = run / "journal.sqlite"
    if not file.exists():
        return set(), 0, 0
    # Read-only: a closing reader that could write would fold the log into the file.
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as journal:
        try:
            keys = journal.execute("SELECT key FROM effect WHERE kind = 'sample'").fetchall()
            (effects,) = journal.execute("SELECT count(*) FROM effect").fetchone()
            (ended,) = journal.execute("SELECT count(*) FROM ended").fetchone()
        except sqlite3.OperationalError:
            # Before its tables are made.
            return set(), 0, 0
    return {key for (key,) in keys}, effects, ended


def fingerprint(dataset: Path) -> str:
    """One hash over every file of a published dataset; empty where there is none."""
    files = sorted(path for path in dataset.rglob("*") if path.is_file())
    hasher = hashlib.sha256()
    for path in files:
        hasher.update(path.relative_to(dataset).as_posix().encode() + b"\0" + path.read_bytes())
    return hasher.hexdigest() if files else ""
