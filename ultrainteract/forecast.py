"""What a run will take and bring, from a pilot: some of its problems, grown for real.

The pilot's problems lie evenly over the run's, so each dataset has its share. A sum over all is
the pilot's own part, which is known, and its mean for the rest; the interval holds it in nine of
ten cases (Student's t over problems, whose trees go together). Spending has a long tail: a small
pilot that met none of it is too sure.
"""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ultrainteract.budget import Bill, Meter, Prices, bill, meters
from ultrainteract.limits import LimitsConfig
from ultrainteract.types import Spent, Usage

# The 95th percentile of Student's t by degrees of freedom from 1; beyond, the normal's.
_T = (
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812,
    1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.740, 1.734, 1.729, 1.725,
    1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
)  # fmt: skip
_NORMAL = 1.645


@dataclass(frozen=True, slots=True)
class Tried:
    """What the trees of one problem took, by model, and the pairs they brought."""

    pairs: int
    spent: Mapping[str, Spent]


@dataclass(frozen=True, slots=True)
class Range:
    """What is expected, and the interval around it; `high` is infinite where one problem alone
    was tried."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the pilot went: model calls in so many seconds, with `lanes` trees at once."""

    calls: int
    seconds: float
    lanes: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of the whole run, its pilot of `tried` problems included.

    `seconds` are of what the pilot left: `low` where speed grows with the trees under way, `high`
    where it does not and costs are high; None where no pace is known.
    """

    problems: int
    tried: int
    trees: int
    calls: Range
    tokens: Mapping[str, tuple[Range, Range]]
    """Prompt and completion tokens by model."""
    money: Range
    pairs: Range
    seconds: Range | None

    def exceeds(self, limits: LimitsConfig) -> Iterator[tuple[Meter, bool]]:
        """Each limit that the run may go over, at its expected spending, and whether it will where
        things go as expected; of time, where they go well."""
        all_tokens = [one for sides in self.tokens.values() for one in sides]
        ends = {
            end: Bill(
                calls=math.ceil(getattr(self.calls, end)),
                tokens=math.ceil(sum(getattr(one, end) for one in all_tokens)),
                money=getattr(self.money, end),
                seconds=getattr(self.seconds, end) if self.seconds else 0.0,
            )
            for end in ("mid", "high")
            if end == "mid" or self.tried > 1
        }
        surely = {meter.key: meter for meter in meters(ends["mid"], limits)}
        for meter in meters(ends.get("high", ends["mid"]), limits):
            if meter.spent > meter.limit:
                expected = surely[meter.key]
                yield expected, expected.spent > expected.limit


def foresee(
    pilot: Sequence[Tried], problems: int, trees: int, prices: Prices, pace: Pace | None, lanes: int
) -> Forecast:
    """The forecast for `problems` with `trees` in all, at most `lanes` of them at once. `pilot`
    holds at least one problem."""
    models = sorted({name for one in pilot for name in one.spent})

    def whole(values: Iterator[float]) -> Range:
        return total(list(values), problems)

    calls = whole(float(bill(one.spent, prices).calls) for one in pilot)
    return Forecast(
        problems=problems,
        tried=len(pilot),
        trees=trees,
        calls=calls,
        tokens={
            name: (
                whole(float(_usage(one, name).prompt_tokens) for one in pilot),
                whole(float(_usage(one, name).completion_tokens) for one in pilot),
            )
            for name in models
        },
        money=whole(bill(one.spent, prices).money for one in pilot),
        pairs=whole(float(one.pairs) for one in pilot),
        seconds=_seconds(pilot, prices, calls, pace, lanes),
    )


def total(sample: Sequence[float], whole: int) -> Range:
    """The sum over `whole` items of which `sample` are known."""
    known, count = math.fsum(sample), len(sample)
    mid = known * whole / count
    if count >= whole:
        return Range(known, known, known)
    if count == 1:
        return Range(known, mid, math.inf)
    t = _T[count - 2] if count - 2 < len(_T) else _NORMAL
    deviation = statistics.stdev(sample)
    # Of the items that are left, about the sample's mean: nothing is uncertain of those known.
    spread = t * deviation * whole * math.sqrt((1 - count / whole) / count)
    return Range(max(known, mid - spread), mid, mid + spread)


def _usage(one: Tried, model: str) -> Usage:
    return one.spent[model].usage if model in one.spent else Usage()


def _seconds(
    pilot: Sequence[Tried], prices: Prices, calls: Range, pace: Pace | None, lanes: int
) -> Range | None:
    if pace is None or not pace.calls:
        return None
    known = sum(bill(one.spent, prices).calls for one in pilot)
    one_call = pace.seconds / pace.calls
    faster = max(1.0, lanes / max(1, pace.lanes))
    low, mid, high = (
        max(0.0, end - known) * one_call for end in (calls.low, calls.mid, calls.high)
    )
    return Range(low / faster, mid / faster, high)
