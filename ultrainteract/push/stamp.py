"""What a published dataset was made of, written beside it: whether it still is what the run holds.

`dataset.json` beside `dataset/`. It is no part of the dataset, which names nothing of its making
that another run would not share.
"""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ultrainteract.errors import RunFolderError, boundary
from ultrainteract.journal import Journal
from ultrainteract.types import digest


class Stamp(BaseModel):
    """Digests of what a dataset is a function of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    journal: str
    """Of the trees that ended and of what is known of the run."""
    layers: tuple[str, ...]
    """As `run.yaml` names them, by their digests."""


def stamp_of(journal: Journal, layers: Iterable[str] = ()) -> Stamp:
    """Of a journal as it is now, and these layers over it."""
    ended = sorted(journal.ended().items())
    facts = [[key, journal.meta(key)] for key in ("shape", "provenance", "selection")]
    return Stamp(journal=digest([ended, facts]), layers=tuple(layers))


def write_stamp(dataset: Path, stamp: Stamp) -> None:
    """Beside the dataset. Raises `RunFolderError`."""
    path = _place(dataset)
    draft = path.with_suffix(".draft")
    with boundary(RunFolderError, f"cannot write {path}", OSError):
        draft.write_text(stamp.model_dump_json(), encoding="utf-8")
        draft.replace(path)


def read_stamp(dataset: Path) -> Stamp | None:
    """None where there is none that this version can read."""
    try:
        return Stamp.model_validate_json(_place(dataset).read_bytes())
    except (OSError, ValidationError):
        return None


def _place(dataset: Path) -> Path:
    return dataset.with_name(f"{dataset.name}.json")
