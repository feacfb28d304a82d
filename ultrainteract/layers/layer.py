"""A layer: one file `RUN/layers/NAME.jsonl`, written once by one writer, never changed.

Its first line names the graders, its last line counts, and so proves that the file is whole;
between them stands each verdict that changed, by tree and by the journal's key of the claim.
"""

import hashlib
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ultrainteract.errors import RunFolderError, boundary, unknown
from ultrainteract.types import Verdict
from ultrainteract.verify.regrade import Changed

FOLDER = "layers"
_FORMAT = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Head(_Frozen):
    """The first line. `grader` and `programs` are the versions that judged; without a second
    judgement of programs, `programs` is empty."""

    format: int = _FORMAT
    grader: str
    programs: str = ""


class Line(_Frozen):
    """One verdict that changed."""

    tree: str
    key: str
    before: Verdict
    after: Verdict


class Tail(_Frozen):
    """The last line. `claims` were judged again, `changed` of them otherwise; `programs` were
    left out, `faults` had no second verdict because machinery failed, `trees` do not fit their
    record. All these keep their verdicts."""

    claims: int
    changed: int
    programs: int
    faults: int
    trees: int


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as it is applied: the verdicts that changed, by (tree, key)."""

    name: str
    head: Head
    tail: Tail
    verdicts: Mapping[tuple[str, str], Verdict]
    sha256: str

    def __str__(self) -> str:
        """For `run.yaml` and card: what was applied, so that it can be told from another."""
        graders = " and ".join(filter(None, (self.head.grader, self.head.programs)))
        return (
            f"{self.name}: verdicts of grader {graders}, {self.tail.changed} of "
            f"{self.tail.claims} changed, sha256:{self.sha256}"
        )


class LayerWriter:
    """The one writer of a layer. A context manager: left before `finish`, it leaves nothing."""

    def __init__(self, run: Path, name: str, head: Head) -> None:
        """Raises `RunFolderError` where the name is taken or nothing can be written."""
        self.path, self._finished = place(run, name), False
        with self._writing():
            self.path.parent.mkdir(exist_ok=True)
            try:
                self._file = self.path.open("x", encoding="utf-8")
            except FileExistsError:
                raise RunFolderError(
                    f"{self.path} is there, and a layer is never changed: choose another --name"
                ) from None
        self._write(head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self._finished:
            self.path.unlink()

    def add(self, tree: str, changed: Changed) -> None:
        """One verdict more."""
        self._write(Line(tree=tree, key=changed.key, before=changed.before, after=changed.after))

    def finish(self, tail: Tail) -> None:
        """The layer is whole."""
        self._write(tail)
        with self._writing():
            self._file.flush()
            os.fsync(self._file.fileno())
        self._finished = True

    def _write(self, line: BaseModel) -> None:
        with self._writing():
            self._file.write(f"{line.model_dump_json()}\n")

    def _writing(self) -> AbstractContextManager[None]:
        return boundary(RunFolderError, f"cannot write the layer {self.path}", OSError)


def place(run: Path, name: str) -> Path:
    """Where the layer of that name lies. Raises `RunFolderError` for a name that is a path."""
    if not name or name.startswith(".") or set(name) & set("/\\") or not name.isprintable():
        raise RunFolderError(f"--name {name!r} is no plain file name: leave out / and \\")
    return run / FOLDER / f"{name}.jsonl"


def read_layer(run: Path, name: str) -> Layer:
    """Raises `UnknownName`, or `RunFolderError` for a file that is none or is cut off."""
    path = place(run, name)
    if not path.is_file():
        raise unknown("layer", name, (file.stem for file in (run / FOLDER).glob("*.jsonl")))
    what = f"{path} is no layer, or not a whole one: remove it and regrade again"
    with boundary(RunFolderError, what, OSError, ValueError, ValidationError):
        data = path.read_bytes()
        # A text may hold other line ends than this one, which JSON escapes.
        first, *lines, last, end = data.decode().split("\n")
        head, tail = Head.model_validate_json(first), Tail.model_validate_json(last)
        changed = [Line.model_validate_json(line) for line in lines]
        if head.format != _FORMAT or len(changed) != tail.changed or end:
            raise RunFolderError(what)
    verdicts = {(one.tree, one.key): one.after for one in changed}
    return Layer(name, head, tail, verdicts, hashlib.sha256(data).hexdigest())
