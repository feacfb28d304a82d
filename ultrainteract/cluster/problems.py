"""The problems of a run: seed datasets read one after the other, and what selection leaves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ultrainteract.config import RunConfig
from ultrainteract.errors import SeedError
from ultrainteract.seeds import Loaded, Provenance, load
from ultrainteract.select.chooser import Chooser, reading_order
from ultrainteract.select.filters import left_out
from ultrainteract.select.record import (
    Compared,
    Removed,
    SelectionRecord,
    counted,
    read_benchmarks,
)
from ultrainteract.select.selection import Removal


@dataclass(frozen=True, slots=True)
class Chosen:
    """The datasets in the order they were named, and what selection did to them."""

    loaded: Mapping[str, Loaded]
    provenances: tuple[Provenance, ...]
    """A dataset each; the recorded one where there is one, as it knows why a sample serves."""
    record: SelectionRecord
    removed: tuple[Removal, ...]

    def lines(self, dataset: str) -> Iterator[str]:
        """What went of a dataset and why, in words."""
        loaded = self.loaded[dataset]
        yield from (str(one) for one in self.record.removed if one.dataset == dataset)
        for reason, count in loaded.skipped.items():
            yield f"{count} rows skipped: {reason} ({', '.join(loaded.places[reason])})"
        if loaded.available and not loaded.problems:
            yield "NOTICE: nothing of it is left"


def choose(
    datasets: tuple[str, ...],
    source: str,
    config: RunConfig,
    provenances: Mapping[str, Provenance],
    recorded: SelectionRecord | None,
) -> Chosen:
    """Read and select; with the records of an earlier run, the same rows and test sets again.

    Raises what `load` and `read_benchmarks` raise, and `SeedError` where selection leaves nothing
    at all, `ConfigError` for a level of no problem.
    """
    benchmarks = read_benchmarks(config.select.decontaminate, recorded)
    limit, draw = config.pace.limit, config.seed
    own = left_out(aside=config.select.levels)
    chooser = Chooser(config.select, benchmarks, limit=limit, draw=draw, own=own)
    read = {
        name: load(
            name,
            source=source,
            recorded=provenances.get(name),
            everything=True,
            pick=chooser.pick,
        )
        for name in reading_order(datasets)
    }
    chooser.check_levels()
    loaded = {name: read[name] for name in datasets}
    removed = tuple(one for name in datasets for one in _of(name, chooser))
    if not any(one.problems for one in loaded.values()):
        reasons = "; ".join(f"{one.dataset}: {one}" for one in removed)
        raise SeedError(f"selection leaves no problem to grow trees from: {reasons}")
    return Chosen(
        loaded,
        tuple(provenances.get(name, one.provenance) for name, one in loaded.items()),
        SelectionRecord(tuple(map(Compared.of, benchmarks)), removed),
        tuple(chooser.removed),
    )


def _of(name: str, chooser: Chooser) -> tuple[Removed, ...]:
    return tuple(one for one in counted(chooser.removed) if one.dataset == name)
