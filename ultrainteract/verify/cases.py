"""Labelled cases of grading: rows of a file, the claim each makes, and figures over verdicts.

A row says gold, answer and whether a person holds them equal. `form` is `answer`, or `text`
where the answer is to be found first. Rates are over the rows labelled true and false.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

from ultrainteract.errors import UserError
from ultrainteract.types import Claim, Judgement, Verdict
from ultrainteract.verify.answer import find
from ultrainteract.verify.context import Context

_kinds = {
    "multiple_choice": "choice",
    "choice": "choice",
    "yes_no": "yes_no",
    "hotpotqa": "hotpotqa",
}
_prose = 60


class Case(BaseModel):
    """One row; further fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    gold: str
    pred: str
    label: StrictBool
    """Whether the answer is right."""
    kind: str
    source: str
    form: Literal["answer", "text"]
    disputed: str = ""
    """Why people may disagree on the label."""
    canon: str = ""
    """Canonical values of the gold, joined by `|`."""
    options: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """`main`, or what sets the row apart: `disputed`, `hard_verify`, `wtq`."""
        apart = {
            "disputed": bool(self.disputed),
            "hard_verify": "HardVerify" in self.source,
            "wtq": self.kind.startswith("wtq_"),
        }
        return tuple(name for name, is_so in apart.items() if is_so) or ("main",)

    def claim(self) -> Claim:
        """What a grader is asked: rules by the kind and source of the row."""
        if self.kind.startswith("wtq_"):
            canonical = tuple(self.canon.split("|")) if self.canon else ()
            return Claim("wtq", self._answer(), self.gold, Context(canonical=canonical).text())
        kind = _kinds.get(self.kind, "math")
        if self.kind == "text" and self.source.startswith("HotpotQA"):
            kind = "hotpotqa"
        gold = self.gold
        if _marked(gold) or (self.form == "text" and len(gold) > _prose):
            gold = find(gold)
        return Claim(kind, self._answer(), gold, Context(options=self.options).text())

    def _answer(self) -> str:
        return find(self.pred) if self.form == "text" or _marked(self.pred) else self.pred


def _marked(text: str) -> bool:
    """With a box the answer is inside, whatever the form says."""
    return "\\boxed" in text


def read_cases(path: Path) -> Iterator[Case]:
    """The rows of a JSONL file. Raises UserError that names the line."""
    if not path.is_file():
        raise UserError(f"no file {path}; give a JSONL file of labelled cases")
    seen = False
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                seen = True
                yield _row(line, f"{path} line {number}")
    if not seen:
        raise UserError(f"{path} has no rows")


def _row(line: str, where: str) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'row'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise UserError(
            f"{where}: {faults}; a row has gold, pred, kind, source (text), label (true or "
            "false) and form (answer or text)"
        ) from error


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with its verdict and the wall time it took."""

    case: Case
    verdict: Verdict
    ms: float

    @property
    def accepted(self) -> bool:
        return self.verdict.judgement is Judgement.CORRECT


@dataclass(frozen=True, slots=True)
class Figures:
    """`right`: true ones accepted and false ones not. `right_refused` counts every true row that
    is not CORRECT, UNVERIFIED included."""

    total: int
    right: int
    wrong_accepted: int
    right_refused: int
    unverified: int
    wrong_accepted_rate: float
    right_refused_rate: float
    mean_ms: float
    p50_ms: float
    p99_ms: float
    max_ms: float

    def record(self) -> dict[str, int | float]:
        """For JSON, rounded to what means something."""
        return {key: round(value, 5) for key, value in asdict(self).items()}


def figures(judged: Sequence[Judged]) -> Figures:
    """The counts and rates of some cases; a rate over no rows is 0."""
    wrong = [row.accepted for row in judged if not row.case.label]
    right = [row.accepted for row in judged if row.case.label]
    times = sorted(row.ms for row in judged) or [0.0]
    refused = right.count(False)
    return Figures(
        total=len(judged),
        right=len(judged) - sum(wrong) - refused,
        wrong_accepted=sum(wrong),
        right_refused=refused,
        unverified=sum(row.verdict.judgement is Judgement.UNVERIFIED for row in judged),
        wrong_accepted_rate=sum(wrong) / len(wrong) if wrong else 0.0,
        right_refused_rate=refused / len(right) if right else 0.0,
        mean_ms=fmean(times),
        p50_ms=times[len(times) // 2],
        p99_ms=times[min(len(times) - 1, int(len(times) * 0.99))],
        max_ms=times[-1],
    )


def by(judged: Iterable[Judged], field: Literal["kind", "groups"]) -> dict[str, list[Judged]]:
    """The cases of each kind, or of each group; a case may be in several groups."""
    sorted_in: dict[str, list[Judged]] = {}
    for row in judged:
        names = (row.case.kind,) if field == "kind" else row.case.groups
        for name in names:
            sorted_in.setdefault(name, []).append(row)
    return dict(sorted(sorted_in.items()))
