"""What a run's journal and card hold of its selection: counts, and the test sets by content."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ultrainteract.errors import SeedError
from ultrainteract.select.benchmarks import Benchmark, read_benchmark
from ultrainteract.select.selection import Removal


@dataclass(frozen=True, slots=True)
class Removed:
    """So many problems of a dataset went by a rule; `benchmark` is the test set or the dataset
    that they overlap with."""

    dataset: str
    rule: str
    problems: int
    benchmark: str = ""

    def __str__(self) -> str:
        return f"{self.problems} problems left out: {f'{self.rule} {self.benchmark}'.strip()}"


@dataclass(frozen=True, slots=True)
class Compared:
    """A test set that problems were compared with. `revision` is a repository's commit, else
    empty; `content` a hash of what was compared."""

    name: str
    rule: str
    items: int
    revision: str
    content: str

    @classmethod
    def of(cls, one: Benchmark) -> "Compared":
        """Its record."""
        return cls(one.name, str(one.rule), len(one.items), one.revision, one.content())


@dataclass(frozen=True, slots=True)
class SelectionRecord:
    """What selection did before the first tree."""

    compared: tuple[Compared, ...] = ()
    removed: tuple[Removed, ...] = ()


NOTHING = SelectionRecord()


def counted(removals: Iterable[Removal]) -> tuple[Removed, ...]:
    """The removals by dataset, rule and benchmark, commonest first."""
    counts = Counter(
        (one.dataset, one.reason.rule, one.reason.benchmark) for one in removals
    ).most_common()
    return tuple(Removed(name, rule, count, other) for (name, rule, other), count in counts)


def read_benchmarks(
    sources: Iterable[str], recorded: SelectionRecord | None = None
) -> tuple[Benchmark, ...]:
    """The test sets of those names; with the record of an earlier run, the same ones again.

    Raises `SeedError`: unreadable, or not what the run began with.
    """
    if recorded is None:
        return tuple(map(read_benchmark, sources))
    found = []
    for source, before in zip(sources, recorded.compared, strict=True):
        one = read_benchmark(source, revision=before.revision)
        if Compared.of(one) != before:
            raise SeedError(
                f"test set {source}: it has {len(one.items)} items and is not the one that the "
                f"run began with ({before.items} items): restore it, begin a new run, or pass "
                "--reconfigure to compare again"
            )
        found.append(one)
    return tuple(found)
