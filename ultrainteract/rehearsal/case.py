"""The cases of an environment as `cases.jsonl` holds them, one JSON object a line.

A problem is written out once, with a `name`; later lines call it by that name.
"""

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from ultrainteract.environment import load_environment
from ultrainteract.errors import UserError
from ultrainteract.types import Judgement, NodeKind, Problem, Reference


class Posed(BaseModel):
    """A problem as a row function of a seed dataset would give it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    """What later lines call it."""
    dataset: str
    """A seed dataset that has such problems."""
    statement: str
    """The statement."""
    answer: str
    """The right answer."""
    rationale: str = ""
    """A worked solution."""
    solutions: tuple[str, ...] = ()
    """Programs that solve it."""
    meta: dict[str, JsonValue] = Field(default_factory=dict)
    """As `Problem.meta`; a value that is no text is written as JSON."""

    def problem(self, environment: str) -> Problem:
        """As the seeds give it."""
        meta = {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in self.meta.items()
        }
        reference = Reference(self.answer, self.rationale, self.solutions)
        return Problem(self.dataset, self.name, self.statement, reference, (environment,), meta)


class Case(BaseModel):
    """One reply, and what it counts as."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    """What it shows; no two cases of an environment share it."""
    problem: Posed
    """The problem; in the file, the name of an earlier one will do."""
    earlier: tuple[str, ...] = ()
    """Replies of the turns before, each of them expanded."""
    reply: str
    """What the model writes, as it comes before the stop strings cut it."""
    truncated: bool = False
    """Whether the token limit ends the reply."""
    opinion: str = ""
    """What the judge model says, where one is asked."""
    kind: NodeKind
    """What the reply counts as."""
    judgement: Judgement | None = None
    """What grading says of it; none of a step and of a malformed reply."""
    rule: str = ""
    """The rule that decides; empty: any."""
    shows: tuple[str, ...] = ()
    """Texts in the user turn that follows."""
    hides: tuple[str, ...] = ()
    """Texts neither there nor in the action that is published."""


def read_cases(environment: str) -> tuple[Case, ...]:
    """The cases beside an environment's file. Raises UserError: none, or a line that is no case."""
    defined = Path(inspect.getfile(type(load_environment(environment))))
    return read_file(defined.with_name("cases.jsonl"))


def read_file(path: Path) -> tuple[Case, ...]:
    """The cases of one file. Raises UserError that names the line."""
    if not path.is_file():
        raise UserError(f"no {path}: an environment has its cases beside it, one JSON line each")
    cases = tuple(_cases(path))
    if not cases:
        raise UserError(f"{path} holds no cases")
    return cases


def _cases(path: Path) -> Iterator[Case]:
    posed: dict[str, Posed] = {}
    names: set[str] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        case = _case(line, posed, place)
        if case.name in names:
            raise UserError(f"{place}: a second case {case.name!r}")
        if posed.setdefault(case.problem.name, case.problem) != case.problem:
            raise UserError(f"{place}: a second problem {case.problem.name!r}")
        names.add(case.name)
        yield case


def _case(line: str, posed: Mapping[str, Posed], place: str) -> Case:
    """One line, with the problem that it names. Raises UserError."""
    try:
        row = json.loads(line)
        named = row.get("problem") if isinstance(row, dict) else None
        if isinstance(named, str):
            if named not in posed:
                known = ", ".join(posed) or "none"
                raise UserError(f"{place}: no earlier problem {named!r}; there are: {known}")
            row = {**row, "problem": posed[named]}
        return Case.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{place} is no case: {where}: {first['msg']}") from None
    except ValueError as error:
        raise UserError(f"{place} is no JSON: {error}") from None
