"""Files in, rows out; what is wrong with a line costs that line, with its reason."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultrainteract.errors import SeedError
from ultrainteract.seeds import Row, Skip
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
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(LINES.encode() * 9)[:-9])
    rows = read_rows(path)
    assert [next(rows)[1] for _ in ROWS] == ROWS
    with pytest.raises(SeedError, match=r"cannot read .*EOFError"):
        list(rows)


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (b"{broken", "not valid JSON: Expecting property name"),
        (b'{"q": 1', "not valid JSON"),
        (b"[2]", "a list instead of an object with fields"),
        (b'{"q": "\xff"}', "not valid UTF-8"),
        (b"[" * 200_000, "not valid JSON: nested too deeply"),
    ],
)
@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_spoiled_line_costs_itself_only(
    tmp_path: Path, spoiled: bytes, reason: str, line: int
) -> None:
    path = tmp_path / "a.jsonl"
    lines = [b'{"q": 1}', b'{"q": 2}']
    path.write_bytes(b"\n".join([*lines[: line - 1], spoiled, *lines[line - 1 :]]))
    rows = list(read_rows(path))
    place, skipped = rows.pop(line - 1)
    assert [row for _, row in rows] == [{"q": 1}, {"q": 2}]
    assert place.endswith(f"a.jsonl line {line}")
    assert isinstance(skipped, Skip)
    assert str(skipped).startswith(reason)


def test_an_integer_beyond_the_limit_of_digits_spoils_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"q": ' + "9" * 5000 + ', "n": -12}')
    assert [row for _, row in read_rows(path)] == [{"q": "9" * 5000, "n": -12}]


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_an_object_of_rows_gives_each_row_its_key(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "problems.json"
    path.write_text(json.dumps({"17": ROWS[0], "4": ROWS[1]}, indent=indent))
    rows = [row for _, row in read_rows(path)]
    assert rows == ROWS[:2]
    assert [row.key for row in rows if isinstance(row, Row)] == ["17", "4"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b'[{"q": 1},', r"a\.json is not valid JSON: .*nothing of it can be read"),
        ("a.json", b'{\n"q": 1}', r"a\.json holds one object whose fields are no rows"),
        ("a.json", b'[{"q": "\xff"}]', r"a\.json is not valid UTF-8"),
        ("a.jsonl.gz", b"no gzip", "cannot read .*BadGzipFile"),
        ("a.parquet", b"PAR1 no parquet", "cannot read .*ArrowInvalid"),
        ("a.csv", b"q,a", r"unknown kind of file '\.csv'; rows are read from \.jsonl"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(
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
