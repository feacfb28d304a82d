"""Which trees have a problem that stands in a test set, by the rules of selection."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from ultrainteract.select.decontaminate import overlapping
from ultrainteract.select.record import Compared, read_benchmarks
from ultrainteract.select.selection import WhyNot
from ultrainteract.types import Instruction, Problem


@dataclass
class Contamination:
    """Grows by `look`. `found` counts trees by dataset, test set and rule."""

    why_not: WhyNot
    compared: tuple[Compared, ...]
    trees: int = 0
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    @classmethod
    def against(cls, sources: Iterable[str]) -> Self:
        """With test sets as `select.decontaminate` names them. Raises `SeedError`."""
        benchmarks = read_benchmarks(sources)
        return cls(overlapping(benchmarks), tuple(map(Compared.of, benchmarks)))

    def look(self, one: Instruction) -> None:
        """Compare a tree's problem."""
        self.trees += 1
        problem = Problem(
            dataset=one.dataset,
            native_id=one.native_id,
            statement=one.statement,
            reference=one.reference,
            environments=(one.environment,),
            meta=one.meta,
        )
        if reason := self.why_not(problem):
            self.found[one.dataset, reason.benchmark, reason.rule] += 1
