"""TSV files: no quoting, escapes kept, short lines costing only what they lack."""

from pathlib import Path

from ultrainteract.seeds import Row
from ultrainteract.seeds.rows import read_cells, read_rows


def write(folder: Path, text: str, name: str = "a.tsv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_have_the_fields_of_the_header(tmp_path: Path) -> None:
    path = write(tmp_path, 'id\tq\nnt-0\t"quoted" \\n \\p it\'s\n\nnt-1\tlast')
    assert [row for _, row in read_rows(path)] == [
        {"id": "nt-0", "q": '"quoted" \\n \\p it\'s'},
        {"id": "nt-1", "q": "last"},
    ]


def test_a_row_knows_its_line_and_its_file(tmp_path: Path) -> None:
    path = write(tmp_path, "id\tq\r\nnt-0\tx\r\n", "a.tagged")
    ((place, row),) = read_rows(path)
    assert place.endswith("a.tagged line 2")
    assert isinstance(row, Row)
    assert (row, row.file) == ({"id": "nt-0", "q": "x"}, path)


def test_missing_cells_are_absent_fields(tmp_path: Path) -> None:
    assert [row for _, row in read_rows(write(tmp_path, "a\tb\n1\n2\t3\t4\n"))] == [
        {"a": "1"},
        {"a": "2", "b": "3"},
    ]


def test_empty_cells_of_a_table_stay(tmp_path: Path) -> None:
    assert read_cells(write(tmp_path, "\tB\n1\t\n")) == [["", "B"], ["1", ""]]
