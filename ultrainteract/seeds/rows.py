"""Native rows out of a file: JSON lines, a JSON document, TSV (these may be gzipped), or parquet.

Rows come one at a time, in file order, each with the place to name in an error. What spoils one
line costs that row; what spoils the file is an error. An integer of more digits than the
interpreter converts arrives as text.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import IO

from ultrainteract.errors import SeedError, boundary
from ultrainteract.seeds.registry import DIGITS, Row, Skip

SUFFIXES = (".jsonl", ".ndjson", ".json", ".tsv", ".tagged", ".parquet")
_TABBED = (".tsv", ".tagged")
# Rows of CodeContests reach megabytes.
_BATCH = 32


def read_rows(path: Path) -> Iterator[tuple[str, Row | Skip]]:
    """Each row with its place, such as `mine.jsonl line 3`; a `Skip` for what is no row.

    Raises `SeedError` that names the file: missing, unreadable, malformed as a whole.
    """
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if not path.is_file():
        raise SeedError(f"no file {path}; {beside(path)}")
    if suffix not in SUFFIXES:
        raise SeedError(
            f"{path}: unknown kind of file {suffix!r}; rows are read from "
            f"{', '.join(SUFFIXES)}, all but the last also as .gz"
        )
    with boundary(SeedError, f"cannot read {path}", OSError, EOFError, zlib.error):
        if suffix == ".parquet":
            contents = _parquet(path)
        else:
            contents = _tabbed(path) if suffix in _TABBED else _json(path)
        for place, content in contents:
            yield place, _row(content, path)


def _row(content: object, path: Path) -> Row | Skip:
    match content:
        case Skip():
            return content
        case Row() as row:
            row.file = path
            return row
        case dict():
            return _row(Row(content), path)
        case _:
            return Skip(f"a {type(content).__name__} instead of an object with fields")


def integer(digits: str) -> int | str:
    """For `json.loads(parse_int=...)`: a number, or its digits where the interpreter refuses."""
    return int(digits) if len(digits) <= DIGITS else digits


def _json(path: Path) -> Iterator[tuple[str, object]]:
    with _open(path) as stream:
        start = stream.read(1)
        while start.isspace():
            start = stream.read(1)
        stream.seek(0)
        # Some datasets name JSON lines `.json`.
        if start != "[" and not (start == "{" and _keyed(path, stream)):
            yield from _lines(path, stream)
            return
        text = stream.read()
    rows = _parse(text)
    if isinstance(rows, Skip) and not path.name.removesuffix(".gz").endswith(".json"):
        # A file of lines whose first is a list, which is no row.
        yield from _lines(path, StringIO(text))
        return
    _check_whole(path, rows)
    if isinstance(rows, dict):
        yield from ((f"{path} row {key}", _with_key(key, row)) for key, row in rows.items())
    elif isinstance(rows, list):
        yield from _numbered(path, rows)


def _keyed(path: Path, stream: IO[str]) -> bool:
    """Whether the file is one object whose fields are rows, by its first two lines."""
    if not path.name.removesuffix(".gz").endswith(".json"):
        return False
    first, more = stream.readline(), stream.readline()
    stream.seek(0)
    if first.strip() == "{":
        return True
    value = _parse(first)
    return not more.strip() and isinstance(value, dict) and _rows(value)


def _rows(value: dict[str, object]) -> bool:
    return bool(value) and all(isinstance(row, dict) for row in value.values())


def _with_key(key: str, fields: dict[str, object]) -> Row:
    row = Row(fields)
    row.key = key
    return row


def _check_whole(path: Path, rows: object) -> None:
    if isinstance(rows, Skip):
        raise SeedError(f"{path} is {rows}; nothing of it can be read")
    if isinstance(rows, dict) and not _rows(rows):
        raise SeedError(f"{path} holds one object whose fields are no rows")


def _lines(path: Path, stream: Iterable[str]) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(stream, 1):
        if line.strip():
            yield f"{path} line {number}", _parse(line)


def _tabbed(path: Path) -> Iterator[tuple[str, object]]:
    header, *lines = read_cells(path) or [[]]
    for number, cells in enumerate(lines, 2):
        if any(cells):
            yield f"{path} line {number}", dict(zip(header, cells, strict=False))


def read_cells(path: Path) -> list[list[str]]:
    """The cells of a TSV file, line by line; they are not quoted, and escapes stay."""
    with _open(path) as stream:
        return [line.rstrip("\r").split("\t") for line in stream.read().rstrip("\n").split("\n")]


def _parquet(path: Path) -> Iterator[tuple[str, object]]:
    # What only parquet needs is loaded for parquet only.
    from pyarrow import ArrowException  # noqa: PLC0415
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    with boundary(SeedError, f"cannot read {path}", ArrowException), ParquetFile(path) as file:
        batches = file.iter_batches(batch_size=_BATCH)
        yield from _numbered(path, (row for batch in batches for row in batch.to_pylist()))


def _numbered(path: Path, rows: Iterable[object]) -> Iterator[tuple[str, object]]:
    return ((f"{path} row {number}", row) for number, row in enumerate(rows, 1))


def _parse(text: str) -> object:
    try:
        text.encode()
        value: object = json.loads(text, parse_int=integer)
    except UnicodeEncodeError:
        return Skip("not valid UTF-8")
    except RecursionError:
        return Skip("not valid JSON: nested too deeply")
    except json.JSONDecodeError as error:
        return Skip(f"not valid JSON: {error.msg}")
    return value


def _open(path: Path) -> IO[str]:
    # A byte that is no UTF-8 becomes half a surrogate pair, which spoils its line only.
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape")
    return path.open(encoding="utf-8-sig", errors="surrogateescape")


def beside(path: Path) -> str:
    """What data files there are in the folder of `path`, for an error to list."""
    there = sorted(file.name for file in path.parent.glob("*") if _is_data(file))
    if not path.parent.is_dir():
        return f"nor is there a folder {path.parent.absolute()}"
    listed = ", ".join(there[:8]) or "no data file"
    return f"in {path.parent.absolute()} there is: {listed}{', ...' if there[8:] else ''}"


def _is_data(file: Path) -> bool:
    return file.name.removesuffix(".gz").endswith(SUFFIXES)
