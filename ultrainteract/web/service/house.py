"""The service's folder: a folder a run, and `.service` for what is the service's own.

One service at a time holds it. A run's name is a plain word, so that no folder of a run is
`.service` and none lies elsewhere.
"""

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

from ultrainteract.config import ModelConfig, RunConfig
from ultrainteract.errors import RunFolderError, boundary
from ultrainteract.web.service.ledger import Entry


@dataclass(frozen=True, slots=True)
class House:
    """Where everything is, and what the operator has set for all runs."""

    runs: Path
    base: RunConfig
    plugins: tuple[Path, ...] = ()

    @property
    def own(self) -> Path:
        """The service's own folder."""
        return self.runs / ".service"

    def run(self, name: str) -> Path:
        """A run's folder."""
        return self.runs / name

    def config(self, name: str) -> Path:
        """What a run's command is told."""
        return self.own / "configs" / f"{name}.yaml"

    def deleted(self, name: str = "") -> Path:
        """Where a run's folder goes that is being deleted."""
        return self.own / "deleted" / name

    def output(self, name: str) -> Path:
        """What the run's command has printed."""
        return self.run(name) / "logs" / "service.log"

    def words(self, entry: Entry, urls: dict[str, tuple[str, ...]]) -> Sequence[str]:
        """The command line of a run, its configuration written beside; `urls` are addresses of
        models that the service serves. Raises `RunFolderError`."""
        models = {name: self._model(entry, name, urls.get(name)) for name in entry.config.models}
        config = entry.config.model_copy(update={"models": models, "pace": self._pace(entry)})
        path = self.config(entry.name)
        with boundary(RunFolderError, f"cannot write {path}", OSError):
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
        words = ["synthesize", ",".join(entry.asked.datasets), "--config", str(path)]
        words += ["--run", entry.name, "--runs", str(self.runs)]
        for name in entry.asked.environments:
            words += ["--env", name]
        if entry.asked.source:
            words += ["--source", entry.asked.source]
        for plugin in self.plugins:
            words += ["--plugin", str(plugin)]
        return words

    def _model(self, entry: Entry, name: str, urls: tuple[str, ...] | None) -> ModelConfig:
        """As it was when the run was submitted, where it is now."""
        then, now = entry.config.models[name], self.base.models.get(name)
        if now is None or _itself(now) != _itself(then):
            if name not in entry.config.used_models():
                return then
            raise RunFolderError(
                f"model {name!r} of the service's configuration is gone, or another than when "
                "the run was submitted: bring it back, or cancel the run"
            )
        serve = now.serve.model_copy(update={"base_url": urls}) if urls else now.serve
        return then.model_copy(update={"serve": serve})

    def _pace(self, entry: Entry) -> object:
        asked = entry.config.pace
        kept = {"limit": asked.limit, "test_fraction": asked.test_fraction}
        return self.base.pace.model_copy(update=kept)


class HouseLock:
    """Holds a service's folder against a second service, for as long as this process lives."""

    def __init__(self, own: Path) -> None:
        """Makes the folder. Raises `RunFolderError` when another process holds it."""
        with boundary(RunFolderError, f"cannot write {own}", OSError):
            own.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Made while there is room: to delete a run must need none.
            (own / "deleted").mkdir(exist_ok=True)
            self._file = (own / "service.lock").open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise RunFolderError(
                f"{own.parent} is served by another service, process {holder}: stop that one, or "
                "serve another folder (--runs)"
            ) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _itself(model: ModelConfig) -> dict[str, object]:
    return model.model_dump(exclude={"serve"})
