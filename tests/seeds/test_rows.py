"""Files in, rows out; what is wrong with a file is said with its line."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultrainteract.errors import SeedError
from ultrainteract.seeds.rows import read_rows

ROWS = [{"q": "é" * n, "n": n} for n in range(1, 4)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def write(folder: Path, name: str) -> Path:
    path = folder / name
    match name:
        case "a.parquet":
            pq.write_table(pa.Table.from_pylist(ROWS), path)
        case "a.jsonl.gz":
            path.write_bytes(gzip.compress(LINES.encode()))
        case "list.json":
            path.write_text(" \n" + json.dumps(ROWS))
        case "bom.jsonl":
            path.write_text(LINES.replace("\n", "\n\n"), encoding="utf-8-sig")
        case _:
            path.write_text(LINES)
    return path


@pytest.mark.parametrize(
    "name", ["a.jsonl", "lines.json", "list.json", "a.jsonl.gz", "a.parquet", "bom.jsonl"]
)
def test_same_rows_in_the_same_order_from_every_kind_of_file(tmp_path: Path, name: str) -> None:
    assert [row for _, row in read_rows(write(tmp_path, name))] == ROWS


def test_rows_come_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(LINES + "{broken\n")
    rows = read_rows(path)
    assert [next(rows)[1] for _ in ROWS] == ROWS
    with pytest.raises(SeedError, match=r"a\.jsonl line 4 is not valid JSON: JSONDecodeError"):
        next(rows)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"q": 1}\n[2]\n', r"a\.jsonl line 2 holds a list, not an object"),
        ("a.jsonl", b'{"q": "\xff"}\n', "cannot read .*UnicodeDecodeError"),
        ("a.jsonl", b'{"q": ' + b"9" * 5000 + b"}", "line 1 is not valid JSON: ValueError"),
        ("a.jsonl", b"[" * 200_000, "is not valid JSON: RecursionError"),
        ("a.json", b'[{"q": 1},', r"a\.json is not valid JSON: JSONDecodeError"),
        ("a.json", b"[1]", r"a\.json row 1 holds a int, not an object"),
        ("a.jsonl.gz", b"no gzip", "cannot read .*BadGzipFile"),
        ("a.jsonl.gz", gzip.compress(b'{"q": 1}\n' * 99)[:-9], "cannot read .*EOFError"),
        ("a.parquet", b"PAR1 no parquet", "cannot read .*ArrowInvalid"),
        ("a.csv", b"q,a", r"unknown kind of file '\.csv'; rows are read from \.jsonl"),
    ],
)
def test_faulty_file_is_named_with_its_fault(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SeedError, match=message):
        list(read_rows(path))


def test_missing_file_is_answered_with_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl")
    with pytest.raises(SeedError, match=r"no file .*b\.jsonl; in .* there is: a\.jsonl"):
        list(read_rows(tmp_path / "b.jsonl"))
    with pytest.raises(SeedError, match="nor is there a folder"):
        list(read_rows(tmp_path / "absent/b.jsonl"))
