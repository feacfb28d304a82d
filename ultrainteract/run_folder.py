"""`runs/<name>/`: the journal, the resolved configuration, logs, and later the dataset.

Opening one is creating it or resuming it: the same command both times. What shapes trees must
be what the journal was begun with, unless the caller says `reconfigure`.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import yaml

from ultrainteract.config import RunConfig, parse_config
from ultrainteract.errors import RunFolderError, boundary
from ultrainteract.journal import FILE, Journal, RunLock, changes
from ultrainteract.prompts import prompts_hash
from ultrainteract.types import JSON

_SPACE_MB = 200


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


def open_run(
    path: Path, config: RunConfig, seeds: Mapping[str, JSON], *, reconfigure: bool = False
) -> RunFolder:
    """Create or resume the run at `path`; `seeds` says which problems it is about.

    Raises `RunFolderError`: in use, unwritable, full, or begun with another configuration.
    """
    path = path.absolute()
    with boundary(RunFolderError, f"cannot write the run folder {path}", OSError):
        (path / "logs").mkdir(parents=True, exist_ok=True)
        free_mb = shutil.disk_usage(path).free // 2**20
        if free_mb < _SPACE_MB:
            raise RunFolderError(
                f"{path} has {free_mb} MB of free disk space, a run needs {_SPACE_MB} MB at "
                "least: make room, or put runs elsewhere with RUNS=<folder>"
            )
        lock = RunLock(path)
    try:
        journal = Journal(path)
        _check_shape(journal, path, {**config.shape(), "seeds": dict(seeds)}, reconfigure)
        with boundary(RunFolderError, f"cannot write the run folder {path}", OSError):
            resolved = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
            (path / "config.yaml").write_text(resolved, encoding="utf-8")
    except BaseException:
        lock.release()
        raise
    return RunFolder(path, journal, lock)


def _check_shape(
    journal: Journal,
    path: Path,
    shape: Mapping[str, JSON],
    reconfigure: bool,  # noqa: FBT001
) -> None:
    text = json.dumps(shape, sort_keys=True)
    recorded = journal.meta("shape")
    if recorded is not None and recorded != text:
        lines = "\n".join(f"  {line}" for line in changes(json.loads(recorded), json.loads(text)))
        if not reconfigure:
            raise RunFolderError(
                f"{path} was begun with another configuration:\n{lines}\n"
                "choose another RUN name, undo the change, or pass --reconfigure: then only what "
                "the change touches is asked again"
            )
        journal.reopen_trees()
    if recorded != text:
        journal.set_meta(shape=text)


def read_run(path: Path) -> tuple[Journal, RunConfig]:
    """An existing run, to read: its journal and the configuration that shaped its trees.

    Raises `RunFolderError` when there is none.
    """
    if not (path / FILE).exists():
        runs = sorted(file.parent.name for file in path.parent.glob(f"*/{FILE}"))
        raise RunFolderError(f"{path} holds no run; runs beside it: {', '.join(runs) or 'none'}")
    journal = Journal(path, readonly=True)
    shape = journal.meta("shape")
    if shape is None:
        raise RunFolderError(f"{path} holds a run that was never begun: start it again")
    data = json.loads(shape)
    if data["prompts"] != prompts_hash():
        raise RunFolderError(
            f"the prompts have changed since {path} was begun, so its trees cannot be rebuilt: "
            "restore the prompts, or run it again with --reconfigure"
        )
    del data["prompts"], data["seeds"]
    return journal, parse_config(data, f"{path}/{FILE}")
