"""Tables as code and as a model see them: one set of column names and cells for both.

Names are made distinct as pandas does (`Score`, `Score.1`, `Unnamed: 0`). Odd spaces within a cell
become one space and a line break becomes two, so that a value read in the text is found in the
frame, lines are told apart, and graders, which fold spaces, see one answer.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Some 2,000 tokens; longer tables are left to the code.
SHOWN_CHARS = 6000
_BREAK = "  "


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with distinct names; rows of as many cells, all text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def broken(self) -> bool:
        """Whether a cell had a line break."""
        return any(_BREAK in cell for row in self.rows for cell in row)

    def json(self) -> str:
        """`{"columns": [...], "rows": [[...], ...]}`, what `pandas.DataFrame` is made of."""
        return json.dumps({"columns": self.columns, "rows": self.rows}, ensure_ascii=False)

    def text(self, chars: int = SHOWN_CHARS) -> str:
        """A line a row, cells between bars; at most `chars`, and it says how many rows are left
        out."""
        lines = [_line(self.columns), "|".join(["", *(" --- " for _ in self.columns), ""])]
        room = chars - sum(map(len, lines))
        for number, row in enumerate(self.rows):
            line = _line(row)
            room -= len(line) + 1
            if room < 0 and number:
                rest = len(self.rows) - number
                return "\n".join([*lines, f"({rest} more rows of {len(self.rows)})"])
            lines.append(line)
        return "\n".join(lines)


def table(header: Iterable[str], rows: Iterable[Sequence[str]]) -> Table:
    """Cells cleaned, names made distinct, short rows filled with empty cells."""
    columns = distinct(" ".join(name.split()) for name in header)
    width = len(columns)
    filled = (tuple([*map(_cell, row), *[""] * width][:width]) for row in rows)
    return Table(columns, tuple(filled))


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once: later ones get `.1`, `.2`; an empty one its place."""
    taken: dict[str, None] = {}
    for place, name in enumerate(names):
        base = name or f"Unnamed: {place}"
        free, count = base, 0
        while free in taken:
            count += 1
            free = f"{base}.{count}"
        taken[free] = None
    return tuple(taken)


def _cell(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.replace("\ufeff", "").split("\n"))
    return _BREAK.join(filter(None, lines))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
