"""The selection of a run, as its configuration says: problems stream through, few are held.

In this order: what a dataset leaves out by itself, levels, overlaps among the datasets, test sets,
strata, and the limit. What the limit leaves is not removed: a larger one takes it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from ultrainteract.config import SelectConfig
from ultrainteract.errors import ConfigError
from ultrainteract.seeds.problems import select as draw_by_lot
from ultrainteract.select.benchmarks import Benchmark
from ultrainteract.select.decontaminate import overlapping
from ultrainteract.select.filters import other_meta, seen_before
from ultrainteract.select.selection import Removal, WhyNot, removal
from ultrainteract.select.strata import stratified
from ultrainteract.types import Problem

# Who comes first keeps what both have: TACO took over from the first, APPS is in TACO.
_OWNERS = ("codecontests", "taco", "apps")


def reading_order(datasets: Iterable[str]) -> list[str]:
    """The datasets, those first that keep a problem which several have."""
    return sorted(datasets, key=lambda name: _OWNERS.index(name) if name in _OWNERS else -1)


class Chooser:
    """Picks problems, one dataset after the other; `removed` grows by what goes. `own` is what
    the datasets have against problems of theirs."""

    def __init__(
        self,
        config: SelectConfig,
        benchmarks: Iterable[Benchmark] = (),
        *,
        limit: int | None = None,
        draw: int = 0,
        own: WhyNot | None = None,
    ) -> None:
        self._config, self._limit, self._draw = config, limit, draw
        self.removed: list[Removal] = []
        self._keys: Counter[str] = Counter()
        self._tests: list[WhyNot] = [own] if own else []
        self._tests += [
            other_meta(key, values, absent=True) for key, values in config.levels.items()
        ]
        if config.overlaps:
            self._tests.append(seen_before())
        if compared := tuple(benchmarks):
            self._tests.append(overlapping(compared))

    def pick(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """The problems of a dataset that get trees, `limit` at most.

        Where problems have strata the limit takes the rarest categories first (arXiv 2404.02078,
        appendix A), elsewhere by lot. A larger limit keeps what a smaller one took. Without a
        limit, problems without strata pass through and are not held.
        """
        layered: list[Problem] = []
        others = self._others(self._passing(problems), layered)
        drawn: tuple[Problem, ...] = ()
        if self._limit is None:
            yield from others
        else:
            drawn = draw_by_lot(others, self._limit, self._draw)
        strata = stratified(
            layered,
            lambda problem: problem.meta["stratum"],
            most=self._config.per_stratum or len(layered),
            category=lambda problem: problem.meta.get("category", ""),
            draw=self._draw,
        )
        self.removed += strata.removed
        first = strata.kept[: self._limit]
        yield from first
        yield from draw_by_lot(drawn, (self._limit or 0) - len(first), self._draw)

    def check_levels(self) -> None:
        """Raises `ConfigError` where no problem that was seen has a key of `levels`."""
        for key in self._config.levels:
            if not self._keys[key]:
                raise ConfigError(
                    f"select.levels names {key!r}, and no problem of this run has it; what they "
                    f"have: {', '.join(sorted(self._keys)) or 'nothing'}"
                )

    def _passing(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        for problem in problems:
            self._keys.update(problem.meta.keys())
            reason = next((found for test in self._tests if (found := test(problem))), None)
            if reason is None:
                yield problem
            else:
                self.removed.append(removal(problem, reason))

    def _others(self, problems: Iterable[Problem], layered: list[Problem]) -> Iterator[Problem]:
        """Those without a stratum; the rest goes to `layered`."""
        for problem in problems:
            if self._config.per_stratum and problem.meta.get("stratum"):
                layered.append(problem)
            else:
                yield problem
