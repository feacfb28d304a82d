"""ReClor: logical reading comprehension with four options (arXiv 2002.04326).

For non-commercial research only. The test split has no labels: such rows are skipped.
"""

from ultrainteract.seeds.choices import choice
from ultrainteract.seeds.registry import Hub, Question, Row, Skip, as_text, seed


@seed(
    "reclor",
    environments="logic_choice",
    hub=Hub("tasksource/reclor", files=("train.json", "*train*.parquet")),
    licence="other",
)
def reclor(row: Row) -> Question:
    """Logical reading comprehension: context, question, answers, label (its place from 0)."""
    context, question = row.text("context"), row.text("question")
    label = as_text(row["label"], "label")
    # One copy of the dataset writes the label as text.
    if not (label.isascii() and label.isdigit() and len(label) == 1):
        raise Skip(f"label is no place of an answer: {label[:20]!r}")
    options = choice(row.texts("answers"), int(label))
    return Question(
        f"{context}\n\n{question}\n\n{options.listed}",
        answer=options.letter,
        id=row.optional("id_string"),
        meta=options.meta,
    )
