"""The problems of a seed dataset: rows read, mapped, counted, and drawn by lot."""

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ultrainteract.errors import SeedError
from ultrainteract.seeds.plugin import foreign
from ultrainteract.seeds.registry import DIGITS, Question, Row, Seed, Skip, as_text, load_seed
from ultrainteract.seeds.rows import read_rows
from ultrainteract.seeds.source import Provenance, Source, locate
from ultrainteract.types import Problem, Reference, digest

_PLACES = 5


@dataclass(frozen=True, slots=True)
class Loaded:
    """The problems taken, in the order of the source. Of `rows` rows read, `available` were
    problems (before any limit) and the rest were skipped, counted by reason, commonest first;
    `places` names some of the rows for each reason. `left_out` counts what the seed's own
    selection does not take: no part of `available`, unless everything was wanted."""

    problems: tuple[Problem, ...]
    provenance: Provenance
    rows: int
    available: int
    skipped: Mapping[str, int]
    left_out: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load(
    name: str,
    *,
    source: str | Path = "",
    limit: int | None = None,
    draw: int = 0,
    recorded: Provenance | None = None,
    allow_empty: bool = False,
    everything: bool = False,
) -> Loaded:
    """Read a seed dataset to its end; keep at most `limit` problems, by `select`.

    The seed's own selection (`Seed.keep`) applies, unless `everything` is wanted.
    `source` is a file in the dataset's native shape, or the word `hub` or `sample` for that one
    alone. With the provenance of an earlier run in `recorded`, the same rows are read again, or
    this fails. Raises `UnknownName`; `PluginError` where the row function raises; `SeedError`
    where nothing can be read or, unless `allow_empty`, no row is a problem.
    """
    reading = read(name, source, recorded, everything=everything)
    return reading.loaded(select(reading, limit, draw), allow_empty=allow_empty)


def read(
    name: str, source: str | Path = "", recorded: Provenance | None = None, *, everything: bool
) -> "Reading":
    """A seed dataset to be read once; arguments and errors are those of `load`."""
    seed = load_seed(name)
    return Reading(seed, locate(seed, str(source), recorded), everything)


def select(problems: Iterable[Problem], limit: int | None, draw: int = 0) -> tuple[Problem, ...]:
    """At most `limit` problems, drawn by lot and kept in order; all of them for None.

    The lot is a hash of `draw` and the problem's id, so a larger limit keeps what a smaller one
    took. Reads everything, holds at most `limit`.
    """
    if limit is None:
        return tuple(problems)
    if not limit:
        # Nothing is wanted, but what is counted while reading is.
        deque(problems, maxlen=0)
        return ()
    lots = ((digest([draw, one.id]), place, one) for place, one in enumerate(problems))
    taken = heapq.nsmallest(limit, lots, key=lambda lot: lot[0])
    return tuple(one for _, _, one in sorted(taken, key=lambda lot: lot[1]))


@dataclass
class Reading:
    """One pass over the rows of a source: problems as they come; counts as it goes."""

    seed: Seed
    source: Source
    everything: bool
    rows: int = 0
    available: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    seen: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[Problem]:
        for place, row in (pair for file in self.source.files for pair in read_rows(file)):
            self.rows += 1
            try:
                problem = self._new(self._problem(place, row))
            except Skip as reason:
                self._skip(str(reason), Path(place).name)
                continue
            if left_out := self.seed.left_out(problem.meta):
                self.left_out[left_out] += 1
                if not self.everything:
                    continue
            self.available += 1
            yield problem

    def loaded(self, taken: tuple[Problem, ...] = (), *, allow_empty: bool = False) -> Loaded:
        """What was read to its end, with the problems that were taken of it.

        Raises `SeedError` where no row is a problem, unless `allow_empty`.
        """
        if not self.available and not allow_empty:
            raise SeedError(self._nothing())
        return Loaded(
            taken,
            self.source.provenance,
            self.rows,
            self.available,
            skipped=dict(self.skipped.most_common()),
            left_out=dict(self.left_out.most_common()),
            places={reason: tuple(places) for reason, places in self.places.items()},
        )

    def _problem(self, place: str, row: Row | Skip) -> Problem:
        if isinstance(row, Skip):
            raise row
        self.fields = self.fields or tuple(row)
        return _problem(self.seed, place, row)

    def _skip(self, reason: str, place: str) -> None:
        self.skipped[reason] += 1
        places = self.places.setdefault(reason, [])
        if len(places) < _PLACES:
            places.append(place)

    def _new(self, problem: Problem) -> Problem:
        if problem.id in self.seen:
            raise Skip("same problem as an earlier row")
        self.seen.add(problem.id)
        return problem

    def _nothing(self) -> str:
        what = f"seed dataset {self.seed.name!r}: {self.source.provenance}"
        if not self.rows:
            return f"{what} holds no rows; pass another file with --source FILE"
        counts = self.skipped + self.left_out
        reasons = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
        return (
            f"{what}: none of {self.rows} rows is a problem: {reasons}. Its first row has the "
            f"fields: {', '.join(self.fields) or 'none'}. For the shape that is read see "
            f"{self.seed.sample or self.seed.defined}"
        )


def _problem(seed: Seed, place: str, row: Row) -> Problem:
    with foreign(f"seed dataset {seed.name!r}, {place}", seed.defined, Skip):
        question = seed.function(row)
        if not isinstance(question, Question):
            raise TypeError(f"returned {type(question).__name__}, not a Question")
    statement = as_text(question.statement, "statement")
    answer = as_text(question.answer, "answer")
    for text, what in ((statement, "statement"), (answer, "answer")):
        if not text:
            raise Skip(f"no {what}")
    if len(answer) > DIGITS and answer.lstrip("-").isdecimal():
        raise Skip(f"an answer of more than {DIGITS} digits")
    rationale = as_text(question.rationale, "rationale")
    meta = (text for pair in question.meta.items() for text in pair)
    _encodable(statement, answer, rationale, question.id, *question.solutions, *meta)
    return Problem(
        dataset=seed.name,
        # Copies of a dataset differ in white space and in nothing else.
        native_id=question.id or digest(" ".join(statement.split()))[:16],
        statement=statement,
        reference=Reference(answer, rationale, tuple(question.solutions)),
        environments=question.environments or seed.environments,
        meta=dict(question.meta),
    )


def _encodable(*texts: object) -> None:
    # JSON can spell half a surrogate pair, which no file and no model takes.
    try:
        "".join(map(str, texts)).encode()
    except UnicodeEncodeError as error:
        raise Skip("text that is no valid Unicode") from error
