"""The problems of a run: seed datasets read one after the other, and what selection leaves."""

from collections import Counter
from collections.abc import Iterator, Mapping

from ultrainteract.config import RunConfig
from ultrainteract.errors import SeedError
from ultrainteract.seeds import Loaded, Provenance, read
from ultrainteract.select.chooser import Chooser, reading_order
from ultrainteract.select.filters import left_out
from ultrainteract.select.record import (
    Compared,
    SelectionRecord,
    counted,
    read_benchmarks,
)
from ultrainteract.select.selection import Removal
from ultrainteract.types import Problem


class Choosing:
    """The problems that get trees, as they are read: iterate once. What selection did to them is
    known after the last.

    With the records of an earlier run, the same rows and test sets are read again. Raises what
    `read` and `read_benchmarks` raise, and `SeedError` where selection leaves nothing at all,
    `ConfigError` for a level of no problem.
    """

    def __init__(
        self,
        datasets: tuple[str, ...],
        source: str,
        config: RunConfig,
        provenances: Mapping[str, Provenance],
        recorded: SelectionRecord | None,
    ) -> None:
        self._datasets, self._source, self._recorded = datasets, source, provenances
        self._benchmarks = read_benchmarks(config.select.decontaminate, recorded)
        limit, draw = config.pace.limit, config.seed
        own = left_out(aside=config.select.levels)
        self._chooser = Chooser(config.select, self._benchmarks, limit=limit, draw=draw, own=own)
        self._read: dict[str, Loaded] = {}
        self._taken: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Problem]:
        for name in reading_order(self._datasets):
            reading = read(name, self._source, self._recorded.get(name), everything=True)
            for problem in self._chooser.pick(reading):
                self._taken[name] += 1
                yield problem
            self._read[name] = reading.loaded()
        self._chooser.check_levels()
        if not self._taken:
            reasons = "; ".join(f"{one.dataset}: {one}" for one in self.record.removed)
            raise SeedError(f"selection leaves no problem to grow trees from: {reasons}")

    @property
    def provenances(self) -> tuple[Provenance, ...]:
        """A dataset each, in the order they were named; the recorded one where there is one, as
        it knows why a sample serves."""
        read = self._read
        return tuple(self._recorded.get(one, read[one].provenance) for one in self._datasets)

    @property
    def record(self) -> SelectionRecord:
        """The test sets, and what went, counted."""
        removed = counted(self.removed)
        return SelectionRecord(
            tuple(map(Compared.of, self._benchmarks)),
            tuple(one for name in self._datasets for one in removed if one.dataset == name),
        )

    @property
    def removed(self) -> list[Removal]:
        """What selection took away, problem by problem."""
        return self._chooser.removed

    def lines(self, trees: Mapping[str, int]) -> Iterator[str]:
        """What was read, what went of it and why, in words; `trees` counts them by dataset."""
        for provenance in self.provenances:
            name = provenance.dataset
            loaded = self._read[name]
            if provenance.notice:
                yield f"NOTICE: {provenance.notice}"
            yield (
                f"seed {name}: {loaded.provenance}, {self._taken[name]} of {loaded.available} "
                f"problems, {trees.get(name, 0)} trees"
            )
            yield from (f"  {one}" for one in self.record.removed if one.dataset == name)
            for reason, count in loaded.skipped.items():
                yield f"  {count} rows skipped: {reason} ({', '.join(loaded.places[reason])})"
            if loaded.available and not self._taken[name]:
                yield "  NOTICE: nothing of it is left"
