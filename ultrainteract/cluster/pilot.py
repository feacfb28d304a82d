"""The pilot of a run: some of its problems, grown first, in the run's own folder."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from ultrainteract.budget import price_table, together
from ultrainteract.cluster.driver import Drive
from ultrainteract.config import RunConfig
from ultrainteract.forecast import Forecast, Pace, Tried, foresee
from ultrainteract.journal import Journal
from ultrainteract.recorder import replay
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Instruction, adapter

_PACE = "pilot_pace"
# Trees at once in a worker that finds its own number, for a forecast.
_USUAL = 64


class Pilot:
    """The trees of some problems of a run, by its journal."""

    def __init__(self, journal: Journal, problems: int) -> None:
        self._journal = journal
        self._problem_of = journal.problems()
        self._chosen = spread(self._problem_of, problems)

    def trees(self) -> int:
        """How many there are."""
        return len(self._chosen)

    def grown(self) -> int:
        """How many of them have ended."""
        return len(self._chosen & self._journal.ended().keys())

    def waiting(self) -> Iterator[Instruction]:
        """Those that have not, in the run's order."""
        ended = self._journal.ended()
        chosen = (one for one in self._problem_of if one in self._chosen and one not in ended)
        return (self._journal.instruction(one) for one in chosen)

    def keep_pace(self, drive: Drive, config: RunConfig, grown: int) -> None:
        """Remember it: a pilot that is asked for again has nothing to grow."""
        if drive.calls:
            pace = Pace(drive.calls, drive.seconds, _lanes(config, grown))
            self._journal.set_meta(**{_PACE: adapter(Pace).dump_json(pace).decode()})

    def forecast(self, config: RunConfig) -> Forecast | None:
        """From the problems whose trees have all ended; None where there is none."""
        ended = self._journal.ended()
        problems: dict[str, list[str]] = {}
        for tree in self._problem_of:
            if tree in self._chosen:
                problems.setdefault(self._problem_of[tree], []).append(tree)
        whole = [trees for trees in problems.values() if all(tree in ended for tree in trees)]
        if not whole:
            return None
        recorded = self._journal.meta(_PACE)
        return foresee(
            asyncio.run(self._tried(whole, config)),
            problems=len(set(self._problem_of.values())),
            trees=len(self._problem_of),
            prices=price_table(config),
            pace=adapter(Pace).validate_json(recorded) if recorded else None,
            lanes=_lanes(config, len(self._problem_of)),
        )

    async def _tried(self, problems: Sequence[Sequence[str]], config: RunConfig) -> list[Tried]:
        journal = self._journal
        return [
            _sum([await replay(journal, journal.instruction(tree), config) for tree in trees])
            for trees in problems
        ]


def spread(problem_of: Mapping[str, str], problems: int) -> set[str]:
    """The trees of so many problems, of half of them at most, that lie evenly over all.

    `problem_of` names the problem of each tree, in the run's order.
    """
    order = list(dict.fromkeys(problem_of.values()))
    count = min(problems, max(1, len(order) // 2))
    chosen = {order[(2 * place + 1) * len(order) // (2 * count)] for place in range(count)}
    return {tree for tree, problem in problem_of.items() if problem in chosen}


def _lanes(config: RunConfig, trees: int) -> int:
    return min((config.pace.trees_in_flight or _USUAL) * config.pace.workers, trees)


def _sum(trees: Sequence[PreferenceTree]) -> Tried:
    names = sorted({name for tree in trees for name in tree.spent})
    spent = {
        name: together([tree.spent[name] for tree in trees if name in tree.spent]) for name in names
    }
    return Tried(sum(1 for tree in trees for _ in tree.pairs()), spent)
