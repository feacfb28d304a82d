r"""WikiTableQuestions: a question about a Wikipedia table; several answers count together.

Both forms are read: the hub's rows, and the native TSV, whose tables lie in files beside it.
`\n`, `\p` and `\\` stand for a line break, a bar and a backslash (arXiv 1508.00305).
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ultrainteract.seeds.registry import Hub, Question, Row, Skip, as_text, seed
from ultrainteract.seeds.rows import read_cells
from ultrainteract.seeds.tables import Table, table

_ESCAPE = re.compile(r"\\([np\\])")
_CONTEXT = re.compile(r"csv/\d+-csv/\d+\.[ct]sv")
_SYMBOLS = {"n": "\n", "p": "|", "\\": "\\"}


@seed(
    "wikitablequestions",
    environments=("coding",),
    # The script-free copy of the training questions: of `main` only a loading script is known.
    hub=Hub(
        "stanfordnlp/wikitablequestions",
        files=("random-split-1/train/*.parquet", "random-split-1/validation/*.parquet"),
        revision="refs/convert/parquet",
    ),
    licence="cc-by-sa-4.0",
)
def wikitablequestions(row: Row) -> Question:
    """Questions about tables: id, question, answers, table; or native TSV lines."""
    name = row.text("id")
    # nu- and ns- are the benchmark's, and some copies pool all of them.
    if not name.startswith("nt-"):
        raise Skip("id of a test question")
    asked = _line(
        row.text("question" if "question" in row or "utterance" not in row else "utterance")
    )
    answers = _answers(row)
    grid = _table(row)
    meta = {
        "kind": "wtq",
        "answers": json.dumps(answers, ensure_ascii=False),
        "canonical": _canonical(row, len(answers)),
        "table": grid.json(),
    }
    told = "; two spaces in a cell stand for a line break" if grid.broken else ""
    statement = f"{asked}\n\nTable of {len(grid.rows)} rows{told}:\n{grid.text()}"
    return Question(
        statement,
        answer="|".join(answers),
        id=name,
        meta={key: text for key, text in meta.items() if text},
    )


def _answers(row: Row) -> list[str]:
    if "answers" in row or "targetValue" not in row:
        items = row.texts("answers")
    else:
        items = tuple(row.text("targetValue").split("|"))
    answers = [_line(item) for item in items]
    if not answers or not all(answers):
        raise Skip("no answer, or an empty one")
    return answers


def _canonical(row: Row, count: int) -> str:
    # The official evaluator's reading of each answer, in the tagged files only.
    canonical = row.optional("targetCanon").split("|")
    return (
        json.dumps(canonical, ensure_ascii=False)
        if canonical[0] and len(canonical) == count
        else ""
    )


def _table(row: Row) -> Table:
    if "table" not in row and "context" in row:
        return _beside(row)
    match row["table"]:
        case {"header": list() as header, "rows": list() as rows} if header:
            if not all(isinstance(cells, list) for cells in rows):
                raise Skip("field table has a row that is no list")
            return table(_cells(header), map(_cells, rows))
        case Mapping():
            raise Skip("field table has no header or no rows")
        case other:
            raise Skip(f"table is of type {type(other).__name__}, not an object")


def _beside(row: Row) -> Table:
    context = row.text("context")
    if not _CONTEXT.fullmatch(context) or row.file is None:
        raise Skip("field context names no table")
    tabbed = Path(context).with_suffix(".tsv")
    folder = row.file.parent
    for place in (folder, folder.parent, folder / "tables"):
        if (place / tabbed).is_file():
            header, *rows = read_cells(place / tabbed)
            return table(_cells(header), map(_cells, rows))
    raise Skip("no table file beside the questions")


def _cells(cells: Sequence[object]) -> list[str]:
    return [_plain(as_text(cell, "cell of table")) for cell in cells]


def _line(text: str) -> str:
    return _plain(text).replace("\n", " ")


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda hit: _SYMBOLS[hit.group(1)], text).strip()
