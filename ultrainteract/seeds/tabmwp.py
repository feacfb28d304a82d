"""TabMWP: word problems over a small table (arXiv 2209.14610).

The paper takes "difficulty levels 4 and 5"; the dataset has no such field but the school grade
from 1 to 8, so a run takes grades 4 and 5 (`keep`). The table is text in the statement, and
`meta["table"]` is it for a DataFrame, with the same columns; `meta["title"]` its caption.
"""

import re
from itertools import zip_longest

from ultrainteract.seeds.choices import choice
from ultrainteract.seeds.registry import Question, Row, Skip, as_text, seed
from ultrainteract.seeds.tables import Table, table

_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@seed(
    "tabmwp",
    environments="math_pot",
    elsewhere="problems_train.json, from data/tabmwp of github.com/lupantech/PromptPG",
    licence="cc-by-nc-sa-4.0",
    keep={"grade": ("4", "5")},
)
def tabmwp(row: Row) -> Question:
    """Word problems over a table: question, table, table_for_pd, answer, choices, unit, grade."""
    question, answer, grid = row.text("question"), row.text("answer"), _table(row)
    title, unit = row.optional("table_title"), row.optional("unit")
    asked = f"{question} (unit: {unit})" if unit else question
    meta = {
        "grade": row.optional("grade"),
        "unit": unit,
        "title": title,
        "table": grid.json(),
    }
    if row.get("choices"):
        texts = row.texts("choices")
        if answer not in texts:
            raise Skip("answer is none of the choices")
        options = choice(texts, texts.index(answer))
        asked = f"{asked}\n\n{options.asked}"
        meta.update(options.meta)
    elif _NUMBER.fullmatch(answer):
        answer = answer.replace(",", "")
    caption = f"Table: {title}" if title else "Table:"
    return Question(
        f"{caption}\n{grid.text()}\n\n{asked}",
        answer=answer,
        rationale=row.optional("solution"),
        id=row.optional("pid") or row.key,
        meta=meta,
    )


def _table(row: Row) -> Table:
    """By the columns where the row has them, else by the bars of its text."""
    columns, text = row.get("table_for_pd"), row.text("table")
    if columns is None:
        header, *lines = ([cell.strip() for cell in line.split("|")] for line in text.splitlines())
        return table(header, lines)
    if not isinstance(columns, dict) or not all(isinstance(one, list) for one in columns.values()):
        raise Skip("table_for_pd is no object of columns")
    # Columns of different lengths do not occur; a short one would end in empty cells.
    lines = [
        [as_text(cell, "cell of the table") for cell in cells]
        for cells in zip_longest(*columns.values(), fillvalue="")
    ]
    return table(columns, lines)
