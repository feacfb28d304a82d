"""Native rows out of a file: JSON lines, a JSON list (either may be gzipped), or parquet.

Rows come one at a time, in file order, each with the place to name in an error.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from pyarrow import ArrowException
from pyarrow.parquet import ParquetFile

from ultrainteract.errors import SeedError, boundary
from ultrainteract.seeds.registry import Row

SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet")


def read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Each row with its place, such as `mine.jsonl line 3`.

    Raises `SeedError` that names file and line: missing, unreadable, undecodable, malformed.
    """
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if not path.is_file():
        raise SeedError(f"no file {path}; {beside(path)}")
    if suffix not in SUFFIXES:
        raise SeedError(
            f"{path}: unknown kind of file {suffix!r}; rows are read from "
            f"{', '.join(SUFFIXES)}, the JSON ones also as .gz"
        )
    unreadable = (OSError, EOFError, zlib.error, UnicodeDecodeError, ArrowException)
    with boundary(SeedError, f"cannot read {path}", *unreadable):
        rows = _parquet(path) if suffix == ".parquet" else _json(path)
        for place, row in rows:
            if not isinstance(row, dict):
                raise SeedError(f"{place} holds a {type(row).__name__}, not an object")
            yield place, Row(row)


def _json(path: Path) -> Iterator[tuple[str, object]]:
    with _open(path) as stream:
        start = stream.read(1)
        while start.isspace():
            start = stream.read(1)
        stream.seek(0)
        if start != "[":
            # Some datasets name JSON lines `.json`.
            yield from _lines(path, stream)
            return
        rows = _parse(stream.read(), str(path))
    if not isinstance(rows, list):
        raise SeedError(f"{path} holds a {type(rows).__name__}, not a list of rows")
    yield from _numbered(path, rows)


def _lines(path: Path, stream: Iterable[str]) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(stream, 1):
        if line.strip():
            place = f"{path} line {number}"
            yield place, _parse(line, place)


def _parquet(path: Path) -> Iterator[tuple[str, object]]:
    with ParquetFile(path) as file:
        rows = (row for batch in file.iter_batches(batch_size=256) for row in batch.to_pylist())
        yield from _numbered(path, rows)


def _numbered(path: Path, rows: Iterable[object]) -> Iterator[tuple[str, object]]:
    return ((f"{path} row {number}", row) for number, row in enumerate(rows, 1))


def _parse(text: str, place: str) -> object:
    # ValueError: malformed JSON, and integers beyond the interpreter's limit of digits.
    with boundary(SeedError, f"{place} is not valid JSON", ValueError, RecursionError):
        value: object = json.loads(text)
        return value


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def beside(path: Path) -> str:
    """What data files there are in the folder of `path`, for an error to list."""
    there = sorted(file.name for file in path.parent.glob("*") if _is_data(file))
    if not path.parent.is_dir():
        return f"nor is there a folder {path.parent.absolute()}"
    listed = ", ".join(there[:8]) or "no data file"
    return f"in {path.parent.absolute()} there is: {listed}{', ...' if there[8:] else ''}"


def _is_data(file: Path) -> bool:
    return file.name.removesuffix(".gz").endswith(SUFFIXES)
