"""`runs/<name>/`: the journal, the resolved configuration, logs, and later the dataset.

Opening one is creating it or resuming it: the same command both times. What shapes trees must
be what the journal was begun with, unless the caller says `reconfigure`.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self

import yaml

from ultrainteract.budget import Terms, loosened, tree_terms
from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.errors import ConfigError, RunFolderError, boundary
from ultrainteract.journal import FILE, Facts, Journal
from ultrainteract.locks import RunLock
from ultrainteract.prompts import prompts_hash
from ultrainteract.seeds import Provenance
from ultrainteract.select.pass_rate import RULE as PASS_RATE
from ultrainteract.select.record import NOTHING, SelectionRecord
from ultrainteract.select.selection import Removal
from ultrainteract.types import JSON, Instruction, StopReason, adapter

REMOVED = "removed.jsonl"
_SPACE_MB = 200


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known once the problems of a run have been read: where each dataset came from, what
    selection did, and what there is to say of it."""

    provenances: Sequence[Provenance]
    selection: SelectionRecord = NOTHING
    said: Sequence[str] = ()


class RunFolder:
    """An open run folder; a context manager that lets go of it."""

    def __init__(self, path: Path, journal: Journal, lock: RunLock) -> None:
        self.path, self.journal, self._lock = path, journal, lock
        self.logs = path / "logs"
        self.dataset = path / "dataset"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()
        self._lock.release()

    def refuse_change(self, config: RunConfig, seeds: Mapping[str, JSON]) -> None:
        """Raises `RunFolderError` with a diff where the run was begun with another shape."""
        recorded = self.journal.meta("shape")
        wanted = shape_of(config, seeds)
        if recorded is not None and recorded != wanted:
            lines = changes(json.loads(recorded), json.loads(wanted))
            raise RunFolderError(
                f"{self.path} was begun with another configuration:\n"
                + "\n".join(f"  {line}" for line in lines)
                + "\nchoose another RUN name, undo the change, or pass --reconfigure: then only "
                "what the change touches is asked again"
            )

    def begin(
        self,
        config: RunConfig,
        seeds: Mapping[str, JSON],
        instructions: Iterable[Instruction],
        read: Callable[[], Beginning],
        datasets: Sequence[str] = (),
    ) -> None:
        """Write down what the run is about, and the resolved configuration beside it.

        `read` is asked after the last instruction. Trees are in the order of `datasets`.
        """
        order = {name: place for place, name in enumerate(datasets)}

        def facts() -> Facts:
            made = read()
            kind = adapter(tuple[Provenance, ...])
            return Facts(
                {
                    "shape": shape_of(config, seeds),
                    "provenance": kind.dump_json(tuple(made.provenances)).decode(),
                    "selection": adapter(SelectionRecord).dump_json(made.selection).decode(),
                },
                {"said": json.dumps(made.said), "origin": ""},
            )

        self.journal.begin(instructions, facts, lambda one: order.get(one.dataset, 0))
        self.go_on(config)

    def began_with(self, origin: str) -> bool:
        """Whether the instructions in the journal were made of the same, and nothing is missing."""
        return self.journal.meta("origin") == origin and (self.path / REMOVED).exists()

    def made_of(self, origin: str) -> None:
        """What the instructions in the journal were made of, as one text."""
        self.journal.set_meta(origin=origin)

    def go_on(self, config: RunConfig) -> None:
        """Trees whose own limits are looser now go on; the resolved configuration is written."""
        self._reopen_loosened(config)
        with boundary(RunFolderError, f"cannot write the run folder {self.path}", OSError):
            resolved = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
            (self.path / "config.yaml").write_text(resolved, encoding="utf-8")

    def _reopen_loosened(self, config: RunConfig) -> None:
        """Trees that stopped at a limit of their own go on where it is looser now."""
        kind, now = adapter(Terms), tree_terms(config)
        recorded = self.journal.meta("tree_terms")
        if recorded and loosened(kind.validate_json(recorded), now):
            ended = self.journal.ended().items()
            self.journal.reopen(tree for tree, stop in ended if stop == StopReason.TREE_BUDGET)
        self.journal.set_meta(tree_terms=kind.dump_json(now).decode())

    @property
    def provenances(self) -> tuple[Provenance, ...]:
        """Where the problems came from when the run was begun, a dataset each; empty before."""
        recorded = self.journal.meta("provenance")
        return adapter(tuple[Provenance, ...]).validate_json(recorded) if recorded else ()

    @property
    def said(self) -> list[str]:
        """What there was to say of the problems when they were read."""
        return list(json.loads(self.journal.meta("said") or "[]"))

    @property
    def selection(self) -> SelectionRecord | None:
        """What selection did when the run was begun; None before."""
        recorded = self.journal.meta("selection")
        return adapter(SelectionRecord).validate_json(recorded) if recorded else None

    def write_removed(self, removals: Iterable[Removal]) -> None:
        """`removed.jsonl`: a row for each problem that selection took away, and why."""
        self._write_removed(map(_row, removals))

    def write_too_easy(self, removals: Iterable[Removal]) -> None:
        """Those that a filter model finds too easy, after what selection took away."""
        with boundary(RunFolderError, f"cannot read {self.path / REMOVED}", OSError):
            lines = (self.path / REMOVED).read_text(encoding="utf-8").splitlines(keepends=True)
        selected = (line for line in lines if json.loads(line)["rule"] != PASS_RATE)
        self._write_removed(chain(selected, map(_row, removals)))

    def _write_removed(self, lines: Iterable[str]) -> None:
        with boundary(RunFolderError, f"cannot write the run folder {self.path}", OSError):
            fresh = self.path / f".{REMOVED}.new"
            with fresh.open("w", encoding="utf-8") as file:
                file.writelines(lines)
            fresh.replace(self.path / REMOVED)


def _row(one: Removal) -> str:
    row = {
        "problem_id": one.problem_id,
        "dataset": one.dataset,
        "native_id": one.native_id,
        "rule": one.reason.rule,
        "reason": one.reason.words,
        "benchmark": one.reason.benchmark,
        "item": one.reason.item,
        "text": one.reason.text,
    }
    return f"{json.dumps(row, ensure_ascii=False)}\n"


def shape_of(config: RunConfig, seeds: Mapping[str, JSON]) -> str:
    """What shapes a run's trees, as one JSON text."""
    return json.dumps({**config.shape(), "seeds": dict(seeds)}, sort_keys=True)


def open_run(path: Path) -> RunFolder:
    """Create or open the run at `path`, and hold it against a second run.

    Raises `RunFolderError`: in use, unwritable or full.
    """
    path = path.absolute()
    with boundary(RunFolderError, f"cannot write the run folder {path}", OSError):
        (path / "logs").mkdir(parents=True, exist_ok=True)
        if lack := lack_of_room(path):
            raise RunFolderError(f"{lack}: make room, or put runs elsewhere with RUNS=<folder>")
        lock = RunLock(path)
    with ExitStack() as undo:
        undo.callback(lock.release)
        journal = Journal(path)
        undo.pop_all()
    return RunFolder(path, journal, lock)


def lack_of_room(folder: Path) -> str:
    """In words, where the disk of a folder has less than a run needs; else empty."""
    free_mb = shutil.disk_usage(folder).free // 2**20
    if free_mb >= _SPACE_MB:
        return ""
    return f"{folder} has {free_mb} MB of free disk space, a run needs {_SPACE_MB} MB at least"


def read_run(path: Path) -> tuple[Journal, RunConfig]:
    """An existing run, to read: its journal and the configuration that shaped its trees.

    Raises `RunFolderError` when there is none.
    """
    if not (path / FILE).exists():
        runs = sorted(file.parent.name for file in path.parent.glob(f"*/{FILE}"))
        raise RunFolderError(f"{path} holds no run; runs beside it: {', '.join(runs) or 'none'}")
    with ExitStack() as undo:
        journal = undo.enter_context(closing(Journal(path, readonly=True)))
        shape = journal.meta("shape")
        if shape is None:
            raise RunFolderError(f"{path} holds a run that was never begun: start it again")
        data = json.loads(shape)
        if data["prompts"] != prompts_hash():
            raise RunFolderError(
                f"the prompts have changed since {path} was begun, so its trees cannot be rebuilt: "
                f"restore the prompts, or run it again with --reconfigure ({journal.versions})"
            )
        del data["prompts"], data["seeds"]
        try:
            config = parse_config(data, f"{path}/{FILE}")
        except ConfigError as error:
            raise RunFolderError(f"{error}\n{journal.versions}") from error
        undo.pop_all()
        return journal, config


def misfit_notice(journal: Journal, trees: int) -> str:
    """What to say of trees whose records do not reach their ends any more."""
    return (
        f"NOTICE: {trees} trees do not fit their record any more and are left out: the package, an "
        f"environment or a plugin has changed since. `synthesize` again asks anew what is missing "
        f"({journal.versions})"
    )


def changes(recorded: Mapping[str, object], wanted: Mapping[str, object]) -> list[str]:
    """What differs between two configurations, one line a key: `sampling.waves: a -> b`."""
    lines = []
    for key in sorted({*recorded, *wanted}):
        old, new = recorded.get(key), wanted.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            lines += [f"{key}.{line}" for line in changes(old, new)]
        elif old != new:
            lines.append(f"{key}: {old!r} -> {new!r}")
    return lines
