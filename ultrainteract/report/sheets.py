"""The tables of a report: what was counted, by what, and the bounds that warnings go by."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ultrainteract.report import cautions
from ultrainteract.report.cells import (
    DATASET_HEADS,
    TASK_HEADS,
    YIELD_HEADS,
    dataset_cells,
    spending_cells,
    task_cells,
)
from ultrainteract.report.classifier import Told
from ultrainteract.report.contamination import Contamination
from ultrainteract.report.leaks import Leaking
from ultrainteract.report.overview import Overview
from ultrainteract.report.quality import Quality, Share
from ultrainteract.report.tables import Report

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a head; a column of figures stands to the right."""

    title: str
    heads: Row
    rows: Sequence[Row]
    note: str = ""

    @property
    def numbers(self) -> list[bool]:
        """Which columns hold figures alone."""
        columns = zip(*self.rows, strict=True) if self.rows else ([] for _ in self.heads)
        return [all(map(_figure, column)) and any(column) for column in columns]


@dataclass(frozen=True, slots=True)
class Part:
    """Tables under one heading; `wide` ones have the page's width each."""

    title: str
    note: str
    tables: Sequence[Sheet]
    wide: bool = False


def parts_of(
    overview: Overview,
    quality: Quality,
    report: Report,
    contamination: Contamination | None,
    leaking: Leaking | None,
) -> tuple[Part, ...]:
    """All of them; a table without a row is left out."""
    parts = (
        Part(
            "Quality of the pairs",
            "Each figure with the bound from which it is warned of.",
            [_figures(quality, contamination, leaking), _features(quality), _endings(quality)],
        ),
        Part(
            "What decided",
            "Rules of the grader by what they found, and why rejected actions failed.",
            [
                _crossed("grader rules", "rule", overview, "rules", 1, 2),
                _crossed("failures by turn", "failure", overview, "pairs", 2, 1, "turn "),
                _crossed("verdicts by turn", "turn", overview, "actions", 1, 2),
                _overlaps(contamination),
            ],
        ),
        Part(
            "What came of the trees",
            "",
            [
                _counted("how trees ended", "end", overview.by("trees")),
                _counted("trees by turns", "turns", overview.by("turns")),
                _counted("trees without a pair", "reason", _reasons(overview)),
                _counted("samples that never came", "reason", overview.by("lost")),
            ],
        ),
        Part(
            "As the paper counts",
            "In the form of tables 1 and 7 of arXiv 2404.02078. T1 to T5: trajectories of that "
            "many turns; tokens are the endpoint's for actions, estimated for all other text.",
            [
                Sheet("by task", TASK_HEADS, task_cells(report)),
                Sheet("by dataset", DATASET_HEADS, dataset_cells(report)),
                Sheet("yield", YIELD_HEADS, spending_cells(report)),
            ],
            wide=True,
        ),
    )
    filled = (
        Part(one.title, one.note, [sheet for sheet in one.tables if sheet.rows], one.wide)
        for one in parts
    )
    return tuple(part for part in filled if part.tables)


def _figures(
    quality: Quality, contamination: Contamination | None, leaking: Leaking | None
) -> Sheet:
    glance = quality.glance
    rows = [
        ("published pairs", f"{quality.pairs:,}", f"below {cautions.ENOUGH}"),
        ("told apart by looks (AUC)", _auc(glance), f"{cautions.TELLS:.2f}"),
        *(
            (name, _share(found), f"{bound:.0%}")
            for name, found, bound in (
                ("near-duplicates among chosen actions", quality.alike, cautions.ALIKE),
                ("undecided among verdicts", quality.undecided, cautions.UNDECIDED),
                ("malformed among replies", quality.malformed, cautions.MALFORMED),
                ("lost among samples", quality.lost, cautions.LOST),
                ("masked among critiques", quality.masked, cautions.MASKED),
                ("leaking drafts to critiques", quality.redrawn, cautions.REDRAWN),
                ("trees without a pair", quality.barren, cautions.BARREN),
            )
        ),
        (
            "critiques that leak, read again",
            f"{leaking.found:,} of {leaking.read:,}" if leaking else "not looked for",
            "1",
        ),
        (
            "trees that overlap with test sets",
            f"{contamination.found.total():,} of {contamination.trees:,}"
            if contamination
            else "not looked for",
            "1",
        ),
    ]
    sampled = f" Tried on {glance.pairs:,} pairs." if glance else ""
    note = (
        "AUC: how often a logistic regression that sees length, lines, steps, code, digits and "
        f"endings alone scores the chosen side of an unseen pair higher.{sampled}"
    )
    return Sheet("figures", ("figure", "found", "warned of from"), rows, note)


def _features(quality: Quality) -> Sheet:
    rows = [
        (one.name, f"{one.chosen:,}", f"{one.rejected:,}", f"{one.equal:,}", f"{one.told.auc:.2f}")
        for one in quality.features
    ]
    note = "In so many pairs one side has more of it. AUC: of the rule that more is chosen."
    return Sheet("single features", ("feature", "chosen", "rejected", "equal", "AUC"), rows, note)


def _endings(quality: Quality) -> Sheet:
    rows = [(one.ending, f"{one.chosen:,}", f"{one.rejected:,}") for one in quality.endings]
    return Sheet("how sides end", ("last line", "chosen", "rejected"), rows)


def _overlaps(contamination: Contamination | None) -> Sheet:
    found = contamination.found.most_common() if contamination else []
    rows = [(*key, f"{count:,}") for key, count in found]
    return Sheet("overlaps with test sets", ("dataset", "test set", "rule", "trees"), rows)


def _reasons(overview: Overview) -> Counter[str | int]:
    ended: Counter[str | int] = Counter()
    for state in overview.by("no pair"):
        ended.update(overview.by("no pair", state))
    return ended


def _counted(title: str, head: str, counts: Counter[str | int]) -> Sheet:
    rows = [(str(name).replace("_", " "), f"{count:,}") for name, count in _ordered(counts)]
    return Sheet(title, (head, "trees" if "tree" in title else "samples"), rows)


def _crossed(
    title: str, head: str, overview: Overview, name: str, down: int, across: int, word: str = ""
) -> Sheet:
    cells: Counter[tuple[str | int, str | int]] = Counter()
    for key, count in overview.counts.items():
        if key[0] == name:
            cells[key[down], key[across]] += count
    lines, columns = Counter[str | int](), Counter[str | int]()
    for (line, column), count in cells.items():
        lines[line] += count
        columns[column] += count
    heads = [column for column, _ in _ordered(columns)]
    rows = [
        (str(line), *(f"{cells[line, column]:,}" for column in heads))
        for line, _ in _ordered(lines)
    ]
    return Sheet(title, (head, *(f"{word}{column}" for column in heads)), rows)


def _ordered(counts: Counter[str | int]) -> Iterable[tuple[str | int, int]]:
    """Numbers by size; names by count, the commonest first."""
    if all(isinstance(name, int) for name in counts):
        return sorted(counts.items(), key=lambda item: int(item[0]))
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))


def _share(found: Share) -> str:
    return f"{found.part:,} of {found.whole:,} ({found.value:.1%})" if found.whole else "-"


def _auc(told: Told | None) -> str:
    return "-" if told is None else f"{told.auc:.2f} ± {2 * told.error:.2f}"


def _figure(text: str) -> bool:
    return text in {"", "-"} or text.replace(",", "").rstrip("%").replace(".", "", 1).isdigit()
