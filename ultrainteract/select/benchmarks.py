"""Test sets that training data must not hold, from a file or the hub, in the shapes they come in.

Rows as JSON lines, a list, columns of a frame, or one object with a list of instances. The text
of an item is what it asks; a programming item also has the signatures of its functions.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from ultrainteract.config import names_repository
from ultrainteract.errors import SeedError, boundary
from ultrainteract.seeds.hub import Snapshot, Unreachable, fetch
from ultrainteract.seeds.registry import Hub, Skip
from ultrainteract.seeds.rows import read_rows
from ultrainteract.select.signature import signatures
from ultrainteract.types import digest

_ASKED = (
    "problem", "question", "Question", "Input", "prompt_sft", "prompt", "text", "instruction",
)  # fmt: skip
_NAMED = ("task_id", "unique_id", "ID", "id")
_LISTED = ("Instances", "instances", "data", "rows", "examples")
_TESTS = ("*test*.parquet", "*test*.jsonl", "*test*.json")


class Rule(StrEnum):
    """What counts as an overlap (arXiv 2404.02078, section 2)."""

    SUBSTRING = "substring"
    EIGHT_GRAM = "8-gram"


@dataclass(frozen=True, slots=True)
class Item:
    """One test item."""

    id: str
    text: str
    signatures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A test set. It is compared with problems of one of `environments`; with all, if empty.

    `revision` is the commit of a repository, empty for a file."""

    name: str
    items: tuple[Item, ...]
    rule: Rule = Rule.EIGHT_GRAM
    environments: tuple[str, ...] = ()
    revision: str = ""

    def content(self) -> str:
        """A hash of all that problems are compared by."""
        return digest([self.rule, *self.environments, *map(asdict, self.items)])


def read_benchmark(
    source: str | Path,
    *,
    rule: Rule | None = None,
    environments: Iterable[str] = (),
    field: str = "",
    revision: str = "",
) -> Benchmark:
    """The test set in a file, or of a repository, `owner/name` or `owner/name:pattern` of files.

    `rule`: substring for LeetCode, 8-grams for the rest, if not said. `field` names the text
    where it is none of the usual ones; `revision` a repository's commit, if not the newest.
    Raises `SeedError`: unreadable, or without any text.
    """
    path = Path(source).expanduser()
    if path.exists() or not names_repository(str(source)):
        name, rows = path.name.partition(".")[0], list(_rows(path))
        revision = ""
    else:
        name = str(source)
        snapshot = _fetched(name, revision)
        revision = snapshot.revision
        rows = [row for file in snapshot.files for row in _rows(file)]
    items = tuple(
        Item(_id(row, place), text, _signatures(row))
        for place, row in enumerate(rows)
        if (text := _text(row, field))
    )
    if not items:
        fields = ", ".join(rows[0]) if rows else "none"
        raise SeedError(
            f"test set {name}: no text in its {len(rows)} rows, whose fields are: {fields}; "
            f"looked for {field or ', '.join(_ASKED)}; name the field that holds the question"
        )
    usual = Rule.SUBSTRING if "leetcode" in name.lower() else Rule.EIGHT_GRAM
    return Benchmark(name, items, rule or usual, tuple(environments), revision)


def _fetched(source: str, revision: str) -> Snapshot:
    name, _, pattern = source.partition(":")
    hub = Hub(name, files=(pattern,) if pattern else _TESTS)
    with boundary(SeedError, f"test set {name}: cannot reach the hub; name a file", Unreachable):
        return fetch(hub, revision)


def _rows(path: Path) -> Iterator[Mapping[str, object]]:
    whole = _document(path)
    if isinstance(whole, dict):
        yield from _of_object(path, whole)
        return
    for place, row in read_rows(path):
        if isinstance(row, Skip):
            raise SeedError(f"test set {place}: {row}")
        yield row


def _document(path: Path) -> object:
    if path.suffix != ".json" or not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        # JSON lines by that name; what is wrong with others is for their reader to say.
        return None


def _of_object(path: Path, whole: dict[str, object]) -> Iterator[Mapping[str, object]]:
    listed = next((whole[key] for key in _LISTED if isinstance(whole.get(key), list)), None)
    if isinstance(listed, list):
        yield from (row for row in listed if isinstance(row, dict))
        return
    columns = {key: column for key, column in whole.items() if isinstance(column, dict)}
    if len(columns) != len(whole):
        raise SeedError(f"test set {path}: its fields {', '.join(whole)} are no rows")
    places = {place: None for column in columns.values() for place in column}
    if all(place.isdigit() for place in places):
        for place in places:
            yield {key: column.get(place) for key, column in columns.items()}
    else:
        yield from columns.values()


def _text(row: Mapping[str, object], field: str) -> str:
    if not field and "Body" in row and "Question" in row:
        return f"{row['Body']} {row['Question']}"
    names = (field,) if field else _ASKED
    text = next((str(row[name]) for name in names if row.get(name)), "")
    # LeetCode's examples and constraints are set differently wherever the task is quoted.
    return text.partition("\nExample 1:")[0].strip().strip('"').strip()


def _id(row: Mapping[str, object], place: int) -> str:
    return next((str(row[name]) for name in _NAMED if row.get(name) is not None), str(place))


def _signatures(row: Mapping[str, object]) -> tuple[str, ...]:
    code = "\n".join(str(row[name]) for name in ("prompt", "code") if row.get(name))
    found = dict.fromkeys(signatures(code))
    entry = str(row.get("entry_point") or "")
    return tuple(one for one in found if not entry or one.startswith(f"{entry}("))
