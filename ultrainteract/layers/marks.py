"""Reviewers' marks: `RUN/marks.jsonl`, a line each, only ever added to. The last line on a node or
a pair is what holds of it.

A line names the actions by their text's digest as well, so that a mark never falls on another
action than the one that was looked at: a run may be reconfigured.
"""

import fcntl
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ultrainteract.dataset.rows import fold
from ultrainteract.errors import RunFolderError, boundary
from ultrainteract.tree import Node, PreferenceTree, Turn
from ultrainteract.types import digest

FILE = "marks.jsonl"
NOTE_LETTERS = 2000


class Decision(StrEnum):
    """What is to be done with a node or a pair; NONE leaves it as it is, and takes back."""

    KEEP = "keep"
    DROP = "drop"
    NONE = ""


class Mark(BaseModel):
    """What a reviewer says of one node, or of the pair (chosen, rejected)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tree: str
    nodes: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1, max_length=2)]
    decision: Decision
    note: Annotated[str, Field(max_length=NOTE_LETTERS)] = ""
    actions: str
    """Digest of the actions' texts."""


Target = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """What holds, by tree and node or pair. `sha256` is that of the file."""

    trees: Mapping[str, Mapping[Target, Mark]] = field(default_factory=dict)
    sha256: str = ""

    def of(self, tree: str) -> Mapping[Target, Mark]:
        """The marks of one tree."""
        return self.trees.get(tree, {})

    def counts(self) -> Counter[str]:
        """How many of each decision there are, and of notes."""
        marks = [mark for tree in self.trees.values() for mark in tree.values()]
        counts = Counter(mark.decision.value for mark in marks if mark.decision)
        counts["note"] = sum(bool(mark.note) for mark in marks)
        return +counts

    @property
    def decide(self) -> bool:
        """Whether anything is dropped: notes and what is kept change no dataset by themselves."""
        return bool(self.counts()[Decision.DROP])

    def __str__(self) -> str:
        """For `run.yaml` and card: what was applied, so that it can be told from another."""
        counts = self.counts()
        return (
            f"reviewers' marks: {counts[Decision.DROP]} dropped, {counts[Decision.KEEP]} kept, "
            f"sha256:{self.sha256}"
        )

    @classmethod
    def read(cls, run: Path) -> Self:
        """Those of a run, where it has any. Raises `RunFolderError` for a damaged file."""
        path = run / FILE
        what = f"cannot read {path} (mend or remove a line that is no mark)"
        with boundary(RunFolderError, what, OSError, ValidationError):
            data = path.read_bytes() if path.exists() else b""
            # What follows the last line end was cut off while it was written.
            whole = data[: data.rfind(b"\n") + 1]
            held: dict[str, dict[Target, Mark]] = {}
            for line in whole.splitlines():
                mark = Mark.model_validate_json(line)
                held.setdefault(mark.tree, {})[mark.nodes] = mark
        said = {
            tree: kept
            for tree, marks in held.items()
            if (kept := {at: one for at, one in marks.items() if one.decision or one.note})
        }
        return cls(said, hashlib.sha256(whole).hexdigest())


def writable(run: Path) -> bool:
    """Whether a mark can be added."""
    file = run / FILE
    return os.access(file if file.exists() else run, os.W_OK)


def add(run: Path, mark: Mark) -> None:
    """Append a mark; on disk once it returns. Raises `RunFolderError`."""
    path = run / FILE
    with (
        boundary(RunFolderError, f"cannot write {path}", OSError),
        path.open("a+b") as file,
    ):
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        data = file.read()
        # A line that a power cut left unfinished would swallow this one.
        file.truncate(data.rfind(b"\n") + 1)
        file.write(f"{mark.model_dump_json()}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def actions_digest(*nodes: Node) -> str:
    """Of the texts of some actions."""
    return digest([node.action.text for node in nodes])


def reviewed(tree: PreferenceTree, marks: Marks) -> PreferenceTree:
    """The tree to publish under reviewers' marks.

    - A dropped pair is a pair no longer; no other takes its place. Its actions stay by themselves.
    - A dropped action, and those of its turn with the same text, are in no pair, and in none of
      the views that say what is right or wrong. `trees` shows them, as every action.
    - A pair or an action that is kept outlives a drop of what it is part of, or of its twin.
    - What later turns saw stays as it was: a dropped action may still be history.

    A mark whose actions are not those that were looked at is passed over. The tree itself comes
    back where nothing is dropped.
    """
    decided = {
        target: mark.decision
        for target, mark in marks.of(tree.instruction.id).items()
        if fits(tree, mark)
    }
    if Decision.DROP not in decided.values():
        return tree
    dropped = frozenset(_dropped(tree, decided))
    turns = [_reviewed(turn, decided, dropped) for turn in tree.turns]
    return replace(tree, turns=turns, dropped=dropped)


def fits(tree: PreferenceTree, mark: Mark) -> bool:
    """Whether the actions are still those that were looked at."""
    known = all(place < len(tree.nodes) for place in mark.nodes)
    return known and mark.actions == actions_digest(*(tree.nodes[one] for one in mark.nodes))


def _dropped(tree: PreferenceTree, decided: Mapping[Target, Decision]) -> Iterator[int]:
    said = {
        (node.turn, fold(node.action.text))
        for node in tree.nodes
        if decided.get((node.id,)) is Decision.DROP
    }
    for node in tree.nodes:
        twin = (node.turn, fold(node.action.text)) in said
        if twin and decided.get((node.id,)) is not Decision.KEEP:
            yield node.id


def _reviewed(turn: Turn, decided: Mapping[Target, Decision], dropped: frozenset[int]) -> Turn:
    """A turn with the pairs that are left."""

    def holds(*pair: int) -> bool:
        match decided.get(pair):
            case Decision.DROP:
                return False
            case Decision.KEEP:
                return True
            case _:
                return dropped.isdisjoint(pair)

    further = tuple(one for one in turn.further if holds(one.chosen, one.rejected))
    first = turn.chosen, turn.rejected
    if first[0] is None or first[1] is None or holds(first[0], first[1]):
        return replace(turn, further=further)
    return replace(turn, chosen=None, rejected=None, further=further)
