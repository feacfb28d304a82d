"""How good the pairs of a run are to train on, as figures; `cautions` says which are bad."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ultrainteract.report.classifier import Told, share, told_apart
from ultrainteract.report.likeness import near_duplicates
from ultrainteract.report.overview import GROWING, Overview
from ultrainteract.report.surface import Ending
from ultrainteract.types import Judgement

FEATURES: Mapping[str, str] = {
    "length": "the longer one",
    "lines": "the one with more lines",
    "steps": "the one with more numbered steps",
    "code": "the one with more code for its length",
    "digits": "the one with more digits for its length",
}
"""What sides are compared by, and what the side with more of it is."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature alone: in so many pairs the chosen side has more of it, or the rejected one."""

    name: str
    chosen: int
    rejected: int
    equal: int

    @property
    def told(self) -> Told:
        """How well "the side with more of it" finds the chosen one; below 0.5: the other side."""
        return share(self.chosen, self.rejected, self.chosen + self.rejected + self.equal)

    @property
    def tells(self) -> float:
        """How well the better of the two rules does; 0.5 is chance."""
        return max(self.told.auc, 1 - self.told.auc)


@dataclass(frozen=True, slots=True)
class Endings:
    """How many chosen and rejected sides end in one way."""

    ending: str
    chosen: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """The share; 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures over the published pairs. `glance` is the classifier on all features together, of a
    sample where there are many pairs; `alike` are the chosen actions that are near-duplicates of
    one to another problem, problem included, of those compared: a sample where there are many.

    `undecided` of verdicts, `malformed` of replies, `lost` of samples; `masked` of critiques
    leaked in every draft, `redrawn` drafts did and were drawn again, for so many critiques;
    `barren` of the trees that ended have no pair.
    """

    pairs: int
    features: tuple[Feature, ...]
    endings: tuple[Endings, ...]
    glance: Told | None
    alike: Share
    undecided: Share
    malformed: Share
    lost: Share
    masked: Share
    redrawn: Share
    barren: Share


def quality_of(overview: Overview) -> Quality:
    """The figures."""
    verdicts: dict[str, int] = {}
    for key, count in overview.counts.items():
        if key[0] == "actions":
            verdicts[str(key[2])] = verdicts.get(str(key[2]), 0) + count
    actions = sum(verdicts.values())
    judged = sum(verdicts.get(one.value, 0) for one in Judgement)
    lost = overview.total("lost")
    critiques = overview.by("critiques")
    ended = overview.trees - overview.by("trees")[GROWING]
    return Quality(
        pairs=overview.pairs,
        features=_features(overview),
        endings=_endings(overview),
        glance=told_apart(overview.contrasts),
        alike=_alike(overview),
        undecided=Share(verdicts.get(Judgement.UNVERIFIED.value, 0), judged),
        malformed=Share(verdicts.get("malformed", 0), actions),
        lost=Share(lost, lost + actions),
        masked=Share(critiques["masked"], critiques["drawn"]),
        redrawn=Share(critiques["redrawn"], critiques["drawn"]),
        barren=Share(overview.total("no pair", "ended"), ended),
    )


def _features(overview: Overview) -> tuple[Feature, ...]:
    found = {name: overview.by("more", name) for name in FEATURES if overview.pairs}
    return tuple(
        Feature(name, more["chosen"], more["rejected"], more["equal"])
        for name, more in found.items()
    )


def _endings(overview: Overview) -> tuple[Endings, ...]:
    chosen, rejected = (overview.by("endings", side) for side in ("chosen", "rejected"))
    found = (Endings(one.value, chosen[one.value], rejected[one.value]) for one in Ending)
    return tuple(one for one in found if one.chosen or one.rejected)


def _alike(overview: Overview) -> Share:
    held = list(overview.alike)
    if not held:
        return Share(0, 0)
    known: dict[str, int] = {}
    groups = np.array([known.setdefault(one.problem, len(known)) for one in held], np.int64)
    rows = np.frombuffer(bytes.fromhex("".join(one.likeness for one in held)), np.uint8)
    return Share(int(near_duplicates(rows.reshape(len(held), -1), groups).sum()), len(held))
